"""What was verified before, so that it need not be verified again: `.cache/` beside `out/`.

A run is remembered under a key of everything that its outcome depends on: the policy, the templates, alertc itself,
the programs that judged, where the files go. Deleting the folder changes nothing but the time that the next run takes.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator import __version__
from generator.diagnostics import Diagnostic, Level, Place

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from generator.artifact import Artifact
    from generator.programs import Program

_FOLDER = ".cache"
_FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A run that found no error: a digest of each file that it made, and what it noted. Places are filled in."""

    files: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...]


def key(*, policy: bytes, names: Iterable[str], templates: Iterable[Path | None], programs: Iterable[Program]) -> str:
    """Return what a run's outcome depends on, as a digest. `names` are the paths that its files and messages name."""
    digest = blake2b(digest_size=16)
    digest.update(json.dumps([_FORMAT, __version__, *names]).encode())
    digest.update(_tree(Path(__file__).parent))
    for folder in templates:
        digest.update(_tree(folder) if folder is not None and folder.is_dir() else b"none")
    for program in programs:
        status = program.path.stat()
        words = [program.name, str(program.path), program.version_text, status.st_size, status.st_mtime_ns]
        digest.update(json.dumps(words).encode())
    digest.update(policy)
    return digest.hexdigest()


def recall(out: Path, run: str) -> Remembered | None:
    """Return what is remembered of this run, None where there is nothing (or nothing that can be read)."""
    try:
        found = json.loads(_file(out).read_text(encoding="utf-8"))
        if found["run"] != run:
            return None
        return Remembered(files=dict(found["files"]), diagnostics=tuple(map(_diagnostic, found["diagnostics"])))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def remember(out: Path, run: str, artifacts: Iterable[Artifact], diagnostics: Iterable[Diagnostic]) -> None:
    """Remember a run that found no error. Where that cannot be written, the next run takes its time."""
    files = {artifact.path: digest_of(artifact.text.encode()) for artifact in artifacts}
    noted = [{**asdict(one), "level": one.level.value} for one in diagnostics]
    text = json.dumps({"run": run, "files": files, "diagnostics": noted})
    path = _file(out)
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        ignore = path.parent / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)


def digest_of(content: bytes) -> str:
    """Return a digest that two contents do not share."""
    return blake2b(content, digest_size=16).hexdigest()


def _file(out: Path) -> Path:
    """Return where the last run into `out` is remembered."""
    return out.absolute().parent / _FOLDER / f"verified-{out.absolute().name}.json"


def _tree(folder: Path) -> bytes:
    """Return a digest of a folder of code: of names, sizes and times; edits and other versions change it."""
    digest = blake2b(digest_size=16)
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(names):
            path = os.path.join(root, name)  # noqa: PTH118  # a hundred files at every start
            status = os.stat(path)  # noqa: PTH116
            digest.update(f"{path}\0{status.st_size}\0{status.st_mtime_ns}\0".encode(errors="surrogateescape"))
    return digest.digest()


def _diagnostic(data: Mapping[str, Any]) -> Diagnostic:
    places = {name: Place(**data[name]) if data[name] else None for name in ("place", "artifact")}
    route = tuple(data["route"]) if data["route"] is not None else None
    return Diagnostic(
        **{**data, **places, "route": route, "notes": tuple(data["notes"]), "level": Level(data["level"])}
    )
