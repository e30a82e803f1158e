"""The policy as its author wrote it: one type for each kind of entry, one to one with the schema.

`None` and empty tuples mean "not written"; `resolve` applies the defaults. Mappings keep the author's order.
Durations are `timedelta`, days are `date`, everything else is text.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from generator.policy.owners import BY_OWNER
from generator.system.record import record

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import date, timedelta

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.kubernetes import Kubernetes, TargetName
    from generator.policy.label_names import LabelNames
    from generator.policy.owners import Owners
    from generator.upstream.alertmanager.kinds import Kind
    from generator.upstream.pagerduty import Region

Event = Literal["critical", "error", "warning", "info"]
"""The severities of events that PagerDuty knows, the worst first."""

Severity = str
"""The name of a severity; `Policy.severities` has the worst first."""

NOBODY = "nobody"
"""In `notify` of an alert: people are not told of it."""
OF_BUSINESS_HOURS = " of business hours"
"""Behind the length in `acknowledge`: business hours alone count."""

PAGE = "page"
"""In `notify`: the people of the service's escalation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """The Prometheus servers."""

    version: tuple[int, ...]
    replicas: int
    scrape: timedelta
    scrape_timeout: timedelta | None
    evaluate: timedelta
    lookback: timedelta | None
    alertmanager_timeout: timedelta | None
    alerts_at_once: int | None
    retention: timedelta | None
    external_labels: Mapping[str, tuple[str, ...]]
    """Labels that are added to alerts without one of that name, with their values; none: any value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """How e-mail is sent."""

    smarthost: str
    sender: str
    hello: str | None
    username: str | None
    password_file: str | None
    require_tls: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alertmanager:
    """The Alertmanager cluster."""

    version: tuple[int, ...]
    peers: int
    peer_timeout: timedelta | None
    retention: timedelta | None
    resolve_timeout: timedelta | None
    """How long what is sent without an end lasts."""
    secrets: str
    url_files: Mapping[str, str]
    """The file with the address that all channels of a kind send to, by the kind's name."""
    smtp: Smtp | None
    proxy: str | None
    """The address of the proxy through which all leaves but e-mail, or `environment`."""

    @property
    def through(self) -> Mapping[str, str]:
        """The setting of an HTTP client that names the proxy; empty: there is none."""
        if self.proxy is None:
            return {}
        return {"proxy_from_environment": "true"} if self.proxy == "environment" else {"proxy_url": self.proxy}

    def secret(self, name: str) -> str:
        """Return the path of a file with a secret."""
        return name if name.startswith("/") else f"{self.secrets.rstrip('/')}/{name}"

    @property
    def mail(self) -> Mapping[str, str]:
        """The settings of the mail server that the policy writes, by Alertmanager's names without `smtp_`."""
        if self.smtp is None:
            return {}
        tls, password = self.smtp.require_tls, self.smtp.password_file
        settings = {
            "smarthost": self.smtp.smarthost,
            "from": self.smtp.sender,
            "hello": self.smtp.hello,
            "auth_username": self.smtp.username,
            "auth_password_file": self.secret(password) if password else None,
            "require_tls": None if tls is None else str(tls).lower(),
        }
        return {name: value for name, value in settings.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What runs: the premises of every promised time."""

    prometheus: Prometheus
    alertmanager: Alertmanager
    pagerduty: Region | None
    """None: Alertmanager sends where it usually does."""
    pagerduty_services: Literal["each"] | None
    """`each`: PagerDuty has a service for each service; None: for each chain."""
    kubernetes: Kubernetes | None
    survive: tuple[str, ...]
    delivery: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityPolicy:
    """What a severity means and promises."""

    urgent: bool
    """Whether it is never silenced, and people must answer at any hour."""
    worst: bool
    """Whether it is the worst of all, of which most is asked."""
    event: Event
    """How PagerDuty calls it, where its rules ask for the severity of an event."""
    known_as: tuple[str, ...]
    """What others call it in the label `severity` of their alerts."""
    otherwise: bool
    """Whether every alert of others is one whose value no severity is known as."""
    untold: str | None
    """Why nobody need be told of alerts of others; None: somebody must be."""
    title: str
    definition: str | None
    acknowledge: timedelta
    answer_in: timedelta | None
    detect_in: timedelta | None
    resolve: timedelta | Literal["next-sprint"] | None
    """None: nothing is promised."""
    notify: tuple[str, ...]
    urgency: Literal["high", "low"] | None
    hours: Literal["always", "business"] | None
    in_business_hours: bool
    """Whether `acknowledge` counts business hours alone."""
    closes: Literal["by-hand", "with-alert"] | None
    group_wait: timedelta | None
    group_interval: timedelta | None
    remind: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """Hours of some days of the week."""

    days: tuple[int, int]
    """First and last weekday, Monday is 0."""
    start: int
    end: int
    """Minutes since midnight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprint:
    """A sprint's length and the first day of any of them."""

    length: timedelta
    starts: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Holidays:
    """Days on which business hours are closed, with their names."""

    of: tuple[str, ...]
    """Countries and their parts (`DE-BE`) whose public holidays `alertc calendar` writes down."""
    through: int | None
    """The last year whose public holidays are written."""
    days: Mapping[date, str]
    """Those of `of`, as they were written down."""
    own: Mapping[date, str]
    """Those that somebody wrote by hand."""

    @property
    def closed(self) -> Mapping[date, str]:
        """All of them, by their day."""
        return dict(sorted({**self.days, **self.own}.items()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """Business hours, holidays and sprints, in a time zone."""

    timezone: str
    business_hours: Hours | None
    holidays: Holidays | None
    sprint: Sprint | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who can be paged."""

    name: str
    email: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Besides:
    """Channels that are told beside those of the severity."""

    always: tuple[str, ...] = ()
    """For every severity."""
    by: Mapping[Severity, tuple[str, ...]] = field(default_factory=dict)
    """For each of these severities."""

    def __bool__(self) -> bool:
        """Return whether there are any."""
        return bool(self.always or self.by)

    def of(self, severity: Severity) -> tuple[str, ...]:
        """Return the channels for a severity."""
        return self.always or self.by.get(severity, ())


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamPager:
    """The channel that pages a team, in PagerDuty's place."""

    always: str | None = None
    """For every severity."""
    by: Mapping[Severity, str] = field(default_factory=dict)
    """For each of these severities."""

    def of(self, severity: Severity) -> str | None:
        """Return the channel for a severity."""
        return self.always or self.by.get(severity)


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """Who owns services."""

    title: str
    members: tuple[str, ...]
    calendar: str | None
    """None: the organisation's own."""
    hours: Literal["always", "business"] | None
    """When its people are paged for what is not urgent; None: as the severity says."""
    notify: Besides
    pager: TeamPager


class Responder(NamedTuple):
    """Who is paged, or holds a role: a person, or whoever is on call in a schedule."""

    kind: Literal["person", "schedule"]
    name: str

    def __str__(self) -> str:
        """Return it as the policy writes it: `schedule/funds-primary`."""
        return f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """What somebody does during an incident."""

    title: str
    does: str
    held_by: Responder | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One rotation of a schedule."""

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
    """Who is on call when; later layers stand above earlier ones."""

    title: str | None
    timezone: str
    layers: Mapping[str, Layer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of an escalation."""

    page: tuple[Responder, ...]
    by: int | None
    """Percent of `acknowledge`; None for `first`."""
    role: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDutyService:
    """A service of PagerDuty that the organisation has already."""

    name: str
    """As PagerDuty calls it."""
    key_file: str
    """The file with its integration key."""
    severities: tuple[Severity, ...]
    """Which page it; empty: all."""

    def is_for(self, severity: Severity) -> bool:
        """Return whether it is paged for a severity."""
        return not self.severities or severity in self.severities


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """A place to which messages go."""

    kind: Kind
    address: str
    """Where in that: the Slack channel, the URL, the e-mail address; "" where a file alone says so."""
    audience: Literal["internal", "public"]
    files: Mapping[str, str]
    """The files with secrets that it names, by their keys: `token_file`."""
    server: str | None
    """The address of a server of one's own."""
    options: Mapping[str, str]
    """What else it says of its place, by its key: `issue_type`."""
    unread: tuple[str, ...]
    """Keys with a file or a server that its kind does not read."""
    resolved: Literal["send", "never"] | None
    repeat: timedelta | None
    rule: str | None
    pages: bool
    """Whether somebody answers there: a message to it is a page."""

    @property
    def slack(self) -> str | None:
        """The Slack channel, as templates ask for it; None where it is another kind."""
        return self._address_of("slack")

    @property
    def webhook(self) -> str | None:
        """The URL of a webhook, as templates ask for it."""
        return self._address_of("webhook")

    @property
    def email(self) -> str | None:
        """The e-mail address, as templates ask for it."""
        return self._address_of("email")

    def _address_of(self, kind: str) -> str | None:
        return self.address if self.kind.name == kind else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A document that the procedure rests on."""

    title: str
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """What people open first."""

    title: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phase:
    """A phase of an incident, with its steps in order."""

    title: str
    steps: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a containment rests on."""

    reference: str
    section: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Containment:
    """An action that limits the damage."""

    title: str
    when: str
    call: str | None
    basis: Basis | None
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """An obligation that runs on a clock: `during` and `every`, or `after`, `within` and `of`."""

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
    """The alert that always fires, to a dead man's switch."""

    via: str
    every: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrouted:
    """Who hears of what no route knows: those who are paged for a severity, or channels."""

    severity: Severity | None = None
    notify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchAlert:
    """What the policy says of one of the alerts by which the alerting watches itself; None: it is as usual."""

    off: str | None
    """Why there is none."""
    hold: timedelta | None
    severity: Severity | None
    more_than: str | None
    notify: Besides


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """The alerting pipeline watches itself."""

    service: str
    severity: Severity
    unrouted: Unrouted
    heartbeat: Heartbeat
    prometheus_job: str | None
    alertmanager_job: str | None
    alerts: Mapping[str, WatchAlert] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Something that is run, and who is called for it."""

    title: str | None
    team: str
    escalation: str | None
    """None: PagerDuty pages nobody for it."""
    pagerduty: PagerDutyService | None
    """None: it is paged as its chain is."""
    runbook: str
    depends_on: tuple[str, ...]
    public: str | None
    notify: Besides
    untold: str | None
    """Why nobody need be told of its alerts of others; None: somebody must be."""
    lesser_wait: bool | None
    """Whether what is not urgent waits while it has something urgent; None: as the policy says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Other:
    """An alert of others, by its name: it is of a severity, or told to channels alone."""

    severity: Severity | None
    notify: tuple[str, ...]
    untold: str | None
    """Why nobody is told of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A recording rule."""

    every: timedelta
    expr: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """Series, and when the alert fires on them or how long it stays silent."""

    given: Mapping[str, str]
    fires_at: timedelta | str | None
    silent_until: timedelta | str | None
    """A text is a parameter."""
    labels: Mapping[str, str]
    says: str | None
    services: tuple[str, ...]
    """Whose rule is tested; empty: that of each service of the alert."""
    severity: Severity | None
    """Which of several thresholds is tested; None where the alert has one severity."""

    def is_of(self, service: str) -> bool:
        """Return whether it tests the rule of a service."""
        return not self.services or service in self.services


@record
class Alert:
    """A condition that somebody must hear of."""

    service: str | None
    each: Mapping[str, Mapping[str, str]] | Literal["all", "owners"] | None
    """Services and their parameters; `owners`: its series say whose it is."""
    severity: Severity
    expr: str
    hold: timedelta | None
    keep_firing: timedelta | None
    seen_within: timedelta | None
    containment: str | None
    page_each: tuple[str, ...]
    when_missing: str | None
    means: Literal["service-down"] | None
    summary: str
    details: str | None
    public: str | None
    runbook: str | None
    notify: Besides
    untold: str | None
    """Why nobody is told of it (`notify: nobody`); None: people are."""
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    tests: tuple[Test, ...]
    given: Mapping[str, str] = field(default_factory=dict)
    """Parameters for all of its services."""
    given_to: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Parameters for some of them."""
    at: Mapping[Severity, Alert] = field(default_factory=dict)
    """The alert as it is at each of several severities, the worst first, which it is itself; empty where it has one."""

    @property
    def each_severity(self) -> tuple[Alert, ...]:
        """Return the alert as it is at each of its severities, the worst first."""
        return tuple(self.at.values()) or (self,)

    def of_severity(self, severity: Severity | None) -> Alert:
        """Return the alert as it is at a severity."""
        return self.at.get(severity or "", self)

    def tests_of(self, service: str) -> tuple[Test, ...]:
        """Return the tests of its rule for a service, at its severity."""
        return tuple(test for test in self.tests if test.is_of(service) and test.severity in (None, self.severity))

    def parameters(self, services: Iterable[str]) -> Mapping[str, Mapping[str, str]]:
        """Return the services of the alert with their parameters; `services` are all that there are.

        What belongs to owners is one rule, under BY_OWNER, with the parameters of its severity alone.
        """
        if self.each == BY_OWNER:
            return {BY_OWNER: dict(self.given)}
        found: Mapping[str, Mapping[str, str]] = {}
        if self.service is not None:
            found = {self.service: {}}
        elif self.each == "all":
            found = {name: {} for name in services}
        elif self.each and not isinstance(self.each, str):
            found = self.each
        return {
            service: {**given, **self.given, **self.given_to.get(service, {}), "service": service}
            for service, given in found.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What differs of an alert in one environment; None: it is as everywhere."""

    hold: timedelta | None
    keep_firing: timedelta | None
    parameters: Mapping[str, str]
    tests: tuple[Test, ...] | None
    at: Mapping[Severity, Override] = field(default_factory=dict)
    """What differs at some of its severities."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """One of several environments."""

    notify: Besides | None
    """Who is told in place of those whom severities, teams, services and alerts name; None: those, and pages."""
    heartbeat: str | None
    """The channel of its own dead man's switch."""
    alerts: Mapping[str, Override]


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """A decision that something may become weaker, or that some findings are meant to be."""

    weaker: tuple[str, ...]
    """Kind and name of entries: `alerts/ConsumerLagHigh`."""
    findings: tuple[str, ...]
    """Codes; of `weaker` and `findings` one is empty."""
    of: tuple[str, ...]
    """The entries in which the findings are accepted, as `weaker` names them."""
    reason: str
    until: date
    """The last day on which it counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The whole policy, one to one with the schema."""

    name: str
    title: str | None
    purpose: str | None
    targets: tuple[TargetName, ...]
    """What is written into `out/`, beside what all have."""
    environment: str
    """The only one; of several the first, or the one in which the policy is seen."""
    environments: Mapping[str, Environment]
    """Those that share the Alertmanager; empty where there is only one."""
    stack: Stack
    severities: Mapping[Severity, SeverityPolicy]
    calendar: Calendar | None
    calendars: Mapping[str, Calendar]
    people: Mapping[str, Person]
    teams: Mapping[str, Team]
    roles: Mapping[str, Role]
    schedules: Mapping[str, Schedule]
    escalations: Mapping[str, tuple[Step, ...]]
    chain_services: Mapping[str, PagerDutyService]
    """The services of PagerDuty that chains keep, by the chain's name."""
    channels: Mapping[str, Channel]
    references: Mapping[str, Reference]
    runbooks: Mapping[str, Runbook]
    lifecycle: Mapping[str, Phase]
    containments: Mapping[str, Containment]
    duties: Mapping[str, Duty]
    watch: Watch
    lesser_wait: bool
    """Whether what is not urgent of a service waits while it has something urgent."""
    services: Mapping[str, Service]
    owners: Owners | None
    others: Mapping[str, Other]
    records: Mapping[str, Record]
    alerts: Mapping[str, Alert]
    accepts: Mapping[str, Acceptance]
    labels: LabelNames
    """How the labels are called that alertc sets."""

    @property
    def urgent(self) -> frozenset[Severity]:
        """Return the severities that nothing may silence."""
        return frozenset(name for name, severity in self.severities.items() if severity.urgent)

    def pagers(self, severity: Severity) -> tuple[str, ...]:
        """Return the channels that page somebody for a severity."""
        return tuple(name for name in self.severities[severity].notify if name != PAGE and self.channels[name].pages)

    def pages(self, severity: Severity) -> bool:
        """Return whether somebody is paged for a severity, by PagerDuty or by a channel."""
        return PAGE in self.severities[severity].notify or bool(self.pagers(severity))

    @property
    def paging_channels(self) -> tuple[str, ...]:
        """The channels where somebody answers, whoever tells them."""
        return tuple(name for name, channel in self.channels.items() if channel.pages)

    def place(self, told: str) -> str:
        """Return how people call an entry of `notify`: PagerDuty, the Slack channel, or the name of the channel."""
        if told == PAGE:
            of_teams = "the team's pager" if any(team.pager != TeamPager() for team in self.teams.values()) else ""
            by_chains = "PagerDuty" if not of_teams or any(one.escalation for one in self.services.values()) else ""
            return " or ".join(filter(None, (by_chains, of_teams)))
        channel = self.channels[told]
        return channel.address if channel.kind.channel else told

    def called(self, responder: Responder) -> str:
        """Return how people call whom a step pages: a person by the own name, a schedule by its key."""
        return responder.name if responder.kind == "schedule" else self.people[responder.name].name

    def besides(self) -> Iterator[tuple[PolicyPath, str, Besides]]:
        """Yield the place, the title and the channels of each team, service and alert that has some."""
        for name, team in self.teams.items():
            if team.notify:
                yield ("teams", name, "notify"), team.title, team.notify
        for name, service in self.services.items():
            if service.notify:
                yield ("services", name, "notify"), service.title or name, service.notify
        for name, alert in self.alerts.items():
            if alert.notify:
                yield ("alerts", name, "notify"), name, alert.notify
        for name, one in self.watch.alerts.items():
            if one.notify:
                yield ("watch", "alerts", name, "notify"), name, one.notify

    def rank(self, severity: str) -> int:
        """Return the place of a severity, the worst first; what the policy does not know comes last."""
        return next((place for place, name in enumerate(self.severities) if name == severity), len(self.severities))

    def urgent_words(self) -> str:
        """Return the names of the severities that nothing may silence: `P0 or P1`."""
        return " or ".join(name for name, severity in self.severities.items() if severity.urgent)
