"""What the proof takes for granted about time, seen in real deliveries: seconds stand for the minutes of a policy.

All facts of one generation play side by side on one Alertmanager, each on a route of its own, its scene. Nothing is
said about how long a loaded machine takes: what waits is measured in ticks of group_interval, as the server logs them,
by what came first, or by a time *before* which nothing may come, counted from before its cause.
"""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from generator.behaviour.clock import longest_gap, through_reload
from generator.behaviour.documents import ALERTMANAGER
from generator.plan import timing
from generator.policy import duration
from generator.system import debian
from generator.system.artifact import Artifact
from generator.upstream.alertmanager.match import RouteNode, Router
from tests.alertmanager import SUITES, Alert, prometheus, running, world
from tests.compiling import read_back

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from tests.alertmanager import Alertmanager, Call, World

pytestmark = [pytest.mark.network, pytest.mark.realtime]

PATIENCE = 60.0
"""Seconds after which a scene is given up."""

PERIOD, TICK = timedelta(seconds=6), timedelta(seconds=2)
FAILS = '{{ template "that.nobody.defined" . }}'


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A route and its receiver: `times` are group_wait, group_interval and repeat_interval."""

    times: tuple[str, str, str]
    group_by: tuple[str, ...] = ("alertname",)
    kind: str = "webhook"
    settings: Mapping[str, object] = field(default_factory=dict)
    route: Mapping[str, object] = field(default_factory=dict)


UNRESOLVED = {"send_resolved": False}
SCENES = {
    "whole": Scene(times=("0s", duration.write(TICK), duration.write(PERIOD))),
    "derived": Scene(times=("0s", duration.write(TICK), duration.write(timing.repeat_interval(PERIOD, TICK)))),
    "late": Scene(times=("200ms", "5s", "1h")),
    "incident": Scene(times=("0s", "1s", "1h"), kind="pagerduty"),
    "lingering": Scene(times=("0s", "10s", "1h")),
    "old": Scene(times=("6s", "1h", "1h")),
    "muted": Scene(times=("0s", "1s", "15s"), kind="pagerduty"),
    "halt": Scene(times=("0s", "4s", "6s"), settings=UNRESOLVED),
    "halt-each": Scene(times=("0s", "4s", "6s"), group_by=("...",), settings=UNRESOLVED),
    "halt-cleared": Scene(times=("0s", "1s", "1h"), group_by=("...",), settings=UNRESOLVED),
    "side": Scene(times=("0s", "1h", "1h"), route={"matchers": ['scene=~"hidden|caught"'], "continue": True}),
    "caught": Scene(times=("0s", "1h", "1h")),
    "region": Scene(times=("5s", "1h", "1h")),
    "broken-page": Scene(times=("0s", "1s", "1h"), kind="pagerduty", settings={"description": FAILS}),
    "slack": Scene(times=("0s", "1s", "1h"), kind="slack", settings={"channel": "#room", "text": FAILS}),
}
PAUSES = {"whole": 0.7}
"""Who answers slowly: a repeat_interval of whole ticks must not hang on a few milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A server on which scenes are played, and those whom it calls."""

    server: Alertmanager
    everybody: World
    router: Router
    version: tuple[int, ...]

    def fire(self, scene: str, name: str = "", **labels: str) -> Alert:
        alert = Alert(labels={"alertname": name or scene, "scene": scene, **labels}, annotations={})
        self.server.post(alert, starts=now().isoformat())
        return alert

    def told(self, scene: str, number: int) -> Call:
        """Return the call of this number that the scene's receiver got, or gets."""
        return self.everybody.wait_for_calls(scene, number, limit=PATIENCE)[-1]

    def node(self, scene: str) -> RouteNode:
        (node,) = self.router.routes_of({"scene": scene})
        return node

    def ticks(self, scene: str, first: Call, second: Call) -> int:
        """Return on which tick after the first call the second one was made."""
        return sum(first.at < flushed <= second.at for flushed in self.server.flushes(f'scene="{scene}"'))

    def clear(self, alert: Alert) -> None:
        self.server.post(alert, ends=now().isoformat())

    def clear_for_good(self, alert: Alert) -> None:
        """Let an alert end, and return when its group has seen that on a tick."""
        self.clear(alert)
        group = f'alertname="{alert.name}"'
        self.server.wait_until(f"a tick of {group}", lambda: self.server.saw_the_end(group, alert.name))


