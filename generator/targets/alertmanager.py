"""Alertmanager's configuration and its message templates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER, MESSAGES
from generator.plan import nobody
from generator.policy.model import NOBODY
from generator.system.artifact import Artifact
from generator.targets.target import Owned, Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.plan.plan import AlertRoute, Plan
    from generator.policy.model import Hours
    from generator.targets.render import Templates

_MESSAGES = ("pagerduty", "public", "room")
_MOST = 20
"""So many alerts of a group stand in a message; of the others it says how many they are."""
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def build(plan: Plan, templates: Templates, source: str) -> Iterator[Artifact]:
    """Yield `alertmanager/alertmanager.yml` and `alertmanager/templates/*.tmpl`."""
    calendar = plan.policy.calendar
    hours = calendar.business_hours if calendar else None
    text = templates.render(
        "alertmanager/alertmanager.yml.j2",
        source=source,
        plan=plan,
        root=plan.root,
        nobody=NOBODY if nobody.place(plan) else None,
        business=_weekdays(hours) if hours and _uses_hours(plan.root) else None,
        hours=hours,
        timezone=calendar.timezone if calendar else None,
        smtp=plan.policy.stack.alertmanager.smtp,
        pagerduty=plan.policy.stack.pagerduty,
        through=plan.policy.stack.alertmanager.through,
        mail=plan.policy.stack.alertmanager.mail,
    )
    yield Artifact(path=ALERTMANAGER, text=text)
    for name in _MESSAGES:
        text = templates.render(f"alertmanager/templates/{name}.tmpl.j2", source=source, plan=plan, most=_MOST)
        yield Artifact(path=f"{MESSAGES}{name}.tmpl", text=text)


def _uses_hours(route: AlertRoute) -> bool:
    return route.active is not None or any(_uses_hours(child) for child in route.children)


def _weekdays(hours: Hours) -> str:
    """Return the days as Alertmanager writes them; a range may pass Sunday, Alertmanager's may not."""
    first, last = hours.days
    days = [_WEEKDAYS[day % 7] for day in range(first, last + 1 if last >= first else last + 8)]
    return ", ".join(f"'{day}'" for day in days)


TARGET = Target(
    name="alertmanager",
    build=build,
    owns=(Owned(path=ALERTMANAGER, schema="alertmanager"), Owned(path=f"{MESSAGES}*.tmpl")),
)
