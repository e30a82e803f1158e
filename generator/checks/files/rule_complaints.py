"""What `promtool check rules` complains of, in terms of the policy."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from generator.behaviour.documents import shown
from generator.behaviour.identity import policy_route
from generator.behaviour.verification import Finding
from generator.checks.files.unit_tests_codes import PRM699
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import listed, shortened
from generator.system import programs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from generator.behaviour.behaviour import Rule
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath
    from generator.system.programs import Result

PRM601 = Code(
    name="PRM601",
    title="PromQL syntax error",
    meaning="Prometheus cannot parse the expression. Correct it at the place that is shown.",
)

PRM602 = Code(
    name="PRM602",
    title="Go template syntax error",
    meaning="A text of a rule contains `{{` but is not a valid template. Correct it, or quote the braces.",
)

PRM603 = Code(
    name="PRM603",
    title="Prometheus refuses a rule",
    meaning="Prometheus refuses the rule for the reason that is shown.",
)

PRM604 = Code(
    name="PRM604",
    title="Duplicate rule",
    meaning="Two rules have the same name and the same labels. Rename one, or give it a label.",
)

PRM605 = Code(
    name="PRM605",
    title="Prometheus refuses a rule file",
    meaning="Prometheus does not load the file. Compare your template with the packaged one.",
)


def judge(verification: Verification, complaints: Iterable[tuple[Result, list[str]]]) -> list[Finding]:
    """PRM601 to PRM605, PRM699: return what is wrong, from each result with the lines of its complaint."""
    return list(_once([finding for result, lines in complaints for finding in _judge_one(verification, result, lines)]))


_BAD_RULE = re.compile(
    r"(?:\d+:\d+: )*group \"(?P<group>.*?)\", rule (?P<number>\d+), \"(?P<name>.*?)\": (?P<problem>.*)"
)
_BAD_EXPRESSION = re.compile(r"could not parse expression: (\d+):(\d+): (?:parse error: )?(.*)", re.DOTALL)
_BAD_TEMPLATE = re.compile(r"(annotation|label) \"(.*?)\": (?:template: \S+? )?(.*)")
_DUPLICATES = re.compile(r"lint error \d+ duplicate rule")


def _judge_one(verification: Verification, result: Result, lines: list[str]) -> Iterator[Finding]:
    files = verification.rule_files
    unknown: list[str] = []
    said_something = bool(lines)
    seen: set[str] = set()
    while lines:
        line = lines.pop(0)
        path = next((file for file in files if line.startswith(f"{file}: ")), None)
        if _DUPLICATES.match(line):
            while lines and not lines[0].startswith("Might cause"):
                lines.pop(0)
            lines[:1] = []
            yield from _duplicates(verification)
        elif path is None:
            unknown.append(line)
        elif line not in seen:
            seen.add(line)
            # What follows without the name of a file belongs to the same complaint: YAML's list of errors.
            more = []
            while lines and lines[0].startswith("  "):
                more.append(lines.pop(0))
            yield _bad_file(verification, path, "\n".join([line.removeprefix(f"{path}: "), *more]))
    if unknown or (result.code and not seen and not said_something):
        yield unexplained("promtool check rules", result, unknown)


_SHOWN = 5


def _once(findings: list[Finding]) -> Iterator[Finding]:
    """Yield one finding per policy entry: `each` gives an alert one rule per service."""
    alike: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for number, finding in enumerate(sorted(findings, key=lambda finding: finding.path or "")):
        diagnostic = finding.diagnostic
        alike[(diagnostic.code, diagnostic.route) if diagnostic.route else (number,)].append(finding)
    for first, *others in alike.values():
        services = [_service(finding) for finding in others if finding.path != first.path]
        note = (f"the same for {listed(shortened(services, _SHOWN))}",) if services else ()
        yield replace(first, diagnostic=replace(first.diagnostic, notes=(*first.diagnostic.notes, *note)))


def _service(finding: Finding) -> str:
    return (finding.path or "").rpartition("/")[2].removesuffix(".yaml")


def unexplained(command: str, result: Result | None, lines: Sequence[str]) -> Finding:
    """Return one finding with the output that no pattern recognises, in full."""
    text = "\n".join(lines) or (f"{result.stdout}\n{result.stderr}".strip() if result else "")
    ended = f" (exit code {result.code})" if result else ""
    return Finding(
        diagnostic=Diagnostic(
            code=PRM699.name,
            message=f"`{command}` complains{ended}",
            notes=(programs.excerpt(text) or "it said nothing",),
            help="these are its own words; if they are about a file of ours, its template is in templates/prometheus/",
        )
    )


def _bad_file(verification: Verification, path: str, complaint: str) -> Finding:
    """Return the finding for a complaint about a file of rules."""
    match = _BAD_RULE.fullmatch(complaint.replace("\n", " "))
    rule = _rule(verification, path, match["group"], int(match["number"])) if match else None
    if match is None or rule is None:
        return _finding(
            verification,
            path,
            (),
            code=PRM605.name,
            message=f"Prometheus does not load {shown(path)}",
            notes=(f"promtool: {complaint}",),
            help="compare your template with the packaged one",
        )
    problem = match["problem"]
    expression, template = _BAD_EXPRESSION.fullmatch(problem), _BAD_TEMPLATE.fullmatch(problem)
    if expression:
        row, column, why = int(expression[1]), int(expression[2]), expression[3]
        return _finding(
            verification,
            path,
            (*rule.where, "expr"),
            code=PRM601.name,
            message=f"the expression of {rule.name} is not PromQL: {why}",
            notes=(*_pointed(rule.expr, row, column), f"promtool: {problem}"),
            help=None,
        )
    if template:
        kind, name, why = template.groups()
        return _finding(
            verification,
            path,
            (*rule.where, f"{kind}s", name),
            code=PRM602.name,
            message=f"the {kind} `{name}` of {rule.name} is not a Go template: {_without_template_name(why)}",
            notes=(f"promtool: {problem}",),
            help="`{{ $labels.name }}` and `{{ $value }}` are templates; text that is meant to hold `{{` writes "
            '`{{ "{{" }}`',
        )
    return _finding(
        verification,
        path,
        rule.where,
        code=PRM603.name,
        message=f"Prometheus refuses {rule.name}: {problem}",
        notes=(f"promtool: {complaint}",),
        help=None,
    )


def _without_template_name(why: str) -> str:
    """Return Go's error without template name and line."""
    return re.sub(r"^(?:template: )?\S*:\d+(?::\d+)?: ", "", why)


