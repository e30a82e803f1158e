"""Where a drill is played: one Prometheus, its Alertmanagers, and a world around them, all on loopback."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from generator.behaviour import documents
from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.drill import scaled, servers, world
from generator.drill.clock import Scale
from generator.drill.pager import Pager
from generator.drill.scaled import Addressed
from generator.drill.world import HOST, Recording, Series, World
from generator.plan import timing
from generator.system import programs
from generator.upstream.promql import samples

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    from generator.behaviour.behaviour import Behaviour
    from generator.behaviour.documents import Documents
    from generator.drill.conditions import Condition
    from generator.drill.servers import Running
    from generator.plan.plan import Plan
    from generator.system.artifact import Artifact
    from generator.system.programs import Program, Servers
    from generator.upstream.alertmanager.match import Router


LONGEST_CHAIN = timedelta(seconds=40)
"""So long, in the time of the drill, may it take until the last of a chain has answered."""


_LEAST_LOOKBACK = 5.0
"""Seconds of the drill."""


class Shutdown:
    """Stops all stages from another thread: waiting threads raise Stopped, and every program is killed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stages: list[tuple[World, Servers]] = []
        self._stopped = False

    def add(self, around: World, running: Servers) -> None:
        """Register a stage; one that comes after the shutdown is stopped at once."""
        with self._lock:
            self._stages.append((around, running))
            if self._stopped:
                self._end(around, running)

    def stop_all(self) -> None:
        """Stop all stages; any thread may call it."""
        with self._lock:
            self._stopped = True
            for around, running in self._stages:
                self._end(around, running)

    @staticmethod
    def _end(around: World, running: Servers) -> None:
        around.stop()
        running.stop()


@dataclass(frozen=True, slots=True, kw_only=True)
class DrillRun:
    """What all scenes of a run share: the rendered files, their behaviour, and the settings of the drill."""

    plan: Plan
    artifacts: tuple[Artifact, ...]
    documents: Documents
    behaviour: Behaviour
    router: Router
    prometheus: Program
    alertmanager: Program
    scale: Scale
    at: datetime
    seed: int
    folder: Path
    shutdown: Shutdown
    real_time: bool = False
    slow: Mapping[str, timedelta] = field(default_factory=dict)
    """How long receivers take to answer, in the policy's time."""

    def pace(self, chain: timedelta) -> Scale:
        """Return the scale of a chain of this length: long chains run faster, since PagerDuty is simulated."""
        if self.real_time:
            return self.scale
        return Scale(factor=max(self.scale.factor, chain / LONGEST_CHAIN))


