"""A project in a folder, and alertc run in it as a user runs it."""

import os
import subprocess
import sys
from pathlib import Path

from tests.compiling import edited

ALERTC = Path(sys.executable).parent / "alertc"


def alertc(folder, *arguments, **environment):
    return subprocess.run(
        [ALERTC, *arguments],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def change(project, *edits):
    policy = project / "policy/shop.yaml"
    policy.write_text(edited(policy.read_text(encoding="utf-8"), *edits), encoding="utf-8")


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


CHANGED_SUMMARY = ("is off by {{ $value }}", "is wrong by {{ $value }}"), ("north is off by 7", "north is wrong by 7")

FAULTS = {
    "typo": [("    containment: stop-sales\n    page", "    containment: stop-sale\n    page")],
    "promql": [("expr: max by (till) (abs(till_difference)) > 0", "expr: max by (till) (abs(till_difference) > 0")],
    "go-template": [("summary: Till {{ $labels.till }} is", "summary: Till {{ $labels.till is")],
    "unit-test": [("fires_at: 1m15s\n        labels: {till: north}", "fires_at: 2m\n        labels: {till: north}")],
}  # fmt: skip
