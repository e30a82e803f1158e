"""What changed beside the alerts: people, duties, schedules, chains, what is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diff.changes import Facet, Subject, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diff.sides import Pair

_WEAKER, _STRONGER, _DIFFERENT, _SAME = Verdict


def changes(pair: Pair) -> Iterator[tuple[Subject, tuple[Facet, ...]]]:
    """Yield each entry of the policy that changed, with what changed."""
    yield from _people(pair)


def _people(pair: Pair) -> Iterator[tuple[Subject, tuple[Facet, ...]]]:
    if not (pair.old.own and pair.new.own):
        return
    old, new = pair.old.plan.policy.people, pair.new.plan.policy.people
    for name in sorted(old.keys() & new.keys()):
        facets = []
        if old[name].email != new[name].email:
            facets.append(
                Facet(
                    kind="e-mail",
                    verdict=_DIFFERENT,
                    what=f"is paged as {new[name].email} instead of {old[name].email}",
                )
            )
        if facets:
            yield Subject(kind="person", name=new[name].name, route=("people", name)), tuple(facets)
