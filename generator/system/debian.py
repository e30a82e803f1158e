"""Debian's packages of Prometheus and Alertmanager, unpacked into the cache: no root, no service started."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.system import programs
from generator.system.programs import NAMES, Program

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ALERTMANAGERS: Mapping[str, tuple[int, ...]] = {"bookworm": (0, 25), "trixie": (0, 28), "forky": (0, 33)}
"""The version of Alertmanager of each suite."""
VERSIONS: Mapping[str, tuple[int, ...]] = {"bookworm": (2, 42), "trixie": (2, 53), "forky": (3, 5)}
"""The version of Prometheus of each suite; a suite that is not yet released moves on."""
_PACKAGES = ("promtool", "prometheus", "prometheus-alertmanager")
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_BY_HAND = "install promtool and amtool (Debian: `apt-get install prometheus prometheus-alertmanager`; "
_BY_HAND += "elsewhere the releases of Prometheus and Alertmanager) and put them on the PATH"


def fetch(suite: str | None) -> tuple[Program, ...]:
    """Return the programs of a suite (`trixie`; None: the machine's own), fetched where they are not there yet.

    What was fetched is kept as it is: to get a newer one, remove its folder. An interrupted fetch leaves
    nothing that a later one would take for whole, and of two at once the second waits for the first.
    """
    if suite is not None and not re.fullmatch(r"[a-z][a-z0-9-]*", suite):
        raise EnvironmentProblem(
            f"{suite!r} is not a suite of Debian", help="name one, such as bookworm, trixie or forky"
        )
    if is_fetched(suite):
        return _programs(programs.suite_folder(suite or "default"))
    for program in ("apt-get", "apt-cache", "dpkg"):
        if shutil.which(program) is None:
            raise EnvironmentProblem(f"{program} is missing, which fetches promtool and amtool", help=_BY_HAND)
    try:
        with _alone() as staging:
            mirror, own_suite = _mirror(staging)
            folder = programs.suite_folder(suite or own_suite)
            if not folder.is_dir():
                _unpack(staging, mirror, suite or own_suite)
                (staging / "root").rename(folder)
            if suite is None:
                _link_default_to(folder)
    except OSError as error:
        raise _unwritable(error.strerror or str(error)) from None
    return _programs(folder)


def is_fetched(suite: str | None) -> bool:
    """Return whether a suite's programs (None: the machine's own) are there already."""
    return programs.suite_folder(suite or "default").is_dir()


@contextlib.contextmanager
def _alone() -> Iterator[Path]:
    """Give an empty folder that no other process uses; it is removed afterwards."""
    home = programs.suite_folder("default").parent
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # What lies there was left by one that was killed: the lock says that nobody is at work.
        for left in home.glob(".staging-*"):
            shutil.rmtree(left, ignore_errors=True)
        # A name of its own: an apt-get whose alertc was killed may still write to the old one.
        staging = Path(tempfile.mkdtemp(prefix=".staging-", dir=home))
        try:
            yield staging
        finally:
            shutil.rmtree(staging, ignore_errors=True)


def _unwritable(reason: str) -> EnvironmentProblem:
    home = programs.suite_folder("default").parent
    room = "make room there, or " if reason == _FULL else ""
    return EnvironmentProblem(
        f"the cache {home} cannot be written: {reason}", help=f"{room}set ALERTC_CACHE to another folder"
    )


_FULL = os.strerror(errno.ENOSPC)


def _mirror(staging: Path) -> tuple[str, str]:
    """Return the mirror and the suite of the machine's own distribution, as its apt is configured.

    Asked of `update --print-uris`: unlike `indextargets`, it answers before the first `apt-get update` too.
    """
    listing = programs.run(["apt-get", *_private(staging), "--print-uris", "update"])
    sources = re.findall(r"^'(\S+/)dists/([^/'\s]+)/InRelease'", listing.stdout, re.MULTILINE)
    codename = _codename()
    for mirror, suite in sources:
        if suite == codename:
            return mirror, suite
    # Testing and unstable are called by other names than the machine's; what only adds to a suite is not one.
    for mirror, suite in sources:
        if "debian" in mirror and not re.search(r"-(updates|security|backports|proposed-updates)", suite):
            return mirror, suite
    raise EnvironmentProblem("apt knows no mirror of Debian to fetch promtool and amtool from", help=_BY_HAND)


def _codename() -> str | None:
    with contextlib.suppress(OSError):
        match = re.search(
            r'^VERSION_CODENAME="?([\w-]+)', Path("/etc/os-release").read_text(encoding="utf-8"), re.MULTILINE
        )
        return match and match[1]
    return None


def _unpack(staging: Path, mirror: str, suite: str) -> None:
    """Download the suite's packages and unpack them into `root` in the staging folder."""
    architecture = programs.run(["dpkg", "--print-architecture"]).stdout.strip()
    signed = f" signed-by={_KEYRING}" if "debian" in mirror and _KEYRING.exists() else ""
    source = f"deb [arch={architecture} target=Packages{signed}] {mirror} {suite} main\n"
    (staging / "sources.list").write_text(source, encoding="utf-8")
    options = _private(staging, sources=staging / "sources.list")
    update = _apt(
        ["apt-get", *options, "-o", "APT::Update::Error-Mode=any", "update"], f"the package list of {suite}", staging
    )
    # promtool has a package of its own since trixie: take it where the suite has one.
    known = _apt(["apt-cache", *options, "madison", *_PACKAGES], f"the packages of {suite}", staging)
    packages = sorted({line.partition("|")[0].strip() for line in known.splitlines() if "|" in line})
    if "prometheus-alertmanager" not in packages:
        raise EnvironmentProblem(
            f"{mirror} has no Prometheus and Alertmanager in {suite}", help=_last(update) or _BY_HAND
        )
    _apt(["apt-get", *options, "download", *packages], f"the packages of {suite}", staging)
    for archive in sorted(staging.glob("*.deb")):
        _apt(["dpkg", "-x", archive, staging / "root"], archive.name, staging)
        archive.unlink()
    for name in NAMES:
        programs.path_in(staging / "root", name)


