"""`--format sarif`: what code scanning takes, with the findings where they belong."""

import json
from pathlib import Path
from urllib.parse import unquote, urlparse

import pytest

from generator.commands.sarif import MOST_RESULTS, to_sarif
from generator.diagnostics.diagnostic import Diagnostic, Level, Place
from tests.projects import FAULTS, alertc, change

FOLDER = Path("/home/somebody/project")


def finding(code="REF301", level=Level.ERROR, message="there is no x", **more):
    return Diagnostic(code=code, level=level, message=message, **more)


def run_of(*diagnostics):
    log = json.loads(to_sarif(diagnostics, "policy/shop.yaml", FOLDER))
    assert (log["$schema"], log["version"]) == ("https://json.schemastore.org/sarif-2.1.0.json", "2.1.0")
    [run] = log["runs"]
    assert run["tool"]["driver"]["name"] == "alertc"
    rules = run["tool"]["driver"]["rules"]
    for rule in rules:
        assert rule.keys() == {"id", "shortDescription", "fullDescription", "help"}
        assert all(rule[key]["text"] for key in ("shortDescription", "fullDescription", "help"))
    for result in run["results"]:
        assert result["level"] in ("error", "warning", "note")
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        [location] = result["locations"]
        assert location["physicalLocation"]["region"]["startLine"] >= 1
        assert " " not in location["physicalLocation"]["artifactLocation"]["uri"]
    return run


def place_of(run):
    [result] = run["results"]
    physical = result["locations"][0]["physicalLocation"]
    return physical["artifactLocation"]["uri"], physical["region"]


def test_a_finding_says_everything_and_where():
    run = run_of(
        finding(
            place=Place(path="policy/shop.yaml", line=7, column=5, width=4),
            artifact=Place(path="out/prometheus/rules/shop.yaml", line=3, column=1),
            notes=("because of this", "and of that"),
            help="write it so",
        )
    )
    assert run["results"][0]["message"]["text"] == (
        "there is no x\n::: out/prometheus/rules/shop.yaml:3:1\nbecause of this\nand of that\nhelp: write it so"
    )
    assert place_of(run) == ("policy/shop.yaml", {"startLine": 7, "startColumn": 5, "endColumn": 9})


def test_a_finding_without_a_place_concerns_the_policy():
    assert place_of(run_of(finding())) == ("policy/shop.yaml", {"startLine": 1})
    assert place_of(run_of(finding(artifact=Place(path="out/a.yml", line=2))))[0] == "out/a.yml"
    assert place_of(run_of(finding(place=Place(path="policy/a.yaml")))) == ("policy/a.yaml", {"startLine": 1})


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        (f"{FOLDER}/policy/shop.yaml", "policy/shop.yaml"),
        ("./policy/../policy/shop.yaml", "policy/shop.yaml"),
        ("policy/a b#c%20.yaml", "policy/a%20b%23c%2520.yaml"),
        ("c:/shop.yaml", "c%3A/shop.yaml"),
        ("policy/bücher.yaml", "policy/b%C3%BCcher.yaml"),
        ("../other/shop.yaml", "file:///home/somebody/other/shop.yaml"),
        ("/etc/a b.yaml", "file:///etc/a%20b.yaml"),
    ],
)
def test_a_path_becomes_a_uri(path, uri):
    assert place_of(run_of(finding(place=Place(path=path))))[0] == uri
    assert not urlparse(uri).scheme or Path(unquote(urlparse(uri).path)).is_absolute()


def test_the_worst_come_first_and_what_is_left_out_is_counted():
    many = [finding("POL201", Level.WARNING, f"warning {number:05}") for number in range(MOST_RESULTS)]
    run = run_of(finding("AML602", Level.NOTE, "a note"), *many, finding())
    assert len(run["results"]) == MOST_RESULTS
    assert run["results"][0]["ruleId"] == "REF301"
    assert {result["level"] for result in run["results"][1:]} == {"warning"}
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["POL201", "REF301"]
    [told] = run["invocations"][0]["toolExecutionNotifications"]
    assert told == {
        "level": "warning",
        "message": {"text": "2 more findings were left out: at most 5,000 are written, the worst first"},
    }


def test_nothing_found_is_a_log_too():
    run = run_of()
    assert (run["results"], run["invocations"][0]["toolExecutionNotifications"]) == ([], [])
    assert run["invocations"][0]["executionSuccessful"] is True


@pytest.mark.parametrize("command", ["render", "check"])
@pytest.mark.parametrize("absolute", [False, True])
def test_both_commands_write_it(project, command, absolute):
    change(project, *FAULTS["typo"])
    policy = project / "policy/shop.yaml"
    ran = alertc(project, command, str(policy) if absolute else "policy/shop.yaml", "--format", "sarif")
    assert ran.returncode == 1
    [result] = json.loads(ran.stdout)["runs"][0]["results"]
    physical = result["locations"][0]["physicalLocation"]
    assert (result["ruleId"], physical["artifactLocation"]["uri"]) == ("REF301", "policy/shop.yaml")
    line = policy.read_text(encoding="utf-8").splitlines()[physical["region"]["startLine"] - 1]
    assert line[physical["region"]["startColumn"] - 1 : physical["region"]["endColumn"] - 1] == "stop-sale"


def test_without_findings_the_log_is_empty_and_the_rest_goes_to_stderr(project):
    ran = alertc(project, "check", "--format", "sarif")
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["runs"][0]["results"] == []
    assert "up to date" in ran.stderr
