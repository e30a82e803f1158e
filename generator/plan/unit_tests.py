"""Packs unit tests into as few blocks as their series allow: promtool's time goes by blocks, not by assertions."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from generator.plan.plan import ANYTHING, RuleFile, TestBlock, TestFile, UnitTest
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta


def files(
    rule_files: tuple[RuleFile, ...], tests: Mapping[str, tuple[UnitTest, ...]], records: str
) -> tuple[TestFile, ...]:
    """Return the unit test files for the tests of each rule file (by its name), sorted.

    promtool has one clock and one set of rules a file, so tests of another evaluation interval stand in a file of
    their own, and so do those that need the recording rules (the file `records`): a test that gives a recorded series
    itself must not load the rule that records it.
    """
    by_name = {file.name: file for file in rule_files}
    record_groups = by_name[records].groups if records in by_name else ()
    recorded = frozenset(rule.name for group in record_groups for rule in group.rules)
    test_files = []
    for name, all_tests in sorted(tests.items()):
        kinds: dict[tuple[timedelta, bool], list[UnitTest]] = defaultdict(list)
        for test in all_tests:
            kinds[test.clock, bool(test.reads & recorded) and not _given(test) & recorded].append(test)
        clocks = {clock for clock, _ in kinds}
        for (clock, needs_records), unit_tests in sorted(kinds.items()):
            loaded = [by_name[record] for record in ((records, name) if needs_records else (name,))]
            suffixes = [duration.write(clock)] if len(clocks) > 1 else []
            test_files.append(
                TestFile(
                    name=".".join([name, *suffixes, *(["records"] if needs_records else [])]),
                    rule_files=tuple(file.name for file in loaded),
                    evaluate=clock,
                    groups=tuple(group.name for file in loaded for group in file.groups),
                    blocks=_packed(unit_tests),
                )
            )
    return tuple(test_files)


def _given(test: UnitTest) -> frozenset[str]:
    """Return the metrics for which a test gives series."""
    return frozenset(series.split("{", 1)[0].strip() for series in test.given)


class _Packing:
    """Packs tests into blocks: a test joins the first block where neither reads the other's series.

    Blocks are bits of a number, so that thousands of tests of one metric take no longer than few of each.
    """

    def __init__(self) -> None:
        self.blocks: list[list[UnitTest]] = []
        self._giving: dict[str, int] = defaultdict(int)
        self._reading: dict[str, int] = defaultdict(int)
        self._same: dict[object, int] = {}

    def add(self, test: UnitTest) -> None:
        """Put a test into its block."""
        given = _given(test)
        # Deadlines of one length are proven by the same incident: another block would tell it once more.
        incident = tuple(test.given.items()) if test.route[0] == "duties" else None
        number = self._same.get(incident) if incident else None
        if number is None:
            occupied = 0
            for metric in given:
                occupied |= self._giving[metric] | self._reading[metric]
            for metric in test.reads:
                occupied |= self._giving[metric]
            # What may see anything sees also which alerts of another test fire.
            alone = ANYTHING in test.reads
            occupied |= (1 << len(self.blocks)) - 1 if alone else self._reading[ANYTHING]
            number = (~occupied & (occupied + 1)).bit_length() - 1
        if number == len(self.blocks):
            self.blocks.append([])
        if incident:
            self._same[incident] = number
        self.blocks[number].append(test)
        for metric in given:
            self._giving[metric] |= 1 << number
        for metric in test.reads:
            self._reading[metric] |= 1 << number


def _packed(tests: Iterable[UnitTest]) -> tuple[TestBlock, ...]:
    packings: dict[timedelta, _Packing] = defaultdict(_Packing)
    for test in tests:
        packings[test.every].add(test)
    return tuple(_block(every, block) for every, packing in sorted(packings.items()) for block in packing.blocks)


def _block(interval: timedelta, block: list[UnitTest]) -> TestBlock:
    expected = (alert for test in block for alert in test.expected)
    return TestBlock(
        name=", ".join(test.name for test in block),
        every=interval,
        given={series: values for test in block for series, values in test.given.items()},
        expected=tuple(sorted(expected, key=lambda alert: (alert.alert, alert.at))),
    )
