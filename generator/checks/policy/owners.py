"""Checks that each value of the owners' label belongs to one service."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.policy.owners import BY_OWNER
from generator.upstream.alertmanager import match, values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.policy.model import Policy
    from generator.policy.owners import Owners
    from generator.upstream.alertmanager.match import Matcher

POL280 = Code(
    name="POL280",
    title="Two owners of one value",
    meaning="Two entries of `owners` match the same value of the label, and name different services. Who is paged "
    "must not depend on the order of a file. Make the expressions exclude one another.",
)

POL281 = Code(
    name="POL281",
    title="Owner's expression cannot be read",
    meaning="An entry of `owners` is no regular expression as Prometheus and Alertmanager read it (RE2), or their "
    "versions read it differently. It matches whole values: `payments-.*`.",
)

POL282 = Code(
    name="POL282",
    title="Alert of owners, and there are none",
    meaning="`each: owners` says that the series of an alert tell whose it is. The policy must say under `owners` "
    "by which label, and whose each value is.",
)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL280: a value has two owners. POL281: an expression cannot be read. POL282: there are no owners."""
    owners = policy.owners
    if owners is not None:
        if bool(owners.by) is not bool(owners.map or owners.files):
            there, lacks = ("by", "map") if owners.by else ("map" if owners.map else "from", "by")
            yield Diagnostic(
                code=POL282.name,
                message=f"`owners` has `{there}` and no `{lacks}`",
                route=("owners",),
                on_key=True,
                help="write the label under `by` and whose its values are under `map`, or neither: all is `otherwise`",
            )
        yield from _map(owners)
    lacks = _lacks(policy)
    if not lacks:
        return
    for name, alert in policy.alerts.items():
        if alert.each == BY_OWNER:
            yield Diagnostic(
                code=POL282.name,
                message=f"{name} is an alert of `owners`, {lacks}",
                route=("alerts", name, "each"),
                help="say whose the alerts are, for example `owners: {by: namespace, map: {shop-.*: shop}, "
                "otherwise: platform}`, or name services",
            )


def _lacks(policy: Policy) -> str:
    """Return why the series of an alert cannot tell whose it is; empty where they can."""
    owners = policy.owners
    if owners is None:
        return "and the policy has no `owners`"
    if not owners.by:
        return "and `owners` names no label"
    if owners.by in policy.stack.prometheus.external_labels:
        return f"and Prometheus adds `{owners.by}` as it sends: no rule sees it"
    return ""


def _map(owners: Owners) -> Iterator[Diagnostic]:
    matchers: dict[str, Matcher] = {}
    for pattern in owners.map:
        read = _read(owners, pattern)
        if isinstance(read, Diagnostic):
            yield read
        else:
            matchers[pattern] = read
    for (one, of_one), (other, of_other) in combinations(matchers.items(), 2):
        if owners.map[one] != owners.map[other]:
            yield from _overlap(owners, (one, of_one), (other, of_other))


def _read(owners: Owners, pattern: str) -> Matcher | Diagnostic:
    try:
        return match.of(owners.by, "=~", pattern)
    except ValueError as error:
        return Diagnostic(
            code=POL281.name,
            message=f"an entry of `owners` cannot be matched with a label: {error}",
            route=("owners", "map", pattern),
            on_key=True,
            help="write a regular expression as Prometheus reads it, for example `shop-.*`",
        )


def _overlap(owners: Owners, one: tuple[str, Matcher], other: tuple[str, Matcher]) -> Iterator[Diagnostic]:
    try:
        value = values.witness((one[1], other[1]))
    except values.Undecided:
        return  # neither is seen to match what the other does
    if value is not None:
        services = f"{owners.map[one[0]]} and {owners.map[other[0]]}"
        what = f'{owners.by}="{value}"' if value else f"what has no {owners.by}"
        yield Diagnostic(
            code=POL280.name,
            message=f"{what} belongs to {services}: `{one[0]}` and `{other[0]}` both match",
            route=("owners", "map", other[0]),
            on_key=True,
            help="write the expressions so that each value matches one of them alone",
        )
