"""`alertc explain`: who is told of an alert, when, through what, and what could silence it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from generator.behaviour import objects, timeline
from generator.behaviour.alerts import distinction
from generator.behaviour.behaviour import EACH_ALERT
from generator.behaviour.clock import through_reload
from generator.behaviour.documents import ALERTMANAGER, shown
from generator.commands import hours
from generator.commands.analysis import analyse, choose
from generator.commands.project import Outcome, Unknown
from generator.diagnostics.wording import listed
from generator.plan import nobody, of_others, pagers, timing
from generator.plan.plan import NO_CHAIN, Origin, carried
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.timeline import Message, Timeline
    from generator.behaviour.verification import Verification
    from generator.commands.analysis import Query
    from generator.commands.project import Project
    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import Plan, SeverityPlan
    from generator.plan.timing import Derived
    from generator.policy.model import Policy
    from generator.policy.source import Source

_MOST_ENTRIES = 3
"""Of a map, said of one owner."""


def explain(project: Project, query: Query, form: str) -> Outcome:
    """Return the timeline of an alert in the form `text` or `json`.

    Raises PolicyErrors where there is no policy to read, Unanswered where it does not compile, Unknown where it has no
    such alert.
    """
    analysis = analyse(project, query.environment)
    files = analysis.meant(query)
    if query.alert in files.plan.policy.others and not any(one.rule.name == query.alert for one in files.alerts):
        message = f"`{query.alert}` is an alert of others: ask with `--labels alertname={query.alert}`"
        raise Unknown(message, "", ())
    alert, others = choose(files.plan.policy.labels, files.alerts, query)
    # With labels that the rule cannot send it is another alert.
    same = alert is not None and files.label_sets.can_be(alert.rule, query.labels)
    rule = (alert.rule, alert.promised) if alert and alert.promised and same else None
    labels = carried({**(alert.labels if alert else {}), **query.labels})
    answer = timeline.of(files.plan, files.behaviour, files.router, labels, rule)
    ways = _other_ways(files, alert, answer) if alert and rule else ()
    elsewhere = tuple(_elsewhere(analysis.every, files, alert)) if alert and rule else ()
    reader = _Reader(
        plan=files.plan, source=analysis.source, lacks=_lacks(files, labels), ways=ways, elsewhere=elsewhere
    )
    lines: Iterable[str] = reader.text(answer)
    if form == "json":
        lines = json.dumps(reader.data(answer), indent=2).split("\n")
    severities = _other_severities(files, alert) if rule else ()
    if severities and form != "json":
        label = files.plan.policy.labels.severity
        named = listed(f"`--labels {label}={severity}`" for severity in severities)
        lines = (*lines, "", f"The same alert has other thresholds: {named}.")
    if others and form != "json":
        lines = (*lines, "", f"The same alert of other services: {', '.join(others)} (--service NAME).")
    return Outcome(diagnostics=analysis.notes, sources={}, lines=tuple(lines))


def _other_ways(files: Verification, alert: SentAlert, answer: Timeline) -> tuple[SentAlert, ...]:
    """Return the alerts of the same rule for whose series other routes are taken."""
    if not alert.depends:
        return ()
    nodes = files.router.routes_of(answer.labels)
    return tuple(other for other in files.alerts if other.rule is alert.rule and other.nodes != nodes)


def _other_severities(files: Verification, alert: SentAlert | None) -> tuple[str, ...]:
    """Return the other severities of an alert that has several, the worst first."""
    promised = alert.promised if alert else None
    if promised is None or not promised.origin.entered:
        return ()
    at = files.plan.policy.alerts[str(promised.route[1])].at if promised.route == ("alerts", promised.name) else {}
    return tuple(severity for severity in at if severity != promised.severity)


class _Elsewhere(NamedTuple):
    """What becomes of the same alert in another environment."""

    environment: str
    receivers: tuple[str, ...]
    otherwise: bool
    """Whether its rule is another one there."""


def _elsewhere(every: Iterable[Verification], files: Verification, alert: SentAlert) -> Iterator[_Elsewhere]:
    rule = alert.rule
    own = files.plan.policy.environment
    for other in (one for one in every if one.plan.policy.environment != own):
        for sent in other.alerts:
            there = sent.rule
            if _called(sent) == _called(alert):
                otherwise = (there.expr, there.hold, there.keep_firing) != (rule.expr, rule.hold, rule.keep_firing)
                receivers = tuple(dict.fromkeys(node.receiver for node in sent.nodes))
                yield _Elsewhere(other.plan.policy.environment, receivers, otherwise)
                break


def _called(sent: SentAlert) -> tuple[str | None, ...]:
    return sent.rule.name, sent.service, sent.severity


def _lacks(files: Verification, labels: Mapping[str, str]) -> Mapping[str, str]:
    """Return the labels that routes read and the query leaves out, as an alert with the query's labels has them."""
    alike = [alert.labels for alert in files.alerts if labels.items() <= alert.labels.items()]
    like = min(alike, key=lambda candidate: files.plan.policy.labels.duty in candidate, default={})
    return {name: like[name] for name in files.router.reads if name in like and name not in labels}


