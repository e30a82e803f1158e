"""A service of PagerDuty has one name, one key, one escalation policy and one urgency."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.upstream.pagerduty import folded

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.plan.plan import PagedService, Plan, Receiver

PGD201 = Code(
    name="PGD201",
    title="Two entries share a service of PagerDuty",
    meaning="A service of PagerDuty has one escalation policy, one key and one urgency, and each key is of one "
    "service. Let the entries name services of their own; what has the same chain may share one, with the same "
    "`key_file`.",
)

PGD202 = Code(
    name="PGD202",
    title="Service of PagerDuty that nothing pages",
    meaning="A service names the service of PagerDuty that it keeps, and no `escalation`: PagerDuty pages nobody for "
    "it. Add `escalation`, or remove `pagerduty`.",
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """PGD201: what is one in PagerDuty is two here. PGD202: nothing pages what a service keeps."""
    yield from _unpaged(plan)
    named: dict[str, list[PagedService]] = defaultdict(list)
    keyed: dict[str, list[PagedService]] = defaultdict(list)
    for one in plan.paged:
        named[folded(one.title)].append(one)
        keyed[one.key_file].append(one)
    for some in named.values():
        yield from _differing(some)
    yield from _of_channels(plan, named, keyed)
    for file, some in keyed.items():
        first, *others = some
        for one in others:
            if folded(one.title) != folded(first.title):
                what = f"{one.title} and {first.title} of {_of(first)} have one key file, `{file}`"
                yield _shared(one, what, "give each service of PagerDuty a file of its own")
                break


def _of_channels(
    plan: Plan, named: Mapping[str, list[PagedService]], keyed: Mapping[str, list[PagedService]]
) -> Iterator[Diagnostic]:
    """Yield a finding where a channel has the key file, or the service, of those that page, or of another channel."""
    channels = [one for one in plan.receivers if one.route[0] == "channels"]
    services: dict[str, Receiver] = {}
    for one in channels:
        is_key = one.kind == "pagerduty"
        for file in one.files.values():
            other = services.setdefault(file, one)
            if file in keyed and not (is_key and folded(one.target) == folded(keyed[file][0].title)):
                title = keyed[file][0].title
                what = f"the key of {title} in PagerDuty, `{file}`, is a secret of the channel {one.name}, too"
                yield _shared(one, what, "give the channel a file of its own")
            elif "pagerduty" in (one.kind, other.kind) and (one.kind, one.target) != (other.kind, other.target):
                what = f"the channels {other.name} and {one.name} have one file with different secrets, `{file}`"
                yield _shared(one, what, "give each service of PagerDuty a file of its own")
    for one in channels:
        if one.kind == "pagerduty" and folded(one.target) in named:
            paged = named[folded(one.target)][0]
            what = f"the channel {one.name} is the service {paged.title} of PagerDuty, which pages {_of(paged)}"
            yield _shared(one, what, "notify `page`, or name another service: its people would be told twice")


def _unpaged(plan: Plan) -> Iterator[Diagnostic]:
    for name, service in plan.policy.services.items():
        if service.pagerduty is not None and service.escalation is None:
            yield Diagnostic(
                code=PGD202.name,
                message=f"{name} keeps the service {service.pagerduty.name} of PagerDuty, but has no `escalation`: "
                "nothing pages it",
                route=("services", name, "pagerduty"),
                on_key=True,
                help="add `escalation`, or remove `pagerduty`",
            )


def _differing(some: Iterable[PagedService]) -> Iterator[Diagnostic]:
    """Yield a finding where those that page one service of PagerDuty want it differently: the first such."""
    first, *others = some
    for one in others:
        if not (one.exists or first.exists):
            continue  # what alertc makes differs in the case of letters alone: PGD606 says so of the files
        if not (one.exists and first.exists):
            yield _shared(
                one, f"{one.title} is the name of two services of PagerDuty, that of {_of(first)}, too", _NAME
            )
        elif one.chain != first.chain:
            what = f"{one.title} would escalate by two chains, {first.chain} and {one.chain}"
            yield _shared(one, what, "PagerDuty has one escalation policy for a service: name another service")
        elif one.key_file != first.key_file:
            what = f"{one.title} has two key files, `{first.key_file}` and `{one.key_file}`"
            yield _shared(one, what, "name one of them at both places")
        elif one.urgency != first.urgency:
            what = f"{one.title} is paged for a {first.severity} of {first.urgency} urgency and a {one.severity} of "
            yield _shared(one, what + f"{one.urgency} urgency", "write the same `urgency` in both severities")
        else:
            continue
        return


_NAME = "give one of them another name"


def _of(one: PagedService) -> str:
    return f"the {'chain' if one.service is None else 'service'} {one.service or one.chain}"


def _shared(one: PagedService | Receiver, what: str, way_out: str) -> Diagnostic:
    return Diagnostic(code=PGD201.name, message=what, route=one.route, on_key=True, help=way_out)
