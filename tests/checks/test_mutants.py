"""Alerts with a fault, and the tests that notice them or do not. The real promtool judges."""

import re
from pathlib import Path

import pytest

from generator.checks import mutants
from generator.commands import mutate
from generator.commands.check import check
from generator.commands.project import Project
from generator.commands.render import render
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.plan.resolve import RECORDS
from generator.system import output, programs
from generator.targets import prometheus
from generator.targets.render import Templates
from tests.compiling import EXCHANGE, ROOT, SMALL, compiled, edited
from tests.projects import alertc

ALERT = """alerts:
  Slow:
    service: shop
    severity: P2
    expr: %s
%s    summary: Slow
    tests:
      - {given: {delay: 1x20}, silent_until: 5m}
"""


def faults(expr, hold=""):
    """Return what was changed in the expression, and the expression then."""
    policy = edited(SMALL, ("alerts:\n", ALERT % (expr, hold)))
    (slow,) = (one for one in mutants.subjects(compiled(policy).plan) if one.rule.name == "Slow")
    return [(one.fault, one.rule.expr) for one in slow.mutants]


def test_the_faults_of_an_alert():
    assert faults("delay > 5", "    for: 5m\n") == [
        ("`for: 5m` is gone", "delay > 5"),
        ("`> 5` became `< 5`", "delay < 5"),
        ("`> 5` became `> 7.5`", "delay > 7.5"),
        ("`> 5` became `> 2.5`", "delay > 2.5"),
    ]


@pytest.mark.parametrize(
    ("expr", "changed"),
    [
        ("delay >= 0", ["delay <= 0", "delay >= 1", "delay >= -1"]),
        ("delay == 0", ["delay != 0", "delay == 1"]),
        ("2 * 3 < delay", ["2 * 3 > delay", "9 < delay", "3 < delay"]),
        ("delta(delay[5m]) < 0", ["delta(delay[5m]) > 0", "delta(delay[5m]) < +Inf", "delta(delay[5m]) < -Inf"]),
        (
            "delay > on (job) 2 * (limit)",
            [
                "delay < on (job) 2 * (limit)",
                "delay > on (job) 1.5 * (2 * (limit))",
                "delay > on (job) 0.5 * (2 * (limit))",
            ],
        ),
        # a count is never 0, so that `> 0` and `> -1` are the same
        ("count(delay) > 0", ["count(delay) < 0", "count(delay) > 1"]),
        ("count(delay) >= 1", ["count(delay) <= 1", "count(delay) >= 1.5"]),
        ("3 < count(delay)", ["3 > count(delay)", "4.5 < count(delay)", "1.5 < count(delay)"]),
        ("delay - limit", []),
    ],
)  # fmt: skip
def test_every_comparison_is_turned_and_every_threshold_moved(expr, changed):
    assert [after for _, after in faults(expr)] == changed


def test_of_several_comparisons_it_is_said_which():
    assert [fault for fault, _ in faults("delay > 1 and up == 1")] == [
        "`delay > 1` became `< 1`",
        "`delay > 1` became `> 1.5`",
        "`delay > 1` became `> 0.5`",
        "`up == 1` became `!= 1`",
        "`up == 1` became `== 1.5`",
    ]


def test_services_with_the_same_parameters_are_tried_once():
    names = [one.name for one in mutants.subjects(compiled(SMALL).plan)]
    assert names == ["MoneyLost", "ServiceDown", "ErrorsHigh", "CertificateExpiring"]
    two = edited(SMALL, ("each: {shop: {limit: 0.02}}", "each: {shop: {limit: 0.02}, alerting: {limit: 0.1}}"))
    names = [one.name for one in mutants.subjects(compiled(two).plan)]
    assert "ErrorsHigh (shop)" in names
    assert "ErrorsHigh (alerting)" in names


def test_in_the_trial_each_rule_stands_alone_with_its_tests():
    plan = compiled(SMALL).plan
    rules = tuple(one.rule for one in mutants.subjects(plan))
    tried = mutants.trial(plan, rules, RECORDS)
    assert [file.name for file in tried.rule_files] == [RECORDS, "0", "1", "2", "3"]
    assert [group.rules[0].name for file in tried.rule_files[1:] for group in file.groups] == [
        f"{rule.name} mutant {number}" for number, rule in enumerate(rules)
    ]
    assert {mutants.number_of(file.name) for file in tried.test_files} == {0, 1, 2, 3}


