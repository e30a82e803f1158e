"""Packs unit tests into as few blocks as their series allow: promtool's time goes by blocks, not by assertions."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from generator import duration
from generator.plan import RuleFile, TestBlock, TestFile, UnitTest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta


def files(
    rule_files: tuple[RuleFile, ...], tests: Mapping[str, tuple[UnitTest, ...]], records: str
) -> tuple[TestFile, ...]:
    """Return the test files for the tests of each rule file (by its name), sorted.

    promtool has one clock and one set of rules a file, so tests of another evaluation interval stand in a file of
    their own, and so do those that need the recording rules (the file `records`): a test that gives a recorded series
    itself must not load the rule that records it.
    """
    by_name = {file.name: file for file in rule_files}
    record_groups = by_name[records].groups if records in by_name else ()
    recorded = frozenset(rule.name for group in record_groups for rule in group.rules)
    found = []
    for name, all_tests in sorted(tests.items()):
        kinds: dict[tuple[timedelta, bool], list[UnitTest]] = defaultdict(list)
        for test in all_tests:
            kinds[test.clock, bool(test.reads & recorded) and not _given(test) & recorded].append(test)
        clocks = {clock for clock, _ in kinds}
        for (clock, needs_records), some in sorted(kinds.items()):
            loaded = [by_name[one] for one in ((records, name) if needs_records else (name,))]
            suffixes = [duration.write(clock)] if len(clocks) > 1 else []
            found.append(
                TestFile(
                    name=".".join([name, *suffixes, *(["records"] if needs_records else [])]),
                    rule_files=tuple(file.name for file in loaded),
                    evaluate=clock,
                    groups=tuple(group.name for file in loaded for group in file.groups),
                    blocks=_packed(some),
                )
            )
    return tuple(found)


def _given(test: UnitTest) -> frozenset[str]:
    """Return the names of the metrics that a test gives."""
    return frozenset(series.split("{", 1)[0].strip() for series in test.given)


@dataclass(slots=True)
class _Block:
    tests: list[UnitTest] = field(default_factory=list)
    given: set[str] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)

    def takes(self, given: frozenset[str], reads: frozenset[str]) -> bool:
        """Whether a test can join: no series of one may be read by the other."""
        return not (given & self.reads or reads & self.given or given & self.given)


def _packed(tests: Iterable[UnitTest]) -> tuple[TestBlock, ...]:
    blocks: dict[timedelta, list[_Block]] = defaultdict(list)
    for test in tests:
        given = _given(test)
        same = blocks[test.every]
        block = next((one for one in same if one.takes(given, test.reads)), None)
        if block is None:
            block = _Block()
            same.append(block)
        block.tests.append(test)
        block.given |= given
        block.reads |= test.reads
    return tuple(_block(every, block) for every, same in sorted(blocks.items()) for block in same)


def _block(every: timedelta, block: _Block) -> TestBlock:
    expected = (one for test in block.tests for one in test.expected)
    return TestBlock(
        name=", ".join(test.name for test in block.tests),
        every=every,
        given={series: values for test in block.tests for series, values in test.given.items()},
        expected=tuple(sorted(expected, key=lambda one: (one.alert, one.at))),
    )
