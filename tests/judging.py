"""Says what the verifiers find where the text of one rendered file is another: our own first, then other programs."""

import contextlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from generator.behaviour import documents
from generator.checks import verify
from generator.checks.files import (
    amlint,
    amtool,
    helm,
    kubernetes,
    pagerduty,
    procedure,
    promtool,
    rendered_tests,
    schedules,
    schemas,
    templates,
    terraform_references,
)
from generator.diagnostics.diagnostic import EnvironmentProblem, Level, PolicyErrors
from generator.system import memory, programs

READ_BY = {
    "prometheus/tests/": (rendered_tests.check,),
    "pagerduty/": (pagerduty.check, schedules.check, terraform_references.check),
    "docs/": (procedure.check,),
    "kubernetes/": (kubernetes.check,),
    "helm/": (helm.check,),
}
"""The verifiers of files that no other one reads, by the beginning of their paths."""
# amlint is a second opinion, and takes longer than all others together.
_ALONE = {amlint.check, *(check for some in READ_BY.values() for check in some)}
OTHERS = tuple(check for check in verify.VERIFIERS if check not in _ALONE)
ASKED = {"prometheus/": (promtool.ask,), "alertmanager/": (amtool.ask, templates.ask)}
"""The programs that judge a file, by the beginning of its path."""


@dataclass(frozen=True, slots=True)
class Found:
    """The first thing that was found: its code and its message; `by` is `alertc` or `programs`."""

    code: str
    message: str
    by: str


class Judge:
    """The verifiers over the files of one policy, of which one is changed at a time; a context."""

    def __init__(self, made):
        self._made = made
        self._files = documents.read(made.artifacts)
        self._schemas = verify._schemas(made.artifacts)
        self._folder = tempfile.TemporaryDirectory()
        self._answers = memory.Answers(None, {})
        self._knows = False
        for artifact in made.artifacts:
            path = Path(self._folder.name, artifact.path)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(artifact.text, encoding="utf-8")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def found(self, path, text, *, ask=True):
        """Return what is found of the file with this text; None where nothing is. `ask`: also by other programs."""
        (before,) = (one for one in self._made.artifacts if one.path == path)
        artifacts = tuple(replace(one, text=text) if one is before else one for one in self._made.artifacts)
        mine = self._mine(path, artifacts)
        if mine or not ask:
            return mine
        if not self._knows:
            self._learn()
        return self._asked(path, text, artifacts)

    def _mine(self, path, artifacts):
        (changed,) = (one for one in artifacts if one.path == path)
        try:
            read = documents.read([changed])
            if found := _first(schemas.check(self._made.plan, read, self._schemas), "alertc"):
                return found
            verification = self._read_back([changed], artifacts)
            for check in next((some for beginning, some in READ_BY.items() if path.startswith(beginning)), OTHERS):
                if found := _first(check(verification), "alertc"):
                    return found
        except PolicyErrors as refused:
            return Found(refused.diagnostics[0].code, refused.diagnostics[0].message, "alertc")
        return None

    def _read_back(self, changed, artifacts):
        files = {**self._files, **documents.read(changed)}
        read = verify.read_back(self._made.plan, artifacts, files, Path(self._folder.name))
        others = tuple(replace(one, answers=self._answers) for one in read.elsewhere)
        return replace(read, answers=self._answers, elsewhere=others)

    def _asked(self, path, text, artifacts):
        """Ask the programs that read such a file; what they said of the other files they are not asked again."""
        asks = next((some for beginning, some in ASKED.items() if path.startswith(beginning)), ())
        with self._written(path, text):
            try:
                verification = self._read_back([one for one in artifacts if one.path == path], artifacts)
                for ask in asks:
                    if found := _first(self._answered(ask, verification), "programs"):
                        return found
            except EnvironmentProblem as problem:
                return Found("", str(problem), "programs")
        return None

    def _answered(self, ask, verification):
        question = ask(verification)
        with programs.Runs(self._answers.recall) as runs:
            results = runs.results(question.commands)
        for command, result in zip(question.commands, results, strict=True):
            if not self._knows:
                self._answers.learn(command, result)
        return list(question.judge(results))

    def _learn(self):
        """Ask all programs about the files as they were rendered, once."""
        before = self._read_back([], self._made.artifacts)
        for ask in dict.fromkeys(ask for some in ASKED.values() for ask in some):
            assert not _first(self._answered(ask, before), ""), "the files as rendered are not clean"
        self._answers = memory.Answers(None, self._answers._used, self._answers._used_passed)
        self._knows = True

    @contextlib.contextmanager
    def _written(self, path, text):
        file = Path(self._folder.name, path)
        before = file.read_text(encoding="utf-8")
        file.write_text(text, encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(before, encoding="utf-8")


def _first(findings, by):
    for finding in findings:
        if finding.diagnostic.level is not Level.NOTE:
            return Found(finding.diagnostic.code, finding.diagnostic.message, by)
    return None
