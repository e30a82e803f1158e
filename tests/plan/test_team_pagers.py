"""A team may have a pager of its own (`pager`), in PagerDuty's place: for its services without an escalation."""

import pytest
import yaml

from generator.checks import verify
from generator.checks.files import catch_all, procedure, routing, times
from tests.compiling import SMALL, compiled, edited, files, said
from tests.projects import alertc
from tests.verifying import verified

CONFIGURATION, PROCEDURE = "alertmanager/alertmanager.yml", "docs/incident-response.md"
TEAM = "  web: {title: Web, members: [ana, bo]}\n"
OPS = "  ops: {title: Operations, pager: {P0: ops-phone, P1: ops-pager, P2: ops-pager}}\n"
CHANNELS = """\
channels:
  web-pager: {opsgenie: web, key_file: opsgenie-web, audience: internal, pages: true}
  ops-pager: {opsgenie: ops, key_file: opsgenie-ops, audience: internal, pages: true}
  ops-phone: {victorops: ops, audience: internal, pages: true}
"""
SHOP = ("  shop:\n    team: web\n    escalation: web\n", "  shop:\n    team: web\n")
ALERTING = ("  alerting:\n    team: web\n    escalation: web\n", "  alerting:\n    team: ops\n")
TEAMS = edited(
    SMALL,
    (TEAM, TEAM.replace("]}", "], pager: web-pager}") + OPS),
    ("channels:\n", CHANNELS),
    SHOP,
    ALERTING,
)
MIXED = edited(
    SMALL,
    (TEAM, TEAM.replace("]}", "], pager: web-pager}")),
    ("channels:\n", CHANNELS),
    SHOP,
)


def routes(text):
    """Return receiver, matchers and times of the routes that page."""
    tree = yaml.safe_load(files(text)[CONFIGURATION])["route"]["routes"]
    return [
        (one["receiver"], " ".join(one["matchers"][:-1]), one["repeat_interval"])
        for one in tree
        if 'escalation="' in str(one.get("matchers"))
    ]


def test_each_team_has_a_page_of_its_own_and_there_is_no_pagerduty():
    assert routes(TEAMS) == [
        ("web-pager", 'severity="P0" team="web" escalation="-"', "2m14s"),
        ("ops-pager", 'severity="P1" team="ops" escalation="-"', "6m59s"),
        ("web-pager", 'severity="P1" team="web" escalation="-"', "6m59s"),
        ("web-pager", 'severity="P2" team="web" escalation="-"', "1h54m59s"),
    ]
    assert not [path for path in files(TEAMS) if "pagerduty" in path]
    assert yaml.safe_load(files(TEAMS)[CONFIGURATION])["route"]["receiver"] == "ops-pager"
    assert verified(policy=TEAMS) == ""


def test_some_teams_may_be_paged_by_pagerduty():
    assert routes(MIXED) == [
        ("web-pager", 'severity="P0" team="web" escalation="-"', "2m14s"),
        ("web-pager", 'severity="P1" team="web" escalation="-"', "6m59s"),
        ("web-pager", 'severity="P2" team="web" escalation="-"', "1h54m59s"),
        ("page-web-P1", 'severity="P1" escalation="web"', "6m59s"),
    ]
    assert verified(policy=MIXED) == ""
    page = files(MIXED)[PROCEDURE]
    assert "| PagerDuty or the team's pager, #shop |" in page
    assert "- **P0 of Web** pages Opsgenie after 1m50s. Whoever reads it there answers within 1m.\n" in page
    assert "| P1 | web |" in page


def test_the_labels_may_have_other_names():
    named = edited(MIXED, ("stack:\n", "labels: {team: squad, service: app, escalation: chain}\n\nstack:\n"))
    assert "        - 'squad=\"web\"'\n        - 'chain=\"-\"'\n" in files(named)[CONFIGURATION]
    assert verified(policy=named) == ""


def test_the_bound_ends_at_delivery_and_the_answer():
    late = edited(TEAMS, ("    acknowledge: 15m\n    answer_in: 3m", "    acknowledge: 15m\n    answer_in: 11m"))
    assert "P1 MoneyLostNoData can take" in said(late, "SLA201")
    assert "+ answer 11m" in said(late, "SLA201")
    assert {finding.code for finding in compiled(TEAMS).diagnostics} == {"POL276"}


