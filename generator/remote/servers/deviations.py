"""What runs otherwise than the policy says, and how it is told: the same at several servers is one finding."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from generator.behaviour.verification import Finding
from generator.checks import verify
from generator.diagnostics import wording
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.policy.kubernetes import FILES, KUBERNETES
from generator.remote.servers import proof

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.behaviour.alerts import SentAlert
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath, PolicyPath
    from generator.policy.model import Policy
    from generator.remote.servers.proof import Change

LIV803 = Code(
    name="LIV803",
    title="Deviations together break a promise",
    meaning="Each of several deviations alone keeps the promise; together they break it. Correct the largest first.",
)


COPY_RULES = "copy out/prometheus/rules/ again and reload Prometheus"
COPY_CONFIGURATION = "copy out/alertmanager/ again, as one folder, and reload Alertmanager"
_BY_OBJECTS = {
    COPY_RULES: "apply out/kubernetes/rules/ again; what the API server holds may have been changed by somebody else",
    COPY_CONFIGURATION: "apply out/kubernetes/alertmanager/ again; each AlertmanagerConfig that it selects adds routes",
}
_BY_VALUES = dict.fromkeys(_BY_OBJECTS, "upgrade the release with out/helm/values.yaml as the last of its values")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """A difference at one server; `said` continues "Prometheus at http://...: ".

    `level` is how bad it is where its `change` breaks no promise; one that does is an error.
    """

    code: str
    program: Literal["Prometheus", "Alertmanager"]
    server: str
    said: str
    route: PolicyPath | None = None
    on_key: bool = False
    where: tuple[str, EntryPath] | None = None
    """The generated file that says otherwise, and the way to the entry."""
    level: Level = Level.ERROR
    change: Change | None = None
    notes: tuple[str, ...] = ()
    help: str | None = None


def diagnostics(verification: Verification, deviations: Iterable[Deviation]) -> tuple[Diagnostic, ...]:
    """Return a finding for each deviation with the promises that it breaks, and one for all deviations together."""
    groups: dict[tuple[object, ...], list[Deviation]] = defaultdict(list)
    for deviation in deviations:
        groups[
            deviation.code, deviation.program, deviation.said, deviation.route, deviation.where, deviation.notes
        ].append(deviation)
    more = _cut(groups)
    findings: list[Finding] = []
    broken: dict[str, set[str]] = {}
    for same in groups.values():
        late = proof.late(verification, [deviation.change for deviation in same if deviation.change])
        for severity in late:
            broken.setdefault(severity.severity, set()).update({severity.name, *severity.others})
        path, where = same[0].where or (None, ())
        findings.append(Finding(diagnostic=_diagnostic(same, late), path=path, where=where))
    together = _together(verification, [deviation for same in groups.values() for deviation in same], broken)
    findings += (Finding(diagnostic=finding) for finding in together)
    located = verify.located(verification.artifacts, findings)
    if in_a_cluster(verification):
        helps = _BY_OBJECTS if KUBERNETES in verification.plan.policy.targets else _BY_VALUES
        located = tuple(replace(one, help=helps.get(one.help or "", one.help)) for one in located)
    return (*verify.in_written(verification.plan, verification.artifacts, located), *more)


def in_a_cluster(verification: Verification) -> bool:
    """Return whether the servers get their files from the Prometheus operator."""
    policy = verification.plan.policy
    return policy.stack.kubernetes is not None and FILES not in policy.targets


_MOST = 20
"""Findings of one kind that are told one by one: who has more has loaded another policy."""


def _cut(groups: dict[tuple[object, ...], list[Deviation]]) -> tuple[Diagnostic, ...]:
    """Remove the groups of one kind beyond a limit, and return findings that count them."""
    kinds: Mapping[str, list[tuple[object, ...]]] = defaultdict(list)
    for key, same in groups.items():
        kinds[same[0].code].append(key)
    counted = []
    for code, keys in kinds.items():
        extra = [groups.pop(key) for key in keys[_MOST:]]
        if extra:
            where = listed([deviation.server for same in extra for deviation in same])
            counted.append(
                Diagnostic(
                    code=code,
                    level=max(
                        (deviation.level for same in extra for deviation in same),
                        key=lambda level: level is Level.ERROR,
                    ),
                    message=f"{extra[0][0].program} at {where}: {len(extra)} more of this kind",
                    help="correct the first ones, and run it again",
                )
            )
    return tuple(counted)


def _diagnostic(same: Sequence[Deviation], late: tuple[proof.Late, ...]) -> Diagnostic:
    first = same[0]
    where = listed([deviation.server for deviation in same])
    promise = late[0] if late else None
    return Diagnostic(
        code=first.code,
        level=Level.ERROR if late else first.level,
        message=f"{first.program} at {where}: {first.said}{f': {promise}' if promise else ''}",
        route=first.route,
        on_key=first.on_key,
        notes=(
            *(promise.notes if promise else ()),
            *(note for other in late[1:] for note in (str(other), *other.notes[:1])),
            *(("no SLA is missed by this alone",) if first.change is not None and not late else ()),
            *first.notes,
        ),
        help=first.help,
    )


def _together(
    verification: Verification, deviations: Sequence[Deviation], broken: Mapping[str, set[str]]
) -> Iterator[Diagnostic]:
    """LIV803: a promise is broken only by several deviations together."""
    changes = [deviation.change for deviation in deviations if deviation.change]
    if len(changes) < 2:
        return
    for severity in proof.late(verification, changes):
        if {severity.name, *severity.others} <= broken.get(severity.severity, set()):
            continue
        yield Diagnostic(
            code=LIV803.name,
            message=f"with all that runs otherwise, {severity}",
            route=("severities", severity.severity, "acknowledge"),
            notes=severity.notes,
            help="correct what the other findings report, or write into `stack` what really runs",
        )


def urgency(policy: Policy, alert: SentAlert) -> tuple[bool, int, str]:
    """Return the sort key of a rule: the author's alerts first, then by severity."""
    return (
        policy.labels.duty in alert.labels,
        policy.rank(alert.severity),
        alert.rule.name,
    )


def named(alert: SentAlert) -> str:
    """Return `P0 MoneyLost`."""
    return f"{alert.severity} {alert.rule.name}".strip()


def listed(words: Sequence[str]) -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    return wording.listed(dict.fromkeys(words))


def some(words: Iterable[str], most: int = 3) -> str:
    """Return the first few, and how many more there are."""
    names = tuple(dict.fromkeys(words))
    if len(names) <= most + 1:
        return listed(names)
    return f"{', '.join(names[:most])} and {len(names) - most} others"
