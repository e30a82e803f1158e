"""Lints at their limits: one under, at, and one over."""

from dataclasses import replace
from datetime import timedelta

import pytest

from generator.checks.plan import restarts, retention, test_work
from generator.checks.policy import amounts
from generator.plan import duties
from generator.upstream.promql import samples
from tests.compiling import SMALL, compiled, edited, refusal, said

SECOND = timedelta(seconds=1)
PLAN = compiled(SMALL).plan


def too_short(retention_, what):
    """Return whether a retention is said to be too short for `what`."""
    plan = replace(PLAN, stack=replace(PLAN.stack, retention=retention_))
    return any(what in finding.message for finding in retention.check(plan))


@pytest.mark.parametrize(("more", "found"), [(-SECOND, True), (timedelta(), False), (SECOND, False)])
@pytest.mark.parametrize("name", sorted({rule.severity for rule in PLAN.rules if rule.origin.authored}))
def test_retention_reaches_back_as_far_as_the_rule_of_a_deadline(name, more, found):
    assert too_short(duties.look_back(PLAN.severities[name]) + more, f"whether a {name} is overdue") == found


@pytest.mark.parametrize(("more", "found"), [(-SECOND, True), (timedelta(), False), (SECOND, False)])
def test_retention_reaches_back_as_far_as_the_reminder_of_a_duty(more, found):
    duty = PLAN.policy.duties["post-mortem"]
    assert too_short(duties.window(duty.within) + more, f"whether {duty.title} is due") == found


MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("hold", "closes"),
    [(4 * MINUTE, False), (4 * MINUTE + SECOND, True), (10 * MINUTE, True), (10 * MINUTE + SECOND, False)],
)
def test_a_restart_closes_what_waits_between_four_and_ten_minutes(hold, closes):
    rule = next(rule for rule in PLAN.rules if rule.severity == "P1" and rule.origin.authored)
    severities = {**PLAN.severities, "P1": replace(PLAN.severities["P1"], by_hand=False)}
    plan = replace(PLAN, rules=(replace(rule, hold=hold),), severities=severities)
    (finding,) = restarts.check(plan)
    assert any("a restart of Prometheus closes it" in note for note in finding.notes) == closes


@pytest.mark.parametrize(("replicas", "risk"), [(1, False), (2, True)])
def test_of_several_prometheus_servers_the_first_closes_it(replicas, risk):
    severities = {**PLAN.severities, "P1": replace(PLAN.severities["P1"], by_hand=False)}
    (finding,) = restarts.check(replace(PLAN, stack=replace(PLAN.stack, replicas=replicas), severities=severities))
    assert any(f"of {replicas} Prometheus servers" in note for note in finding.notes) == risk


def limits(monkeypatch, module, check, subject, name, amount):
    """Return which codes are found where a limit is one under the amount, the amount, and one over."""
    found = []
    for limit in (amount - 1, amount, amount + 1):
        monkeypatch.setattr(module, name, limit)
        found.append(sorted({finding.code for finding in check(subject)}))
    return found


def test_as_many_rules_as_that_are_allowed(monkeypatch):
    rules = sum(amounts._services(PLAN.policy, alert) for alert in PLAN.policy.alerts.values())
    assert limits(monkeypatch, amounts, amounts.check, PLAN.policy, "MOST_RULES", rules) == [["POL253"], [], []]


def test_as_many_samples_as_that_are_allowed(monkeypatch):
    given = [
        sum(map(samples.count, test.given.values())) for alert in PLAN.policy.alerts.values() for test in alert.tests
    ]
    assert limits(monkeypatch, amounts, amounts.check, PLAN.policy, "MOST_SAMPLES", max(given)) == [["POL250"], [], []]


def test_as_much_work_of_unit_tests_as_that_is_allowed(monkeypatch):
    rules = {file.name: sum(len(group.rules) for group in file.groups) for file in PLAN.rule_files}
    work = [test_work._work(file, rules) for file in PLAN.test_files]
    assert limits(monkeypatch, test_work, test_work.check, PLAN, "MOST_IN_A_FILE", max(work)) == [["POL251"], [], []]
    monkeypatch.setattr(test_work, "FOR_EACH_TEST", 0)
    monkeypatch.setattr(test_work, "MOST_IN_A_FILE", max(work))
    assert limits(monkeypatch, test_work, test_work.check, PLAN, "MOST_TOGETHER", sum(work)) == [["POL251"], [], []]


@pytest.mark.parametrize("end", ["08:59", "09:00", "09:01"])
def test_business_hours_end_after_they_begin(end):
    policy = edited(SMALL, ('hours: "09:00-18:00"', f'hours: "09:00-{end}"'))
    if end == "09:01":
        assert compiled(policy).plan.policy.calendar.business_hours.end == 9 * 60 + 1
    else:
        assert "error[POL212]: business hours end before they begin" in refusal(policy)


@pytest.mark.parametrize(
    ("every", "refused"),
    [
        ("0s", ["error[POL215]: `{}` must be greater than zero"]),
        ("1s", ["error[POL217]: every 1s is more often than Alertmanager can repeat"]),
        ("9s", ["error[POL217]: every 9s is more often than Alertmanager can repeat"]),
        ("10s", []),
    ],
)
@pytest.mark.parametrize(
    ("key", "written"), [("every", "heartbeat: {via: heartbeat, every: 1m"), ("repeat", "resolved: never, repeat: 5m")]
)
def test_what_is_repeated_too_often_is_refused_once(key, written, every, refused):
    policy = edited(SMALL, (written, f"{written[:-2]}{every}"))
    lines = said(policy, "POL215", "POL217").splitlines()
    assert [line for line in lines if line.startswith("error")] == [line.format(key) for line in refused]


@pytest.mark.parametrize(("until", "refused"), [("20000m", False), ("1200001s", True)])
def test_a_test_runs_for_as_many_evaluations_as_promtool_takes_in_a_second_or_two(until, refused):
    policy = edited(
        SMALL,
        ("evaluate: 15s", "evaluate: 1m"),
        ("0x20}\n        silent_until: 5m", f"0x20}}\n        silent_until: {until}"),
    )
    assert ("this test of MoneyLost runs for 13d21h20m1s" in said(policy, "POL216")) == refused
