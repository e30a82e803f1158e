"""Predicted beside observed: who was told of a condition, when, with which text, and what of that breaks a promise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator import duration, timing
from generator.diagnostics import Diagnostic
from generator.documents import ALERTMANAGER
from generator.verify.identity import policy_route
from generator.verify.verification import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from generator.diagnostics import Route
    from generator.drill.conditions import Condition
    from generator.drill.stage import Play, Stage
    from generator.drill.world import Call
    from generator.timeline import Told
    from generator.timing import Derived

_FAILED = re.compile(r'err(?:or)?="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One message. Times are the policy's, since the condition became true."""

    predicted: Derived | None
    """None: no rendered route leads there."""
    observed: timedelta | None
    """None: it did not come."""
    receiver: str
    through: str
    people: tuple[str, ...]
    note: str
    text: str
    paging: bool
    """Whether it is a page or one of PagerDuty's later steps."""

    @property
    def kept(self) -> bool:
        """Whether it came in time."""
        return self.predicted is not None and self.observed is not None and self.observed <= self.predicted.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """What a drill of one condition showed."""

    scenario: str
    condition: Condition
    rows: tuple[Row, ...]
    answered: timedelta | None
    """When the last of those paged acknowledged; None where nobody was asked to."""
    findings: tuple[Finding, ...]


def told_of(condition: Condition) -> Iterator[Told]:
    """Yield the messages that the policy promises of a condition and the rendered files lead to, in their order."""
    told = condition.timeline.told
    return (one for one in told if one.integration is not None and one.receiver in condition.receivers)


def drilled(stage: Stage, scenario: str, condition: Condition, mark: str) -> Drilled:
    """Return what was observed of a condition that has become true, beside what was predicted."""
    rows = [_row(stage, mark, told) for told in told_of(condition)]
    led_to = {row.receiver for row in rows}
    rows += [_unled(name) for name in sorted(condition.receivers - led_to)]
    answer = _answered(stage, mark)
    findings = [
        *_missing(stage, condition, rows),
        *_late(stage, condition, rows),
        *_strangers(stage, condition, mark),
        *_texts(stage, condition, mark),
        *_order(stage, condition, rows),
    ]
    return Drilled(scenario=scenario, condition=condition, rows=tuple(rows), answered=answer, findings=tuple(findings))


def is_complete(stage: Stage, condition: Condition, mark: str) -> bool:
    """Return whether everything that is to come of a condition has come."""
    return all(_observed(stage, mark, told) is not None for told in told_of(condition)) and (
        condition.timeline.acknowledged is None or _answered(stage, mark) is not None
    )


def calls_of(stage: Stage, mark: str, status: str = "firing") -> Iterator[Call]:
    """Yield the messages that speak of a condition as `firing` or `resolved`, in their order."""
    return (call for call in stage.world.calls if call.marks().get(mark) == status)


# ------------------------------------------------------------------------------------------- what was seen


def _row(stage: Stage, mark: str, told: Told) -> Row:
    call = _call(stage, mark, told)
    page = next((one for one in stage.pager.paged if mark in one.marks and one.step == told.step), None)
    return Row(
        predicted=told.at,
        observed=_observed(stage, mark, told),
        receiver=told.receiver,
        through=told.through,
        people=page.people if page and told.step is not None else (),
        note=told.note if told.step is None else told.who,
        text=call.text() if call else "",
        paging=told.step is not None,
    )


def _unled(receiver: str) -> Row:
    return Row(predicted=None, observed=None, receiver=receiver, through="", people=(), note="", text="", paging=False)


def _call(stage: Stage, mark: str, told: Told) -> Call | None:
    wanted = (told.receiver, told.integration)
    return next((call for call in calls_of(stage, mark) if (call.receiver, call.number) == wanted), None)


