"""The tree of routes, the receivers and the inhibition rules that keep the policy's promises."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.diagnostics.wording import listed
from generator.plan import besides, drafts, nobody, of_others, pagers, thresholds, timing, unrouted
from generator.plan.duties import DUE_SOON
from generator.plan.page_routes import PageRoutes
from generator.plan.pagers import pager
from generator.plan.places import places
from generator.plan.plan import (
    NO_CHAIN,
    AlertRoute,
    AlertRule,
    Inhibition,
    Origin,
    PagedService,
    Receiver,
    SeverityPlan,
)
from generator.plan.unrouted import UNROUTED
from generator.plan.watch import HEARTBEAT, PIPELINE
from generator.policy.environments import pages
from generator.policy.model import NOBODY
from generator.upstream.alertmanager import integrations
from generator.upstream.alertmanager.matchers import is_any, is_like, is_one

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.label_names import LabelNames
    from generator.policy.model import Channel, Policy, Severity

EACH_ALERT = "..."
"""Alertmanager's name for "group by every label": each alert is a group of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Routing:
    """Builds the routing tree, its receivers and its inhibitions."""

    policy: Policy
    severities: Mapping[Severity, SeverityPlan]
    rules: tuple[AlertRule, ...]
    paged: tuple[PagedService, ...]
    alike: tuple[str, ...] = ()
    """The environments that have the same rules, and one set of inhibitions for all; empty: this one has its own."""

    def branches(self) -> tuple[AlertRoute, ...]:
        """Return the routes of one environment's alerts."""
        return (
            *nobody.routes(self.policy, self.rules, self._environment()),
            *of_others.routes(self.policy, self.severities),
            *self._halts(),
            *self._duties(),
            *self._rooms(),
            *self._besides(),
            *self._notices(),
            *self._pages(),
            *(() if pages(self.policy) else self._unknown_here()),
        )

    def root(self, others: Iterable[AlertRoute] = ()) -> AlertRoute:
        """Return the whole tree: the first matching route wins, except for routes that continue.

        Those of `others`, of another environment each, come first: nobody is paged by mistake of what they end.
        """
        unknown = tuple(self._unknown())
        catch_all = unknown[-1]
        children = (*others, *self.branches(), *unknown)
        return AlertRoute(
            why=catch_all.why,
            receiver=catch_all.receiver,
            matchers=(),
            group_by=catch_all.group_by,
            group_wait=catch_all.group_wait,
            group_interval=catch_all.group_interval,
            repeat_interval=catch_all.repeat_interval,
            continues=False,
            active=None,
            children=children,
            route=catch_all.route,
        )

    def receivers(self, root: AlertRoute) -> tuple[Receiver, ...]:
        """Return every receiver that the tree names, sorted: channels, pagers, `unrouted`."""
        used = set(_receivers_of(root))
        receivers = [self._channel(name, channel) for name, channel in self.policy.channels.items() if name in used]
        receivers += [_pager(paged.receiver, paged) for paged in self.paged if paged.receiver in used]
        unknown = unrouted.pager(self.policy)
        receivers += [_pager(UNROUTED, paged) for paged in self.paged if paged.receiver == unknown]
        return tuple(sorted(receivers, key=lambda receiver: receiver.name))

    def inhibitions(self) -> tuple[Inhibition, ...]:
        """Return the inhibitions; none silences what is urgent, whose return would be lost."""
        quiet = [name for name in self.severities if name not in self.policy.urgent]
        if not quiet:
            return ()
        of_thresholds = thresholds.inhibitions(
            self.policy, self.rules, self._inhibiting(), self._grouped_by(self._labels.environment)
        )
        return (*self._of_dependents(quiet), *self._within(quiet), *of_thresholds)

    # --------------------------------------------------------------------------------- the parts of the tree

    def _halts(self) -> Iterator[AlertRoute]:
        used = {rule.labels.get(self._labels.containment) for rule in self.rules}
        for name, containment in sorted(self.policy.containments.items()):
            if containment.call is None or name not in used:
                continue
            channel = self.policy.channels[containment.call]
            period = channel.repeat or timedelta(minutes=5)
            # On a return Alertmanager before 0.33 waits for this tick: that of nobody else must be shorter.
            ticks = [severity.group_interval.length for severity in self.severities.values()]
            ticks += [timing.tick(duty.every) for duty in self.policy.duties.values() if duty.every]
            interval = min(timing.HALT_GROUP_INTERVAL, timing.tick(period), *ticks)
            yield AlertRoute(
                why=f"{containment.title}: called at once, again every tick that brings a new violation, and before "
                "anybody is paged.",
                receiver=containment.call,
                matchers=(is_one(self._labels.containment, name), self._environment(), is_one(self._labels.duty, "")),
                group_by=(EACH_ALERT,),
                group_wait=timing.ZERO,
                group_interval=interval,
                repeat_interval=timing.repeat_interval(period, interval),
                continues=True,
                active=None,
                children=(),
                route=("containments", name, "call"),
            )

    def _duties(self) -> Iterator[AlertRoute]:
        for name, duty in sorted(self.policy.duties.items()):
            if duty.every is None:
                continue
            interval = timing.tick(duty.every)
            for channel in duty.via:
                yield AlertRoute(
                    why=f"{duty.title or name}: once for all incidents together, then again while one lasts.",
                    receiver=channel,
                    matchers=(is_any(self._labels.severity, duty.during), self._environment(), self._incident()),
                    group_by=(self._labels.environment,),
                    group_wait=timing.BEHIND_A_HALT,
                    group_interval=interval,
                    repeat_interval=timing.repeat_interval(duty.every, interval),
                    continues=True,
                    active=None,
                    children=(),
                    route=("duties", name),
                )

    def _rooms(self) -> Iterator[AlertRoute]:
        """Yield the routes to the `notify` channels of severities that also page.

        A room waits as long as the pager and a second more, and has its ticks: of a group of one alert, it says that
        it is over when the pager's route has seen that. Else people would close the incident, and an alert that comes
        back before that tick would be told to nobody.
        """
        told = self._severities_by_channel(self._paging(True))
        lax = {channel: max(self.severities[name].tell_rooms for name in names) for channel, names in told.items()}
        for (channel, wait, interval), names in sorted(self._by_times(told).items()):
            period = self.policy.channels[channel].repeat or lax[channel]
            yield AlertRoute(
                why=f"{listed(names)} {'is' if len(names) == 1 else 'are'} told to {channel} too.",
                receiver=channel,
                matchers=(is_any(self._labels.severity, names), self._environment(), self._incident()),
                group_by=self._grouped_by(),
                group_wait=wait + timing.BEHIND_A_HALT,
                group_interval=interval,
                repeat_interval=timing.repeat_interval(period, interval),
                continues=True,
                active=None,
                children=(),
                route=("severities", names[0], "notify"),
            )

    def _besides(self) -> Iterator[AlertRoute]:
        """Yield the routes to the channels of teams, services and alerts, told as the rooms of the severity are."""
        for scope in besides.scopes(self.policy, self.rules):
            severity = self.severities[scope.severity]
            interval = severity.group_interval.length
            of = " and ".join(listed(values) for _, values in scope.labels)
            yield AlertRoute(
                why=f"{scope.severity} of {of} is told to {scope.channel} too.",
                receiver=scope.channel,
                matchers=(
                    is_one(self._labels.severity, scope.severity),
                    *(is_any(label, values) for label, values in scope.labels),
                    self._environment(),
                    self._incident(),
                ),
                group_by=self._grouped_by(),
                group_wait=severity.group_wait.length + timing.BEHIND_A_HALT,
                group_interval=interval,
                repeat_interval=timing.repeat_interval(
                    self.policy.channels[scope.channel].repeat or severity.tell_rooms, interval
                ),
                continues=True,
                active=None,
                children=(),
                route=scope.route,
            )

    def _by_times(
        self, told: Mapping[str, tuple[Severity, ...]]
    ) -> Mapping[tuple[str, timedelta, timedelta], tuple[Severity, ...]]:
        """Return the severities, the most urgent first, by the channel that they tell and by their group times."""
        alike: dict[tuple[str, timedelta, timedelta], tuple[Severity, ...]] = {}
        for channel, names in told.items():
            for name in names:
                severity = self.severities[name]
                times = (channel, severity.group_wait.length, severity.group_interval.length)
                alike[times] = (*alike.get(times, ()), name)
        return alike

    def _notices(self) -> Iterator[AlertRoute]:
        """Yield the routes of severities that do not page, so that their alerts do not reach the catch-all."""
        watch = self.policy.watch
        period = watch.heartbeat.every
        interval = timing.tick(period)
        yield AlertRoute(
            why="The heartbeat: its silence is the alarm.",
            receiver=watch.heartbeat.via,
            matchers=(is_one(self._labels.duty, HEARTBEAT), self._environment()),
            group_by=self._grouped_by("alertname", self._labels.environment),
            group_wait=timing.ZERO,
            group_interval=interval,
            repeat_interval=timing.repeat_interval(period, interval),
            continues=False,
            active=None,
            children=(),
            route=("watch", "heartbeat"),
        )
        due = [name for name, severity in self.severities.items() if severity.resolve is not None]
        notified = self._severities_by_channel(due)
        if notified and any(rule.origin is Origin.RESOLUTION_DUE_SOON for rule in self.rules):
            matchers = (is_one(self._labels.duty, DUE_SOON), self._environment())
            yield self._notice("Three quarters of the time to resolve are over.", matchers, notified, ("severities",))
        for name, duty in sorted(self.policy.duties.items()):
            if duty.within:
                matchers = (is_one(self._labels.duty, f"{name}-due"), self._environment())
                channels = dict.fromkeys(duty.via, tuple(duty.after))
                why = f"{duty.title or name}: a reminder to {listed(duty.via)}, no page."
                yield self._notice(why, matchers, channels, ("duties", name))
        yield from self._told_beside()
        silent = self._severities_by_channel(self._paging(False))
        for names in sorted(set(silent.values())):
            only = {channel: severities for channel, severities in silent.items() if severities == names}
            matchers = (is_any(self._labels.severity, names), self._environment())
            yield self._notice(f"{listed(names)} page nobody.", matchers, only, ("severities", names[0], "notify"))

    def _used(self) -> frozenset[Severity]:
        """Return the severities of alerts that somebody is to be told of."""
        return frozenset(rule.severity for rule in self.rules if rule.origin is not Origin.NOBODY)

    def _told_beside(self) -> Iterator[AlertRoute]:
        """Yield the end of alerts whose severity names nobody: the routes of teams, services and alerts came before."""
        used = self._used()
        names = [name for name, severity in self.severities.items() if name in used and not severity.notify]
        if names:
            matchers = (is_any(self._labels.severity, names), self._environment(), self._incident())
            route: PolicyPath = ("severities", names[0])
            why = f"For {listed(names)} nobody is named: who is told beside was told before."
            yield self._notice(why, matchers, {NOBODY: tuple(names)}, route)

    def _notice(
        self, why: str, matchers: tuple[str, ...], notified: Mapping[str, tuple[Severity, ...]], route: PolicyPath
    ) -> AlertRoute:
        """Return a route that ends here, with a continuing child route for each channel."""
        interval, period = timedelta(minutes=5), timedelta(hours=4)

        def node(
            why: str, receiver: str, matchers: tuple[str, ...], continues: bool, children: tuple[AlertRoute, ...]
        ) -> AlertRoute:
            return AlertRoute(
                why=why,
                receiver=receiver,
                matchers=matchers,
                group_by=self._grouped_by(
                    "alertname",
                    self._labels.environment,
                    self._labels.incident,
                    self._labels.service,
                    self._labels.severity,
                ),
                group_wait=timing.group_wait(interval),
                group_interval=interval,
                repeat_interval=timing.repeat_interval(period, interval),
                continues=continues,
                active=None,
                children=children,
                route=route,
            )

        last = max(notified)
        children = tuple(
            node("", channel, (is_any(self._labels.severity, names),), channel != last, ())
            for channel, names in sorted(notified.items())
        )
        return node(why, unrouted.receivers(self.policy)[-1], matchers, False, children)

    def _pages(self) -> Iterator[AlertRoute]:
        """Yield a route for each chain and severity; without service names, group keys survive edits of services.

        The route itself keeps alerts that are not told apart, and whatever else it matches: its group key does not
        depend on any alert's `page_each`. Channels that page come first: their routes continue where PagerDuty pages
        too.
        """
        rules: dict[tuple[str, Severity], list[AlertRule]] = defaultdict(list)
        everywhere: dict[Severity, set[str]] = defaultdict(set)
        for rule in self.rules:
            if rule.origin.spread:
                everywhere[rule.severity].update(rule.page_each)
            elif rule.origin is not Origin.NOBODY:
                rules[pager(self.policy, rule.escalation, rule.service, rule.severity), rule.severity].append(rule)
        for name, severity in self.severities.items():
            own = [rule for (_, of), some in rules.items() if of == name for rule in some]
            for channel in severity.pagers if own else ():
                page = PageRoutes(
                    policy=self.policy,
                    severity=severity,
                    receiver=channel,
                    matchers=(is_one(self._labels.severity, name), self._environment()),
                    why=f"{name} pages {channel}.",
                    repeat=pagers.period(self.policy, severity, channel),
                    continues=severity.by_pagerduty or channel != severity.pagers[-1],
                    route=("severities", name, "notify"),
                )
                yield page.of(own, everywhere[name])
        yield from self._team_pages(everywhere)
        for paged in sorted(self.paged, key=self._place_of):
            severity, own = self.severities[paged.severity], rules[paged.receiver, paged.severity]
            if not severity.by_pagerduty or not own:
                continue
            page = PageRoutes(
                policy=self.policy,
                severity=severity,
                receiver=paged.receiver,
                matchers=(
                    is_one(self._labels.severity, paged.severity),
                    is_one(self._labels.escalation, paged.chain),
                    *([is_one(self._labels.service, paged.service)] if paged.service else []),
                    self._environment(),
                ),
                why=f"{paged.severity} of {paged.service or paged.chain}.",
                repeat=severity.remind,
                continues=False,
                route=paged.route,
            )
            yield page.of(own, everywhere[paged.severity])

    def _team_pages(self, everywhere: Mapping[Severity, set[str]]) -> Iterator[AlertRoute]:
        """Yield the routes to the channels that page teams for services without a chain: one for each team."""
        for name, severity in self.severities.items():
            for team, channel in severity.team_pagers.items():
                own = [
                    rule
                    for rule in self.rules
                    if (rule.severity, rule.team, rule.escalation) == (name, team, NO_CHAIN)
                    and not (rule.origin.spread or rule.origin is Origin.NOBODY)
                ]
                if not own:
                    continue
                page = PageRoutes(
                    policy=self.policy,
                    severity=severity,
                    receiver=channel,
                    matchers=(
                        is_one(self._labels.severity, name),
                        is_one(self._labels.team, team),
                        is_one(self._labels.escalation, NO_CHAIN),
                        self._environment(),
                    ),
                    why=f"{name} of {team} pages {channel}.",
                    repeat=pagers.period(self.policy, severity, channel),
                    continues=False,
                    route=("teams", team, "pager"),
                )
                yield page.of(own, everywhere[name])

    def _place_of(self, paged: PagedService) -> tuple[object, ...]:
        """Return the place of a pager's route: that of a service alone comes before that of its whole chain."""
        return self.policy.rank(paged.severity), paged.chain, paged.service is None, paged.service or ""

    def _unknown(self) -> Iterator[AlertRoute]:
        """Yield the routes of everything that no other route takes; the last of them does not continue."""
        receivers = unrouted.receivers(self.policy)
        for receiver in receivers:
            wait, interval, period = unrouted.times(self.policy, self.severities, receiver)
            too_many = "page" if receiver == UNROUTED else "message"
            yield AlertRoute(
                why=f"Everything else: another environment, or unknown to the policy. A {too_many} too many is better "
                "than none.",
                receiver=receiver,
                matchers=(),
                group_by=(EACH_ALERT,),
                group_wait=wait,
                group_interval=interval,
                repeat_interval=timing.repeat_interval(period, interval),
                continues=receiver != receivers[-1],
                active=None,
                children=(),
                route=("watch", "unrouted"),
            )

    def _unknown_here(self) -> Iterator[AlertRoute]:
        """Yield the routes of what no other route of this environment takes, where nobody is paged."""
        name = self.policy.environment
        for route in self._unknown():
            yield replace(
                route,
                why=f"Whatever else comes from {name}, where nobody is paged.",
                matchers=(self._environment(),),
                group_by=self._grouped_by(),
                route=("environments", name, "notify"),
            )

    # --------------------------------------------------------------------------------- inhibition

    def _of_dependents(self, quiet: list[Severity]) -> Iterator[Inhibition]:
        down: dict[str, list[AlertRule]] = defaultdict(list)
        for rule in self.rules:
            if rule.origin is Origin.SERVICE_DOWN:
                down[rule.service].append(rule)
        dependents: dict[str, set[str]] = defaultdict(set)
        for name, entry in self.policy.services.items():
            for other in entry.depends_on:
                dependents[other].add(name)
        for service in sorted(down.keys() & dependents.keys()):
            yield self._inhibition(
                f"While {service} is down, what depends on it waits: {listed(sorted(dependents[service]))}.",
                (
                    is_any("alertname", (rule.name for rule in down[service])),
                    is_one(self._labels.service, service),
                    is_any(self._labels.severity, (rule.severity for rule in down[service])),
                ),
                (is_any(self._labels.service, dependents[service]),),
                quiet,
                ("services", service),
            )

    def _within(self, quiet: list[Severity]) -> Iterator[Inhibition]:
        loud: dict[str, set[str]] = defaultdict(set)
        has_quiet = set()
        urgent = self.policy.urgent
        for rule in self.rules:
            if not rule.origin.authored or not self._lesser_wait(rule.service):
                continue
            if rule.severity in urgent and rule.origin is not Origin.NO_DATA:  # blind is not the same as broken
                loud[rule.service].add(rule.name)
            elif rule.severity in quiet:
                has_quiet.add(rule.service)
        for service in sorted(loud.keys() & has_quiet):
            yield self._inhibition(
                f"While {service} has a {self.policy.urgent_words()}, its other alerts wait.",
                (
                    is_any("alertname", loud[service]),
                    is_one(self._labels.service, service),
                    is_any(self._labels.severity, urgent),
                ),
                (is_one(self._labels.service, service),),
                quiet,
                ("services", service),
            )

    def _lesser_wait(self, service: str) -> bool:
        own = self.policy.services[service].lesser_wait
        return self.policy.lesser_wait if own is None else own

    def _inhibition(
        self, why: str, source: tuple[str, ...], target: tuple[str, ...], quiet: list[Severity], route: PolicyPath
    ) -> Inhibition:
        return Inhibition(
            why=why,
            source=(*source, self._inhibiting(), is_one(self._labels.duty, "")),
            # `equal` already wants the same environment. The regular expression means `duty=""`: amlint tells sources
            # from targets by their severities only where no `=` is the same on both sides.
            target=(*target, is_any(self._labels.severity, quiet), is_like(self._labels.duty, "")),
            equal=self._grouped_by(self._labels.environment),
            route=route,
        )

    # --------------------------------------------------------------------------------- small parts

    def _inhibiting(self) -> str:
        """Return the matcher of what silences something: in each of the environments that are alike."""
        return is_any(self._labels.environment, self.alike or (self.policy.environment,))

    @property
    def _labels(self) -> LabelNames:
        return self.policy.labels

    def _incident(self) -> str:
        """Return the matcher of real alerts: those of the policy and the pipeline, not the reminders about them."""
        return f'{self._labels.duty}=~"|{PIPELINE}"'

    def _environment(self) -> str:
        return is_one(self._labels.environment, self.policy.environment)

    def _grouped_by(self, *labels: str) -> tuple[str, ...]:
        """Return the labels, of an incident in a room where none are named, with those that tell places apart."""
        own = labels or ("alertname", self._labels.environment, self._labels.service, self._labels.severity)
        return (*own, *(label for label in places(self.policy) if label not in own))

    def _paging(self, pages: bool) -> list[Severity]:
        """Return the severities that page, or those that do not."""
        return [name for name, severity in self.severities.items() if severity.pages == pages]

    def _severities_by_channel(self, severities: Iterable[Severity]) -> dict[str, tuple[Severity, ...]]:
        """Return each channel in the `notify` of these severities with its severities, the most urgent first."""
        notified: dict[str, list[Severity]] = defaultdict(list)
        for name in sorted(self._used().intersection(severities), key=self.policy.rank):
            for channel in self.severities[name].rooms:
                notified[channel].append(name)
        return {channel: tuple(names) for channel, names in notified.items()}

    def _channel(self, name: str, channel: Channel) -> Receiver:
        files = self._files(channel)
        return Receiver(
            name=name,
            integration=channel.kind,
            target=channel.address,
            secret=next(iter(files.values()), None),
            files=files,
            server=channel.server,
            options=_options(channel),
            through=self.policy.stack.alertmanager.through,
            # A draft for the public says what is wrong, never by itself that it is over.
            resolved=self._tells_the_end(name, channel),
            public=channel.audience == "public",
            drafts=drafts.title(self.policy, name),
            rule=channel.rule,
            route=("channels", name),
        )

    def _tells_the_end(self, name: str, channel: Channel) -> bool:
        if channel.audience == "public":
            return False
        return pagers.tells_the_end(self.policy, name) if channel.pages else channel.resolved != "never"

    def _files(self, channel: Channel) -> Mapping[tuple[str, ...], str]:
        """Return the files with secrets that a channel reads, by the paths of their settings."""
        stack, files = self.policy.stack.alertmanager, {}
        for file in channel.kind.files:
            if (file.given and file.given not in channel.options) or file.unless in channel.options:
                continue
            usual = stack.url_files.get(channel.kind.name, file.usual) if file.key == "url_file" else file.usual
            name = channel.files.get(file.key) or usual
            if name:
                files[file.way] = stack.secret(name)
        return files


def _options(channel: Channel) -> Mapping[tuple[str, ...], str]:
    """Return what else is written of a channel's place, by the paths of the settings."""
    written = {option.way: channel.options.get(option.key, option.usual) for option in channel.kind.options}
    # A topic of Amazon is named with its region: arn:aws:sns:us-east-2:123456789012:incidents.
    regions = {one.way: channel.address.split(":")[3] for one in channel.kind.writes if one.says == "region"}
    return {way: value for way, value in (written | regions).items() if value is not None}


def _pager(name: str, paged: PagedService) -> Receiver:
    return Receiver(
        name=name,
        integration=integrations.kind("pagerduty"),
        target=paged.severity,
        secret=paged.key_file,
        files={("routing_key_file",): paged.key_file},
        server=None,
        through={},
        resolved=not paged.by_hand,
        public=False,
        rule=None,
        route=paged.route,
    )


def _receivers_of(route: AlertRoute) -> Iterator[str]:
    yield route.receiver
    for child in route.children:
        yield from _receivers_of(child)
