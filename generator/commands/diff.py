"""`alertc diff`: what a change of the policy means for who is told, when, through what."""

from __future__ import annotations

import os
import posixpath
import tempfile
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from generator import pipeline
from generator.behaviour import mounted
from generator.behaviour.documents import ALERTMANAGER, HELM, RULES, SECRET, VALUES, MalformedFile, in_folder, is_tests
from generator.commands.project import Outcome, Project, Unanswered, Unknown, header_path, owner
from generator.diagnostics import formats, positions
from generator.diagnostics.diagnostic import Diagnostic, Level, Place, PolicyErrors, route_text
from generator.diff import data, findings, markdown, text
from generator.diff.compare import compare
from generator.diff.sides import Broken, Rendered, Written, pair
from generator.policy.parts import fixed_part, included, of_owners, on_disk, suits
from generator.policy.source_codes import SRC101
from generator.system import files, guard, output, revisions
from generator.system.artifact import Artifact
from generator.targets.render import TPL401, Templates

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.diff.changes import Changes
    from generator.diff.sides import Pair, Side
    from generator.policy.source import Source

WORKING_TREE = "the working tree"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What to compare: two revisions, policies or folders of files (`new` None: the working tree); how to report it."""

    old: str
    new: str | None
    form: str
    fail_on_weaker: bool
    today: date
    """Decides which acceptances count."""


def compares_files(options: Options) -> bool:
    """Return whether both sides are files, so that nothing depends on which policy the project has."""
    return options.new is not None and all(_is_file(Path(side)) for side in (options.old, options.new))


def diff(project: Project, options: Options) -> Outcome:
    """Return what differs, in the form that `options` name.

    Raises what `compared` raises.
    """
    comparison = compared(project, options.old, options.new, options.today)
    return _outcome(comparison.changes, comparison.new, options)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What differs, and the side whose lines it names."""

    changes: Changes
    new: Written | Rendered

    @property
    def places(self) -> dict[PolicyPath, Place]:
        """Return where entries of the new policy stand."""
        return _places(self.changes, self.new)


def compared(project: Project, old: str, new: str | None, today: date) -> Compared:
    """Return what differs between `old` and `new`, which is None for the working tree.

    Raises PolicyErrors where there is no policy to read, Unknown where there is no such revision or file, Unanswered
    where one of them makes no sense.
    """
    with tempfile.TemporaryDirectory(prefix="alertc-diff-", dir=guard.folder()) as folder:
        after = _working_tree(project) if new is None else _input(project, new, Path(folder, "new"), before=False)
        before = _input(project, old, Path(folder, "old"), before=True)
        try:
            sides, notes = _pair(project, before, after)
        except Broken as broken:
            raise Unanswered(_unreadable(broken)) from None
        notes = (*_loaded_too(after, sides.new), *notes)
        return Compared(changes=compare(sides, today, notes), new=after.side)


def _loaded_too(new: _Input, side: Side) -> Iterator[str]:
    """Yield notes on files that servers would load beside those of the new policy, and that it does not make."""
    if new.committed is None or not side.own:
        return
    ours = {f"{in_folder(RULES, plan.folder)}{file.name}.yaml" for plan in side.plan.each for file in plan.rule_files}
    ours |= {artifact.path for artifact in side.around}
    for path in output.loaded(new.committed):
        if path not in ours:
            yield f"{path} is not made from the policy, and servers would load it too; `alertc check` refuses it"


def _pair(project: Project, old: _Input, new: _Input) -> tuple[Pair, tuple[str, ...]]:
    premises, notes = None, [*_borrowing(old, new), *_borrowing(new, old)]
    if isinstance(old.side, Rendered) and isinstance(new.side, Rendered):
        notes = ["neither side has a policy: the premises (scrapes, SLAs, people) are those of the policy here"]
        here = _working_tree(project).side
        premises = pipeline.planned(here.source)[0] if isinstance(here, Written) else None
    try:
        sides = pair(old.side, new.side, premises)
        return sides, (*_refused(sides.new), *notes)
    except Broken as broken:
        if broken.side is not old.side or old.committed is None:
            raise
        return _pair(project, _fallen_back(old.side.name, old.committed, broken.diagnostics), new)


