"""What the policy means and promises: defaults applied, references joined, everything derived, sorted.

Later stages meet no None that means "default". Mappings are in the order in which they are written out.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal

from generator.policy import duration
from generator.policy.model import OF_BUSINESS_HOURS, PAGE
from generator.system.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.owned import Owned
    from generator.plan.paging_hours import PagingHours
    from generator.plan.timing import Derived, Premises, Term
    from generator.policy.model import Event, Policy, Responder, Severity
    from generator.upstream.alertmanager.kinds import Kind, Written

Labels = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sprints:
    """A calendar of sprints: `start` is the unix time at which one of them began."""

    length: timedelta
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityPlan:
    """A severity with its derived intervals. They depend on the stack and the severity, never on one alert."""

    name: Severity
    urgent: bool
    """Whether nothing may silence it."""
    event: Event
    """How PagerDuty calls it, where its rules ask for the severity of an event."""
    title: str
    definition: str
    acknowledge: timedelta
    in_business_hours: bool
    """Whether `acknowledge` counts business hours alone, those of the team that answers."""
    answer_in: Term
    detect_in: Term
    resolve: timedelta | Sprints | None
    """`Sprints`: by the end of the sprint after the one in which it began; None: nothing is promised."""
    notify: tuple[str, ...]
    pagers: tuple[str, ...]
    """The channels of `notify` that page somebody, beside PagerDuty or in its place."""
    team_pagers: Mapping[str, str]
    """The channels that page teams for services without a chain, by the team's name."""
    urgency: Literal["high", "low"]
    by_hand: bool
    group_wait: Term
    group_interval: Term
    remind: timedelta
    """How often a page that still fires is sent again."""
    tell_rooms: timedelta
    """How often its rooms are told again."""
    first_page: Derived
    """The latest first page of an alert that spends all of `detect_in`, where nothing holds it back."""

    @property
    def promise(self) -> str:
        """Return within what time it is acknowledged: `4h`, or `4h of business hours`."""
        return duration.write(self.acknowledge) + OF_BUSINESS_HOURS * self.in_business_hours

    @property
    def deadline(self) -> timedelta | Sprints:
        """By when its incidents are resolved; raises ValueError where nothing is promised."""
        if self.resolve is None:
            raise ValueError(f"{self.name} has no `resolve`")
        return self.resolve

    @property
    def by_pagerduty(self) -> bool:
        """Whether PagerDuty pages people for it."""
        return PAGE in self.notify

    @property
    def pages(self) -> bool:
        """Whether anybody is paged for it."""
        return self.by_pagerduty or bool(self.pagers)

    @property
    def rooms(self) -> tuple[str, ...]:
        """The channels that are told of it and page nobody."""
        return tuple(name for name in self.notify if name != PAGE and name not in self.pagers)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedAlert:
    """The alert that a unit test expects at one instant, with exactly these labels, or none.

    `annotations` is None where they cannot be known without running the expression.
    """

    alert: str
    at: timedelta
    fires: bool
    throughout: bool = False
    """Silent not only at `at` but from the start to there."""
    labels: Labels
    annotations: Mapping[str, str] | None
    says: str | None = None
    """What the author expects of the summary, where `annotations` cannot be known."""


