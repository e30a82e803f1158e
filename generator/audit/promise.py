"""What files are held against: which values are urgent, by when somebody must have answered, what counts as a page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from generator.diagnostics import formats
from generator.diagnostics.diagnostic import PolicyErrors
from generator.plan.timing import Premises, premises
from generator.policy import duration, schema, source
from generator.policy.model import PAGE
from generator.policy.parts import on_disk
from generator.system.record import record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet
    from datetime import timedelta
    from pathlib import Path

    from generator.behaviour.behaviour import Integration
    from generator.upstream.features import Version


@record
class SeverityPromise:
    """What is promised of the alerts with one value of the severity label."""

    name: str
    urgent: bool
    acknowledge: timedelta | None
    """None: no time is promised."""
    notify: tuple[str, ...]
    """`page`, or receivers by name; empty: anybody will do."""
    answer_in: timedelta
    """How long somebody takes to answer a page."""


@record
class Promise:
    """What the checks of an audit hold rules and routes against."""

    label: str
    severities: Mapping[str, SeverityPromise]
    """By the value of the label, the worst first."""
    pages: tuple[str, ...]
    """Kinds of receivers, and receivers by name."""
    owner: tuple[str, ...]
    runbook: tuple[str, ...]
    premises: Premises
    given: frozenset[str]
    """The premises that somebody gave, `scrape` and `evaluate` among them; others are Prometheus' defaults."""
    external: Mapping[str, tuple[str, ...]]
    apart: frozenset[str]
    """Labels of alerts of which nothing is promised: a policy's own heartbeat and reminders carry `duty`."""
    prometheus: Version | None
    alertmanager: Version | None

    def of(self, severity: str) -> SeverityPromise | None:
        """Return what is promised of a value of the label; None: nothing."""
        return self.severities.get(severity)

    def is_page(self, receiver: str, integration: Integration) -> bool:
        """Return whether a message of this integration wakes somebody."""
        return integration.kind.name in self.pages or receiver in self.pages

    def rank(self, severity: str) -> int:
        """Return the place of a value among all, 0 for the worst; those of which nothing is promised come last."""
        names = list(self.severities)
        return names.index(severity) if severity in self.severities else len(names)


DEFAULT = """\
severity: severity              # the label that says how bad an alert is
severities:                     # its values, the worst first; nothing is promised of others
  critical: {urgent: true}
  warning: {}
  info: {}
pages: [pagerduty, opsgenie, victorops, pushover, incidentio]
answer_in: 5m
owner: [team, owner, squad]     # one of these labels says whose alert it is
runbook: [runbook_url, runbook] # one of these annotations leads to a runbook
stack:
  prometheus: {scrape: 1m, scrape_timeout: 10s, evaluate: 1m}
  alertmanager: {peers: 1}
  delivery: 15s
"""
"""The promise where none is given, for rules whose worst severity is `critical`.

It is promised no time, since no file says one.
"""
_WORST = (
    ("page",),
    ("P0", "P1", "p0", "p1", "SEV0", "SEV1", "sev0", "sev1"),
    ("emergency", "disaster", "fatal", "critical"),
)
"""Values that are urgent where a rule has one of them: the first of these that are in use."""
_LESSER = ("critical", "error", "high", "major", "warning", "minor", "low", "info")


def read(path: Path) -> Promise:
    """Return the promise in a file, which may be a policy; raises PolicyErrors where it is neither."""
    file = on_disk(path).read()
    is_policy = "version" in file.tree and "alerts" in file.tree
    try:
        return _of_policy(file) if is_policy else parse(file)
    except PolicyErrors as refused:
        placed = PolicyErrors(*formats.place(refused.diagnostics, file))
        placed.sources = {**file.texts, **file.attached}
        raise placed from None


def default() -> Promise:
    """Return the promise of `DEFAULT`."""
    return replace(parse(source.read(DEFAULT.encode(), "the defaults")), given=frozenset())


def usual(values: AbstractSet[str]) -> Promise:
    """Return the promise of `DEFAULT` for rules whose severity label has these values."""
    promise = default()
    urgent = next((worst for worst in _WORST if values & {*worst}), ("critical",))
    names = [*(value for value in urgent if value in values), *(value for value in _LESSER if value in values)]
    usual = next(iter(promise.severities.values()))
    severities = {name: replace(usual, name=name, urgent=name in urgent) for name in names}
    return replace(promise, severities=severities or promise.severities)


