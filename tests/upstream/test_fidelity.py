"""The proof's engine says what Alertmanagers of three generations say, of configurations that are drawn by chance."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from generator.behaviour import behaviour
from generator.upstream.alertmanager import inhibition, match, re2, time_intervals, ways
from tests import fidelity, seeds
from tests.alertmanager import SUITES, world
from tests.chance import FEATURES, case_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.chance import Case
    from tests.fidelity import Answer

pytestmark = pytest.mark.network

CONFIGURATIONS, ALERTS = 50 if seeds.is_drawn() else 20, 200
"""In CI a tenth of what is compared in full."""


@pytest.mark.drawn
@pytest.mark.parametrize("suite", seeds.parameters(SUITES, 3))
def test_the_engine_says_what_alertmanager_says(suite):
    seed = seeds.seed()
    repeat = f"--suite {suite} --configurations {CONFIGURATIONS} --pairs {CONFIGURATIONS * ALERTS} --seed {seed}"
    tally = fidelity.compare(suite, CONFIGURATIONS, ALERTS, seed)
    assert not tally.faults, f"`python tests/fidelity.py {repeat}` repeats:\n" + "\n".join(tally.faults)
    assert tally.pairs - tally.shown == CONFIGURATIONS * ALERTS
    if seeds.are_enough():
        rare = [one for one in FEATURES if tally.features[one] * 10 < CONFIGURATIONS]
        assert not rare, f"in less than a tenth of the configurations: `python tests/fidelity.py {repeat}`"
        assert tally.undecided < tally.known_in_part / 100
        assert min(tally.certain, tally.known_in_part - tally.certain, tally.shown) > 0
        assert min(tally.inhibited, tally.routes, tally.silent, tally.refused, tally.asked) > 0


# ------------------------------------------------------------------------------------------- seeded bugs

SEED, FEW = 1, 10
"""Every bug is found within ten configurations: two thousand pairs."""


@pytest.fixture(scope="module")
def answered(tmp_path_factory) -> list[tuple[Case, dict[int, Answer]]]:
    """A few cases, and what Alertmanager answered."""
    with fidelity.server_of("bookworm", tmp_path_factory.mktemp("answered")) as (server, file):
        cases = [case_of(SEED, number, ALERTS) for number in range(FEW)]
        return [(case, dict(fidelity.ask(server, file, case))) for case in cases]


def found(answered) -> Iterator[str]:
    for case, answers in answered:
        yield from fidelity.differences(case, answers, (0, 25, 0), fidelity.Tally())


def without_continue(patch):
    flag = behaviour.Part.flag
    patch.setattr(
        behaviour.Part,
        "flag",
        lambda part, key, default=False: False if key == "continue" else flag(part, key, default),
    )


def searching(patch):
    patch.setattr(re2, "expression", lambda pattern: re2.Expression(re2._Parser(f"(?:{pattern})").parsed()))


class Pythons:
    def __init__(self, pattern: str) -> None:
        try:
            self.pattern: Any = re.compile(pattern)
        except (re.error, FutureWarning):
            self.pattern = re.compile("(?!)")

    def matches(self, text):
        return self.pattern.fullmatch(text) is not None


def reading_as_python(patch):
    patch.setattr(re2, "expression", Pythons)


def absent_is_not_empty(patch):
    patch.setattr(
        match, "matches", lambda matchers, labels: all(one.accepts(labels.get(one.label, "\0")) for one in matchers)
    )


def unequal_by_absence(patch):
    patch.setattr(inhibition, "_key", lambda rule, labels: tuple(labels.get(one) or object() for one in rule.equal))


def silent_sources_do_not_count(patch):
    everything = inhibition.Inhibitor.suppressions
    patch.setattr(
        inhibition.Inhibitor,
        "suppressions",
        lambda self, labels: tuple(
            one for one in everything(self, labels) if not all(everything(self, source) for source in one.sources)
        ),
    )


def both_sides_count(patch):
    def suppression(rule, sources, labels):
        able = sources.get(inhibition._key(rule, labels), ()) if match.matches(rule.target, labels) else ()
        return inhibition.Suppression(rule=rule, sources=tuple(able), certain=True) if able else None

    patch.setattr(inhibition, "_suppression", suppression)


def parents_notify_too(patch):
    below = match.Router._below
    patch.setattr(
        match.Router,
        "_below",
        lambda self, node, labels: (
            tuple(dict.fromkeys((*below(self, node, labels), node))) if match.matches(node.matchers, labels) else ()
        ),
    )


def unlike_needs_a_label(patch):
    accepts = match.Matcher.accepts
    patch.setattr(
        match.Matcher, "accepts", lambda self, text: accepts(self, text) and (bool(text) or self.operator != "!=")
    )


def a_backslash_escapes_anything(patch):
    unquoted = match._unquoted
    patch.setattr(match, "_unquoted", lambda raw: unquoted(re.sub(r"\\([^n\"\\])", r"\1", raw)))
    match.parse.cache_clear()


def what_nobody_knows_is_absent(patch):
    patch.setattr(
        ways.Ways,
        "of",
        lambda self, fixed, *_: (ways.Way(nodes=self._router.routes_of(fixed), depends={}, values={}),),
    )


def refused_is_accepted_later(patch):
    patch.setattr(match.Matcher, "negated", lambda self: self)


BUGS = (
    what_nobody_knows_is_absent,
    refused_is_accepted_later,
    without_continue,
    searching,
    reading_as_python,
    absent_is_not_empty,
    unequal_by_absence,
    silent_sources_do_not_count,
    both_sides_count,
    parents_notify_too,
    unlike_needs_a_label,
    a_backslash_escapes_anything,
)


def test_without_a_bug_nothing_differs(answered):
    assert list(found(answered)) == []


@pytest.mark.parametrize("bug", BUGS)
@pytest.mark.filterwarnings("ignore:Possible:FutureWarning")
def test_a_seeded_bug_is_found(answered, bug, monkeypatch):
    bug(monkeypatch)
    try:
        assert any(found(answered)), f"the comparison does not see {bug.__name__}"
    finally:
        match.parse.cache_clear()


def test_a_seeded_bug_in_muting_is_found(tmp_path, monkeypatch):
    told = time_intervals.silencing
    monkeypatch.setattr(time_intervals, "silencing", lambda active, mute, *rest: told(mute, active, *rest))
    monkeypatch.setattr(fidelity, "LIMIT", 3)
    with world() as everybody, fidelity.server_of("trixie", tmp_path) as (server, file):
        cases = (case_of(SEED, number, 50) for number in range(200))
        timed = (case for case in cases if "intervals" in " ".join(case.config))
        faults = (fidelity.muting_differences(server, file, everybody, one, (0, 28), fidelity.Tally()) for one in timed)
        assert any(fault for few in faults for fault in few)
