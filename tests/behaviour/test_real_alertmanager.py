"""What the shipped policy does on real Alertmanagers, of three generations."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.alertmanager import (
    POLICY,
    SUITES,
    Alert,
    Alertmanager,
    alerts_of,
    load_yaml,
    secret,
    shipped,
    shipped_alertmanager,
    world,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.alertmanager import Call, World

pytestmark = [pytest.mark.network, pytest.mark.realtime, pytest.mark.parametrize("suite", SUITES)]

STRANGE = Alert(labels={"alertname": "Strange"}, annotations={})
DRILL = Alert(labels={"alertname": "Drill"}, annotations={"summary": "posted after everything else"})


@pytest.fixture
def everybody() -> Iterator[World]:
    with world() as playing:
        yield playing


@pytest.fixture
def hurried(suite: str, tmp_path: Path, everybody: World) -> Iterator[Alertmanager]:
    """The shipped policy, whose groups wait for at most a second."""
    with shipped_alertmanager(suite, tmp_path, around=everybody, hurried=True) as server:
        yield server


@pytest.fixture
def alertmanager(suite: str, tmp_path: Path) -> Iterator[Alertmanager]:
    """The shipped policy with its own timings; its calls reach nobody."""
    with shipped_alertmanager(suite, tmp_path) as server:
        yield server


@cache
def alerts() -> tuple[Alert, ...]:
    return alerts_of(shipped())


def one(name: str, **labels: str) -> Alert:
    """Return the alert that a rule of the shipped policy sends."""
    wanted = {**labels, "alertname": name}.items()
    return next(alert for alert in alerts() if wanted <= alert.labels.items())


def summary(call: Call) -> str:
    text = call.body["payload"]["summary"]
    assert isinstance(text, str)
    return text


def is_page(call: Call) -> bool:
    return call.to == "pagerduty"


def in_room(channel: str) -> Any:
    return lambda call: call.to == "slack" and call.body["channel"] == channel


def test_an_alert_that_no_policy_knows_pages_somebody(hurried: Alertmanager, everybody: World) -> None:
    hurried.post(STRANGE)
    page = everybody.wait_for("the page", is_page)
    assert page.body["event_action"] == "trigger"
    assert page.body["routing_key"] == secret("pagerduty-platform-P1")
    # It has neither severity nor summary: its name is all there is to say.
    assert summary(page) == "Strange"
    assert hurried.receivers(STRANGE) == [{"unrouted"}]


def test_an_alert_of_another_environment_pages_and_halts_nothing(hurried: Alertmanager, everybody: World) -> None:
    staged = one("BalanceConservationViolated").but(environment="staging")
    hurried.post(staged)
    page = everybody.wait_for("the page", is_page)
    assert page.body["routing_key"] == secret("pagerduty-platform-P1")
    assert "Ledger spot is off by 0.5" in summary(page)
    assert hurried.receivers(staged) == [{"unrouted"}]


def test_a_broken_invariant_halts_trading_before_it_pages(hurried: Alertmanager, everybody: World) -> None:
    violated = one("BalanceConservationViolated")
    hurried.post(violated)
    page = everybody.wait_for("the page", is_page)
    halt = everybody.wait_for("the halt", lambda call: call.to == "trading-halt")
    told = everybody.wait_for("the room", in_room("#incident-active"))
    draft = everybody.wait_for("the draft", in_room("#status-page-draft"))
    assert len(everybody.calls) == 4
    assert everybody.calls.index(halt) < everybody.calls.index(page)

    assert halt.authorization == f"Bearer {secret('halt-token')}"
    assert [alert["labels"] for alert in halt.body["alerts"]] == [violated.labels]
    assert page.body["routing_key"] == secret("pagerduty-funds-P0")
    assert (page.body["payload"]["severity"], summary(page)) == ("critical", "[P0] Ledger spot is off by 0.5")
    assert "Ledger spot is off by 0.5" in told.body["attachments"][0]["text"]

    (attachment,) = draft.body["attachments"]
    assert attachment["text"].strip() == "- Trading is paused while we verify balances."
    said = json.dumps(draft.body)
    secrets = [*violated.annotations.values(), *violated.labels.values()]
    for text in set(secrets) - {violated.annotations["public"], violated.labels["environment"]}:
        assert text not in said


BRACES = (
    "/users/{{id}}",
    "Confirm: kubectl get pods -o go-template='{{.items}}'",
    "- {{ .Bogus }}\n- {{ index 1 }}",
    '{"name": "{{ unclosed"}',
    'a: |\n  {{ template "nowhere" }}\n{{ end }}: b',
    "# {{ comment }}",
    "--- {{ nothing }}",
    "[{{ .Bogus }}]",
)


def test_a_page_holds_braces_as_they_stand(hurried: Alertmanager, everybody: World) -> None:
    violated = one("BalanceConservationViolated")
    texts = ("summary", "description", "containment", "runbook_url")
    hurried.post(
        *(
            replace(violated.but(ledger=text), annotations={**violated.annotations, **dict.fromkeys(texts, text)})
            for text in BRACES
        )
    )
    pages = {summary(page): page for page in everybody.wait_for_calls("pagerduty", len(BRACES))}
    for text in BRACES:
        details = pages[f"[P0] {text}"].body["payload"]["custom_details"]
        assert details["what"] == f"\t{text}\n{text}\n"
        assert f"\nledger: {text}\n" in details["labels"]
        assert (details["containment"], details["runbook"]) == (f"\t{text}", f"\t{text}")
        # 0.33 makes nothing of an empty text.
        assert not details["firing"]
        assert not details["resolved"]


def test_the_end_of_an_invariants_alert_reaches_neither_pager_nor_halt(hurried: Alertmanager, everybody: World) -> None:
    violated = one("BalanceConservationViolated")
    begun = datetime.now(timezone.utc)
    hurried.post(violated, starts=begun.isoformat())
    everybody.wait_for("the page", is_page)
    everybody.wait_for("the halt", lambda call: call.to == "trading-halt")
    hurried.post(violated, starts=begun.isoformat(), ends=(begun + timedelta(microseconds=1)).isoformat())
    everybody.wait_for(
        "the news in the room",
        lambda call: call.to == "slack" and "Was: " in call.body["attachments"][0]["text"],
    )
    hurried.wait_until("the pager's group saw the end", lambda: hurried.saw_the_end('escalation="funds"'))
    hurried.wait_until("the halt's group saw the end", lambda: hurried.saw_the_end('containment="halt-trading"'))
    # What those groups had to send has left by the time that a page for a later alert arrives.
    hurried.post(DRILL)
    everybody.wait_for("the later page", lambda call: is_page(call) and "posted after everything else" in summary(call))
    assert len(everybody.to("trading-halt")) == 1
    assert [call.body["event_action"] for call in everybody.to("pagerduty")] == ["trigger", "trigger"]


def test_heartbeat_and_reminders_page_nobody(hurried: Alertmanager, everybody: World) -> None:
    heartbeat, urgent = one("Heartbeat"), one("ResolutionDueSoon", severity="P0")
    lax = one("ResolutionDueSoon", severity="P2")
    hurried.post(heartbeat, urgent, lax)
    everybody.wait_for("the sign of life", lambda call: call.to == "dead-mans-switch")
    everybody.wait_for("the reminder", in_room("#incident-active"))
    everybody.wait_for("the other reminder", in_room("#exchange-operations"))
    assert hurried.receivers(heartbeat, urgent, lax) == [{"dead-mans-switch"}, {"incident-room"}, {"operations-room"}]
    assert len(everybody.calls) == 3


def test_each_alert_has_the_receivers_that_the_policy_promises(alertmanager: Alertmanager) -> None:
    alertmanager.post(*alerts())
    policy = load_yaml(POLICY.read_text(encoding="utf-8"))
    assert len(alerts()) > 100
    for alert, receivers in zip(alerts(), alertmanager.receivers(*alerts()), strict=True):
        assert (alert.labels, receivers) == (alert.labels, promised(policy, alert.labels))


def promised(policy: dict[str, Any], labels: Any) -> set[str]:
    """Return the receivers of an alert as the policy says it, in the policy's words."""
    duty, severity = labels.get("duty", ""), labels["severity"]
    notify = policy["severities"][severity]["notify"]
    rooms = {channel for channel in notify if channel != "page"}
    page = {f"page-{labels['escalation']}-{severity}"}
    if duty == "heartbeat":
        return {policy["watch"]["heartbeat"]["via"]}
    if duty == "resolution-due-soon":
        return rooms
    if duty == "resolution-overdue":
        return page
    if duty.endswith("-due"):
        return set(policy["duties"][duty.removesuffix("-due")]["via"])
    update = policy["duties"]["status-update"]
    drafts = set(update["via"]) if severity in update["during"] else set()
    called = policy["containments"].get(labels.get("containment"), {}).get("call")
    return rooms | page | drafts | ({called} if called else set())


