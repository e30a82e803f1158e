"""Several thresholds of one alert: `at` says for each severity what differs, above all the parameters.

An alert with `at` is as many alerts of one name, one for each severity: `Alert.at` holds them, the worst first, and the
alert itself is the worst of them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.policy import duration

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from datetime import timedelta

    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.model import Alert, Severity, SeverityPolicy, Test

    Data = Mapping[str, Any]

POL262 = Code(
    name="POL262",
    title="Alert without a severity, or with both keys",
    meaning="An alert has one severity (`severity`), or several with a threshold each (`at`). Write exactly one of the "
    "two keys.",
    bad="""
severity: P3
at: {P1: {limit: 0.95}, P2: {limit: 0.8}}
expr: max by (host) (disk_used_ratio) > $limit
""",
    good="""
severity: P3
expr: max by (host) (disk_used_ratio) > 0.8
""",
)

POL263 = Code(
    name="POL263",
    title="Parameter that two keys give",
    meaning="`each` gives a service the parameter for all severities, and `at` gives another to all services of a "
    "severity: which of them counts would be a guess. Write that of a single service into `each` below the severity in "
    "`at`.",
)

POL264 = Code(
    name="POL264",
    title="Test that names no severity, or one too many",
    meaning="Where an alert has several thresholds (`at`), a test says by `severity` which of them it is about. Where "
    "it has one severity, that is it.",
)

_LENGTHS = {"for": "hold", "keep_firing_for": "keep_firing", "seen_within": "seen_within"}
_TEXTS = ("containment", "summary", "details")
_EACH = "each"


def severity(route: PolicyPath, entry: Data, findings: list[Diagnostic]) -> Severity:
    """Return the severity of an alert, the first of several; add to `findings` where it has none, or two keys."""
    if ("severity" in entry) == ("at" in entry):
        findings.append(
            Diagnostic(
                code=POL262.name,
                message=f"alert {route[-1]} has "
                + ("both `severity` and `at`" if "at" in entry else "neither `severity` nor `at`"),
                route=route,
                on_key=True,
                help="give it exactly one of `severity` and `at`"
                if "at" in entry
                else "say how bad it is, for example `severity: P0`; or `at`, where it has several thresholds",
            )
        )
    return str(entry.get("severity") or next(iter(entry.get("at", ())), ""))


def alerts(
    route: PolicyPath,
    entry: Data,
    alert: Alert,
    severities: Mapping[Severity, SeverityPolicy],
    findings: list[Diagnostic],
) -> Alert:
    """Return the alert with one of its kind for each severity of `at`; add to `findings` what is not clear.

    Where it means that its service is down, those severities say so that nothing may silence.
    """
    findings.extend(unclear_tests(route, str(route[-1]), alert.tests, entry.get("at", ())))
    if "at" not in entry or "severity" in entry:
        return alert
    findings.extend(_given_twice(route, entry))
    ranks = {name: place for place, name in enumerate(severities)}
    names = sorted(entry["at"], key=lambda name: ranks.get(name, len(ranks)))
    urgent = {name for name, one in severities.items() if one.urgent}
    at = {
        name: replace(
            _one(alert, name, entry["at"][name]),
            means=alert.means if name in urgent or name == names[0] else None,
        )
        for name in names
    }
    return replace(at[names[0]], at=at)


def _one(alert: Alert, severity: Severity, own: Data) -> Alert:
    """Return the alert as it is at a severity with what that says itself."""
    given = {key: value for key, value in own.items() if key not in (*_LENGTHS, *_TEXTS, _EACH)}
    changed: dict[str, timedelta | str] = {
        field: duration.parse(own[key]) for key, field in _LENGTHS.items() if key in own
    }
    changed |= {key: own[key] for key in _TEXTS if key in own}
    return replace(alert, severity=severity, given=given, given_to=own.get(_EACH, {}), **changed)  # type: ignore[arg-type]  # fields by their names


def _given_twice(route: PolicyPath, entry: Data) -> Iterator[Diagnostic]:
    """POL263: a parameter that a service has for all severities, and a severity for all services."""
    if not isinstance(entry.get(_EACH), dict):
        return
    for name, own in entry["at"].items():
        for service, parameters in entry[_EACH].items():
            for parameter in (key for key in parameters if key in own):
                yield Diagnostic(
                    code=POL263.name,
                    message=f"`{parameter}` of {service} is {parameters[parameter]} by `each`, and {own[parameter]} "
                    f"by `at/{name}`",
                    route=(*route, "at", name, parameter),
                    help=f"write what {service} needs below each severity: "
                    f"`{name}: {{{_EACH}: {{{service}: {{{parameter}: ...}}}}}}`",
                )


def unclear_tests(
    route: PolicyPath, name: str, tests: Iterable[Test], at: Collection[Severity]
) -> Iterator[Diagnostic]:
    """POL264: a test of an alert with several thresholds names none of them, or another test names one."""
    for number, test in enumerate(tests):
        if (test.severity is None) == bool(at):
            known = ", ".join(f"`{severity}`" for severity in at)
            yield Diagnostic(
                code=POL264.name,
                message=f"this test of {name} "
                + ("does not say which severity it is about" if at else "names a severity, and the alert has one only"),
                route=(*route, "tests", number, *(() if at else ("severity",))),
                on_key=True,
                help=f"add `severity`: {known}" if at else "remove `severity` from the test",
            )
