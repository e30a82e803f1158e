"""No route has other times than the policy's, even where nothing is later than the policy promises."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.verification import KEEP_TEMPLATE, Finding
from generator.checks.files.heard import times_of
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import first_of_routes
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from generator.checks.files.heard import Heard
    from generator.diagnostics.diagnostic import EntryPath
    from generator.policy.model import Policy
    from generator.upstream.alertmanager.match import RouteNode

TIM605 = Code(
    name="TIM605",
    title="Route has other times than the policy's",
    meaning="Nothing is later than the policy promises, but somebody is told at other times than it says: sooner, more "
    "often, or together with other alerts. Change the times in the policy, or compare your template with the packaged "
    "one.",
)


def check(policy: Policy, heard: Iterable[Heard], told: Collection[EntryPath]) -> Iterator[Finding]:
    """TIM605: one finding for all routes with the same times in place of the same others, unless one is `told` of."""
    others: dict[object, list[Heard]] = defaultdict(list)
    for one in heard:
        if times_of(one.rendered) != times_of(one.planned):
            others[times_of(one.rendered), times_of(one.planned)].append(one)
    for those in others.values():
        if any(node.where in told for one in those for node in one.rendered):
            continue
        those.sort(key=lambda one: (policy.rank(one.rule.severity) if one.rule else -1, one.who))
        first, node = those[0], those[0].rendered[0]
        also = list(dict.fromkeys(one.who for one in those[1:] if one.who != first.who))
        more = f" and {len(also)} other alert{'s' * (len(also) > 1)}" if also else ""
        yield Finding(
            diagnostic=Diagnostic(
                code=TIM605.name,
                level=Level.WARNING,
                message=f"{first.receiver} hears of {first.who}{more} at other times than the policy says",
                route=first.planned[0].where,
                on_key=True,
                notes=(
                    f"the policy: {_written(first.planned)}",
                    f"the file:   {_written(first.rendered)}",
                    *first_of_routes(len({id(one.rendered[0]) for one in those})),
                ),
                help=KEEP_TEMPLATE,
            ),
            path=ALERTMANAGER,
            where=node.where,
        )


def _written(nodes: Iterable[RouteNode]) -> str:
    return "; ".join(
        f"group_wait {duration.write(wait)}, group_interval {duration.write(interval)}, "
        f"repeat_interval {duration.write(repeat)}"
        for wait, interval, repeat in times_of(nodes)
    )