def parse(file: source.Source) -> Promise:
    """Return the promise that a file writes, with the defaults for what it leaves out; raises PolicyErrors."""
    usual = source.read(DEFAULT.encode(), "the defaults").tree
    own = schema.check(file.tree, "promise")
    tree = _laid_over(usual, own, "stack", "prometheus", "alertmanager")
    stack = tree["stack"]
    prometheus, alertmanager = stack["prometheus"], stack["alertmanager"]
    return Promise(
        label=tree["severity"],
        severities={
            name: _severity(name, entry or {}, tree["answer_in"]) for name, entry in tree["severities"].items()
        },
        pages=tuple(tree["pages"]),
        owner=tuple(tree["owner"]),
        runbook=tuple(tree["runbook"]),
        premises=Premises(
            scrape=duration.parse(prometheus["scrape"]),
            scrape_timeout=duration.parse(prometheus["scrape_timeout"]),
            evaluate=duration.parse(prometheus["evaluate"]),
            lookback=duration.parse("5m"),
            alertmanager_timeout=duration.parse("10s"),
            batches=1,
            retention=duration.parse("15d"),
            replicas=1,
            peers=int(alertmanager["peers"]),
            peer_timeout=duration.parse("15s"),
            resolve_timeout=duration.parse("5m"),
            delivery=duration.parse(stack["delivery"]),
            survive=(),
        ),
        given=frozenset(own.get("stack", {}).get("prometheus", ())),
        apart=frozenset(),
        external={label: tuple(values) for label, values in prometheus.get("external_labels", {}).items()},
        prometheus=_version(prometheus.get("version")),
        alertmanager=_version(alertmanager.get("version")),
    )


def _laid_over(usual: Mapping[str, Any], own: Mapping[str, Any], *parts: str) -> dict[str, Any]:
    """Return the usual entries with a file's own laid over them, and `parts` entry by entry."""
    return {
        **usual,
        **{key: _laid_over(usual[key], entry, *parts) if key in parts else entry for key, entry in own.items()},
    }


def _severity(name: str, entry: Mapping[str, Any], answer_in: str) -> SeverityPromise:
    acknowledge = entry.get("acknowledge")
    return SeverityPromise(
        name=name,
        urgent=entry.get("urgent") == "true",
        acknowledge=None if acknowledge is None else duration.parse(acknowledge),
        notify=tuple(entry.get("notify", ())),
        answer_in=duration.parse(answer_in),
    )


def _version(text: str | None) -> Version | None:
    return None if text is None else tuple(map(int, text.split(".")[:2]))


def _of_policy(file: source.Source) -> Promise:
    """Return what a policy promises, for rules that follow it without alertc."""
    from generator import pipeline

    plan, _ = pipeline.planned(file)
    stack = plan.policy.stack
    severities = {
        name: SeverityPromise(
            name=name,
            urgent=plan.policy.severities[name].urgent,
            acknowledge=severity.acknowledge,
            notify=(PAGE,) if severity.pages else (),
            answer_in=severity.answer_in.length,
        )
        for name, severity in plan.severities.items()
    }
    return replace(
        default(),
        label=plan.policy.labels.severity,
        owner=tuple(dict.fromkeys((plan.policy.labels.team, *default().owner))),
        severities=severities,
        pages=(*default().pages, *plan.policy.paging_channels),
        premises=premises(stack),
        given=frozenset(("scrape", "evaluate")),
        external=stack.prometheus.external_labels,
        apart=frozenset((plan.policy.labels.duty,)),
        prometheus=stack.prometheus.version[:2],
        alertmanager=stack.alertmanager.version[:2],
    )


def written(promise: Promise) -> Iterator[str]:
    """Yield what is promised, in sentences for people."""
    urgent = [name for name, severity in promise.severities.items() if severity.urgent]
    which = f"{promise.label}={'|'.join(urgent)} is urgent" if urgent else f"no {promise.label} is urgent"
    yield which + "".join(
        f"; {name} is answered within {duration.write(severity.acknowledge)}"
        for name, severity in promise.severities.items()
        if severity.acknowledge
    )
    stack = promise.premises
    yield f"what pages: {', '.join(promise.pages) or 'nothing'}"
    yield (
        f"times: scraped every {duration.write(stack.scrape)}, evaluated every {duration.write(stack.evaluate)}, "
        f"delivered within {duration.write(stack.delivery)}"
    )
    for label, values in promise.external.items():
        yield f"external label {label}: {', '.join(values) or 'any value'}"