ANYTHING = "*"
"""Among the metrics that a test reads: it may see each series that there is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitTest:
    """A unit test of a rule; `reads` are the metrics that would change its result, or ANYTHING."""

    name: str
    every: timedelta
    """Between two values of a series."""
    clock: timedelta
    """Between two evaluations."""
    given: Mapping[str, str]
    expected: tuple[ExpectedAlert, ...]
    reads: frozenset[str]
    route: PolicyPath


class Origin(Enum):
    """What an alerting rule is for.

    `authored`: somebody wrote it into `alerts`, for people to hear of it. The others carry the label `duty`: they are
    the policy's own, or nobody is told of them.
    `spread`: its service, team and escalation come from the alerts that it watches, so it stands for many label sets.
    """

    ALERT = ("alert", True, False)
    SERVICE_DOWN = ("service-down", True, False)
    """An alert which means that its service is down."""
    NO_DATA = ("no-data", True, False)
    """The `when_missing` of an alert: its series has vanished."""
    NOBODY = ("nobody", False, False)
    """An alert of which nobody is told (`notify: nobody`)."""
    RESOLUTION_DUE_SOON = ("resolution-due-soon", False, True)
    RESOLUTION_OVERDUE = ("resolution-overdue", False, True)
    DUTY = ("duty", False, True)
    """A duty that ends: a report, a post-mortem."""
    PIPELINE = ("pipeline", False, False)
    """The alerting pipeline watches itself."""
    HEARTBEAT = ("heartbeat", False, False)

    def __init__(self, _: str, authored: bool, spread: bool) -> None:
        self.authored = authored
        self.spread = spread

    @property
    def written(self) -> bool:
        """Whether the author wrote its expression, too."""
        return self.entered and self is not Origin.NO_DATA

    @property
    def entered(self) -> bool:
        """Whether it comes from an entry of `alerts`, also where nobody is told of it."""
        return self.authored or self is Origin.NOBODY


@record
class AlertRule:
    """One alerting rule as Prometheus will run it, and what the policy promises for it."""

    name: str
    service: str
    expr: str
    hold: timedelta
    keep_firing: timedelta
    detection: tuple[Term, ...]
    labels: Labels
    """As the rule sets them; those with the value "" it removes."""
    annotations: Mapping[str, str]
    severity: Severity
    escalation: str
    team: str | None
    """Whom it is for; None where that is the team of the alert that it watches."""
    page_each: tuple[str, ...]
    origin: Origin
    duty: str | None
    """Its label `duty`, by which routes tell it apart; None of what the policy's author asked for."""
    reminds_of: str | None
    """The entry of `duties` that it reminds of; None where its origin is another."""
    owned: Owned | None
    """Which alerts of the rule it stands for, where it belongs to the owners of the series; None: for all of them."""
    route: PolicyPath
    tests: tuple[UnitTest, ...]
    lesser: bool = False
    """Whether a worse threshold of the same alert has a rule of the same name."""
    bare: str = ""
    """Its expression without what worse thresholds take out; empty where that is nothing."""

    @property
    def condition(self) -> str:
        """Return its expression as the author wrote it, with parameters filled in."""
        return self.bare or self.expr

    @property
    def called(self) -> str:
        """Return how a message names it: `P0 MoneyLost of shop`."""
        return f"{self.severity} {self.name} of {self.service}"


def carried(labels: Labels) -> dict[str, str]:
    """Return what an alert carries of the labels that its rule and its series set: one that is "" is none."""
    return {name: value for name, value in labels.items() if value}


NO_CHAIN = "-"
"""The label `escalation` where a service names no chain: all alerts of a policy have it, and no chain has this name."""
EMPTY = "''"
"""How YAML writes the value of a label that a rule removes from its series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordRule:
    """One recording rule."""

    name: str
    expr: str
    labels: Labels
    route: PolicyPath


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroup:
    """Rules that are evaluated together, in their order."""

    name: str
    interval: timedelta
    rules: tuple[AlertRule | RecordRule, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleFile:
    """One file of rules; `name` without its ending."""

    name: str
    title: str
    groups: tuple[RuleGroup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestBlock:
    """Unit tests that share a run of promtool, since none gives a series that another one reads."""

    name: str
    every: timedelta
    given: Mapping[str, str]
    expected: tuple[ExpectedAlert, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestFile:
    """One file of unit tests: one clock and one set of rules."""

    name: str
    rule_files: tuple[str, ...]
    evaluate: timedelta
    groups: tuple[str, ...]
    """The order in which promtool evaluates them: recording rules first."""
    blocks: tuple[TestBlock, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A setting of a receiver: `says` is a word of the table of integrations, or `number`."""

    says: str
    value: str
    """The address or the path that is written; "" where the template knows what to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """Where Alertmanager sends. `secret` is the first of the files that hold the key, the address or the token."""

    name: str
    integration: Kind
    target: str
    """The severity for the pager, else the Slack channel, the address, the e-mail address."""
    secret: str | None
    files: Mapping[tuple[str, ...], str]
    """Every file with a secret, by the path of its setting."""
    server: str | None
    """A server of one's own; None: that of everybody."""
    options: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    """What else is written of its place, by the path of the setting."""
    through: Mapping[str, str]
    """The setting that names the proxy, for HTTP clients that do not take the global one; empty: there is none."""
    resolved: bool
    public: bool
    drafts: str = ""
    """What a draft there is for; empty where no duty says it."""
    rule: str | None
    route: PolicyPath

    @property
    def kind(self) -> str:
        """Return the name of its kind, as templates ask for it: `slack`."""
        return self.integration.name

    @property
    def destination(self) -> tuple[str, str | None]:
        """Return the setting that says where it sends, and what it says: an address, or the file that holds it."""
        address = self.integration.address
        if address[0] not in self.integration.secrets and self.target:
            return address[0], self.target
        return next(((key, self.files[key,]) for key in address if (key,) in self.files), (address[0], self.secret))

    @property
    def settings(self) -> Mapping[str, Any]:
        """Return what is written for it, in order: a `Setting` by its name, or a mapping of such."""
        written: dict[str, Any] = {}
        for one in self.integration.writes:
            value = self._value(one)
            if value is not None:
                *way, last = one.way
                functools.reduce(lambda part, key: part.setdefault(key, {}), way, written)[last] = value
        if "http_config" in written:  # it stands in place of the global one
            proxy = {name: Setting(says="proxy", value=value) for name, value in self.through.items()}
            written["http_config"].update(proxy)
        return written

    def _value(self, one: Written) -> Setting | None:
        """Return what a setting says; None: it is not written."""
        option = self.options.get(one.way)
        texts = {"address": self.target or None, "server": self.server, "file": self.files.get(one.way)}
        texts |= {"option": option, "region": option}
        if one.says in texts and texts[one.says] is None:
            return None
        number = one.says == "address" and self.integration.number
        return Setting(says="number" if number else one.says, value=texts.get(one.says) or "")


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRoute:
    """One node of Alertmanager's routing tree. `why` becomes its comment."""

    why: str
    receiver: str
    matchers: tuple[str, ...]
    group_by: tuple[str, ...]
    group_wait: timedelta
    group_interval: timedelta
    repeat_interval: timedelta
    continues: bool
    active: str | None
    """The time interval in which alone it notifies."""
    mute: str | None = None
    """The time interval in which it does not."""
    children: tuple[AlertRoute, ...]
    route: PolicyPath

    @property
    def timing(self) -> tuple[timedelta, timedelta, timedelta]:
        """Return its three intervals, which a route below it inherits."""
        return self.group_wait, self.group_interval, self.repeat_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Inhibition:
    """While an alert matches `source`, those that match `target` and agree on `equal` are silent."""

    why: str
    source: tuple[str, ...]
    target: tuple[str, ...]
    equal: tuple[str, ...]
    route: PolicyPath


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStep:
    """One step of a chain as PagerDuty runs it."""

    targets: tuple[Responder, ...]
    after: timedelta
    """Since the first page, in whole minutes."""
    wait: timedelta
    """Until the next step: PagerDuty's escalation_delay_in_minutes."""
    role: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationPlan:
    """One chain for one severity: a PagerDuty escalation policy."""

    chain: str
    severity: Severity
    title: str
    steps: tuple[EscalationStep, ...]
    loops: int
    teams: tuple[str, ...]
    first_page: Derived
    """The latest first page, with what business hours add for any of the teams; the steps count from it."""
    route: PolicyPath

    @property
    def last_step(self) -> timedelta:
        """The delay between the first page and the page of the last step."""
        return self.steps[-1].after


