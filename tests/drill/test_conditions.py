"""What a drill lets become true: series that give a rule its labels, batches that do not silence one another."""

import subprocess
from dataclasses import replace
from datetime import datetime, timezone

import pytest

from generator import pipeline
from generator.behaviour import documents
from generator.behaviour.alerts import sent_alerts
from generator.behaviour.label_sets import LabelSets
from generator.drill import changed
from generator.drill.conditions import apart, beside, conditions, silences
from generator.policy import source
from generator.targets.render import Templates
from generator.upstream.alertmanager import match
from generator.upstream.alertmanager.match import Router
from tests.alertmanager import shipped
from tests.compiling import EXCHANGE, edited, read_back

MONDAY, SUNDAY = datetime(2026, 3, 2, 11, tzinfo=timezone.utc), datetime(2026, 3, 1, 11, tzinfo=timezone.utc)


def of(compiled, now=MONDAY):
    behaviour = read_back(compiled.artifacts)
    router = Router(behaviour.root)
    found = conditions(
        compiled.plan,
        behaviour,
        router,
        sent_alerts(compiled.plan, behaviour, router, LabelSets(behaviour.rules, {})),
        now,
    )
    return behaviour, router, found


def named(found, name):
    return next(one for one in found if one.name == name)


def test_the_series_has_the_labels_that_the_expression_gives():
    _, _, found = of(shipped())
    assert named(found, "BalanceConservationViolated").given == {"ledger": "spot"}
    # What a rule takes over from the alert that it watches stands in the series under the other's name.
    overdue = named(found, "ResolutionOverdue")
    assert overdue.labels["incident"] == overdue.given["alertname"] != "ResolutionOverdue"


def test_every_shipped_alert_is_drilled_in_batches_that_do_not_silence_one_another():
    behaviour, _, found = of(shipped())
    batches = apart(behaviour, found)
    assert sorted(one.number for batch in batches for one in batch) == [one.number for one in found]
    assert 1 < len(batches) < 5
    for batch in batches:
        assert not [(one.name, two.name) for one in batch for two in batch if silences(behaviour, one, two)]


def test_another_of_the_same_differs_in_what_the_policy_tells_apart():
    compiled = shipped()
    behaviour, router, found = of(compiled)
    other = beside(compiled.plan, behaviour, router, named(found, "BalanceConservationViolated"))
    assert other.labels["ledger"] == "spot-2"
    assert beside(compiled.plan, behaviour, router, named(found, "ServiceDown")) is None


def test_another_of_what_watches_others_tells_the_same_people():
    """Its escalation comes from the alert that it watches; there is no chain of another name."""
    compiled = shipped()
    behaviour, router, found = of(compiled)
    pagers = {receiver.name for receiver in compiled.plan.receivers}
    others = [beside(compiled.plan, behaviour, router, one) for one in found if one.name == "ResolutionOverdue"]
    assert len(others) > 2
    assert not [other.receivers - pagers for other in others if other and other.receivers - pagers]


def test_who_is_held_back_now_is_not_waited_for():
    text = edited(
        EXCHANGE,
        ("    acknowledge: 24h\n", "    acknowledge: 7d\n    hours: business\n"),
    )
    compiled = pipeline.compile(source.read(text.encode(), "policy.yaml"), Templates(None), "policy.yaml")
    name = next(rule.name for rule in compiled.plan.rules if rule.severity == "P3" and rule.origin.authored)
    on_sunday, on_monday = (named(of(compiled, now)[2], name) for now in (SUNDAY, MONDAY))
    (held,) = on_sunday.held
    assert held.endswith("-P3")
    assert held not in on_sunday.receivers
    assert on_sunday.timeline.acknowledged is None
    assert on_monday.held == frozenset()
    assert on_monday.timeline.acknowledged is not None


PAGED = {
    "a schedule": ("rotation: [hana, ivo]", "rotation: [ivo, hana]"),
    "an escalation": (
        "    - {page: schedule/funds-secondary, by: 60%}\n",
        "    - {page: schedule/platform-secondary, by: 60%}\n",
    ),
}


@pytest.mark.parametrize("edit", PAGED.values(), ids=PAGED)
def test_what_changed_in_pagerduty_alone_counts(tmp_path, edit):
    """It is the alerts of the chain that are another then, and no others."""
    for artifact in shipped().artifacts:
        path = tmp_path / "out" / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text, encoding="utf-8")
    for command in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)

    def differing(compiled):
        behaviour, router, found = of(compiled)
        now = changed.RenderedFiles(files=documents.read(compiled.artifacts), behaviour=behaviour, router=router)
        return found, {one.name for one in changed.changed(tmp_path / "out", found, compiled.plan, now)}

    assert differing(shipped())[1] == set()
    text = edited(EXCHANGE, edit)
    compiled = pipeline.compile(source.read(text.encode(), "policy.yaml"), Templates(None), "policy.yaml")
    found, others = differing(compiled)
    of_the_chain = {one.name for one in found if any(name.startswith("page-funds-") for name in one.receivers)}
    assert "BalanceConservationViolated" in of_the_chain
    assert others == of_the_chain


def test_each_way_that_the_series_can_take_is_drilled():
    compiled = shipped()
    behaviour = read_back(compiled.artifacts)
    route = replace(
        behaviour.root.children[0], matchers=match.parse('ledger="spot"'), receiver="operations-room", continues=False
    )
    root = replace(behaviour.root, children=(route, *behaviour.root.children))
    behaviour, router = replace(behaviour, root=root), Router(root)
    sent = sent_alerts(compiled.plan, behaviour, router, LabelSets(behaviour.rules, {}))
    every = conditions(compiled.plan, behaviour, router, sent, MONDAY)
    ways = [
        (condition.labels["ledger"], [message.receiver for message in condition.timeline.messages][:1])
        for condition in every
        if condition.name == "BalanceConservationViolated"
    ]
    assert ways == [("example", ["trading-halt"]), ("spot", ["operations-room"])]
