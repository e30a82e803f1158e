"""A real Alertmanager on loopback that runs what the policy compiles to, and a server that plays all whom it calls.

Only tests import this.
"""

from __future__ import annotations

import contextlib
import copy
import json
import re
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from generator import pipeline
from generator.drill import servers
from generator.policy import source
from generator.system import debian, programs
from generator.targets.render import Templates
from tests.serving import Quiet, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from generator.pipeline import Compiled

POLICY = Path(__file__).parent.parent / "policy" / "exchange.yaml"
SUITES = ("bookworm", "trixie", "forky")
"""Debian's suites, each with a generation of Prometheus and Alertmanager. What they hold moves: ask for the version."""

LIMIT = 30.0
"""Seconds after which a test stops waiting. Nothing is said about how long things take."""

_STAMP = re.compile(r"(?:ts|time)=(\S+)Z ")
_ASK = urllib.request.build_opener(urllib.request.ProxyHandler({}))


# --- what is compiled ------------------------------------------------------------------------------------------------


def shipped(edit: Callable[[dict[str, Any]], None] | None = None) -> Compiled:
    """Return the shipped policy compiled, after `edit` has changed its tree."""
    if edit is None:
        return _shipped()
    read = _read()
    tree = copy.deepcopy(read.tree)
    edit(tree)
    return pipeline.compile(replace(read, tree=tree), Templates(None), "policy/exchange.yaml")


@cache
def _shipped() -> Compiled:
    return pipeline.compile(_read(), Templates(None), "policy/exchange.yaml")


def load_yaml(text: str) -> Any:
    """Return what YAML says; libyaml reads ten times as fast where PyYAML was built with it."""
    return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@cache
def _read() -> source.Source:
    return source.read_file(POLICY)


def unfold(compiled: Compiled, folder: Path) -> Path:
    """Write the artifacts below `folder` and return it."""
    for artifact in compiled.artifacts:
        path = folder / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text, encoding="utf-8")
    return folder


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert as Prometheus sends it."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @property
    def name(self) -> str:
        return self.labels["alertname"]

    @property
    def labels_as_text(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in sorted(self.labels.items()))

    def but(self, **labels: str) -> Alert:
        return replace(self, labels={**self.labels, **labels})


def alerts_of(compiled: Compiled) -> tuple[Alert, ...]:
    """Return one alert of every rule, as the rule's own unit test says that Prometheus sends it."""
    found: dict[tuple[str, str, str], Alert] = {}
    for artifact in compiled.artifacts:
        if artifact.path.startswith("prometheus/tests/"):
            for alert in _expected_alerts(load_yaml(artifact.text)):
                found.setdefault(_rule(alert.labels), alert)
    seen = {(name, severity) for name, severity, _ in found}
    for artifact in compiled.artifacts:
        if artifact.path.startswith("prometheus/rules/"):
            for rule in _alerting_rules(load_yaml(artifact.text)):
                key = _rule({**rule["labels"], "alertname": rule["alert"]})
                # A rule for deadlines has no service of its own: it takes that of the alert that it watches.
                assert key in found or (key[2] == "" and key[:2] in seen), f"no unit test says what {key} sends"
    return tuple(found[key] for key in sorted(found))


def _expected_alerts(tests: dict[str, Any]) -> Iterator[Alert]:
    for block in tests["tests"]:
        for test in block.get("alert_rule_test", ()):
            for seen in test["exp_alerts"]:
                labels = {**seen["exp_labels"], "alertname": test["alertname"]}
                yield Alert(labels=labels, annotations=seen["exp_annotations"])
        # Where annotations tell how long something lasts, the test looks at the labels alone.
        for test in block.get("promql_expr_test", ()):
            for sample in test["exp_samples"]:
                if sample["labels"].startswith("ALERTS{"):
                    labels = dict(re.findall(r'(\w+)="([^"]*)"', sample["labels"]))
                    del labels["alertstate"]
                    yield Alert(labels=labels, annotations={"summary": f"{labels['alertname']} has something to say"})


