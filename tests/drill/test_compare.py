"""What a drill says of messages that the real programs do not send: one too many, one too late, one that is empty."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest

from generator.drill import compare
from generator.drill.observations import Row
from generator.plan.plan import Origin
from generator.policy.label_names import USUAL
from generator.upstream.alertmanager.integrations import KINDS

CONDITION = SimpleNamespace(
    name="MoneyLost",
    about="P0 of shop",
    labels={"containment": "stop-sales"},
    rule=None,
    route=("alerts", "MoneyLost"),
    promised=SimpleNamespace(origin=Origin.ALERT),
)


def stage(*calls):
    policy = SimpleNamespace(containments={"stop-sales": SimpleNamespace(call="halt")}, labels=USUAL)
    play = SimpleNamespace(
        plan=SimpleNamespace(policy=policy, receivers=()),
        router=SimpleNamespace(routes_of=lambda _: ()),
        behaviour=SimpleNamespace(receivers=()),
        slow={},
    )
    return SimpleNamespace(run=play, world=SimpleNamespace(calls=calls))


def row(receiver, seconds, *, kind="", step=None, note=""):
    observed = None if seconds is None else timedelta(seconds=seconds)
    return Row(receiver=receiver, predicted=None, observed=observed, kind=kind, step=step, note=note)


def said(findings):
    return [(one.diagnostic.code, one.diagnostic.message, one.diagnostic.route) for one in findings]


def test_who_is_told_and_should_not_be_is_named():
    rows = (row("room", 5, kind="silent", note="a P0 holds it back"), row("page", None, kind="silent"), row("halt", 5))
    assert said(compare._unexpected(stage(), CONDITION, rows)) == [
        (
            "DRL807",
            "MoneyLost, a P0 of shop: room was told, and should not have been: a P0 holds it back",
            ("alerts", "MoneyLost"),
        )
    ]


@pytest.mark.parametrize(
    ("halted", "paged", "late"), [(4, 5, False), (5, 5, False), (6, 5, True), (None, 5, False), (6, None, False)]
)
def test_the_halt_comes_before_the_page(halted, paged, late):
    rows = (row("halt", halted), row("page-web-P0", paged, step=0), row("page-web-P0", 1, step=1), row("room", 1))
    assert said(compare._order(stage(), CONDITION, rows)) == (
        [
            (
                "DRL806",
                "MoneyLost, a P0 of shop: page-web-P0 was told after 5s, halt was called only after 6s",
                ("alerts", "MoneyLost"),
            )
        ]
        if late
        else []
    )


@pytest.mark.parametrize(
    ("text", "kind", "empty"), [(" \n", "slack", True), ("x", "slack", False), ("", "webhook", False)]
)
def test_a_message_that_is_empty_is_named_unless_a_machine_reads_it(text, kind, empty):
    call = SimpleNamespace(receiver="room", kind=KINDS[kind], text=lambda: text, marks={"a mark": "firing"})
    assert said(compare._texts(stage(call, call), CONDITION, "a mark")) == (
        [("DRL804", "MoneyLost, a P0 of shop: the message to room is empty", ("alerts", "MoneyLost"))] if empty else []
    )
