"""The command line as a user meets it: what is printed, what the exit code says, what happens to out/."""

import json
import re

import pytest

from tests.projects import CHANGED_SUMMARY, FAULTS, alertc, change, contents


def test_render_says_what_changed(project):
    change(project, *CHANGED_SUMMARY)
    ran = alertc(project, "render")
    files = len(contents(project / "out"))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"out/: {files} files, 2 changed; checked by promtool ")


def test_a_second_render_changes_nothing(project):
    before = {path: path.stat().st_mtime_ns for path in (project / "out").rglob("*")}
    ran = alertc(project, "render")
    assert "nothing changed" in ran.stdout
    assert {path: path.stat().st_mtime_ns for path in (project / "out").rglob("*")} == before


def test_check_shows_what_is_stale_and_changes_nothing(project):
    before = contents(project)
    change(project, *CHANGED_SUMMARY)
    ran = alertc(project, "check")
    assert ran.returncode == 1
    assert "-          summary: 'Till {{ $labels.till }} is off by {{ $value }}'" in ran.stdout
    assert "+          summary: 'Till {{ $labels.till }} is wrong by {{ $value }}'" in ran.stdout
    assert ran.stdout.endswith(
        "out/: 2 files are not what the policy says; run `alertc render` and commit the result\n"
    )
    assert contents(project / "out") == {
        path.removeprefix("out/"): text for path, text in before.items() if path.startswith("out/")
    }


@pytest.mark.parametrize("command", [["render"], ["check"], ["fmt"], ["graph"], ["who", "P0", "shop"]])
def test_a_syntax_error_is_shown_with_its_line_by_every_command(project, command):
    change(project, ("\nname: shop\n", "\nname: [shop\n"))
    ran = alertc(project, *command)
    assert ran.returncode == 1
    assert ran.stderr == (
        "error[SRC105]: the bracket that opens here is not closed, or a comma is missing\n"
        "  --> policy/shop.yaml:3:7\n"
        "   |\n"
        " 3 | name: [shop\n"
        "   |       ^\n"
        "   = the YAML parser says: while parsing a flow sequence, did not find expected ',' or ']'\n"
        "   = help: close it, or put a comma between its entries\n"
        "\n"
        "1 error\n"
    )


def test_check_of_a_folder_where_nothing_is_says_just_that(project):
    ran = alertc(project, "check", "--out", "elsewhere")
    assert (ran.returncode, ran.stdout, ran.stderr) == (
        1,
        "elsewhere/: nothing was rendered there; run `alertc render` and commit the result\n",
        "",
    )
    found = json.loads(alertc(project, "check", "--out", "elsewhere", "--format", "json").stdout)["diagnostics"]
    assert [(one["code"], one["message"]) for one in found] == [("OUT702", "nothing was rendered into elsewhere/")]


def test_check_sees_a_file_that_is_missing_or_edited_by_hand(project):
    (project / "out/prometheus/rules/shop.yaml").unlink()
    with (project / "out/docs/incident-response.md").open("a", encoding="utf-8") as file:
        file.write("by hand\n")
    ran = alertc(project, "check")
    assert ran.returncode == 1
    assert "-by hand" in ran.stdout
    assert ran.stdout.endswith(
        "out/: 2 files are not what the policy says; run `alertc render` and commit the result\n"
    )


@pytest.mark.parametrize("group", [(), ("pagerduty",)])
def test_each_command_is_told_in_a_line_of_an_ordinary_terminal(tmp_path, group):
    said = alertc(tmp_path, *group, "--help", COLUMNS="80").stdout
    commands = said.split("\nCommands:\n")[1].splitlines()
    assert len(commands) >= 3
    assert all(re.fullmatch(r"  [a-z-]+ +[A-Z].*\.", line) and not line.endswith("..") for line in commands)


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_is_wrong_leaves_out_as_it_was(project, name):
    before = contents(project / "out")
    change(project, *FAULTS[name])
    ran = alertc(project, "render")
    assert ran.returncode == 1
    assert "error[" in ran.stderr
    assert "--> policy/shop.yaml:" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert contents(project / "out") == before
    assert not list(project.glob(".alertc-*")), "nothing is left behind"


@pytest.mark.parametrize("program", ["promtool", "amtool"])
def test_a_missing_checker_is_never_skipped(project, program, tmp_path):
    change(project, *CHANGED_SUMMARY)
    before = contents(project / "out")
    other = "amtool" if program == "promtool" else "promtool"
    from generator.system.programs import find

    bare = tmp_path / "bin"
    bare.mkdir()
    (bare / other).symlink_to(find(other).path)
    for command in ("render", "check"):
        ran = alertc(project, command, PATH=str(bare), ALERTC_CACHE=str(tmp_path / "cache"))
        assert ran.returncode == 3
        assert f"{program} was not found" in ran.stderr
        assert "alertc tools --fetch" in ran.stderr
    assert contents(project / "out") == before


