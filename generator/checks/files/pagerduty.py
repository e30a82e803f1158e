"""What PagerDuty will do with an incident: the rendered bodies against the steps that the policy promises."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from generator.behaviour.pagerduty import SERVICES, TERRAFORM
from generator.behaviour.verification import KEEP_TEMPLATE, Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import listed
from generator.policy import duration
from generator.policy.model import Responder
from generator.upstream.pagerduty import folded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.pagerduty import EscalationPolicy, PagerDuty, PagerService
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath
    from generator.plan.plan import EscalationPlan, PagedService, Plan

PGD601 = Code(
    name="PGD601",
    title="PagerDuty service or escalation is missing",
    meaning="The page of a severity has no service in PagerDuty, or the service has no escalation policy. "
    "Compare your template with the packaged one.",
)

PGD602 = Code(
    name="PGD602",
    title="Escalation steps differ from the policy",
    meaning="A chain pages other people, or at other times, than the policy says. Compare your template with "
    "the packaged one.",
)

PGD603 = Code(
    name="PGD603",
    title="PagerDuty changes incidents by itself",
    meaning="PagerDuty would close, reopen, hold back or refuse an incident without anybody acting. Compare your "
    "template with the packaged one.",
)

PGD605 = Code(
    name="PGD605",
    title="Team differs from the policy",
    meaning="Who is paged does not depend on it, but who sees a chain's incidents in PagerDuty and may work on them "
    "does. An account without teams needs none. Compare your template with the packaged one.",
)

PGD606 = Code(
    name="PGD606",
    title="Two objects of PagerDuty have one name",
    meaning="PagerDuty tells them apart by their names, whatever the case of the letters and the blanks at the ends, "
    "and refuses the second, or makes one of both, and it is not known which. Compare your template with the packaged "
    "one.",
)


def check(verification: Verification) -> Iterator[Finding]:
    """PGD601: no service or chain takes the page. PGD602: steps differ. PGD603: the service's settings differ.

    PGD605: a team differs. PGD606: two objects have one name.

    Of the bodies of the REST API and of Terraform's file alike: either may be what is sent to PagerDuty.
    """
    yield from _of(verification.plan, verification.behaviour.pagerduty, "", SERVICES)
    if any(artifact.path == TERRAFORM for artifact in verification.artifacts):
        yield from _of(verification.plan, verification.terraform, " of Terraform", TERRAFORM)


def _of(plan: Plan, rendered: PagerDuty, whose: str, path: str) -> Iterator[Finding]:
    yield from _twice(rendered, whose, path)
    yield from _lost_teams(plan, rendered, whose, path)
    services = {service.name: service for service in rendered.services}
    escalations = {escalation.name: escalation for escalation in rendered.escalations}
    for promised in plan.paged:
        chain = promised.escalation
        service = services.get(promised.title)
        if service is None:
            message = f"the service {promised.title}{whose} is missing: its pages go nowhere"
            yield _finding(promised, PGD601.name, message, path)
            continue
        named = f"the service {promised.title}{whose}"
        yield from _service(promised, service, named)
        escalation = escalations.get(service.escalation)
        if escalation is None or service.escalation != chain.title:
            leads = f"escalates by `{service.escalation}`"
            problem = "which is no escalation policy here" if escalation is None else f"not by `{chain.title}`"
            where = (*service.where, "escalation_policy")
            yield _finding(promised, PGD601.name, f"{named} {leads}, {problem}", path, where)
        else:
            yield from _steps(plan, chain, escalation, f"the chain {chain.title}{whose}")
            yield from _team(plan, chain, escalation, f"the chain {chain.title}{whose}")
        if rendered.keys is not None and not promised.exists and rendered.keys.get(promised.key_file) != promised.title:
            key = rendered.keys.get(promised.key_file)
            of = f"is that of {key}" if key else "is not written"
            message = f"the key{whose} for {promised.key_file} {of}, the policy says {promised.title}"
            yield _finding(promised, PGD601.name, message, path, rendered.keys_where)


def _twice(rendered: PagerDuty, whose: str, path: str) -> Iterator[Finding]:
    for kind, names in (
        ("service", [one.name for one in rendered.services]),
        ("escalation policy", [one.name for one in rendered.escalations]),
        ("schedule", [one.name for one in rendered.schedules]),
        ("team", rendered.teams or ()),
    ):
        # The case of letters and blanks at the ends do not count.
        for same, count in Counter(map(folded, names)).items():
            if count > 1:
                name = next(name for name in names if folded(name) == same)
                message = f"the {kind} {name}{whose} is written {count} times: PagerDuty knows it by its name alone"
                diagnostic = Diagnostic(code=PGD606.name, message=message, help=KEEP_TEMPLATE)
                yield Finding(diagnostic=diagnostic, path=_file(kind, path))


def _file(kind: str, path: str) -> str:
    """Return the file that says what there is of a kind: Terraform's says all."""
    return path if path == TERRAFORM else f"pagerduty/{kind.replace('y', 'ie').replace(' ', '_')}s.json"


