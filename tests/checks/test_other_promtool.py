"""It is said where the promtool at hand tests another behaviour than the declared Prometheus has."""

import pytest

from generator.checks import verify
from generator.checks.files import promtool
from generator.system import debian
from tests.compiling import SMALL, edited
from tests.verifying import verified

THREE = edited(SMALL, ('prometheus: {version: "2.42"', 'prometheus: {version: "3.5"'))
LOOKS_BACK = ("max by (till) (abs(till_difference)) > 0", "max by (till) (max_over_time(till_difference[1m])) > 0")


@pytest.fixture(autouse=True)
def _only_promtool(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", ())
    monkeypatch.setattr(verify, "ASKERS", (promtool.ask,))


def told(monkeypatch, suite, policy):
    debian.fetch(suite)
    monkeypatch.setenv("ALERTC_GENERATION", suite)
    return verified(policy=policy, tests="shop")


@pytest.mark.network
def test_ranges_are_evaluated_in_another_way_by_another_generation(monkeypatch):
    assert told(monkeypatch, "bookworm", edited(THREE, LOOKS_BACK)) == (
        "note[PRM623]: promtool 2.42.0+ds runs the tests of MoneyLost, and Prometheus 3.5 evaluates them in another "
        "way\n"
        "  --> policy.yaml:9:25\n"
        "   |\n"
        ' 9 |   prometheus: {version: "3.5", replicas: 1, scrape: 15s, scrape_timeout: 10s, evaluate: 15s, '
        "alertmanager_timeout: 10s, …\n"
        "   |                         ^^^^^\n"
        "   = before 3.0, a range holds a sample from the moment at which it begins\n"
        "   = from 3.0 on, a range does not hold a sample from the moment at which it begins\n"
        "   = help: use a promtool of the server's generation: `alertc tools --generation SUITE` fetches one of "
        "Debian's, and ALERTC_GENERATION names it\n"
    )
    told_by_three = told(monkeypatch, "forky", edited(SMALL, LOOKS_BACK))
    assert "MoneyLost, and Prometheus 2.42 evaluates them in another way" in told_by_three


@pytest.mark.network
@pytest.mark.parametrize(
    ("suite", "policy"),
    [("bookworm", edited(SMALL, LOOKS_BACK)), ("forky", edited(THREE, LOOKS_BACK)), ("bookworm", THREE)],
)
def test_the_same_generation_and_expressions_without_a_range_are_not_spoken_of(monkeypatch, suite, policy):
    assert told(monkeypatch, suite, policy) == ""