def test_files_that_are_not_ours_stay_and_stale_ones_go(project):
    (project / "out/notes.txt").write_text("mine", encoding="utf-8")
    (project / "out/prometheus/rules/mine.yaml").write_text("groups: []\n", encoding="utf-8")
    policy = project / "policy/shop.yaml"
    text = policy.read_text(encoding="utf-8")
    policy.write_text(text.split("records:\n")[0] + "alerts:\n" + text.split("alerts:\n")[1], encoding="utf-8")
    ran = alertc(project, "render")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[0] == "left alone, not ours: out/notes.txt"
    assert ran.stderr.startswith("warning[OUT704]: out/prometheus/rules/mine.yaml was not written by alertc")
    assert (project / "out/prometheus/rules/mine.yaml").read_text(encoding="utf-8") == "groups: []\n"
    assert (project / "out/notes.txt").read_text(encoding="utf-8") == "mine"
    assert not (project / "out/prometheus/rules/_records.yaml").exists()


def test_json_is_for_machines(project):
    change(project, *FAULTS["typo"])
    ran = alertc(project, "render", "--format", "json")
    found = json.loads(ran.stdout)["diagnostics"]
    assert [(one["code"], one["path"], one["route"]) for one in found] == [
        ("REF301", "policy/shop.yaml", "alerts/MoneyLost/containment")
    ]


def test_github_annotations_name_the_line(project):
    change(project, *FAULTS["typo"])
    ran = alertc(project, "check", "--format", "github")
    assert ran.stdout.startswith("::error file=policy/shop.yaml,line=")
    assert "title=REF301::there is no containment `stop-sale`" in ran.stdout


def test_without_a_policy_there_is_nothing_to_do(tmp_path):
    ran = alertc(tmp_path, "render")
    assert ran.returncode == 1
    assert ran.stderr == (
        "error[SRC100]: there is no policy/*.yaml\n"
        "  --> policy\n"
        "   = help: run alertc in the folder that holds policy/, or name the policy "
        "(`alertc COMMAND --help` says how)\n"
        "\n1 error\n"
    )
    ran = alertc(tmp_path, "render", "nowhere.yaml")
    assert ran.returncode == 1
    assert "error[SRC101]: cannot read the policy: no such file or directory" in ran.stderr


def test_wrong_usage_is_code_2(project):
    assert alertc(project, "render", "--nonsense").returncode == 2
    assert alertc(project, "rendr").returncode == 2
    ran = alertc(project, "check", "--templates", "nowhere")
    assert ran.returncode == 2
    assert "there is no folder `nowhere`" in ran.stderr


def test_schema_prints_the_published_schema(tmp_path):
    from generator.policy import schema

    assert alertc(tmp_path, "schema").stdout == schema.text()
    assert alertc(tmp_path, "schema", "--format", "markdown").stdout.startswith("<!-- Generated by")


def test_a_template_of_the_project_goes_before_ours(project):
    folder = project / "templates/alertmanager/templates"
    folder.mkdir(parents=True)
    own = (
        '{{ define "alertc.room.color" }}good{{ end }}{{ define "alertc.room.text" }}text{{ end }}'
        '{{ define "alertc.room.title" }}Mine: {{ .CommonLabels.alertname }}{{ end }}\n'
    )
    (folder / "room.tmpl.j2").write_text(own, encoding="utf-8")
    ran = alertc(project, "render")
    assert ran.returncode == 0, ran.stderr
    assert (project / "out/alertmanager/templates/room.tmpl").read_text(encoding="utf-8") == own


def test_a_broken_template_is_shown_with_its_line(project):
    folder = project / "templates/prometheus"
    folder.mkdir(parents=True)
    (folder / "rules.yaml.j2").write_text("groups:\n  << file.nonsense >>\n", encoding="utf-8")
    ran = alertc(project, "render")
    assert ran.returncode == 1
    assert "error[TPL401]: the template prometheus/rules.yaml.j2 uses something undefined" in ran.stderr
    assert "--> templates/prometheus/rules.yaml.j2:2:1" in ran.stderr


def test_machines_hear_of_a_stale_file_as_a_finding(project):
    change(project, *CHANGED_SUMMARY)
    ran = alertc(project, "check", "--format", "github")
    assert ran.returncode == 1
    files = ("out/prometheus/rules/shop.yaml", "out/prometheus/tests/shop.test.yaml")
    assert ran.stdout == "".join(
        f"::error file={file},line=1,endLine=1,col=1,endColumn=2,title=OUT702::{file} is not what the policy says"
        "%0Ahelp: run `alertc render` and commit the result\n"
        for file in files
    )
    found = json.loads(alertc(project, "check", "--format", "json").stdout)["diagnostics"]
    assert [one["code"] for one in found] == ["OUT702", "OUT702"]


def test_tools_that_are_missing_or_broken_are_a_fault_of_the_machine(tmp_path):
    ran = alertc(tmp_path, "tools", ALERTC_PROMTOOL="/nowhere/promtool")
    assert ran.returncode == 3
    assert "promtool      unusable: ALERTC_PROMTOOL names /nowhere/promtool, which is not a program" in ran.stdout