@dataclass(slots=True, kw_only=True)
class Stage:
    """The running programs of a scene; `begun` are the moments (time.monotonic) at which conditions became true."""

    run: DrillRun
    folder: Path
    world: World
    pager: Pager
    servers: Servers
    conditions: tuple[Condition, ...]
    chance: random.Random
    peers: list[Running] = field(default_factory=list)
    prometheus: Running | None = None
    begun: dict[str, float] = field(default_factory=dict)
    salt: str = ""
    ports: list[int] = field(default_factory=list)
    """Where the Alertmanagers meet; empty where there is one."""
    hung: tuple[str, ...] = ()
    """The addresses of Alertmanagers that take what is sent and never answer."""

    def series(self, condition: Condition, value: int = 1) -> Series:
        """Return the series of a condition with this value, created where it is missing."""
        with self.world.news:
            for series in self.world.series:
                if (series.number, series.value) == (condition.number, value):
                    return series
            series = Series(number=condition.number, value=value, labels=condition.given)
            self.world.series.append(series)
            return series

    def begin(self, *all_series: Series) -> None:
        """Let conditions become true, each at a random moment (by the run's seed) within one scrape interval."""
        interval = self.run.scale.seconds(self.run.plan.stack.scrape)
        start = time.monotonic()
        moments = sorted((self.chance.random() * interval, number) for number in range(len(all_series)))
        for offset, number in moments:
            self.world.wait(start + offset)
            self._let_begin(all_series[number])
        self.world.wait(max((self.begun[series.mark] for series in all_series), default=start))

    def _let_begin(self, series: Series) -> None:
        recording = self.world.recordings.get(series.number)
        with self.world.news:
            series.true = True
            self.world.playing[series.number] = time.monotonic()
        self.begun[series.mark] = time.monotonic() + (recording.change * recording.every if recording else 0.0)

    def end(self, *all_series: Series) -> None:
        """Let conditions end at once."""
        with self.world.news:
            for series in all_series:
                series.true = False

    def start_prometheus(self) -> None:
        """Start Prometheus; wait until it knows its Alertmanagers and has evaluated three times."""
        scale, stack = self.run.scale, self.run.plan.stack
        address = self.world.url.removeprefix("http://")
        paths = {f"/scrape/{condition.number}/{self.salt}": address for condition in self.conditions}
        config = self.folder / "prometheus.yml"
        text = scaled.prometheus(
            self.run.plan,
            scale,
            rule_files=str(self.folder / "out" / documents.in_folder(documents.RULES, self.run.plan.folder) / "*.yaml"),
            targets=paths,
            alertmanagers=[*(peer.address for peer in self.peers), *self.hung],
        )
        config.write_text(text, encoding="utf-8")
        running = self.prometheus = self._prometheus()
        # What a starting Prometheus sends before it has looked for Alertmanagers (5 s) is lost.
        servers.wait_until("Alertmanager is found", running.server, lambda: self._knows_alertmanagers(running))
        self.world.wait(
            time.monotonic() + servers.PATIENCE,
            lambda: self.world.scraped >= {condition.number for condition in self.conditions},
        )
        self.world.wait(time.monotonic() + 3 * scale.seconds(stack.evaluate))

    def _prometheus(self) -> Running:
        """Start Prometheus in the stage's folder, keeping the log of an earlier one apart."""
        home = _home(self.folder / "prometheus", "prometheus.log")
        scale = self.run.scale
        # A machine that is busy may leave a gap of seconds between two samples, at any scale.
        seen = max(self.run.plan.stack.lookback, scale.policy(_LEAST_LOOKBACK))
        options = (
            f"--rules.alert.resend-delay={scale.milliseconds(timing.RESEND_DELAY)}",
            f"--query.lookback-delta={scale.milliseconds(seen)}",
        )
        config = self.folder / "prometheus.yml"
        return servers.start_prometheus(self.servers, self.run.prometheus, config, home, *options)

    def restart_prometheus(self) -> timedelta:
        """Kill and restart Prometheus on its stored data; return the downtime in policy time."""
        begun = time.monotonic()
        if self.prometheus:
            self.prometheus.server.kill()
        self.prometheus = self._prometheus()
        return self.run.scale.policy(time.monotonic() - begun)

    def kill_first_peer(self) -> None:
        """Kill the Alertmanager that would send first; the others wait for it."""
        names = {peer.ask("/api/v2/status")["cluster"].get("name", ""): peer for peer in self.peers}
        names[min(names)].server.kill()

    def restart_first_peer(self) -> timedelta:
        """Kill and restart an Alertmanager, which loses its alerts; return the downtime in policy time."""
        begun = time.monotonic()
        self.peers[0].server.kill()
        self.peers[0] = _peer(self, 0, self.ports, listen=self.peers[0].address)
        return self.run.scale.policy(time.monotonic() - begun)

    def reload_alertmanagers(self) -> None:
        """Let every Alertmanager load its configuration anew."""
        for peer in self.peers:
            peer.ask("/-/reload", {})

    def post(self, condition: Condition) -> str:
        """Post an alert that no rule sends to all Alertmanagers; return its mark."""
        mark = f"{condition.number}/1"
        annotations = {scaled.MARK: mark, "summary": "Somebody else's alert"}
        self.begun[mark] = time.monotonic()
        for peer in self.peers:
            peer.ask("/api/v2/alerts", [{"labels": condition.labels, "annotations": annotations}])
        return mark

    def _knows_alertmanagers(self, running: Running) -> bool:
        answer = running.ask("/api/v1/alertmanagers")
        return len(answer["data"]["activeAlertmanagers"]) >= len(self.peers)


