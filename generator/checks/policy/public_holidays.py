"""Public holidays are of a country that there is, and their days are written down for long enough."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import listed
from generator.policy import countries
from generator.system.today import today

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.model import Holidays, Policy

CAL504 = Code(
    name="CAL504",
    title="Written holidays run out",
    meaning="Days that are not written are working days: people are paged on them. Run `alertc calendar`, which writes "
    "the public holidays of the years to come, and commit the policy. It is said from two months before on.",
)

CAL505 = Code(
    name="CAL505",
    title="Unknown country of holidays",
    meaning="`of` names countries by the two letters of ISO 3166, and their parts behind a hyphen: `DE`, `DE-BE`.",
)

_BEFORE = timedelta(days=60)


def check(policy: Policy) -> Iterator[Diagnostic]:
    """CAL504: the days of public holidays end soon, or are not written. CAL505: there is no such country."""
    for route, holidays in of_countries(policy):
        unknown = tuple(_unknown(route, holidays))
        yield from unknown
        if not unknown and today() > _quiet_until(holidays):
            yield _running_out(route, holidays)


def of_countries(policy: Policy) -> Iterator[tuple[PolicyPath, Holidays]]:
    """Yield the holidays that are those of countries, with their entry."""
    calendars = [
        (("calendar",), policy.calendar),
        *((("calendars", name), one) for name, one in policy.calendars.items()),
    ]
    for route, calendar in calendars:
        if calendar and calendar.holidays and calendar.holidays.of:
            yield (*route, "holidays"), calendar.holidays


def quiet_until(policy: Policy) -> date | None:
    """Return the last day on which nothing is said of days that end soon; None where that is on no day."""
    return min((_quiet_until(holidays) for _, holidays in of_countries(policy)), default=None)


def _quiet_until(holidays: Holidays) -> date:
    last = _last_year(holidays)
    return date(last, 12, 31) - _BEFORE if last else date.min


def _last_year(holidays: Holidays) -> int | None:
    """Return the last year whose days are written; None where none are."""
    return holidays.through or max((day.year for day in holidays.days), default=None)


def _running_out(route: PolicyPath, holidays: Holidays) -> Diagnostic:
    last, of = _last_year(holidays), listed(holidays.of)
    message = f"the holidays of {of} are written down to the end of {last}: people are paged on those that follow"
    if last is None:
        message = f"the holidays of {of} are not written down: people are paged on them"
    return Diagnostic(
        code=CAL504.name,
        level=Level.WARNING,
        message=message,
        route=(*route, "through") if holidays.through else (*route, "of"),
        help="run `alertc calendar`, and commit the policy",
    )


def _unknown(route: PolicyPath, holidays: Holidays) -> Iterator[Diagnostic]:
    for number, code in enumerate(holidays.of):
        if not countries.is_known(code):
            near = countries.meant(code)
            yield Diagnostic(
                code=CAL505.name,
                message=f"there is no country `{code}` whose holidays are known",
                route=(*route, "of", number) if len(holidays.of) > 1 else (*route, "of"),
                help=f"did you mean `{near}` ({countries.COUNTRIES[near[:2]]})?"
                if near
                else "write the two letters of ISO 3166, such as `DE`, or those of a part: `DE-BE`",
            )
