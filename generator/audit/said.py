"""What an audit found, as people and programs read it: text, one alert in full, JSON, markdown."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from generator.audit import pagerduty
from generator.audit import promise as promises
from generator.audit.inhibitions import agreeing, asked
from generator.audit.reach import answered
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import Level
from generator.diagnostics.quoting import in_markdown, printable
from generator.diagnostics.wording import first_few, listed
from generator.plan import timing
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import timedelta

    from generator.audit.audit import Audit
    from generator.audit.judge import Told, Verdict, Way
    from generator.audit.pagerduty import Services
    from generator.audit.silencing import Silencing
    from generator.behaviour.behaviour import Integration
    from generator.diagnostics.diagnostic import Diagnostic

_WIDTH, _LINES = 100, 3
"""Of the names of alerts that are told alike."""
_CHOICES = 5
"""So many receivers are named of those that only the series decide on."""
_CONDITIONS = 6
"""So many are shown."""
NONE = "(none)"
NOBODY = "nobody"


def summary(audit: Audit) -> dict[str, int]:
    """Return the numbers that say how it stands."""
    verdicts = audit.verdicts
    levels = Counter(finding.level for finding in audit.findings)
    return {
        "alerts": len(verdicts),
        "urgent": sum(verdict.urgent for verdict in verdicts),
        "urgent_that_page": sum(verdict.urgent and all(way.pages for way in verdict.ways) for verdict in verdicts),
        "reach_nobody": sum(not any(way.told for way in verdict.ways) for verdict in verdicts),
        "depend_on_series": sum(not verdict.certain for verdict in verdicts),
        "routes": _routes(audit),
        "receivers": len(audit.case.configuration.behaviour.receivers),
        "inhibition_rules": len(audit.case.configuration.behaviour.inhibitions),
        "errors": levels[Level.ERROR],
        "warnings": levels[Level.WARNING],
        "notes": levels[Level.NOTE],
    }


def _routes(audit: Audit) -> int:
    from generator.upstream.alertmanager.match import every_node

    return sum(1 for _ in every_node(audit.case.configuration.behaviour.root)) - 1


# ------------------------------------------------------------------------------------------- text


def overview(audit: Audit) -> Iterator[str]:
    """Yield the lines that say what was read, what is promised, and who is told of what."""
    numbers = summary(audit)
    yield (
        f"{many(numbers['alerts'], 'alert')}, {many(numbers['routes'], 'route')}, "
        f"{many(numbers['receivers'], 'receiver')}, {many(numbers['inhibition_rules'], 'inhibition rule')}"
    )
    yield from promises.written(audit.case.promise)
    for severity, verdicts in by_severity(audit).items():
        yield ""
        urgent = ", urgent" if verdicts[0].urgent else ""
        yield f"{audit.case.promise.label}={severity or NONE}{urgent}: {many(len(verdicts), 'alert')}"
        for group in by_told(verdicts).values():
            yield f"  {_heading(group)}"
            yield from _wrapped(list(dict.fromkeys(verdict.name for verdict in group)))


def by_severity(audit: Audit) -> dict[str, list[Verdict]]:
    """Return the alerts by the value of the severity label, the worst first."""
    groups: dict[str, list[Verdict]] = defaultdict(list)
    for verdict in sorted(audit.verdicts, key=lambda verdict: audit.case.promise.rank(verdict.severity)):
        groups[verdict.severity].append(verdict)
    return groups


def by_told(verdicts: Iterable[Verdict]) -> dict[tuple[str, ...], list[Verdict]]:
    """Return the alerts by who is told of them, a text for each possibility, those that are told to most first."""
    groups: dict[tuple[str, ...], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        others = ("others, perhaps",) if verdict.undecided else ()
        told = (*dict.fromkeys(map(receivers, verdict.ways)), *others)
        groups[told].append(verdict)
    return dict(sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0])))


def within(verdicts: Iterable[Verdict]) -> str:
    """Return when somebody has heard of these alerts at the latest: `5m to 1h`; empty where nobody ever does."""
    values = sorted({moment.value for verdict in verdicts if (moment := verdict.slowest(page=False))})
    if not values:
        return ""
    first, last = duration.write(values[0]), duration.write(values[-1])
    return first if first == last else f"{first} to {last}"


def _heading(verdicts: Sequence[Verdict], quoted: Callable[[str], str] = str) -> str:
    moments = within(verdicts)
    return f"{_who(verdicts[0], quoted)}{f', within {moments}' if moments else ''}"


def _who(verdict: Verdict, quoted: Callable[[str], str]) -> str:
    """Return who is told: what all ways share, then what only the series decide: `logger; and one of: a, b`."""
    ways = [
        dict.fromkeys(_named(told, quoted) for told in way.told) if way.told else {NOBODY: None} for way in verdict.ways
    ]
    shared = [name for name in ways[0] if all(name in names for names in ways)]
    rests = dict.fromkeys(listed([name for name in names if name not in shared] or [""]) for names in ways)
    others = [rest for rest in rests if rest]
    if not others:
        return f"{listed(shared)}{'; and perhaps others' if verdict.undecided else ''}"
    choice = f"{'perhaps' if '' in rests else 'one of'}: {first_few(others, _CHOICES)}"
    return f"{listed(shared)}; and {choice}" if shared else choice


def _named(told: Told, quoted: Callable[[str], str] = str) -> str:
    return f"{quoted(told.node.receiver)}{' (pages)' if told.pages else ''}"


def receivers(way: Way) -> str:
    """Return the receivers that tell somebody, and which of them page; `nobody` where there is none."""
    if not way.told:
        return NOBODY
    return listed(dict.fromkeys(map(_named, way.told)))


def _wrapped(names: Sequence[str]) -> Iterator[str]:
    """Yield lines with names, as many as fit, and how many more there are."""
    lines: list[list[str]] = [[]]
    for shown, name in enumerate(names):
        if len(", ".join([*lines[-1], name])) > _WIDTH:
            if len(lines) == _LINES:
                lines[-1].append(f"and {len(names) - shown:,} more")
                break
            lines.append([])
        lines[-1].append(name)
    yield from (f"    {', '.join(line)}{',' if line is not lines[-1] else ''}" for line in lines)


def in_full(verdict: Verdict, services: Services | None = None) -> Iterator[str]:
    """Yield all that is known of one alert; `services` are those of PagerDuty."""
    rule, place = verdict.written.rule, verdict.written.place
    hold = f", for {duration.write(rule.hold)}" if rule.hold else ""
    yield f"{verdict.severity or 'no severity'}: {rule.name} ({place.path}:{place.line})"
    yield f"It fires when {' '.join(rule.expr.split())}{hold}."
    yield "From the moment at which the condition is true, at the latest:"
    for ways in by_routes(verdict):
        if not verdict.certain:
            yield ""
            conditions = list(dict.fromkeys(way.distinction for way in ways))
            yield f"  {conditions[0]}:"
            yield from (f"  or {condition}" for condition in conditions[1:_CONDITIONS])
            if len(conditions) > _CONDITIONS:
                yield f"  or in {many(len(conditions) - _CONDITIONS, 'more case')}"
        told = ways[0].told
        rows = [(duration.write(route.latest.value), message(route)) for route in told] or [("", "nobody is told")]
        width = max(len(moment) for moment, _ in rows)
        for moment, text in rows:
            yield f"  {moment:>{width}}  {text}".rstrip()
        yield from (
            f"  {'':{width}}  PagerDuty {steps}" for route in told for steps in pagerduty.steps(route, services or {})
        )
        if told:
            yield f"  the sum: {timing.written_sum(min(told, key=_latest).latest.terms)}"
    yield ""
    yield from kept(verdict)
    yield from map(_silence, verdict.silenced)
    if verdict.undecided:
        yield f"Not all ways could be followed: {verdict.undecided}."


def kept(verdict: Verdict) -> Iterator[str]:
    """Yield whether an alert is answered as soon as is promised; nothing where no time is promised or proven."""
    total = answered(verdict)
    promised = verdict.promise.acknowledge if verdict.promise else None
    if total and promised:
        spare = "TOO LATE" if total.value >= promised else f"{duration.write(promised - total.value)} to spare"
        yield f"Answered within {duration.write(total.value)}; promised {duration.write(promised)}: {spare}."


def by_routes(verdict: Verdict) -> Iterable[list[Way]]:
    """Return the ways, those that tell the same receivers in one list."""
    groups: dict[tuple[tuple[str, timedelta], ...], list[Way]] = defaultdict(list)
    for way in verdict.ways:
        groups[tuple((told.node.receiver, told.latest.value) for told in way.told)].append(way)
    return groups.values()


def _latest(told: Told) -> timedelta:
    return told.latest.value


def message(told: Told) -> str:
    """Return which receiver tells, through what, and at which times."""
    through = listed(through_of(told.integrations))
    when = f", outside of {listed(told.node.mute)}" if told.node.mute else ""
    when += f", in {listed(told.node.active)}" if told.node.active else ""
    return f"{told.node.receiver}: {through}{' pages' if told.pages else ''}{when}"


def through_of(integrations: Iterable[Integration]) -> tuple[str, ...]:
    """Return what integrations are, each kind once, without their addresses, which may be secrets."""
    return tuple(dict.fromkeys(integration.kind.plain for integration in integrations))


def _silence(silencing: Silencing) -> str:
    inhibition = silencing.inhibition
    sure = "It is" if silencing.certain else "With some labels it is"
    return f"{sure} silent while an alert fires with {asked(inhibition.source)}{agreeing(inhibition)}."


def many(number: int, noun: str) -> str:
    """Return a number of things: `1 alert`, `2,000 alerts`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