def _refused(side: Side) -> Iterator[str]:
    """Yield a note where `render` would refuse the new policy: its changes will not take effect."""
    errors = [finding for finding in pipeline.promises(side.plan) if finding.level is Level.ERROR] if side.own else []
    if errors:
        more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
        first = f"{errors[0].code}, {errors[0].message}{more}"
        yield f"{side.name} is refused by `alertc render`: {first}; `alertc check` shows all"


def _fallen_back(name: str, committed: Path, diagnostics: tuple[Diagnostic, ...]) -> _Input:
    """Return the committed files of a revision whose policy does not compile any more."""
    why = (
        f"does not compile any more ({diagnostics[0].code}: {diagnostics[0].message}); its committed files are compared"
    )
    return _Input(side=Rendered(name=name, artifacts=_files_in(committed)), why=why)


def _borrowing(own: _Input, other: _Input) -> tuple[str, ...]:
    if isinstance(own.side, Written):
        return ()
    why = own.why or "has no policy, only generated files"
    return (f"{own.side.name} {why}: its premises (scrapes, SLAs, people) are those of {other.side.name}",)


# ------------------------------------------------------------------------------------------- what is named


@dataclass(frozen=True, slots=True, kw_only=True)
class _Input:
    """A side before it is compared. `committed` is the folder of generated files beside its policy, if there is one."""

    side: Written | Rendered
    committed: Path | None = None
    why: str = ""
    """Why its generated files are compared in place of its policy."""


def _working_tree(project: Project) -> _Input:
    source = on_disk(project.policy).read()
    side = _written(project, WORKING_TREE, source, project.templates)
    return _Input(side=side, committed=_own_files(project, source))


def _own_files(project: Project, source: Source | None) -> Path | None:
    """Return the folder of generated files where they may be the policy's: another's are not what it was."""
    name = source.tree.get("name") if source else ""
    ours = owner(project, name if isinstance(name, str) else "")
    return None if output.of_another(project.out, ours) else project.out


def _input(project: Project, argument: str, into: Path, *, before: bool) -> _Input:
    """Return what an argument names: a folder of files, a project, a policy, or a revision.

    `before`: the path of a revision's policy is shown with the revision's name before it.
    """
    meant = _resolve(argument)
    if isinstance(meant, revisions.Revision):
        return _revision(project, argument.removeprefix(GIT), meant, into, before=before)
    return _of_files(project, meant)


def _resolve(argument: str) -> Path | revisions.Revision:
    """Return the file, folder or revision that an argument names; raises Unknown where it names none, or two of them.

    `git:` says that it is a revision, and `./` (or another way to write a path) that it is not.
    """
    name, path = argument.removeprefix(GIT), Path(argument)
    if name == argument and argument.startswith(_PATHS):
        if not _exists(path):
            raise Unknown(f"there is no file `{argument}`", argument, ())
        return path
    is_file = name == argument and _exists(path)
    try:
        revision = revisions.find(name, Path.cwd())
    except revisions.NoGit:
        if is_file:
            return path
        raise
    except revisions.NoRevision as unknown:
        # Whoever writes a whole id means that commit, also where the clone does not have it.
        if is_file and not revisions.is_id(name):
            return path
        if name != argument:
            raise Unknown(str(unknown), name, ()) from None
        files = f"the file `{name}` is ./{name}" if is_file else f"there is no file `{name}`"
        raise Unknown(f"{unknown}, and {files}", name, ()) from None
    if is_file:
        raise Unknown(f"`{name}` is a revision and a file: write {GIT}{name} or ./{name}", name, ())
    return revision


GIT = "git:"
"""Before a revision, it says that nothing else is meant."""
_PATHS = ("./", "../", "/")


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long a name, for one
        return False


def _is_file(path: Path) -> bool:
    return _exists(path) and path.is_file()


def _of_files(project: Project, path: Path) -> _Input:
    if _holds_files(path):
        return _Input(side=Rendered(name=path.as_posix(), artifacts=_files_in(path)))
    if path.is_dir() and (path / "policy").is_dir():
        policies = sorted(file for file in (path / "policy").glob("*.y*ml") if file.suffix in (".yaml", ".yml"))
        if len(policies) == 1:
            return _policy(project, policies[0], path / "templates", path.as_posix())
    if path.is_dir():
        raise Unknown(f"`{path}` is a folder with neither {ALERTMANAGER} nor one policy in policy/", str(path), ())
    beside = path.parent.parent / "templates" if path.parent.name == "policy" else path.parent / "templates"
    return _policy(project, path, beside if beside.is_dir() else project.templates, path.as_posix())