def _observed(stage: Stage, mark: str, told: Told) -> timedelta | None:
    begun = stage.begun[mark]
    if told.step is None:
        call = _call(stage, mark, told)
        return stage.play.scale.policy(call.at - begun) if call else None
    for page in stage.pager.paged:
        if mark in page.marks and (page.receiver, page.step) == (told.receiver, told.step):
            return stage.play.scale.policy(page.opened - begun) + page.after
    return None


def _answered(stage: Stage, mark: str) -> timedelta | None:
    for one in stage.pager.answered:
        if mark in one.marks:
            return stage.play.scale.policy(one.opened - stage.begun[mark]) + one.after
    return None


# ------------------------------------------------------------------------------------------- what is wrong


def _missing(stage: Stage, condition: Condition, rows: list[Row]) -> Iterator[Finding]:
    """DRL801: somebody whom the policy promises to tell was not told."""
    for receiver in dict.fromkeys(row.receiver for row in rows if row.observed is None):
        lost = [row for row in rows if row.receiver == receiver and row.observed is None]
        if any(row.receiver == receiver and row.observed is not None for row in rows):
            what = f"was paged, but {' and '.join(row.note for row in lost)} was not"
        elif lost[0].predicted is None:
            what = "was not told: no rendered route leads there"
        else:
            within = duration.write(max(row.predicted.value for row in lost if row.predicted))
            what = f"was not told within {within}"
        notes = list(_said_of(stage, receiver))
        refused = [call for call in stage.pager.refused if call.receiver == receiver]
        if refused:
            notes.append("PagerDuty refused its key: it belongs to no service of out/pagerduty")
        yield _finding(
            stage.play,
            "DRL801",
            f"{_named(condition)}: {receiver} {what}",
            condition,
            _where(stage.play, receiver, condition),
            tuple(notes),
        )


def _late(stage: Stage, condition: Condition, rows: list[Row]) -> Iterator[Finding]:
    """DRL802: somebody was told later than predicted."""
    for row in rows:
        if row.predicted and row.observed and row.observed > row.predicted.value:
            latest = duration.write(row.predicted.value)
            after = written(row.observed)
            yield _finding(
                stage.play,
                "DRL802",
                f"{_named(condition)}: {row.receiver} was told after {after}, predicted within {latest}",
                condition,
                _where(stage.play, row.receiver, condition),
                (timing.written_sum(row.predicted.terms),),
            )


def _strangers(stage: Stage, condition: Condition, mark: str) -> Iterator[Finding]:
    """DRL803: somebody was told, or paged, whom the policy does not name."""
    for receiver in dict.fromkeys(call.receiver for call in calls_of(stage, mark)):
        if receiver not in condition.receivers:
            yield _finding(
                stage.play,
                "DRL803",
                f"{_named(condition)}: {receiver} was told, which the policy does not say",
                condition,
                _where(stage.play, receiver, condition),
            )
    chains = {one.title: one for one in stage.play.plan.escalations}
    for page in stage.pager.paged:
        if mark in page.marks and page.step == 0:
            chain = chains[page.chain]
            if chain.severity != condition.promised.severity or chain.chain != condition.labels.get("escalation"):
                yield _finding(
                    stage.play,
                    "DRL803",
                    f"{_named(condition)}: {page.receiver} paged the service {page.chain}, "
                    f"the policy says {condition.labels.get('escalation')} {condition.promised.severity}",
                    condition,
                    _receiver_where(stage.play, page.receiver),
                )


