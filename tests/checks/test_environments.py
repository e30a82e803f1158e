"""Several environments in one policy: whom each tells, and what is found where one would tell the wrong people."""

import pytest

from generator.checks import verify
from generator.checks.files import (
    across,
    catch_all,
    idle_routes,
    inhibitions,
    other_routes,
    rendered_tests,
    routing,
    series_labels,
    times,
    unpaged,
)
from generator.checks.files.routing import promised_receivers
from tests import seeds
from tests.compiling import SMALL, edited, refusal
from tests.environments import BY_PROMETHEUS, BY_RULE, DIFFERING, STAGING
from tests.verifying import compiled, verified

A = "alertmanager/alertmanager.yml"
FAULTS = {
    "neither": (SMALL, [("environment: production\n", "")]),
    "both": (BY_RULE, [("environments:\n", "environment: production\nenvironments:\n")]),
    "first-tells-others": (BY_RULE, [("  production: {}\n", "  production: {notify: [room]}\n")]),
    "unknown-channel": (BY_RULE, [("notify: [staging-room]", "notify: [stagingroom]")]),
    "page-in-notify": (BY_RULE, [("notify: [staging-room]", "notify: [page]")]),
    "paging-channel": (
        edited(
            BY_RULE,
            ("secrets: /etc/alertmanager/secrets}", "secrets: /s, smtp: {smarthost: m.example:25, from: a@b.example}}"),
        ),
        [('slack: "#staging", audience: internal', "email: a@b.example, audience: internal, pages: true")],
    ),
    "public-channel": (BY_RULE, [("notify: [staging-room]", "notify: [status-draft]")]),
    "halting-channel": (BY_RULE, [("notify: [staging-room]", "notify: [halt]")]),
    "heartbeat-channel": (BY_RULE, [("notify: [staging-room]", "notify: [heartbeat]")]),
    "severity-untold": (BY_RULE, [("notify: [staging-room]", "notify: {P0: [staging-room], P1: [staging-room]}")]),
    "unknown-alert": (BY_RULE, [("{notify: [staging-room]}", "{notify: [staging-room], alerts: {Errors: {for: 1h}}}")]),
    "unknown-parameter": (
        BY_RULE,
        [("{notify: [staging-room]}", "{notify: [staging-room], alerts: {ErrorsHigh: {limmit: 0.1}}}")],
    ),
    "parameter-of-one-service": (
        BY_RULE,
        [("{notify: [staging-room]}", "{notify: [staging-room], alerts: {MoneyLost: {limit: 5}}}")],
    ),
    "shared-heartbeat": (BY_RULE, [("staging: {notify: [staging-room]}", "other: {}")]),
    "deaf-heartbeat": (BY_RULE, [("{notify: [staging-room]}", "{notify: [staging-room], heartbeat: room}")]),
    "unknown-value": (
        BY_PROMETHEUS,
        [("environment: [production, staging]", "environment: [production, staging, test]")],
    ),
    "lost-value": (BY_PROMETHEUS, [("environment: [production, staging]", "environment: [production]")]),
    "any-value": (BY_PROMETHEUS, [("environment: [production, staging]", "environment: []")]),
    "name-of-a-folder": (BY_RULE, [("  staging: {", "  tests: {")]),
    "name-of-the-silent-receiver": (
        BY_RULE,
        [("  staging-room: {", "  nobody: {"), ("notify: [staging-room]", "notify: [nobody]")],
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_bad_environments_are_refused(fault, golden):
    policy, edits = FAULTS[fault]
    golden.expect(f"environments/{fault}.txt", refusal(edited(policy, *edits)))


JUDGES = (
    routing.check,
    unpaged.check,
    across.check,
    catch_all.check,
    other_routes.check,
    series_labels.check,
    inhibitions.check,
    idle_routes.check,
    times.check,
    rendered_tests.check,
)


@pytest.fixture
def _by_routes(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", JUDGES)
    monkeypatch.setattr(verify, "ASKERS", ())


@pytest.mark.usefixtures("_by_routes")
def test_no_expression_in_a_route_lets_unknown_alerts_of_staging_page():
    edits = [(A, "  routes:\n", BEFORE_ALL.format("page-web-P0", 'namespace=~"kube-[a-z]+"'))]
    assert (
        "error[RTE620]: in staging nobody is paged, but an alert that the policy does not know, for example "
        '{environment="staging", namespace="kube-a"}, would reach page-web-P0\n'
    ) in verified(*edits, policy=BY_PROMETHEUS)


@pytest.mark.parametrize(
    "policy", seeds.parameters([DIFFERING, BY_RULE, BY_PROMETHEUS], 3), ids=["differing", "by-rule", "by-prometheus"]
)
def test_what_is_rendered_keeps_the_promise_of_each_environment(policy):
    assert verified(policy=policy) == ""


def promised(text, environment):
    """Return whom the policy promises for each alert of an environment, but for those who watch deadlines."""
    plan = next(one for one in compiled(text).plan.each if one.policy.environment == environment)
    return {
        rule.called: sorted(promised_receivers(plan, rule, rule.labels))
        for rule in plan.rules
        if not rule.origin.spread
    }


@pytest.mark.parametrize("policy", [BY_RULE, BY_PROMETHEUS, DIFFERING], ids=["by-rule", "by-prometheus", "differing"])
def test_staging_tells_its_room_alone(policy):
    staging, production = (promised(policy, name) for name in ("staging", "production"))
    assert production == promised(SMALL, "production")
    assert {tuple(told) for name, told in staging.items() if "Heartbeat" not in name} == {("staging-room",)}
    assert staging["P1 Heartbeat of alerting"] == ["nobody"]
    assert production["P1 Heartbeat of alerting"] == ["heartbeat"]


ROOT_OF_STAGING = "    - receiver: nobody\n"
REST = "    # Whatever else comes from staging, where nobody is paged.\n"

HERE_FIRST = "        - 'severity=\"P0\"'\n"
BEFORE_ALL = "  routes:\n    - receiver: {}\n      matchers:\n        - '{}'\n"
HALTING = BEFORE_ALL.format("halt", 'containment="stop-sales"') + "      group_wait: 0s\n      continue: true\n"

BROKEN = {
    "rest-goes-to-the-pager": (
        BY_PROMETHEUS,
        [(A, f"{REST}    - receiver: staging-room\n", f"{REST}    - receiver: unrouted\n")],
    ),
    "pages-without-an-environment": (
        BY_PROMETHEUS,
        [(A, "  routes:\n", BEFORE_ALL.format("page-web-P0", 'environment!="production"') + HERE_FIRST)],
    ),
    "halts-without-an-environment": (BY_PROMETHEUS, [(A, "  routes:\n", HALTING)]),
    "heartbeat-of-staging-rings": (BY_PROMETHEUS, [(A, ROOT_OF_STAGING, "    - receiver: heartbeat\n")]),
    "inhibits-across-environments": (BY_PROMETHEUS, [(A, "      - environment\n      - region\n", "      - region\n")]),
    "inhibits-across-regions": (BY_PROMETHEUS, [(A, "      - environment\n      - region\n", "      - environment\n")]),
    "rule-leaves-the-label-to-its-series": (
        BY_PROMETHEUS,
        [("prometheus/rules/shop.yaml", "          environment: ''\n", "")],
    ),
    "rule-of-the-other-environment": (
        BY_RULE,
        [("prometheus/staging/rules/shop.yaml", "environment: staging", "environment: production")],
    ),
    "threshold-of-the-other-environment": (
        DIFFERING,
        [("prometheus/staging/tests/shop.test.yaml", "0.01x4 0.06x60", "0.01x4 0.07x60")],
    ),
    "one-incident-for-all-regions": (
        BY_PROMETHEUS,
        [(A, "            - till\n            - region\n", "            - till\n")],
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
@pytest.mark.usefixtures("_by_routes")
def test_what_a_template_breaks_is_found(fault, golden):
    policy, edits = BROKEN[fault]
    golden.expect(f"environments/broken-{fault}.txt", verified(*edits, policy=policy))


def test_an_environment_by_rule_has_the_files_of_one_alone():
    """All that differs between `production` of several and the only one is where its rules are."""
    alone = {one.path: one.text for one in compiled(edited(SMALL, STAGING[1])).artifacts}
    several = {one.path: one.text for one in compiled(BY_RULE).artifacts}
    rules = {path: text for path, text in alone.items() if path.startswith("prometheus/")}
    assert rules == {
        path.replace("/production/", "/"): text
        for path, text in several.items()
        if path.startswith("prometheus/production/")
    }


def test_by_an_external_label_all_environments_have_the_same_files():
    paths = {one.path for one in compiled(SMALL).artifacts}
    assert {one.path for one in compiled(BY_PROMETHEUS).artifacts} == paths
