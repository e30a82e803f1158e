"""The generated files as data: read from their text, and found again in it when something is to be shown."""

from __future__ import annotations

import json
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from generator.diagnostics import positions
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Place, PolicyErrors, route_text
from generator.policy import source

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from generator.diagnostics.diagnostic import EntryPath
    from generator.system.artifact import Artifact

OUT601 = Code(
    name="OUT601",
    title="Generated file cannot be parsed",
    meaning="A template wrote a file that is not valid YAML, JSON or text of its kind. Pass values through a "
    "filter that quotes them (`json`, `scalar`, ...). Compare your template with the packaged one.",
)

OUT605 = Code(
    name="OUT605",
    title="Wrong structure of a generated file",
    meaning="There is a list, a mapping or a text where the program that loads the file expects something "
    "else. Compare your template with the packaged one.",
)

OUT606 = Code(
    name="OUT606",
    title="Meaning depends on the version or the machine",
    meaning="What a generated file means depends on Alertmanager's version or on the machine that it runs on, "
    "so nothing can be proven about it. Write it in another way.",
)

RULES = "prometheus/rules/"
TESTS = "prometheus/tests/"
_OF_PROMETHEUS = re.compile(r"prometheus/([a-z][a-z0-9-]*/)?(rules|tests)/")
ALERTMANAGER = "alertmanager/alertmanager.yml"
MESSAGES = "alertmanager/templates/"
PROCEDURE = "docs/incident-response.md"
KUBERNETES = "kubernetes/"
HELM = "helm/"
VALUES = "values.yaml"
KUSTOMIZATION = "kustomization.yaml"
SECRET = f"{KUBERNETES}alertmanager/secret.yaml"
_OBJECT_OF_RULES = re.compile(rf"{KUBERNETES}([a-z][a-z0-9-]*/)?rules/(?!{KUSTOMIZATION}$)([^/]+)")

_READ_BACK: Mapping[str, tuple[str, ...]] = {
    "amtool": (ALERTMANAGER, MESSAGES, SECRET),
    "alertc": (
        "pagerduty/teams.json",
        "pagerduty/schedules.json",
        "pagerduty/escalation_policies.json",
        "pagerduty/services.json",
        "pagerduty/terraform.tf.json",
        PROCEDURE,
        KUBERNETES,
        HELM,
    ),
}
"""What each of those looks for that judge files: the beginnings of paths."""

Documents = Mapping[str, Any]
"""What each file holds, by its path in `out/`. Scalars of YAML are text, as in the policy."""

Spot = tuple[str, "EntryPath", bool]
"""An entry of a file: the file's path, the way to the entry, and whether its key is meant."""


class MalformedFile(Exception):
    """A generated file has the wrong structure; `where` is the path to the faulty value."""

    code = OUT605.name
    help = "compare your template with the packaged one"

    def __init__(self, path: str, where: EntryPath, problem: str) -> None:
        super().__init__(problem)
        self.path = path
        self.where = where
        self.problem = problem


class AmbiguousValue(MalformedFile):
    """A value means different things to different versions or machines, so nothing can be proven about it."""

    code = OUT606.name
    help = "write what every Alertmanager from 0.25 on reads alike"

    def __init__(self, path: str, where: EntryPath, problem: str, taken: str) -> None:
        super().__init__(path, where, problem)
        self.taken = taken
        """The meaning that an audit takes, after "it is taken for"."""


def read(artifacts: Iterable[Artifact]) -> Documents:
    """Return the content of each YAML and JSON file; raises PolicyErrors listing every file that cannot be parsed.

    What YAML can do beyond mappings, lists and text (anchors, tags, a key twice) is refused here as in the policy: no
    file of ours needs it, and it hides from a reviewer what a file does.
    """
    documents: dict[str, Any] = {}
    findings: list[Diagnostic] = []
    for artifact in artifacts:
        reader = _READERS.get(artifact.path.rpartition(".")[2])
        if reader is None or artifact.path.startswith((KUBERNETES, HELM)):
            continue  # of those only what they hold counts
        try:
            documents[artifact.path] = reader(artifact)
        except PolicyErrors as refused:
            findings += [_unreadable(artifact.path, finding) for finding in refused.diagnostics]
    if findings:
        raise PolicyErrors(*findings)
    return documents


def reader_of(path: str) -> str | None:
    """Return the program that verifies a file, `promtool`, `amtool` or `alertc`; None where nothing does.

    It goes by what the verifiers look for, so that no target can claim to be verified. An object of Kubernetes is
    verified by whoever loads what it holds: it holds the same as the plain file, which alertc compares.
    """
    if folder_of(path) is not None or plain_path(path) is not None:
        return "promtool"
    return next((reader for reader, beginnings in _READ_BACK.items() if path.startswith(beginnings)), None)


def is_plain(path: str) -> bool:
    """Return whether Prometheus, Alertmanager or promtool reads the file as it is."""
    return is_tests(path) or is_loaded(path)


def is_loaded(path: str) -> bool:
    """Return whether Prometheus or Alertmanager reads the file as it is."""
    return is_rules(path) or path.startswith((ALERTMANAGER, MESSAGES))


def is_rules(path: str) -> bool:
    """Return whether Prometheus loads the file as rules, those of one environment or of all."""
    return _is_of(path, "rules")


