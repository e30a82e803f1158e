"""Services of PagerDuty that the organisation has already, as chains and services name them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from generator.policy.model import PagerDutyService

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.diagnostics.diagnostic import PolicyPath

STEPS = "steps"


def kept(entry: Mapping[str, Any]) -> PagerDutyService | None:
    """Return the service of PagerDuty that a chain or a service keeps; None where alertc makes one."""
    written = entry.get("pagerduty")
    if written is None:
        return None
    severities = tuple(written.get("severities", ()))
    return PagerDutyService(name=written["service"], key_file=written["key_file"], severities=severities)


def chain_services(tree: Mapping[str, Any]) -> Mapping[str, PagerDutyService]:
    """Return those that chains keep, by the chain's name."""
    chains = tree.get("escalations", {}).items()
    found = ((name, kept(entry)) for name, entry in chains if isinstance(entry, dict))
    return {name: service for name, service in found if service}


def steps_in(entry: Any) -> Any:
    """Return the steps of a chain, which is a list of them unless it says more."""
    return entry[STEPS] if isinstance(entry, dict) else entry


def spelled(tree: Mapping[str, Any], route: PolicyPath) -> PolicyPath:
    """Return where a step stands: below `steps` where its chain says more. Other routes stay as they are."""
    if len(route) < 3 or route[0] != "escalations" or not isinstance(route[2], int):
        return route
    chains = tree.get("escalations")
    entry = chains.get(str(route[1])) if isinstance(chains, dict) else None
    return (*route[:2], STEPS, *route[2:]) if isinstance(entry, dict) else route
