"""`alertc templates`: list the packaged templates, and copy some into the project, to edit them."""

from __future__ import annotations

from pathlib import Path

from generator.commands.project import Unknown
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, EnvironmentProblem, Place, PolicyErrors
from generator.system import files
from generator.targets.render import packaged_templates

TPL411 = Code(
    name="TPL411",
    title="A template of yours exists already",
    meaning="`alertc templates NAME` overwrites nothing, and follows no link out of the repository. Edit the template "
    "that exists, or remove it first.",
)

FOLDER = Path("templates")


def templates(names: tuple[str, ...]) -> tuple[str, ...]:
    """Copy these packaged templates and return a line for each; without names, list all of them.

    Raises PolicyErrors, and copies none, where one of them exists; Unknown where one is not packaged.
    """
    packaged = packaged_templates()
    known = sorted(path.relative_to(packaged).as_posix() for path in packaged.rglob("*.j2"))
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        raise Unknown(f"there is no packaged template `{unknown}`", unknown, known)
    if not names:
        return tuple(f"{name}{' (yours goes before it)' if (FOLDER / name).exists() else ''}" for name in known)
    copies = {FOLDER / name: (packaged / name).read_bytes() for name in dict.fromkeys(names)}
    for path in copies:
        files.refuse_astray(path, TPL411.name, "remove the link")
        if path.exists():
            raise PolicyErrors(_exists(path))
    for path, text in copies.items():
        _write(path, text)
    return tuple(f"wrote {path.as_posix()}: edit it, and run `alertc render`" for path in copies)


def _write(path: Path, text: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path, text)
    except OSError as error:
        raise EnvironmentProblem(
            f"cannot write {path.as_posix()}: {error.strerror}", help="check the permissions of this folder"
        ) from None


def _exists(path: Path) -> Diagnostic:
    return Diagnostic(
        code=TPL411.name,
        message=f"{path.as_posix()} already exists; nothing was written",
        place=Place(path=path.as_posix()),
        help="edit it, or remove it first",
    )