def test_a_channel_that_is_named_beside_it_is_told_once():
    named = edited(
        MIXED,
        ("pager: web-pager}", "pager: web-pager, notify: [web-pager]}"),
        ("depends_on: [alerting]", "depends_on: [alerting]\n    notify: [web-pager]"),
    )
    told = yaml.safe_load(files(named)[CONFIGURATION])["route"]["routes"]
    beside = [one["matchers"] for one in told if one["receiver"] == "web-pager" and one.get("continue")]
    # The chain pages for alerting, whose team has the channel told, too.
    assert beside == [
        ['severity="P1"', 'service="alerting"', 'environment="production"', 'duty=~"|pipeline"'],
        ['severity="P3"', 'team="web"', 'environment="production"', 'duty=~"|pipeline"'],
    ]
    assert verified(policy=named) == ""


P2_OF_WEB = "      matchers:\n        - 'severity=\"P2\"'\n        - 'team=\"web\"'"
FAULTS = {
    "a team that is paged no more": (
        (CONFIGURATION, f"    - receiver: web-pager\n{P2_OF_WEB}", f"    - receiver: room\n{P2_OF_WEB}"),
        "error[RTE601]",
    ),
    "another team's": ((CONFIGURATION, "        - 'team=\"ops\"'", "        - 'team=~\"ops|web\"'"), "error[RTE602]"),
    "repeated too rarely": ((CONFIGURATION, "repeat_interval: 2m14s", "repeat_interval: 3h"), "error[TIM602]"),
    "one incident for all": (
        (CONFIGURATION, "            - incident\n            - till\n", "            - incident\n"),
        "error[RTE608]",
    ),
    "too late": (
        (
            CONFIGURATION,
            "      group_wait: 5s\n      group_interval: 15s",
            "      group_wait: 5s\n      group_interval: 9m",
        ),
        "error[TIM60",
    ),
    "not in the procedure": ((PROCEDURE, "P0 of Web", "P0 of the web"), "warning[OUT608]"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_files_that_break_the_promise_are_found(name, monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (catch_all.check, procedure.check, routing.check, times.check))
    monkeypatch.setattr(verify, "ASKERS", ())
    edit, code = FAULTS[name]
    assert code in verified(edit, policy=TEAMS)


WRONG = {
    "nobody answers": (
        [
            (
                "ops-phone: {victorops: ops, audience: internal, pages: true}",
                "ops-phone: {victorops: ops, audience: internal}",
            )
        ],
        "error[SLA218]: ops-phone is the pager of ops, and nobody answers there\n",
    ),
    "for all teams": (
        [
            ("    closes: by-hand\n  P1:", "    closes: by-hand\n  P1:"),
            ("notify: [page, room]\n    closes: with", "notify: [page, web-pager, room]\n    closes: with"),
        ],
        "error[SLA218]: web-pager pages for every P2 already: its people would be paged twice\n",
    ),
    "no such channel": ([("pager: web-pager}", "pager: web-pages}")], "error[REF301]: there is no channel `web-pages`"),
    "no such severity": ([("{P0: ops-phone", "{P7: ops-phone")], "error[REF301]: there is no severity `P7`"),
    "one severity is missing": (
        [("{P0: ops-phone, P1: ops-pager, P2", "{P0: ops-phone, P2")],
        "error[POL274]: alerting has no `escalation`, but ",
    ),
    "all have a chain": (
        [(SHOP[1], SHOP[0]), (ALERTING[1], ALERTING[1] + "    escalation: web\n")],
        "warning[SLA219]: the pager of web pages nobody: all of its services have an `escalation`\n",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_pager_that_pages_nobody_is_found(name):
    edits, message = WRONG[name]
    assert message in said(edited(TEAMS, *edits))


def test_explain_who_and_diff_say_it(tmp_path):
    for name, text in {"old": SMALL, "new": MIXED}.items():
        (tmp_path / name / "policy").mkdir(parents=True)
        (tmp_path / name / "policy/shop.yaml").write_text(text, encoding="utf-8")
    assert alertc(tmp_path / "new", "render").returncode == 0
    explained = alertc(tmp_path / "new", "explain", "MoneyLost").stdout
    assert "web-pager is never told that it is over; people close it.\n" in explained
    assert ", the team web policy/shop.yaml:" in explained
    assert alertc(tmp_path / "new", "who", "P0", "shop").stdout == (
        "A P0 of shop pages no person by name, but:\n  web-pager: Opsgenie\nWhoever reads it there answers within 1m.\n"
    )
    assert alertc(tmp_path / "new", "who", "P1", "alerting").stdout.startswith("A P1 of alerting, ")
    changed = alertc(tmp_path / "new", "diff", str(tmp_path / "old/policy/shop.yaml")).stdout
    assert "tells Opsgenie too: one way more to be heard" in changed
