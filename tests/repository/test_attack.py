"""A few attacks by chance; `python tests/attack.py --minutes 60` makes them by the thousand."""

import pytest

from tests import attack, seeds
from tests.attacks.world import FORGED, RUN, SECRET, Ran, World, forged


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("attack"))


@pytest.mark.drawn
@pytest.mark.thorough
def test_no_attack_succeeds(world):
    cases = seeds.many(6, 24)
    tally = attack.attacked(world, seeds.seed(), iter(range(cases)), float("inf"), tuple(attack.KINDS), lambda _: None)
    assert tally.faults == [], "`python tests/attack.py` with what stands before each of them repeats it"
    assert tally.cases == dict.fromkeys(attack.KINDS, cases // 3)
    if seeds.are_enough():
        assert len(tally.ended) > 1, "all runs end alike: nothing was reached"


def ran(**given):
    return Ran(**{"arguments": ("check",), "code": 0, "out": "fine\n", "err": "", "seconds": 0.1, "peak": 50, **given})


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"out": ""}, "ended with 0 and said nothing"),
        ({"err": "alertc: this is a bug in alertc 1"}, "alertc: this is a bug in alertc 1"),
        ({"err": "Traceback (most recent call last)"}, "Traceback (most recent call last)"),
        ({"code": 4}, "exit code 4: 'fine\\n'"),
        ({"code": -11}, "exit code -11: 'fine\\n'"),
        ({"code": -9}, "did not end within 240 s"),
        ({"err": RUN}, "runs what lies in the repository"),
        ({"out": f"{SECRET}\n"}, "tells what lies outside of the repository"),
        ({"out": "\x1b[2J"}, "prints '\\x1b'"),
        ({"out": "\u202etxet"}, "prints '\\u202e'"),
        ({"seconds": 61}, "took 61.0 s of work"),
        ({"peak": 1501}, "took 1,501 MB"),
    ],
)
def test_what_an_attack_may_not_reach_is_seen(world, given, fault):
    assert list(world.faults(ran())) == []
    assert list(world.faults(ran(**given))) == [fault]


def test_what_is_changed_elsewhere_is_seen_and_put_right(world):
    (world.home / ".bashrc").write_text("changed")
    assert list(world.faults(ran())) == ["changed files outside of the repository"]
    assert list(world.faults(ran())) == []


@pytest.mark.parametrize("line", [f"::add-mask::{FORGED}", f"  ::stop::{FORGED}", f"fine ##[error]{FORGED}"])
def test_a_forged_command_is_seen_where_a_runner_would_obey_it(line):
    assert list(forged(ran(out=f"{line}\n"))) == [f"a forged workflow command: {line!r}"]
    assert list(forged(ran(out=f"::stop-commands::t0k3n\n{line}\n::t0k3n::\nfine\n"))) == []
    assert list(forged(ran(out=f"::stop-commands::t0k3n\n::t0k3n::\n{line}\n"))) != []
    assert list(forged(ran(out="::error file=x,line=1::fine\n"))) == []