def now() -> datetime:
    return datetime.now(timezone.utc)


# --- Alertmanager, side by side --------------------------------------------------------------------------------------


def what_is_repeated_waits_for_a_tick(stage: Stage) -> None:
    """A repeat_interval of whole ticks takes one tick more; the derived one keeps the period, with a tick to spare."""
    for scene in ("whole", "derived"):
        stage.fire(scene)
    assert longest_gap(stage.node("whole")) == PERIOD + TICK
    assert longest_gap(stage.node("derived")) == PERIOD - TICK
    assert through_reload(stage.node("derived")) == PERIOD - timing.SECOND
    for scene in ("derived", "whole"):
        node = stage.node(scene)
        first, second = stage.told(scene, 1), stage.told(scene, 2)
        assert stage.ticks(scene, first, second) * TICK == longest_gap(node)
        assert second.at - first.at > node.repeat_interval


def who_joins_late_waits_for_a_tick(stage: Stage) -> None:
    """Not for group_wait, of which there are many in a tick."""
    stage.fire("late", instance="one")
    first = stage.told("late", 1)
    stage.fire("late", instance="two")
    second = stage.told("late", 2)
    assert [instances(call) for call in (first, second)] == [["one"], ["one", "two"]]
    assert stage.ticks("late", first, second) == 1
    assert second.at - first.at > stage.node("late").group_interval / 2


def a_group_is_one_incident(stage: Stage) -> None:
    """Who joins it triggers the same dedup_key; another group triggers another."""
    stage.fire("incident", instance="one")
    first = stage.told("incident", 1)
    stage.fire("incident", instance="two")
    second = stage.told("incident", 2)
    stage.fire("incident", "B", instance="one")
    third = stage.told("incident", 3)
    assert [call.body["event_action"] for call in (first, second, third)] == ["trigger"] * 3
    assert first.body["dedup_key"] == second.body["dedup_key"] != third.body["dedup_key"]


def what_returns_into_an_empty_group_waits_at_most_a_tick(stage: Stage) -> None:
    """Older generations keep the group and its ticks for a while; newer ones make a new one, which waits group_wait."""
    alert = stage.fire("lingering")
    stage.told("lingering", 1)
    stage.clear(alert)
    ended = stage.told("lingering", 2)
    time.sleep(1)  # The group is empty only when that message was answered.
    stage.fire("lingering")
    returned = stage.told("lingering", 3)
    assert [ended.body["status"], returned.body["status"]] == ["resolved", "firing"]
    keeps_its_ticks = stage.version < (0, 29)
    assert (returned.at - ended.at > stage.node("lingering").group_interval / 2) == keeps_its_ticks


def what_is_older_than_group_wait_is_told_at_once(stage: Stage) -> None:
    """It overtakes a fresh alert of the same route."""
    begun = now()
    stage.fire("old", "Fresh")
    wait = stage.node("old").group_wait
    elder = Alert(labels={"alertname": "Old", "scene": "old"}, annotations={})
    stage.server.post(elder, starts=(begun - 2 * wait).isoformat())
    first, second = stage.told("old", 1), stage.told("old", 2)
    assert [call.body["groupLabels"]["alertname"] for call in (first, second)] == ["Old", "Fresh"]
    assert second.at - begun >= wait


def what_ended_while_inhibited_pages_nobody_when_it_returns(stage: Stage) -> None:
    """Until the repeat: the log of notifications still holds the page, and its end was never sent."""
    alert = stage.fire("muted", role="target")
    first = stage.told("muted", 1)
    source = stage.fire("muted", "Down", role="source")
    stage.told("muted", 2)
    stage.server.wait_until("the inhibition", lambda: alert.labels in inhibited(stage.server))
    stage.clear_for_good(alert)
    stage.clear(source)
    third = stage.told("muted", 3)
    assert (third.body["event_action"], third.body["dedup_key"] != first.body["dedup_key"]) == ("resolve", True)
    returned = now()
    stage.fire("muted", role="target")
    repeat = stage.node("muted").repeat_interval
    assert returned - first.at < repeat, "the machine was too slow to play this scene"
    fourth = stage.told("muted", 4)
    assert (fourth.body["event_action"], fourth.body["dedup_key"]) == ("trigger", first.body["dedup_key"])
    assert fourth.at - first.at > repeat


