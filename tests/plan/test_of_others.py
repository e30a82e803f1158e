"""Alerts that no rule of the policy sends are told to whom their severity and their owner name."""

import pytest
import yaml

from tests.compiling import edited, files, said
from tests.plan.test_owners import OWNERS, POLICY
from tests.projects import alertc, change
from tests.verifying import verified

KNOWN = edited(
    POLICY,
    ("  P0:\n    title", "  P0:\n    is: [critical, page]\n    title"),
    ("  P2:\n    title", "  P2:\n    is: [warning]\n    title"),
    ("  P3:\n    title", "  P3:\n    is: otherwise\n    title"),
)
CONFIGURATION = "alertmanager/alertmanager.yml"


def routes(text):
    """Return the routes of alerts of others: matchers, and the receivers below with theirs."""
    tree = yaml.safe_load(files(text)[CONFIGURATION])["route"]["routes"]
    return [
        (route["matchers"], [(below["receiver"], below.get("matchers", [])) for below in route["routes"]])
        for route in tree
        if 'escalation=""' in route.get("matchers", ()) and "routes" in route
    ]


def test_each_severity_has_a_route_and_each_owner_its_chain():
    foreign = ['escalation=""', 'duty=""', 'environment=~"|production"']
    mapped = "(?:shop-.*)|(?:monitoring|alerts)"
    assert routes(KNOWN) == [
        (
            ['severity=~"critical|page"', *foreign],
            [
                ("room", []),
                ("page-platform-P0", [f'namespace!~"{mapped}"']),
                ("page-web-P0", [f'namespace=~"{mapped}"']),
            ],
        ),
        (
            ['severity="warning"', *foreign],
            [
                ("room", []),
                ("page-platform-P2", [f'namespace!~"{mapped}"']),
                ("page-web-P2", [f'namespace=~"{mapped}"']),
            ],
        ),
        (foreign, [("room", [])]),
    ]


def test_teams_and_services_tell_their_channels_too():
    text = edited(
        KNOWN,
        ("channels:\n", 'channels:\n  shop-room: {slack: "#shop-eu", audience: internal}\n'),
        ("    public: Buying may fail.\n", "    public: Buying may fail.\n    notify: {P3: [shop-room]}\n"),
    )
    assert routes(text)[2][1] == [("room", []), ("shop-room", ['namespace=~"shop-.*"'])]


def test_all_may_belong_to_one_service():
    alone = edited(
        KNOWN, (OWNERS, "\nowners: {otherwise: shop}\n\nrecords:\n"), ("    each: owners\n", "    service: shop\n")
    )
    assert [below for _, below in routes(alone)] == [[("room", []), (f"page-web-P{n}", [])] for n in (0, 2)] + [
        [("room", [])]
    ]


def test_what_is_rendered_is_proven_and_explained(project):
    (project / "policy" / "shop.yaml").write_text(KNOWN)
    rendered = alertc(project, "render")
    assert (rendered.returncode, rendered.stderr) == (0, "")
    explained = alertc(project, "explain", "--labels", "alertname=KubeDown,severity=page,namespace=dns").stdout
    assert "page-platform-P0  PagerDuty pages Cy Okafor\n" in explained
    assert "To the policy it is an alert of others of severity P0 that belongs to kube.\n" in explained
    before = project.parent / "before.yaml"
    before.write_text(KNOWN)
    change(project, ("is: [critical, page]", "is: [critical]"))
    shown = alertc(project, "diff", str(before)).stdout
    assert "alerts that no rule sends, with severity=page\n" in shown
    assert "tells Cy Okafor no longer: one way less to be heard\n" in shown


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            '"critical|page"',
            '"critical"',
            """an alert of others of severity P0 that belongs to shop, for example {namespace="shop-", \
severity="page"}, would not reach page-web-P0""",
        ),
        (
            "- receiver: page-platform-P2\n          matchers:\n            - 'namespace!~\"(?:shop-.*)|",
            "- receiver: page-platform-P2\n          matchers:\n            - 'namespace!~\"(?:shop-)|",
            """an alert of others of severity P2 that belongs to shop, for example {namespace="shop-a", \
severity="warning"}, would not reach page-web-P2""",
        ),
    ],
)
def test_a_template_that_tells_others_is_found(before, after, message):
    assert f"error[RTE631]: {message}\n" in (found := verified((CONFIGURATION, before, after), policy=KNOWN)), found


@pytest.mark.parametrize(
    ("edits", "code", "message"),
    [
        (
            [(OWNERS, "\nrecords:\n"), ("    each: owners\n", "    service: shop\n")],
            "POL283",
            "the policy says of which severity alerts of others are, and not whose they are",
        ),
        ([("is: [warning]", "is: [page]")], "POL284", "`page` of others is both a P0 and a P2"),
        ([("is: [warning]", "is: otherwise")], "POL284", "`otherwise` of others is both a P2 and a P3"),
        (
            [('  map: {"shop-.*": shop, monitoring|alerts: alerting}\n', "")],
            "POL282",
            "`owners` has `by` and no `map`",
        ),
    ],
)
def test_what_is_unclear_is_refused(edits, code, message):
    assert f"error[{code}]: {message}\n" in (found := said(edited(KNOWN, *edits), code)), found


QUIET = edited(
    KNOWN,
    ("    notify: [room]\n    urgency: low\n", "    urgency: low\n"),
    ("members: [ana, bo]}\n", "members: [ana, bo], notify: {P3: [room]}}\n"),
    (
        "\nrecords:\n",
        """
others:
  Watchdog: {notify: [heartbeat]}
  Mirror: {notify: [room, halt]}
  InfoInhibitor: {notify: nobody, because: It only silences others.}
  NodeDown: {severity: P0}

records:
""",
    ),
    (
        "kube: {team: platform, escalation: platform,",
        "kube: {team: platform, notify: nobody, because: Its dashboard shows them., escalation: platform,",
    ),
)


