"""How a drill is told: text for people, JSON for programs, JUnit XML for CI."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from generator.diagnostics.wording import first_few
from generator.drill.compare import one_line, slowed, written
from generator.drill.scenarios import DEFAULT, SCENARIOS
from generator.plan import timing
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.drill.compare import Drilled
    from generator.drill.observations import Row
    from generator.drill.scenarios import NotPlayed
    from generator.drill.stage import DrillRun
    from generator.policy.model import Severity


EXERCISED = frozenset({"scrape", "evaluation", "for", "group"})
"""The terms that a drill in which nothing fails spends."""
COMPARED = (
    "Compared: each alert's rule, routes, time intervals and receivers, and its service, escalation and schedules in "
    "PagerDuty. Not compared: inhibition rules, and what message templates say."
)
_SHOWN = 10
"""How many alerts that were left out a line names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillReport:
    """The results of a drill; `lines` are the places of the alerts in the policy."""

    run: DrillRun
    drilled: Sequence[Drilled]
    lines: Mapping[PolicyPath, str]
    seconds: float
    scenarios: tuple[str, ...]
    """Those that were asked for."""
    not_played: tuple[NotPlayed, ...]


def text(report: DrillReport) -> Iterator[str]:
    """Yield the report as lines for a terminal."""
    run = report.run
    policy = run.plan.policy
    where = f" of {policy.environment}" if policy.environments else ""
    if not report.drilled:
        yield from _not_played(report)
        yield "nothing was played: no alert that was asked for has a part in a scenario that was asked for."
        return
    yield (
        f"A drill{where} on Prometheus {run.prometheus.version_text} and Alertmanager {run.alertmanager.version_text}, "
        f"{', '.join((_speed(run), *slowed(run)))}. Seed {run.seed}."
    )
    yield "Every time is the policy's, counted from the moment at which the condition became true."
    for drilled in report.drilled:
        yield ""
        yield from _alert(report, drilled)
    yield ""
    yield from _not_played(report)
    yield _totals(report)


def data(report: DrillReport) -> str:
    """Return the report as JSON; times are in seconds of policy time."""
    run = report.run
    document = {
        "prometheus": run.prometheus.version_text,
        "alertmanager": run.alertmanager.version_text,
        "scale": run.scale.factor,
        "seed": run.seed,
        "slow": {name: _seconds(late) for name, late in run.slow.items()},
        "nothing_played": not report.drilled,
        "not_played": [
            {"scenario": skipped.scenario, "alert": skipped.alert, "reason": skipped.reason}
            for skipped in report.not_played
        ],
        "took_seconds": round(report.seconds, 3),
        "drilled": [_data(report, drilled) for drilled in report.drilled],
    }
    return json.dumps(document, indent=2)


def junit(report: DrillReport) -> str:
    """Return the report as JUnit XML, with a test case for each alert and scenario."""
    failed = sum(bool(drilled.findings) for drilled in report.drilled)
    suite = ET.Element("testsuite")
    for drilled in report.drilled:
        named = {"classname": f"drill.{drilled.scenario}", "name": _name(drilled)}
        case = ET.SubElement(suite, "testcase", named)
        for finding in drilled.findings:
            diagnostic = finding.diagnostic
            failure = ET.SubElement(case, "failure", {"type": diagnostic.code, "message": diagnostic.message})
            failure.text = "\n".join(diagnostic.notes)
        ET.SubElement(case, "system-out").text = "\n".join(_alert(report, drilled))
    for skipped in report.not_played:
        _skipped(suite, f"drill.{skipped.scenario}", skipped.alert, skipped.reason)
    return _suite(suite, failed, report.seconds)


