"""The checks of a policy: one module for each, all of them listed here. Lints see no files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.checks.expressions import expressions
from generator.checks.plan import (
    acknowledge_budget,
    beginnings,
    conditions,
    duplicates,
    first_events,
    gaps,
    halts,
    hours_tried,
    idle_thresholds,
    loops,
    low_urgency,
    never_on_call,
    nothing_missing,
    open_hours,
    pagerduty_services,
    restarts,
    retention,
    same_person,
    schedules,
    sending,
    test_work,
    unended,
    unheard,
)
from generator.checks.policy import (
    addresses,
    amounts,
    calendar,
    chains,
    channel_settings,
    channels,
    chosen_labels,
    environments,
    external_labels,
    forgotten,
    kubernetes,
    lengths,
    of_others,
    own_names,
    owners,
    pagerduty_names,
    pagerduty_zones,
    pagers,
    public_holidays,
    public_texts,
    secret_addresses,
    shared_addresses,
    team_pagers,
    untold,
    urgent_alerts,
    urgent_evidence,
    versions,
    watch_alerts,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from generator.diagnostics.diagnostic import Diagnostic
    from generator.plan.plan import Plan
    from generator.policy.model import Policy

POLICY_LINTS: tuple[Callable[[Policy], Iterator[Diagnostic]], ...] = (
    amounts.check,
    calendar.check,
    chains.check,
    channel_settings.check,
    channels.check,
    secret_addresses.check,
    external_labels.check,
    environments.check,
    chosen_labels.check,
    own_names.check,
    watch_alerts.check,
    owners.check,
    kubernetes.check,
    of_others.check,
    lengths.check,
    versions.check,
    urgent_alerts.check,
    untold.check,
    urgent_evidence.check,
    public_holidays.check,
    public_texts.check,
    addresses.check,
    pagerduty_names.check,
    pagerduty_zones.check,
    shared_addresses.check,
    forgotten.check,
    pagers.check,
    team_pagers.check,
)
"""Run before the plan is made: what they refuse cannot be planned."""

LINTS: tuple[Callable[[Plan], Iterator[Diagnostic]], ...] = (
    gaps.check,
    beginnings.check,
    acknowledge_budget.check,
    halts.check,
    hours_tried.check,
    open_hours.check,
    sending.check,
    retention.check,
    restarts.check,
    conditions.check,
    expressions.check,
    duplicates.check,
    schedules.check,
    never_on_call.check,
    low_urgency.check,
    pagerduty_services.check,
    same_person.check,
    loops.check,
    nothing_missing.check,
    idle_thresholds.check,
    first_events.check,
    unended.check,
    test_work.check,
    unheard.check,
)