def a_halt_that_clears_within_a_tick_is_sent_again_only_at_the_repeat(stage: Stage) -> None:
    """Though it was violated anew; the policy's own grouping, by all labels, makes no difference."""
    for scene in ("halt", "halt-each"):
        violated = stage.fire(scene)
        stage.told(scene, 1)
        # Newer generations take alerts in side by side: the end must not overtake what comes after it.
        time.sleep(TICK.total_seconds() / 10)
        stage.clear(violated)
        time.sleep(TICK.total_seconds() / 10)
        stage.fire(scene)
    for scene in ("halt", "halt-each"):
        first, second = stage.told(scene, 1), stage.told(scene, 2)
        node = stage.node(scene)
        assert stage.ticks(scene, first, second) * node.group_interval == longest_gap(node) > node.group_interval
        assert starts(second) > first.at > starts(first)


def a_halt_whose_end_was_seen_is_sent_again_at_once_or_on_the_tick(stage: Stage) -> None:
    violated = stage.fire("halt-cleared")
    first = stage.told("halt-cleared", 1)
    stage.clear_for_good(violated)
    stage.fire("halt-cleared")
    second = stage.told("halt-cleared", 2)
    # The repeat is an hour away: what came is the second violation.
    assert starts(second) > first.at


def a_side_route_hides_the_root(stage: Stage) -> None:
    """Where a route that continues is all that matches, the root tells nobody; a last child that catches all does."""
    unknown, hidden, caught = (stage.fire(scene) for scene in ("unknown", "hidden", "caught"))
    stage.told("root", 1)
    stage.told("caught", 1)
    stage.told("side", 2)
    found = stage.server.receivers(unknown, hidden, caught)
    assert found == [{"root"}, {"side"}, {"side", "caught"}]
    routed = [stage.router.routes_of(alert.labels) for alert in (unknown, hidden, caught)]
    assert found == [{node.receiver for node in nodes} for nodes in routed]


def labels_that_both_lack_are_equal(stage: Stage) -> None:
    """`equal: [region]` silences what has no region, where the source has none either."""
    stage.fire("region", "Source", role="source")
    bare = stage.fire("region", "Victim", role="target")
    stage.fire("region", "Victim", role="target", region="eu")
    stage.server.wait_until("the inhibition", lambda: bare.labels in inhibited(stage.server))
    told = [stage.told("region", number) for number in (1, 2)]
    (victims,) = (call.body["alerts"] for call in told if call.body["groupLabels"]["alertname"] == "Victim")
    assert [alert["labels"].get("region") for alert in victims] == ["eu"]


def a_message_whose_template_fails_is_never_delivered(stage: Stage) -> None:
    """The next tick tries again, in vain. Slack of newer generations gets a message without the text."""
    silent = ["broken-page", "slack"] if stage.version < (0, 29) else ["broken-page"]
    for scene in ("broken-page", "slack"):
        stage.fire(scene)
    for scene in silent:
        stage.server.wait_until(f"two failures of {scene}", lambda scene=scene: failures(stage.server, scene) >= 2)
        assert stage.everybody.to(scene) == []
    if "slack" not in silent:
        (attachment,) = stage.told("slack", 1).body["attachments"]
        assert attachment.get("text", "") == ""


FACTS = (
    what_is_repeated_waits_for_a_tick,
    who_joins_late_waits_for_a_tick,
    a_group_is_one_incident,
    what_returns_into_an_empty_group_waits_at_most_a_tick,
    what_is_older_than_group_wait_is_told_at_once,
    what_ended_while_inhibited_pages_nobody_when_it_returns,
    a_halt_that_clears_within_a_tick_is_sent_again_only_at_the_repeat,
    a_halt_whose_end_was_seen_is_sent_again_at_once_or_on_the_tick,
    a_side_route_hides_the_root,
    labels_that_both_lack_are_equal,
    a_message_whose_template_fails_is_never_delivered,
)


@pytest.mark.parametrize("suite", SUITES)
def test_alertmanager_keeps_time_as_the_proof_says(suite: str, tmp_path: Path, subtests: pytest.Subtests) -> None:
    with world(pauses=PAUSES) as everybody, played(suite, tmp_path, everybody, SCENES) as stage:
        with ThreadPoolExecutor(len(FACTS)) as side_by_side:
            seen = [(fact, side_by_side.submit(fact, stage)) for fact in FACTS]
        for fact, outcome in seen:
            with subtests.test(fact=fact.__name__):
                outcome.result()


