"""The two sides of a comparison: a plan and what its files do, with as little as possible rendered and read.

Rule files are most of a large policy, and nearly all of them are alike. Of a file whose plan is the same on both sides
and whose templates are, the text is the same too: it is rendered and read once, and only where something else differs
that concerns every rule.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from generator import pipeline
from generator.behaviour import documents
from generator.behaviour.behaviour import behave, rules_of
from generator.behaviour.documents import ALERTMANAGER, is_rules
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import PolicyErrors
from generator.diff.environments import partners
from generator.targets import alertmanager, pagerduty, prometheus
from generator.upstream.alertmanager.match import Router

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from generator.behaviour.behaviour import Behaviour, Rule
    from generator.behaviour.documents import Documents
    from generator.diagnostics.diagnostic import Diagnostic
    from generator.plan.plan import Plan
    from generator.policy.source import Source
    from generator.system.artifact import Artifact
    from generator.targets.render import Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A policy with its templates; `name` is for messages, `header` for the generated files."""

    name: str
    source: Source
    templates: Templates
    header: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """Generated files without a policy; the plan of the other side stands in for theirs."""

    name: str
    artifacts: tuple[Artifact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side of a comparison: its plan and its behaviour, with only the rules of files that differ."""

    name: str
    plan: Plan
    own: bool
    """Whether the plan is its own, not that of the other side."""
    behaviour: Behaviour
    router: Router
    around: tuple[Artifact, ...]
    """The files beside the rules."""
    rest: Mapping[tuple[str, str], Mapping[str, Any]]
    """What the files say beyond the behaviour: by the kind and name of the part, its entries."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """What Alertmanager's configuration says for all receivers, and beyond the routes."""
        return self.rest[_SETTINGS]

    @property
    def messages(self) -> Mapping[str, str]:
        """The templates of messages, by path."""
        return {artifact.path: artifact.text for artifact in self.around if artifact.path.endswith(".tmpl")}


_SETTINGS = ("Alertmanager", "")


class Pair:
    """Both sides in one environment, and the rule files that they share."""

    def __init__(self, old: Side, new: Side, shared: Callable[[], tuple[Artifact, ...]]) -> None:
        self.old = old
        self.new = new
        self._shared = shared
        self.elsewhere: tuple[Pair, ...] = ()
        """The same in the other environments that both sides have."""
        self.removed: tuple[Plan, ...] = ()
        self.added: tuple[Plan, ...] = ()
        """The plans of environments that only one side has."""

    @property
    def environment(self) -> str:
        """Return the name of the environment."""
        return self.new.plan.policy.environment

    @cached_property
    def shared(self) -> tuple[Rule, ...]:
        """Return the rules of the files that are the same on both sides."""
        return rules_of(self._shared())


class Broken(Exception):
    """A side cannot be compared: its policy does not compile, or its files cannot be parsed."""

    def __init__(self, side: Written | Rendered, diagnostics: tuple[Diagnostic, ...]) -> None:
        super().__init__(f"{side.name} makes no sense")
        self.side = side
        self.diagnostics = diagnostics


def pair(old: Written | Rendered, new: Written | Rendered, premises: Plan | None = None) -> Pair:
    """Return both sides; `premises` serve two sides without a policy. Raises Broken."""
    before, after = _plan(old), _plan(new)
    lens = after or before or premises
    if lens is None:
        raise ValueError("two folders of files need the premises of a policy")
    matched = partners(before or lens, after or lens)
    pairs = [_pair(old, new, before and was, after and now, now if after else was) for was, now in matched.pairs]
    pairs[0].elsewhere, pairs[0].removed, pairs[0].added = tuple(pairs[1:]), matched.removed, matched.added
    return pairs[0]


def _pair(
    old: Written | Rendered, new: Written | Rendered, before: Plan | None, after: Plan | None, lens: Plan
) -> Pair:
    """Return both sides in one environment, whose plans these are."""
    if before and after and _look_alike(old, new):
        return _planned_pair(old, new, before, after)
    first, second = _texts(old, before, lens), _texts(new, after, lens)
    same = set(_rule_files(first)) & set(_rule_files(second))
    shared = tuple(artifact for artifact in second if artifact in same)
    left = _side(old, before or lens, before is not None, tuple(artifact for artifact in first if artifact not in same))
    right = _side(
        new, after or lens, after is not None, tuple(artifact for artifact in second if artifact not in same), left
    )
    return Pair(left, right, lambda: shared)


def _planned_pair(old: Written | Rendered, new: Written | Rendered, before: Plan, after: Plan) -> Pair:
    """Return the sides of two policies with alike templates; rule files with equal plans are not rendered."""
    known = {file.name: file for file in before.rule_files if before.folder == after.folder}
    same = frozenset(file.name for file in after.rule_files if known.get(file.name) == file)

    def without(plan: Plan) -> Plan:
        return replace(plan, rule_files=tuple(file for file in plan.rule_files if file.name not in same))

    def rest() -> tuple[Artifact, ...]:
        files = tuple(file for file in after.rule_files if file.name in same)
        return tuple(_rules(replace(after, rule_files=files), new)) if isinstance(new, Written) else ()

    left = _side(old, before, True, _texts(old, without(before), before))
    return Pair(left, _side(new, after, True, _texts(new, without(after), after), left), rest)


def _plan(side: Written | Rendered) -> Plan | None:
    if isinstance(side, Rendered):
        return None
    try:
        return pipeline.planned(side.source)[0]
    except PolicyErrors as refused:
        raise Broken(side, formats.place(refused.diagnostics, side.source)) from None


def _look_alike(old: Written | Rendered, new: Written | Rendered) -> bool:
    return (
        isinstance(old, Written)
        and isinstance(new, Written)
        and old.header == new.header
        and old.templates.digest() == new.templates.digest()
    )


def _texts(side: Written | Rendered, plan: Plan | None, lens: Plan) -> tuple[Artifact, ...]:
    """Return the files that determine behaviour in the environment of `lens`."""
    if isinstance(side, Rendered) or plan is None:
        return _in_environment(side.artifacts, lens.folder) if isinstance(side, Rendered) else ()
    try:
        return (
            *_rules(plan, side),
            *alertmanager.build(plan, side.templates, side.header),
            *pagerduty.build(plan, side.templates, side.header),
        )
    except PolicyErrors as refused:
        raise Broken(side, formats.place(refused.diagnostics, side.source)) from None


def _in_environment(artifacts: tuple[Artifact, ...], folder: str) -> tuple[Artifact, ...]:
    """Return the files without the rules of other environments; one side may not know of several."""
    folders = {documents.folder_of(one.path) for one in artifacts} - {None}
    own = folder if folder in folders else min((one for one in folders if one is not None), default="")
    return tuple(one for one in artifacts if documents.folder_of(one.path) in (None, own))


def _rules(plan: Plan, side: Written) -> Iterator[Artifact]:
    return prometheus.build(replace(plan, test_files=(), elsewhere=()), side.templates, side.header)


def _rule_files(artifacts: Iterable[Artifact]) -> Iterator[Artifact]:
    return (artifact for artifact in artifacts if is_rules(artifact.path))


def _side(
    side: Written | Rendered, plan: Plan, own: bool, artifacts: tuple[Artifact, ...], other: Side | None = None
) -> Side:
    """Return a side; reuses what the other side parsed where all files but the rules are the same."""
    around = tuple(artifact for artifact in artifacts if not is_rules(artifact.path))
    rules = tuple(artifact for artifact in artifacts if is_rules(artifact.path))
    try:
        if other is not None and other.around == around:
            behaviour = replace(other.behaviour, rules=rules_of(rules))
            router, rest = other.router, other.rest
        else:
            behaviour, rest = _read((*rules, *around))
            router = Router(behaviour.root)
    except PolicyErrors as refused:
        raise Broken(side, refused.diagnostics) from None
    return Side(name=side.name, plan=plan, own=own, behaviour=behaviour, router=router, around=around, rest=rest)


def _read(artifacts: tuple[Artifact, ...]) -> tuple[Behaviour, Mapping[tuple[str, str], Mapping[str, Any]]]:
    """Return the behaviour of the files, and the content that does not affect it."""
    files = tuple(
        artifact
        for artifact in artifacts
        if (is_rules(artifact.path) or artifact.path.startswith((ALERTMANAGER, "pagerduty/")))
        and not artifact.path.endswith(".tf.json")
    )
    content = documents.read(files)
    return behave(content, files), dict(_other_content(content))


def _other_content(content: Documents) -> Iterator[tuple[tuple[str, str], Mapping[str, Any]]]:
    """Yield the content of files that does not affect behaviour."""
    alertmanager = {key: value for key, value in content[ALERTMANAGER].items() if key not in _BEHAVES}
    global_settings = alertmanager.pop("global", None)
    yield _SETTINGS, {**(global_settings if isinstance(global_settings, dict) else {}), **alertmanager}
    for path, bodies in content.items():
        for entry in bodies if path.startswith("pagerduty/") and isinstance(bodies, list) else ():
            for kind, body in entry.items() if isinstance(entry, dict) else ():
                if isinstance(body, dict):
                    other_keys = {key: value for key, value in body.items() if key not in _BEHAVES}
                    yield ("PagerDuty", f"{kind.replace('_', ' ')} {body.get('name', '')}"), other_keys


_BEHAVES = frozenset(
    {
        *("route", "receivers", "inhibit_rules", "time_intervals", "mute_time_intervals"),
        *("name", "escalation_rules", "num_loops", "escalation_policy", "incident_urgency_rule"),
        *("acknowledgement_timeout", "auto_resolve_timeout"),
    }
)
"""What `behaviour` reads of a file."""
