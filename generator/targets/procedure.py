"""The procedure itself, regenerated: who is told when, what is done, which alert belongs where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from generator.behaviour.documents import PROCEDURE
from generator.plan import drafts, paged, pagers
from generator.policy import duration
from generator.system.artifact import Artifact
from generator.targets.elsewhere import elsewhere
from generator.targets.target import Owned, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import EscalationStep, PagedService, Plan, SeverityPlan
    from generator.targets.render import Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table "who is paged when"."""

    chain: str
    severity: str
    steps: tuple[str, ...]


class Listed(NamedTuple):
    """An alert as the document lists it: once, with all of its services.

    A tuple: a template that unpacks it goes through a hundred thousand in half of the time.
    """

    severity: str
    name: str
    services: tuple[str, ...]
    hold: timedelta
    containment: str | None
    runbooks: tuple[str, ...]


def build(plan: Plan, templates: Templates, source: str) -> Iterator[Artifact]:
    """Yield `docs/incident-response.md`."""
    policy = plan.policy
    chains = sorted(paged.ways(plan), key=lambda way: (policy.rank(way[1].severity), way[0]))
    text = templates.render(
        "docs/incident-response.md.j2",
        source=source,
        plan=plan,
        policy=policy,
        severities=list(plan.severities.values()),
        steps=max((len(one.escalation.steps) for _, one in chains), default=0),
        rows=[_row(plan, name, one) for name, one in chains],
        pagers=list(_pagers(plan)),
        told={name: _told(plan, entry.notify) for name, entry in plan.severities.items()},
        besides=list(_besides(plan)),
        resolve={name: _resolve(entry) for name, entry in plan.severities.items()},
        containments=_users(plan),
        alerts=list(_alerts(plan)),
        holder=policy.called,
        elsewhere=list(elsewhere(plan)),
        drafts={name: drafts.purpose(policy, name) for name in policy.channels},
    )
    yield Artifact(path=PROCEDURE, text=text)


def _resolve(severity: SeverityPlan) -> str:
    if severity.resolve is None:
        return ""
    return duration.write(severity.resolve) if isinstance(severity.resolve, timedelta) else "next sprint"


def _row(plan: Plan, name: str, one: PagedService) -> Row:
    latest = one.first_page.value
    steps = (_paged(plan, step, latest + step.after) for step in one.escalation.steps)
    return Row(chain=name, severity=one.severity, steps=tuple(steps))


def _pagers(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield each severity that channels page, and a sentence about each of them."""
    for name, severity in plan.severities.items():
        for team, channel in pagers.named(plan.policy, severity):
            entry = plan.policy.channels[channel]
            within, answer = duration.write(severity.first_page.value), duration.write(severity.answer_in.length)
            yield (
                f"{name} of {plan.policy.teams[team].title}" if team else name,
                f"{entry.kind.called(entry.address)} after {within}. Whoever reads it there answers within {answer}.",
            )


def _paged(plan: Plan, step: EscalationStep, latest: timedelta) -> str:
    who = ", ".join(map(plan.policy.called, step.targets))
    role = f" ({plan.policy.roles[step.role].title})" if step.role else ""
    return f"{duration.write(latest)}: {who}{role}"


def _told(plan: Plan, notify: tuple[str, ...]) -> str:
    return ", ".join(map(plan.policy.place, notify))


def _besides(plan: Plan) -> Iterator[str]:
    """Yield a sentence for each team, service and alert that has channels of its own."""
    for (kind, *_), title, told in plan.policy.besides():
        what = title if kind in ("alerts", "watch") else f"the alerts of {title}"
        if told.always:
            yield f"Of {what}: {_told(plan, told.always)}."
        for severity, channels in told.by.items():
            yield f"Of {what}, where they are {severity}: {_told(plan, channels)}."


def _users(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return the names of the alerts that each containment is for."""
    users: dict[str, set[str]] = {name: set() for name in plan.policy.containments}
    for rule in plan.rules:
        containment = rule.labels.get(plan.policy.labels.containment)
        if containment in users:
            users[containment].add(rule.name)
    return {name: tuple(sorted(names)) for name, names in users.items()}


def _alerts(plan: Plan) -> Iterator[Listed]:
    by_name: dict[tuple[str, str], list[tuple[str, timedelta, str | None, str]]] = {}
    for rule in plan.rules:
        if rule.origin.authored:
            runbook = rule.annotations["runbook_url"].rsplit("/", 1)[-1]
            entry = (rule.service, rule.hold, rule.labels.get(plan.policy.labels.containment), runbook)
            by_name.setdefault((rule.severity, rule.name), []).append(entry)
    for (severity, name), entries in sorted(by_name.items(), key=lambda one: (plan.policy.rank(one[0][0]), one[0][1])):
        yield Listed(
            name=name,
            severity=severity,
            services=tuple(entry[0] for entry in entries),
            hold=entries[0][1],
            containment=entries[0][2],
            runbooks=tuple(sorted({entry[3] for entry in entries})),
        )


TARGET = Target(name="procedure", build=build, owns=(Owned(path=PROCEDURE),))