def _lost_teams(plan: Plan, rendered: PagerDuty, whose: str, path: str) -> Iterator[Finding]:
    """Yield the teams that are not there, where there or in a chain some are; an account may have none."""
    if rendered.teams is None or not (rendered.teams or any(one.teams for one in rendered.escalations)):
        return
    for name, team in plan.policy.teams.items():
        if team.title not in rendered.teams:
            yield Finding(
                diagnostic=Diagnostic(
                    code=PGD605.name,
                    level=Level.WARNING,
                    message=f"the team {team.title}{whose} is missing",
                    route=("teams", name),
                    on_key=True,
                    help=KEEP_TEMPLATE,
                ),
                path=_file("team", path),
            )


def _team(plan: Plan, promised: EscalationPlan, rendered: EscalationPolicy, chain: str) -> Iterator[Finding]:
    one = plan.policy.teams[promised.teams[0]].title if len(promised.teams) == 1 else None
    if rendered.teams != ((one,) if one else ()):
        of = f"has the team {listed(rendered.teams)}" if rendered.teams else "has no team"
        says = one or "that several share it, so that it has none"
        finding = _finding(
            promised, PGD605.name, f"{chain} {of}, the policy says {says}", rendered.path, rendered.where
        )
        yield replace(finding, diagnostic=replace(finding.diagnostic, level=Level.WARNING))


def _service(promised: PagedService, rendered: PagerService, named: str) -> Iterator[Finding]:
    if rendered.disabled:
        message = f"{named} is disabled: it takes no event, and nobody is paged"
        yield _finding(promised, PGD603.name, message, rendered.path, (*rendered.where, "status"))
    if rendered.acknowledgement_timeout:
        after = duration.write(rendered.acknowledgement_timeout)
        message = f"{named} opens an acknowledged incident again after {after}"
        yield _finding(promised, PGD603.name, message, rendered.path, rendered.where)
    if rendered.auto_resolve_timeout:
        after = duration.write(rendered.auto_resolve_timeout)
        message = f"{named} closes an open incident after {after}, whether it is over or not"
        yield _finding(promised, PGD603.name, message, rendered.path, rendered.where)
    if rendered.urgency != promised.urgency:
        message = f"{named} has the urgency {rendered.urgency}, the policy says {promised.urgency}"
        yield _finding(promised, PGD603.name, message, rendered.path, (*rendered.where, "incident_urgency_rule"))


def _steps(plan: Plan, promised: EscalationPlan, rendered: EscalationPolicy, chain: str) -> Iterator[Finding]:
    """Yield a finding for the first step that differs; later ones differ as a consequence."""
    path, where = rendered.path, rendered.where_steps
    if len(rendered.steps) != len(promised.steps):
        count = f"{len(rendered.steps)} step{'s' * (len(rendered.steps) != 1)}"
        message = f"{chain} has {count}, the policy promises {len(promised.steps)}"
        yield _finding(promised, PGD602.name, message, path, where)
        return
    for number, (step, rendered_step) in enumerate(zip(promised.steps, rendered.steps, strict=True)):
        planned = tuple(_target(plan, target) for target in step.targets)
        if rendered_step.targets != planned:
            message = (
                f"step {number + 1} of {chain} pages {_names(rendered_step.targets)}, the policy says {_names(planned)}"
            )
            yield _finding(promised, PGD602.name, message, path, (*where, number), number)
            return
        if rendered_step.delay != step.wait:
            waits = f"waits {duration.write(rendered_step.delay)} for an answer"
            message = f"step {number + 1} of {chain} {waits}, the policy says {duration.write(step.wait)}"
            place = (*where, number, "escalation_delay_in_minutes")
            yield _finding(promised, PGD602.name, message, path, place, number)
            return
    if rendered.loops != promised.loops:
        message = f"{chain} is repeated {rendered.loops} times, the policy promises {promised.loops}"
        yield _finding(promised, PGD602.name, message, path, (*rendered.where, "num_loops"))


def _target(plan: Plan, target: Responder) -> Responder:
    """Return the target as the rendered bodies name it: people by their e-mail addresses."""
    return Responder("person", plan.policy.people[target.name].email) if target.kind == "person" else target


def _names(targets: tuple[Responder, ...]) -> str:
    return ", ".join(target.name for target in targets) or "nobody"


def _finding(
    promised: EscalationPlan | PagedService,
    code: str,
    message: str,
    path: str,
    where: EntryPath = (),
    step: int | None = None,
) -> Finding:
    return Finding(
        diagnostic=Diagnostic(
            code=code,
            message=message,
            route=promised.route if step is None else (*promised.route, step),
            on_key=step is None,
            help=KEEP_TEMPLATE,
        ),
        path=path,
        where=where,
    )