def _policy(project: Project, path: Path, templates: Path | None, name: str) -> _Input:
    source = on_disk(path).read()
    return _Input(side=_written(project, name, source, templates))


def _written(project: Project, name: str, source: Source, templates: Path | None) -> Written:
    # Both sides say in their headers that they come from the policy of this project: there they do not differ.
    return Written(name=name, source=source, templates=Templates(templates), header=header_path(project))


def _revision(project: Project, name: str, revision: revisions.Revision, into: Path, *, before: bool) -> _Input:
    """Return the policy and the templates of a revision, unpacked into a folder."""
    shown = f"{name} ({revision.commit[:7]})" if not revision.commit.startswith(name) else name[:12]
    policy, templates, out = (_inside(revision.root, path) for path in (project.policy, project.templates, project.out))
    folder = policy.rpartition("/")[0] if policy else None
    try:
        blobs = revisions.files(revision, [path for path in (folder, policy, templates, out) if path])
    except revisions.Astray as astray:
        raise PolicyErrors(_astray(astray, name, astray.path.startswith(f"{templates}/"))) from None
    there = _policy_among(tuple(blobs), policy, folder)
    if there is None:
        raise Unknown(f"{shown} has no {project.policy.as_posix()}; name a file: alertc diff FILE", "", ())
    into.mkdir()
    parts = _included(revision, there, blobs[there])
    blobs = {**blobs, **parts, **_of_owners(revision, {there: blobs[there], **parts})}
    tree = revisions.unpack(revision, blobs, into)
    own = tree / templates if templates else None
    holds_files = out and _holds_files(tree / out)
    then = Project(policy=tree / there, out=tree / out, templates=own) if out and holds_files else None
    try:
        source = on_disk(tree / there, tree, partial(_known_as, project, tree, there, name if before else "")).read()
    except PolicyErrors as refused:
        committed = _own_files(then, None) if then else None
        if committed is None:
            raise
        return _fallen_back(shown, committed, refused.diagnostics)
    committed = _own_files(then, source) if then else None
    return _Input(side=_written(project, shown, source, own), committed=committed)


def _included(revision: revisions.Revision, policy: str, blob: str) -> Mapping[str, str]:
    """Return the blobs of the files that a revision's policy includes; none where it cannot be read: see there."""
    with suppress(PolicyErrors):
        raw = revisions.read(revision, {policy: blob})[policy]
        return _named(revision, policy, included(raw, policy))
    return {}


def _of_owners(revision: revisions.Revision, policy: Mapping[str, str]) -> Mapping[str, str]:
    """Return the blobs of the files from which a revision's policy, in these files, reads who owns what."""
    blobs: dict[str, str] = {}
    for path, raw in revisions.read(revision, policy).items():
        with suppress(PolicyErrors):
            blobs |= _named(revision, path, of_owners(raw, path))
    return blobs


def _named(revision: revisions.Revision, path: str, written: tuple[str, ...]) -> Mapping[str, str]:
    """Return the blobs of the files that patterns mean which are written in the file at `path`."""
    patterns = [posixpath.normpath(f"{path}/../{pattern}") for pattern in written]
    tops: list[str] = []
    for pattern in patterns:
        top = fixed_part(pattern)
        tops += [top] if top else [one for one in revisions.paths(revision) if suits(one, pattern)]
    found = revisions.files(revision, tops) if tops else {}
    return {path: blob for path, blob in found.items() if any(suits(path, pattern) for pattern in patterns)}


def _known_as(project: Project, tree: Path, policy: str, revision: str, path: Path) -> str:
    """Return how people know a file of a revision, unpacked in `tree`: with its name before it, or as they know it now.

    `policy` is the path of the policy in the revision.
    """
    if revision:
        return f"{revision}:{path.relative_to(tree).as_posix()}"
    if path == tree / policy:
        return project.policy.as_posix()
    beside = project.policy.parent / os.path.relpath(path, (tree / policy).parent)
    return posixpath.normpath(beside.as_posix())


def _astray(astray: revisions.Astray, name: str, is_template: bool) -> Diagnostic:
    return Diagnostic(
        code=TPL401.name if is_template else SRC101.name,
        message=str(astray),
        place=Place(path=f"{name}:{astray.path}"),
        help="compare with a revision that holds the file itself, or with a file: alertc diff FILE",
    )