# ------------------------------------------------------------------------------------------- the command


def mutated(tmp_path, monkeypatch, policy):
    """Return whether `alertc check --mutate` is content, its lines and its findings as a user reads them."""
    monkeypatch.chdir(tmp_path)
    Path("policy").mkdir()
    Path("policy/policy.yaml").write_text(policy, encoding="utf-8")
    project = Project(policy=Path("policy/policy.yaml"), out=Path("out"), templates=None)
    render(project)
    outcome = mutate.mutate(project, check(project))
    return outcome.clean, outcome.lines, formats.to_text(outcome.diagnostics, outcome.sources)


def with_small(alerts):
    """Return the small policy with these alerts before its own, whose tests notice everything."""
    return edited(SMALL, ("alerts:\n", alerts))


SLOW = ALERT % ("delay > 5", "    for: 5m\n")


def test_what_the_tests_do_not_notice_is_an_error(tmp_path, monkeypatch):
    clean, lines, said = mutated(tmp_path, monkeypatch, with_small(SLOW))
    assert not clean
    assert lines[1:] == ("18 mutants of 5 alerts: the tests miss 3",)
    assert said == (
        "error[TST611]: the tests of Slow do not notice that `> 5` became `> 2.5`\n"
        "   --> policy/policy.yaml:134:5\n"
        "    |\n"
        "134 |     tests:\n"
        "    |     ^^^^^\n"
        "    = help: add a test in which `delay` is between 2.5 and 5: only one of the two fires\n"
        "\n"
        "error[TST611]: the tests of Slow do not notice that `> 5` became `> 7.5`\n"
        "   --> policy/policy.yaml:134:5\n"
        "    |\n"
        "134 |     tests:\n"
        "    |     ^^^^^\n"
        "    = help: add a test in which `delay` is between 5 and 7.5: only one of the two fires\n"
        "\n"
        "error[TST611]: the tests of Slow do not notice that `for: 5m` is gone\n"
        "   --> policy/policy.yaml:134:5\n"
        "    |\n"
        "134 |     tests:\n"
        "    |     ^^^^^\n"
        "    = help: add a test with `fires_at`: it is silent one evaluation before\n"
    )


def test_a_test_on_each_side_of_the_threshold_notices_everything(tmp_path, monkeypatch):
    better = edited(SLOW, ("delay: 1x20", "delay: 4x20"))
    better += "      - {given: {delay: 4x4 6x40}, fires_at: 6m15s}\n"
    clean, lines, said = mutated(tmp_path, monkeypatch, with_small(better))
    assert (clean, said) == (True, "")
    assert lines[1:] == ("18 mutants of 5 alerts: the tests notice each",)


def test_a_fault_that_breaks_the_evaluation_is_noticed(tmp_path, monkeypatch):
    """Where two series match one, Prometheus gives up, and promtool names the rule instead of a test."""
    alert = edited(
        SLOW,
        ("delay > 5", '"delay > on () (limit == 1)"'),
        ("    for: 5m\n", ""),
        ("delay: 1x20", "delay: 1x20, 'limit{a=\"1\"}': 1x20, 'limit{a=\"2\"}': 2x20, 'limit{a=\"3\"}': 3x20"),
    )
    _, _, said = mutated(tmp_path, monkeypatch, with_small(alert))
    assert "`limit == 1` became `!= 1`" not in said
    assert "`limit == 1` became `== 1.5`" in said


