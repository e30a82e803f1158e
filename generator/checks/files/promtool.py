"""Prometheus's own checker over the rules and their unit tests; what it says is put in terms of the policy."""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from generator.behaviour.documents import RULES, TESTS, shown
from generator.behaviour.identity import policy_route
from generator.behaviour.verification import Finding, Question
from generator.checks.files import inputs, other_promtool, unit_tests, unread
from generator.checks.files.unit_tests_codes import PRM699
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic
from generator.diagnostics.wording import listed, shortened
from generator.system import programs
from generator.system.programs import Command

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from generator.behaviour.behaviour import Rule
    from generator.behaviour.documents import Documents
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import EntryPath
    from generator.system.artifact import Artifact
    from generator.system.programs import Program, Result

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

# As many run as there are cores: each collects little garbage, and none starts threads for the cores of the others.
ENVIRONMENT = {"GOGC": "800", "GOMAXPROCS": "1"}
_CHECKING = (120.0, 15.0)
_TESTING = (300.0, 60.0)
"""Seconds that a run may take, and those for each megabyte that it reads: a busy machine needs a fifth of them."""
_MOST_SHARDS = 32
"""So many are remembered one by one: where one file has changed, one shard is asked about again."""
_FILES_IN_A_SHARD = 8
"""Starting promtool costs as much as checking some files."""
_ALONE = 64
"""So many files of tests are run each by itself, so that an edit runs only the tests of what it changed."""


def program() -> Program:
    """Return promtool. It is asked for once for many calls: a script, which may start a container, is run each time."""
    return programs.checker("promtool")


def checks(promtool: Program, artifacts: tuple[Artifact, ...], folder: Path) -> tuple[Command, ...]:
    """Return the calls of `promtool check rules --lint-fatal`, in shards; they need nothing but the files."""
    rule_files = {artifact.path: artifact for artifact in artifacts if artifact.path.startswith(RULES)}
    words = (promtool.path, "check", "rules", "--lint-fatal")
    return tuple(
        _command(
            (*words, *shard),
            folder,
            inputs.of_digests(rule_files[path].digest for path in shard),
            sum(len(rule_files[path].text) for path in shard),
            _CHECKING,
        )
        for shard in _shards(tuple(rule_files))
    )


def tests(promtool: Program, files: Documents, folder: Path) -> Mapping[tuple[str, ...], Command]:
    """Return the calls of `promtool test rules`, by the tests among the files that each runs; rules lie in `folder`."""
    test_files = tuple(path for path in files if path.startswith(TESTS))
    # Running one costs far more than starting promtool.
    calls = tuple((file,) for file in test_files) if len(test_files) <= _ALONE else _shards(test_files)
    return {call: _testing(promtool.path, files, call, folder) for call in calls}


def ask(verification: Verification) -> Question:
    """PRM601 to PRM699: `promtool test rules` and `promtool check rules --lint-fatal`, in shards over the cores."""
    promtool = program()
    checking = checks(promtool, verification.artifacts, verification.folder)
    rules = _shards(verification.paths(RULES))
    testing = tests(promtool, verification.documents, verification.folder)

    def judge(results: tuple[Result, ...]) -> Iterator[Finding]:
        tested, checked = results[: len(testing)], results[len(testing) :]
        counts = Counter(rule.path for rule in verification.behaviour.rules)
        for shard, result in zip(rules, checked, strict=True):
            _trust_check({path: counts[path] for path in shard}, result)
        complaints = [result for result in checked if _complains(result)]
        output_lines = {line for result in complaints for line in _lines(result)}
        complained = list(_once([finding for result in complaints for finding in _judge_check(verification, result)]))
        yield from complained
        refused = {finding.diagnostic.route for finding in complained if finding.diagnostic.code == PRM601.name}
        yield from unread.check(verification.plan, refused)
        yield from other_promtool.check(verification, promtool)
        yield from _judge_tests(verification, dict(zip(testing, tested, strict=True)), output_lines)

    return Question(commands=(*testing.values(), *checking), judge=judge)


def _testing(promtool: Path, files: Documents, tests: tuple[str, ...], folder: Path) -> Command:
    digest, size = inputs.measured(folder, _read_by(files, tests))
    return _command((promtool, "test", "rules", *tests), folder, digest, size, _TESTING)


def probing(verification: Verification, path: str, text: str) -> Command:
    """Return the call of `promtool test rules` for a text in place of the test file `path`."""
    folder = verification.folder
    digest, size = inputs.measured(folder, _read_by(verification.documents, (path,)))
    command = _command((program().path, "test", "rules", "/dev/stdin"), folder, digest, size, _TESTING)
    return replace(command, stdin=text)


def apart(folder: Path, tests: Mapping[str, Sequence[str]]) -> Iterator[Command]:
    """Yield the call of `promtool test rules` for each file of tests in a folder of its own; with its rule files."""
    promtool = program().path
    for path, rule_files in tests.items():
        digest, size = inputs.measured(folder, (path, *rule_files))
        yield _command((promtool, "test", "rules", path), folder, digest, size, _TESTING)