def _texts(stage: Stage, condition: Condition, mark: str) -> Iterator[Finding]:
    """DRL804: a message says nothing. DRL805: one for the public says what is not for it."""
    public = {one.name for one in stage.play.plan.receivers if one.public}
    annotations = condition.rule.annotations
    seen: set[str] = set()
    for call in calls_of(stage, mark):
        if call.receiver in seen or call.kind == "webhook":
            continue
        seen.add(call.receiver)
        text = call.text()
        where = _receiver_where(stage.play, call.receiver)
        if not text.strip():
            said = f"{_named(condition)}: the message to {call.receiver} is empty"
            yield _finding(stage.play, "DRL804", said, condition, where)
        if call.receiver in public:
            inner = {name: value for name, value in annotations.items() if name != "public"}
            leaked = [name for name, value in inner.items() if _is_in(value, text, annotations.get("public", ""))]
            leaked += [f"the label {name}" for name in ("alertname",) if condition.labels[name] in text]
            if leaked:
                yield _finding(
                    stage.play,
                    "DRL805",
                    f"{_named(condition)}: {call.receiver} is public and was sent {', '.join(leaked)}",
                    condition,
                    where,
                    (f"it reads: {one_line(text)}",),
                )


def _is_in(written: str, text: str, public: str) -> bool:
    """Return whether a piece of an annotation, apart from what templates fill in, stands in a text."""
    pieces = (piece.strip() for line in written.splitlines() for piece in re.split(r"\{\{.*?\}\}", line))
    return any(len(piece) > 8 and piece in text and piece not in public for piece in pieces)


def _order(stage: Stage, condition: Condition, rows: list[Row]) -> Iterator[Finding]:
    """DRL806: somebody was paged before the machine was called that must act at once."""
    containment = stage.play.plan.policy.containments.get(condition.labels.get("containment", ""))
    call = containment.call if containment and condition.promised.duty is None else None
    halted = next((row.observed for row in rows if row.receiver == call and row.observed is not None), None)
    paged = next((row for row in rows if row.paging and row.observed is not None), None)
    if halted is not None and paged and paged.observed is not None and paged.observed < halted:
        yield _finding(
            stage.play,
            "DRL806",
            f"{_named(condition)}: {paged.receiver} was told after {written(paged.observed)}, "
            f"{call} was called only after {written(halted)}",
            condition,
            _where(stage.play, str(call), condition),
        )


# ------------------------------------------------------------------------------------------- small parts


def _said_of(stage: Stage, receiver: str) -> Iterator[str]:
    """Yield what Alertmanager logged of a receiver that it could not tell."""
    seen: set[str] = set()
    for peer in stage.peers:
        for line in peer.server.said().splitlines():
            found = _FAILED.search(line) if f"{receiver}/" in line else None
            # Of attempts of the same kind the first says it.
            if found and "context canceled" not in found[1] and not seen:
                seen.add(found[1])
                said = found[1].replace('\\"', '"').replace(f"{stage.folder}/secrets", "")
                yield f"Alertmanager says: {said}"


def _finding(
    play: Play, code: str, message: str, condition: Condition, where: Route | None, notes: tuple[str, ...] = ()
) -> Finding:
    spot = where or ("route",)
    route = policy_route(play.plan, play.documents, ALERTMANAGER, spot) if where else None
    return Finding(
        diagnostic=Diagnostic(
            code=code,
            message=message,
            route=route or condition.promised.route,
            on_key=True,
            notes=notes,
            help="`alertc check` says whether the files keep what the policy promises; compare your templates",
        ),
        path=ALERTMANAGER,
        where=spot,
    )


def _where(play: Play, receiver: str, condition: Condition) -> Route | None:
    """Return the route that leads an alert to a receiver, else the receiver itself."""
    for node in play.router.routes_of(condition.labels):
        if node.receiver == receiver:
            return node.where
    return _receiver_where(play, receiver)


def _receiver_where(play: Play, receiver: str) -> Route | None:
    return next((one.where for one in play.behaviour.receivers if one.name == receiver), None)


def _named(condition: Condition) -> str:
    return f"{condition.promised.severity} {condition.rule.name} of {condition.labels.get('service', '')}"


def written(length: timedelta) -> str:
    """Return an observed time, rounded up to whole seconds: 1m30s."""
    return duration.write(timing.whole(length, timing.SECOND))


def one_line(text: str, width: int = 100) -> str:
    """Return a text on one line, shortened."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"
