"""The audit: what becomes of each alert of somebody's rules under somebody's configuration, and what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.audit import expressions, inhibitions, pagerduty, reach, routes, templates, upkeep, versions
from generator.audit.judge import Judge
from generator.audit.shared import Case
from generator.diagnostics.diagnostic import Level
from generator.system.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from generator.audit.judge import Verdict
    from generator.audit.pagerduty import Services
    from generator.audit.promise import Promise
    from generator.audit.written import Configuration, RuleFiles
    from generator.diagnostics.diagnostic import Diagnostic
    from generator.remote.servers.web import Client


@record
class Audit:
    """What was found."""

    case: Case
    verdicts: tuple[Verdict, ...]
    """Of each alerting rule, in the order of the files."""
    findings: tuple[Diagnostic, ...]
    """What loses a page first."""


def audit(
    rules: RuleFiles,
    configuration: Configuration,
    promise: Promise,
    client: Client | None = None,
    services: Services | None = None,
) -> Audit:
    """Return what becomes of the alerts of the rules, and the findings, ranked.

    A Prometheus, where one is named, says which labels their series have; raises EnvironmentProblem where it does not.
    """
    judge = Judge(rules.rules, configuration, promise)
    missing: Iterable[Diagnostic] = ()
    if client is not None:
        from generator.audit import series

        server = series.ask(client, rules.rules, judge.asks, promise)
        promise = server.promise
        judge = Judge(rules.rules, configuration, promise, server.seen)
        missing = series.check(server, len(judge.alerting))
    case = Case(rules=rules, configuration=configuration, promise=promise, judge=judge, services=services or {})
    verdicts = tuple(map(judge.verdict, judge.alerting))
    findings = (
        *rules.findings,
        *configuration.findings,
        *versions.check(case),
        *reach.check(verdicts, case),
        *pagerduty.check(verdicts, case),
        *inhibitions.check(verdicts, case),
        *routes.check(verdicts, case),
        *templates.check(case),
        *expressions.check(case),
        *upkeep.check(verdicts, case),
        *missing,
    )
    return Audit(case=case, verdicts=verdicts, findings=ranked(findings))


def ranked(findings: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the findings by what they cost: errors first, then by their codes, whose order is that of the harm."""
    return tuple(sorted(findings, key=lambda finding: (_LEVELS.index(finding.level), _harm(finding.code))))


def _harm(code: str) -> tuple[int, str]:
    return _FIRST.index(code[:4]) if code[:4] in _FIRST else len(_FIRST), code


_LEVELS = tuple(Level)
_FIRST = ("AUD9", "PQL7")
"""Codes about what is read come before all, then who is told, then expressions."""