def is_tests(path: str) -> bool:
    """Return whether promtool loads the file as unit tests."""
    return _is_of(path, "tests")


def folder_of(path: str) -> str | None:
    """Return the folder of a file of Prometheus that one environment has, `staging/`; "" where all do, else None."""
    found = _OF_PROMETHEUS.match(path)
    return None if found is None else found[1] or ""


def in_folder(beginning: str, folder: str) -> str:
    """Return RULES or TESTS as they are called in the folder of an environment: `prometheus/staging/rules/`."""
    before, _, kind = beginning.partition("/")
    return f"{before}/{folder}{kind}"


def plain_path(path: str) -> str | None:
    """Return the path of the rule file that a `PrometheusRule` holds; None for other files."""
    found = _OBJECT_OF_RULES.fullmatch(path)
    return f"prometheus/{found[1] or ''}rules/{found[2]}" if found else None


def object_path(path: str) -> str:
    """Return the path of the object that holds a file of Prometheus' rules, or one that Alertmanager loads."""
    return path.replace("prometheus/", KUBERNETES, 1) if is_rules(path) else SECRET


def _is_of(path: str, kind: str) -> bool:
    found = _OF_PROMETHEUS.match(path)
    return found is not None and found[2] == kind


def shown(path: str) -> str:
    """Return the path of an artifact as messages show it."""
    return f"out/{path}"


def template_of(path: str) -> Place:
    """Return the template that writes the artifact `path`."""
    folder, _, name = path.rpartition("/")
    if path.startswith(KUBERNETES):
        own = name if name == KUSTOMIZATION or folder.endswith("/alertmanager") else "rule.yaml"
        return Place(path=f"templates/{KUBERNETES}{own}.j2")
    if path.startswith(HELM):
        return Place(path=f"templates/{HELM}{VALUES}.j2")
    if folder_of(path) is not None:
        folder, _, name = path.rpartition("/")[0].partition("/")
        name = f"{name.rpartition('/')[2]}.yaml"
    return Place(path=f"templates/{folder}/{name}.j2")


def places(artifacts: Iterable[Artifact], spots: Iterable[Spot]) -> Mapping[Spot, Place]:
    """Return line and column of each spot, parsing each file once."""
    spots_by_path: Mapping[str, list[Spot]] = defaultdict(list)
    for spot in spots:
        spots_by_path[spot[0]].append(spot)
    place_of: dict[Spot, Place] = {}
    for artifact in artifacts:
        spots_in_file = spots_by_path.get(artifact.path, ())
        if spots_in_file:
            routes = [(where, on_key) for _, where, on_key in spots_in_file]
            located = positions.locate(artifact.text.encode(), shown(artifact.path), routes)
            place_of.update((spot, located[spot[1], spot[2]]) for spot in spots_in_file)
    missing = (spot for spots_in_file in spots_by_path.values() for spot in spots_in_file if spot not in place_of)
    return {**place_of, **{spot: Place(path=shown(spot[0])) for spot in missing}}


def malformed(error: MalformedFile, artifacts: tuple[Artifact, ...]) -> PolicyErrors:
    """Return the PolicyErrors that report a malformed file."""
    spot: Spot = (error.path, error.where, False)
    entry = route_text(error.where)
    return PolicyErrors(
        Diagnostic(
            code=error.code,
            message=f"{f'{entry} in ' if entry else ''}{shown(error.path)} {error.problem}",
            place=template_of(error.path),
            artifact=places(artifacts, [spot])[spot],
            help=error.help,
        )
    )


def _read_yaml(artifact: Artifact) -> Any:
    return source.read(artifact.text.encode(), shown(artifact.path)).tree


def _read_json(artifact: Artifact) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        members = dict(pairs)
        if len(members) < len(pairs):
            twice = next(key for key, times in Counter(key for key, _ in pairs).items() if times > 1)
            raise PolicyErrors(_not_json(artifact, f"the key `{twice}` is written twice in one object"))
        return members

    try:
        return json.loads(artifact.text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        problem = f"{error.msg[:1].lower()}{error.msg[1:]}"
        raise PolicyErrors(_not_json(artifact, problem, error.lineno, error.colno)) from None
    except RecursionError:
        raise PolicyErrors(_not_json(artifact, "nested deeper than anybody can read")) from None
    except ValueError:  # Python's limit
        raise PolicyErrors(
            _not_json(artifact, f"a number has more than {sys.get_int_max_str_digits():,} digits")
        ) from None


def _not_json(artifact: Artifact, problem: str, line: int = 0, column: int = 0) -> Diagnostic:
    return Diagnostic(
        code=OUT601.name, message=problem, place=Place(path=shown(artifact.path), line=line, column=column)
    )


def _unreadable(path: str, finding: Diagnostic) -> Diagnostic:
    filter_name = "json" if path.endswith(".json") else "scalar"
    return Diagnostic(
        code=OUT601.name,
        message=f"{shown(path)} cannot be read back: {finding.message}",
        place=template_of(path),
        artifact=finding.place,
        notes=finding.notes,
        help=f"correct the template: pass values through a filter that quotes, `<< value | {filter_name} >>`",
    )


_READERS: Mapping[str, Callable[[Artifact], Any]] = {"yaml": _read_yaml, "yml": _read_yaml, "json": _read_json}
