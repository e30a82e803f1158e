"""Who hears of which alert: bugs seeded into the rendered tree of routes are found, and the policy's line is shown."""

import pytest

from generator.checks import verify
from generator.checks.files import catch_all, idle_routes, inhibitions, routing, series_labels
from generator.upstream.alertmanager import ways
from tests.compiling import EXCHANGE, SMALL, edited
from tests.verifying import POLICY, text_of, verified

A = "alertmanager/alertmanager.yml"
HERE = "        - 'environment=\"production\"'\n"


@pytest.fixture(autouse=True)
def _only_this_verifier(monkeypatch):
    judges = (routing.check, catch_all.check, series_labels.check, inhibitions.check, idle_routes.check)
    monkeypatch.setattr(verify, "VERIFIERS", judges)
    monkeypatch.setattr(verify, "ASKERS", ())


@pytest.mark.parametrize("policy", [POLICY, SMALL, EXCHANGE])
def test_the_rendered_routes_keep_the_promise(policy):
    assert verified(policy=policy) == ""


def route(receiver, matcher, policy=POLICY):
    """Return the text of the node of the tree that sends to a receiver and has a matcher."""
    parts = text_of(A, policy).split("\n    - receiver: ")
    found = next(part for part in parts if part.startswith(f"{receiver}\n") and matcher in part)
    lines = ["    - receiver: " + found.split("\n")[0], *found.split("\n")[1:]]
    kept = []
    for line in lines:
        if kept and not line.startswith("      "):
            break
        kept.append(line)
    return "\n".join(kept) + "\n"


HALT = route("halt", "containment")
DRAFT = route("status-draft", "severity")
MONEY_LOST = (
    text_of("prometheus/rules/shop.yaml", POLICY).partition("      - alert: MoneyLost\n")[2].partition("      - ")[0]
)
PAGE = route("page-web-P0", "escalation")
LAST = route("unrouted", "'...'")
BY_SERIES = "    - receiver: room\n      matchers:\n        - 'till=\"north\"'\n"

CASES = {
    "lost-continue": [(A, DRAFT, DRAFT.replace("      continue: true\n", ""))],
    "halt-does-not-continue": [(A, HALT, HALT.replace("      continue: true\n", ""))],
    "halt-comes-second": [(A, HALT, ""), (A, DRAFT, DRAFT + HALT)],
    "halt-waits": [(A, "group_wait: 0s", "group_wait: 30s")],
    "draft-waits-for-nothing": [(A, DRAFT, DRAFT.replace("group_wait: 1s", "group_wait: 0s"))],
    "page-ticks-sooner-than-the-halt": [(A, PAGE, PAGE.replace("group_interval: 15s", "group_interval: 5s"))],
    "halt-is-called-off": [(A, "send_resolved: false", "send_resolved: true")],
    "no-catch-all": [(A, LAST, "")],
    "catch-all-too-narrow": [
        (A, LAST, LAST.replace("      group_by:", "      matchers:\n" + HERE + "      group_by:"))
    ],
    "page-lost": [(A, PAGE, "")],
    "page-of-another-chain": [(A, PAGE, PAGE.replace('escalation="web"', 'escalation="wep"'))],
    "page-shared": [(A, PAGE, PAGE.replace("            - till\n", ""))],
    "page-of-no-set-for-all": [(A, PAGE, PAGE.partition("      routes:\n")[0])],
    "page-not-at-night": [(A, PAGE, PAGE + "          active_time_intervals:\n            - days\n")],
    "halt-not-at-night": [(A, HALT, HALT + "      active_time_intervals:\n        - days\n")],
    "catch-all-not-at-night": [(A, LAST, LAST + "      active_time_intervals:\n        - days\n")],
    "route-by-a-label-of-the-series": [(A, HALT, BY_SERIES + HALT)],
    "route-for-series-without-a-label": [(A, HALT, BY_SERIES.replace('till="north"', 'till=""') + HALT)],
    "page-lost-for-all-series": [(A, HALT, BY_SERIES + "      continue: true\n" + HALT), (A, PAGE, "")],
    "page-too-many": [(A, PAGE, PAGE.replace('severity="P0"', 'severity=~"P0|P2"'))],
    "rule-lost": [("prometheus/rules/shop.yaml", "alert: MoneyLost\n", "alert: MoneyIsLost\n")],
    "label-left-to-the-series": [
        ("prometheus/rules/shop.yaml", MONEY_LOST, MONEY_LOST.replace("          duty: ''\n", ""))
    ],
    "label-left-to-the-series-by-many": [("prometheus/rules/shop.yaml", "          duty: ''\n", "")] * 5,
    "severity-changed": [("prometheus/rules/shop.yaml", "severity: P0", "severity: P1")],
    "receiver-sends-elsewhere": [(A, "channel: '#shop'", "channel: '#stop'")],
    "receiver-lost": [(A, "  - name: halt\n", "  - name: hold\n"), (A, "- receiver: halt\n", "- receiver: hold\n")],
    "inhibition-of-a-p1": [(A, "- 'severity=~\"P2|P3\"'", "- 'severity=~\"P1|P2|P3\"'")],
    "inhibition-of-everything": [(A, "      - 'severity=~\"P2|P3\"'\n", "")],
    "route-that-nothing-takes": [(A, DRAFT, DRAFT + DRAFT.replace("P0|P1", "P0|P9").replace("status-draft", "room"))],
    "route-behind-the-catch-all": [(A, LAST, LAST + PAGE)],
    "receiver-that-nobody-tells": [(A, "receivers:\n", "receivers:\n  - name: spare\n")],
    "equal-that-both-lack": [(A, "    equal:\n      - environment", "    equal:\n      - region")],
}


