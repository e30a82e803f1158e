"""In which of PagerDuty's regions the account is: asked for there, and sent to there, or not touched at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from generator.behaviour.documents import ALERTMANAGER
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, PolicyErrors
from generator.upstream.pagerduty import USUAL, region_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.behaviour.behaviour import Behaviour
    from generator.behaviour.documents import Documents
    from generator.upstream.pagerduty import Region

PGD614 = Code(
    name="PGD614",
    title="The account is in another region",
    meaning="PagerDuty's regions share nothing: keys of an account in one are refused by the servers of the other, so "
    "nobody would be paged. Write the region of the account into `stack.pagerduty`.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A region that was asked for when the command was called, and by what: `--region`."""

    region: Region
    by: str


def sent_to(files: Documents, behaviour: Behaviour) -> tuple[Region, ...]:
    """Return the regions to which the rendered receivers send events, sorted by their names."""
    usual = (files[ALERTMANAGER].get("global") or {}).get("pagerduty_url") or USUAL.events
    urls = {
        str(integration.settings.get("url") or usual)
        for receiver in behaviour.receivers
        for integration in receiver.integrations
        if integration.kind.pages
    }
    found = {region.name: region for url in urls if (region := region_of(url))}
    return tuple(found[name] for name in sorted(found))


def of_account(written: Region | None, sent: tuple[Region, ...], asked: Asked | None) -> Region:
    """Return the region of the account; `written` is the policy's. Raises PolicyErrors where they are not all one."""
    region = asked.region if asked else written or (sent[0] if sent else USUAL)
    wrong = tuple(_differences(region, written, sent, asked))
    if wrong:
        raise PolicyErrors(*wrong)
    return region


def _differences(
    region: Region, written: Region | None, sent: tuple[Region, ...], asked: Asked | None
) -> Iterator[Diagnostic]:
    if written and asked and written != asked.region:
        yield Diagnostic(
            code=PGD614.name,
            message=f"the policy's account is in the region {written.name}, and {asked.by} says {asked.region.name}",
            route=("stack", "pagerduty", "region"),
            help=f"write the region of the account here, and leave {asked.by} out",
        )
        return
    for other in sent:
        if other != region:
            by = asked.by if asked else "the policy" if written else "another receiver"
            yield Diagnostic(
                code=PGD614.name,
                message=f"alertmanager.yml sends events to the region {other.name}, and {by} says {region.name}: "
                "its keys would be refused there",
                route=("stack", "pagerduty") if written else ("stack",),
                on_key=True,
                help=f"write `pagerduty: {{region: {region.name}}}` into `stack`, and let no template name another",
            )
