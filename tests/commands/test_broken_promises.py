"""The shipped policy or its templates, broken as people break them: `alertc check` says so, whole messages compared."""

import shutil

import pytest

from generator.targets.render import packaged_templates
from tests.compiling import EXCHANGE, ROOT, edited
from tests.projects import alertc

TREE = "alertmanager/alertmanager.yml.j2"

HOLD = (
    "    expr: max by (ledger) (abs(ledger_balance_delta)) > 0\n    for: 0s\n",
    "    expr: max by (ledger) (abs(ledger_balance_delta)) > 0\n    for: 3m\n",
)
NIGHT = (
    '      night: {from: 2026-01-05, hand_over: "Mon 20:00", turn: 7d, rotation: [dina, emil], daily: "20:00-08:00"}\n'
)
IN_THE_POLICY = {
    "p0-acknowledged-in-2m": [("    acknowledge: 5m\n", "    acknowledge: 2m\n")],
    "p0-with-a-hold": [HOLD],
    "p3-in-business-hours": [("    acknowledge: 24h\n", "    acknowledge: 24h\n    hours: business\n")],
    "no-night-shift": [(NIGHT, "")],
}
IN_A_TEMPLATE = {
    "wider-group": ("<% for label in route.group_by %>", "<% for label in route.group_by if label != 'service' %>"),
    "duty-does-not-continue": (
        "<%- if route.continues %>",
        "<%- if route.continues and 'draft' not in route.receiver %>",
    ),
    "no-catch-all": (
        "<%- for route in root.children %>\n<% if loop.first %>",
        "<%- for route in root.children[:-1] %>\n<% if loop.first %>",
    ),
    "inhibition-of-a-p1": (
        "<% for matcher in rule.target %>\n",
        "<% for matcher in rule.target if 'severity' not in matcher %>\n",
    ),
}


@pytest.fixture
def project(tmp_path):
    for name in ("policy", "out"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def said(project):
    ran = alertc(project, "check")
    assert ran.returncode == 1
    return ran.stderr


@pytest.mark.parametrize("name", IN_THE_POLICY)
def test_a_promise_that_cannot_be_kept(project, golden, name):
    (project / "policy/exchange.yaml").write_text(edited(EXCHANGE, *IN_THE_POLICY[name]), encoding="utf-8")
    golden.expect(f"promises/{name}.txt", said(project))


@pytest.mark.parametrize(
    "name",
    [
        # Each message is another one, which amtool renders.
        pytest.param("wider-group", marks=pytest.mark.thorough),
        *(name for name in IN_A_TEMPLATE if name != "wider-group"),
    ],
)
def test_a_template_that_breaks_a_promise(project, golden, name):
    template = project / "templates" / TREE
    template.parent.mkdir(parents=True)
    template.write_text(edited((packaged_templates() / TREE).read_text(encoding="utf-8"), IN_A_TEMPLATE[name]))
    golden.expect(f"promises/{name}.txt", said(project))