@pytest.mark.parametrize("name", CASES)
def test_a_broken_promise_is_found(name, golden):
    golden.expect(f"verify/routing-{name}.txt", verified(*CASES[name]))


def test_a_route_for_a_label_that_no_series_can_have_takes_nothing():
    """`max by (till)` drops every other label, and `{job="till"}` fixes its own."""
    route = BY_SERIES.replace('till="north"', 'region="north"')
    lines = verified((A, HALT, route + HALT)).split("\n")
    assert [line for line in lines if line.startswith(("error", "warning"))] == [
        "warning[RTE611]: no alert of the rules takes the route to room"
    ]


def test_a_label_that_the_selector_fixes_decides_the_route():
    route = BY_SERIES.replace('till="north"', 'till="south"')
    policy = edited(POLICY, ("abs(till_difference)", 'abs(till_difference{till!="south"})'))
    found = verified((A, HALT, route + HALT), policy=policy)
    assert "would not reach" not in found


EXTERNAL = edited(POLICY, ("retention: 30d}", "retention: 30d, external_labels: {region: [eu, us]}}"))


def test_an_external_label_decides_where_it_can_have_several_values(golden):
    route = BY_SERIES.replace('till="north"', 'region="us"')
    golden.expect("verify/routing-by-an-external-label.txt", verified((A, HALT, route + HALT), policy=EXTERNAL))
    elsewhere = BY_SERIES.replace('till="north"', 'region="asia"')
    found = verified((A, HALT, elsewhere + HALT), policy=EXTERNAL)
    assert [line for line in found.split("\n") if line.startswith(("error", "warning"))] == [
        "warning[RTE611]: no alert of the rules takes the route to room"
    ]


def test_more_ways_than_can_be_followed_are_said(monkeypatch, golden):
    monkeypatch.setattr(ways, "MOST_WAYS", 1)
    golden.expect("verify/routing-undecided.txt", verified((A, HALT, BY_SERIES + HALT)))


def test_as_many_ways_as_can_be_followed_are_followed(monkeypatch):
    monkeypatch.setattr(ways, "MOST_WAYS", 2)
    assert "error[RTE614]" not in verified((A, HALT, BY_SERIES + HALT))


NODES = (
    POLICY
    + """
  NodeDown:
    service: shop
    severity: P2
    expr: up{job="app"} == 0
    summary: "{{ $labels.instance }} is down"
    tests:
      - {given: {'up{job="app",instance="a"}': 1x4 0x10}, fires_at: 1m15s, labels: {job: app, instance: a}}
"""
)
PAGE_P2 = route("page-web-P2", "escalation", NODES)


@pytest.mark.parametrize(
    ("name", "edit"),
    {
        "by-a-label-of-others": ("        - incident\n", "        - incident\n        - instance\n"),
        "by-every-label": ("        - alertname\n", "        - '...'\n"),
    }.items(),
)
def test_one_incident_that_a_route_splits_is_found(name, edit, golden):
    """ErrorsHigh takes that route, too, but its series have `job="shop"` and no other label: it stays one incident."""
    golden.expect(f"verify/routing-page-split-{name}.txt", verified((A, PAGE_P2, PAGE_P2.replace(*edit)), policy=NODES))


def test_a_label_that_every_alert_of_a_rule_has_alike_splits_nothing():
    alike = "".join(f"        - {label}\n" for label in ("page_each", "severity", "team"))
    group = "        - incident\n"
    assert verified((A, PAGE_P2, PAGE_P2.replace(group, group + alike)), policy=NODES) == ""


def test_a_policy_that_pages_in_business_hours_only_may_be_mute_at_night():
    # The time outside of business hours counts, so such a severity promises days.
    policy = edited(
        POLICY,
        (
            "    acknowledge: 4h\n    resolve: 24h\n",
            "    acknowledge: 6d\n    answer_in: 1h\n    resolve: 12d\n    hours: business\n",
        ),
    )
    assert verified(policy=policy) == ""


def test_many_alerts_with_one_cause_are_one_finding():
    said = verified(*CASES["lost-continue"])
    assert said.count("error[RTE601]") == 1
    assert said.count("error[RTE605]") == 2
