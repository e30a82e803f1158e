"""What the shipped policy compiles to satisfies the checkers of three generations, without a word of complaint."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from generator.system import debian, programs
from generator.system.programs import Command
from tests.alertmanager import SUITES, shipped, unfold

AMLINT = Path(sys.executable).with_name("amlint")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unfold(shipped(), tmp_path_factory.mktemp("out"))


def program(suite: str, name: str) -> Path:
    return next(found.path for found in debian.fetch(suite) if found.name == name)


def parts(files: list[Path]) -> list[list[Path]]:
    """Return the files dealt out to the cores: one promtool keeps one core busy."""
    cores = min(programs.cores(), len(files))
    return [files[number::cores] for number in range(cores)]


@pytest.mark.network
@pytest.mark.parametrize("suite", SUITES)
def test_promtool_accepts_the_rules(suite: str, out: Path) -> None:
    rules = sorted(out.glob("prometheus/rules/*.yaml"))
    told = programs.run([program(suite, "promtool"), "check", "rules", "--lint-fatal", *rules])
    assert (told.code, told.stderr) == (0, "")
    assert told.stdout.count("SUCCESS") == len(rules) > 10


@pytest.mark.network
@pytest.mark.thorough
@pytest.mark.parametrize("suite", SUITES)
def test_promtool_passes_the_unit_tests(suite: str, out: Path) -> None:
    tests = sorted(out.glob("prometheus/tests/*.test.yaml"))
    assert len(tests) > 10
    promtool = program(suite, "promtool")
    commands = [Command(argv=(promtool, "test", "rules", *some), env={"GOGC": "800"}) for some in parts(tests)]
    answers = programs.run_all(commands)
    assert [answer.code for answer in answers] == [0] * len(commands)
    # A rule file that is missing is a warning to promtool, and the test that then tests nothing a success.
    said = "".join(answer.stdout + answer.stderr for answer in answers)
    assert "WARNING" not in said.upper()
    assert said.count("SUCCESS") == len(tests)


@pytest.mark.network
@pytest.mark.parametrize("suite", SUITES)
def test_amtool_accepts_the_configuration(suite: str, out: Path) -> None:
    told = programs.run([program(suite, "amtool"), "check-config", out / "alertmanager" / "alertmanager.yml"])
    assert (told.code, told.stderr) == (0, "")
    # The configuration, and then the templates that its one pattern finds.
    assert " - 1 templates\n" in told.stdout
    assert told.stdout.count("SUCCESS") == 2


def test_amlint_finds_nothing(out: Path) -> None:
    rules = ["--rules", out / "prometheus" / "rules" / "*.yaml"]
    file = out / "alertmanager" / "alertmanager.yml"
    told = programs.run([AMLINT, "check", "--strict", "--format", "json", *rules, file])
    assert (told.code, told.stderr) == (0, "")
    assert [finding for finding in json.loads(told.stdout) if finding["level"] != "info"] == []
