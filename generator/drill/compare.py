"""Predicted beside observed: what of the messages about a condition breaks a promise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.identity import policy_route
from generator.behaviour.verification import Finding
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.suggest import did_you_mean
from generator.drill import scaled
from generator.drill.compare_codes import DRL801, DRL802, DRL803, DRL804, DRL805, DRL806, DRL807, DRL808, DRL809
from generator.drill.observations import answered, calls_of, promised_messages
from generator.plan import timing, unrouted
from generator.plan.unrouted import UNROUTED
from generator.policy import duration
from generator.system.unique import unique

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import timedelta

    from generator.diagnostics.diagnostic import EntryPath
    from generator.drill.conditions import Condition
    from generator.drill.observations import Row
    from generator.drill.stage import DrillRun, Stage

_SLOW = "is this machine very busy? else whoever is called answers later than `stack.delivery` says"
_TEMPLATES = "compare the templates with those that come with alertc; `alertc check` says what else is not kept"
_FAILED = re.compile(r'err(?:or)?="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Drilled:
    """The result of drilling one condition."""

    scenario: str
    condition: Condition
    rows: tuple[Row, ...]
    answered: timedelta | None
    """When the last of those paged acknowledged; None where that was not played."""
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def judged(
    stage: Stage,
    scenario: str,
    condition: Condition,
    mark: str,
    rows: Iterable[Row],
    *,
    answers: bool = False,
    ordered: bool = True,
    notes: tuple[str, ...] = (),
) -> Drilled:
    """Return the rows with a finding for each promise that they, or the messages about the condition, break.

    Where an alert may reach Alertmanager late, what has waited long enough is told in any order: not `ordered`.
    """
    rows = tuple(rows)
    findings = [
        *_missing(stage, condition, rows),
        *_late(stage, condition, rows),
        *_unexpected(stage, condition, rows),
        *_unpromised(stage, condition, mark),
        *_texts(stage, condition, mark),
        *(_order(stage, condition, rows) if ordered else ()),
        *(_unanswered(stage, condition, mark) if answers else ()),
    ]
    return Drilled(
        scenario=scenario,
        condition=condition,
        rows=rows,
        answered=answered(stage, mark) if answers else None,
        findings=tuple(findings),
        notes=(
            *notes,
            *(
                f"{name} is held back now, by a time interval of its routes: Alertmanager goes by this machine's clock."
                for name in sorted(condition.held)
            ),
        ),
    )


# ------------------------------------------------------------------------------------------- what is wrong


def _missing(stage: Stage, condition: Condition, rows: tuple[Row, ...]) -> Iterator[Finding]:
    """DRL801: a promised receiver was not notified. DRL809: no Alertmanager is running any more."""
    expected = [row for row in rows if row.kind != "silent"]
    if not any(peer.server.runs() for peer in stage.peers) and any(row.observed is None for row in expected):
        diagnostic = Diagnostic(
            code=DRL809.name,
            message=f"{condition.name}, a {condition.about}: nobody was told, no Alertmanager runs any more",
            route=("stack", "alertmanager", "peers"),
            notes=(f"not told: {', '.join(dict.fromkeys(row.receiver for row in expected))}",),
            help="let `peers` be 2 or more, and `survive` name alertmanager-peer-lost",
        )
        yield Finding(diagnostic=diagnostic)
        return
    for receiver in dict.fromkeys(row.receiver for row in expected if row.observed is None):
        lost = [row for row in expected if row.receiver == receiver and row.observed is None]
        notes = (*_wrong_file(stage.run, receiver), *_logged_error(stage, receiver))
        # Where Alertmanager says something else than that it waited in vain, that is the cause.
        waited = lost[0].predicted is not None and all("deadline exceeded" in note for note in notes)
        yield _finding(
            stage.run,
            DRL801.name,
            f"{condition.name}, a {condition.about}: {receiver} {_missing_message(lost)}",
            condition,
            _where(stage.run, receiver, condition),
            notes,
            (waited and _cause(stage.run, (receiver,))) or _TEMPLATES,
        )


def _wrong_file(run: DrillRun, receiver: str) -> Iterator[str]:
    """Yield notes about secret files of a receiver that the policy does not know."""
    known = scaled.known_secrets(run.plan)
    for artifact in run.artifacts:
        if artifact.path == ALERTMANAGER:
            for secret in scaled.secrets_named(artifact):
                if secret.receiver == receiver and secret.path not in known:
                    meant = did_you_mean(secret.path, known)
                    tip = f"; did you mean {meant}?" if meant else ""
                    yield f"it reads {secret.path}, a file that the policy does not know{tip}"


def _missing_message(lost: list[Row]) -> str:
    """Return the clause that says which message a receiver did not get."""
    first = lost[0]
    if first.predicted is None:
        return "was not told: no rendered route leads there"
    within = duration.write(first.predicted.value)
    if first.kind == "again":
        return f"was not told again within {within}"
    if first.kind == "back":
        return f"was not told of its return within {within}"
    if first.kind == "resolved":
        return f"was not told of the end within {within}"
    if first.step:
        return f"was paged, but {' and '.join(row.note for row in lost)} was not"
    return f"was not told within {within}"


def _late(stage: Stage, condition: Condition, rows: tuple[Row, ...]) -> Iterator[Finding]:
    """DRL802: a receiver was notified later than predicted."""
    late = [row for row in rows if row.predicted and row.observed and row.observed > row.predicted.value]
    for receiver in dict.fromkeys(row.receiver for row in late):
        row = next(row for row in late if row.receiver == receiver)
        assert row.predicted is not None and row.observed is not None  # noqa: PT018, S101  # for mypy
        latest, after = duration.write(row.predicted.value), written(row.observed)
        subject = {"again": "again ", "resolved": "of the end ", "back": "of its return "}.get(row.kind, "")
        yield _finding(
            stage.run,
            DRL802.name,
            f"{condition.name}, a {condition.about}: {receiver} was told {subject}after {after}, "
            f"predicted within {latest}",
            condition,
            _where(stage.run, receiver, condition),
            (timing.written_sum(row.predicted.terms), *_logged_error(stage, receiver)),
            _cause(stage.run, (receiver,)) or _SLOW,
        )


def _unanswered(stage: Stage, condition: Condition, mark: str) -> Iterator[Finding]:
    """DRL808: the last acknowledgement would miss the SLA."""
    at = answered(stage, mark)
    if at is None or condition.timeline.acknowledged is None or condition.promised is None:
        return
    sla = stage.run.plan.severities[condition.promised.severity].acknowledge
    if at >= sla:
        yield _finding(
            stage.run,
            DRL808.name,
            f"{condition.name}, a {condition.about}: the last of them had answered after {written(at)}, "
            f"the SLA is less than {duration.write(sla)}",
            condition,
            None,
            help=_cause(stage.run, _pagers(condition)) or _SLOW,
        )


def _unexpected(stage: Stage, condition: Condition, rows: tuple[Row, ...]) -> Iterator[Finding]:
    """DRL807: a receiver was notified that should not have been."""
    for row in rows:
        if row.kind == "silent" and row.observed is not None:
            yield _finding(
                stage.run,
                DRL807.name,
                f"{condition.name}, a {condition.about}: {row.receiver} was told, and should not have been: {row.note}",
                condition,
                _where(stage.run, row.receiver, condition),
            )


def _unpromised(stage: Stage, condition: Condition, mark: str) -> Iterator[Finding]:
    """DRL803: a receiver was notified, or a person paged, that the policy does not name."""
    for receiver in dict.fromkeys(call.receiver for call in calls_of(stage, mark)):
        if receiver not in condition.receivers:
            yield _finding(
                stage.run,
                DRL803.name,
                f"{condition.name}, a {condition.about}: {receiver} was told, which the policy does not say",
                condition,
                _where(stage.run, receiver, condition),
            )
    chains = {one.receiver: one.escalation.title for one in stage.run.plan.paged}
    unknown = unrouted.pager(stage.run.plan.policy)
    if unknown:
        chains[UNROUTED] = chains[unknown]
    for page in tuple(stage.pager.paged):
        promised = chains.get(page.receiver)
        if mark in page.marks and page.step == 0 and page.chain != promised:
            yield _finding(
                stage.run,
                DRL803.name,
                f"{condition.name}, a {condition.about}: {page.receiver} paged the service {page.chain}, "
                f"not {promised}",
                condition,
                _receiver_where(stage.run, page.receiver),
            )
    for call in tuple(stage.pager.refused):
        if mark in call.marks:
            yield _finding(
                stage.run,
                DRL803.name,
                f"{condition.name}, a {condition.about}: PagerDuty refused the key that {call.receiver} sends: "
                "it belongs to no service in out/pagerduty",
                condition,
                _receiver_where(stage.run, call.receiver),
            )


def _texts(stage: Stage, condition: Condition, mark: str) -> Iterator[Finding]:
    """DRL804: a message is empty. DRL805: a public message contains internal text."""
    public = {receiver.name for receiver in stage.run.plan.receivers if receiver.public}
    annotations = condition.rule.annotations if condition.rule else {}
    messages = (call for call in calls_of(stage, mark) if not call.kind.program)
    for call in unique(messages, lambda call: call.receiver):
        text = call.text()
        where = _receiver_where(stage.run, call.receiver)
        if not text.strip():
            message = f"{condition.name}, a {condition.about}: the message to {call.receiver} is empty"
            yield _finding(stage.run, DRL804.name, message, condition, where)
        if call.receiver in public:
            inner = {name: value for name, value in annotations.items() if name != "public"}
            leaked = [name for name, value in inner.items() if _is_in(value, text, annotations.get("public", ""))]
            leaked += ["the name of the alert"] if condition.name in text else []
            if leaked:
                yield _finding(
                    stage.run,
                    DRL805.name,
                    f"{condition.name}, a {condition.about}: {call.receiver} is public and was sent "
                    f"{', '.join(leaked)}",
                    condition,
                    where,
                    (f"it reads: {one_line(text)}",),
                )


def _is_in(written_text: str, text: str, public: str) -> bool:
    """Return whether a text contains a literal part of an annotation."""
    pieces = (piece.strip() for line in written_text.splitlines() for piece in re.split(r"\{\{.*?\}\}", line))
    return any(len(piece) > 8 and piece in text and piece not in public for piece in pieces)


def _order(stage: Stage, condition: Condition, rows: tuple[Row, ...]) -> Iterator[Finding]:
    """DRL806: somebody was paged before the containment's machine was called."""
    containment = stage.run.plan.policy.containments.get(
        condition.labels.get(stage.run.plan.policy.labels.containment, "")
    )
    call = containment.call if containment and condition.promised and condition.promised.origin.authored else None
    observed = {(row.receiver, row.step): row.observed for row in rows if not row.kind and row.observed is not None}
    halted = observed.get((call or "", None))
    for (receiver, step), at in observed.items():
        if halted is not None and step == 0 and at < halted:
            yield _finding(
                stage.run,
                DRL806.name,
                f"{condition.name}, a {condition.about}: {receiver} was told after {written(at)}, {call} was called "
                f"only after {written(halted)}",
                condition,
                _where(stage.run, str(call), condition),
                help=_cause(stage.run, (str(call),)) or _TEMPLATES,
            )


