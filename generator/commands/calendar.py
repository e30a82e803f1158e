"""`alertc calendar`: write the public holidays of the years to come into the policy.

The package `holidays` knows them. Nothing else of alertc uses it: what is rendered follows from the days in the policy,
and does not change with that package.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from generator.checks.policy.public_holidays import CAL505, of_countries
from generator.commands.fmt import replaced
from generator.commands.project import Outcome, Unanswered, Unknown
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import Diagnostic, EnvironmentProblem, PolicyErrors
from generator.diagnostics.suggest import did_you_mean
from generator.policy import countries, schema
from generator.policy.holiday_days import Written, with_days
from generator.policy.load import load
from generator.policy.parts import on_disk
from generator.system import differences
from generator.system.today import today

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.model import Holidays
    from generator.policy.source import Source

_YEARS = 2
"""After this one."""
_ENGLISH = ("en_US", "en_GB", "en")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Country:
    """A country, or a part of one, as a calendar names it at `route`."""

    code: str
    route: PolicyPath
    source: Source


def calendar(policy: Path, through: int | None, *, checking: bool) -> Outcome:
    """Write the days from this year on to the end of `through` (None: of the year after the next) into the policy.

    With `checking` it shows what would change, and changes nothing. Raises PolicyErrors where there is no policy to
    read, Unanswered where it is refused, EnvironmentProblem where the package is missing, Unknown where the years are
    over.
    """
    years = range(today().year, (through or today().year + _YEARS) + 1)
    if not years:
        raise Unknown(f"the year {through} is over", "", ())
    source = on_disk(policy).read()
    written = {
        route: Written(route=route, through=years[-1], days=_days(source, route, holidays, years))
        for route, holidays in _calendars(source).items()
    }
    if not written:
        line = f"{policy.as_posix()}: no calendar has `holidays` with `of`, so there are no days to write"
        return Outcome(diagnostics=(), sources={}, lines=(line,))
    try:
        changed = dict(_changed(source, written))
    except PolicyErrors as refused:
        raise Unanswered(Outcome(diagnostics=refused.diagnostics, sources=source.texts)) from None
    if not checking:
        for name, raw in changed.items():
            replaced(Path(name), raw)
    shown = tuple(line for name, raw in changed.items() for line in _difference(name, source.texts[name], raw))
    verdict = _verdict(policy.as_posix(), written, bool(changed), checking=checking)
    return Outcome(diagnostics=(), sources={}, lines=(*shown, verdict), stale=checking and bool(changed))


def _calendars(source: Source) -> Mapping[PolicyPath, Holidays]:
    try:
        return dict(of_countries(load(schema.check(source.tree))))
    except PolicyErrors as refused:
        findings = formats.place(refused.diagnostics, source)
        raise Unanswered(Outcome(diagnostics=findings, sources=source.texts)) from None


def _changed(source: Source, written: Mapping[PolicyPath, Written]) -> Iterator[tuple[str, bytes]]:
    """Yield the files of the policy that change, each with its new bytes."""
    wanted = [(route, True) for route in written]
    places = source.located(wanted)
    for name, raw in source.texts.items():
        own = {route: one for route, one in written.items() if places[route, True].path == name}
        changed = with_days(raw, name, own)
        if changed != raw:
            yield name, changed


def _difference(name: str, before: bytes, after: bytes) -> Iterator[str]:
    old, new = (text.decode("utf-8-sig").replace("\r\n", "\n").splitlines() for text in (before, after))
    return differences.unified(old, new, name, f"{name} (holidays)", around=1)


def _verdict(name: str, written: Mapping[PolicyPath, Written], changed: bool, *, checking: bool) -> str:
    last = next(iter(written.values())).through
    if not changed:
        return f"{name}: the holidays are written down to the end of {last} already"
    if checking:
        return f"{name} has not the holidays to the end of {last}; run `alertc calendar {name}`"
    of = ", ".join(f"{len(one.days)} of {'/'.join(map(str, one.route[:-1]))}" for one in written.values())
    return f"{name}: holidays to the end of {last}: {of}; run `alertc render` and commit both"


def _days(source: Source, route: PolicyPath, holidays: Holidays, years: range) -> Mapping[date, str]:
    """Return the public holidays of all countries of a calendar; those that are written by hand stay there."""
    found: dict[date, list[str]] = {}
    for number, code in enumerate(holidays.of):
        place: PolicyPath = (*route, "of", number) if len(holidays.of) > 1 else (*route, "of")
        for day, called in _of_country(_Country(code=code, route=place, source=source), years):
            found.setdefault(day, []).extend(called)
    return {day: ", ".join(dict.fromkeys(called)) for day, called in sorted(found.items()) if day.year in years}


def _of_country(entry: _Country, years: Iterable[int]) -> Iterator[tuple[date, list[str]]]:
    try:
        import holidays as library
    except ImportError:
        raise EnvironmentProblem(
            "the package `holidays`, which knows the public holidays of countries, is not installed",
            "install it beside alertc: pip install 'alertc[calendar]'",
        ) from None
    country, _, part = entry.code.partition("-")
    if not countries.is_known(entry.code):
        message = f"there is no country `{entry.code}` whose holidays are known"
        raise _refused(entry, message, countries.meant(entry.code), ())
    parts = library.list_supported_countries(include_aliases=True)[country]
    if part and part not in parts:
        near = did_you_mean(part, parts)
        message = f"{country} ({countries.COUNTRIES[country]}) has no part `{part}` whose holidays are known"
        raise _refused(entry, message, near and f"{country}-{near}", [f"{country}-{one}" for one in parts])
    languages = getattr(library, country).supported_languages
    language = next((one for one in _ENGLISH if one in languages), None)
    found = library.country_holidays(country, subdiv=part or None, years=years, language=language)
    for day in sorted(found):
        yield day, [one for called in found.get_list(day) for one in called.split("; ")]


def _refused(entry: _Country, message: str, near: str | None, known: Iterable[str]) -> Unanswered:
    some = ", ".join(list(known)[:20])
    help = f"did you mean `{near}`?" if near else f"known: {some}" if some else "write the two letters of ISO 3166"
    finding = Diagnostic(code=CAL505.name, message=message, route=entry.route, help=help)
    placed = formats.place((finding,), entry.source)
    return Unanswered(Outcome(diagnostics=placed, sources=entry.source.texts))
