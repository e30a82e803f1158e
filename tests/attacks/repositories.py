"""Repositories in which a pull request left files, folders and links, looked at by every command."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from generator.system.output import is_loaded
from tests.attacks.world import contents, forged
from tests.compiling import ROOT, SMALL, edited

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from tests.attacks.world import Ran, World

PLACES = (
    *("out", "out/prometheus", "out/prometheus/rules", "out/prometheus/rules/shop.yaml", "out/prometheus/rules/zz.yaml"),
    *("out/alertmanager/alertmanager.yml", "out/alertmanager/templates/zz.tmpl", "out/.manifest", "out/pagerduty", "out/notes"),
    *("out/.alertc-journal", "out/.alertc-journal/files", "out/.alertc-journal/plan", "out/.alertc-journal-draft", "out/docs"),
    *(".cache", ".cache/verified-out.json", ".cache/answers-out.json", ".cache/read-out.json", ".cache/.gitignore"),
    *("templates", "templates/docs", "templates/docs/incident-response.md.j2", "templates/docs/.#x.j2", "templates/x/y.j2"),
    *("policy", "policy/shop.yaml", "policy/zz.yaml", "policy/zz.yml", "report.html", ".gitattributes", ".gitmodules"),
    *("HEAD", "main", "master", "BASE", "git:HEAD", ".alertc-stage-x", "-x", "--help", "diff.md", "promtool", "amtool", "git"),
    *("generator", "generator/__init__.py", "click.py", "yaml/__init__.py", "sitecustomize.py", "jinja2.py", "pyproject.toml"),
)  # fmt: skip
COMMANDS = (
    *(("check",), ("check", "--format", "github"), ("check", "--format", "json"), ("render",), ("fmt",), ("fmt", "--check")),
    *(("diff", "BASE", "--fail-on", "weaker"), ("diff", "git:BASE", "--fail-on", "weaker", "--format", "markdown")),
    *(("report",), ("report", "--against", "git:BASE"), ("explain", "MoneyLost"), ("graph",), ("who",), ("init",)),
    *(("diff", "out"), ("diff", "git:BASE", "--to", "out"), ("diff", "policy/shop.yaml"), ("comment", "diff.md")),
)  # fmt: skip
CHANGES = {"render": {"out", ".alertc-stage-x"}, "fmt": {"policy"}, "report": {"report.html"}, "init": {"policy"}}
"""What of a project a command may change, by its first step; all may fill `.cache`. A stage of a killed command goes."""
WEAKER = edited(
    SMALL,
    ("acknowledge: 15m", "acknowledge: 45m"),
    ("detect_in: 3m", "detect_in: 15m"),
    ("    for: 30s", "    for: 10m"),
    ("fires_at: 1m45s", "fires_at: 11m15s"),
)


def attack(world: World, dice: random.Random) -> Iterator[tuple[Ran, list[str]]]:
    """Leave a few things in the project, then run a few commands there."""
    world.restore()
    weaker = dice.random() < 0.3
    if weaker:
        (world.project / "policy/shop.yaml").write_text(WEAKER, encoding="utf-8")
    for _ in range(dice.choice((1, 1, 2, 3, 6))):
        place = dice.choice((*PLACES, world.base, world.base[:7]))
        _leave(world, world.project / place, dice)
    for arguments in dice.sample(COMMANDS, 3):
        words = tuple(word.replace("BASE", world.base) for word in arguments)
        before = contents(world.project)
        may = tuple(_may_change(world.project, arguments[0]))
        policy = _held(world.project / "policy/shop.yaml")
        ran = world.run(words, {"GITHUB_ACTIONS": "true"} if dice.random() < 0.3 else None)
        wrong = [*world.faults(ran), *forged(ran), *_changed(may, before, contents(world.project))]
        if arguments[0] == "check" and ran.code == 0:
            wrong += _believed(world, before)
        if "--fail-on" in arguments and ran.code == 0 and policy == WEAKER.encode():
            wrong.append("a weaker policy was not noticed")
        yield ran, wrong


def _held(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() else None  # a link may lead to a device that never ends
    except OSError:
        return None


def _may_change(project: Path, command: str) -> Iterator[str]:
    """Yield what a command may change, as it stands before: places, and where a link leads that takes one's place."""
    root = os.path.realpath(project)
    for place in (".git", ".cache", *CHANGES.get(command, ())):
        yield place
        if (project / place).is_symlink():
            goal = os.path.realpath(project / place)
            if goal.startswith(f"{root}/"):
                yield os.path.relpath(goal, root)


