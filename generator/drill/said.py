"""How a drill is told: text for people, JSON for programs, JUnit XML for CI."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from generator import duration, timing
from generator.drill.compare import one_line, written

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta

    from generator.diagnostics import Route
    from generator.drill.compare import Drilled, Row
    from generator.drill.stage import Play


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A whole drill; `lines` are where the alerts stand in the policy."""

    play: Play
    drilled: Sequence[Drilled]
    lines: Mapping[Route, str]
    seconds: float


def text(told: Told) -> Iterator[str]:
    """Yield the lines for a terminal."""
    play = told.play
    yield (
        f"A drill on Prometheus {play.prometheus.version_text} and Alertmanager {play.alertmanager.version_text}, "
        f"{_speed(play)}. Seed {play.seed}."
    )
    yield "Every time is the policy's, counted from the moment at which the condition became true."
    for one in told.drilled:
        yield ""
        yield from _alert(told, one)
    yield ""
    yield _sum(told)


def data(told: Told) -> str:
    """Return the same as JSON; times are in seconds of the policy."""
    play = told.play
    found = {
        "prometheus": play.prometheus.version_text,
        "alertmanager": play.alertmanager.version_text,
        "scale": play.scale.factor,
        "steps_scale": play.steps.factor,
        "seed": play.seed,
        "took_seconds": round(told.seconds, 3),
        "drilled": [_data(told, one) for one in told.drilled],
    }
    return json.dumps(found, ensure_ascii=False, indent=2)


def junit(told: Told) -> str:
    """Return the same as JUnit XML: a test case for each alert and scenario."""
    failed = sum(bool(one.findings) for one in told.drilled)
    counts = {"tests": str(len(told.drilled)), "failures": str(failed), "errors": "0"}
    suite = ET.Element("testsuite", {"name": "alertc drill", **counts, "time": f"{told.seconds:.3f}"})
    for one in told.drilled:
        named = {"classname": f"drill.{one.scenario}", "name": _name(one)}
        case = ET.SubElement(suite, "testcase", named)
        for finding in one.findings:
            said = finding.diagnostic
            failure = ET.SubElement(case, "failure", {"type": said.code, "message": said.message})
            failure.text = "\n".join(said.notes)
        ET.SubElement(case, "system-out").text = "\n".join(_alert(told, one))
    root = ET.Element("testsuites", counts)
    root.append(suite)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}'


# ------------------------------------------------------------------------------------------- parts


def _alert(told: Told, one: Drilled) -> Iterator[str]:
    where = told.lines.get(one.condition.promised.route, "")
    service = one.condition.labels.get("service", "")
    yield f"{_name(one)}, a {one.condition.promised.severity} of {service} ({where}): {one.scenario}"
    rows = [(_length(row.predicted.value if row.predicted else None), _seen(row), row) for row in _sorted(one.rows)]
    width = max((len(row.receiver) for _, _, row in rows), default=0)
    yield f"  {'predicted':>9}  {'observed':>9}"
    for predicted, observed, row in rows:
        yield f"  {predicted:>9}  {observed:>9}  {row.receiver:<{width}}  {_sentence(row)}"
    yield from _answer(told, one)
    unexercised = [row.predicted for row in one.rows if row.paging and row.predicted]
    if unexercised:
        yield f"  The prediction of the page: {timing.written_sum(unexercised[0].terms)}."


def _answer(told: Told, one: Drilled) -> Iterator[str]:
    promised = one.condition.timeline.acknowledged
    if promised is None:
        return
    sla = told.play.plan.severities[one.condition.promised.severity].acknowledge
    left = sla - one.answered if one.answered is not None else None
    kept = "nobody answered" if left is None else f"{_length(left)} of it were left"
    seen = "never" if one.answered is None else written(one.answered)
    said = f"the last of them has answered; the SLA is less than {_length(sla)}: {kept}"
    yield f"  {_length(promised.value):>9}  {seen:>9}  {said}"


def _sentence(row: Row) -> str:
    if row.paging:
        said = f"PagerDuty pages {' and '.join(row.people) or 'nobody'}, {row.note}"
    else:
        said = row.through + (f" ({row.note})" if row.note else "")
    shown = one_line(row.text, 60)
    return f'{said}: "{shown}"' if shown and not row.through.startswith("a call") else said


def _seen(row: Row) -> str:
    if row.observed is None:
        return "never"
    return written(row.observed) if row.kept else f"{written(row.observed)}!"


def _sorted(rows: Sequence[Row]) -> list[Row]:
    """Return the rows as they came; those that did not come stand at the end."""
    came = [row for row in rows if row.observed is not None]
    return [*sorted(came, key=lambda row: row.observed or timing.ZERO), *(row for row in rows if row.observed is None)]


def _sum(told: Told) -> str:
    count = len(told.drilled)
    messages = sum(row.observed is not None for one in told.drilled for row in one.rows)
    broken = sum(bool(one.findings) for one in told.drilled)
    alerts = f"{count} alert{'s' * (count != 1)} drilled in {told.seconds:.0f} s, {messages} messages"
    if not broken:
        return f"{alerts}: all came inside their prediction, and nobody else was told."
    return f"{alerts}: {broken} alert{'s' * (broken != 1)} broke what was promised."


def _speed(play: Play) -> str:
    if play.scale.factor == 1:
        return "at the policy's own pace"
    steps = f" (PagerDuty's steps {play.steps.factor:g} times)" if play.steps != play.scale else ""
    return f"{play.scale.factor:g} times as fast as the policy{steps}"


def _data(told: Told, one: Drilled) -> dict[str, Any]:
    promised = one.condition.timeline.acknowledged
    return {
        "alert": _name(one),
        "severity": one.condition.promised.severity,
        "service": one.condition.labels.get("service"),
        "policy": told.lines.get(one.condition.promised.route),
        "scenario": one.scenario,
        "kept": not one.findings,
        "told": [
            {
                "predicted": row.predicted.value.total_seconds() if row.predicted else None,
                "observed": round(row.observed.total_seconds(), 3) if row.observed is not None else None,
                "receiver": row.receiver,
                "through": row.through,
                "people": list(row.people),
                "text": row.text,
            }
            for row in _sorted(one.rows)
        ],
        "acknowledged": {
            "predicted": promised.value.total_seconds(),
            "observed": round(one.answered.total_seconds(), 3) if one.answered is not None else None,
            "sla": told.play.plan.severities[one.condition.promised.severity].acknowledge.total_seconds(),
        }
        if promised
        else None,
        "broken": [
            {"code": finding.diagnostic.code, "message": finding.diagnostic.message} for finding in one.findings
        ],
    }


def _name(one: Drilled) -> str:
    return one.condition.rule.name


def _length(length: timedelta | None) -> str:
    return "-" if length is None else duration.write(length)
