"""What `promtool test rules` says of a test that failed, in the words of whoever wrote the alert."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from generator.behaviour.documents import shown
from generator.behaviour.verification import Finding
from generator.checks.files.unit_tests_codes import (
    PRM610,
    PRM611,
    PRM612,
    PRM613,
    PRM614,
    PRM615,
    PRM616,
    PRM618,
    PRM619,
    PRM699,
)
from generator.diagnostics.diagnostic import Diagnostic
from generator.policy import duration
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta

    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath, PolicyPath
    from generator.plan.plan import AlertRule, ExpectedAlert, UnitTest


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert as promtool prints it."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A failed assertion; `expr` is set where it tests an expression instead of an alert."""

    block: str | None
    alert: str
    at: timedelta
    expr: str | None
    expected: tuple[Alert, ...]
    got: tuple[Alert, ...]
    said: str


def judge(verification: Verification, path: str, lines: Sequence[str]) -> Iterator[Finding]:
    """Yield a finding for each assertion of the test file `path` that promtool reports as failed."""
    missing = [line for line in lines if _NO_RULES.fullmatch(line)]
    # Without its rules no test of the file can hold: the rest follows.
    text = "\n".join(missing or lines)
    unread = text
    for match in _FAILURE.finditer(text):
        failure = _read(match)
        if failure is not None:
            unread = unread.replace(match[0], "", 1)
            yield _failed(verification, path, failure)
    rest = [line for line in unread.split("\n") if line.strip()]
    while rest:
        line = rest.pop(0)
        more = []
        while rest and rest[0].startswith("  line "):
            more.append(rest.pop(0))
        yield _unexplained_line(verification, path, "\n".join([line, *more]))


def failures(text: str) -> Iterator[Failure]:
    """Yield the failed assertions in what promtool says."""
    return (failure for match in _FAILURE.finditer(text) if (failure := _read(match)) is not None)


def unexpanded(alerts: Sequence[Alert]) -> Mapping[str, str]:
    """Return the annotations that Prometheus could not expand, with what stands in their place."""
    texts = (entry for alert in alerts for entry in alert.annotations.items())
    return {name: text for name, text in texts if text.startswith(_NOT_EXPANDED)}


def not_expanded(verification: Verification, path: str, failure: Failure, texts: Mapping[str, str]) -> Finding:
    """Return the finding that an alert fires in its test with texts that could not be expanded."""
    test = _test(verification, path, failure)
    names = " and ".join(f"`{name}`" for name in texts)
    return Finding(
        diagnostic=Diagnostic(
            code=PRM619.name,
            message=f"Prometheus cannot expand the {names} of {failure.alert} when it fires in its test",
            route=test.route if test else None,
            notes=tuple(f"{name} reads: {text}" for name, text in texts.items()),
            help='mend the text, or guard it: `{{ with query "..." }}...{{ end }}`, `{{ with $labels.x }}...{{ end }}`',
        ),
        path=path,
        where=_where(verification, path, failure),
    )


def says_otherwise(
    verification: Verification, path: str, failure: Failure, test: UnitTest, expected: ExpectedAlert, got: Alert
) -> Finding:
    """Return the finding that the summary of an alert does not read as its test says."""
    wanted = Alert(labels=got.labels, annotations={**got.annotations, "summary": expected.says or ""})
    code, message, notes, help = _compared(failure.alert, duration.write(failure.at), wanted, got)
    return Finding(
        diagnostic=Diagnostic(code=code, message=message, route=(*test.route, "says"), notes=notes, help=help),
        path=path,
        where=_where(verification, path, failure),
    )


_NOT_EXPANDED = "<error expanding template"

# ------------------------------------------------------------------------------------------- reading promtool's report

_FAILURE = re.compile(
    r"(?:^    name: (?P<block>.*),\n)?"
    r"(?:^    alertname: (?P<alert>.*), time: (?P<at>\S+), $|^    expr: (?P<expr>\".*\"), time: (?P<when>\S+),$)\n"
    r"^        exp:(?P<expected>.*(?:\n {9,}.*)*)\n"
    r"^        got:(?P<got>.*(?:\n {9,}.*)*)",
    re.MULTILINE,
)
_QUOTED = r'"((?:[^"\\]|\\.)*)"'
_PAIR = re.compile(rf'([a-zA-Z_:][\w:]*|"(?:[^"\\]|\\.)*")={_QUOTED}')
_ALERT = re.compile(r"Labels:\{(.*)\}\n\s*Annotations:\{(.*)\}")
_SAMPLE = re.compile(rf"\{{((?:[a-zA-Z_:][\w:]*={_QUOTED}(?:, )?)*)\}}|nil")
_OF_ALERT = re.compile(rf"ALERTS\{{alertname={_QUOTED}")


def _read(match: re.Match[str]) -> Failure | None:
    if match["expr"] is None:
        alert, at, expr = match["alert"], match["at"], None
        expected, got = (_alerts(match[side]) for side in ("expected", "got"))
    else:
        expr, at = _unquoted(match["expr"]), match["when"]
        name = _OF_ALERT.search(expr)
        if name is None:
            return None
        alert = _unquoted(f'"{name[1]}"')
        expected, got = (_samples(match[side]) for side in ("expected", "got"))
    try:
        moment = duration.parse(at)
    except ValueError:
        return None
    return Failure(block=match["block"], alert=alert, at=moment, expr=expr, expected=expected, got=got, said=match[0])


