"""A Prometheus and an Alertmanager on loopback, as Debian packages or releases bring them; they end with us.

Debian's Alertmanager reads its default templates at one fixed place. Unpacked anywhere else it gets a private mount
namespace in which the package is found there.
"""

from __future__ import annotations

import json
import re
import shutil
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.system import programs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from generator.system.programs import Program, Server, Servers

PATIENCE = 60.0
"""Seconds that a program may take to start."""

_TEMPLATES = Path("/usr/share/prometheus/alertmanager")
_LISTENING = re.compile(r"Listening on\"? .*?address=(127\.0\.0\.1:\d+)")
_CLUSTER = re.compile(r"127\.0\.0\.1:(\d+)")
_ASK = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A server that listens at `address`, such as `127.0.0.1:9090`."""

    address: str
    server: Server

    @property
    def url(self) -> str:
        """The URL of the server."""
        return f"http://{self.address}"

    def ask(self, path: str, body: Any = None) -> Any:
        """Return the JSON of an API path; raises OSError where the server does not answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}{path}", data, headers={"Content-Type": "application/json"})  # noqa: S310  # loopback
        with _ASK.open(request, timeout=PATIENCE) as answer:
            text = answer.read()
        return json.loads(text) if text.startswith((b"{", b"[")) else None

    def is_ready(self) -> bool:
        """Return whether the server reports that it is ready."""
        try:
            self.ask("/-/ready")
        except OSError:
            return False
        return True


def start_alertmanager(
    servers: Servers,
    program: Program,
    config: Path,
    folder: Path,
    *options: str,
    cluster: str = "",
    listen: str = "127.0.0.1:0",
) -> Running:
    """Start Alertmanager with its data and log in `folder`, and wait until it is ready.

    `cluster` is the address at which it would meet peers; a cluster of one waits 10 s before its first notification.
    With port 0 in `listen` the system chooses one.
    Raises EnvironmentProblem where it does not start.
    """
    server = servers.start(
        [
            program.path,
            f"--config.file={config}",
            f"--storage.path={folder / 'data'}",
            f"--web.listen-address={listen}",
            f"--cluster.listen-address={cluster}",
            "--log.level=debug",
            *options,
        ],
        folder / "alertmanager.log",
        inside=way_in(program, folder),
    )
    return _ready(server, "Alertmanager")


def start_prometheus(servers: Servers, program: Program, config: Path, folder: Path, *options: str) -> Running:
    """Start Prometheus with its data and log in `folder`, and wait until it is ready.

    Raises EnvironmentProblem where it is not.
    """
    server = servers.start(
        [
            program.path,
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            "--web.listen-address=127.0.0.1:0",
            *options,
        ],
        folder / "prometheus.log",
    )
    return _ready(server, "Prometheus")


def wait_until(what: str, server: Server, is_ready: Callable[[], bool]) -> None:
    """Wait for a condition; raises EnvironmentProblem, with the end of the log, after too long."""
    ends = time.monotonic() + PATIENCE
    while not is_ready():
        if time.monotonic() > ends or not server.runs():
            raise EnvironmentProblem(f"{server.name}: not seen: {what}; it said: {_last_words(server)}")
        time.sleep(0.02)


def way_in(program: Program, folder: Path) -> Sequence[str | Path]:
    """Return the command prefix with which Alertmanager finds its default templates; empty where none is needed.

    Raises EnvironmentProblem where it cannot be led there.
    """
    root = program.path.resolve().parents[2]
    unpacked = root / _TEMPLATES.relative_to("/")
    if root == Path("/") or not unpacked.is_dir():
        return ()  # installed, or a release that carries its templates inside
    share = folder / "share"
    if not share.exists():
        shutil.copytree(unpacked, share / _TEMPLATES.relative_to("/usr/share"))
        (share / "zoneinfo").mkdir()
    zones = Path("/usr/share/zoneinfo")
    # Our folder takes the place of /usr/share, for this process only, and keeps what the machine has of time zones.
    bind_zones = f'if [ -d {zones} ]; then mount --bind {zones} "$0/zoneinfo"; fi'
    mounts = f'{bind_zones} && mount --rbind "$0" /usr/share && exec "$@"'
    last_words = ""
    for unshare in ("-rm", "-m"):  # as any user where the kernel lets us; as root where only root may
        enter = ("unshare", unshare, "sh", "-c", mounts, share)
        try:
            tried = programs.run((*enter, "test", "-e", _TEMPLATES / "default.tmpl"))
        except EnvironmentProblem as error:
            last_words = error.message
            continue
        if tried.code == 0:
            return enter
        last_words = tried.stderr.strip()
    if (_TEMPLATES / "default.tmpl").exists():
        return ()
    raise EnvironmentProblem(
        f"{program.path} cannot be run: it reads {_TEMPLATES / 'default.tmpl'}, which does not exist, and no private "
        f"mount namespace can be made to put it there ({last_words})",
        help="allow user namespaces, run as root, install the package prometheus-alertmanager, or name a release of "
        "Alertmanager in ALERTC_ALERTMANAGER",
    )


def _ready(server: Server, name: str) -> Running:
    output: list[str] = []

    def listens() -> bool:
        match = _LISTENING.search(server.output())
        output[:] = [match[1]] if match else []
        return bool(match)

    try:
        wait_until(f"{name} listens", server, listens)
        running = Running(address=output[0], server=server)
        wait_until(f"{name} is ready", server, running.is_ready)
    except EnvironmentProblem as unready:
        server.kill()
        raise EnvironmentProblem(f"{name} does not start: {_last_words(server)}", help=unready.help) from None
    return running


def _last_words(server: Server) -> str:
    """Return the last error that a server logged, else its last line."""
    lines = [line for line in server.output().splitlines() if line.strip()]
    errors = [line for line in lines if "level=error" in line or "level=ERROR" in line or "err=" in line]
    return programs.excerpt((errors or lines or ["nothing"])[-1], characters=400)
