"""Who hears of alerts that no rule of the policy sends: what the rendered routes do, against what the policy says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour.alerts import SAMPLE
from generator.behaviour.documents import ALERTMANAGER
from generator.behaviour.verification import KEEP_TEMPLATE, Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import listed
from generator.plan import of_others
from generator.upstream.alertmanager.values import Undecided
from generator.upstream.alertmanager.ways import Ways
from generator.upstream.promql.promql import quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.behaviour.verification import Verification
    from generator.plan.of_others import Sort
    from generator.policy.label_names import LabelNames
    from generator.upstream.alertmanager.match import Matcher, Router
    from generator.upstream.alertmanager.values import Limits
    from generator.upstream.alertmanager.ways import Way

RTE631 = Code(
    name="RTE631",
    title="Alert of others is not told to whom the policy names",
    meaning="The policy says by `is` and `owners` whom Alertmanager tells of alerts that none of its rules sends. For "
    "some of them the rendered routes tell others, or it cannot be decided. Compare your template with the packaged "
    "one.",
)


def check(verification: Verification) -> Iterator[Finding]:
    """RTE631: some alert of others does not reach exactly those whom the policy names."""
    names, walk = verification.plan.policy.labels, Ways(verification.router)
    for sort in of_others.sorts(verification.plan.policy):
        try:
            wrong = next(
                (way for way in ways(names, walk, verification.router, sort) if _told(way) != sort.receivers), None
            )
        except Undecided as reason:
            root = verification.behaviour.root
            yield _finding(sort, f"it cannot be decided who is told of {sort.what}: {reason}", root.where)
            continue
        if wrong is not None:
            yield _finding(sort, _mistake(sort, wrong), wrong.nodes[-1].where)


def ways(names: LabelNames, walk: Ways, router: Router, sort: Sort) -> tuple[Way, ...]:
    """Return the ways that alerts of a sort can take through the tree; raises Undecided."""
    limits: dict[str, Limits] = {label: frozenset() for label in router.reads}
    fixed: dict[str, str] = {label: "" for label in names.pinned if label in limits}
    for matcher in sort.matchers:
        if matcher.operator == "=":
            fixed[matcher.label] = matcher.value
        elif matcher.label in limits:
            limits[matcher.label] |= {matcher}
    return walk.of(
        {label: value for label, value in fixed.items() if label in limits},
        {label: known for label, known in limits.items() if label not in fixed},
        SAMPLE,
    )


def _told(way: Way) -> frozenset[str]:
    return frozenset(node.receiver for node in way.nodes)


def _mistake(sort: Sort, way: Way) -> str:
    told = _told(way)
    missing, more = sorted(sort.receivers - told), sorted(told - sort.receivers)
    what = f"would not reach {listed(missing)}" if missing else f"would reach {listed(more)} too"
    return f"{sort.what}, for example {shown(sort, way)}, {what}"


def shown(sort: Sort, way: Way) -> str:
    """Return labels of an alert of a sort that takes a way, as in PromQL."""
    labels = {**_certain(sort.matchers), **way.values}
    return f"{{{', '.join(f'{name}={quote(value)}' for name, value in sorted(labels.items()) if value)}}}"


def _certain(matchers: tuple[Matcher, ...]) -> Mapping[str, str]:
    return {matcher.label: matcher.value for matcher in matchers if matcher.operator == "="}


def _finding(sort: Sort, message: str, where: tuple[str | int, ...]) -> Finding:
    diagnostic = Diagnostic(code=RTE631.name, message=message, route=sort.route, on_key=True, help=KEEP_TEMPLATE)
    return Finding(diagnostic=diagnostic, path=ALERTMANAGER, where=where)