def test_a_database_that_is_down_silences_what_is_lax_and_needs_it(alertmanager: Alertmanager) -> None:
    down = one("ServiceDown", service="ledger-database")
    lax = [alert for alert in alerts() if alert.labels["severity"] in {"P2", "P3"} and "duty" not in alert.labels]
    reminders = [alert for alert in alerts() if "duty" in alert.labels]
    elsewhere = one("ErrorRatioHigh", service="ledger").but(environment="staging")
    alertmanager.post(down, *lax, *reminders, elsewhere)
    near = {"ledger", "settlement", "ledger-database"}
    silent = {alert.labels_as_text for alert in lax if alert.labels["service"] in near}
    assert len(silent) > 8
    alertmanager.wait_until("the inhibition", lambda: inhibited(alertmanager) == silent)


def test_whatever_fires_nothing_silences_a_p0_or_p1(alertmanager: Alertmanager) -> None:
    alertmanager.post(*alerts())
    lax = {alert.labels_as_text for alert in alerts() if alert.labels["severity"] in {"P2", "P3"}}
    spared = {
        alert.labels_as_text for alert in alerts() if "duty" in alert.labels or alert.labels["service"] == "alerting"
    }
    alertmanager.wait_until("the inhibition", lambda: inhibited(alertmanager) == lax - spared)


def inhibited(server: Alertmanager) -> set[str]:
    """Return the labels of what is silenced."""
    found = (
        Alert(labels=alert["labels"], annotations={}) for alert in server.alerts() if alert["status"]["inhibitedBy"]
    )
    return {alert.labels_as_text for alert in found}