# ------------------------------------------------------------------------------------------- JSON


def to_json(audit: Audit) -> Iterator[str]:
    """Yield the audit by the schema `audit`, ASCII only, an alert a line; times are text as in Prometheus."""
    yield '{\n  "version": 1,\n  "alerts": ['
    for number, verdict in enumerate(audit.verdicts):
        yield f"{',' * bool(number)}\n    {json.dumps(_alert(verdict))}"
    rest = json.dumps({"findings": list(map(formats.data, audit.findings)), "summary": summary(audit)}, indent=2)
    yield f"{f'{chr(10)}  ' * bool(audit.verdicts)}],{rest.removeprefix('{')}\n"


def _alert(verdict: Verdict) -> dict[str, Any]:
    latest = verdict.latest
    return {
        "name": verdict.name,
        "file": verdict.written.place.path,
        "line": verdict.written.place.line,
        "severity": (verdict.severity if verdict.decided else "") or None,
        "urgent": verdict.urgent,
        "told": [
            {
                "receiver": told.node.receiver,
                "through": [integration.kind.name for integration in told.integrations],
                "pages": told.pages,
                "latest": duration.write(told.latest.value),
                "sum": timing.written_sum(told.latest.terms),
                "if": dict(way.alert.depends),
                "not_during": list(told.node.mute),
                "only_during": list(told.node.active),
            }
            for way in verdict.ways
            for told in way.told
        ],
        "nobody_if": [dict(way.alert.depends) for way in verdict.ways if not way.told],
        "latest": duration.write(latest.value) if latest else None,
        "certain": verdict.certain,
        "silenced_by": [
            {
                "source": [str(matcher) for matcher in silencing.inhibition.source],
                "equal": list(silencing.inhibition.equal),
                "certain": silencing.certain,
            }
            for silencing in verdict.silenced
        ],
    }