def test_an_alert_without_tests_and_one_without_anything_to_change_are_named(tmp_path, monkeypatch):
    alerts = (
        SLOW[: SLOW.index("    tests:")]
        + """  Gone:
    service: shop
    severity: P2
    expr: absent(delay)
    summary: Gone
    tests:
      - {given: {delay: 1x20}, silent_until: 5m}
"""
    )
    clean, lines, said = mutated(tmp_path, monkeypatch, with_small(alerts))
    assert clean
    assert lines[1:] == (
        "14 mutants of 5 alerts: the tests notice each",
        "no comparison and no `for` that could be changed: Gone",
    )
    assert said == (
        "warning[TST612]: Slow has no tests: nothing would notice a fault in it\n"
        "   --> policy/policy.yaml:128:3\n"
        "    |\n"
        "128 |   Slow:\n"
        "    |   ^^^^\n"
        "    = help: add `tests` to it: one with `fires_at`, one with `silent_until`\n"
    )


def test_tests_that_need_another_alert_try_nothing_and_say_so(tmp_path, monkeypatch):
    """Each alert is tried alone: what its tests wait for does not come."""
    both = """  Both:
    service: shop
    severity: P2
    expr: delay > 9 and on () ALERTS{alertname="Slow", alertstate="firing"}
    summary: Slow, and slower
    tests:
      - {given: {delay: 1x5 20x20}, fires_at: 1m45s}
      - {given: {delay: 1x20}, silent_until: 5m}
"""
    _, _, said = mutated(tmp_path, monkeypatch, with_small(ALERT % ("delay > 5", "") + both))
    assert "warning[TST613]: no mutant of Both was tried: its tests need another alert of its service\n" in said


def test_where_the_check_finds_errors_no_mutant_is_tried(tmp_path, monkeypatch):
    broken = edited(SMALL, ("    service: shop\n    severity: P0", "    service: shopp\n    severity: P0"))
    clean, lines, said = mutated(tmp_path, monkeypatch, broken)
    assert not clean
    assert lines == ("no mutants were tried: fix the errors first",)
    assert said.startswith("error[REF301]: ")


def test_a_promtool_that_does_not_say_how_each_file_ended_is_not_believed():
    silent = programs.Result(code=0, stdout="  SUCCESS\n", stderr="")
    unread = programs.Result(code=1, stdout="", stderr="  FAILED:\n1.yaml: could not parse expression: 1:5\n")
    for files, result in ((("a", "b"), silent), (("a",), unread)):
        with pytest.raises(EnvironmentProblem, match="does not say what it checked"):
            mutate._failures(files, result)


@pytest.mark.parametrize(
    "policy",
    [
        pytest.param(EXCHANGE, marks=pytest.mark.thorough),
        SMALL,
        (ROOT / "generator/commands/starter/policy.yaml").read_text(encoding="utf-8"),
    ],
    ids=["exchange", "small", "starter"],
)
def test_the_tests_of_the_policies_that_come_with_alertc_notice_every_fault(policy, tmp_path, monkeypatch):
    clean, lines, said = mutated(tmp_path, monkeypatch, policy)
    assert (clean, said) == (True, "")
    assert re.fullmatch(r"\d\d+ mutants of \d+ alerts: the tests notice each", lines[-1])


def test_the_tests_of_the_rules_that_watch_the_pipeline_notice_every_fault():
    plan = compiled(EXCHANGE).plan
    own = [rule for rule in plan.rules if not (rule.origin.authored or rule.origin.spread)]
    faulty = [(rule.name, mutant) for rule in own for mutant in mutants._mutants(rule)]
    trial = mutants.trial(plan, (*own, *(mutant.rule for _, mutant in faulty)), RECORDS)
    artifacts = tuple(prometheus.build(trial, Templates(None), "policy.yaml"))
    with output.aside() as stage:
        output.fill(stage, artifacts)
        failed = mutate._failed(programs.find("promtool").path, artifacts, stage)
    missed = [(name, one.fault) for number, (name, one) in enumerate(faulty, start=len(own)) if number not in failed]
    assert len(faulty) > 20
    assert missed == []
    assert failed.isdisjoint(range(len(own)))


def test_the_command_line_tries_mutants_when_it_is_asked_to(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/policy.yaml").write_text(SMALL, encoding="utf-8")
    for arguments in (["render"], ["check", "--mutate"]):
        run = alertc(tmp_path, *arguments)
        assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines()[1:] == ["14 mutants of 4 alerts: the tests notice each"]