# ------------------------------------------------------------------------------------------- how it is said


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    plan: Plan
    source: Source
    lacks: Mapping[str, str]
    """Labels that the routes read and the query leaves out, as an alert of the policy has them."""
    ways: tuple[SentAlert, ...]
    """Alerts of the same rule that take other routes: their series have other labels."""
    elsewhere: tuple[_Elsewhere, ...]
    """The same alert in other environments."""

    def text(self, answer: Timeline) -> tuple[str, ...]:
        """Return the lines for a terminal."""
        return (*self._head(answer), "", *self._messages(answer), "", *self._foot(answer))

    def data(self, answer: Timeline) -> dict[str, Any]:
        """Return the same for programs; times are in seconds since the condition became true."""
        promised = answer.promised
        severity = self.plan.severities[promised.severity] if promised else None
        promised_to_people = promised and promised.origin is not Origin.NOBODY
        return {
            "labels": dict(answer.labels),
            "environment": self.plan.policy.environment,
            "alert": promised.name if promised else None,
            "severity": promised.severity if promised else None,
            "policy": self._lines([promised.route])[promised.route] if promised else None,
            "nobody_because": nobody.reason(self.plan.policy, promised) if promised else None,
            "acknowledge_within": severity.acknowledge.total_seconds() if severity and promised_to_people else None,
            "acknowledged": _sum(answer.acknowledged) if answer.acknowledged else None,
            "business_hours": hours.data(self.plan, answer),
            "told": [
                {
                    "latest": _sum(message.at),
                    "soonest": message.soonest.total_seconds(),
                    "receiver": message.receiver,
                    "through": message.through,
                    "who": timeline.responders_text(self.plan.policy, message.responders) or None,
                    "again_within": message.again.total_seconds() if message.again else None,
                    "note": _note(message) or None,
                }
                for message in answer.messages
            ],
            "incident_labels": list(answer.incident),
            "silenced_while": [[str(matcher) for matcher in inhibition.source] for inhibition in answer.silenced_by],
            "other_routes": [
                {"series": dict(way.depends), "receivers": [node.receiver for node in way.nodes]} for way in self.ways
            ],
        }

    # --------------------------------------------------------------------------------- parts

    def _head(self, answer: Timeline) -> Iterator[str]:
        promised, rule = answer.promised, answer.rule
        if promised is None or rule is None:
            labels = ", ".join(f"{name}={value}" for name, value in sorted(answer.labels.items()))
            yield f"No rule of the policy sends an alert with the labels {labels or '(none)'}."
            if self.lacks:
                more = ",".join(f"{name}={value}" for name, value in sorted(self.lacks.items()))
                yield f"An alert of the policy with these labels also has {more}. Add that to --labels."
            sort = of_others.sort_of(self.plan.policy, answer.labels)
            if sort is not None:
                yield f"To the policy it is {sort.what}."
            yield "If somebody else sends it, Alertmanager treats it like this."
            return
        where = self._lines([promised.route])[promised.route]
        owned = f", which owns what has {promised.owned.matcher}" if promised.owned else ""
        there = f", in {self.plan.policy.environment}" if self.plan.policy.environments else ""
        yield f"{rule.name} is a {promised.severity} of {promised.service}{owned} ({where}){there}."
        summary = rule.annotations.get("summary")
        if summary:
            yield f'It says "{summary}".'
        hold = f", for {duration.write(rule.hold)}" if rule.hold else ""
        yield f"It fires when {_one_line(rule.expr)}{hold}."
        why = nobody.reason(self.plan.policy, promised)
        if why:
            yield f"Nobody is told of it: {why}"

    def _messages(self, answer: Timeline) -> Iterator[str]:
        begun = "the condition is true" if answer.rule else "Alertmanager has it"
        in_hours = hours.of(self.plan, answer) if answer.acknowledged else None
        counted = answer.promised and self.plan.severities[answer.promised.severity].in_business_hours
        pages = ", pages in business hours" if in_hours and counted else ""
        yield f"From the moment at which {begun}, at the latest{pages}:"
        rows = [
            (duration.write(message.at.value), message.receiver, _sentence(self.plan.policy, message))
            for message in answer.messages
        ]
        promised = answer.promised
        if answer.acknowledged and promised:
            severity = self.plan.severities[promised.severity]
            left = severity.acknowledge - answer.acknowledged.value
            kept = f"{duration.write(left)} to spare" if left.total_seconds() > 0 else "TOO LATE"
            row = (
                duration.write(answer.acknowledged.value),
                "",
                f"the last of them has answered; the SLA is less than {severity.promise}: {kept}",
            )
            before = sum(message.at.value <= answer.acknowledged.value for message in answer.messages)
            rows.insert(before, row)
        widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
        for moment, receiver, text in rows:
            yield f"  {moment:>{widths[0]}}  {receiver:<{widths[1]}}  {text}".rstrip()
        if not rows:
            yield "  nobody is told"

    def _foot(self, answer: Timeline) -> Iterator[str]:
        if answer.acknowledged:
            yield f"The sum: {timing.written_sum(answer.acknowledged.terms)}."
            yield from hours.lines(self.plan, answer)
        if answer.incident:
            each = ["alert"] if EACH_ALERT in answer.incident else answer.incident
            yield f"An incident of its own for each {listed(each)}."
        for way in self.ways:
            receivers = listed(dict.fromkeys(node.receiver for node in way.nodes))
            asked = ",".join(f"{label}={value}" for label, value in way.depends.items())
            yield f"Other routes {distinction(way)}: to {receivers}. `--labels {asked}` shows when."
        promised = answer.promised
        if promised and promised.origin is Origin.NOBODY and not answer.messages:
            yield from self._where(answer)
            return
        for other in self.elsewhere:
            fires = ", and its rule is another one" if other.otherwise else ""
            name = other.environment
            yield f"In {name} it tells {listed(other.receivers)}{fires}: `--environment {name}`."
        yield from self._silence(answer)
        if promised:
            yield from self._end(answer, self.plan.severities[promised.severity])
            yield from self._where(answer)

    def _end(self, answer: Timeline, severity: SeverityPlan) -> Iterator[str]:
        """Yield who closes the incident, and what becomes of an alert that comes back."""
        if not answer.incident:
            yield "It is over when the alert is."
            return
        all_told = pagers.all_told(self.plan.policy, severity.name)
        closes = "people close it" if severity.by_hand else "it closes with its alert"
        if severity.by_pagerduty and not self._by_team(answer):
            yield f"In PagerDuty {closes}."
            yield from self._service(answer)
            if severity.urgency == "low":
                yield "It is of low urgency there, which does not escalate: nobody but the first step is ever paged."
        else:
            told = "is told that it is over" if all_told else "is never told that it is over"
            yield f"{listed(answer.paged)} {told}; {closes}."
        first = (message.node for message in answer.messages if message.receiver in answer.paged and not message.step)
        page = next(filter(None, first), None)
        if page is None:
            return
        again = through_reload(page)
        if not all_told:
            late = "" if again < severity.acknowledge else ", which is later than the SLA: shorten `remind`"
            yield (
                f"If it is over and back within {duration.write(page.group_interval)}, it pages again after "
                f"{duration.write(again)} at the latest{late}."
            )
            channels = map(self.plan.policy.channels.get, answer.paged)
            if any(channel is None or channel.kind.closes for channel in channels):
                yield "While its incident is open and acknowledged, it pages nobody anew: close it when it is over."
        elif page.active or page.mute:
            yield "What ends outside of these times stays open there, and takes in what comes next: close it by hand."

    def _by_team(self, answer: Timeline) -> bool:
        """Return whether the channel of a team pages, in PagerDuty's place."""
        promised = answer.promised
        return (
            promised is not None
            and promised.escalation == NO_CHAIN
            and bool(self.plan.severities[promised.severity].team_pagers.get(promised.team or ""))
        )

    def _service(self, answer: Timeline) -> Iterator[str]:
        """Yield which service of PagerDuty the incident is of, where that is not the chain's own."""
        for one in self.plan.paged:
            if one.receiver in answer.paged and one.exists:
                yield (
                    f"Its incident is of PagerDuty's service {one.title}, which was there before: "
                    f"`alertc pagerduty apply` lets it escalate by `{one.escalation.title}`."
                )
            elif one.receiver in answer.paged and one.service:
                yield f"Its incident is of PagerDuty's service {one.title}."

    def _silence(self, answer: Timeline) -> Iterator[str]:
        muted = {
            name for message in answer.messages if message.node for name in (*message.node.active, *message.node.mute)
        }
        if not answer.silenced_by and not muted:
            yield "Nothing silences it but a silence made by hand in Alertmanager."
        for inhibition in answer.silenced_by:
            equal = [label for label in inhibition.equal if label != self.plan.policy.labels.environment]
            same = f", of the same {listed(equal)}" if equal else ""
            yield f"It is silent while an alert fires with {', '.join(map(str, inhibition.source))}{same}."
        if muted:
            yield f"Its routes depend on the time intervals {listed(sorted(muted))}."

    def _where(self, answer: Timeline) -> Iterator[str]:
        promised = answer.promised
        if promised is None:
            return
        words: dict[PolicyPath, str] = {
            promised.route: "the alert",
            ("severities", promised.severity): f"the severity {promised.severity}",
        }
        if promised.team and self._by_team(answer):
            words["teams", promised.team] = f"the team {promised.team}"
        elif answer.incident and self.plan.severities[promised.severity].by_pagerduty:
            words["escalations", promised.escalation] = f"the chain {promised.escalation}"
        owners = self._owners(answer)
        lines = self._lines((*words, *owners))
        alert, *others = (f"{word} {lines[route]}" for route, word in words.items())
        said = [f"its owner {place or lines[route]}" for route, place in owners.items()]
        yield f"In the policy: {', '.join((alert, *said, *others))}."
        nodes = {message.node.where: message.node for message in answer.messages if message.node}
        receivers = dict.fromkeys(node.receiver for node in nodes.values())
        if receivers:
            where = objects.holder(self.plan.policy, ALERTMANAGER)
            yield f"In {shown(where)}: the routes to {', '.join(receivers)}."

    def _owners(self, answer: Timeline) -> Mapping[PolicyPath, str]:
        """Return the entries that say whose the alert is, where its label says so; the place of one in another file."""
        owners, promised = self.plan.policy.owners, answer.promised
        if owners is None or promised is None or promised.owned is None:
            return {}
        if promised.service == owners.otherwise:
            return {("owners", "otherwise"): ""}
        entries = owners.entries(promised.service, answer.labels.get(owners.by))
        files = {entry: f"{place.path}:{place.line}" for entry, place in owners.places.items()}
        return {("owners", "map", entry): files.get(entry, "") for entry in entries[:_MOST_ENTRIES]}

    def _lines(self, routes: Iterable[PolicyPath]) -> Mapping[PolicyPath, str]:
        places = self.source.located([(route, True) for route in routes])
        return {route: f"{place.path}:{place.line}" for (route, _), place in places.items()}


def _note(message: Message) -> str:
    return f"as {message.role}" if message.role else message.note


def _sentence(policy: Policy, message: Message) -> str:
    sentence = message.through
    if message.responders:
        sentence += f" pages {timeline.responders_text(policy, message.responders)}"
    if message.note:
        sentence += f" ({message.note})"
    elif message.role:
        sentence += f", {_note(message)}"
    if message.again:
        sentence += f", again within {duration.write(message.again)}"
    return sentence


def _sum(derived: Derived) -> dict[str, Any]:
    terms = [{"name": term.name, "seconds": term.length.total_seconds()} for term in derived.terms]
    return {"seconds": derived.value.total_seconds(), "terms": terms}


def _one_line(expression: str) -> str:
    return re.sub(r"\s+", " ", expression.strip())
