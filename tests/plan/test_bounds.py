"""Sums at their limits: one under, at, and one over."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from generator.plan import duties, oncall, timing
from generator.plan.timing import Term
from tests.compiling import SMALL, compiled, edited, refusal

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)


@pytest.mark.parametrize("answer", ["1m9s", "1m10s", "1m11s"])
def test_an_acknowledgement_at_the_end_of_the_sla_is_too_late(answer):
    """Without the answer the sum is 3m50s; a P0 promises less than 5m."""
    policy = edited(SMALL, ("    answer_in: 1m\n", f"    answer_in: {answer}\n"))
    if answer == "1m9s":
        assert compiled(policy).diagnostics == ()
    else:
        after = {"1m10s": "5m", "1m11s": "5m1s"}[answer]
        assert f"error[SLA201]: P0 MoneyLost can take {after} to be acknowledged; the SLA is 5m\n" in refusal(policy)


@pytest.mark.parametrize(
    ("resolve", "loops"),
    [
        (MINUTE, 0),
        (10 * MINUTE - SECOND, 0),
        (10 * MINUTE, 0),
        (10 * MINUTE + SECOND, 1),
        (20 * MINUTE, 1),
        (20 * MINUTE + SECOND, 2),
        (100 * MINUTE - SECOND, 9),
        (100 * MINUTE, 9),
        (100 * MINUTE + SECOND, 9),
        (None, 9),
    ],
)
def test_a_chain_begins_anew_until_resolve_is_over(resolve, loops):
    """Of a round that takes ten minutes: what ends with `resolve` needs no other one."""
    assert oncall._loops(SimpleNamespace(resolve=resolve), 10 * MINUTE) == loops


def fault(name, *, evaluate, peers=2, peer_timeout=15, interval=15, hold=0):
    """Return the terms that a fault adds, in seconds."""
    stack = replace(
        compiled(SMALL).plan.stack,
        evaluate=evaluate * SECOND,
        peers=peers,
        peer_timeout=peer_timeout * SECOND,
        survive=(name,),
    )
    wait = Term(name="group", length=interval * SECOND)
    sums = (
        timing.worst_case(one, hold=Term(name="for", length=hold * SECOND), group_wait=wait, group_interval=wait).terms
        for one in (replace(stack, survive=()), stack)
    )
    without, with_fault = sums
    return {term.name: term.length.total_seconds() for term in with_fault if term not in without}


@pytest.mark.parametrize(
    ("evaluate", "again"), [(5, 65), (15, 75), (20, 80), (30, 90), (45, 90), (60, 120), (61, 61), (120, 120)]
)
def test_what_is_lost_is_sent_again_on_the_grid_of_evaluations(evaluate, again):
    """More than a minute after it was sent: 75 s at 15s, 120 s at 1m (facts that were seen on the real servers)."""
    assert fault("prometheus-restart", evaluate=evaluate) == {"prometheus restart": 5 + again}
    assert fault("alertmanager-restart", evaluate=evaluate, peers=1) == {"alertmanager restart": 10 + again}


def test_a_restarted_prometheus_begins_for_anew():
    assert fault("prometheus-restart", evaluate=15, hold=60) == {"prometheus restart": 80, "for, again": 60}


@pytest.mark.parametrize(("peers", "peer_timeout", "waits"), [(2, 15, 15), (2, 5, 10), (3, 15, 30)])
def test_the_others_send_what_a_restarted_alertmanager_had(peers, peer_timeout, waits):
    """They wait for their turn; it settles before it sends."""
    found = fault("alertmanager-restart", evaluate=15, peers=peers, peer_timeout=peer_timeout)
    assert found == {"alertmanager restart": waits}


@pytest.mark.parametrize(("interval", "hangs"), [(5, 10), (10, 10), (15, 15), (300, 300)])
def test_an_attempt_that_hangs_takes_ten_seconds_at_least(interval, hangs):
    assert fault("first-attempt-hung", evaluate=15, interval=interval) == {"hung attempt": hangs}


HOUR, DAY = 60 * MINUTE, 1440 * MINUTE


@pytest.mark.parametrize(
    ("back", "step"),
    [
        (12 * HOUR, None),
        (12 * HOUR + SECOND, 5 * MINUTE),
        (4 * DAY, 5 * MINUTE),
        (4 * DAY + SECOND, HOUR),
    ],
)
def test_a_long_look_back_is_sampled(back, step):
    assert duties._step(back) == step
