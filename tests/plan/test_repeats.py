"""How often what lasts is told again, and that a reload, which begins all ticks anew, does not make it later."""

from datetime import timedelta
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.behaviour import documents
from generator.behaviour.behaviour import behave
from generator.behaviour.clock import longest_gap, through_reload
from generator.plan import timing
from generator.upstream.alertmanager.match import Router
from tests.compiling import SMALL, compiled, edited

periods = st.integers(min_value=10, max_value=40 * 86400).map(lambda seconds: timedelta(seconds=seconds))


def route(interval, period):
    return SimpleNamespace(group_interval=interval, repeat_interval=timing.repeat_interval(period, interval))


@given(periods)
def test_a_period_is_kept_also_through_a_reload(period):
    node = route(timing.tick(period), period)
    assert node.group_interval <= node.repeat_interval
    assert through_reload(node) < period
    # Not much more often than it says, either.
    assert longest_gap(node) > period * 2 / 3


@given(periods, st.sampled_from([1, 5, 10, 15, 30, 60, 120, 300]).map(lambda seconds: timedelta(seconds=seconds)))
def test_where_two_ticks_fit_into_a_period_it_is_kept_whatever_the_tick(period, tick):
    node = route(tick, period)
    assert longest_gap(node) <= max(period, tick)
    if 2 * tick < period:
        assert through_reload(node) < period


def routes_of(policy, severity, **more):
    """Return the routes that an alert of a severity takes, by their receivers."""
    made = compiled(policy)
    behaviour = behave(documents.read(made.artifacts), made.artifacts)
    labels = {"severity": severity, "environment": "production", "escalation": "web", "service": "shop", **more}
    return {node.receiver: node for node in Router(behaviour.root).routes_of(labels)}


@pytest.mark.parametrize(("severity", "acknowledge"), [("P0", 5), ("P1", 15), ("P2", 240)])
def test_a_page_whose_end_may_be_lost_comes_again_within_half_of_the_acknowledgement(severity, acknowledge):
    """Somebody may close the incident before Alertmanager has seen that its alert came back."""
    page = routes_of(SMALL, severity)[f"page-web-{severity}"]
    assert through_reload(page) < timedelta(minutes=acknowledge) / 2


def test_what_closes_with_its_alert_is_repeated_as_before():
    policy = edited(
        SMALL,
        (
            "    notify: [page, room]\n    closes: by-hand\n  P1:",
            "    notify: [page, room]\n    closes: with-alert\n  P1:",
        ),
    )
    assert through_reload(routes_of(policy, "P0")["page-web-P0"]) == timedelta(minutes=30) - timing.SECOND


def test_what_the_policy_says_of_reminders_stays():
    policy = edited(SMALL, ("    resolve: 1h\n", "    resolve: 1h\n    remind: 3h\n"))
    page = routes_of(policy, "P0")["page-web-P0"]
    assert (page.group_interval, through_reload(page)) == (timedelta(seconds=15), timedelta(hours=3) - timing.SECOND)


def test_a_tick_is_short_enough_for_what_the_policy_repeats_often():
    policy = edited(SMALL, ("    resolve: 24h\n", "    resolve: 24h\n    remind: 6m\n"))
    page = routes_of(policy, "P2")["page-web-P2"]
    assert (page.group_interval, through_reload(page)) == (timedelta(minutes=2), timedelta(minutes=6) - timing.SECOND)


@pytest.mark.parametrize("severity", ["P0", "P1", "P2"])
def test_a_room_ticks_as_the_pager_and_a_second_later(severity):
    """So that of one alert it says no sooner that it is over: people would close what may come back unseen."""
    routes = routes_of(SMALL, severity)
    page, room = routes[f"page-web-{severity}"], routes["room"]
    assert (room.group_wait, room.group_interval) == (page.group_wait + timing.SECOND, page.group_interval)


# ------------------------------------------------------------------------------------------- the halt is first


HALTED = {"containment": "stop-sales", "duty": ""}


@pytest.mark.parametrize(
    ("written", "waits"), [("group_wait: 0s", 1), ("group_wait: 1s", 1), ("group_wait: 2s, group_interval: 1s", 2)]
)
def test_nobody_is_told_as_soon_as_the_halt(written, waits):
    lines = "".join(f"    {line}\n" for line in written.split(", "))
    policy = edited(SMALL, ("    resolve: 1h\n", f"    resolve: 1h\n{lines}"))
    routes = routes_of(policy, "P0", **HALTED)
    halt = routes.pop("halt")
    assert halt.group_wait == timedelta()
    assert min(node.group_wait for node in routes.values()) == timing.SECOND
    assert routes["page-web-P0"].group_wait == timedelta(seconds=waits)
    # On a return, Alertmanager before 0.33 waits for the tick of each.
    assert all(halt.group_interval <= node.group_interval for node in routes.values())
    notes = [one.message for one in compiled(policy).diagnostics if one.code == "SLA211"]
    assert notes == (
        ["a P0 waits for 1s, not 0s, so that the halt is called first"] if written == "group_wait: 0s" else []
    )


AT_ONCE = edited(SMALL, ("    resolve: 1h\n", "    resolve: 1h\n    group_wait: 0s\n"))


def without_containments(policy):
    before, rest = policy.split("\ncontainments:\n")
    return (before + rest[rest.index("\nduties:\n") :]).replace("    containment: stop-sales\n", "")


@pytest.mark.parametrize(
    "policy", [edited(AT_ONCE, ("    call: halt\n", "")), without_containments(AT_ONCE)], ids=["by-hand", "none"]
)
def test_where_nothing_is_halted_a_page_may_wait_for_nothing(policy):
    assert routes_of(policy, "P0")["page-web-P0"].group_wait == timedelta()
    assert "SLA211" not in {finding.code for finding in compiled(policy).diagnostics}


def test_one_of_several_containments_that_is_called_is_first():
    by_hand = "  close-shops: {title: Close all shops, when: Tills burn, steps: [Lock the doors.]}\n"
    policy = edited(AT_ONCE, ("containments:\n", f"containments:\n{by_hand}"))
    assert routes_of(policy, "P0", **HALTED)["page-web-P0"].group_wait == timing.SECOND
    assert "a P0 waits for 1s, not 0s, so that the halt is called first" in {
        finding.message for finding in compiled(policy).diagnostics
    }