@contextlib.contextmanager
def played(
    suite: str, folder: Path, everybody: World, scenes: Mapping[str, Scene], *, cluster: str = ""
) -> Iterator[Stage]:
    file = folder / "alertmanager.yml"
    text = configuration(everybody, scenes)
    file.write_text(text, encoding="utf-8")
    router = Router(read_back((Artifact(path=ALERTMANAGER, text=text),)).root)
    version = next(found.version for found in debian.fetch(suite) if found.name == "alertmanager")
    with running(suite, file, folder, cluster=cluster) as server:
        yield Stage(server=server, everybody=everybody, router=router, version=version)


def configuration(everybody: World, scenes: Mapping[str, Scene]) -> str:
    """Return what Alertmanager reads. Alerts of no scene go to the root."""
    config = {
        "route": {
            "receiver": "root",
            "group_by": ["alertname"],
            "group_wait": "0s",
            "routes": [route(name, scene) for name, scene in scenes.items()],
        },
        "receivers": [
            receiver("root", Scene(times=("", "", "")), everybody),
            *(receiver(name, scene, everybody) for name, scene in scenes.items()),
        ],
        "inhibit_rules": [
            {
                "source_matchers": ['role="source"', f'scene="{scene}"'],
                "target_matchers": ['role="target"', f'scene="{scene}"'],
                "equal": equal,
            }
            for scene, equal in (("muted", []), ("region", ["region"]))
        ],
    }
    return yaml.safe_dump(config, sort_keys=False)


def route(name: str, scene: Scene) -> dict[str, object]:
    wait, interval, repeat = scene.times
    return {
        "receiver": name,
        "matchers": [f'scene="{name}"'],
        "group_by": list(scene.group_by),
        "group_wait": wait,
        "group_interval": interval,
        "repeat_interval": repeat,
        **scene.route,
    }


def receiver(name: str, scene: Scene, everybody: World) -> dict[str, object]:
    address = f"{everybody.url}/{name}"
    reached = {
        "webhook": {"url": address},
        "pagerduty": {"url": address, "routing_key": name.ljust(32, "-")},
        "slack": {"api_url": address},
    }
    return {"name": name, f"{scene.kind}_configs": [{**reached[scene.kind], **scene.settings}]}


def instances(call: Call) -> list[str]:
    return sorted(alert["labels"]["instance"] for alert in call.body["alerts"])


def starts(call: Call) -> datetime:
    (alert,) = call.body["alerts"]
    return moment(alert["startsAt"])


def moment(text: str) -> datetime:
    """Return what Go's RFC 3339 says: any number of decimals, which Python 3.10 does not read."""
    seconds, _, decimals = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{seconds}.{decimals[:6]:0<6}+00:00")


def inhibited(server: Alertmanager) -> list[dict[str, str]]:
    return [alert["labels"] for alert in server.alerts() if alert["status"]["inhibitedBy"]]


def failures(server: Alertmanager, receiver: str) -> int:
    """Return how often the log says that a notification was given up for good."""
    lines = server.log.read_text(encoding="utf-8").splitlines()
    return sum("Notify for alerts failed" in line and f"{receiver}/" in line for line in lines)


# --- Alertmanager, alone ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suite", SUITES)
def test_what_fires_pages_again_after_its_route_got_another_matcher(suite: str, tmp_path: Path) -> None:
    """Its group has another key, so PagerDuty gets another incident, and the first one is never resolved."""
    pages = Scene(times=("0s", "1s", "1h"), kind="pagerduty")
    scenes = {"edited": pages, "kept": pages}
    with world() as everybody, played(suite, tmp_path, everybody, scenes) as stage:
        alerts = [stage.fire(scene) for scene in scenes]
        before = {scene: stage.told(scene, 1).body["dedup_key"] for scene in scenes}
        stage.server.wait_until_answered(len(scenes))
        scenes["edited"] = Scene(
            times=pages.times, kind=pages.kind, route={"matchers": ['scene="edited"', 'team!="none"']}
        )
        (tmp_path / "alertmanager.yml").write_text(configuration(everybody, scenes), encoding="utf-8")
        stage.server.reload()
        again = stage.told("edited", 2).body
        for alert in alerts:
            stage.clear(alert)
        stage.told("edited", 3)
        stage.told("kept", 2)
        said = {
            scene: [(call.body["event_action"], call.body["dedup_key"]) for call in everybody.to(scene)]
            for scene in scenes
        }
    old, new = before["edited"], again["dedup_key"]
    assert old != new
    assert said["edited"] == [("trigger", old), ("trigger", new), ("resolve", new)]
    assert said["kept"] == [("trigger", before["kept"]), ("resolve", before["kept"])]


