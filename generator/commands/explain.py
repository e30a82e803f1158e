"""`alertc explain`: what happens to an alert, as somebody reads it aloud at 3 a.m."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.behaviour import timeline
from generator.behaviour.documents import ALERTMANAGER, shown
from generator.commands.project import Outcome
from generator.commands.understood import chosen, understood
from generator.diagnostics import positions
from generator.diagnostics.wording import listed
from generator.plan import timing
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.behaviour.timeline import Message, Timeline
    from generator.behaviour.verification import Verification
    from generator.commands.project import Project
    from generator.commands.understood import Asked
    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import Plan
    from generator.plan.timing import Derived
    from generator.policy.model import Policy
    from generator.policy.source import Source


def explain(project: Project, asked: Asked, form: str) -> Outcome:
    """Return the timeline in the form `text` or `json`.

    Raises PolicyErrors where there is no policy to read, Unanswered where it does not compile, Unknown where it has no
    such alert.
    """
    known = understood(project)
    files = known.files
    one, others = chosen(files.alerts, asked)
    # With other labels than the rule sends it is another alert.
    same = one is not None and one.labels.items() >= asked.labels.items()
    rule = (one.rule, one.promised) if one and one.promised and same else None
    labels = {**(one.labels if one else {}), **asked.labels}
    found = timeline.of(files.plan, files.behaviour, files.router, labels, rule)
    reader = _Reader(plan=files.plan, source=known.source, lacks=_lacks(files, labels))
    lines: Iterable[str] = reader.text(found)
    if form == "json":
        lines = json.dumps(reader.data(found), indent=2).split("\n")
    if others and form != "json":
        lines = (*lines, "", f"The same alert of other services: {', '.join(others)} (--service NAME).")
    return Outcome(diagnostics=known.notes, sources={}, lines=tuple(lines))


def _lacks(files: Verification, labels: Mapping[str, str]) -> Mapping[str, str]:
    """Return the labels that routes ask for, that were not given, and that an alert like this has."""
    alike = [one.labels for one in files.alerts if labels.items() <= one.labels.items()]
    like = min(alike, key=lambda one: "duty" in one, default={})
    return {name: like[name] for name in files.router.reads if name in like and name not in labels}


# ------------------------------------------------------------------------------------------- how it is said


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    plan: Plan
    source: Source
    lacks: Mapping[str, str]
    """What an alert of the policy has beside the labels that were given, and the routes ask for."""

    def text(self, found: Timeline) -> tuple[str, ...]:
        """Return the lines for a terminal."""
        return (*self._head(found), "", *self._messages(found), "", *self._foot(found))

    def data(self, found: Timeline) -> dict[str, Any]:
        """Return the same for programs; times are in seconds since the condition became true."""
        promised = found.promised
        severity = self.plan.severities[promised.severity] if promised else None
        return {
            "labels": dict(found.labels),
            "alert": promised.name if promised else None,
            "severity": promised.severity if promised else None,
            "policy": self._lines([promised.route])[promised.route] if promised else None,
            "acknowledge_within": severity.acknowledge.total_seconds() if severity else None,
            "acknowledged": _sum(found.acknowledged) if found.acknowledged else None,
            "told": [
                {
                    "latest": _sum(one.at),
                    "soonest": one.soonest.total_seconds(),
                    "receiver": one.receiver,
                    "through": one.through,
                    "who": timeline.responders_text(self.plan.policy, one.responders) or None,
                    "again_within": one.again.total_seconds() if one.again else None,
                    "note": _note(one) or None,
                }
                for one in found.messages
            ],
            "incident_labels": list(found.incident),
            "silenced_while": [[str(matcher) for matcher in one.source] for one in found.silenced_by],
        }

    # --------------------------------------------------------------------------------- parts

    def _head(self, found: Timeline) -> Iterator[str]:
        promised, rule = found.promised, found.rule
        if promised is None or rule is None:
            said = ", ".join(f"{name}={value}" for name, value in sorted(found.labels.items()))
            yield f"No rule of the policy sends an alert with the labels {said or '(none)'}."
            if self.lacks:
                more = ",".join(f"{name}={value}" for name, value in sorted(self.lacks.items()))
                yield f"An alert of the policy that has them has more: {more}. Add that to --labels."
            yield "If somebody else sends it, Alertmanager treats it like this."
            return
        where = self._lines([promised.route])[promised.route]
        yield f"{rule.name} is a {promised.severity} of {promised.service} ({where})."
        summary = rule.annotations.get("summary")
        if summary:
            yield f'It says "{summary}".'
        hold = f", for {duration.write(rule.hold)}" if rule.hold else ""
        yield f"It fires when {_one_line(rule.expr)}{hold}."

    def _messages(self, found: Timeline) -> Iterator[str]:
        begun = "the condition is true" if found.rule else "Alertmanager has it"
        yield f"From the moment at which {begun}, at the latest:"
        rows = [
            (duration.write(one.at.value), one.receiver, _sentence(self.plan.policy, one)) for one in found.messages
        ]
        promised = found.promised
        if found.acknowledged and promised:
            sla = self.plan.severities[promised.severity].acknowledge
            left = sla - found.acknowledged.value
            kept = f"{duration.write(left)} to spare" if left.total_seconds() > 0 else "TOO LATE"
            row = (
                duration.write(found.acknowledged.value),
                "",
                f"the last of them has answered; the SLA is less than {duration.write(sla)}: {kept}",
            )
            before = sum(one.at.value <= found.acknowledged.value for one in found.messages)
            rows.insert(before, row)
        widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
        for moment, receiver, said in rows:
            yield f"  {moment:>{widths[0]}}  {receiver:<{widths[1]}}  {said}".rstrip()
        if not rows:
            yield "  nobody is told"

    def _foot(self, found: Timeline) -> Iterator[str]:
        if found.acknowledged:
            yield f"The sum: {timing.written_sum(found.acknowledged.terms)}."
        if found.incident:
            yield f"An incident of its own for each {listed(found.incident)}."
        yield from self._silence(found)
        promised = found.promised
        if promised:
            severity = self.plan.severities[promised.severity]
            closing = "people close it" if severity.by_hand else "it closes with its alert"
            yield f"In PagerDuty {closing}." if found.incident else "It is over when the alert is."
            yield from self._where(found)

    def _silence(self, found: Timeline) -> Iterator[str]:
        muted = {name for one in found.messages if one.node for name in (*one.node.active, *one.node.mute)}
        if not found.silenced_by and not muted:
            yield "Nothing silences it but a silence made by hand in Alertmanager."
        for one in found.silenced_by:
            yield f"It is silent while an alert fires with {', '.join(map(str, one.source))}."
        if muted:
            yield f"Its routes keep to the times {listed(sorted(muted))}."

    def _where(self, found: Timeline) -> Iterator[str]:
        promised = found.promised
        if promised is None:
            return
        words: dict[PolicyPath, str] = {
            promised.route: "the alert",
            ("severities", promised.severity): f"the severity {promised.severity}",
        }
        if found.incident:
            words["escalations", promised.escalation] = f"the chain {promised.escalation}"
        lines = self._lines(words)
        said = ", ".join(f"{word} {lines[route]}" for route, word in words.items())
        yield f"In the policy: {said}."
        nodes = {one.node.where: one.node for one in found.messages if one.node}
        receivers = dict.fromkeys(node.receiver for node in nodes.values())
        yield f"In {shown(ALERTMANAGER)}: the routes to {', '.join(receivers)}."

    def _lines(self, routes: Iterable[PolicyPath]) -> Mapping[PolicyPath, str]:
        places = positions.locate(self.source.raw, self.source.path, [(route, True) for route in routes])
        return {route: f"{place.path}:{place.line}" for (route, _), place in places.items()}


def _note(one: Message) -> str:
    return f"as {one.role}" if one.role else one.note


def _sentence(policy: Policy, one: Message) -> str:
    said = one.through
    if one.responders:
        said += f" pages {timeline.responders_text(policy, one.responders)}"
    if one.note:
        said += f" ({one.note})"
    elif one.role:
        said += f", {_note(one)}"
    if one.again:
        said += f", again within {duration.write(one.again)}"
    return said


def _sum(derived: Derived) -> dict[str, Any]:
    terms = [{"name": term.name, "seconds": term.length.total_seconds()} for term in derived.terms]
    return {"seconds": derived.value.total_seconds(), "terms": terms}


def _one_line(expression: str) -> str:
    return re.sub(r"\s+", " ", expression.strip())