def _command(
    argv: tuple[str | Path, ...], folder: Path, inputs: str, size: int, seconds: tuple[float, float]
) -> Command:
    least, for_each_megabyte = seconds
    timeout = round(least + for_each_megabyte * size / 1_000_000)
    return Command(argv=argv, cwd=folder, env=ENVIRONMENT, timeout=timeout, size=size, inputs=inputs)


def _shards(files: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """Divide the files into shards by name alone, so that cached answers stay valid when other files change."""
    most = max(2 * programs.cores(), min(_MOST_SHARDS, len(files) // _FILES_IN_A_SHARD))
    shards: Mapping[int, list[str]] = defaultdict(list)
    for file in sorted(files):
        shards[zlib.crc32(file.encode()) % most].append(file)
    return tuple(tuple(shards[number]) for number in sorted(shards))


def _read_by(files: Documents, tests: tuple[str, ...]) -> Iterator[str]:
    """Yield every file that promtool reads for these test files; they name rule files relative to their own folder."""
    for path in tests:
        yield path
        # Not every form was judged yet: what has another than it should is run in vain.
        named = files[path].get("rule_files")
        for pattern in named if isinstance(named, list) else ():
            yield f"{path.rpartition('/')[0]}/{pattern}"


# Exit code 0 alone proves nothing: a wrapper that starts nothing ends like that, too.
_CHECKED = re.compile(r"^Checking (.*)\n  SUCCESS: (\d+) rules found$", re.MULTILINE)
_TESTED = re.compile(r"^  SUCCESS$", re.MULTILINE)
_VERDICT = re.compile(r"^\s*FAILED:|lint error", re.MULTILINE)


def _trust_check(expected: Mapping[str, int], result: Result) -> None:
    """Raise EnvironmentProblem if promtool reports success without a rule count for each file."""
    if result.code > 0 and _VERDICT.search(f"{result.stdout}\n{result.stderr}"):
        return
    if result.code or {path: int(count) for path, count in _CHECKED.findall(result.stdout)} != expected:
        raise programs.untrusted("promtool check rules", result)


def trust_tests(files: tuple[str, ...], result: Result) -> None:
    """Raise EnvironmentProblem if promtool reports success without a result for each test file."""
    if result.code > 0 and _VERDICT.search(f"{result.stdout}\n{result.stderr}"):
        return
    if result.code or len(_TESTED.findall(result.stdout)) != len(files):
        raise programs.untrusted("promtool test rules", result)


def _complains(result: Result) -> bool:
    # A rule file that does not exist is only a warning to promtool, and then the tests of it pass.
    return result.code != 0 or bool(result.stderr.strip())


def _lines(result: Result) -> list[str]:
    """Return the complaints of promtool, without headings."""
    lines = result.stderr.splitlines()
    return [line for line in lines if line.strip() and line.strip() != "FAILED:"]


def _judge_tests(
    verification: Verification, results: Mapping[tuple[str, ...], Result], reported: set[str]
) -> Iterator[Finding]:
    """Yield a finding for each failure that is not in `reported`.

    Which file a complaint belongs to is not said by every version, so each file of a shard gets a run of its own.
    """
    for shard, result in results.items():
        trust_tests(shard, result)
    failed = {shard: result for shard, result in results.items() if _complains(result)}
    alone = {shard[0]: result for shard, result in failed.items() if len(shard) == 1}
    again = [file for shard in failed if len(shard) > 1 for file in shard]
    if again:
        files, folder = verification.documents, verification.folder
        promtool = program().path
        results_again = programs.run_all([_testing(promtool, files, (file,), folder) for file in again])
        for file, result in zip(again, results_again, strict=True):
            trust_tests((file,), result)
            alone[file] = result
    for file, result in sorted(alone.items()):
        if _complains(result):
            yield from unit_tests.judge(verification, file, [line for line in _lines(result) if line not in reported])


# ------------------------------------------------------------------------------------------- promtool check rules

_BAD_RULE = re.compile(
    r"(?:\d+:\d+: )*group \"(?P<group>.*?)\", rule (?P<number>\d+), \"(?P<name>.*?)\": (?P<problem>.*)"
)
_BAD_EXPRESSION = re.compile(r"could not parse expression: (\d+):(\d+): (?:parse error: )?(.*)", re.DOTALL)
_BAD_TEMPLATE = re.compile(r"(annotation|label) \"(.*?)\": (?:template: \S+? )?(.*)")
_DUPLICATES = re.compile(r"lint error \d+ duplicate rule")


def _judge_check(verification: Verification, result: Result) -> Iterator[Finding]:
    files = verification.paths(RULES)
    unknown: list[str] = []
    lines = _lines(result)
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
    if unknown or (result.code and not seen and not _lines(result)):
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
    return (finding.path or "").removeprefix(RULES).removesuffix(".yaml")


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