def _alerting_rules(rules: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (rule for group in rules["groups"] for rule in group["rules"] if "alert" in rule)


def _rule(labels: Mapping[str, str]) -> tuple[str, str, str]:
    return labels["alertname"], labels["severity"], labels.get("service", "")


# --- whom Alertmanager calls -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request that Alertmanager made: to `pagerduty`, `slack` or the name of a webhook, and when it came."""

    to: str
    authorization: str | None
    body: Any
    at: datetime


@dataclass(slots=True)
class World:
    """Plays PagerDuty's Events API, Slack and the webhooks; remembers the calls in their order.

    Those in `pauses` let so many seconds pass before they answer.
    """

    url: str = ""
    pauses: Mapping[str, float] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    news: threading.Condition = field(default_factory=threading.Condition)

    def to(self, whom: str) -> list[Call]:
        """Return the calls made so far to one of those it plays."""
        with self.news:
            return [call for call in self.calls if call.to == whom]

    def wait_for(self, what: str, wanted: Callable[[Call], bool]) -> Call:
        """Return the first call that is wanted, or fail with everything that came instead."""
        with self.news:
            self.news.wait_for(lambda: any(map(wanted, self.calls)), LIMIT)
            for call in self.calls:
                if wanted(call):
                    return call
            pytest.fail(f"{what} did not come; these did: {json.dumps([[c.to, c.body] for c in self.calls], indent=1)}")

    def wait_for_calls(self, whom: str, number: int, *, limit: float = LIMIT) -> list[Call]:
        """Return the first `number` calls made to one of those it plays, or fail with those that came."""
        with self.news:
            self.news.wait_for(lambda: len(self.to(whom)) >= number, limit)
            came = self.to(whom)
        if len(came) < number:
            bodies = json.dumps([call.body for call in came], indent=1)
            pytest.fail(f"{number} calls of {whom} were expected, {len(came)} came: {bodies}")
        return came[:number]


@contextlib.contextmanager
def world(*, pauses: Mapping[str, float] | None = None) -> Iterator[World]:
    """Serve a World on loopback."""
    playing = World(pauses=pauses or {})

    class Handler(Quiet):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            now = datetime.now(timezone.utc)
            call = Call(to=self.path.strip("/"), authorization=self.headers["Authorization"], body=body, at=now)
            with playing.news:
                playing.calls.append(call)
                playing.news.notify_all()
            time.sleep(playing.pauses.get(call.to, 0))
            # PagerDuty answers 202; Slack and the webhooks are content with it too.
            answer = b"ok" if call.to == "slack" else b'{"status": "success"}'
            self.send_response(202 if call.to == "pagerduty" else 200)
            self.send_header("Content-Length", str(len(answer)))
            with contextlib.suppress(ConnectionError):  # whoever asked was ended meanwhile
                self.end_headers()
                self.wfile.write(answer)

    with served(Handler) as address:
        playing.url = f"http://{address}"
        yield playing


# --- Alertmanager ----------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Alertmanager:
    """A server that runs: its address, and what it logged."""

    url: str
    log: Path

    def post(self, *alerts: Alert, starts: str | None = None, ends: str | None = None) -> None:
        """Send alerts as Prometheus does."""
        times = {key: value for key, value in (("startsAt", starts), ("endsAt", ends)) if value}
        self.ask("alerts", [{"labels": one.labels, "annotations": one.annotations, **times} for one in alerts])

    def reload(self) -> None:
        """Load the configuration again; raises OSError, with what Alertmanager says, where it refuses."""
        try:
            _ASK.open(urllib.request.Request(f"{self.url}/-/reload", b""), timeout=LIMIT).close()
        except urllib.error.HTTPError as error:
            with error:
                raise OSError(error.read().decode()) from None

    def refuses(self, matcher: str) -> bool:
        """Return whether it cannot read a matcher."""
        query = urllib.parse.urlencode({"filter": matcher})
        try:
            _ASK.open(f"{self.url}/api/v2/alerts?{query}", timeout=LIMIT).close()
        except urllib.error.HTTPError as error:
            error.close()
            return True
        return False

    def groups(self) -> list[dict[str, Any]]:
        """Return the groups of alerts, each with its receiver; since 0.28 also with what mutes it."""
        found = self.ask("alerts/groups")
        assert isinstance(found, list)
        return found

    def alerts(self) -> list[dict[str, Any]]:
        """Return what is active, with the receivers and what inhibits it."""
        found = self.ask("alerts")
        assert isinstance(found, list)
        return found

    def receivers(self, *alerts: Alert) -> list[set[str]]:
        """Return for each alert whom Alertmanager notifies of it."""
        told = {_key(one["labels"]): {each["name"] for each in one["receivers"]} for one in self.alerts()}
        return [told[_key(alert.labels)] for alert in alerts]

    def flushes(self, matcher: str) -> tuple[datetime, ...]:
        """Return when the groups of the route with this matcher were looked at, by the log. Empty ones it omits."""
        stamps = (_STAMP.match(line) for line in self._said() if "msg=flushing" in line and matcher in line)
        return tuple(datetime.fromisoformat(f"{stamp[1]}+00:00") for stamp in stamps if stamp)

    def saw_the_end(self, matcher: str, name: str = "") -> bool:
        """Return whether the log says that the route's group was flushed after the end of an alert had come.

        Of any alert, or of those of this name.
        """
        lines = self._said()
        received = (number for number, line in enumerate(lines) if "Received alert" in line and "[resolved]" in line)
        ends = [number for number in received if f"alert={name}[" in lines[number] or not name]
        return bool(ends) and any("flushing" in line and matcher in line for line in lines[ends[0] :])

    def _said(self) -> list[str]:
        return self.log.read_text(encoding="utf-8").replace("\\", "").splitlines()

    def wait_until_answered(self, number: int) -> None:
        """Return when so many notifications were answered: one that was not is sent anew after a reload."""

        def answered() -> float:
            with _ASK.open(f"{self.url}/metrics", timeout=LIMIT) as page:
                lines = page.read().decode().splitlines()
            counts = (line for line in lines if line.startswith("alertmanager_notification_latency_seconds_count"))
            return sum(float(line.rpartition(" ")[2]) for line in counts)

        self.wait_until(f"{number} answers", lambda: answered() >= number)

    def wait_until(self, what: str, wanted: Callable[[], bool]) -> None:
        """Return when it is so; fail with the end of the log where it is not to be."""
        ends = time.monotonic() + LIMIT
        while not wanted():
            if time.monotonic() > ends:
                pytest.fail(f"not seen: {what}\n{self.log.read_text()[-3000:]}")
            time.sleep(0.02)

    def ask(self, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.url}/api/v2/{path}", data, headers={"Content-Type": "application/json"}
        )
        with _ASK.open(request, timeout=LIMIT) as answer:
            text = answer.read()
        return json.loads(text) if text else None