@contextlib.contextmanager
def stage(
    run: DrillRun,
    name: str,
    conditions: tuple[Condition, ...],
    *,
    peers: int = 1,
    hung: tuple[str, ...] = (),
    others: int = 0,
) -> Iterator[Stage]:
    """Start the programs of a scene and stop them with the context. Raises EnvironmentProblem.

    `name` is the drill's own among those of the run: chance is drawn by it. So many `others` are alerts that fire from
    the start and tell nobody but the heartbeat's receiver.
    """
    folder = run.folder / name
    folder.mkdir()
    chance = random.Random(f"{run.seed} {name}")  # noqa: S311  # phases are no secrets
    with world.world() as around, programs.Servers() as running:
        around.pauses = {name: run.scale.seconds(length) for name, length in run.slow.items()}
        run.shutdown.add(around, running)
        player = Pager(
            plan=run.plan,
            behaviour=run.behaviour,
            pace=run.pace,
            at=run.at,
            world=around,
        )
        set_up = Stage(
            run=run,
            folder=folder,
            world=around,
            pager=player,
            servers=running,
            conditions=conditions,
            chance=chance,
            salt=f"{chance.getrandbits(64):x}",
            hung=hung,
        )
        for condition in conditions:
            set_up.series(condition)
            if run.real_time:
                around.recordings[condition.number] = recording_of(condition)
        _write(run, set_up)
        if others:
            rules = folder / "out" / documents.in_folder(documents.RULES, run.plan.folder)
            (rules / "others.yaml").write_text(scaled.others(run.plan, others), encoding="utf-8")
        player.start()
        set_up.ports = [_free_port() for _ in range(peers if peers > 1 else 0)]
        for number in range(peers):
            set_up.peers.append(_peer(set_up, number, set_up.ports[:number]))
        for peer in set_up.peers if set_up.ports else ():
            # A cluster takes 10 s to settle, and is silent meanwhile.
            settled = partial(_has_settled, peer, peers)
            servers.wait_until("the peers have found one another", peer.server, settled)
        set_up.start_prometheus()
        yield set_up


def recording_of(condition: Condition) -> Recording:
    """Return the series of the alert's first test in which it fires; raises EnvironmentProblem without one."""
    for test in condition.promised.tests if condition.promised else ():
        if any(expected.fires and expected.alert == condition.name for expected in test.expected):
            try:
                series = {name: samples.expand(values) for name, values in test.given.items()}
            except ValueError as error:
                raise EnvironmentProblem(f"{condition.name} cannot be drilled in real time: {error}") from None
            changes = [change for values in test.given.values() if (change := samples.change(values)) is not None]
            return Recording(every=test.every.total_seconds(), series=series, change=min(changes, default=0))
    raise EnvironmentProblem(
        f"{condition.name} cannot be drilled in real time: no test of the policy gives series with which it fires",
        help="write one under `tests`, or drill it without --real-time",
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _has_settled(peer: Running, peers: int) -> bool:
    cluster = peer.ask("/api/v2/status")["cluster"]
    return bool(cluster["status"] == "ready" and len(cluster["peers"]) == peers)


def _peer(set_up: Stage, number: int, known: list[int], *, listen: str = f"{HOST}:0") -> Running:
    """Start an Alertmanager that knows the peers at these ports."""
    run = set_up.run
    home = _home(set_up.folder / f"alertmanager-{number}", "alertmanager.log")
    options = [f"--cluster.peer-timeout={run.scale.milliseconds(run.plan.stack.peer_timeout)}"]
    cluster = f"{HOST}:{set_up.ports[number]}" if set_up.ports else ""
    options += [f"--cluster.peer={HOST}:{port}" for port in known]
    config = set_up.folder / "out" / "alertmanager" / "alertmanager.yml"
    return servers.start_alertmanager(
        set_up.servers, run.alertmanager, config, home, *options, cluster=cluster, listen=listen
    )


def _home(folder: Path, log: str) -> Path:
    """Return the folder of a server; the log of one before it is kept apart, since its address is in there."""
    folder.mkdir(exist_ok=True)
    if (folder / log).exists():
        (folder / log).rename(folder / f"before-{log}")
    return folder


def _write(run: DrillRun, set_up: Stage) -> None:
    """Write the scaled files."""
    addressed = Addressed(folder=set_up.folder, url=set_up.world.url, mail=set_up.world.mail)
    known = scaled.known_secrets(run.plan)
    numbers = {
        (condition.rule.path, condition.rule.where): condition.number
        for condition in set_up.conditions
        if condition.rule
    }
    labels = {condition.number: tuple(condition.given) for condition in set_up.conditions}
    for artifact in run.artifacts:
        if documents.is_rules(artifact.path):
            played_series = {name for recording in set_up.world.recordings.values() for name in recording.series}
            text = (
                scaled.rules_in_real_time(artifact, numbers, {series.partition("{")[0] for series in played_series})
                if run.real_time
                else scaled.rules(artifact, run.scale, numbers, labels)
            )
        elif artifact.path == documents.ALERTMANAGER:
            text = scaled.alertmanager(artifact, run.scale, addressed, known)
        elif scaled.is_alertmanagers(artifact):
            text = artifact.text
        else:
            continue
        path = set_up.folder / "out" / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    scaled.write_secrets(set_up.folder, known)
