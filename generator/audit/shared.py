"""What the findings of an audit share: the case that is judged, and alerts with the same fault as one finding."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import first_few
from generator.system.record import record

if TYPE_CHECKING:
    from generator.audit.judge import Judge, Verdict
    from generator.audit.pagerduty import Services
    from generator.audit.promise import Promise
    from generator.audit.written import Configuration, RuleFiles
    from generator.diagnostics.diagnostic import EntryPath, Level, Place


# Without slots, which have no room for what is cached.
@dataclass(frozen=True, kw_only=True)
class Case:
    """What is judged: rules and a configuration, against a promise."""

    rules: RuleFiles
    configuration: Configuration
    promise: Promise
    judge: Judge
    services: Services
    """PagerDuty's, by integration key; none: it is not known whom it pages."""

    @cached_property
    def pages(self) -> bool:
        """Whether any receiver pages."""
        return any(
            self.promise.is_page(receiver.name, integration)
            for receiver in self.configuration.behaviour.receivers
            for integration in receiver.integrations
        )


@record
class Fault:
    """A fault that alerts can share; the message says it of them: `critical A and 3 others reach nobody`."""

    code: str
    level: Level
    which: str = ""
    """Which alerts of their rules: `with namespace="x"`; empty: all."""
    verb: tuple[str, str]
    """What befalls one, and what befalls many."""
    where: EntryPath | None = None
    """The entry of the configuration that shows it."""
    notes: tuple[str, ...] = ()
    """About the first of the alerts."""
    help: str

    @property
    def key(self) -> tuple[object, ...]:
        """What alerts with the same fault agree in."""
        return self.code, self.level, self.which, self.verb, self.where


@dataclass(slots=True)
class Group:
    """The rules whose alerts share a fault."""

    fault: Fault
    verdicts: list[Verdict] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Add the alerts of a rule."""
        self.verdicts.append(verdict)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the alerts, each once."""
        return tuple(dict.fromkeys(verdict.name for verdict in self.verdicts))


_NAMED = 8


def told_once(group: Group, case: Case) -> Diagnostic:
    """Return one finding for all alerts with a fault."""
    fault = group.fault
    first, (name, *others) = group.verdicts[0], group.names
    severities = {verdict.severity for verdict in group.verdicts}
    severity = first.severity if len(severities) == 1 else ""
    subject = " ".join(word for word in (fault.which, severity, name) if word)
    if others:
        subject += f" and {len(others):,} other{'s' * (len(others) > 1)}"
    return finding(
        fault.code,
        fault.level,
        f"{subject} {fault.verb[bool(others)]}",
        first.written.place,
        notes=(*((f"also: {first_few(others, _NAMED)}",) if others else ()), *fault.notes),
        artifact=None if fault.where is None else case.configuration.place(fault.where),
        help=fault.help,
    )


def finding(
    code: str,
    level: Level,
    message: str,
    place: Place,
    *,
    notes: tuple[str, ...] = (),
    artifact: Place | None = None,
    help: str,
) -> Diagnostic:
    """Return a finding about an entry of somebody's file; `artifact` is the entry of another that shows it."""
    return Diagnostic(code=code, level=level, message=message, place=place, artifact=artifact, notes=notes, help=help)
