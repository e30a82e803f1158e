"""What tests share of the programs' answers: the same question, by the same program, and nothing else."""

import shutil

import pytest

from generator.system.programs import Command, Result
from tests.answers import SharedAnswers


@pytest.fixture
def ask(tmp_path):
    """Ask a question and return how often the program was run until now."""
    runs = []

    def finish(_, command):
        runs.append(command)
        return Result(code=-9 if command.stdin == "killed" else 1, stdout="é\n", stderr="")

    def ask(argv, **given):
        command = Command(argv=argv, **given)
        for _ in range(2):
            # Another worker has another object, and the same folder.
            result = SharedAnswers(tmp_path, finish).finish(None, command)
            assert (result.stdout, result.stderr) == ("é\n", "")
        return len(runs)

    return ask


def test_the_same_question_is_asked_once(ask):
    true = shutil.which("true")
    assert ask((true, "a"), inputs="x") == 1
    assert ask((true, "b"), inputs="x") == 2
    assert ask((true, "a"), inputs="y") == 3
    assert ask((true, "a"), inputs="x", stdin="z") == 4
    assert ask((true, "a"), inputs="x", env={"GOGC": "1"}) == 5
    assert ask((true, "a"), inputs="x") == 5


def test_what_may_differ_is_asked_each_time(ask, tmp_path, monkeypatch):
    true = shutil.which("true")
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    assert ask((true,)) == 2, "nobody knows what it reads"
    assert ask((script,), inputs="x") == 4, "a script may count"
    assert ask((true,), inputs="x", stdin="killed") == 6, "it was killed"
    monkeypatch.setenv("ALERTC_MEMORY_LIMIT", "128")
    assert ask((true,), inputs="x") == 8, "within limits it may end otherwise"
