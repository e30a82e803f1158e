"""Limits how many samples, rules and characters a policy may expand to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.plan import sizes
from generator.policy.owners import BY_OWNER
from generator.policy.parameters import filled_value
from generator.upstream.promql import samples

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.model import Alert, Policy

POL250 = Code(
    name="POL250",
    title="Too many samples in a unit test",
    meaning="promtool keeps every sample of a test in memory, and needs none after the end of the test. Give fewer.",
)

POL253 = Code(
    name="POL253",
    title="Too many rules",
    meaning="Each alert has a rule for every service of `each`, and together these are more than a server "
    "would load. Write fewer.",
)

MOST_SAMPLES = 1_000_000
"""Samples in one test; promtool holds all of them, some 100 bytes each."""
MOST_TOGETHER = 20_000_000
"""Samples in all tests of all services; promtool takes some minutes for them."""
MOST_RULES = 500_000
MOST_CHARACTERS = 300_000_000
"""Characters of all rules, after the services of `each` are filled in."""


def check(policy: Policy) -> Iterator[Diagnostic]:
    """POL250, POL251, POL252, POL253, PQL726: too many samples, rules or characters, or an expression too large."""
    for name, record in policy.records.items():
        yield from sizes.expression(name, record.expr, ("records", name, "expr"))
    given_by: dict[str, int] = {}
    single = False
    for name, alert in policy.alerts.items():
        yield from sizes.expression(name, alert.expr, ("alerts", name, "expr"))
        yield from sizes.text(name, "summary", alert.summary, ("alerts", name, "summary"))
        if alert.details:
            yield from sizes.text(name, "details", alert.details, ("alerts", name, "details"))
        given_by[name] = 0
        for number, test in enumerate(alert.tests):
            parameters = alert.of_severity(test.severity).parameters(policy.services)
            of = [given for service, given in parameters.items() if test.is_of(service)]
            if not any("$" in str(values) for values in test.given.values()):
                counts = [sum(map(samples.count, test.given.values()))] * len(of)
            else:
                counts = [
                    sum(samples.count(filled_value(str(values), given)) for values in test.given.values())
                    for given in of
                ]
            given_by[name] += sum(counts)
            count = max(counts, default=0)
            if count > MOST_SAMPLES:
                single = True
                yield _too_many_samples(name, count, ("alerts", name, "tests", number, "given"))
    together = sum(given_by.values())
    if together > MOST_TOGETHER and not single:
        yield _too_many_together(together, max(given_by, key=lambda name: given_by[name]))
    yield from _expansion(policy)


def _too_many_samples(name: str, count: int, route: PolicyPath) -> Diagnostic:
    return Diagnostic(
        code=POL250.name,
        message=f"this test of {name} gives {_many(count)} samples, more than the {MOST_SAMPLES:,} that are allowed",
        route=route,
        help="give only as many as the test runs for: none is read after `fires_at` or `silent_until`",
    )


def _too_many_together(together: int, largest: str) -> Diagnostic:
    return Diagnostic(
        code=POL250.name,
        message=f"all tests together give {_many(together)} samples, more than the {MOST_TOGETHER:,} that are allowed",
        route=("alerts", largest, "tests"),
        help="give only as many as each test runs for; the tests of this alert give the most",
    )


def _expansion(policy: Policy) -> Iterator[Diagnostic]:
    """POL253: the services of `each` expand to more or longer rules than any server would load."""
    rules = characters = 0
    largest, most = "", -1
    for name, alert in policy.alerts.items():
        times = _services(policy, alert) * _thresholds(alert)
        length = times * sum(map(len, _texts(alert)))
        if isinstance(alert.each, dict):
            length += sum(_filled(alert, parameters) for parameters in alert.each.values())
        rules += times
        characters += length
        if length > most:
            largest, most = name, length
    for number, limit, what in ((rules, MOST_RULES, "rules"), (characters, MOST_CHARACTERS, "characters of rules")):
        if number > limit:
            yield Diagnostic(
                code=POL253.name,
                message=f"the alerts and their services make {_many(number)} {what}, more than the {limit:,} that "
                "are allowed",
                route=("alerts", largest),
                help="use `each` in fewer alerts, or for fewer services; this alert adds the most",
            )


def _filled(alert: Alert, parameters: dict[str, str]) -> int:
    """Return how many characters the parameters add to the texts of an alert."""
    return sum(len(value) * text.count(f"${name}") for name, value in parameters.items() for text in _texts(alert))


def _texts(alert: Alert) -> tuple[str, ...]:
    """Return the texts of an alert that stand in its rules."""
    more = (*alert.labels.values(), *alert.annotations.values())
    return (alert.expr, alert.summary, alert.details or "", alert.public or "", *more)


def _services(policy: Policy, alert: Alert) -> int:
    if alert.each == "all":
        return len(policy.services)
    if alert.each == BY_OWNER:
        return len(policy.owners.services) if policy.owners else 1
    return len(alert.each) if alert.each else 1


def _thresholds(alert: Alert) -> int:
    """Return how often the expression of an alert is written for a service: the lesser may leave out the worse."""
    several = len(alert.each_severity)
    return several * (several + 1) // 2


def _many(number: int) -> str:
    return f"{number:,}" if number < 10**15 else "more than 10^15"