def unchanged(form: str) -> tuple[str, ...]:
    """Return the report for `--changed` without changed alerts, with a note of what was compared."""
    sentence = "Nothing to drill: no alert is another than in git's HEAD."
    if form == "json":
        document = {"nothing_played": True, "not_played": [], "drilled": [], "notes": [sentence, COMPARED]}
        return tuple(json.dumps(document, indent=2).split("\n"))
    if form == "junit":
        suite = ET.Element("testsuite")
        _skipped(suite, "drill", "--changed", f"{sentence} {COMPARED}")
        return tuple(_suite(suite, 0, 0).split("\n"))
    return sentence, COMPARED


def _skipped(suite: ET.Element, classname: str, name: str, reason: str) -> None:
    case = ET.SubElement(suite, "testcase", {"classname": classname, "name": name})
    ET.SubElement(case, "skipped", {"message": reason})


def _suite(suite: ET.Element, failed: int, seconds: float) -> str:
    """Return the XML of a suite, with counts of its cases."""
    skipped = len(suite.findall("testcase/skipped"))
    counts = {"tests": str(len(suite)), "failures": str(failed), "errors": "0", "skipped": str(skipped)}
    suite.attrib.update({"name": "alertc drill", **counts, "time": f"{seconds:.3f}"})
    root = ET.Element("testsuites", counts)
    root.append(suite)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}'


# ------------------------------------------------------------------------------------------- parts


def _alert(report: DrillReport, drilled: Drilled) -> Iterator[str]:
    where = report.lines.get(drilled.condition.route, "")
    yield f"{_name(drilled)}, a {drilled.condition.about} ({where}): {_title(drilled)}"
    lines = [(_predicted(row), _seen(row), row.receiver, _sentence(row)) for row in drilled.rows]
    latest = drilled.condition.timeline.acknowledged
    if latest and drilled.condition.promised and drilled.scenario == DEFAULT:
        before = sum(bool(row.predicted and row.predicted.value <= latest.value) for row in drilled.rows)
        lines.insert(before, _answer(report, drilled, drilled.condition.promised.severity, latest.value))
    width = max((len(receiver) for _, _, receiver, _ in lines), default=0)
    yield f"  {'predicted':>9}  {'observed':>9}"
    for predicted, observed, receiver, sentence in lines:
        yield f"  {predicted:>9}  {observed:>9}  {receiver:<{width}}  {sentence}".rstrip()
    if drilled.scenario == DEFAULT:
        yield from _unspent_terms(drilled)
    yield from (f"  {note}" for note in drilled.notes)


def _title(drilled: Drilled) -> str:
    pages = drilled.condition.timeline.acknowledged or any(row.step is not None for row in drilled.rows)
    return SCENARIOS[drilled.scenario].title if pages or drilled.scenario != DEFAULT else "it fires: who is told"


def _answer(report: DrillReport, drilled: Drilled, severity: Severity, latest: timedelta) -> tuple[str, str, str, str]:
    """Return the line for the last acknowledgement."""
    sla = report.run.plan.severities[severity].acknowledge
    at = drilled.answered
    if at is None:
        observed, remark = "never", "nobody has answered"
    elif at >= sla:
        observed, remark = f"{written(at)}!", f"{written(at - sla)} TOO LATE"
    else:
        observed, remark = written(at), f"{written(sla - at)} were left"
    sentence = f"the last of them has answered; the SLA is less than {_length(sla)}: {remark}"
    return _length(latest), observed, "", sentence


def _unspent_terms(drilled: Drilled) -> Iterator[str]:
    """Yield the terms of the predicted time to a page that only failures would use up."""
    page = next((row.predicted for row in drilled.rows if row.step == 0 and row.predicted), None)
    if page:
        spared = [term for term in page.terms if term.name not in EXERCISED]
        sentence = f"Of the {_length(page.value)} until the page, a drill in which nothing fails spends nothing on"
        yield f"  {sentence} {timing.written_sum(spared)}."