def _pointed(expression: str, row: int, column: int) -> tuple[str, ...]:
    """Return the line of the expression with a caret under the error."""
    lines = expression.split("\n")
    if not 0 < row <= len(lines):
        return ()
    line = lines[row - 1]
    # promtool counts bytes; nearly every expression is ASCII.
    before = line.encode()[: column - 1].decode("utf-8", "replace")
    return (f"{line}\n{' ' * len(before)}^",)


def _rule(verification: Verification, path: str, group: str, number: int) -> Rule | None:
    """Return the rule with this number in its group, counted from 1 as promtool does."""
    rules = [rule for rule in verification.behaviour.rules if rule.path == path and rule.group == group]
    return rules[number - 1] if 0 < number <= len(rules) else None


def _duplicates(verification: Verification) -> Iterator[Finding]:
    """Yield the duplicated rules: promtool gives only metric and labels, so they are looked up."""
    same: dict[tuple[str, str, tuple[tuple[str, str], ...]], list[Rule]] = defaultdict(list)
    for rule in verification.behaviour.rules:
        same[rule.path, rule.name, tuple(sorted(rule.labels.items()))].append(rule)
    for (path, name, _), rules in same.items():
        for rule in rules[1:]:
            yield _finding(
                verification,
                path,
                rule.where,
                code=PRM604.name,
                message=f"{name} stands twice in {shown(path)} with the same labels",
                notes=("promtool: lint error: duplicate rule",),
                help="give one of them another name or a label of its own",
            )


def _finding(
    verification: Verification,
    path: str,
    where: EntryPath,
    *,
    code: str,
    message: str,
    notes: tuple[str, ...],
    help: str | None,
) -> Finding:
    route = policy_route(verification.plan, verification.documents, path, where)
    diagnostic = Diagnostic(code=code, message=message, route=route, notes=notes, help=help)
    return Finding(diagnostic=diagnostic, path=path, where=where)
