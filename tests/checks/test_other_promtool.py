"""It is said where the promtool at hand tests another behaviour than the declared Prometheus has."""

import pytest

from generator.checks import verify
from generator.checks.files import other_promtool, promtool
from generator.commands.tools import suites_to_fetch
from generator.system import debian, programs
from tests.checks.test_phases import ALERT, PATIENT
from tests.compiling import SMALL, compiled, edited
from tests.projects import alertc, change
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
        "   = help: unset ALERTC_PROMTOOL and ALERTC_GENERATION, or name one of the server's generation there\n"
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


COUNTED = edited(
    edited(THREE, PATIENT),
    (
        "alerts:\n",
        ALERT.format(
            expr='"x > 5 or (x > 1 and count_over_time(x[1m]) > 4)"',
            fires="0x4 6x20",
            at="1m15s",
            silent="2x50",
            hold="0s",
        ),
    ),
)
"""Before 3.0 a range of a minute holds five samples where it begins with one, and Tried is not silent."""


@pytest.mark.network
def test_a_promtool_of_the_declared_generation_runs_the_tests_where_one_was_fetched(fetched):
    fetched("bookworm", "forky")
    assert verified(policy=COUNTED, tests="shop") == ""


@pytest.mark.network
def test_without_one_the_tests_are_run_by_what_there_is_and_a_note_leads_to_it(fetched):
    fetched("bookworm")
    said = verified(policy=COUNTED, tests="shop")
    assert "error[PRM611]: expected Tried to be silent until 10m, but it fires" in said
    assert "note[PRM623]: promtool 2.42.0+ds runs the tests of Tried, and Prometheus 3.5 evaluates them" in said
    assert "help: run `alertc tools --fetch`, which fetches one of the server's generation beside it" in said


@pytest.mark.network
@pytest.mark.parametrize(
    ("expr", "given", "concerned"),
    [
        ("x > 0", "1x4 _x20", True),
        ("x > 0", "1x4", False),
        ("sum(rate(x[2m]))", "1x4", True),
        ('x{y=~"a.b"}', "1x4", False),
        ("histogram_quantile(0.5, x)", "{{schema:0 sum:1 count:1 buckets:[1]}}x4", True),
    ],
)
def test_what_differs_between_generations_is_known_by_the_expression_and_the_series(fetched, expr, given, concerned):
    fetched("forky")
    alert = ALERT.format(expr=f"'{expr}'", fires=f'"{given}"', at="1m", silent='"0x4"', hold="0s")
    plan = compiled(edited(SMALL, PATIENT, ("alerts:\n", alert))).plan
    told = [name for _, names in other_promtool._differences(plan, programs.find("promtool")) for name in names]
    assert ("Tried" in told) == concerned


@pytest.mark.network
def test_what_no_promtool_of_the_generation_has_tried_is_an_error_where_it_is_asked_for(project, fetched):
    fetched("bookworm")
    change(project, ('prometheus: {version: "2.42"', 'prometheus: {version: "3.5"'), LOOKS_BACK)
    rendered = alertc(project, "render")
    assert "note[PRM623]: promtool 2.42.0+ds runs the tests of MoneyLost" in rendered.stderr
    assert alertc(project, "check").returncode == 0
    strict = alertc(project, "check", "--strict")
    assert strict.returncode == 1
    assert "error[PRM623]: promtool 2.42.0+ds runs the tests of MoneyLost" in strict.stderr


@pytest.mark.network
def test_the_last_line_says_which_promtool_ran_the_tests(project, fetched):
    fetched("bookworm", "forky")
    change(project, ('prometheus: {version: "2.42"', 'prometheus: {version: "3.5"'), LOOKS_BACK)
    rendered = alertc(project, "render")
    assert "PRM623" not in rendered.stderr
    assert "checked by promtool 2.42.0+ds (" in rendered.stdout
    assert ", tests by 3.5." in rendered.stdout
    assert alertc(project, "check", "--strict").returncode == 0


@pytest.mark.network
def test_a_fetch_brings_the_generation_that_the_policy_declares(project, fetched, monkeypatch, tmp_path):
    monkeypatch.chdir(project)
    fetched("bookworm")
    assert list(suites_to_fetch()) == []
    change(project, ('prometheus: {version: "2.42"', 'prometheus: {version: "3.5"'))
    assert list(suites_to_fetch()) == ["forky"]
    monkeypatch.setenv("ALERTC_GENERATION", "bookworm")
    assert list(suites_to_fetch()) == []
    monkeypatch.delenv("ALERTC_GENERATION")
    (tmp_path / "debian" / "forky").symlink_to(tmp_path / "debian" / "default")
    assert list(suites_to_fetch()) == ["forky"]
    (tmp_path / "debian" / "forky").unlink()
    change(project, ('version: "3.5"', "version: {}"))
    assert list(suites_to_fetch()) == []
    (project / "policy" / "shop.yaml").unlink()
    assert list(suites_to_fetch()) == []
