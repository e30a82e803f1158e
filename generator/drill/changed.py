"""Which alerts a change is about: those whose rendered rule, or whose way to people, is not the one committed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.behaviour import documents, mounted
from generator.behaviour.behaviour import behave
from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.system import files, revisions
from generator.system.artifact import Artifact
from generator.upstream.alertmanager.match import Router

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from generator.behaviour.behaviour import Behaviour, Integration, Rule
    from generator.behaviour.documents import Documents
    from generator.drill.conditions import Condition
    from generator.plan.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedFiles:
    """The content of the files in one `out/`, and their behaviour."""

    files: Documents
    behaviour: Behaviour
    router: Router


def changed(out: Path, conditions: Iterable[Condition], plan: Plan, now: RenderedFiles) -> Iterator[Condition]:
    """Yield the conditions whose rule, routes, receivers or PagerDuty objects differ from `out/` in git's HEAD.

    Raises EnvironmentProblem where git knows no such folder.
    """
    artifacts = mounted.loaded(committed(out))
    files = documents.read(artifacts)
    behaviour = behave(files, artifacts)
    before = RenderedFiles(files=files, behaviour=behaviour, router=Router(behaviour.root))
    rules = {_identity(rule): rule for rule in behaviour.rules if not rule.records}
    titles = {one.key_file: one.escalation.title for one in plan.paged}
    for condition in conditions:
        rule = rules.get(_identity(condition.rule)) if condition.rule else None
        if rule is None or _sent_by(before, titles, rule, condition) != _sent_by(
            now, titles, condition.rule, condition
        ):
            yield condition


def committed(out: Path) -> tuple[Artifact, ...]:
    """Return the files of `out` in git's HEAD."""
    whole = files.resolved(out.absolute().parent) / out.name
    try:
        revision = revisions.find("HEAD", whole.parent)
        top = whole.relative_to(revision.root).as_posix()
        blobs = revisions.files(revision, [top])
    except (revisions.NoRevision, revisions.Astray) as problem:
        raise _untold(out, str(problem)) from None
    if not blobs:
        raise _untold(out, "HEAD has no such folder")
    return tuple(
        Artifact(path=path.removeprefix(f"{top}/"), text=content.decode(errors="replace"))
        for path, content in revisions.read(revision, blobs).items()
    )


def _untold(out: Path, problem: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"what changed cannot be told: git says of {out}: {problem}",
        help="commit what was rendered once, or name the alerts",
    )


def _identity(rule: Rule) -> object:
    return rule.name, frozenset(rule.labels.items())


def _sent_by(rendered: RenderedFiles, titles: Mapping[str, str], rule: Rule | None, condition: Condition) -> Any:
    """Return everything that determines how an alert is notified, except positions in the files.

    `titles` are the services of PagerDuty by the files of their keys.
    """
    nodes = rendered.router.routes_of(condition.labels)
    names = [node.receiver for node in nodes]
    integrations = [
        integration
        for receiver in rendered.behaviour.receivers
        if receiver.name in names
        for integration in receiver.integrations
    ]
    intervals = rendered.behaviour.time_intervals
    return (
        rule and (rule.expr, rule.hold, rule.keep_firing, rule.interval, rule.labels, rule.annotations),
        [
            (
                node.receiver,
                node.matchers,
                node.group_by,
                node.group_wait,
                node.group_interval,
                node.repeat_interval,
                node.active,
                node.mute,
            )
            for node in nodes
        ],
        [
            interval.spans
            for node in nodes
            for name in (*node.active, *node.mute)
            if (interval := intervals.get(name)) is not None
        ],
        [(integration.kind.name, integration.settings, integration.resolved) for integration in integrations],
        [_paged(rendered.files, titles, integration) for integration in integrations if integration.kind.pages],
    )


def _paged(files: Documents, titles: Mapping[str, str], integration: Integration) -> Any:
    """Return the rendered service of an integration, its escalation policy and its schedules."""
    key = integration.settings.get("routing_key_file") or integration.settings.get("service_key_file")
    services = _named(files, "services", "service")
    service = services.get(titles.get(str(key), ""))
    policies = _named(files, "escalation_policies", "escalation_policy")
    escalation = policies.get(service["escalation_policy"]["id"]) if service else None
    steps = (escalation.get("escalation_rules") or ()) if escalation else ()
    schedules = _named(files, "schedules", "schedule")
    reached = [target["id"] for step in steps for target in step.get("targets") or ()]
    return service, escalation, [schedules.get(name) for name in reached]


def _named(files: Documents, file: str, kind: str) -> Mapping[str, Any]:
    """Return the rendered PagerDuty bodies of a kind by name."""
    bodies = (body.get(kind) for body in files.get(f"pagerduty/{file}.json") or () if isinstance(body, dict))
    return {body["name"]: body for body in bodies if isinstance(body, dict) and isinstance(body.get("name"), str)}