def _private(staging: Path, sources: Path | None = None) -> tuple[str, ...]:
    """Return apt's options for folders of our own, so that installed and pinned packages have no effect."""
    for folder in ("lists/partial", "cache/archives/partial"):
        (staging / folder).mkdir(parents=True, exist_ok=True)
    (staging / "status").touch()
    options = {
        "Dir::State::Lists": staging / "lists",
        "Dir::State::status": staging / "status",
        "Dir::Cache": staging / "cache",
        "Dir::Etc::preferences": "/dev/null",
        "Dir::Etc::preferencesparts": "/dev/null",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
        # Root's apt downloads as a user who may not enter the cache of another.
        "APT::Sandbox::User": "root",
    }
    if sources:
        options |= {"Dir::Etc::sourcelist": sources, "Dir::Etc::sourceparts": "/dev/null"}
    return ("-q", *(part for key, value in options.items() for part in ("-o", f"{key}={value}")))


def _apt(argv: Sequence[str | Path], what: str, staging: Path) -> str:
    """Return what apt printed, or raise EnvironmentProblem with its own words."""
    answer = programs.run(argv, cwd=staging, env={"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}, timeout=600)
    if answer.code:
        if _FULL in answer.stderr or _FULL in answer.stdout:
            raise _unwritable(_FULL)
        complaint = _last(answer.stderr) or _last(answer.stdout) or f"exit code {answer.code}"
        raise EnvironmentProblem(
            f"{what} could not be fetched: {complaint}",
            help=f"check the network and the name of the suite, or {_BY_HAND}",
        )
    return answer.stdout


def _last(text: str) -> str:
    """Return the errors among the lines, the first of them where there are several; else the last line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line.partition(":")[2].strip() for line in lines if line.startswith("E:")]
    return (errors or lines[-1:] or [""])[0]


def _link_default_to(folder: Path) -> None:
    """Make `default` a link to the folder, in one step."""
    link = folder.parent / ".default"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    link.replace(programs.suite_folder("default"))


def _programs(folder: Path) -> tuple[Program, ...]:
    return tuple(programs.find_in(folder, name, "fetched") for name in NAMES)