# ------------------------------------------------------------------------------------------- markdown


def to_markdown(audit: Audit) -> str:
    """Return the audit as a comment on a pull request."""
    numbers = summary(audit)
    lines = [
        "## alertc audit",
        "",
        (
            f"{many(numbers['alerts'], 'alert')}; urgent: {numbers['urgent']:,}, of which "
            f"{numbers['urgent_that_page']:,} always page; "
            f"{numbers['depend_on_series']:,} depend on labels of their series; "
            f"{numbers['reach_nobody']:,} reach nobody."
        ),
        "",
        "| | finding | where |",
        "|---|---|---|",
    ]
    lines += [
        f"| {finding.level.value} {finding.code} | {in_markdown(finding.message)} | {_where(finding)} |"
        for finding in audit.findings
    ]
    lines += ["", f"| {audit.case.promise.label} | told | alerts |", "|---|---|---:|"]
    lines += [
        f"| {in_markdown(severity) if severity else NONE} | {_heading(group, in_markdown)} | {len(group):,} |"
        for severity, verdicts in by_severity(audit).items()
        for group in by_told(verdicts).values()
    ]
    return "\n".join(lines) + "\n"


def _where(finding: Diagnostic) -> str:
    place = finding.place or finding.artifact
    if place is None:
        return ""
    # Within a span of code nothing is markup but its end, and that of the cell.
    path = printable(place.path).replace("`", "'").replace("|", "\\|")
    return f"`{path}:{place.line}`" if place.line else f"`{path}`"
