"""What commands say of a policy that names its labels: what they say of the same policy under the usual names."""

import contextlib
import json
import re

import pytest

from generator.policy.label_names import USUAL
from tests.alertmanager import SUITES
from tests.chosen_labels import ALL, choosing
from tests.compiling import SMALL, edited
from tests.live import Deviant, Running, start_alertmanager, start_prometheus
from tests.projects import alertc

LEFT_AS_THEY_ARE = edited(SMALL, ("\nseverities:\n", "\nlabels: {service: service}\n\nseverities:\n"))
AUDIT = ("audit", "out/prometheus/rules", "--alertmanager", "out/alertmanager/alertmanager.yml")


@pytest.fixture(scope="module")
def projects(tmp_path_factory):
    """The policy under the usual names and under others, rendered; all lines have the same numbers."""
    made = []
    for policy in (LEFT_AS_THEY_ARE, choosing(ALL)):
        folder = tmp_path_factory.mktemp("project")
        (folder / "policy").mkdir()
        (folder / "policy/shop.yaml").write_text(policy, encoding="utf-8")
        rendered = alertc(folder, "render")
        assert (rendered.returncode, rendered.stderr) == (0, "")
        made.append(folder)
    return tuple(made)


def both(projects, *arguments):
    ran = [alertc(folder, *arguments) for folder in projects]
    assert ran[0].returncode == ran[1].returncode
    return tuple(one.stdout + one.stderr for one in ran)


@pytest.mark.parametrize(
    "arguments",
    [
        ("check",),
        ("check", "--mutate"),
        ("who", "P0", "shop", "--at", "2026-06-01T12:00"),
    ],
    ids=" ".join,
)
def test_what_names_no_label_is_said_word_for_word(projects, arguments):
    usual, chosen = both(projects, *arguments)
    assert chosen == usual


def test_explain_says_the_same_of_each_alert(projects):
    for alert in ("MoneyLost", "ErrorsHigh", "CertificateExpiring", "Heartbeat", "ResolutionOverdue", "PostMortemDue"):
        usual, chosen = map(json.loads, both(projects, "explain", alert, "--format", "json"))
        for one in (usual, chosen):
            one["incident_labels"] = sorted(map(usually, one["incident_labels"] or ()))
            one["silenced_while"] = [
                [re.sub(r"^\w+", lambda name: usually(name[0]), matcher) for matcher in source]
                for source in one["silenced_while"]
            ]
            one["labels"] = {usually(name): value for name, value in one["labels"].items()}
        assert chosen == usual


def usually(name):
    """Return the usual name of a label."""
    return {chosen: usual for usual, chosen in ALL.names.items()}.get(name, name)


def test_explain_reads_labels_by_the_chosen_names(projects, golden):
    usual, chosen = projects
    labels = "severity=P0,escalation=web,environment=production"
    told = alertc(usual, "explain", "--labels", labels).stdout
    for name in ("severity", "escalation", "environment"):
        labels = labels.replace(name, ALL.names[name])
    assert alertc(chosen, "explain", "--labels", labels).stdout.count("page-web-P0") == told.count("page-web-P0") > 0
    golden.expect("labels/explain.txt", alertc(chosen, "explain", "--labels", "level=P1,app=shop").stdout)


def test_the_report_says_the_same_times(projects):
    both(projects, "report")
    usual, chosen = (_words((folder / "report.html").read_text(encoding="utf-8")) for folder in projects)
    for name, other in USUAL.as_in(ALL).items():
        usual = re.sub(rf"\b{name}(?=[=!]~?&(quot|#34);)", other, usual)
    assert chosen == usual


def _words(page):
    """Return a page without the places of what is drawn, which are those of longer or shorter words."""
    return re.sub(r'(<path d|<rect [^>]*|\b(?:x|y|viewBox|width|height))="[^"]*"', "", page)


def test_an_audit_by_the_policy_reads_the_chosen_names(projects):
    usual, chosen = both(projects, *AUDIT, "--promise", "policy/shop.yaml")
    usual = usual.replace("severity=", "level=").replace("no label team or owner", "no label squad or team or owner")
    assert chosen == usual.replace("owner or squad", "owner")


@pytest.mark.network
def test_what_runs_is_held_against_the_chosen_names(tmp_path):
    policy, suite = choosing(ALL), SUITES[0]
    servers = Running()
    with contextlib.ExitStack() as stack:
        for name, deviant in {"chosen": Deviant(policy=policy), "usual": Deviant()}.items():
            folder = tmp_path / name
            folder.mkdir()
            servers.urls[f"alertmanager-{name}"] = start_alertmanager(stack, suite, folder, deviant, [])
            servers.urls[f"prometheus-{name}"] = start_prometheus(stack, suite, folder, deviant, {})
        kept = servers.said(policy, tmp_path, prometheus="prometheus-chosen", alertmanager="alertmanager-chosen")
        lost = servers.said(policy, tmp_path, prometheus="prometheus-usual", alertmanager="alertmanager-usual")
    assert not re.search(r"error\[LIV80[457]|LIV81[01]", kept), kept
    assert "P0 MoneyLost goes not to halt, status-draft, room and page-web-P0 but to unrouted" in lost, lost
    assert "the label level is missing; the label severity is `P0`, which no file says" in lost, lost
