"""Prometheus's own checker over the rules and their unit tests; what it says is put in terms of the policy."""

from __future__ import annotations

import re
import zlib
from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from generator.behaviour.documents import is_rules, is_tests
from generator.behaviour.verification import Finding, Question
from generator.checks.files import inputs, other_promtool, rule_complaints, unit_tests, unread
from generator.system import programs
from generator.system.programs import Command

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from generator.behaviour.documents import Documents
    from generator.behaviour.verification import Verification
    from generator.plan.plan import Plan
    from generator.system.artifact import Artifact
    from generator.system.memory import Answers
    from generator.system.programs import Program, Result

_CHECKING = (120.0, 15.0)
_TESTING = (300.0, 60.0)
"""Seconds that a run may take, and those for each megabyte that it reads: a busy machine needs a fifth of them."""
_MOST_SHARDS = 32
"""So many, so that the cores have equally much to do. Answers about tests are remembered by shard."""
_FILES_IN_A_SHARD = 8
"""Starting promtool costs as much as checking some files."""
_ALONE = 64
"""So many files of tests are run each by itself, so that an edit runs only the tests of what it changed."""


def program() -> Program:
    """Return promtool. It is asked for once for many calls: a script, which may start a container, is run each time."""
    return programs.checker("promtool")


def tester(plan: Plan) -> Program:
    """Return the promtool that runs the tests of a plan: another one where that behaves as the declared Prometheus."""
    return other_promtool.tester(plan, program())


def checks(
    promtool: Program, artifacts: tuple[Artifact, ...], folder: Path, answers: Answers | None = None
) -> tuple[Command, ...]:
    """Return the calls of `promtool check rules --lint-fatal`, in shards; they need nothing but the files.

    It judges each file by itself: those of which it is known to have nothing to say are left out.
    """
    rule_files = {artifact.path: artifact for artifact in artifacts if is_rules(artifact.path)}

    def check(shard: tuple[str, ...]) -> Command:
        size = sum(len(rule_files[path].text) for path in shard)
        call = _command((promtool.path, "check", "rules", "--lint-fatal", *shard), folder, None, size, _CHECKING)
        return replace(call, each={path: rule_files[path].digest for path in shard})

    passed = answers.passed(check(tuple(rule_files))) if answers else frozenset()
    return tuple(check(shard) for shard in _shards(tuple(path for path in rule_files if path not in passed)))


def tests(promtool: Program, files: Documents, folder: Path) -> Mapping[tuple[str, ...], Command]:
    """Return the calls of `promtool test rules`, by the tests among the files that each runs; rules lie in `folder`."""
    test_files = tuple(path for path in files if is_tests(path))
    # Running one costs far more than starting promtool.
    calls = tuple((file,) for file in test_files) if len(test_files) <= _ALONE else _shards(test_files)
    return {call: _testing(promtool.path, files, call, folder) for call in calls}


def ask(verification: Verification) -> Question:
    """PRM601 to PRM699: `promtool test rules` and `promtool check rules --lint-fatal`, in shards over the cores."""
    promtool = program()
    checking = checks(promtool, verification.artifacts, verification.folder, verification.answers)
    tests_with = other_promtool.tester(verification.plan, promtool)
    testing = tests(tests_with, verification.documents, verification.folder)

    def judge(results: tuple[Result, ...]) -> Iterator[Finding]:
        tested, checked = results[: len(testing)], results[len(testing) :]
        counts = Counter(rule.path for rule in verification.behaviour.rules)
        for command, result in zip(checking, checked, strict=True):
            _trust_check({path: counts[path] for path in command.each}, result)
        complaints = [result for result in checked if _complains(result)]
        output_lines = {line for result in complaints for line in _lines(result)}
        complained = rule_complaints.judge(verification, [(result, _lines(result)) for result in complaints])
        yield from complained
        refused = {
            finding.diagnostic.route for finding in complained if finding.diagnostic.code == rule_complaints.PRM601.name
        }
        yield from unread.check(verification.plan, refused)
        yield from other_promtool.check(verification, tests_with)
        yield from _judge_tests(verification, dict(zip(testing, tested, strict=True)), output_lines)

    return Question(commands=(*testing.values(), *checking), judge=judge)


def _testing(promtool: Path, files: Documents, tests: tuple[str, ...], folder: Path) -> Command:
    digest, size = inputs.measured(folder, _read_by(files, tests))
    return _command((promtool, "test", "rules", *tests), folder, digest, size, _TESTING)


def probing(verification: Verification, path: str, text: str) -> Command:
    """Return the call of `promtool test rules` for a text in place of the test file `path`."""
    folder = verification.folder
    digest, size = inputs.measured(folder, _read_by(verification.documents, (path,)))
    promtool = tester(verification.plan).path
    command = _command((promtool, "test", "rules", "/dev/stdin"), folder, digest, size, _TESTING)
    return replace(command, stdin=text)


def apart(plan: Plan, folder: Path, tests: Mapping[str, Sequence[str]]) -> Iterator[Command]:
    """Yield the call of `promtool test rules` for each file of tests in a folder of its own; with its rule files."""
    promtool = tester(plan).path
    for path, rule_files in tests.items():
        digest, size = inputs.measured(folder, (path, *rule_files))
        yield _command((promtool, "test", "rules", path), folder, digest, size, _TESTING)


def _command(
    argv: tuple[str | Path, ...], folder: Path, inputs: str | None, size: int, seconds: tuple[float, float]
) -> Command:
    least, for_each_megabyte = seconds
    timeout = round(least + for_each_megabyte * size / 1_000_000)
    return Command(argv=argv, cwd=folder, env=programs.SIDE_BY_SIDE, timeout=timeout, size=size, inputs=inputs)


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
        promtool = tester(verification.plan).path
        results_again = programs.run_all([_testing(promtool, files, (file,), folder) for file in again])
        for file, result in zip(again, results_again, strict=True):
            trust_tests((file,), result)
            alone[file] = result
    for file, result in sorted(alone.items()):
        if _complains(result):
            yield from unit_tests.judge(verification, file, [line for line in _lines(result) if line not in reported])
