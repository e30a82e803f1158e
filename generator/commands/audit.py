"""`alertc audit`: say what somebody's rules and routes do, with nothing migrated."""

from __future__ import annotations

from collections import ChainMap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator.audit import configurations, pagerduty, promise, rule_files, said
from generator.audit.audit import audit
from generator.commands.project import Unknown
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.quoting import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.audit.audit import Audit
    from generator.remote.servers.web import Client


_AT_ONCE = 1 << 16
"""Characters that are printed at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be audited: the files by their paths, and the promise that they are held against, if any."""

    rules: Sequence[str]
    alertmanager: Sequence[str]
    promise: Path | None
    pagerduty: Path | None
    """An export of an account."""
    prometheus: str | None
    """The address of a server to ask for labels of series."""
    headers: Mapping[str, str]
    limit: float
    """The seconds that each of its answers may take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An audit in the form that was asked for; `findings` are those that decide the exit code."""

    pieces: Iterator[str]
    """The text, which may be long, in parts of some length."""
    findings: tuple[Diagnostic, ...]
    sources: Mapping[str, bytes]
    alerts: int


def ask(question: Question) -> Audit:
    """Return the audit of the files; raises PolicyErrors where the promise or the configuration cannot be read."""
    promised = promise.read(question.promise) if question.promise else None
    rules = rule_files.read(question.rules)
    if promised is None:
        promised = promise.usual({written.rule.labels.get("severity", "") for written in rules.rules})
    client = _client(question) if question.prometheus else None
    services = pagerduty.read(question.pagerduty) if question.pagerduty else None
    return audit(rules, configurations.read(question.alertmanager), promised, client, services)


def _client(question: Question) -> Client:
    from generator.remote.servers.web import Client

    return Client(url=question.prometheus or "", headers=question.headers, limit=question.limit, program="Prometheus")


def answer(found: Audit, form: str, alert: str | None) -> Answer:
    """Return an audit as text in a form; raises Unknown where there is no alert of that name."""
    # Neither is worked out before it is looked at.
    sources: Mapping[str, bytes] = ChainMap(
        found.case.rules.sources,  # type: ignore[arg-type]  # nothing is written into it
        found.case.configuration.sources,  # type: ignore[arg-type]
    )
    parts: Iterator[str]
    if form == "text":
        # Whether there is such an alert is said before anything is printed.
        lines = _lines(found, alert) if alert is None else tuple(_lines(found, alert))
        # A line may show a file that anybody wrote.
        parts = (f"{printable(line)}\n" for line in lines)
    else:
        parts = _data(found, form, sources)
    return Answer(pieces=_joined(parts), findings=found.findings, sources=sources, alerts=len(found.verdicts))


def reads(found: Audit, question: Question, path: Path) -> bool:
    """Return whether a path leads to a file that was read."""
    if not path.exists():
        return False
    read = map(Path, (*found.case.rules.sources, *found.case.configuration.sources))
    files = (*read, *(file for file in (question.promise, question.pagerduty) if file is not None))
    return any(file.exists() and file.samefile(path) for file in files)


def report(found: Audit, output: Path, *, defaults: bool) -> str:
    """Write the page of an audit, and return the line that says so; `defaults`: no promise was given.

    Raises EnvironmentProblem where it cannot be written.
    """
    from generator.report import audited, write
    from generator.report.output import save

    return save(write.html_of_audit(audited.page(found, defaults=defaults)), output, "--report")


def _lines(found: Audit, alert: str | None) -> Iterator[str]:
    if alert is None:
        yield from said.overview(found)
        return
    verdicts = [verdict for verdict in found.verdicts if verdict.name == alert]
    if not verdicts:
        names = {verdict.name: None for verdict in found.verdicts}
        raise Unknown(f"there is no alert `{alert}`", alert, names)
    for number, verdict in enumerate(verdicts):
        if number:
            yield ""
        yield from said.in_full(verdict, found.case.services)


def _joined(parts: Iterable[str]) -> Iterator[str]:
    """Yield the parts, some at a time: each that is printed goes through several hands."""
    waiting: list[str] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size > _AT_ONCE:
            yield "".join(waiting)
            waiting, size = [], 0
    yield "".join(waiting)


def _data(found: Audit, form: str, sources: Mapping[str, bytes]) -> Iterator[str]:
    if form == "json":
        yield from said.to_json(found)
        return
    if form == "markdown":
        yield said.to_markdown(found)
        return
    from generator.commands import sarif

    yield sarif.to_sarif(found.findings, next(iter(sources), "rules"), Path.cwd())


def blocks(answer: Answer, *, color: bool) -> str:
    """Return the findings as text, in their order of harm."""
    return formats.in_this_order(answer.findings, answer.sources, color)


def fails(answer: Answer, fail_on: str) -> bool:
    """Return whether a finding is at least as bad as `error`, `warning` or `note`."""
    levels = tuple(Level)
    return any(levels.index(finding.level) <= levels.index(Level(fail_on)) for finding in answer.findings)
