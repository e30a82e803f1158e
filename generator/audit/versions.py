"""Findings about versions: what the Prometheus or the Alertmanager that is declared does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.audit.shared import finding
from generator.behaviour.fields import fields_of
from generator.checks.files.label_names import odd_names
from generator.checks.files.versions import uses_in_configuration, uses_in_expression, uses_in_template
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Level
from generator.diagnostics.wording import first_few
from generator.system.unique import unique
from generator.upstream.features import LABEL_OF_RULE, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.audit.shared import Case
    from generator.audit.written import WrittenRule
    from generator.diagnostics.diagnostic import Diagnostic, EntryPath, Place
    from generator.upstream.features import Feature, Version

AUD951 = Code(
    name="AUD951",
    title="The declared version does not know a setting",
    meaning="The program refuses the whole file, or the message fails, since its version does not know something that "
    "the file uses. The versions are those of `stack` in the promise.",
)

_NAMED = 8


def check(case: Case) -> Iterator[Diagnostic]:
    """AUD951: a version that is declared does not know what a file uses."""
    if case.promise.alertmanager is not None:
        yield from _of_alertmanager(case, case.promise.alertmanager)
    if case.promise.prometheus is not None:
        yield from _of_prometheus(case, case.promise.prometheus)


def _of_alertmanager(case: Case, version: Version) -> Iterator[Diagnostic]:
    for feature, where in unique(_used(case), lambda use: use[0].what):
        if not feature.known_to(version):
            yield _unknown("Alertmanager", version, feature, case.configuration.place(where))


def _used(case: Case) -> Iterator[tuple[Feature, EntryPath]]:
    yield from uses_in_configuration(case.configuration.tree)
    for receiver in case.configuration.behaviour.receivers:
        for field in fields_of(receiver):
            yield from ((feature, field.where) for feature in uses_in_template(field.text))


def _of_prometheus(case: Case, version: Version) -> Iterator[Diagnostic]:
    for feature, place in case.rules.features:
        if not feature.known_to(version):
            yield _unknown("Prometheus", version, feature, place)
    users: dict[str, tuple[Feature, list[WrittenRule]]] = {}
    for rule in case.rules.rules:
        features = list(uses_in_expression(rule.rule.expr))
        if odd_names(tuple(rule.rule.labels)):
            features.append(LABEL_OF_RULE)
        for feature in features:
            if not feature.known_to(version):
                users.setdefault(feature.what, (feature, []))[1].append(rule)
    for feature, rules in users.values():
        names = list(dict.fromkeys(rule.rule.name for rule in rules))
        notes = (f"used by {first_few(names, _NAMED)}",)
        yield _unknown("Prometheus", version, feature, rules[0].place, *notes)


def _unknown(program: str, version: Version, feature: Feature, place: Place, *notes: str) -> Diagnostic:
    since = f"the first version that was tried and knows it is {written(feature.since)}" if feature.since else ""
    return finding(
        AUD951.name,
        Level.ERROR,
        f"{program} {written(version)} does not know {feature.what}",
        place,
        notes=notes,
        help=since or "no version that was tried knows it: write it in another way",
    )
