"""However a drill ends, nothing of it is left; what it lacks, it says; nobody outside this machine is called."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from generator.behaviour.documents import ALERTMANAGER
from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.drill import scaled
from generator.drill.clock import Scale
from tests.alertmanager import LIMIT, shipped
from tests.compiling import ROOT
from tests.projects import ALERTC, alertc

ALERT = "BalanceConservationViolated"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "policy", tmp_path / "policy")
    return tmp_path


@pytest.mark.network
@pytest.mark.realtime
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_no_program_outlives_a_drill(project, number, code):
    temporary = project / "temporary"
    temporary.mkdir()
    drill = subprocess.Popen(
        [ALERTC, "drill", ALERT],
        cwd=project,
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    with drill:
        wait_until(lambda: {"prometheus", "prometheus-alertmanager"} <= {name for name, _ in started(temporary)})
        drill.send_signal(number)
        said = drill.communicate(timeout=LIMIT)[1].decode()
    assert drill.returncode == code
    assert "Traceback" not in said
    wait_until(lambda: not started(temporary))
    if number != signal.SIGKILL:
        assert list(temporary.iterdir()) == []


def started(folder: Path) -> list[tuple[str, int]]:
    """The programs that were told to work in a folder: what they are called, and their numbers."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            argv = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it has just ended
        if any(str(folder) in part for part in argv):
            found.append((Path(argv[0]).name, int(process.name)))
    return found


def wait_until(wanted) -> None:
    ends = time.monotonic() + LIMIT
    while not wanted():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_programs_that_are_missing_are_told(project):
    ran = alertc(project, "drill", ALERT, ALERTC_CACHE=str(project / "empty"), PATH=str(project))
    assert (ran.returncode, ran.stdout) == (3, "")
    assert ran.stderr == (
        "alertc: prometheus was not found\n"
        "help: run `alertc tools --fetch`, or install it and put it on the PATH, or name it in ALERTC_PROMETHEUS\n"
    )


@pytest.mark.network
@pytest.mark.skipif(
    Path("/usr/share/prometheus/alertmanager/default.tmpl").exists(),
    reason="Alertmanager is installed here: it finds its templates without a namespace",
)
def test_a_namespace_that_cannot_be_had_is_told(project):
    ran = alertc(project, "drill", ALERT, PATH=str(project), ALERTC_GENERATION="bookworm")
    assert (ran.returncode, ran.stdout) == (3, "")
    said, help = ran.stderr.splitlines()
    assert re.sub(r"\S+/prometheus-alertmanager", "PROGRAM", said) == (
        "alertc: PROGRAM cannot be run: it reads /usr/share/prometheus/alertmanager/default.tmpl, which does not "
        "exist, and no private mount namespace can be made to put it there (unshare cannot be started: No such file "
        "or directory)"
    )
    assert help == (
        "help: allow user namespaces, run as root, install the package prometheus-alertmanager, or name a release of "
        "Alertmanager in ALERTC_ALERTMANAGER"
    )


def scaled_alertmanager(text: str, tmp_path: Path) -> str:
    artifact = next(one for one in shipped().artifacts if one.path == ALERTMANAGER)
    addressed = scaled.Addressed(folder=tmp_path, url="http://127.0.0.1:1", mail="127.0.0.1:2")
    known = scaled.known_secrets(shipped().plan)
    return scaled.alertmanager(replace(artifact, text=text), Scale(factor=15), addressed, known)


def text_of_alertmanager() -> str:
    return next(one.text for one in shipped().artifacts if one.path == ALERTMANAGER)


def test_nobody_outside_this_machine_is_called(tmp_path):
    """Whatever a user's template adds: proxies, other addresses, mail."""
    text = text_of_alertmanager()
    text = text.replace(
        "global:\n", "global:\n  slack_api_url: https://hooks.example/x\n  smtp_smarthost: mail.example:25\n"
    )
    text = text.replace(
        "        http_config:\n",
        "        http_config:\n          proxy_url: http://proxy.example:3128\n          oauth2:\n"
        "            token_url: https://login.example/token\n",
    )
    text = text.replace(
        "  - name: operations-room\n",
        "  - name: operations-room\n    email_configs:\n      - to: a@b.example\n        smarthost: mail.example:25\n",
    )
    played = scaled_alertmanager(text, tmp_path)
    assert "proxy.example" not in played
    assert "login.example" not in played
    assert "mail.example" not in played
    hosts = {urlsplit(url).hostname for url in re.findall(r"https?://[^\s'\"]+", played)}
    assert hosts == {"127.0.0.1"}


def test_a_receiver_that_no_drill_plays_is_refused(tmp_path):
    text = text_of_alertmanager().replace(
        "  - name: operations-room\n", "  - name: operations-room\n    sns_configs:\n      - topic_arn: a\n"
    )
    with pytest.raises(EnvironmentProblem) as refused:
        scaled_alertmanager(text, tmp_path)
    assert refused.value.message == "the receiver operations-room sends by `sns_configs`, which a drill does not play"
    assert refused.value.help == (
        "drills play `pagerduty_configs`, `slack_configs`, `webhook_configs`, `email_configs`, `msteams_configs`, "
        "`msteamsv2_configs`, `discord_configs`, `opsgenie_configs` and `victorops_configs`"
    )


def test_what_is_not_scaled_stays_to_the_letter(tmp_path):
    before, after = text_of_alertmanager(), scaled_alertmanager(text_of_alertmanager(), tmp_path)
    for word in ("receiver", "matchers", "group_by", "continue", "channel", "title", "text", "severity", "equal"):
        assert len(re.findall(rf"\b{word}:", before)) == len(re.findall(rf"\b{word}:", after))
    assert "group_wait: '333ms'" in after
    assert "group_interval: '1000ms'" in after
    assert "repeat_interval: '19267ms'" in after  # 4m55s
