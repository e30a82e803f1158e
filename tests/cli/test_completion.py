"""The shell completes commands and the names that the policy knows."""

import os
import shutil
import subprocess

import pytest

from tests.compiling import ROOT, SMALL
from tests.projects import ALERTC, alertc


@pytest.fixture
def project(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def completed(project, *words):
    """Return what a bash in which the completion was set up offers for the last word."""
    quoted = " ".join(f"'{word}'" for word in words)
    script = (
        'eval "$(alertc completion bash)"\n'
        f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}\n"
        '_alertc_completion alertc\nprintf "%s\\n" "${COMPREPLY[@]}"'
    )
    ran = subprocess.run(
        ["bash", "-c", script],
        cwd=project,
        env={**os.environ, "PATH": f"{ALERTC.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stderr == ""
    return ran.stdout.split()


def test_commands_are_completed(project):
    assert completed(project, "alertc", "explain") == ["explain", "explain-code"]


def test_alerts_of_the_policy_are_completed_in_any_letter_case(project):
    assert completed(project, "alertc", "explain", "mo") == ["MoneyLost"]
    assert completed(project, "alertc", "graph", "Ser") == ["ServiceDown"]


def test_alerts_that_the_compiler_made_are_completed_too(project):
    assert completed(project, "alertc", "explain", "Hea") == []
    shutil.copytree(ROOT / "out", project / "out")
    assert completed(project, "alertc", "explain", "Hea") == ["Heartbeat"]


def test_severities_services_and_codes_are_completed(project):
    assert completed(project, "alertc", "who", "") == ["P0", "P1", "P2", "P3"]
    assert completed(project, "alertc", "who", "P0", "s") == ["shop"]
    assert completed(project, "alertc", "explain", "MoneyLost", "--service", "s") == ["shop"]
    assert "SLA201" in completed(project, "alertc", "explain-code", "sla2")


@pytest.mark.parametrize("policy", ["a: [", "alerts: no", ""])
def test_where_the_policy_cannot_be_read_nothing_is_said(project, policy):
    (project / "policy/shop.yaml").write_text(policy, encoding="utf-8")
    assert completed(project, "alertc", "explain", "M") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_gets_its_script_and_where_it_goes(tmp_path, shell):
    ran = alertc(tmp_path, "completion", shell)
    assert (ran.returncode, ran.stderr) == (0, "")
    first, second, *script = ran.stdout.splitlines()
    assert first == f"# Completion of alertc for {shell}. To have it always:"
    assert f"alertc completion {shell}" in second
    assert "_ALERTC_COMPLETE" in "\n".join(script)


SHOP = ("CertificateExpiring", "ErrorsHigh", "MoneyLost", "ServiceDown")


def test_what_a_shell_would_run_is_never_completed(project):
    rules = project / "out/prometheus/rules"
    rules.mkdir(parents=True)
    (rules / "shop.yaml").write_text("- alert: $(id)\n- alert: a;id\n- alert: a\x1b[2J\n- alert: 'Zebra'\n")
    policy = project / "policy/shop.yaml"
    policy.write_text(policy.read_text().replace("\nalerts:\n", '\nalerts:\n  "`id`": {}\n  "Z*": {}\n'))
    assert completed(project, "alertc", "explain", "") == [*SHOP, "Zebra"]


def test_names_are_read_from_files_of_the_project_alone(project):
    rules = project / "out/prometheus/rules"
    rules.mkdir(parents=True)
    (project.parent / "elsewhere.yaml").write_text("- alert: Zebra\n")
    (rules / "theirs.yaml").symlink_to(project.parent / "elsewhere.yaml")
    (rules / "endless.yaml").symlink_to("/dev/zero")
    os.mkfifo(rules / "fifo.yaml")
    assert completed(project, "alertc", "explain", "Z") == []
