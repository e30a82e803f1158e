"""Finds people of a rotation whose turn never comes in the hours of their schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import first_few
from generator.plan import rota

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import Plan
    from generator.policy.model import Schedule

SCH505 = Code(
    name="SCH505",
    title="Somebody in a rotation is never on call",
    meaning="Turns go on outside of the hours and days of a layer. Where a whole round takes full weeks, somebody's "
    "turn may fall outside of them each time; or another layer has all of their hours. Choose another `turn`, or take "
    "them out.",
)

_NAMED = 3


def check(plan: Plan) -> Iterator[Diagnostic]:
    """SCH505: a person in a layer's rotation is on call at no time of a whole round."""
    for name, schedule in plan.policy.schedules.items():
        if not _may_miss_somebody(schedule):
            continue
        begun = rota.begins_first(schedule)
        # From the first layer's begin to a round after the last one's: whoever is left out there always is.
        end = rota.begins([schedule]) + rota.searched([schedule])
        on_call = {stretch.person for stretch in rota.stretches(schedule, begun, end)}
        for key, layer in schedule.layers.items():
            missing = [person for person in dict.fromkeys(layer.rotation) if person not in on_call]
            if missing:
                names = [plan.policy.people[person].name for person in missing]
                yield Diagnostic(
                    code=SCH505.name,
                    level=Level.WARNING,
                    message=f"{first_few(names, _NAMED)} {'is' if len(names) == 1 else 'are'} never on call in {name}",
                    route=("schedules", name, "layers", key, "rotation"),
                    notes=(f"their turns in {key} always fall where it does not count, or where another layer does",),
                    help="choose a `turn` that moves through the week, or take them out of the rotation",
                )


def _may_miss_somebody(schedule: Schedule) -> bool:
    """Return False of what is plain: one layer that always counts has a turn for everybody."""
    layers = tuple(schedule.layers.values())
    return len(layers) > 1 or any(layer.daily is not None or layer.days is not None for layer in layers)
