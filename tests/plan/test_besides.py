"""Channels of teams, services and alerts are told beside those of the severity, each once."""

import pytest
import yaml

from tests.compiling import SMALL, edited, files, said
from tests.projects import alertc
from tests.verifying import verified

ROOMS = (
    "channels:\n",
    'channels:\n  web-room: {slack: "#web", audience: internal}\n  other: {slack: "#other", audience: internal}\n',
)
TEAM = "  web: {title: Web, members: [ana, bo]}\n"
SERVICE = "    public: Buying may fail.\n"
ALERT = "    severity: P0\n    expr: max by (till)"


PROCEDURE = {
    ("    notify: [web-room]\n", "", ""): "Told beside them:\n\n- Of the alerts of Web: #web.\n\n## Who is paged when",
    ("", "    notify: {P3: [other]}\n", ""): "\n- Of the alerts of shop, where they are P3: #other.\n",
    ("", "", "    notify: [other]\n"): "\n- Of MoneyLost: #other.\n",
}


def policy(team="", service="", alert="", *edits):
    return edited(
        SMALL,
        ROOMS,
        (TEAM, f"  web:\n    title: Web\n    members: [ana, bo]\n{team}"),
        (SERVICE, SERVICE + service),
        (ALERT, alert + ALERT),
        *edits,
    )


def routes(text):
    """Return matchers and receiver of the routes to the two channels."""
    tree = yaml.safe_load(files(text)["alertmanager/alertmanager.yml"])["route"]["routes"]
    found = [route for route in tree if route["receiver"] in ("web-room", "other")]
    assert all(route["continue"] for route in found)
    return [(route["receiver"], *route["matchers"][:-2]) for route in found]


def test_a_team_is_told_of_the_alerts_of_its_services():
    assert routes(policy(team="    notify: [web-room]\n")) == [
        ("web-room", f'severity="P{number}"', 'team="web"') for number in range(4)
    ]
    assert routes(policy(team="    notify: {P1: [web-room, other]}\n")) == [
        ("other", 'severity="P1"', 'team="web"'),
        ("web-room", 'severity="P1"', 'team="web"'),
    ]


def test_a_channel_is_told_once_whoever_names_it():
    text = policy("    notify: {P1: [web-room]}\n", "    notify: [web-room, room]\n", "    notify: [web-room]\n")
    assert routes(text) == [
        ("web-room", 'severity="P0"', 'service="shop"'),
        ("web-room", 'severity="P1"', 'team="web"'),
        ("web-room", 'severity="P2"', 'service="shop"'),
        ("web-room", 'severity="P3"', 'service="shop"'),
    ]


def test_an_alert_has_channels_of_its_own_and_so_has_what_watches_its_series():
    assert routes(policy(alert="    notify: [other]\n")) == [
        ("other", 'severity="P0"', 'alertname="MoneyLost"', 'service="shop"'),
        ("other", 'severity="P1"', 'alertname="MoneyLostNoData"', 'service="shop"'),
    ]


@pytest.mark.parametrize("where", PROCEDURE)
def test_what_is_rendered_is_proven_and_explained(project, where):
    (project / "policy" / "shop.yaml").write_text(policy(*where))
    rendered = alertc(project, "render")
    assert (rendered.returncode, rendered.stderr) == (0, "")
    procedure = (project / "out" / "docs" / "incident-response.md").read_text()
    assert PROCEDURE[where] in procedure


def test_explain_names_the_rooms(project):
    (project / "policy" / "shop.yaml").write_text(policy(alert="    notify: [other]\n"))
    assert "other" in alertc(project, "explain", "MoneyLost").stdout


def test_a_template_that_leaves_the_route_out_is_found():
    text = policy(alert="    notify: [other]\n")
    rendered = files(text)["alertmanager/alertmanager.yml"]
    begin = rendered.index("    # P0 of MoneyLost and shop is told to other too.")
    route = rendered[begin : rendered.index("    # P1 of MoneyLostNoData", begin)]
    found = verified(("alertmanager/alertmanager.yml", route, ""), policy=text, tests="none")
    assert "error[RTE601]: P0 MoneyLost of shop would not reach other" in found


@pytest.mark.parametrize(
    ("team", "expected"),
    [
        ("    notify: [web-rom]\n", "error[REF301]: there is no channel `web-rom`\n"),
        ("    notify: {P5: [web-room]}\n", "error[REF301]: there is no severity `P5`\n"),
        ("    notify: [page]\n", "error[REF301]: there is no channel `page`\n"),
        ("    notify: web-room\n", "error[POL203]: `notify` must be a list or a mapping"),
        ("    notify: []\n", "error[POL20"),
    ],
)
def test_what_cannot_be_is_refused(team, expected):
    assert said(policy(team=team)).startswith(expected)
