"""Time zones by the names of the IANA database, and what people write instead."""

from __future__ import annotations

import re
import zoneinfo
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, PolicyPath
from generator.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

POL211 = Code(
    name="POL211",
    title="Unknown time zone",
    meaning="Write a name of the IANA time zone database, for example `Europe/Zurich`. Abbreviations such as "
    "PST and offsets such as GMT+2 do not say when clocks change.",
)

_ABBREVIATIONS: Mapping[str, tuple[str, ...]] = {
    "ACST": ("Australia/Adelaide",),
    "AEDT": ("Australia/Sydney",),
    "AEST": ("Australia/Sydney", "Australia/Brisbane"),
    "AKST": ("America/Anchorage",),
    "AST": ("America/Halifax", "America/Puerto_Rico"),
    "AWST": ("Australia/Perth",),
    "BRT": ("America/Sao_Paulo",),
    "BST": ("Europe/London",),
    "CDT": ("America/Chicago",),
    "CEST": ("Europe/Berlin", "Europe/Zurich", "Europe/Paris"),
    "CST": ("America/Chicago", "Asia/Shanghai"),
    "EDT": ("America/New_York",),
    "EEST": ("Europe/Helsinki", "Europe/Athens"),
    "GST": ("Asia/Dubai",),
    "HKT": ("Asia/Hong_Kong",),
    "ICT": ("Asia/Bangkok",),
    "IDT": ("Asia/Jerusalem",),
    "IST": ("Asia/Kolkata", "Europe/Dublin", "Asia/Jerusalem"),
    "JST": ("Asia/Tokyo",),
    "KST": ("Asia/Seoul",),
    "MDT": ("America/Denver",),
    "MSK": ("Europe/Moscow",),
    "NZDT": ("Pacific/Auckland",),
    "NZST": ("Pacific/Auckland",),
    "PDT": ("America/Los_Angeles",),
    "PKT": ("Asia/Karachi",),
    "PST": ("America/Los_Angeles",),
    "SAST": ("Africa/Johannesburg",),
    "SGT": ("Asia/Singapore",),
    "WEST": ("Europe/Lisbon",),
    "WIB": ("Asia/Jakarta",),
}
"""Zones in which a clock shows the abbreviation, the one with most people in it first. What the database itself knows
(`EST`, `CET`) is not among them."""

_OF_THIS_MACHINE = frozenset({"localtime", "posixrules", "Factory"})
"""Files beside the zones: what they say differs between machines, and neither Alertmanager nor PagerDuty knows them."""

_OFFSET = re.compile(r"(?:UTC|GMT)?[+-][0-9]{1,2}(?::?[0-9]{2})?", re.IGNORECASE)


def check(name: str, route: PolicyPath) -> Iterator[Diagnostic]:
    """POL211: a time zone that the IANA database does not have."""
    if not _is_known(name):
        yield Diagnostic(code=POL211.name, message=f"there is no time zone `{name}`", route=route, help=_help(name))


def _is_known(name: str) -> bool:
    """Return whether the database has a zone of this name, and not this machine alone."""
    if name in _OF_THIS_MACHINE or name.startswith(("posix/", "right/")):
        return False
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _help(name: str) -> str:
    plain = name.removeprefix("posix/").removeprefix("right/")
    if plain != name and _is_known(plain):
        return f"write `{plain}`"
    zones = _ABBREVIATIONS.get(name.upper())
    if zones:
        named = " or ".join(f"`{zone}`" for zone in zones)
        return f"write {named}: an abbreviation does not say when clocks change"
    if _OFFSET.fullmatch(name):
        return "write the zone of a city, such as `Europe/Zurich`: an offset does not say when clocks change"
    near = did_you_mean(name, zoneinfo.available_timezones())
    return f"did you mean `{near}`?" if near else "write a name of the IANA database, such as `Europe/Zurich`"
