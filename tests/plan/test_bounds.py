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


@pytest.mark.parametrize(("peers", "restarts"), [(1, False), (2, True)])
def test_one_alertmanager_that_restarts_waits_for_no_others(peers, restarts):
    """With peers it settles before it sends; alone it sends at once."""
    stack = replace(compiled(SMALL).plan.stack, peers=peers, survive=("alertmanager-restart",))
    wait = Term(name="group", length=MINUTE)
    terms = timing.worst_case(stack, group_wait=wait, group_interval=wait).terms
    assert ("alertmanager restart" in {term.name for term in terms}) == restarts


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
