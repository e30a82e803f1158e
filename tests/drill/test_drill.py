"""`alertc drill` on the real programs: what it prints where all is well, and what it says where something is broken."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest

from generator.drill.scenarios import SCENARIOS
from tests.alertmanager import SUITES, program
from tests.compiling import EXCHANGE, ROOT, SMALL, edited
from tests.projects import alertc

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
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
    "leak": (
        "<< ('{{ template \"alertc.public.title\" . }}' ~ for) | scalar >>",
        "'{{ .CommonAnnotations.summary }}'",
    ),
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


@pytest.mark.realtime
def test_drills_side_by_side(tmp_path, golden, subtests):
    """What is broken is found in the act; what is not, keeps to the prediction. Most of it is waiting."""
    for suite in SUITES:
        program(suite, "alertmanager")  # fetched where it is not there yet
    with ThreadPoolExecutor(6) as side_by_side:
        played = {name: side_by_side.submit(play, tmp_path / name) for name, play in KEPT.items()}
        drills = {name: side_by_side.submit(drill_of_broken, tmp_path / name, name) for name in BROKEN}
    for name, drill in drills.items():
        with subtests.test(name):
            ran = drill.result()
            assert ran.returncode == 1, ran.stdout + ran.stderr
            assert ran.stdout.endswith(": 1 broke what was promised.\n")
            head = ran.stdout.partition(". Seed ")[0]
            slow = ", page-funds-P0 answers 2m late" if name == "slow-receiver" else ""
            assert head.endswith(f", 30 times as fast as the policy{slow}")
            golden.expect(f"drills/{name}.txt", re.sub(r"after \dm\d+s,", "after SOME TIME,", ran.stderr))
    for name, drill in played.items():
        with subtests.test(name):
            drill.result()


def drill_of_broken(folder: Path, name: str) -> Any:
    policy(folder, edited(EXCHANGE, *(ALONE if name == "dead-peer" else ())))
    if name in IN_A_TEMPLATE:
        text = (ROOT / "templates" / TREE).read_text(encoding="utf-8")
        (folder / "templates/alertmanager").mkdir(parents=True)
        (folder / "templates" / TREE).write_text(edited(text, IN_A_TEMPLATE[name]), encoding="utf-8")
    return alertc(folder, "drill", ALERT, "--scale", "30", *BROKEN[name])


def policy(folder: Path, text: str) -> None:
    (folder / "policy").mkdir(parents=True)
    (folder / "policy/exchange.yaml").write_text(text, encoding="utf-8")


def in_a_generation(suite: str, folder: Path) -> None:
    policy(folder, EXCHANGE)
    ran = alertc(folder, "drill", ALERT, "--format", "json", "--scale", "30", ALERTC_GENERATION=suite)
    assert (ran.returncode, ran.stderr) == (0, "")
    found = json.loads(ran.stdout)
    assert found["alertmanager"] == program(suite, "alertmanager").version_text
    (only,) = found["drilled"]
    assert len(only["told"]) == 6
    assert all(row["kept"] for row in only["told"])


def in_real_time(folder: Path) -> None:
    """A policy so quick that it can be waited for; its room reads e-mail."""
    policy(folder, QUICK)
    ran = alertc(folder, "drill", "MoneyLost", "--real-time", "--format", "json")
    assert (ran.returncode, ran.stderr) == (0, "")
    found = json.loads(ran.stdout)
    assert found["scale"] == 1
    (only,) = found["drilled"]
    told = {row["receiver"]: row for row in only["told"]}
    # The value is that of the alert's own test, and its label too.
    assert told["page-web-P0"]["text"] == "[P0] Till north is off by 7"
    assert told["room"]["through"] == "e-mail to shop@shop.example"
    assert told["room"]["text"].startswith("[P0] MoneyLost · shop\n*Till north is off by 7*\n")


def an_unknown_alert(folder: Path) -> None:
    policy(folder, EXCHANGE)
    ran = alertc(folder, "drill", "--scenario", "unknown-alert", "--format", "junit", ALERT)
    assert ran.returncode == 0, ran.stderr
    case, skipped = ET.fromstring(ran.stdout).iter("testcase")
    assert skipped.attrib == {"classname": "drill.unknown-alert", "name": ALERT}
    assert [reason.attrib for reason in skipped] == [{"message": "the policy knows it"}]
    assert case.attrib == {"classname": "drill.unknown-alert", "name": "UnknownToThePolicy"}
    assert case.find("failure") is None
    assert "unrouted" in (case.findtext("system-out") or "")


def one_of_two(folder: Path) -> None:
    """What a scenario leaves out of the alerts named is said."""
    policy(folder, EXCHANGE)
    ran = alertc(folder, "drill", ALERT, "InstanceDown", "--scenario", "halt")
    assert (ran.returncode, ran.stderr) == (0, "")
    *_, left, told = ran.stdout.splitlines()
    assert left == "not played: InstanceDown (it calls no machine)"
    assert re.sub(r"in \d+ s", "in N s", told) == (
        "1 drill in N s: everything came inside its prediction, and nobody else was told."
    )


def nobody_is_paged(folder: Path) -> None:
    policy(folder, SMALL)
    ran = alertc(folder, "drill", "CertificateExpiring", "--scale", "60")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "CertificateExpiring, a P3 of shop (policy/exchange.yaml:175): it fires: who is told\n" in ran.stdout


QUICK = edited(
    SMALL,
    (
        "scrape: 15s, scrape_timeout: 10s, evaluate: 15s, alertmanager_timeout: 10s",
        "scrape: 2s, scrape_timeout: 2s, evaluate: 2s, alertmanager_timeout: 2s",
    ),
    ("    every: 15s\n", "    every: 2s\n"),
    ("    answer_in: 1m\n", "    answer_in: 5s\n"),
    ("    - {page: person/cy, by: 80%, as: incident-commander}\n", ""),
    ("secrets}", 'secrets, smtp: {smarthost: "mail.shop.example:25", from: alerts@shop.example}}'),
    ('slack: "#shop"', "email: shop@shop.example"),
    ('till="north"}\': 0x4 7x10}\n        fires_at: 1m15s', 'till="north"}\': 0x4 7x10}\n        fires_at: 10s'),
    ("0.5x10}, fires_at: 1m15s", "0.5x10}, fires_at: 10s"),
)
KEPT: Mapping[str, Callable[[Path], None]] = {
    **{suite: partial(in_a_generation, suite) for suite in SUITES[1:]},
    "real-time": in_real_time,
    "unknown-alert": an_unknown_alert,
    "one-of-two": one_of_two,
    "nobody-is-paged": nobody_is_paged,
}


# ------------------------------------------------------------------------------------------- what is not played


def test_a_drill_that_plays_nothing_says_why(project):
    ran = alertc(project, "drill", "InstanceDown", "--scenario", "halt")
    assert (ran.returncode, ran.stderr) == (2, "")
    assert ran.stdout == (
        "not played: InstanceDown (it calls no machine)\n"
        "nothing was played: no alert that was asked for has a part in a scenario that was asked for.\n"
    )
    ran = alertc(project, "drill", "InstanceDown", "--scenario", "halt", "--format", "json")
    found = json.loads(ran.stdout)
    assert (ran.returncode, found["nothing_played"], found["drilled"]) == (2, True, [])
    assert found["not_played"] == [{"scenario": "halt", "alert": "InstanceDown", "reason": "it calls no machine"}]
    ran = alertc(project, "drill", "InstanceDown", "--scenario", "halt", "--format", "junit")
    assert ran.returncode == 2
    assert re.sub(r'time="[^"]+"', 'time="T"', ran.stdout) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<testsuites tests="1" failures="0" errors="0" skipped="1">\n'
        '  <testsuite name="alertc drill" tests="1" failures="0" errors="0" skipped="1" time="T">\n'
        '    <testcase classname="drill.halt" name="InstanceDown">\n'
        '      <skipped message="it calls no machine" />\n'
        "    </testcase>\n"
        "  </testsuite>\n"
        "</testsuites>\n"
    )


def test_each_scenario_names_what_it_leaves_out(project):
    ran = alertc(project, "drill", "InstanceDown", "--scenario", "halt", "--scenario", "reminder")
    assert (ran.returncode, ran.stderr) == (2, "")
    assert ran.stdout == (
        "not played in halt: InstanceDown (it calls no machine)\n"
        "not played in reminder: InstanceDown (no duty has anybody reminded of it)\n"
        "nothing was played: no alert that was asked for has a part in a scenario that was asked for.\n"
    )


# ------------------------------------------------------------------------------------------- all scenarios


@pytest.mark.realtime
def test_every_scenario_keeps_to_its_prediction(project):
    ran = alertc(project, "drill", ALERT, "--all-scenarios", "--scale", "20", "--format", "json")
    assert (ran.returncode, ran.stderr) == (0, "")
    found = json.loads(ran.stdout)
    assert found["not_played"] == [
        {"scenario": "heartbeat", "alert": ALERT, "reason": "it is not the heartbeat"},
        {"scenario": "unknown-alert", "alert": ALERT, "reason": "the policy knows it"},
    ]
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


# ------------------------------------------------------------------------------------------- what the docs show


SHOWN = re.compile(r"<!-- drill -->\n```\n(.*?)```", re.DOTALL)
VARYING = (
    (r"(Prometheus|Alertmanager) \d+\.\S+\d", r"\1 VERSION"),
    (r"Seed \d+", "Seed N"),
    (r":\d+\)", ":LINE)"),
    (r"(?m)^( +\w+ +)\w+(?=  )", r"\1SOON"),
    (r"pages [^(]+ \(", "pages SOMEBODY ("),
    (r"\w+ were left", "SOME were left"),
    (r"in \d+ s:", "in N s:"),
)


@pytest.mark.realtime
def test_make_drill_prints_what_the_docs_show():
    """But for what depends on the day, on chance and on the machine."""
    ran = subprocess.run(["make", "drill"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    (shown,) = SHOWN.findall((ROOT / "docs/drill.md").read_text(encoding="utf-8"))
    printed = ran.stdout[ran.stdout.index("A drill on ") :]
    for pattern, word in VARYING:
        shown, printed = re.sub(pattern, word, shown), re.sub(pattern, word, printed)
    # How wide the column of the times is depends on them.
    assert re.sub(r" +SOON", " SOON", printed) == re.sub(r" +SOON", " SOON", shown)


def test_the_docs_list_the_scenarios():
    text = (ROOT / "docs/drill.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE) == list(SCENARIOS)


# ------------------------------------------------------------------------------------------- what changed


@pytest.mark.realtime
def test_only_what_changed_is_drilled(project):
    for command in (["git", "init", "-q"], ["git", "config", "user.name", "a"], ["git", "config", "user.email", "a@b"]):
        subprocess.run(command, cwd=project, check=True)
    ran = alertc(project, "drill", "--changed")
    assert (ran.returncode, ran.stdout) == (3, "")
    assert "alertc: what changed cannot be told: git says of out: " in ran.stderr
    shutil.copytree(ROOT / "out", project / "out")
    subprocess.run(["git", "add", "-A"], cwd=project, check=True)
    subprocess.run(["git", "commit", "-qm", "all"], cwd=project, check=True)
    ran = alertc(project, "drill", "--changed")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (
        "Nothing to drill: no alert is another than in git's HEAD.\n"
        "Compared: each alert's rule, routes, time intervals and receivers, and its service, escalation and schedules "
        "in PagerDuty. Not compared: inhibition rules, and what message templates say.\n"
    )
    told = json.loads(alertc(project, "drill", "--changed", "--format", "json").stdout)
    assert [told["nothing_played"], told["drilled"], told["notes"]] == [True, [], ran.stdout.splitlines()]
    (case,) = ET.fromstring(alertc(project, "drill", "--changed", "--format", "junit").stdout).iter("testcase")
    assert [skipped.get("message") for skipped in case] == [" ".join(ran.stdout.splitlines())]
    edits = (
        ("Ledger {{ $labels.ledger }} is off", "Book {{ $labels.ledger }} is off"),
        ("says: Ledger spot", "says: Book spot"),
    )
    (project / "policy/exchange.yaml").write_text(edited(EXCHANGE, *edits), encoding="utf-8")
    ran = alertc(project, "drill", "--changed", "--format", "json", "--scale", "30")
    assert ran.returncode == 0, ran.stderr
    (only,) = json.loads(ran.stdout)["drilled"]
    assert only["alert"] == ALERT
    assert [row["text"] for row in only["told"] if row["receiver"] == "page-funds-P0"][:1] == [
        "[P0] Book spot is off by 1"
    ]
