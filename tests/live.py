"""Running servers for `verify-live`, each otherwise than the small policy says in one thing."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import re
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from generator.commands.project import Project
from generator.commands.verify_live import Options, verify_live
from generator.diagnostics import formats
from tests.alertmanager import LIMIT, load_yaml, prometheus, running
from tests.compiling import SMALL, compiled, edited
from tests.serving import Quiet, served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ASK = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_LISTENING = re.compile(r"Listening on\"? .*?address=(127\.0\.0\.1:\d+)")

ALONE = edited(SMALL, ("peers: 2", "peers: 1"), ("  survive: [alertmanager-peer-lost]\n", ""))
"""The small policy with one Alertmanager."""
REPLICAS = edited(SMALL, ("replicas: 1", "replicas: 2"))

JOBS = ("shop", "alerting", "prometheus", "alertmanager")

Config = dict[str, Any]
Files = dict[str, str]
"""What is loaded, by its path below `out/`."""


def files(policy: str) -> Files:
    return {artifact.path: artifact.text for artifact in compiled(policy).artifacts}


def replaced(path: str, before: str, after: str) -> Callable[[Files], None]:
    """Return what edits a file, once and in one place."""

    def edit(loaded: Files) -> None:
        assert loaded[path].count(before) == 1, f"{loaded[path].count(before)} times in {path}: {before!r}"
        loaded[path] = loaded[path].replace(before, after)

    return edit


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviant:
    """A server that runs otherwise than the policy says: in its configuration, its flags, or the files that it has."""

    config: Callable[[Config], object] = lambda _: None
    flags: tuple[str, ...] = ()
    files: Callable[[Files], object] = lambda _: None
    policy: str = SMALL
    unknown_in: tuple[str, ...] = ()
    """The suites whose servers cannot be set so."""


@dataclass(slots=True, kw_only=True)
class Running:
    """The addresses of servers by their names."""

    urls: dict[str, str] = field(default_factory=dict)

    def named(self, text: str) -> str:
        """Return the text with the names in place of addresses that differ in each run."""
        for name, url in self.urls.items():
            text = re.sub(rf"{re.escape(url)}(?!\d)", f"http://{name}", text)
        return re.sub(r"(?<![\d.])\d+\.\d+\.\d+(\+ds\d*)?(?![\d.])", "VERSION", text)

    def said(self, policy: str, folder: Path, *, prometheus: str = "", alertmanager: str = "") -> str:
        """Return what a user reads of the servers of these names, with spaces between."""
        file = folder / "policy.yaml"
        file.write_text(policy, encoding="utf-8")
        asked = Options(
            prometheus=tuple(self.urls[name] for name in prometheus.split()),
            alertmanagers=tuple(self.urls[name] for name in alertmanager.split()),
            headers={},
            limit=LIMIT,
            kubernetes="targets: [files, kubernetes]" in policy,
        )
        with inside(folder):
            outcome = verify_live(Project(policy=Path("policy.yaml"), out=Path("out"), templates=None), asked)
        text = formats.to_text(outcome.diagnostics, outcome.sources)
        lines = "\n".join(outcome.lines)
        said = f"{text}\n{formats.summary(outcome.diagnostics)}\n\n{lines}\n"
        return self.named(said.replace(str(folder), "/etc"))


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder, as contextlib.chdir does from Python 3.11 on."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


# ------------------------------------------------------------------------------------------- Prometheus


@contextlib.contextmanager
def exporter(metrics: Callable[[], str]) -> Iterator[str]:
    """Serve what `metrics` returns at each scrape; the value is the address."""

    class Handler(Quiet):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.end_headers()
            self.wfile.write(metrics().encode())

    with served(Handler) as address:
        yield address


def start_prometheus(
    stack: contextlib.ExitStack, suite: str, folder: Path, deviant: Deviant, targets: dict[str, str]
) -> str:
    """Start a Prometheus and return its address; `targets` are the addresses of jobs beside those of the policy."""
    loaded = files(deviant.policy)
    deviant.files(loaded)
    for path, text in loaded.items():
        if path.startswith("prometheus/rules/"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    config: Config = {
        "global": {"scrape_interval": "15s", "scrape_timeout": "10s", "evaluation_interval": "15s"},
        "rule_files": [str(folder / "prometheus/rules/*.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": ["127.0.0.1:9", "127.0.0.1:10"]}]}]},
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [targets.get(job, "127.0.0.1:9")]}]}
            for job in (*JOBS, *targets)
        ],
    }
    deviant.config(config)
    flags = deviant.flags or ("--storage.tsdb.retention.time=30d",)
    stack.enter_context(prometheus(suite, folder, config, *flags))
    return address(folder)


def address(folder: Path) -> str:
    """Return the address of the Prometheus that logs to this folder, once it answers."""
    log = folder / "prometheus.log"
    wait("Prometheus listens", lambda: _LISTENING.search(log.read_text()), log)
    found = _LISTENING.search(log.read_text())
    assert found
    url = f"http://{found[1]}"
    wait("Prometheus is ready", lambda: _is_ready(url), log)
    return url


def _is_ready(url: str) -> bool:
    try:
        _ASK.open(f"{url}/-/ready", timeout=LIMIT).close()
    except urllib.error.HTTPError as error:
        error.close()
        return False
    return True


def get(url: str) -> Any:
    with _ASK.open(url, timeout=LIMIT) as answer:
        return json.loads(answer.read())


def wait(what: str, wanted: Callable[[], object], log: Path) -> None:
    ends = time.monotonic() + LIMIT
    while not wanted():
        assert time.monotonic() < ends, f"not seen: {what}\n{log.read_text()[-2000:]}"
        time.sleep(0.05)


# ------------------------------------------------------------------------------------------- Alertmanager


def start_alertmanager(
    stack: contextlib.ExitStack, suite: str, folder: Path, deviant: Deviant, silences: list[dict[str, Any]]
) -> str:
    """Start an Alertmanager and return its address."""
    loaded = files(deviant.policy)
    deviant.files(loaded)
    for path, text in loaded.items():
        if path.startswith("alertmanager/"):
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8")
    file = folder / "alertmanager/alertmanager.yml"
    config = load_yaml(file.read_text(encoding="utf-8"))
    before = copy.deepcopy(config)
    deviant.config(config)
    if config != before:
        file.write_text(yaml.safe_dump(config), encoding="utf-8")
    server = stack.enter_context(running(suite, file, folder))
    for silence in silences:
        post(f"{server.url}/api/v2/silences", silence)
    return server.url


def post(url: str, data: Any) -> None:
    """Send data as JSON to a server that takes it."""
    request = urllib.request.Request(url, json.dumps(data).encode(), {"Content-Type": "application/json"})
    _ASK.open(request, timeout=LIMIT).close()