def _sentence(row: Row) -> str:
    if row.step is not None and not row.kind:
        paged = "" if row.observed is None else f" pages {' and '.join(row.people) or 'nobody'}"
        through = " and ".join(row.whom) if row.people else row.note
        sentence = f"PagerDuty{paged} ({through})" if through else f"PagerDuty{paged}"
    else:
        sentence = row.through + (f" ({row.note})" if row.note and row.through else row.note)
    sentence = f"{_KINDS[row.kind]}{sentence}" if row.predicted or row.kind else "no rendered route leads there"
    shown = one_line(row.text, 50) if row.for_people and not row.step else ""
    return f'{sentence}: "{shown}"' if shown else sentence


_KINDS = {"": "", "again": "again: ", "resolved": "it ended: ", "silent": "", "back": "it is back: ", "last": "last: "}


def _predicted(row: Row) -> str:
    if row.kind == "silent":
        return "nothing"
    return _length(row.predicted.value if row.predicted else None)


def _seen(row: Row) -> str:
    if row.observed is None:
        return "nothing" if row.kind == "silent" else "never"
    return written(row.observed) if row.kept else f"{written(row.observed)}!"


def _not_played(report: DrillReport) -> Iterator[str]:
    """Yield a line for each scenario and reason, with the alerts that were left out."""
    skipped_alerts: dict[tuple[str, str], list[str]] = {}
    for skipped in report.not_played:
        skipped_alerts.setdefault((skipped.scenario, skipped.reason), []).append(skipped.alert)
    for (scenario, reason), names in skipped_alerts.items():
        where = f" in {scenario}" if len(report.scenarios) > 1 else ""
        yield f"not played{where}: {first_few(names, _SHOWN)} ({reason})"


def _totals(report: DrillReport) -> str:
    count = len(report.drilled)
    broken = sum(bool(drilled.findings) for drilled in report.drilled)
    drills = f"{count} drill{'s' * (count != 1)} in {report.seconds:.0f} s"
    if not broken:
        held = sum(bool(drilled.condition.held) for drilled in report.drilled)
        held_back = f" Pages of {held} are held back now, and were not played." if held else ""
        return f"{drills}: everything came inside its prediction, and nobody else was told.{held_back}"
    return f"{drills}: {broken} broke what was promised."


def _speed(run: DrillRun) -> str:
    if run.real_time:
        return "at the policy's own pace"
    return f"{run.scale.factor:g} times as fast as the policy"


def _data(report: DrillReport, drilled: Drilled) -> dict[str, Any]:
    promised = drilled.condition.promised
    latest = drilled.condition.timeline.acknowledged
    acknowledged = None
    if latest and promised and drilled.scenario == DEFAULT:
        acknowledged = {
            "predicted": latest.value.total_seconds(),
            "observed": _seconds(drilled.answered),
            "sla": report.run.plan.severities[promised.severity].acknowledge.total_seconds(),
        }
    names = report.run.plan.policy.labels
    return {
        "alert": _name(drilled),
        "severity": drilled.condition.labels.get(names.severity),
        "service": drilled.condition.labels.get(names.service),
        "policy": report.lines.get(drilled.condition.route),
        "scenario": drilled.scenario,
        "kept": not drilled.findings,
        "told": [
            {
                "kind": row.kind or "first",
                "predicted": _seconds(row.predicted.value if row.predicted else None),
                "observed": _seconds(row.observed),
                "kept": row.kept,
                "receiver": row.receiver,
                "through": row.through,
                "people": list(row.people),
                "note": row.note,
                "text": row.text,
            }
            for row in drilled.rows
        ],
        "acknowledged": acknowledged,
        "notes": list(drilled.notes),
        "broken": [
            {"code": finding.diagnostic.code, "message": finding.diagnostic.message} for finding in drilled.findings
        ],
    }


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else round(length.total_seconds(), 3)


def _name(drilled: Drilled) -> str:
    return drilled.condition.name


def _length(length: timedelta | None) -> str:
    return "-" if length is None else duration.write(length)