def _changed(may: tuple[str, ...], before: dict, after: dict) -> Iterator[str]:
    """Yield what a command changed and may not."""
    for path in sorted(before.keys() | after.keys()):
        if before.get(path) != after.get(path) and not any(f"{path}/".startswith(f"{place}/") for place in may):
            yield f"changed {path}"


def _believed(world: World, before: dict) -> Iterator[str]:
    """Yield what a `check` that found nothing did not see: files of ours that differ, others that servers load."""
    if any(path.startswith(("policy/", "templates")) and before[path] for path in before if path != "policy/shop.yaml"):
        return  # a policy or templates of its own: what is right is not known here
    if before.get("policy/shop.yaml") != SMALL.encode():
        return
    out = {path.removeprefix("out/"): held for path, held in before.items() if path.startswith("out/")}
    for path, held in world.rendered.items():
        if out.get(path) != held:
            yield f"check found nothing, and out/{path} differs"
    for path in out.keys() - world.rendered.keys():
        if is_loaded(path) or path.startswith(".alertc-journal"):
            yield f"check found nothing, and out/{path} is not ours"


def _leave(world: World, path: Path, dice: random.Random) -> None:
    """Put something where a path leads, in place of what is there."""
    if not Path(os.path.realpath(path.parent)).is_relative_to(world.project):
        return  # behind a link that was left before
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        _put(world, path, dice)
    except OSError:
        return  # something that was left before stands in the way


def _put(world: World, path: Path, dice: random.Random) -> None:
    match dice.randrange(12):
        case 0 | 1 | 2:
            goal = dice.choice((".bashrc", ".ssh", ".ssh/authorized_keys", "other", "other/policy.yaml", "new", "."))
            absolute = world.home / goal
            path.symlink_to(absolute if dice.random() < 0.3 else os.path.relpath(absolute, path.parent))
        case 3:
            path.symlink_to(
                dice.choice(("/dev/zero", "/dev/null", "/dev/full", "/proc/self/mem", "/", "/proc/self/environ"))
            )
        case 4:
            path.symlink_to(dice.choice(("nowhere", path.name, ".", "..", "../..", "a" * 200)))
        case 5:
            path.symlink_to(os.path.relpath(world.project / dice.choice(PLACES), path.parent))
        case 6:
            path.mkdir()
            (path / dice.choice(("x", "files", "x.yaml", "plan"))).write_text(dice.choice(_WRITTEN))
        case 7:
            path.mkdir()
        case 8:
            pristine = world.pristine / dice.choice(("out", "policy", ".cache"))
            shutil.copytree(pristine, path, symlinks=True)
        case 9:
            text = (ROOT / "templates/docs/incident-response.md.j2").read_text(encoding="utf-8")
            path.write_text(text + dice.choice(_INCLUDED), encoding="utf-8")
        case 10:
            path.write_bytes(bytes(dice.randrange(256) for _ in range(dice.choice((0, 1, 100)))))
        case _:
            path.write_text(dice.choice(_WRITTEN), encoding="utf-8")


_WRITTEN = (
    "",
    "*\n",
    SMALL,
    WEAKER,
    "groups: []\n",
    "groups:\n- name: x\n  rules:\n  - {alert: Quiet, expr: vector(1), labels: {severity: P0}}\n",
    '{{ define "alertc.room.title" }}all is well{{ end }}',
    "* working-tree-encoding=UTF-16LE-BOM\n*.yaml filter=x export-subst ident\n",
    "prometheus/rules/shop.yaml\n../../x\n/etc/passwd\n",
    '[submodule "x"]\n\tpath = policy\n\turl = ../x\n',
    "import os\nos.write(2, b'code-' + b'was-run-4711')\n",
    '#!/bin/sh\necho code-""was-run-4711 >&2\n',
)
_INCLUDED = (
    "<% include 'docs/.#x.j2' %>\n",
    "<% include 'x/y.j2' %>\n",
    "<% include '../policy/shop.yaml' %>\n",
    "<% for x in range(99999999) %><% for y in range(99999) %>x<% endfor %><% endfor %>\n",
    "<< 9**(9**9) >>\n",
    "<< 'x' * 9999999999 >>\n",
    "<< ''.__class__.__mro__ >>\n",
    "<< 'x' | center(9999999999) >>\n",
    "::error::forged\n",
)
