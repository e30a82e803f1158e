"""Objects of Kubernetes taken apart again: the files that the Prometheus operator makes of them.

They have the paths that plain files have, and where the object holds the same text they are the same to the byte.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import yaml

from generator.behaviour.documents import (
    ALERTMANAGER,
    HELM,
    KUBERNETES,
    MESSAGES,
    SECRET,
    VALUES,
    MalformedFile,
    is_loaded,
    plain_path,
)
from generator.diagnostics import positions
from generator.policy import source
from generator.system.artifact import Artifact
from generator.upstream import chart
from generator.upstream.prometheus_operator import CONFIG_FOLDER, CONFIG_KEY, OUT_FOLDER, SECRETS_FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from generator.diagnostics.diagnostic import EntryPath

_FOLDER = MESSAGES.removeprefix("alertmanager/")
"""Where plain files have the templates, seen from the configuration."""
SPEC = "\nspec:\n"
INDENT = "  "


def loaded(artifacts: tuple[Artifact, ...]) -> tuple[Artifact, ...]:
    """Return the files that servers load of an `out/`: plain ones, or else what its objects or values hold.

    Raises PolicyErrors or MalformedFile where an object is none.
    """
    paths = {one.path for one in artifacts}
    if ALERTMANAGER in paths:
        return artifacts
    return files(artifacts) if SECRET in paths else of_values(artifacts)


def files(artifacts: tuple[Artifact, ...]) -> tuple[Artifact, ...]:
    """Return the files that servers load where the operator mounts these objects; PagerDuty's and others stay.

    Raises PolicyErrors or MalformedFile where an object is none.
    """
    others = (one for one in artifacts if not one.path.startswith(KUBERNETES) and not is_loaded(one.path))
    rules = (rule_file(one) for one in artifacts if plain_path(one.path))
    secrets = (one for one in artifacts if one.path == SECRET)
    loaded = (file for one in secrets for file in configuration(one, source.read(one.text.encode(), one.path).tree))
    return (*others, *rules, *loaded)


def of_values(artifacts: tuple[Artifact, ...]) -> tuple[Artifact, ...]:
    """Return the files that servers load where the chart kube-prometheus-stack is given these values; others stay.

    Raises PolicyErrors where a file cannot be read.
    """
    made: list[Artifact] = []
    for one in artifacts:
        if not one.path.startswith(HELM):
            made.append(one)
            continue
        values: Any = source.read(one.text.encode(), one.path).tree
        folder = one.path.removeprefix(HELM).removesuffix(VALUES)
        for name, entry in values["additionalPrometheusRulesMap"].items():
            made.append(_written(f"prometheus/{folder}rules/{name}.yaml", {"groups": entry["groups"]}))
        if "alertmanager" in values:
            config = _written(ALERTMANAGER, chart.laid_over(chart.CONFIG, values["alertmanager"]["config"]))
            texts = {CONFIG_KEY: config.text, **values["alertmanager"]["templateFiles"]}
            made += configuration(one, {"stringData": texts})
    return tuple(made)


def _written(path: str, tree: Any) -> Artifact:
    return Artifact(path=path, text=yaml.dump(tree, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True))


def split(text: str) -> tuple[str, str]:
    """Return the comments with which a file begins, and what comes after them."""
    lines = text.splitlines(keepends=True)
    end = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    return "".join(lines[:end]), "".join(lines[end:])


def head_of(artifact: Artifact) -> str:
    """Return what stands before `spec` in an object."""
    return f"{artifact.text.partition(SPEC)[0]}\n"


def rule_file(artifact: Artifact) -> Artifact:
    """Return the rule file that Prometheus loads of a `PrometheusRule`; raises MalformedFile where there is none.

    The comments before the object are those of the file.
    """
    head, found, body = artifact.text.partition(SPEC)
    lines = body.split("\n")
    if not found or not all(line.startswith(INDENT) or not line for line in lines):
        raise MalformedFile(artifact.path, ("spec",), "is not a block that is indented by two spaces")
    header = source.read(f"{head}\n".encode(), artifact.path).tree
    if "spec" in header:
        raise MalformedFile(artifact.path, (), "has more than one `spec`, or what stands before it is no mapping")
    comments = "".join(line for line in f"{head}\n".splitlines(keepends=True) if line.startswith("#"))
    text = "\n".join(line.removeprefix(INDENT) for line in lines)
    return Artifact(path=plain_path(artifact.path) or artifact.path, text=f"{comments}{text}")


def configuration(artifact: Artifact, secret: Any) -> Iterator[Artifact]:
    """Yield the configuration that Alertmanager loads of a Secret, and the message templates that it finds.

    What no pattern of `templates` matches where the Secret is mounted is no template; raises MalformedFile where the
    Secret has no configuration.
    """
    texts = secret.get("stringData") if isinstance(secret, dict) else None
    if not isinstance(texts, dict) or not isinstance(texts.get(CONFIG_KEY), str):
        raise MalformedFile(artifact.path, ("stringData",), f"has no text for `{CONFIG_KEY}`")
    text, patterns = moved(texts[CONFIG_KEY], _from_the_volume)
    yield Artifact(path=ALERTMANAGER, text=text)
    for name, content in texts.items():
        if name != CONFIG_KEY and is_found(name, patterns):
            yield Artifact(path=f"{MESSAGES}{name}", text=str(content))


def texts_of(tree: Any, way: EntryPath = ()) -> Iterator[tuple[EntryPath, str]]:
    """Yield every text of a configuration, or of a part of one, with the way to it."""
    for step, below in tree.items() if isinstance(tree, dict) else enumerate(tree):
        if isinstance(below, str):
            yield (*way, step), below
        elif isinstance(below, (dict, list)):
            yield from texts_of(below, (*way, step))


def secret_files(tree: Any) -> Iterator[str]:
    """Yield the files of mounted Secrets that a configuration, or a part of one, names."""
    named = (text for way, text in texts_of(tree) if str(way[-1]).endswith("_file"))
    return (text for text in named if text.startswith(SECRETS_FOLDER))


def is_found(key: str, patterns: Iterable[str]) -> bool:
    """Return whether `templates` with these patterns finds a key of the Secret where that is mounted."""
    mounted = (pattern.removeprefix(CONFIG_FOLDER) for pattern in patterns if pattern.startswith(CONFIG_FOLDER))
    return any("/" not in pattern and fnmatchcase(key, pattern) for pattern in mounted)


def into_the_volume(text: str) -> str:
    """Return a configuration whose templates are found where the Secret is mounted."""
    text, _ = moved(text, _to_the_volume)
    return text


def _to_the_volume(pattern: str) -> str:
    return f"{CONFIG_FOLDER}{pattern.removeprefix(_FOLDER)}" if pattern.startswith(_FOLDER) else pattern


def _from_the_volume(pattern: str) -> str:
    if pattern.startswith(CONFIG_FOLDER):
        return f"{_FOLDER}{pattern.removeprefix(CONFIG_FOLDER)}"
    # Relative to a folder in which there is nothing else: it must not be found by chance where plain files have it.
    return pattern if pattern.startswith("/") else f"{OUT_FOLDER}{pattern}"


def moved(text: str, move: Callable[[str], str]) -> tuple[str, tuple[str, ...]]:
    """Return a configuration with other patterns of template files, all else to the byte, and the patterns it had."""
    tree = source.read(text.encode(), ALERTMANAGER).tree
    listed = tree.get("templates")
    patterns = [pattern for pattern in listed if isinstance(pattern, str)] if isinstance(listed, list) else []
    if patterns != listed:
        return text, ()
    places = positions.locate(text.encode(), ALERTMANAGER, [(("templates", at), False) for at in range(len(patterns))])
    lines = text.split("\n")
    # From the last to the first: several may stand in one line.
    for at, pattern in reversed(list(enumerate(patterns))):
        line, column = places[("templates", at), False].line - 1, places[("templates", at), False].column - 1
        before, written = lines[line][:column], lines[line][column:]
        lines[line] = before + written.replace(pattern, move(pattern), 1)
    return "\n".join(lines), tuple(patterns)
