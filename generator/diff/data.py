"""The comparison for programs: JSON, in the form of `schemas/diff.schema.json`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from generator.diff.changes import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.diagnostics.diagnostic import Place, PolicyPath
    from generator.diff.changes import Changes, Entry, Facet, Subject
    from generator.diff.load import Times

VERSION = 1


def to_json(changes: Changes, places: Mapping[PolicyPath, Place]) -> str:
    """Return the differences as JSON; `places` are the places of entries in the new policy."""
    document = {
        "version": VERSION,
        "old": changes.old,
        "new": changes.new,
        "pages_alike": changes.pages_alike,
        "counts": {verdict.value: len(changes.of(verdict)) for verdict in Verdict},
        "weaker_and_not_accepted": len(changes.unaccepted),
        "notes": list(changes.notes),
        "changes": [_entry(entry, places) for entry in changes.entries],
        "loads": [
            {"person": load.person, "name": load.name, "before": _times(load.before), "after": _times(load.after)}
            for load in changes.loads
        ],
        "deploy": {
            "happens": list(changes.deploy.happens),
            "order": list(changes.deploy.order),
            "back": changes.deploy.rollback or None,
        },
        "acceptances_without_effect": [
            {"name": unfit.name, "why": unfit.why, "expired": unfit.expired} for unfit in changes.unfit
        ],
    }
    return json.dumps(document, indent=2)


def _entry(entry: Entry, places: Mapping[PolicyPath, Place]) -> dict[str, Any]:
    return {
        "subjects": [_subject(subject, places) for subject in entry.subjects],
        "example": entry.example.name if entry.example else None,
        "facets": [_facet(facet) for facet in entry.facets],
    }


def _subject(subject: Subject, places: Mapping[PolicyPath, Place]) -> dict[str, Any]:
    at = places.get(subject.route) if subject.route else None
    return {
        "kind": subject.kind,
        "name": subject.name,
        "severity": subject.severity or None,
        "service": subject.service or None,
        "entries": list(subject.entries),
        "path": at.path if at else None,
        "line": at.line if at else None,
    }


def _facet(facet: Facet) -> dict[str, Any]:
    return {
        "kind": facet.kind,
        "verdict": facet.verdict.value,
        "what": facet.said,
        "why": facet.why or None,
        "figures": list(facet.figures),
        "accepted": facet.accepted or None,
    }


def _times(times: Times) -> dict[str, float]:
    hours, nights, week_ends = times
    return {"hours_a_week": hours, "nights_a_week": nights, "week_ends_a_week": week_ends}
