"""While one Alertmanager hangs, each batch of alerts waits for its time-out before the others have it."""

import pytest

from generator import pipeline
from generator.policy import source
from tests import compiling
from tests.compiling import SMALL, edited

PROMETHEUS = 'prometheus: {version: "2.42", '


def policy(version, written="", timeout="10s", peers=2):
    return edited(
        SMALL,
        (PROMETHEUS, f'prometheus: {{version: "{version}", {written}'),
        ("alertmanager_timeout: 10s", f"alertmanager_timeout: {timeout}"),
        ("peers: 2", f"peers: {peers}"),
    )


@pytest.mark.parametrize(
    ("version", "alerts", "seconds"),
    [
        ("2.42", None, 10),
        ("2.42", 64, 10),
        ("2.42", 65, 20),
        ("2.53", 300, 50),
        ("3.0", 256, 10),
        ("3.9", 257, 20),
        ("3.10", 100_000, None),
    ],
)
def test_each_batch_waits_for_the_time_out(version, alerts, seconds):
    text = policy(version, f"alerts_at_once: {alerts}, " if alerts else "")
    plan, _ = pipeline.planned(source.read(text.encode(), "policy.yaml"))
    sent = [term.length.total_seconds() for term in plan.severities["P0"].first_page.terms if term.name == "send"]
    assert sent == ([] if seconds is None else [seconds])


def said(policy):
    return compiling.said(policy, "SLA212")


@pytest.mark.parametrize(
    ("alerts", "timeout", "found"),
    [(384, "10s", False), (385, "10s", True), (1500, "2s", False), (1500, "3s", True), (64, "1m", False)],
)
def test_all_must_be_sent_before_they_are_sent_once_more(alerts, timeout, found):
    assert ("error[SLA212]" in said(policy("2.42", f"alerts_at_once: {alerts}, ", timeout))) == found


def test_one_alertmanager_has_nobody_who_waits_for_it():
    assert said(policy("2.42", "alerts_at_once: 100000, ", peers=1)) == ""


def test_what_helps_is_said(golden):
    golden.expect("faults/alerts-beyond-a-hung-peer.txt", said(policy("2.42", "alerts_at_once: 1500, ")))
    golden.expect("faults/a-time-out-of-more-than-a-minute.txt", said(policy("2.42", timeout="90s")))
    golden.expect("faults/alerts-beyond-any-time-out.txt", said(policy("3.5", "alerts_at_once: 20000, ")))


def test_more_than_the_queue_holds_is_dropped(golden):
    """Seen on 2.42: of 13,000 alerts of one rule 3,000 were sent after 60 s to 150 s, beside an idle Alertmanager."""
    text = policy("2.42", "alerts_at_once: 13000, ", peers=1).replace("  survive: [alertmanager-peer-lost]\n", "")
    golden.expect("faults/more-alerts-than-the-queue.txt", compiling.said(text, "SLA216"))
    assert compiling.said(text.replace("13000", "10000"), "SLA216") == ""
