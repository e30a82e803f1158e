"""docs/commands.md names every command, and docs/loading.md lists what Alertmanager reads."""

import re
import subprocess

from generator.cli import alertc
from tests.compiling import ROOT


def test_every_command_is_named_and_no_other():
    text = (ROOT / "docs/commands.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `alertc ([a-z-]+)", text, re.MULTILINE)) == set(alertc.commands)


def test_the_files_that_alertmanager_reads_are_listed():
    text = (ROOT / "docs/loading.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"`(grep [^`]+)`", " ".join(text.split()))
    ran = subprocess.run(command, shell=True, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "/etc/alertmanager/secrets/pagerduty-funds-P0" in ran.stdout.splitlines()
