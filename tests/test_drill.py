"""`alertc drill` on the real programs: what it prints where all is well, and what it says where something is broken."""

from __future__ import annotations

import json
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from tests.compiling import EXCHANGE, ROOT, edited
from tests.test_cli import alertc

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.network

ALERT = "BalanceConservationViolated"
TREE = "alertmanager/alertmanager.yml.j2"
ROUTE, KEY = "- receiver: << route.receiver | scalar >>", "routing_key_file: << receiver.secret | scalar >>"
IN_A_TEMPLATE = {
    "wrong-receiver": (ROUTE, ROUTE.replace("|", "| replace('page-funds-P0', 'page-trading-P0') |")),
    "wrong-key-file": (KEY, KEY.replace("|", "| replace('funds-P0', 'fund-P0') |")),
    "wrong-service": (KEY, KEY.replace("|", "| replace('funds-P0', 'trading-P0') |")),
    "failing-template": ('template "alertc.pagerduty.description"', 'template "alertc.pagerduty.descripton"'),
    "leak": ("title: '{{ template \"alertc.public.title\" . }}'", "title: '{{ .CommonAnnotations.summary }}'"),
}


ALONE = ("    peers: 2\n", "    peers: 1\n"), ("  survive: [alertmanager-peer-lost]\n", "")
BROKEN = {
    **dict.fromkeys(IN_A_TEMPLATE, ()),
    "slow-receiver": ("--slow", "page-funds-P0=2m"),
    "dead-peer": ("--scenario", "lost-peer"),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "policy", tmp_path / "policy")
    return tmp_path


def test_what_is_broken_is_found_in_the_act(tmp_path, golden, subtests):
    """All side by side: most of the time of a drill is waiting."""
    with ThreadPoolExecutor(4) as side_by_side:
        drills = {name: side_by_side.submit(drill_of_broken, tmp_path / name, name) for name in BROKEN}
    for name, drill in drills.items():
        with subtests.test(name):
            ran = drill.result()
            assert ran.returncode == 1, ran.stdout + ran.stderr
            assert ran.stdout.endswith(": 1 broke what was promised.\n")
            golden.expect(f"drills/{name}.txt", re.sub(r"after \dm\d+s,", "after SOME TIME,", ran.stderr))


def drill_of_broken(folder: Path, name: str) -> Any:
    (folder / "policy").mkdir(parents=True)
    edits = ALONE if name == "dead-peer" else ()
    (folder / "policy/exchange.yaml").write_text(edited(EXCHANGE, *edits), encoding="utf-8")
    if name in IN_A_TEMPLATE:
        text = (ROOT / "templates" / TREE).read_text(encoding="utf-8")
        (folder / "templates/alertmanager").mkdir(parents=True)
        (folder / "templates" / TREE).write_text(edited(text, IN_A_TEMPLATE[name]), encoding="utf-8")
    return alertc(folder, "drill", ALERT, "--scale", "30", *BROKEN[name])


# ------------------------------------------------------------------------------------------- all scenarios


def test_every_scenario_keeps_to_its_prediction(project):
    ran = alertc(project, "drill", ALERT, "--all-scenarios", "--format", "json")
    assert (ran.returncode, ran.stderr) == (0, "")
    found = json.loads(ran.stdout)
    assert found["not_played"] == []
    assert all(row["kept"] for one in found["drilled"] for row in one["told"])

    def seen(name):
        of_it = (one for one in found["drilled"] if one["scenario"] == name)
        return [(row["kind"], row["receiver"]) for one in of_it for row in one["told"]]

    everybody = {"trading-halt", "status-draft", "incident-room", "page-funds-P0"}
    for scenario in ("lost-peer", "prometheus-restart", "hanging-receiver", "joiner"):
        assert sorted(seen(scenario)) == sorted(("first", name) for name in everybody)
    assert [name for _, name in seen("page-and-escalate")].count("page-funds-P0") == 3
    assert sorted(seen("resolution")) == sorted(
        [("resolved", "incident-room"), *(("silent", name) for name in everybody - {"incident-room"})]
    )
    assert seen("reminder") == [("again", "status-draft")]
    assert [kind for kind, _ in seen("halt")] == ["again", "silent", "back"]
    assert [kind for kind, _ in seen("inhibition")] == ["silent", "silent", "first", "first"]
    assert seen("heartbeat") == [("again", "dead-mans-switch"), ("last", "dead-mans-switch")]
    assert seen("unknown-alert") == [("first", "unrouted")]


def test_junit_has_a_case_for_each_drill(project):
    ran = alertc(project, "drill", "--scenario", "unknown-alert", "--format", "junit", ALERT)
    assert ran.returncode == 0, ran.stderr
    (case,) = ET.fromstring(ran.stdout).iter("testcase")
    assert case.attrib == {"classname": "drill.unknown-alert", "name": "UnknownToThePolicy"}
    assert case.find("failure") is None
    assert "unrouted" in (case.findtext("system-out") or "")