def _policy_among(paths: tuple[str, ...], policy: str | None, folder: str | None) -> str | None:
    """Return the path of a revision's policy: the one of this name, else the only one in its folder."""
    if policy in paths:
        return policy
    beside = [name for name in paths if name.rpartition("/")[0] == folder and name.endswith((".yaml", ".yml"))]
    return beside[0] if len(beside) == 1 else None


def _inside(root: Path, path: Path | None) -> str | None:
    """Return the path from the root of a repository, with slashes; None where it lies elsewhere."""
    if path is None:
        return None
    whole = files.resolved(path.absolute().parent) / path.name
    return whole.relative_to(root).as_posix() if whole.is_relative_to(root) else None


def _files_in(folder: Path) -> tuple[Artifact, ...]:
    """Return the files of a folder like `out/` that decide what happens."""
    paths = sorted(path for part in _PARTS for path in (folder / part).rglob("*") if path.is_file())
    astray = next((path for path in paths if files.outside(path)), None)
    if astray:
        raise Unknown(f"`{astray.as_posix()}` is a link that leads out of the repository", "", ())
    artifacts = tuple(
        Artifact(path=path.relative_to(folder).as_posix(), text=path.read_text(encoding="utf-8", errors="replace"))
        for path in paths
        if not is_tests(path.relative_to(folder).as_posix())
    )
    try:
        return mounted.loaded(artifacts)
    except MalformedFile as error:
        raise Unknown(f"{folder.as_posix()}/{error.path}: {route_text(error.where)} {error.problem}", "", ()) from None
    except PolicyErrors as refused:
        first = refused.diagnostics[0]
        raise Unknown(f"{folder.as_posix()} holds an object that cannot be read: {first.message}", "", ()) from None


def _holds_files(folder: Path) -> bool:
    """Return whether a folder is one like `out/`: of plain files, of objects, or of values."""
    return any((folder / path).is_file() for path in (ALERTMANAGER, SECRET, f"{HELM}{VALUES}"))


_PARTS = ("alertmanager", "helm", "kubernetes", "pagerduty", "prometheus")


# ------------------------------------------------------------------------------------------- how it is said


def _unreadable(broken: Broken) -> Outcome:
    """Return the outcome that says why a side cannot be compared."""
    side = broken.side
    sources = {**side.source.texts, **side.source.attached} if isinstance(side, Written) else {}
    return Outcome(diagnostics=broken.diagnostics, sources=sources)


def _outcome(changes: Changes, new: Written | Rendered, options: Options) -> Outcome:
    sources = new.source.texts if isinstance(new, Written) else {}
    weaker = options.fail_on_weaker and bool(changes.unaccepted)
    if options.form in ("github", "sarif"):
        policy = Place(path=new.source.path if isinstance(new, Written) else new.name)
        diagnostics = tuple(findings.findings(changes, policy, strict=options.fail_on_weaker))
        if isinstance(new, Written):
            diagnostics = formats.place(diagnostics, new.source)
        else:
            diagnostics = tuple(replace(finding, place=policy) for finding in diagnostics)
        return Outcome(diagnostics=diagnostics, sources=sources, stale=weaker)
    places = _places(changes, new)
    if options.form == "json":
        lines = tuple(data.to_json(changes, places).split("\n"))
    elif options.form == "markdown":
        lines = tuple(markdown.to_markdown(changes, places).rstrip("\n").split("\n"))
    else:
        lines = tuple(text.lines(changes, places))
    return Outcome(diagnostics=(), sources=sources, lines=lines, stale=weaker)


def _places(changes: Changes, new: Written | Rendered) -> dict[PolicyPath, Place]:
    if isinstance(new, Rendered):
        return {}
    raw, path = new.source.raw, new.source.path
    routes = {subject.route for entry in changes.entries for subject in entry.subjects if subject.route}
    few = routes if len(raw) > _LARGE and len(routes) <= _FEW and not new.source.parts else ()
    glanced = {route: positions.glanced(raw, path, route) for route in few}
    places = {route: place for route, place in glanced.items() if place}
    left = routes - places.keys()
    if left:
        located = new.source.located([(route, True) for route in left])
        places |= {route: place for (route, _), place in located.items()}
    return places


_LARGE = 1_000_000
"""In a policy of more bytes, a few entries are located line by line: a pass over its YAML events takes seconds."""
_FEW = 10
"""At most this many entries are located so: each search reads the whole text."""
