"""What differs in several environments: said once where it is the same in all, else with their names."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from generator.diff.changes import PROGRAMS, Deploy, Facet, Subject, Verdict
from generator.diff.judge import listed
from generator.policy.environments import all_told, pages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from generator.plan.plan import Plan

Changed = tuple[Subject, tuple[Facet, ...]]


class Partners(NamedTuple):
    """The plans of both sides that are of one environment, and those that only one side has."""

    pairs: tuple[tuple[Plan, Plan], ...]
    """The first environment of the new side comes first."""
    removed: tuple[Plan, ...]
    added: tuple[Plan, ...]


def partners(old: Plan, new: Plan) -> Partners:
    """Return which environment of the old side is which of the new one: by name, else the first of both."""
    known = {plan.policy.environment: plan for plan in old.each}
    pairs = [(known[plan.policy.environment], plan) for plan in new.each if plan.policy.environment in known]
    if not pairs or pairs[0][1] is not new:
        taken = {id(plan) for plan, _ in pairs}
        pairs.insert(0, (next((plan for plan in old.each if id(plan) not in taken), old), new))
    matched = {id(plan) for pair in pairs for plan in pair}
    return Partners(
        pairs=tuple(pairs),
        removed=tuple(plan for plan in old.each if id(plan) not in matched),
        added=tuple(plan for plan in new.each if id(plan) not in matched),
    )


def merged(changes: Mapping[str, Sequence[Changed]]) -> Iterator[Changed]:
    """Yield the changes of all environments, by their names; what is the same in all of them has none."""
    found: dict[tuple[str, ...], tuple[Subject, dict[Facet, list[str]]]] = {}
    for environment, some in changes.items():
        for subject, facets in some:
            key = (subject.kind, subject.name, subject.severity, subject.service)
            _, where = found.setdefault(key, (subject, {}))
            for facet in facets:
                where.setdefault(facet, []).append(environment)
    for subject, where in found.values():
        yield subject, tuple(_said(facet, names, of=len(changes)) for facet, names in where.items())


def _said(facet: Facet, names: list[str], of: int) -> Facet:
    return replace(facet, what=_placed(facet.what, names, of))


def _placed(sentence: str, names: list[str], of: int) -> str:
    return sentence if len(names) == of else f"in {listed(names)}: {sentence}"


def loading(deploys: Mapping[str, Deploy]) -> Deploy:
    """Return what loading does in all environments, by their names."""
    where: dict[str, list[str]] = {}
    for environment, deploy in deploys.items():
        for line in deploy.happens:
            where.setdefault(line, []).append(environment)
    loaded = {program for deploy in deploys.values() for program in deploy.order}
    first, *_ = deploys.values()
    # The first environment that loads both servers says which of them comes first.
    servers = next((deploy.order for deploy in deploys.values() if {*PROGRAMS[1:]} <= {*deploy.order}), ())
    return replace(
        first,
        happens=tuple(_placed(line, names, len(deploys)) for line, names in where.items()),
        order=tuple(sorted(loaded, key=(PROGRAMS[0], *servers, *PROGRAMS).index)),
        rollback=max(deploy.rollback for deploy in deploys.values()),
    )


def of_one_side(removed: Iterable[Plan], added: Iterable[Plan]) -> Iterator[Changed]:
    """Yield the environments that are in one of two policies alone."""
    for plan in removed:
        name = plan.policy.environment
        facet = Facet(
            kind="environment",
            verdict=Verdict.WEAKER if pages(plan.policy) else Verdict.DIFFERENT,
            what="is in the policy no more",
            why="its alerts go where unknown alerts go",
        )
        yield Subject(kind="environment", name=name, old_route=("environments", name)), (facet,)
    for plan in added:
        name = plan.policy.environment
        own = plan.policy.environments.get(name)
        told = f"tells {listed(all_told(own.notify))}, and pages nobody" if own and own.notify else "tells as the first"
        facet = Facet(kind="environment", verdict=Verdict.STRONGER, what=f"is new: it {told}")
        yield Subject(kind="environment", name=name, route=("environments", name)), (facet,)
