"""What the files hold is known to the versions that `stack` declares, whatever the checkers at hand know."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from generator.behaviour.documents import ALERTMANAGER, is_rules
from generator.behaviour.identity import policy_route
from generator.behaviour.verification import Finding
from generator.checks.files import go_template
from generator.checks.files.label_names import odd_names
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.upstream.features import FEATURES, GENERATIONS, LABEL_OF_RULE, Feature, written
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath, PolicyPath
    from generator.policy.label_names import LabelNames
    from generator.upstream.features import Program, Version

VER512 = Code(
    name="VER512",
    title="Feature missing in the declared version",
    meaning="A file uses something that the version in `stack` does not load, even if the promtool and amtool "
    "at hand do. Avoid it, or raise the version once it runs everywhere: docs/versions.md says what "
    "each version takes.",
)

_NAMES: dict[Program, str] = {"prometheus": "Prometheus", "alertmanager": "Alertmanager"}


def check(verification: Verification) -> Iterator[Finding]:
    """VER512: a file uses a feature that the declared version does not have."""
    stack = verification.plan.policy.stack
    versions: dict[Program, Version] = {
        "prometheus": stack.prometheus.version,
        "alertmanager": stack.alertmanager.version,
    }
    reported: set[tuple[str, PolicyPath | None]] = set()
    for feature, path, where in _uses(verification):
        version = versions[feature.program]
        if feature.known_to(version):
            continue
        route = policy_route(verification.plan, verification.documents, path, where)
        if (feature.what, route) not in reported:
            reported.add((feature.what, route))
            yield Finding(diagnostic=_diagnostic(feature, version, route), path=path, where=where)


def _diagnostic(feature: Feature, version: Version, route: PolicyPath | None) -> Diagnostic:
    program = _NAMES[feature.program]
    removed = feature.until is not None and version >= feature.until
    if feature.since is None:
        help = "no version that was tried knows it: write it in another way"
    elif removed and feature.until:
        help = f"the last version that was tried and knows it is {written(_before(feature))}: write it in another way"
    else:
        help = (
            f"the first version that was tried and knows it is {written(feature.since)}: where such a one runs, write "
            f'`version: "{written(feature.since)}"` into `stack.{feature.program}`'
        )
    return Diagnostic(
        code=VER512.name,
        message=f"{program} {written(version)} {'no longer knows' if removed else 'does not know'} {feature.what}",
        route=route,
        help=help,
    )


def _before(feature: Feature) -> Version:
    return max(version for version in GENERATIONS[feature.program] if feature.until and version < feature.until)


# ------------------------------------------------------------------------------------------- where they are used


def uses_in_rules(names: LabelNames, document: Any) -> Iterator[tuple[Feature, EntryPath]]:
    """Yield each versioned feature that a rule file uses, with its path."""
    # There are 100,000 rules: only what the table speaks of is looked at.
    for number, group in enumerate(document["groups"]):
        for key in group.keys() & _OF_GROUPS.keys():
            yield _OF_GROUPS[key], ("groups", number, key)
        for place, rule in enumerate(group["rules"]):
            for key in rule.keys() & _OF_RULES.keys():
                yield _OF_RULES[key], ("groups", number, "rules", place, key)
            labels = rule.get("labels") or {}
            service = labels.get(names.service, "")
            if odd_names(tuple(labels)):
                yield LABEL_OF_RULE, ("groups", number, "rules", place, "labels")
            for feature in uses_in_expression(promql.alike(rule["expr"], service)):
                yield feature, ("groups", number, "rules", place, "expr")


def uses_in_group(group: Mapping[str, Any]) -> Iterator[Feature]:
    """Yield each versioned key that a group of rules or one of its rules uses."""
    yield from (_OF_GROUPS[key] for key in group.keys() & _OF_GROUPS.keys())
    for rule in group.get("rules") or ():
        if isinstance(rule, dict):
            yield from (_OF_RULES[key] for key in rule.keys() & _OF_RULES.keys())


def uses_in_configuration(document: Any) -> Iterator[tuple[Feature, EntryPath]]:
    """Yield each versioned feature that alertmanager.yml uses, with its path, except those in templates."""
    for where, value in _marked_last(document, ()):
        for feature in _marked(tuple("*" if isinstance(part, int) else part for part in where)):
            if feature.kind == "key" or not _PLAIN.fullmatch(str(value)):
                yield feature, where


@lru_cache(maxsize=4096)
def uses_in_template(text: str) -> tuple[Feature, ...]:
    """Return the versioned features that a message template uses; cached, since many receivers share a template."""
    words = {token.text for action in go_template.actions(text) for token in action.tokens}
    words |= {f".{part}" for word in words if word.startswith((".", "$")) for part in word.split(".")[1:]}
    return tuple(feature for feature in _TEMPLATES if feature.mark in words)


def _uses(verification: Verification) -> Iterator[tuple[Feature, str, EntryPath]]:
    for path, document in sorted(verification.documents.items()):
        if is_rules(path):
            yield from (
                (feature, path, where) for feature, where in uses_in_rules(verification.plan.policy.labels, document)
            )
        elif path == ALERTMANAGER:
            yield from ((feature, path, where) for feature, where in uses_in_configuration(document))
    for fields in verification.fields.values():
        for field in fields:
            yield from ((feature, ALERTMANAGER, field.where) for feature in uses_in_template(field.text))
    for path, text in sorted(verification.texts("alertmanager/templates/").items()):
        yield from ((feature, path, ()) for feature in uses_in_template(text))


def _marked_last(value: Any, where: EntryPath) -> Iterator[tuple[EntryPath, Any]]:
    """Yield the entries below a value, with their paths, whose key ends a mark of the table."""
    inside_lists = "*" in _LAST
    # A stack of its own: 8,000 routes are a million entries, and nearly none of them is yielded.
    path: list[str | int] = [*where]
    waiting = [_entries(value)]
    while waiting:
        for key, inner in waiting[-1]:
            if inside_lists if type(key) is int else key in _LAST:
                yield (*path, key), inner
            if type(inner) is dict or type(inner) is list:
                path.append(key)
                waiting.append(_entries(inner))
                break
        else:
            waiting.pop()
            if waiting:
                path.pop()


def _entries(value: Any) -> Iterator[tuple[Any, Any]]:
    return iter(value.items()) if isinstance(value, dict) else iter(enumerate(value))


@lru_cache(maxsize=65536)
def _marked(way: tuple[str, ...]) -> tuple[Feature, ...]:
    """Return the features that such an entry is; the numbers of lists are `*` in it, so that there are few ways."""
    return tuple(feature for feature in _LAST[way[-1]] if _is(feature.mark.split("."), way))


def _is(mark: list[str], way: tuple[str, ...]) -> bool:
    if not mark or not way:
        return not mark and not way
    if mark[0] == "**":
        return any(_is(mark[1:], way[begin:]) for begin in range(len(way) + 1))
    return mark[0] in ("*", way[0]) and _is(mark[1:], way[1:])


@lru_cache(maxsize=4096)
def uses_in_expression(expression: str) -> tuple[Feature, ...]:
    """Return the versioned features of PromQL that an expression uses."""
    # What stands in a text is no part of the language (the quotes stay, for names in quotes), nor is a comment.
    plain = _STRING.sub(lambda match: " " if match[0][0] == "#" else '""', expression)
    plain = _BLANKS.sub(" ", plain)
    if not _SUSPECT.search(plain):
        return ()
    words = set(_FUNCTION.findall(plain))
    return tuple(
        feature
        for feature in _QUERIES
        if (feature.mark in words if feature.mark.isidentifier() else re.search(feature.mark, plain))
    )


_PLAIN = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*|\.\.\.")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`|#[^\n]*', re.DOTALL)
_BLANKS = re.compile(r"\s+")
_FUNCTION = re.compile(r"([a-z_]\w*)\s*\(")
_QUERIES = tuple(feature for feature in FEATURES if feature.kind == "query")
_TEMPLATES = tuple(feature for feature in FEATURES if feature.kind == "template")
_SUSPECT = re.compile("|".join(feature.mark for feature in _QUERIES))
_IN_RULES = {feature.mark: feature for feature in FEATURES if feature.program == "prometheus" and feature.kind == "key"}
_OF_RULES = {
    mark.removeprefix("groups.*.rules.*."): feature for mark, feature in _IN_RULES.items() if ".rules." in mark
}
_OF_GROUPS = {mark.removeprefix("groups.*."): feature for mark, feature in _IN_RULES.items() if ".rules." not in mark}
_LAST = {
    last: tuple(
        feature for feature in FEATURES if feature.program == "alertmanager" and feature.mark.rpartition(".")[2] == last
    )
    for last in {feature.mark.rpartition(".")[2] for feature in FEATURES if feature.kind in ("key", "name")}
}
