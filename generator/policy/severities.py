"""The severities of a policy: their order, and which are urgent. No other module knows one by its name."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.policy import duration, untold
from generator.policy.model import NOBODY, OF_BUSINESS_HOURS, SeverityPolicy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.policy.model import Event

    Data = Mapping[str, Any]

POL258 = Code(
    name="POL258",
    title="Order of the severities is unclear",
    meaning="The file names the severities in their order, the worst first (P0 to P3 say theirs by their names). One "
    "that must be acknowledged sooner than another, or is urgent where that is not, stands before it. Write them in "
    "their order, or correct `acknowledge` or `urgent`.",
)

POL288 = Code(
    name="POL288",
    title="`otherwise` in a list of values",
    meaning="`is: otherwise` says that all is of this severity that no other one is. In a list it would be the value "
    "of a label that nobody sets. Write it without brackets.",
)

_FOUR = ("P0", "P1", "P2", "P3")
"""Names that say their order themselves; the first two are urgent unless it is written."""
OTHERWISE = "otherwise"
"""In `is`: whatever no other severity is known as."""
_URGENT_WITHIN = timedelta(hours=1)


def severities(tree: Mapping[str, Data], findings: list[Diagnostic]) -> dict[str, SeverityPolicy]:
    """Return the severities, the worst first: in the order of the file, but for P0 to P3, which have their own."""
    four = set(tree) <= set(_FOUR)
    urgent = {name: _is_urgent(name, entry, four=four) for name, entry in tree.items()}
    names = sorted(tree) if four else list(tree)
    lesser = next((name for name in names if not urgent[name]), None)
    found = {}
    for place, name in enumerate(names):
        worst = name == _FOUR[0] if four else place == 0
        # P2 and P3 are what their names say, also where a policy has one of them alone.
        warns = name == (_FOUR[2] if name in _FOUR[2:] else lesser)
        event: Event = ("critical" if worst else "error") if urgent[name] else "warning" if warns else "info"
        found[name] = _severity(name, tree[name], findings, urgent=urgent[name], worst=worst, event=event)
    if not four:
        findings.extend(_unclear_order(found))
    findings.extend(
        Diagnostic(
            code=POL288.name,
            message=f"`{OTHERWISE}` among the values of {name} would be a value like any other",
            route=("severities", name, "is", tree[name]["is"].index(OTHERWISE)),
            help="write `is: otherwise`: then all alerts of others are of this severity that are of no other",
        )
        for name, severity in found.items()
        if OTHERWISE in severity.known_as
    )
    return found


def _is_urgent(name: str, entry: Data, *, four: bool) -> bool:
    length, in_hours = acknowledged_within(entry["acknowledge"])
    within = length <= _URGENT_WITHIN and not in_hours
    urgent: bool = entry.get("urgent", name in _FOUR[:2] if four else within)
    return urgent


def _unclear_order(severities: Mapping[str, SeverityPolicy]) -> Iterator[Diagnostic]:
    """POL258: the order of the file contradicts what the severities ask for."""
    for (name, severity), (worse, before) in zip(list(severities.items())[1:], severities.items(), strict=False):
        if severity.urgent and not before.urgent:
            yield _order(name, "urgent", f"{name} is urgent, and {worse}, which stands before it, is not")
        elif severity.in_business_hours == before.in_business_hours and severity.acknowledge < before.acknowledge:
            written = [duration.write(each.acknowledge) for each in (severity, before)]
            yield _order(
                name,
                "acknowledge",
                f"{name} must be acknowledged within {written[0]}, and {worse}, which stands before it, within "
                f"{written[1]}",
            )


def _order(name: str, key: str, message: str) -> Diagnostic:
    return Diagnostic(
        code=POL258.name,
        message=f"the order of the severities is unclear: {message}",
        route=("severities", name, key) if key == "acknowledge" else ("severities", name),
        on_key=key != "acknowledge",
        help="write the severities in their order, the worst first",
    )


def _severity(
    name: str, entry: Data, findings: list[Diagnostic], *, urgent: bool, worst: bool, event: Event
) -> SeverityPolicy:
    acknowledge, in_hours = acknowledged_within(entry["acknowledge"])
    return SeverityPolicy(
        urgent=urgent,
        worst=worst,
        event=event,
        known_as=() if entry.get("is") == OTHERWISE else tuple(entry.get("is", ())),
        otherwise=entry.get("is") == OTHERWISE,
        title=entry["title"],
        definition=entry.get("definition"),
        acknowledge=acknowledge,
        answer_in=_length(entry, "answer_in"),
        detect_in=_length(entry, "detect_in"),
        resolve=_resolve(entry.get("resolve")),
        notify=() if entry.get("notify") == NOBODY else tuple(entry.get("notify", ())),
        untold=untold.reason(("severities", name), entry, findings),
        urgency=entry.get("urgency"),
        # What is promised in business hours is held back until they begin, unless the author says otherwise.
        hours=entry.get("hours") or ("business" if in_hours else None),
        in_business_hours=in_hours,
        closes=entry.get("closes"),
        group_wait=_length(entry, "group_wait"),
        group_interval=_length(entry, "group_interval"),
        remind=_length(entry, "remind"),
    )


def acknowledged_within(text: str) -> tuple[timedelta, bool]:
    """Return the length of `4h` or `4h of business hours`, and whether business hours alone count."""
    length = text.removesuffix(OF_BUSINESS_HOURS)
    return duration.parse(length), length != text


def _resolve(text: str | None) -> timedelta | Literal["next-sprint"] | None:
    return "next-sprint" if text == "next-sprint" else None if text is None else duration.parse(text)


def _length(entry: Data, key: str) -> timedelta | None:
    return duration.parse(entry[key]) if key in entry else None