@dataclass(frozen=True, slots=True, kw_only=True)
class PagedService:
    """A service of PagerDuty, as one receiver pages it for one severity.

    One that the organisation has already may be paged by several receivers, which then share its key.
    """

    receiver: str
    severity: Severity
    chain: str
    """Whose alerts page it: those of services of this chain."""
    service: str | None
    """The only one of these services; None: all of the chain that have none of their own."""
    title: str
    """Its name in PagerDuty."""
    key: str
    """Its name in Terraform."""
    key_file: str
    exists: bool
    """Whether the organisation has it already; alertc makes it otherwise."""
    escalation: EscalationPlan
    """By what it escalates: of one that exists, the chain's for the severity that allows the least time."""
    first_page: Derived
    """The latest first page, with what business hours add for any team of the chain."""
    urgency: Literal["high", "low"]
    by_hand: bool
    route: PolicyPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that the outputs need; `policy` is the author's text, for values that are copied unchanged."""

    policy: Policy
    stack: Premises
    severities: Mapping[Severity, SeverityPlan]
    hours: Mapping[str, PagingHours]
    """The business hours that hold pages back, by the name of their time interval."""
    rules: tuple[AlertRule, ...]
    rule_files: tuple[RuleFile, ...]
    test_files: tuple[TestFile, ...]
    receivers: tuple[Receiver, ...]
    root: AlertRoute
    inhibitions: tuple[Inhibition, ...]
    escalations: tuple[EscalationPlan, ...]
    paged: tuple[PagedService, ...]
    """Whom PagerDuty's receivers page, sorted as `escalations`; what all services have together is `escalations`."""
    folder: str = ""
    """Where below `prometheus/` its rules and tests are: `staging/`; empty where all environments have the same."""
    elsewhere: tuple[Plan, ...] = ()
    """The plans of the other environments; receivers, routes, inhibitions and escalations are those of all."""

    @property
    def each(self) -> tuple[Plan, ...]:
        """Return the plans of all environments, that of the first one first."""
        return (self, *self.elsewhere)

    def written(self) -> Iterator[AlertRule]:
        """Yield the alerting rules as they stand in the files; `rules` has what they are for each owner."""
        rules = (rule for file in self.rule_files for group in file.groups for rule in group.rules)
        return (rule for rule in rules if isinstance(rule, AlertRule))
