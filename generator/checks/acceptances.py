"""Which findings the policy accepts, with a reason, until a day: they are counted, not shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from generator.policy.model import Acceptance

POL256 = Code(
    name="POL256",
    title="Accepted findings are shown again",
    meaning="The last day of the acceptance is over. Correct what it is about, or decide again and write a later date.",
)

POL257 = Code(
    name="POL257",
    title="Acceptance accepts nothing",
    meaning="No entry that the acceptance names has one of its findings. An error is not accepted. Remove the "
    "acceptance.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The findings that are left to be shown, a line for each acceptance that took some, and when that may change."""

    findings: tuple[Diagnostic, ...]
    lines: tuple[str, ...]
    until: date | None
    """The last day on which the same findings are accepted; None where none is."""


def accepted(findings: Iterable[Diagnostic], accepts: Mapping[str, Acceptance], today: date) -> Accepted:
    """Return the findings that no acceptance of `accepts` takes, with those about the acceptances themselves.

    Only warnings and notes are taken: where there is an error, a promise does not hold.
    """
    deciding = {name: acceptance for name, acceptance in accepts.items() if acceptance.findings}
    in_force = {name: acceptance for name, acceptance in deciding.items() if acceptance.until >= today}
    taken: dict[str, list[str]] = {name: [] for name in in_force}
    left = []
    for finding in findings:
        name = next((name for name, acceptance in in_force.items() if _takes(acceptance, finding)), None)
        if name is None:
            left.append(finding)
        else:
            taken[name].append(finding.code)
    return Accepted(
        findings=(*left, *_unfit(deciding, taken)),
        lines=tuple(_line(name, in_force[name], codes) for name, codes in taken.items() if codes),
        until=min((acceptance.until for acceptance in in_force.values()), default=None),
    )


def _takes(acceptance: Acceptance, finding: Diagnostic) -> bool:
    if finding.level is Level.ERROR or finding.code not in acceptance.findings or not finding.route:
        return False
    entry = "/".join(map(str, finding.route))
    return any(entry == named or entry.startswith(f"{named}/") for named in acceptance.of)


def _unfit(deciding: Mapping[str, Acceptance], taken: Mapping[str, list[str]]) -> Iterator[Diagnostic]:
    for name, acceptance in deciding.items():
        route = ("accepts", name)
        if name not in taken:
            yield Diagnostic(
                code=POL256.name,
                level=Level.WARNING,
                message=f"the acceptance {name} counted until {acceptance.until.isoformat()}",
                route=(*route, "until"),
                help="correct what it is about, or decide again and write a later date",
            )
        elif not taken[name]:
            yield Diagnostic(
                code=POL257.name,
                level=Level.WARNING,
                message=f"the acceptance {name} accepts nothing",
                route=route,
                on_key=True,
                help="remove it, or correct its codes and entries",
            )


def _line(name: str, acceptance: Acceptance, codes: list[str]) -> str:
    findings = f"{len(codes)} finding{'s' if len(codes) > 1 else ''} ({', '.join(sorted(set(codes)))})"
    return f"accepted until {acceptance.until.isoformat()}: {findings}, accepts/{name}: {acceptance.reason}"
