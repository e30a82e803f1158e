"""What a running Prometheus says of the series that rules read: which labels they have now, and which are missing."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from generator.audit.shared import finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Level
from generator.diagnostics.wording import first_few
from generator.policy import duration
from generator.remote.servers import servers
from generator.system.record import record
from generator.upstream.promql import promql
from generator.upstream.promql.records import MADE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import timedelta

    from generator.audit.promise import Promise
    from generator.audit.written import WrittenRule
    from generator.behaviour.behaviour import Rule
    from generator.behaviour.label_sets import Seen
    from generator.diagnostics.diagnostic import Diagnostic
    from generator.remote.servers.web import Client

AUD950 = Code(
    name="AUD950",
    title="Alert reads series that the server does not have",
    meaning="The Prometheus that was asked has no series for the selector now, so that the alert cannot fire. The "
    "metric has another name, its target is not scraped, or the series exists only while something is wrong.",
)

_NAMED = 8
_MAKE_LABELS = {"label_replace": 1, "label_join": 1}
"""Functions that give series a label, by the argument that names it."""


@record
class Server:
    """What a Prometheus says of itself and of the series that rules read."""

    promise: Promise
    """With its external labels, intervals and version."""
    seen: Seen
    missing: Mapping[str, tuple[WrittenRule, ...]]
    """The rules that read each selector without a series."""


def ask(client: Client, rules: Iterable[WrittenRule], labels: Iterable[str], promise: Promise) -> Server:
    """Return what a Prometheus knows of `labels` of the series that alerting rules read.

    Raises EnvironmentProblem where it does not answer.
    """
    state = servers.about(client)
    alerting = [written for written in rules if not written.rule.records]
    asked = tuple(sorted(labels))
    series = {
        text: servers.label_sets(client, text, asked)
        for text in dict.fromkeys(text for written in alerting for text in _watched(written.rule))
    }
    seen: dict[str, Mapping[str, frozenset[str]]] = {}
    missing: dict[str, list[WrittenRule]] = {}
    for written in alerting:
        expression = written.rule.expr
        texts = _watched(written.rule)
        for text in texts:
            if not series[text]:
                missing.setdefault(text, []).append(written)
        known = [label_set for text in texts for label_set in series[text]]
        # Of what is not there now nobody knows which labels it will have.
        if texts and all(map(series.get, texts)) and expression not in seen:
            made = _made(expression)
            if made is not None:
                kept = [label for label in asked if label not in made]
                seen[expression] = {label: frozenset(each.get(label, "") for each in known) for label in kept}
    return Server(
        promise=_with(promise, state),
        seen=seen,
        missing={text: tuple(readers) for text, readers in missing.items()},
    )


def check(server: Server, alerts: int) -> Iterator[Diagnostic]:
    """AUD950: the server has no series for what alerts read."""
    readers = {id(written): written for rules in server.missing.values() for written in rules}
    if not readers:
        return
    first = next(iter(readers.values()))
    names = list(dict.fromkeys(written.rule.name for written in readers.values()))
    yield finding(
        AUD950.name,
        Level.NOTE,
        f"{len(readers):,} of {alerts:,} alerts read series that the server does not have now: "
        f"{first_few(names, _NAMED)}",
        first.place,
        notes=tuple(f"no series: {text}" for text in list(server.missing)[:_NAMED]),
        help="correct the name, scrape the target, or leave it: the series may exist only while something is wrong",
    )


def _with(promise: Promise, state: servers.About) -> Promise:
    premises = promise.premises

    def interval(name: str, otherwise: timedelta) -> timedelta:
        written = state.intervals.get(name)
        return duration.parse(written) if written else otherwise

    return replace(
        promise,
        external={label: (value,) for label, value in state.external.items()},
        prometheus=state.version,
        given=frozenset(("scrape", "evaluate")),
        premises=replace(
            premises,
            scrape=interval("scrape_interval", premises.scrape),
            scrape_timeout=interval("scrape_timeout", premises.scrape_timeout),
            evaluate=interval("evaluation_interval", premises.evaluate),
        ),
    )


def _watched(rule: Rule) -> tuple[str, ...]:
    """Return the selectors whose series can become alerts of the rule; none where that is not certain."""
    selectors = promql.selectors(rule.expr) or ()
    return tuple(
        dict.fromkeys(selector.text for selector in selectors if selector.watched and selector.metric not in MADE)
    )


def _made(expression: str) -> frozenset[str] | None:
    """Return the labels that the expression itself gives its series; None where it can be any."""
    tree = promql.parsed(expression)
    if tree is None or any(selector.metric in MADE for selector in promql.selectors(expression) or ()):
        return None
    made: set[str] = set()
    for node in promql.every(tree):
        name = node.func.name if promql.kind(node) == "Call" else ""
        if name == "info" or name.startswith("absent"):
            return None
        label: Any = node.args[_MAKE_LABELS[name]] if name in _MAKE_LABELS else None
        if promql.kind(node) == "AggregateExpr" and str(node.op) == "count_values":
            label = node.param
        if label is not None:
            if promql.kind(label) != "StringLiteral":
                return None
            made.add(str(label.val))
    return frozenset(made)
