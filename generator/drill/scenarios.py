"""The scenarios by their names: what each lets happen, and to which of the alerts it can happen at all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from generator.behaviour.clock import through_reload
from generator.drill import conditions as possible
from generator.drill import faults, paging, repeats
from generator.drill.clock import Scale

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import timedelta

    from generator.drill.compare import Drilled
    from generator.drill.conditions import Condition
    from generator.drill.stage import DrillRun

Act: TypeAlias = "Callable[[DrillRun, str, tuple[Condition, ...]], tuple[Drilled, ...]]"
Scenes: TypeAlias = "Callable[[DrillRun, tuple[Condition, ...], tuple[Condition, ...]], Iterator[Scene]]"
Reason: TypeAlias = "Callable[[DrillRun, Condition], str]"

DEFAULT = "page-and-escalate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A scenario played with some conditions, at its own pace."""

    name: str
    act: Act
    run: DrillRun
    conditions: tuple[Condition, ...]

    def play(self) -> tuple[Drilled, ...]:
        """Play the scene and return its results."""
        return self.act(self.run, self.name, self.conditions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A scenario of the drill; `scenes` is empty where no chosen alert takes part."""

    title: str
    scenes: Scenes
    """Of the run, the alerts chosen, and all that there are."""
    why_not: Reason
    """Why an alert has no part in it."""
    own: bool = False
    """It plays an alert of its own, whichever were chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotPlayed:
    """A chosen alert that a scenario leaves out."""

    scenario: str
    alert: str
    reason: str


def _together(act: Act) -> Scenes:
    """Return the scenes that play all alerts at once, separating alerts that silence one another."""

    def scenes(run: DrillRun, chosen: tuple[Condition, ...], _: tuple[Condition, ...]) -> Iterator[Scene]:
        paged = tuple(condition for condition in chosen if condition.receivers)
        for number, batch in enumerate(possible.apart(run.behaviour, paged)):
            yield Scene(name=f"{act.__name__}-{number}", act=act, run=run, conditions=batch)

    return scenes


def _faster(run: DrillRun, length: timedelta, seconds: float) -> DrillRun:
    """Return the run at a scale at which `length` takes at most so many seconds."""
    if run.real_time:
        return run
    return replace(run, scale=Scale(factor=max(run.scale.factor, length.total_seconds() / seconds)))


def _each(act: Act, name: str, longest: Callable[[DrillRun, Condition], timedelta | None], seconds: float) -> Scenes:
    """Return the scenes that play each alert by itself, at a scale at which its `longest` time takes so many seconds.

    An alert without such a time has no part in it.
    """

    def scenes(run: DrillRun, chosen: tuple[Condition, ...], _: tuple[Condition, ...]) -> Iterator[Scene]:
        for condition in chosen:
            length = longest(run, condition)
            if length:
                paced = _faster(run, length, seconds)
                yield Scene(name=f"{name}-{condition.number}", act=act, run=paced, conditions=(condition,))

    return scenes


def _reminded(run: DrillRun, condition: Condition) -> timedelta | None:
    return max((message.again for message in repeats.reminders(run, condition) if message.again), default=None)


def _reminded_through_reload(run: DrillRun, condition: Condition) -> timedelta | None:
    nodes = (message.node for message in repeats.reminders(run, condition))
    return max((through_reload(node) for node in nodes if node), default=None)


def _paged_again(run: DrillRun, condition: Condition) -> timedelta | None:
    page = repeats.closed_page_of(run, condition)
    return through_reload(page.node) if page and page.node else None


def _halted_again(run: DrillRun, condition: Condition) -> timedelta | None:
    halt = repeats.halt_of(run, condition)
    return halt.again if halt else None


def _inhibitions(
    run: DrillRun, chosen: tuple[Condition, ...], all_conditions: tuple[Condition, ...]
) -> Iterator[Scene]:
    for condition in chosen:
        pairs = [
            *((source, condition) for source in all_conditions if possible.silences(run.behaviour, source, condition)),
            *((condition, target) for target in all_conditions if possible.silences(run.behaviour, condition, target)),
        ]
        quickest = min(pairs, key=lambda pair: paging.length_of_silence(pair[1]), default=None)
        if quickest:
            paced = _faster(run, paging.length_of_silence(quickest[1]), 20)
            yield Scene(name=f"inhibition-{condition.number}", act=paging.inhibition, run=paced, conditions=quickest)


def _joiners(run: DrillRun, chosen: tuple[Condition, ...], _: tuple[Condition, ...]) -> Iterator[Scene]:
    for condition in chosen:
        other = possible.beside(run.plan, run.behaviour, run.router, condition)
        if other:
            yield Scene(name=f"joiner-{condition.number}", act=paging.joiner, run=run, conditions=(condition, other))


def _heartbeats(run: DrillRun, _: tuple[Condition, ...], all_conditions: tuple[Condition, ...]) -> Iterator[Scene]:
    for condition in all_conditions:
        if repeats.is_heartbeat(condition):
            yield Scene(name=f"heartbeat-{condition.number}", act=repeats.heartbeat, run=run, conditions=(condition,))


def _unknown(run: DrillRun, _: tuple[Condition, ...], all_conditions: tuple[Condition, ...]) -> Iterator[Scene]:
    condition = possible.unknown(run.plan, run.behaviour, run.router, len(all_conditions) + 1)
    yield Scene(name="unknown", act=paging.unknown, run=run, conditions=(condition,))


def _of_each_page(act: Act) -> Scenes:
    """Return the scenes that play all paging alerts at once."""

    def scenes(run: DrillRun, chosen: tuple[Condition, ...], all_conditions: tuple[Condition, ...]) -> Iterator[Scene]:
        yield from _together(act)(
            run, tuple(condition for condition in chosen if _pages(run, condition)), all_conditions
        )

    return scenes


def _pages(run: DrillRun, condition: Condition) -> bool:
    return condition.promised is not None and run.plan.severities[condition.promised.severity].pages


def _tells_nobody(_: DrillRun, condition: Condition) -> str:
    if condition.held:
        return f"a time interval holds back {' and '.join(sorted(condition.held))} now"
    return "it tells nobody"


def _pages_nobody(run: DrillRun, condition: Condition) -> str:
    return _tells_nobody(run, condition) if _pages(run, condition) else "it pages nobody"


def _calls_no_machine(run: DrillRun, condition: Condition) -> str:
    return "its machine is called once only" if repeats.halt_of(run, condition) else "it calls no machine"


def _always(reason: str) -> Reason:
    return lambda _play, _one: reason


def not_played(
    run: DrillRun, scenes: Mapping[str, tuple[Scene, ...]], chosen: tuple[Condition, ...], *, own: bool
) -> Iterator[NotPlayed]:
    """Yield each chosen alert that no scene of a scenario plays.

    `own`: of scenarios that play an alert of their own, too.
    """
    for name, scenario_scenes in scenes.items():
        scenario = SCENARIOS[name]
        played = {condition.number for scene in scenario_scenes for condition in scene.conditions}
        if scenario_scenes and scenario.own and not own:
            continue
        skipped = (condition for condition in chosen if condition.number not in played)
        yield from dict.fromkeys(
            NotPlayed(scenario=name, alert=condition.name, reason=scenario.why_not(run, condition))
            for condition in skipped
        )


SCENARIOS: Mapping[str, Scenario] = {
    DEFAULT: Scenario(
        title="a page, and its escalation until somebody answers",
        scenes=_together(paging.page),
        why_not=_tells_nobody,
    ),
    "resolution": Scenario(
        title="it ends: who is told, and who must not be", scenes=_together(paging.resolution), why_not=_tells_nobody
    ),
    "reminder": Scenario(
        title="it lasts: who is told again, and how often",
        scenes=_each(repeats.reminder, "reminder", _reminded, 15),
        why_not=_always("no duty has anybody reminded of it"),
    ),
    "reload": Scenario(
        title="Alertmanager loads its configuration anew, and reminds in time all the same",
        scenes=_each(repeats.reload, "reload", _reminded_through_reload, 15),
        why_not=_always("no duty has anybody reminded of it"),
    ),
    "return": Scenario(
        title="it is over and comes back, perhaps unseen",
        scenes=_each(repeats.returning, "return", _paged_again, 15),
        why_not=_always("no people close an incident of it"),
    ),
    "halt": Scenario(
        title="the machine is called again, and never told that it is over",
        scenes=_each(repeats.halt, "halt", _halted_again, 10),
        why_not=_calls_no_machine,
    ),
    "inhibition": Scenario(
        title="something worse is known already",
        scenes=_inhibitions,
        why_not=_always("nothing silences it, and it silences nothing"),
    ),
    "joiner": Scenario(
        title="the same happens to something else",
        scenes=_joiners,
        why_not=_always("there is only one of it"),
    ),
    "heartbeat": Scenario(
        title="Prometheus dies: the heartbeat falls silent",
        scenes=_heartbeats,
        why_not=_always("it is not the heartbeat"),
        own=True,
    ),
    "lost-peer": Scenario(
        title="an Alertmanager is killed", scenes=_of_each_page(faults.lost_peer), why_not=_pages_nobody
    ),
    "hung-peer": Scenario(
        title="an Alertmanager takes alerts and never answers",
        scenes=_of_each_page(faults.hung_peer),
        why_not=_pages_nobody,
    ),
    "prometheus-restart": Scenario(
        title="Prometheus dies and comes back", scenes=_of_each_page(faults.restart), why_not=_pages_nobody
    ),
    "alertmanager-restart": Scenario(
        title="an Alertmanager dies and comes back",
        scenes=_of_each_page(faults.restarted_alertmanager),
        why_not=_pages_nobody,
    ),
    "hanging-receiver": Scenario(
        title="nobody answers the first attempt", scenes=_of_each_page(faults.hanging), why_not=_pages_nobody
    ),
    "unknown-alert": Scenario(
        title="an alert that the policy does not know",
        scenes=_unknown,
        why_not=_always("the policy knows it"),
        own=True,
    ),
}
