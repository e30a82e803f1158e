"""What commands that answer questions work on: the policy compiled and its files read back, no program run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator import pipeline
from generator.behaviour import documents
from generator.checks.verify import read_back
from generator.commands.project import Outcome, Project, Unanswered, Unknown, header_path, owner, texts
from generator.diagnostics import formats
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level, Place, PolicyErrors
from generator.policy.parts import on_disk
from generator.system import output
from generator.targets.render import Templates
from generator.upstream.alertmanager.values import suits

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.verification import Verification
    from generator.pipeline import Compiled
    from generator.policy.label_names import LabelNames
    from generator.policy.source import Source

OUT703 = Code(
    name="OUT703",
    title="Answer is about files that are not rendered yet",
    meaning="The command compiled the policy, but `out/` holds something else: an edit was not rendered, or "
    "another version of alertc rendered it. Run `alertc render`.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What the user asks about: an alert by its name (of one service), or any label set."""

    alert: str | None
    service: str | None
    labels: Mapping[str, str]
    environment: str | None = None
    """Where the policy has several; None: the first, or the one that the labels name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """A policy, its files read back, and the notes that every answer about them carries."""

    source: Source
    files: Verification
    """Those of one environment."""
    every: tuple[Verification, ...]
    """Those of all environments, the first of them first."""
    notes: tuple[Diagnostic, ...]

    def meant(self, query: Query) -> Verification:
        """Return the files of the environment that the query means, by its name or by the labels."""
        labelled = (
            one
            for one in self.every
            if one.plan.policy.environment == query.labels.get(one.plan.policy.labels.environment)
        )
        return self.files if query.environment else next(labelled, self.files)


def analyse(project: Project, environment: str | None = None) -> Analysis:
    """Compile the policy and read its files back; promtool and amtool are not run, `check` does that.

    The files are those of an environment, of the first one where none is named. Raises PolicyErrors where there is no
    policy to read, and Unanswered, with what is wrong, where it does not compile; Unknown where there is no such
    environment.
    """
    source = on_disk(project.policy).read()
    try:
        compiled = pipeline.compile(source, Templates(project.templates), header_path(project))
        files = read_back(compiled.plan, compiled.artifacts, documents.read(compiled.artifacts), project.out)
    except PolicyErrors as refused:
        findings = formats.place(refused.diagnostics, source)
        raise Unanswered(Outcome(diagnostics=findings, sources=texts(project, source))) from None
    notes = tuple(_not_rendered(project, compiled))
    return Analysis(source=source, files=_in_environment(files, environment), every=files.each, notes=notes)


def _in_environment(files: Verification, name: str | None) -> Verification:
    if name is None:
        return files
    each = {one.plan.policy.environment: one for one in files.each}
    if name not in each:
        raise Unknown(f"there is no environment `{name}`", name, each)
    return each[name]


def _not_rendered(project: Project, compiled: Compiled) -> Iterator[Diagnostic]:
    """OUT703: `out/` holds other files than the answer is about; an empty one, or another policy's, misleads nobody."""
    out, ours = project.out.as_posix(), owner(project, compiled.plan.policy.name)
    if output.of_another(project.out, ours):
        return
    compared = output.compare(project.out, compiled.written, ours)
    if not compared.same and not compared.empty:
        yield Diagnostic(
            code=OUT703.name,
            level=Level.NOTE,
            message=f"{out}/ is not up to date: this answer is about the files that `alertc render` would write",
            place=Place(path=out),
            help="`alertc check` shows what differs",
        )


def _is_owned(alert: SentAlert, labels: Mapping[str, str]) -> bool:
    """Return whether an alert belongs to whoever owns these labels, as far as they say."""
    return all(suits(labels[name], limits) for name, limits in alert.rule.series.items() if name in labels)


def choose(names: LabelNames, sent: tuple[SentAlert, ...], query: Query) -> tuple[SentAlert | None, tuple[str, ...]]:
    """Return the alert that the query means, None where no rule sends it, and other services with an alert of its name.

    Raises Unknown where an alert, or a service that has it, was named and is not there.
    """
    name = query.alert or query.labels.get("alertname")
    named = [alert for alert in sent if alert.rule.name == name]
    if query.alert and not named:
        raise Unknown(f"there is no alert `{query.alert}`", query.alert, {alert.rule.name for alert in sent})
    service = query.service or query.labels.get(names.service)
    services = tuple(dict.fromkeys(alert.service for alert in named))
    if query.service and query.service not in services:
        raise Unknown(f"{name} is no alert of the service `{query.service}`", query.service, services)
    of_service = [alert for alert in named if service in (None, alert.service)]
    of_service = [alert for alert in of_service if _is_owned(alert, query.labels)] or of_service
    severity = query.labels.get(names.severity)
    # Of several thresholds the worst stands for all, unless the query names another.
    same = [alert for alert in of_service if severity in (None, alert.severity)] or of_service
    same.sort(key=lambda alert: bool(alert.promised and alert.promised.lesser))
    if not same:
        return None, ()
    others = () if query.service or query.labels else services[1:]
    return same[0], others