def _key(labels: Mapping[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


@contextlib.contextmanager
def shipped_alertmanager(
    suite: str, folder: Path, *, around: World | None = None, hurried: bool = False
) -> Iterator[Alertmanager]:
    """Run the shipped policy on the Alertmanager of a suite, with secrets of ours and everybody played by `around`.

    What differs from the committed out/ is named here: the folder of the secrets and the addresses of the webhooks
    (both set in the policy), PagerDuty's address, and where `hurried`, a group_wait of 500ms (0s stays: the order of
    things does too) and a group_interval of 1s in place of seconds and minutes, so that a delivery can be awaited.
    """
    target = around.url if around else "http://127.0.0.1:9"
    secrets = folder / "secrets"

    def ours(tree: dict[str, Any]) -> None:
        tree["stack"]["alertmanager"]["secrets"] = str(secrets)
        for name, channel in tree["channels"].items():
            if "webhook" in channel:
                channel["webhook"] = f"{target}/{name}"

    home = unfold(shipped(ours), folder / "out") / "alertmanager"
    file = home / "alertmanager.yml"
    config = load_yaml(file.read_text(encoding="utf-8"))
    config["global"]["pagerduty_url"] = f"{target}/pagerduty"
    if hurried:
        for route in _routes(config["route"]):
            route["group_interval"] = "1s"
            if route.get("group_wait", "0s") != "0s":  # a route below another one may inherit it
                route["group_wait"] = "500ms"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    secrets.mkdir()
    for path in _secret_files(config):
        text = f"{target}/slack" if path.name.startswith("slack") else secret(path.name)
        path.write_text(text, encoding="utf-8")
    with running(suite, file, folder) as server:
        yield server


def secret(name: str) -> str:
    """Return what the secret file of this name holds: 32 characters, as PagerDuty's routing keys have."""
    return name.ljust(32, "-")[:32]


def _routes(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for child in route.get("routes", ()):
        yield from _routes(child)


def _secret_files(config: object) -> set[Path]:
    if isinstance(config, list):
        return {path for one in config for path in _secret_files(one)}
    if isinstance(config, dict):
        here = {Path(value) for key, value in config.items() if key.endswith("_file")}
        return here | {path for one in config.values() for path in _secret_files(one)}
    return set()


@contextlib.contextmanager
def running(suite: str, config: Path, folder: Path, *, cluster: str = "") -> Iterator[Alertmanager]:
    """Run a suite's Alertmanager with a configuration; its data and its log go to `folder`. It always ends with us.

    `cluster` is the address at which it would meet peers; a cluster of one waits 10 s before its first notification.
    """
    with programs.Servers() as started:
        server = servers.start_alertmanager(started, program(suite, "alertmanager"), config, folder, cluster=cluster)
        yield Alertmanager(url=server.url, log=server.server.log)


@contextlib.contextmanager
def prometheus(suite: str, folder: Path, config: dict[str, Any], *options: str) -> Iterator[None]:
    """Run a suite's Prometheus with a configuration; its data and its log go to `folder`. It always ends with us."""
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    with programs.Servers() as started:
        servers.start_prometheus(started, program(suite, "prometheus"), file, folder, *options)
        yield


def program(suite: str, name: str) -> programs.Program:
    """Return a program of a suite, fetched where it is not there yet."""
    return next(found for found in debian.fetch(suite) if found.name == name)