def _alerts(text: str) -> tuple[Alert, ...]:
    return tuple(
        Alert(labels=_pairs(labels), annotations=_pairs(annotations)) for labels, annotations in _ALERT.findall(text)
    )


def _samples(text: str) -> tuple[Alert, ...]:
    """Return the alerts in the samples of the series ALERTS."""
    samples = (_pairs(sample[1] or "") for sample in _SAMPLE.finditer(text) if sample[0] != "nil")
    internal = ("__name__", "alertstate")
    return tuple(
        Alert(labels={name: value for name, value in labels.items() if name not in internal}, annotations={})
        for labels in samples
    )


def _pairs(text: str) -> dict[str, str]:
    return {name.strip('"'): _unquoted(f'"{value}"') for name, value in _PAIR.findall(text)}


def _unquoted(text: str) -> str:
    """Return the value of a Go string literal, whose escapes are also Python's."""
    try:
        return str(ast.literal_eval(text))
    except (ValueError, SyntaxError):
        return text[1:-1]


# ------------------------------------------------------------------------------------------- saying what went wrong


def _failed(verification: Verification, path: str, failure: Failure) -> Finding:
    texts = unexpanded(failure.got) if failure.expected else {}
    if texts:
        return not_expanded(verification, path, failure, texts)
    test = _test(verification, path, failure)
    code, message, notes, help = _explanation(verification, failure)
    route = test.route if test else None
    return Finding(
        diagnostic=Diagnostic(
            code=code,
            message=message,
            route=route,
            notes=(*notes, f"promtool:\n{failure.said}"),
            help=help,
        ),
        path=path,
        where=_where(verification, path, failure),
    )


def _explanation(verification: Verification, failure: Failure) -> tuple[str, str, tuple[str, ...], str]:
    """Return code, message, notes and help for a failed assertion."""
    name, at = failure.alert, duration.write(failure.at)
    missing = [alert for alert in failure.expected if alert not in failure.got]
    extra = [alert for alert in failure.got if alert not in failure.expected]
    if not failure.got:
        with_labels = _distinguishing_labels(verification, name, failure.expected)
        return (
            PRM610.name,
            f"expected {name} to fire at {at}{with_labels}, but it did not fire",
            (),
            "does the expression become true, and stay so as long as `for` says (in whole evaluations)?",
        )
    if not failure.expected:
        with_labels = _distinguishing_labels(verification, name, failure.got)
        until = f"until {at}" if failure.expr else f"at {at}"
        return (
            PRM611.name,
            f"expected {name} to be silent {until}, but it fires{with_labels}",
            (),
            "it fires sooner than the test says: correct `fires_at`, or the expression and its `for`"
            if failure.expr is None
            else "correct the threshold or the expression, or the series of the test",
        )
    if len(missing) == len(extra) == 1:
        return _compared(name, at, missing[0], extra[0])
    return (
        PRM614.name,
        f"expected {len(failure.expected)} alert(s) {name} at {at}, but {len(failure.got)} fire",
        (
            *(f"expected {_labels(alert.labels)}" for alert in missing),
            *(f"got {_labels(alert.labels)}" for alert in extra),
        ),
        "a test names one alert; its series may hold no second one",
    )


def _compared(name: str, at: str, expected: Alert, got: Alert) -> tuple[str, str, tuple[str, ...], str]:
    if expected.labels != got.labels:
        return (
            PRM612.name,
            f"{name} fires at {at}, but with other labels than expected",
            tuple(_differences(expected.labels, got.labels)),
            "correct `labels` of the test, or what the expression keeps of its series (`sum by (...)`)",
        )
    differ = [
        key
        for key in {**expected.annotations, **got.annotations}
        if expected.annotations.get(key) != got.annotations.get(key)
    ]
    differing = "summary" if "summary" in differ else ", ".join(sorted(differ))
    return (
        PRM613.name,
        f"{name} fires at {at}, but its {differing} reads differently",
        tuple(_differences(expected.annotations, got.annotations)),
        "correct `says` of the test, or the alert's `summary`",
    )


def _differences(expected: Mapping[str, str], got: Mapping[str, str]) -> Iterator[str]:
    for key in sorted({**expected, **got}):
        if expected.get(key) != got.get(key):
            yield f"{key}: expected {_value(expected.get(key))}, got {_value(got.get(key))}"


def _value(text: str | None) -> str:
    return "nothing" if text is None else f'"{text}"'