# ------------------------------------------------------------------------------------------- small parts


def slowed(run: DrillRun) -> tuple[str, ...]:
    """Return the receivers that --slow delays, as sentences."""
    return tuple(f"{name} answers {duration.write(late)} late" for name, late in run.slow.items())


def _cause(run: DrillRun, receivers: Iterable[str]) -> str:
    """Return the --slow options that explain a failure at these receivers; empty where there are none."""
    late = [f"{name}={duration.write(run.slow[name])}" for name in receivers if name in run.slow]
    if not late:
        return ""
    return f"the cause is --slow {' --slow '.join(late)}: what is promised allows `stack.delivery` for an answer"


def _pagers(condition: Condition) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(message.receiver for message in promised_messages(condition) if message.step is not None)
    )


def _logged_error(stage: Stage, receiver: str) -> Iterator[str]:
    """Yield the first error that Alertmanager logged about a receiver."""
    for peer in stage.peers:
        for line in peer.server.output().splitlines():
            match = _FAILED.search(line) if f"{receiver}/" in line else None
            if match and "context canceled" not in match[1]:
                error = match[1].replace('\\"', '"').replace(f"{stage.folder}/secrets", "")
                yield f"Alertmanager says: {error.replace(stage.world.url, '(played)')}"
                return


def _finding(
    run: DrillRun,
    code: str,
    message: str,
    condition: Condition,
    where: EntryPath | None,
    notes: tuple[str, ...] = (),
    help: str = _TEMPLATES,
) -> Finding:
    route = policy_route(run.plan, run.documents, ALERTMANAGER, where) if where else None
    return Finding(
        diagnostic=Diagnostic(
            code=code,
            message=message,
            route=route or condition.route,
            on_key=True,
            notes=notes,
            help=help,
        ),
        path=ALERTMANAGER if where else None,
        where=where or (),
    )


def _where(run: DrillRun, receiver: str, condition: Condition) -> EntryPath | None:
    """Return the route that leads an alert to a receiver, else the receiver itself."""
    for node in run.router.routes_of(condition.labels):
        if node.receiver == receiver:
            return node.where
    return _receiver_where(run, receiver)


def _receiver_where(run: DrillRun, name: str) -> EntryPath | None:
    return next((receiver.where for receiver in run.behaviour.receivers if receiver.name == name), None)


def written(length: timedelta) -> str:
    """Return an observed time, rounded up to whole seconds: 1m30s."""
    return duration.write(timing.whole(length, timing.SECOND))


def one_line(text: str, width: int = 100) -> str:
    """Return a text on one line, shortened."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"
