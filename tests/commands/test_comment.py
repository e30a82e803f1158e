"""`alertc comment` keeps one comment on a pull request: posted once, then updated, whoever else writes there."""

import json

import pytest

from tests.forges import TOKEN, forge
from tests.projects import alertc

MARKER = "<!-- alertc diff -->"


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, "first")
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}), encoding="utf-8")
    return tmp_path


def write(folder, text):
    (folder / "diff.md").write_text(f"{MARKER}\n### {text}\n", encoding="utf-8")


def in_github(folder, played, **others):
    """Return the variables that a job of GitHub Actions has."""
    return {
        "GITHUB_ACTIONS": "true",
        "GITLAB_CI": "",
        "GITHUB_API_URL": played.url,
        "GITHUB_REPOSITORY": "shop/policy",
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_TOKEN": TOKEN,
        **others,
    }


def in_gitlab(played, **others):
    """Return the variables that a job of a merge request has."""
    return {
        "GITHUB_ACTIONS": "",
        "GITLAB_CI": "true",
        "CI_API_V4_URL": played.url,
        "CI_PROJECT_ID": "12",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_PROJECT_URL": "https://forge.example/shop/policy",
        "ALERTC_GITLAB_TOKEN": TOKEN,
        **others,
    }


def said(folder, environment):
    ran = alertc(folder, "comment", "diff.md", **environment)
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


@pytest.mark.parametrize("me", [None, "a-robot"])
def test_on_github_the_comment_is_posted_once_and_then_updated(folder, me):
    with forge("github", me) as played:
        played.write("ana", f"{MARKER}\n### no change, trust me")
        for number in range(120):
            played.write("ana", f"comment {number}")
        environment = in_github(folder, played)
        where = "https://forge.example/shop/policy/pull/7#issuecomment-122"
        assert said(folder, environment) == f"posted: {where}\n"
        played.write("bo", "and after it")
        assert said(folder, environment) == "the comment says so already\n"
        write(folder, "second")
        assert said(folder, environment) == f"updated: {where}\n"
        bodies = [one["body"] for one in played.comments if MARKER in one["body"]]
        assert bodies == [f"{MARKER}\n### no change, trust me", f"{MARKER}\n### second\n"]


def test_on_gitlab_too(folder):
    with forge("gitlab", "project_12_bot") as played:
        for number in range(120):
            played.write("ana", f"comment {number}")
        environment = in_gitlab(played)
        where = "https://forge.example/shop/policy/-/merge_requests/7#note_121"
        assert said(folder, environment) == f"posted: {where}\n"
        write(folder, "second")
        assert said(folder, environment) == f"updated: {where}\n"
        assert said(folder, environment) == "the comment says so already\n"
        assert [one["body"] for one in played.comments[120:]] == [f"{MARKER}\n### second\n"]


def test_several_policies_of_one_pull_request_have_a_comment_each(folder):
    with forge("github") as played:
        environment = in_github(folder, played)
        for name in ("services/shop/out", "services/bank/out", None, "services/shop/out"):
            write(folder, f"first of {name}")
            ran = alertc(folder, "comment", "diff.md", *(("--of", name) if name else ()), **environment)
            assert (ran.returncode, ran.stderr) == (0, "")
        assert ran.stdout == "the comment says so already\n"
        assert [one["body"] for one in played.comments] == [
            "<!-- alertc diff of services/shop/out -->\n`services/shop/out`\n\n### first of services/shop/out\n",
            "<!-- alertc diff of services/bank/out -->\n`services/bank/out`\n\n### first of services/bank/out\n",
            f"{MARKER}\n### first of None\n",
        ]


@pytest.mark.parametrize("name", ["a --> b", "a`b", "", "<b>"])
def test_what_cannot_stand_in_a_comment_names_none(folder, name):
    with forge("github") as played:
        ran = alertc(folder, "comment", "diff.md", "--of", name, **in_github(folder, played))
        assert ran.returncode == 2
        assert ran.stderr.endswith(f"Error: `{name}` cannot name a comment: write a path such as services/shop/out\n")
        assert played.comments == []


def refusal(folder, environment):
    ran = alertc(folder, "comment", "diff.md", **environment)
    assert (ran.returncode, ran.stdout) == (3, "")
    return ran.stderr


def test_a_token_that_may_only_read_is_explained(folder):
    with forge("github") as played:
        played.refuses = True
        assert refusal(folder, in_github(folder, played)) == (
            f"alertc: {played.url} does not let this token comment\n"
            "help: `permissions: pull-requests: write` lets it; for a fork, GitHub never does\n"
        )


def test_a_token_that_is_wrong_is_not_shown(folder):
    with forge("gitlab", "me") as played:
        shown = refusal(folder, in_gitlab(played, ALERTC_GITLAB_TOKEN="another"))
        assert shown.startswith(f"alertc: {played.url} does not let this token read the comments\n")
        assert "another" not in shown


def test_what_a_job_lacks_is_named(folder):
    with forge("github") as played:
        assert refusal(folder, in_github(folder, played, GITHUB_TOKEN="")) == (
            "alertc: GITHUB_TOKEN is not set\nhelp: give the step `env: GITHUB_TOKEN: ${{ github.token }}`\n"
        )
        (folder / "event.json").write_text(json.dumps({"push": {}}), encoding="utf-8")
        assert refusal(folder, in_github(folder, played)) == (
            "alertc: this job runs for no pull request\nhelp: run it `on: pull_request`\n"
        )
        assert refusal(folder, {"GITHUB_ACTIONS": "", "GITLAB_CI": ""}) == (
            "alertc: this is neither a job of GitHub Actions nor of GitLab CI\n"
            "help: `alertc diff --format markdown` prints the comment; post it as your forge does\n"
        )


def test_a_forge_that_is_not_there_is_named(folder):
    with forge("github") as played:
        environment = in_github(folder, played)
    shown = refusal(folder, environment)
    assert shown.startswith(f"alertc: GET {played.url}/user cannot be asked: ")


def test_only_a_comment_of_alertc_is_kept(folder):
    (folder / "diff.md").write_text("hello\n", encoding="utf-8")
    ran = alertc(folder, "comment", "diff.md")
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1] == (
        "Error: diff.md does not begin with the marker of `alertc diff --format markdown`"
    )
    ran = alertc(folder, "comment", "none.md")
    assert ran.returncode == 2
    assert "none.md cannot be read" in ran.stderr
