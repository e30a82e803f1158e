"""Several thresholds of one alert: while the worse fires, the lesser is not told for the same labels.

Alertmanager silences the lesser (an inhibition) where nothing is lost by it: it is not urgent, and it is certain which
labels the two have in common. Else its expression leaves out what the worse fires for: an alert that ends while it is
silenced would be lost, one that is not there is not.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from generator.diagnostics.wording import listed
from generator.plan import sizes
from generator.plan.paging_hours import holds_back
from generator.plan.plan import Inhibition
from generator.policy import duration
from generator.upstream.alertmanager.matchers import is_any, is_like, is_one
from generator.upstream.promql import promql
from generator.upstream.promql.labels import Reader
from generator.upstream.promql.records import Records

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import timedelta

    from generator.plan.expand import Expansion
    from generator.plan.plan import AlertRule
    from generator.policy.label_names import LabelNames
    from generator.policy.model import Policy


def apart(expansion: Expansion, rules: Sequence[AlertRule]) -> tuple[AlertRule, ...]:
    """Return the rules of one alert and service, the worst first, of which the lesser know of the worse."""
    apart_rules = list(rules[:1])
    for number, rule in enumerate(rules[1:], start=1):
        expr = rule.expr
        for worse in rules[:number]:
            if not is_silenced(expansion.policy, worse, rule):
                expr = f"{_in_parentheses(expr)}\nunless\n{_in_parentheses(_fires(worse, expansion.stack.evaluate))}"
        if expr is not rule.expr:
            expansion.findings.extend(sizes.expression(rule.name, expr, (*rule.route, "expr")))
        apart_rules.append(replace(rule, expr=expr, lesser=True, bare="" if expr is rule.expr else rule.expr))
    return tuple(apart_rules)


def _fires(worse: AlertRule, evaluate: timedelta) -> str:
    """Return an expression that is true where the worse fires, and not sooner: while it waits, the lesser is told.

    With a `for` it has been true at all points of a range that is two evaluations longer: its own rule is evaluated
    between those points, and must have seen it all the time.
    """
    if not worse.hold:
        return worse.expr
    count = -(-worse.hold // evaluate) + 2
    step = duration.write(evaluate)
    return f"count_over_time({_in_parentheses(worse.expr)}[{duration.write(count * evaluate)}:{step}]) >= {count}"


def _in_parentheses(expr: str) -> str:
    return f"({expr}\n)" if "#" in expr else f"({expr})"  # a comment at its end would hide what follows


def is_silenced(policy: Policy, worse: AlertRule, lesser: AlertRule) -> bool:
    """Return whether Alertmanager silences the lesser while the worse fires."""
    team = policy.services[lesser.service].team
    later = holds_back(policy, team, worse.severity) and not holds_back(policy, team, lesser.severity)
    return not later and lesser.severity not in policy.urgent and _only(policy, worse, lesser) is not None


def _only(policy: Policy, *rules: AlertRule) -> frozenset[str] | None:
    """Return all labels that series of these rules can have; None where that is not known."""
    reader = Reader(Records(policy.records.items()))
    found: frozenset[str] = frozenset()
    for rule in rules:
        tree = promql.parsed(rule.expr)
        labels = reader.read(tree).labels if tree is not None else None
        if labels is None or labels.only is None:
            return None
        found |= labels.only
    return found


def inhibitions(
    policy: Policy, rules: Iterable[AlertRule], environment: str, places: tuple[str, ...]
) -> Iterator[Inhibition]:
    """Yield for each alert with several thresholds what silences the lesser: the worse, for the same labels.

    `environment` is a matcher; `places` are labels in which both agree wherever something is silenced.
    """
    several: dict[str, dict[str, dict[str, AlertRule]]] = {}
    named = {name for name, alert in policy.alerts.items() if alert.at}
    for rule in rules:
        if rule.name in named and rule.origin.authored and rule.route == ("alerts", rule.name):
            several.setdefault(rule.name, {}).setdefault(rule.service, {})[rule.severity] = rule
    for name, by_service in sorted(several.items()):
        for worse, lesser in combinations(policy.alerts[name].at, 2):
            pairs = [(of[worse], of[lesser]) for of in by_service.values()]
            silenced = [pair for pair in pairs if is_silenced(policy, *pair)]
            if silenced:
                labels = {label for pair in silenced for label in _only(policy, *pair) or ()}
                own = labels - silenced[0][0].labels.keys()
                where = [environment]
                if len(silenced) < len(pairs):
                    where.append(is_any(policy.labels.service, (one.service for one, _ in silenced)))
                yield _inhibition(policy.labels, name, (worse, lesser), tuple(sorted(own)), tuple(where), places)


def _inhibition(
    names: LabelNames,
    name: str,
    severities: tuple[str, str],
    labels: tuple[str, ...],
    where: tuple[str, ...],
    places: tuple[str, ...],
) -> Inhibition:
    worse, lesser = severities
    of = f" of the same {listed(labels)}" if labels else ""
    return Inhibition(
        why=f"While {name} is a {worse}, the {lesser}{of} waits.",
        source=(is_one("alertname", name), is_one(names.severity, worse), *where, is_one(names.duty, "")),
        # See Routing._inhibition: no matcher with `=` stands on both sides.
        target=(is_like("alertname", name), is_one(names.severity, lesser), is_like(names.duty, "")),
        equal=tuple(dict.fromkeys((*places, names.service, *labels))),
        route=("alerts", name, "at"),
    )
