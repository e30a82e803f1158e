"""What loading the new files does by itself: who is paged again, what begins anew, in which order to load them.

Alertmanager keeps what it sent under the group's key, which is made of the matchers on the way to the route and of the
labels that the route groups by, and under the receiver's name (dispatch/route.go, `Route.Key`; nflog). PagerDuty's
dedup_key is made of the same group key. Prometheus keeps the state of an alert over a reload where the group's file
and name, the alert's name and its labels stay the same, whatever its expression (rules/manager.go, `CopyState`).
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from generator.behaviour.behaviour import EACH_ALERT
from generator.behaviour.pagerduty import ESCALATIONS, SCHEDULES, SERVICES, TEAMS
from generator.diff import cluster
from generator.diff.changes import Deploy
from generator.diff.judge import listed, some
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import timedelta

    from generator.behaviour.behaviour import Integration, Receiver, Rule
    from generator.behaviour.label_sets import LabelSets
    from generator.diff.alerts import Sides
    from generator.diff.pairing import Match
    from generator.diff.sides import Pair, Side
    from generator.upstream.alertmanager.match import RouteNode


class Rollout:
    """Collects what happens to running alerts when the new files are loaded."""

    def __init__(self, pair: Pair, sides: Sides) -> None:
        self._pair = pair
        self._sides = sides
        self._old, self._new = _Keys(pair.old, sides.old.label_sets), _Keys(pair.new, sides.new.label_sets)
        self._pages: list[str] = []
        """Alerts that page again, those whose old incident nothing closes, and by whom else it is told: the alerts."""
        self._orphaned: list[str] = []
        self._told: dict[str, list[str]] = defaultdict(list)
        self._called: dict[str, list[str]] = defaultdict(list)
        self._anew: list[tuple[timedelta, str]] = []
        """Alerts whose rule is another one to Prometheus, with how long they hold."""
        self._routes_first: list[str] = []
        """Alerts that somebody misses while only Alertmanager is new, and while only Prometheus is."""
        self._rules_first: list[str] = []
        self._rules = False
        self._other_files = cluster.moved(pair.old, pair.new)

    def see(self, match: Match) -> None:
        """Include an alert."""
        if match.old != match.new:
            self._rules = True
        if match.old and match.new and match.sent:
            self._keys(match, match.old, match.new)
            self._state(match, match.old, match.new)
        self._note_missed_meanwhile(match)

    def result(self, old: str) -> Deploy:
        """Return the effects of loading, the order of loading, and how to return to `old`."""
        order = self._order()
        return Deploy(
            happens=(
                *self._happens(),
                *self._meanwhile_missed(order),
                *_left_in_pagerduty(self._pair.old, self._pair.new),
                *cluster.happens(self._pair.old, self._pair.new),
            ),
            order=order,
            folders=cluster.folders(self._pair.new),
            rollback=f"the files of {old}" if order else "",
        )

    # --------------------------------------------------------------------------------- one alert

    def _keys(self, match: Match, old: Rule, new: Rule) -> None:
        for before, after in match.sent:
            was, now = self._old.sends(before, old), self._new.sends(after, new)
            old_by_new = self._new.sends(before, old)
            for target, (key, integration) in was.items():
                other = now.get(target)
                if other is None or other[0] == key:
                    continue
                if not integration.kind.pages:
                    calls = integration.kind.program
                    (self._called if calls else self._told)[target].append(match.subject.name)
                    continue
                self._pages.append(match.subject.name)
                # What still has its key is ended under it: by the old labels, some minutes after the rule is gone.
                old_integration = old_by_new.get(target)
                if integration.resolved and (old_integration is None or old_integration[0] != key):
                    self._orphaned.append(match.subject.name)

    def _state(self, match: Match, old: Rule, new: Rule) -> None:
        moved = (old.path, old.group) != (new.path, new.group)
        if moved or old.name != new.name or dict(old.labels) != dict(new.labels):
            self._anew.append((new.hold, match.subject.name))

    def _note_missed_meanwhile(self, match: Match) -> None:
        """Record who is not notified while only one of the two programs has its new files."""
        old, new = self._sides.old, self._sides.new
        for before, after in match.sent:
            was = old.reached(before) if match.old else None
            now = new.reached(after) if match.new else None
            if match.old and was is not None:
                # The old alert meets the new routes.
                wanted = was & now if now is not None else was
                if wanted - new.reached(before):
                    self._routes_first.append(match.subject.name)
            if match.new and now is not None:
                wanted = was & now if was is not None else now
                if wanted - old.reached(after):
                    self._rules_first.append(match.subject.name)

    # --------------------------------------------------------------------------------- what is said

    def _happens(self) -> Iterable[str]:
        if self._pages:
            yield f"what fires then pages again, since its group has another key: {_some(self._pages)}"
        if self._orphaned:
            yield f"its old incident is closed by nothing any more, close it by hand: {_some(self._orphaned)}"
        for target, names in sorted(self._called.items()):
            yield f"{target} is called again: {_some(names)}"
        rooms = [f"{target} ({_counted(names)})" for target, names in sorted(self._told.items())]
        if rooms:
            yield f"told again of what fires then: {listed(rooms)}"
        if self._other_files:
            yield (
                "to Prometheus each alert is another one, since its file has another name: what fires ends within 5m "
                "and fires anew after its `for`"
            )
        elif self._anew:
            longest = max(hold for hold, _ in self._anew)
            delay = f", after its `for` of up to {duration.write(longest)}" if longest else ""
            which = _some([name for _, name in self._anew])
            yield f"to Prometheus it is another alert: what fires ends within 5m and fires anew{delay}: {which}"

    def _order(self) -> tuple[str, ...]:
        """Return the programs in the order in which to load their files."""
        old, new = self._pair.old, self._pair.new
        people = old.own and new.own and _people(old) != _people(new)
        # What is left in PagerDuty has no new files: nothing pages there any more.
        pagerduty = (people or _bodies(old) != _bodies(new)) and bool(new.behaviour.pagerduty.services)
        other_secret, other_rules = cluster.other_objects(old, new)
        programs = [
            ("Alertmanager", other_secret or _routes(old) != _routes(new)),
            ("Prometheus", other_rules or self._rules),
        ]
        if self._routes_first and not self._rules_first:
            programs.reverse()
        return (
            *(["PagerDuty"] if pagerduty else []),
            *(name for name, changed in programs if changed),
        )

    def _meanwhile_missed(self, order: tuple[str, ...]) -> Iterable[str]:
        if order[-2:] == ("Alertmanager", "Prometheus") and self._routes_first:
            yield f"until both have their files, not everybody is told of {_some(self._routes_first)}: do not wait"


def _left_in_pagerduty(old: Side, new: Side) -> Iterable[str]:
    if old.behaviour.pagerduty.services and not new.behaviour.pagerduty.services:
        yield "nothing pages through PagerDuty any more: delete its services, chains and schedules there by hand"


def _people(side: Side) -> object:
    policy = side.plan.policy
    schedules = {
        name: (schedule.timezone, tuple(schedule.layers.items())) for name, schedule in policy.schedules.items()
    }
    return schedules, {name: person.email for name, person in policy.people.items()}, dict(policy.teams)


def _bodies(side: Side) -> Mapping[str, str]:
    """Return what PagerDuty is given, also to read: a description that differs is loaded, too."""
    return {one.path: one.text for one in side.around if one.path in (SCHEDULES, SERVICES, TEAMS, ESCALATIONS)}


def _routes(side: Side) -> object:
    behaviour = side.behaviour
    routes = behaviour.root, behaviour.receivers, behaviour.inhibitions, dict(behaviour.time_intervals)
    return *routes, side.settings, side.messages


def _counted(names: list[str]) -> str:
    count = len(set(names))
    return f"{count} alert{'s' * (count != 1)}"


def _some(names: list[str]) -> str:
    return some(sorted(set(names)))


class _Keys:
    """The keys under which Alertmanager stores what it has sent."""

    def __init__(self, side: Side, label_sets: LabelSets) -> None:
        self._router = side.router
        self._label_sets = label_sets
        self._routes: dict[int, str] = {}
        self._receivers: Mapping[str, Receiver] = {receiver.name: receiver for receiver in side.behaviour.receivers}
        self._walk(side.behaviour.root, "")

    def _walk(self, node: RouteNode, above: str) -> None:
        key = f"{above}/{{{','.join(sorted(map(str, node.matchers)))}}}"
        self._routes[id(node)] = key
        for child in node.children:
            self._walk(child, key)

    def sends(self, labels: Mapping[str, str], rule: Rule) -> dict[str, tuple[object, Integration]]:
        """Return each integration that an alert of `rule` uses with its key in the notification log.

        A label that only its series know is in the key without a value.
        """
        senders: dict[str, tuple[object, Integration]] = {}
        for node in self._router.routes_of(labels):
            receiver = self._receivers.get(node.receiver)
            names = sorted(labels) if node.group_by == (EACH_ALERT,) else node.group_by
            group = tuple(
                (name, labels.get(name))
                for name in names
                if name in labels or self._label_sets.evidently_has(rule, name)
            )
            for number, integration in enumerate(receiver.integrations if receiver else ()):
                pages = integration.kind.pages
                # PagerDuty knows an incident by its service and the group; the receiver's name is no part of that.
                # The same key in another folder is the same service.
                key_file = str(integration.settings.get("routing_key_file")).rpartition("/")[2]
                target_key = key_file if pages else (node.receiver, number)
                senders.setdefault(
                    integration.kind.says(integration.settings),
                    ((self._routes[id(node)], group, target_key), integration),
                )
        return senders