def _distinguishing_labels(verification: Verification, name: str, alerts: tuple[Alert, ...]) -> str:
    """Return the labels that tell these alerts apart, as ` with {...} and {...}`; empty where none do."""
    static = [rule.labels for rule in verification.plan.rules if rule.name == name]
    own_labels, service = [], verification.plan.policy.labels.service
    for alert in alerts:
        rule_labels = next((labels for labels in static if labels.get(service) == alert.labels.get(service)), {})
        own_labels.append(
            {key: value for key, value in alert.labels.items() if key != "alertname" and key not in rule_labels}
        )
    shown_labels = [_labels(labels) for labels in own_labels if labels]
    return f" with {' and '.join(shown_labels)}" if shown_labels else ""


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key}={promql.quote(value)}" for key, value in sorted(labels.items())) + "}"


# ------------------------------------------------------------------------------------------- finding the test


def _test(verification: Verification, path: str, failure: Failure) -> UnitTest | None:
    """Return the policy's test with the failed assertion, preferably from the block that promtool names."""
    tests = [
        (test, rule)
        for rule in verification.plan.rules
        if rule.name == failure.alert
        for test in rule.tests
        if any((alert.alert, alert.at) == (failure.alert, failure.at) for alert in test.expected)
    ]
    label = verification.plan.policy.labels.service
    services = {alert.labels.get(label) for alert in (*failure.expected, *failure.got)}

    def fitness(pair: tuple[UnitTest, AlertRule]) -> tuple[bool, bool, bool]:
        test, rule = pair
        wants = any(
            alert.fires == bool(failure.expected) and alert.throughout == (failure.expr is not None)
            for alert in test.expected
        )
        return (
            rule.service in services or path.rpartition("/")[2].split(".")[0] == rule.service,
            failure.block is not None and test.name in failure.block.split(", "),
            wants,
        )

    return max(tests, key=fitness)[0] if tests else None


def _where(verification: Verification, path: str, failure: Failure) -> EntryPath:
    """Return the path of the assertion in the test file."""
    kind, key, wanted = (
        ("alert_rule_test", "alertname", failure.alert)
        if failure.expr is None
        else ("promql_expr_test", "expr", failure.expr)
    )
    best: EntryPath = ()
    for number, block in enumerate(_entries(verification.documents[path], "tests")):
        for place, assertion in enumerate(_entries(block, kind)):
            if assertion.get(key) == wanted and duration.parse(assertion["eval_time"]) == failure.at:
                if failure.block in (None, block.get("name")):
                    return ("tests", number, kind, place)
                best = best or ("tests", number, kind, place)
    return best


def _entries(document: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = document.get(key) or []
    return entries


# ------------------------------------------------------------------------------------------- what is no assertion

_NO_RULES = re.compile(r"\s*WARNING: no file match pattern (.*)")
_NOT_RUN = re.compile(r"    expr: (\".*\"), time: (\S+), err: (.*)")
_BAD_SERIES = re.compile(r"\d+:\d+: parse error: (.*)")


def _unexplained_line(verification: Verification, path: str, line: str) -> Finding:
    warning, series, expression = _NO_RULES.fullmatch(line), _BAD_SERIES.fullmatch(line), _NOT_RUN.fullmatch(line)
    route: PolicyPath | None = None
    where: EntryPath = ()
    if warning:
        code, message = PRM616.name, f"{shown(path)} tests rules that do not exist, so it tests nothing"
        help, where = "the rules or the tests are written by a template that was changed", ("rule_files",)
    elif series:
        code, message = PRM615.name, f"the series of a test cannot be read: {series[1]}"
        route, where = _unreadable_test(verification, path)
        help = 'series are written `metric{label="value"}`, values `1x10`, `0+5x20`, `_` and `stale`'
    elif expression:
        code, message = PRM618.name, f"a test contains an expression that cannot be evaluated: {expression[3]}"
        help = "correct the template of the tests"
    else:
        code, message = PRM699.name, f"`promtool test rules` complains about {shown(path)}"
        help = "these are its own words"
    return Finding(
        diagnostic=Diagnostic(
            code=code,
            message=message,
            route=route,
            notes=(f"promtool: {line.strip()}",),
            help=help,
        ),
        path=path,
        where=where,
    )


_VALUES = re.compile(
    r"\s*(?:(?:_|stale|-?[\d.]+(?:[eE][+-]?\d+)?|-?(?i:inf|nan)|\{\{.*?\}\})"
    r"(?:[+-](?:[\d.]+(?:[eE][+-]?\d+)?|\{\{.*?\}\}))?(?:x\d+)?(?:\s+|$))*"
)


def _unreadable_test(verification: Verification, path: str) -> tuple[PolicyPath | None, EntryPath]:
    """Return the first test with series that cannot be parsed, as entry of the policy and of the file."""
    for number, block in enumerate(_entries(verification.documents[path], "tests")):
        for place, series in enumerate(_entries(block, "input_series")):
            readable = promql.selectors(series["series"]) is not None and _VALUES.fullmatch(series["values"])
            if not readable:
                return _giving(verification, series["series"], series["values"]), (
                    "tests",
                    number,
                    "input_series",
                    place,
                )
    return None, ()


def _giving(verification: Verification, series: str, values: str) -> PolicyPath | None:
    for rule in verification.plan.rules:
        for test in rule.tests:
            if test.given.get(series) == values:
                return (*test.route, "given") if test.route[0] == "alerts" else test.route
    return None
