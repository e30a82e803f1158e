"""The alerts by which the alerting watches itself can be changed, and are off only with a reason."""

import pytest
import yaml

from tests import seeds
from tests.compiling import SMALL, edited, files, said
from tests.projects import alertc
from tests.verifying import verified

HEARTBEAT = "  heartbeat: {via: heartbeat, every: 1m}\n"
A = "alertmanager/alertmanager.yml"


def policy(*alerts):
    """Return the small policy with lines under `watch.alerts`."""
    lines = "".join(f"    {alert}\n" for alert in alerts)
    return edited(SMALL, (HEARTBEAT, f"{HEARTBEAT}  alerts:\n{lines}"))


def rules(text):
    groups = yaml.safe_load(files(text)["prometheus/rules/_pipeline.yaml"])["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def test_what_is_not_named_stays_as_it_is():
    usual, changed = rules(SMALL), rules(policy("TargetsGone: {for: 2m}"))
    assert (usual["TargetsGone"]["for"], changed["TargetsGone"].pop("for")) == ("1m", "2m")
    del usual["TargetsGone"]["for"]
    assert changed == usual


@pytest.mark.parametrize(
    "alert",
    seeds.parameters(
        [
            "TargetsGone: {for: 10m, severity: P2}",
            "AlertingReplicaDown: {for: 30m, severity: P3}",
            "ClusterMembersMissing: {for: 0s}",
            "ReloadRejected: {for: 5m, severity: P2}",
            "NotificationsFail: {more_than: 3}",
            "NotificationsFail: {more_than: 3, for: 10m, severity: P2}",
            "RuleEvaluationsFail: {for: 7m, severity: P3}",
            "AlertsNotSent: {severity: P0, more_than: 10}",
            "AlertsNotSent: {notify: {P1: [status-room]}}",
            "AlertsNotSent: {off: The provider counts them.}",
        ],
        3,
    ),
)
def test_its_test_and_its_promise_follow(alert):
    room = ("channels:\n", 'channels:\n  status-room: {slack: "#status-room", audience: internal}\n')
    text = edited(policy(alert), room)
    assert said(text) == ""
    assert verified(policy=text, tests="_pipeline") == ""


def test_the_threshold_and_the_severity_are_those_of_the_policy():
    rule = rules(policy("NotificationsFail: {more_than: 3, severity: P2}"))["NotificationsFail"]
    assert rule["expr"].endswith("[5m])) > 3")
    assert (rule["labels"]["severity"], rule["labels"]["duty"]) == ("P2", "pipeline")


def test_its_own_channels_are_told_too():
    text = edited(
        policy("TargetsGone: {notify: [other]}"),
        ("channels:\n", 'channels:\n  other: {slack: "#other", audience: internal}\n'),
    )
    routes = yaml.safe_load(files(text)[A])["route"]["routes"]
    (route,) = [route for route in routes if route["receiver"] == "other"]
    assert route["matchers"][:3] == ['severity="P1"', 'alertname="TargetsGone"', 'service="alerting"']
    assert "\n- Of TargetsGone: #other.\n" in files(text)["docs/incident-response.md"]
    lost = (A, "        - 'alertname=\"TargetsGone\"'\n", "        - 'alertname=\"TargetGone\"'\n")
    assert "error[RTE601]: P1 TargetsGone of alerting would not reach other\n" in verified(lost, policy=text)


def test_one_that_waits_too_long_for_its_severity_is_refused():
    text = said(policy("TargetsGone: {for: 10m}"))
    assert text.startswith("error[SLA201]: P1 TargetsGone can take ")
    assert "TargetsGone: {for: 10m}" in text


@pytest.mark.parametrize(
    ("alert", "expected"),
    [
        (
            "TargetGone: {for: 2m}",
            "error[POL265]: alertc has no alert `TargetGone` that watches the alerting\n   --> policy.yaml:109:5\n",
        ),
        ("TargetsGone: {off: Why not., for: 2m}", "error[POL266]: TargetsGone is off, and has `for`\n"),
        ("TargetsGone: {more_than: 2}", "error[POL266]: TargetsGone counts no failures\n"),
        (
            "TargetsGone: {for: 31m, severity: P3}",
            "error[POL266]: TargetsGone would wait for 31m, and the alerting would be blind all that time\n",
        ),
        ("TargetsGone: {off: }", "error[POL204]: `off` has no value\n"),
        ("NotificationsFail: {more_than: few}", "error[POL208]: `few` is not a whole number\n"),
        ("TargetsGone: {severity: P9}", "error[REF301]: there is no severity `P9`\n"),
        ("TargetsGone: {notify: [rom]}", "error[REF301]: there is no channel `rom`\n"),
    ],
)
def test_what_cannot_be_is_refused(alert, expected):
    assert said(policy(alert)).startswith(expected)


def test_one_that_is_off_is_not_made_and_says_why(tmp_path):
    text = policy("TargetsGone: {off: The platform team watches the targets.}")
    assert rules(SMALL).keys() - rules(text).keys() == {"TargetsGone"}
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "before.yaml").write_text(SMALL, encoding="utf-8")
    assert ("TargetsGone, a P1 of alerting\n  weaker     is off: The platform team watches the targets.\n") in alertc(
        tmp_path, "diff", "before.yaml"
    ).stdout
    page = alertc(tmp_path, "report", "--output", "-").stdout
    assert "<bdi>off: The platform team watches the targets.</bdi>" in page


# ------------------------------------------------------------------------------------------- what waits in a service

WAITS = "# While shop has a P0 or P1, its other alerts wait."
SHOP = "    depends_on: [alerting]\n"


def test_a_near_name_is_offered():
    assert said(policy("TargetGone: {for: 2m}")).endswith("    = help: did you mean `TargetsGone`?\n")


def test_what_is_not_urgent_waits_unless_the_policy_or_the_service_says_otherwise():
    everywhere = ("services:\n", "lesser_wait: false\n\nservices:\n")
    assert WAITS in files(SMALL)[A]
    assert WAITS not in files(edited(SMALL, (SHOP, SHOP + "    lesser_wait: false\n")))[A]
    assert WAITS not in files(edited(SMALL, everywhere))[A]
    assert WAITS in files(edited(SMALL, everywhere, (SHOP, SHOP + "    lesser_wait: true\n")))[A]


def test_it_is_told_then():
    text = edited(SMALL, (SHOP, SHOP + "    lesser_wait: false\n"))
    assert said(text) == ""
    assert verified(policy=text) == ""
    # What depends on a service that is down still waits.
    assert "# While alerting is down, what depends on it waits: shop." in files(text)[A]
