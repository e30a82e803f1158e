"""The policy as its author wrote it: one type for each kind of entry, one to one with the schema.

`None` and empty tuples mean "not written"; `resolve` applies the defaults. Mappings keep the author's order.
Durations are `timedelta`, days are `date`, everything else is text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Severity = str
"""`P0` to `P3`, the worst first."""

SEVERITIES: tuple[Severity, ...] = ("P0", "P1", "P2", "P3")
URGENT: frozenset[Severity] = frozenset({"P0", "P1"})
"""The severities that nothing may silence."""

PAGE = "page"
"""In `notify`: the people of the service's escalation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    version: tuple[int, ...]
    replicas: int
    scrape: timedelta
    scrape_timeout: timedelta | None
    evaluate: timedelta
    alertmanager_timeout: timedelta | None
    retention: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    smarthost: str
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Alertmanager:
    version: tuple[int, ...]
    peers: int
    peer_timeout: timedelta | None
    secrets: str
    slack_url_file: str | None
    smtp: Smtp | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    prometheus: Prometheus
    alertmanager: Alertmanager
    survive: tuple[str, ...]
    delivery: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityPolicy:
    title: str
    definition: str
    acknowledge: timedelta
    answer_in: timedelta | None
    detect_in: timedelta | None
    resolve: timedelta | None
    """None: by the end of the next sprint."""
    notify: tuple[str, ...]
    urgency: Literal["high", "low"] | None
    hours: Literal["always", "business"] | None
    closes: Literal["by-hand", "with-alert"] | None
    group_wait: timedelta | None
    group_interval: timedelta | None
    remind: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    days: tuple[int, int]
    """First and last weekday, Monday is 0."""
    start: int
    end: int
    """Minutes since midnight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprint:
    length: timedelta
    starts: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    timezone: str
    business_hours: Hours | None
    sprint: Sprint | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    title: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    title: str
    does: str
    held_by: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    start: date
    hand_over_day: int
    """Monday is 0."""
    hand_over_minute: int
    """Minutes since midnight."""
    turn: timedelta
    rotation: tuple[str, ...]
    daily: tuple[int, int] | None
    """Minutes since midnight; past midnight where the second is not later."""
    days: tuple[int, int] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    title: str | None
    timezone: str
    layers: Mapping[str, Layer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    page: tuple[str, ...]
    by: int | None
    """Percent of `acknowledge`; None for `first`."""
    role: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    slack: str | None
    webhook: str | None
    email: str | None
    audience: Literal["internal", "public"]
    url_file: str | None
    token_file: str | None
    resolved: Literal["send", "never"] | None
    repeat: timedelta | None
    rule: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    title: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    title: str
    steps: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    reference: str
    section: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Containment:
    title: str
    when: str
    call: str | None
    basis: Basis | None
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    title: str | None
    during: tuple[Severity, ...]
    every: timedelta | None
    after: tuple[Severity, ...]
    within: timedelta | None
    of: str | None
    by: str | None
    via: tuple[str, ...]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    via: str
    every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    service: str
    severity: Severity
    unrouted: Severity
    heartbeat: Heartbeat
    prometheus_job: str | None
    alertmanager_job: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    title: str | None
    team: str
    escalation: str
    runbook: str
    depends_on: tuple[str, ...]
    public: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    every: timedelta
    expr: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    given: Mapping[str, str]
    fires_at: timedelta | None
    silent_until: timedelta | None
    labels: Mapping[str, str]
    says: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    service: str | None
    each: Mapping[str, Mapping[str, str]] | Literal["all"] | None
    """Services and their parameters."""
    severity: Severity
    expr: str
    hold: timedelta | None
    seen_within: timedelta | None
    containment: str | None
    page_each: tuple[str, ...]
    when_missing: str | None
    means: Literal["service-down"] | None
    summary: str
    details: str | None
    public: str | None
    runbook: str | None
    tests: tuple[Test, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    name: str
    title: str | None
    purpose: str | None
    environment: str
    stack: Stack
    severities: Mapping[Severity, SeverityPolicy]
    calendar: Calendar | None
    people: Mapping[str, Person]
    teams: Mapping[str, Team]
    roles: Mapping[str, Role]
    schedules: Mapping[str, Schedule]
    escalations: Mapping[str, tuple[Step, ...]]
    channels: Mapping[str, Channel]
    references: Mapping[str, Reference]
    runbooks: Mapping[str, Runbook]
    lifecycle: Mapping[str, Phase]
    containments: Mapping[str, Containment]
    duties: Mapping[str, Duty]
    watch: Watch
    services: Mapping[str, Service]
    records: Mapping[str, Record]
    alerts: Mapping[str, Alert]