@pytest.mark.parametrize("suite", SUITES)
def test_a_cluster_settles_before_its_first_notification(suite: str, tmp_path: Path) -> None:
    """Without peers, too: the term `alertmanager restart` of a bound."""
    scenes = {"first": Scene(times=("0s", "1s", "1h"))}
    begun = now()
    with world() as everybody, played(suite, tmp_path, everybody, scenes, cluster="127.0.0.1:0") as stage:
        stage.fire("first")
        told = stage.told("first", 1)
    assert timing.SETTLING - timedelta(seconds=1) < told.at - begun < 2 * timing.SETTLING


# --- Prometheus ------------------------------------------------------------------------------------------------------


EVALUATE = timedelta(seconds=1)
RESEND = timedelta(seconds=10)
"""After this, in place of a minute, what still fires is sent again."""

REDISCOVERY = timing.DISCOVERY
"""After this a starting Prometheus knows its Alertmanagers."""

SLACK = timedelta(seconds=10)
HOLDS = {"Rounded": "2500ms", "Whole": "2s"}


def test_for_counts_evaluations_and_what_a_starting_prometheus_sends_is_lost(tmp_path: Path) -> None:
    """And ALERTS_FOR_STATE, while `for` is still going on, is the second in which the condition became true."""
    begun = now()
    true_since = int((begun + REDISCOVERY).timestamp()) + 4
    names = ("Always", "Since", "Rounded", "Whole")
    resend = f"--rules.alert.resend-delay={duration.write(RESEND)}"
    with (
        world() as everybody,
        prometheus("bookworm", tmp_path, evaluating(tmp_path, everybody, rules_of_facts(true_since)), resend),
    ):
        always, since, rounded, whole = (first(everybody, name) for name in names)
    true_at_first = since.starts  # its condition exists from then on
    assert true_since <= int(since.value) == int(true_at_first.timestamp())
    for held in (rounded, whole):
        waited, promised = held.starts - true_at_first, timing.whole(duration.parse(HOLDS[held.name]), EVALUATE)
        # An evaluation that a loaded machine leaves out makes it longer, by a whole tick again.
        assert waited % EVALUATE == timedelta()
        assert promised <= waited < promised + SLACK
    assert since.came - since.starts < RESEND < always.came - always.starts
    assert always.came - begun < RESEND + REDISCOVERY + SLACK


def rules_of_facts(true_since: int) -> dict[str, Any]:
    """Return rules that are true from that second on, one that always is, and one that tells since when they are."""
    held = [{"alert": name, "expr": f"vector(time()) >= {true_since}", "for": hold} for name, hold in HOLDS.items()]
    since = {
        "alert": "Since",
        "expr": 'ALERTS_FOR_STATE{alertname="Rounded"}',
        "annotations": {"value": '{{ printf "%.0f" $value }}'},
    }
    rules = [{"alert": "Always", "expr": "vector(1)"}, *held, since]
    return {"groups": [{"name": "facts", "rules": rules}]}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The first that Prometheus was heard to send of an alert."""

    name: str
    came: datetime
    starts: datetime
    value: str


def first(everybody: World, name: str) -> Sent:
    def of_it(call: Call) -> list[dict[str, Any]]:
        return [alert for alert in call.body if alert["labels"]["alertname"] == name]

    call = everybody.wait_for(name, lambda call: bool(of_it(call)))
    (alert,) = of_it(call)
    value = alert.get("annotations", {}).get("value", "")
    return Sent(name=name, came=call.at, starts=moment(alert["startsAt"]), value=value)


def evaluating(folder: Path, everybody: World, rules: dict[str, Any]) -> dict[str, Any]:
    """Return the configuration of a Prometheus that takes `everybody` for its Alertmanager."""
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules), encoding="utf-8")
    return {
        "global": {"evaluation_interval": duration.write(EVALUATE)},
        "rule_files": [str(folder / "rules.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [everybody.url.removeprefix("http://")]}]}]},
    }
