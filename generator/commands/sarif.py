"""Findings as SARIF 2.1.0, which GitHub's code scanning and other programs read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from generator import __version__
from generator.commands import codes
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import Diagnostic, Level, Place

if TYPE_CHECKING:
    from collections.abc import Iterable

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"

MOST_RESULTS = 5000
"""GitHub's code scanning looks at no more results of a run ("SARIF support for code scanning", its documentation)."""

_LEVELS = tuple(Level)


def to_sarif(diagnostics: Iterable[Diagnostic], policy: str, folder: Path) -> str:
    """Return a SARIF log, ASCII only, with at most MOST_RESULTS results, the worst first.

    Uris are relative to `folder`, absolute outside of it. A finding without a place concerns the file `policy` as a
    whole: each result needs a place. Columns count characters from 1, `endColumn` is the first one after.
    """
    findings = sorted(formats.ordered(diagnostics), key=lambda finding: _LEVELS.index(finding.level))
    shown, left = findings[:MOST_RESULTS], len(findings) - MOST_RESULTS
    rules = sorted({finding.code for finding in shown})
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "alertc", "version": __version__, "rules": list(map(_rule, rules))}},
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [_left_out(left)] if left > 0 else [],
                    }
                ],
                "results": [
                    {
                        "ruleId": finding.code,
                        "ruleIndex": rules.index(finding.code),
                        "level": finding.level.value,
                        "message": {"text": formats.in_full(finding)},
                        "locations": [_location(finding.place or finding.artifact or Place(path=policy), folder)],
                    }
                    for finding in shown
                ],
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def _rule(code: str) -> dict[str, Any]:
    explained = codes.code(code)
    return {
        "id": code,
        "shortDescription": {"text": explained.title},
        "fullDescription": {"text": explained.meaning},
        "help": {"text": explained.meaning},
    }


def _left_out(count: int) -> dict[str, Any]:
    findings = "finding was" if count == 1 else "findings were"
    text = f"{count:,} more {findings} left out: at most {MOST_RESULTS:,} are written, the worst first"
    return {"level": "warning", "message": {"text": text}}


def _location(at: Place, folder: Path) -> dict[str, Any]:
    region: dict[str, int] = {"startLine": max(at.line, 1)}
    if at.line and at.column:
        region |= {"startColumn": at.column, "endColumn": at.column + at.width}
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(at.path, folder)}, "region": region}}


def _uri(path: str, folder: Path) -> str:
    whole = Path(os.path.normpath(folder / path))
    if not whole.is_relative_to(folder):
        return whole.as_uri()
    # A colon, too, is quoted: what stands before one would be read as a scheme.
    return quote(os.fsencode(whole.relative_to(folder).as_posix()))
