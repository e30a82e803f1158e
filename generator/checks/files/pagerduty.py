"""What PagerDuty will do with an incident: the rendered bodies against the steps that the policy promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour.pagerduty import SERVICES, TERRAFORM
from generator.behaviour.verification import KEEP_TEMPLATE, Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.policy import duration
from generator.policy.model import Responder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.pagerduty import EscalationPolicy, PagerDuty, PagerService
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath
    from generator.plan.plan import EscalationPlan, Plan

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
    meaning="PagerDuty would close, reopen or hold back an incident without anybody acting. Compare your "
    "template with the packaged one.",
)


def check(verification: Verification) -> Iterator[Finding]:
    """PGD601: no service or chain takes the page. PGD602: steps differ. PGD603: the service's settings differ.

    Of the bodies of the REST API and of Terraform's file alike: either may be what is sent to PagerDuty.
    """
    yield from _of(verification.plan, verification.behaviour.pagerduty, "", SERVICES)
    if any(artifact.path == TERRAFORM for artifact in verification.artifacts):
        yield from _of(verification.plan, verification.terraform, " of Terraform", TERRAFORM)


def _of(plan: Plan, rendered: PagerDuty, whose: str, path: str) -> Iterator[Finding]:
    services = {service.name: service for service in rendered.services}
    escalations = {escalation.name: escalation for escalation in rendered.escalations}
    for promised in plan.escalations:
        service = services.get(promised.title)
        if service is None:
            message = f"the service {promised.title}{whose} is missing: its pages go nowhere"
            yield _finding(promised, PGD601.name, message, path)
            continue
        named = f"the service {promised.title}{whose}"
        yield from _service(promised, service, named)
        escalation = escalations.get(service.escalation)
        if escalation is None or service.escalation != promised.title:
            leads = f"escalates by `{service.escalation}`"
            problem = "which is no escalation policy here" if escalation is None else f"not by `{promised.title}`"
            where = (*service.where, "escalation_policy")
            yield _finding(promised, PGD601.name, f"{named} {leads}, {problem}", path, where)
        else:
            yield from _steps(plan, promised, escalation, f"the chain {promised.title}{whose}")
        if rendered.keys is not None and rendered.keys.get(promised.key_file) != promised.title:
            key = rendered.keys.get(promised.key_file)
            of = f"is that of {key}" if key else "is not written"
            message = f"the key{whose} for {promised.key_file} {of}, the policy says {promised.title}"
            yield _finding(promised, PGD601.name, message, path, rendered.keys_where)


def _service(promised: EscalationPlan, rendered: PagerService, named: str) -> Iterator[Finding]:
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
    promised: EscalationPlan, code: str, message: str, path: str, where: EntryPath = (), step: int | None = None
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