def test_some_are_told_by_name_and_of_some_nobody():
    foreign = ['escalation=""', 'duty=""', 'environment=~"|production"']
    tree = yaml.safe_load(files(QUIET)[CONFIGURATION])["route"]["routes"]
    named = [route for route in tree if route.get("matchers", [""])[0].startswith('alertname="')]
    assert [(route["receiver"], route["matchers"], len(route.get("routes", ()))) for route in named] == [
        ("heartbeat", ['alertname="Watchdog"', *foreign], 0),
        ("room", ['alertname="Mirror"', *foreign], 2),
        ("nobody", ['alertname="InfoInhibitor"', *foreign], 0),
        ("room", ['alertname="NodeDown"', *foreign], 3),
    ]
    assert routes(QUIET)[-1] == (
        foreign,
        [
            ("room", ['namespace=~"(?:shop-.*)|(?:monitoring|alerts)"']),
            ("nobody", ['namespace!~"(?:shop-.*)|(?:monitoring|alerts)"']),
        ],
    )


def test_a_severity_may_name_nobody_where_the_team_does(project):
    (project / "policy" / "shop.yaml").write_text(QUIET)
    rendered = alertc(project, "render")
    assert (rendered.returncode, rendered.stderr) == (0, "")
    explained = alertc(project, "explain", "CertificateExpiring").stdout
    assert "  room  Slack #shop, again within " in explained


def test_what_is_told_to_nobody_sends_nothing():
    leak = ("  - name: nobody\n", '  - name: nobody\n    webhook_configs:\n      - url: "http://leak.internal/"\n')
    found = verified((CONFIGURATION, *leak), policy=QUIET)
    assert "error[RTE607]: the receiver nobody, of alerts of which nobody is told, sends to webhook\n" in found


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        (
            [("members: [ana, bo], notify: {P3: [room]}}", "members: [ana, bo]}"), ("    is: otherwise\n", "")],
            "nobody is told of P3 CertificateExpiring of shop",
        ),
        (
            [("notify: nobody, because: Its dashboard shows them., ", "")],
            "nobody is told of an alert of others of severity P3 that belongs to kube",
        ),
    ],
)
def test_an_alert_that_nobody_hears_of_is_refused(edits, message):
    assert f"error[POL285]: {message}\n" in (found := said(edited(QUIET, *edits), "POL285")), found


def test_an_entry_says_one_thing():
    both = edited(QUIET, ("NodeDown: {severity: P0}", "NodeDown: {severity: P0, notify: [room]}"))
    assert "error[POL286]: NodeDown has both `severity` and `notify`\n" in said(both, "POL286")


def test_the_rest_is_no_value_in_a_list():
    found = said(edited(KNOWN, ("is: otherwise", "is: [otherwise]")), "POL288")
    assert "error[POL288]: `otherwise` among the values of P3 would be a value like any other\n" in found


def test_explain_leads_from_the_name_of_an_alert_of_others_to_its_labels(project):
    (project / "policy" / "shop.yaml").write_text(QUIET)
    asked = alertc(project, "explain", "Watchdog")
    assert asked.returncode == 2
    assert "`Watchdog` is an alert of others: ask with `--labels alertname=Watchdog`" in asked.stderr
    assert (
        "To the policy it is the alert Watchdog of others.\n"
        in alertc(project, "explain", "--labels", "alertname=Watchdog").stdout
    )


def test_no_inhibition_rule_silences_urgent_alerts_of_others():
    rule = (
        "inhibit_rules:\n  - source_matchers: ['severity=\"P2\"']\n    target_matchers: ['severity=~\"%s\"']\n"
        "    equal: [environment]\n"
    )
    urgent, quiet = ((CONFIGURATION, "inhibit_rules:\n", rule % values) for values in ("page|info", "warning|info"))
    assert "error[RTE606]: an inhibition rule may silence a P0\n" in verified(urgent, policy=KNOWN, tests="none")
    assert "RTE606" not in verified(quiet, policy=KNOWN, tests="none")


def test_an_alert_of_others_that_tells_nobody_any_more_is_weaker(project):
    named = KNOWN + "others:\n  NodeDown: {severity: P0}\n"
    (project / "old.yaml").write_text(named, encoding="utf-8")
    new = named.replace("{severity: P0}\n", "{notify: nobody, because: It is noise.}\n")
    assert new != named
    (project / "new.yaml").write_text(new, encoding="utf-8")
    ran = alertc(project, "diff", "old.yaml", "--to", "new.yaml", "--fail-on", "weaker")
    assert ran.returncode == 1
    assert "  weaker     tells the on-call of " in ran.stdout


def test_who_is_told_no_longer_stands_beside_who_is_told_too(project):
    old = edited(POLICY, ("  P0:\n    title", "  P0:\n    is: [critical]\n    title"))
    new = edited(old, ("is: [critical]", "is: [page]"), ("  unrouted: P1\n", "  unrouted: {notify: [room]}\n"))
    for name, text in (("old", old), ("new", new)):
        (project / f"{name}.yaml").write_text(text, encoding="utf-8")
    said = alertc(project, "diff", "old.yaml", "--to", "new.yaml").stdout
    _, _, unknown = said.partition("alerts that no rule sends, with no labels at all\n")
    first, _, _ = unknown.partition("\n\n")
    assert first.startswith("  weaker     tells the on-call of ")
    assert "  stronger   tells Slack " in first
