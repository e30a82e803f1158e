"""The action, the GitLab template and the hooks do what they say: their own steps are run, with the forge played."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.commands.test_comment import MARKER, in_github, in_gitlab
from tests.compiling import ROOT, SMALL, edited
from tests.forges import TOKEN, forge
from tests.projects import alertc
from tests.sessions import copied

ACTION = ROOT / ".github/actions/alertc"
GITLAB = ROOT / ".gitlab/alertc.gitlab-ci.yml"
HOOKS = ROOT / ".pre-commit-hooks.yaml"

WEAKER = ("- {page: schedule/trading-secondary, by: 60%}", "- {page: schedule/trading-secondary, by: 70%}")


def git(folder, *words):
    who = ("-c", "user.name=a", "-c", "user.email=a@b.example")
    ran = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture(scope="module")
def delayed(tmp_path_factory):
    project = tmp_path_factory.mktemp("delayed") / "project"
    for name in ("policy", "templates", "out"):
        shutil.copytree(ROOT / name, project / name)
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "base")
    change(project, WEAKER)
    git(project, "commit", "-qam", "later")
    return project


@pytest.fixture
def request_(delayed, tmp_path):
    """A clone in which a pull request delays a step; its base is the commit before."""
    return shutil.copytree(delayed, tmp_path / "project", symlinks=True)


def change(project, *edits, render=True):
    policy = project / "policy/exchange.yaml"
    policy.write_text(edited(policy.read_text(encoding="utf-8"), *edits), encoding="utf-8")
    if render:
        assert alertc(project, "render").returncode == 0


# ------------------------------------------------------------------------------------------- GitHub


class Job:
    """A job of GitHub Actions that uses the action: what the runner does with its steps."""

    def __init__(self, project, folder, environment, **inputs):
        self.action = yaml.safe_load((ACTION / "action.yml").read_text(encoding="utf-8"))
        self.project, self.folder = project, folder
        self.environment = {
            **environment,
            "RUNNER_TEMP": str(folder),
            "GITHUB_WORKSPACE": str(project),
            "GITHUB_STEP_SUMMARY": str(folder / "summary.md"),
        }
        self.outputs = {}
        self.context = {
            "github.action_path": str(ACTION),
            "github.token": TOKEN,
            "github.event_name": "pull_request",
            "github.event.pull_request.base.sha": git(project, "rev-parse", "HEAD~1"),
        }
        for name, described in self.action["inputs"].items():
            self.context[f"inputs.{name}"] = inputs.get(name.replace("-", "_"), self.filled(described["default"]))

    def filled(self, text):
        """Return the text with its `${{ }}` evaluated; a name that nobody sets is a mistake here."""
        return re.sub(r"\$\{\{ (.*?) \}\}", lambda found: self.context[found[1]], str(text))

    def wanted(self, condition):
        """Return whether a step runs: comparisons of names with texts, joined by `&&`."""
        parts = [re.fullmatch(r"(\S+) == '(.*)'", part) for part in condition.split(" && ")] if condition else []
        return all(self.context[part[1]] == part[2] for part in parts)

    def run(self):
        """Run the steps; return the exit code of the first that fails, and all that was printed."""
        printed = ""
        for step in self.action["runs"]["steps"]:
            if not self.wanted(step.get("if")):
                continue
            assert step["shell"] == "bash"
            output = self.folder / "output"
            output.write_text("", encoding="utf-8")
            ran = subprocess.run(
                ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
                cwd=self.project / self.filled(step.get("working-directory", ".")),
                env={
                    **os.environ,
                    **self.environment,
                    "GITHUB_OUTPUT": str(output),
                    **{name: self.filled(value) for name, value in step.get("env", {}).items()},
                },
                capture_output=True,
                text=True,
                check=False,
            )
            printed += ran.stdout + ran.stderr
            if ran.returncode:
                return ran.returncode, printed
            for line in output.read_text(encoding="utf-8").splitlines():
                name, _, value = line.partition("=")
                self.context[f"steps.{step['id']}.outputs.{name}"] = value
        return 0, printed


@pytest.fixture
def event(tmp_path):
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}), encoding="utf-8")
    return tmp_path


def test_the_action_comments_once_and_updates_its_comment(request_, event):
    with forge("github") as played:
        code, printed = Job(request_, event, in_github(event, played)).run()
        assert code == 0, printed
        assert "out/: 59 files, up to date" in printed
        [comment] = played.comments
        assert comment["body"].startswith(f"{MARKER}\n### ")
        assert "weaker" in comment["body"].splitlines()[1]
        assert comment["body"] == (event / "summary.md").read_text(encoding="utf-8")
        git(request_, "reset", "-q", "--hard", "HEAD~1")
        git(request_, "commit", "-qm", "never mind", "--allow-empty")
        code, printed = Job(request_, event, in_github(event, played)).run()
        assert code == 0, printed
        [comment] = played.comments
        assert "no change in who is paged" in comment["body"]


def test_the_action_fails_where_the_policy_gets_weaker_and_that_was_to_fail(request_, event):
    with forge("github") as played:
        code, printed = Job(request_, event, in_github(event, played), fail_on="weaker").run()
        assert code == 1
        assert "::error title=alertc::the policy gets weaker, or cannot be compared\n" in printed
        assert len(played.comments) == 1


def test_the_action_fails_where_out_is_stale_and_comments_all_the_same(request_, event):
    change(request_, ("by: 70%", "by: 65%"), render=False)
    with forge("github") as played:
        code, printed = Job(request_, event, in_github(event, played)).run()
        assert code == 1
        assert "::error title=alertc::the policy is not in order, or out/ is not what it says\n" in printed
        assert len(played.comments) == 1


def test_the_action_marks_the_line_of_a_fault(request_, event):
    change(
        request_, ("primary, by: first, as: operations-lead", "primry, by: first, as: operations-lead"), render=False
    )
    with forge("github") as played:
        code, printed = Job(request_, event, in_github(event, played), comment="false").run()
    assert code == 1
    marked = r"::error file=policy/exchange\.yaml,line=\d+,.*title=REF\d+::.*did you mean `schedule/platform-primary`"
    assert re.search(marked, printed)
    assert played.comments == []


def test_a_fork_that_may_not_comment_still_gets_its_summary(request_, event):
    with forge("github") as played:
        played.refuses = True
        code, printed = Job(request_, event, in_github(event, played)).run()
    assert code == 0, printed
    assert "::notice title=alertc::the comparison stands in the summary of the job only\n" in printed
    assert "weaker" in (event / "summary.md").read_text(encoding="utf-8")


def test_a_file_of_the_pull_request_does_not_stand_for_its_base(request_, event):
    base = git(request_, "rev-parse", "HEAD~1")
    shutil.copy(request_ / "policy/exchange.yaml", request_ / base)
    (request_ / ".gitattributes").write_text("* working-tree-encoding=UTF-16LE-BOM\n", encoding="utf-8")
    with forge("github") as played:
        code, printed = Job(request_, event, in_github(event, played), fail_on="weaker", base=base).run()
        assert code == 1
        assert "::error title=alertc::the policy gets weaker, or cannot be compared\n" in printed
        assert " weaker" in played.comments[0]["body"].splitlines()[1]


def test_the_action_refuses_to_run_with_the_rights_of_the_base(request_, event):
    with forge("github") as played:
        job = Job(request_, event, in_github(event, played))
        job.context["github.event_name"] = "pull_request_target"
        code, printed = job.run()
    assert code == 1
    assert printed == (
        "::error title=alertc::run it on pull_request: pull_request_target gives strangers a token that may write\n"
    )


MONOREPO = {
    "services/shop": {"working_directory": "services/shop"},
    "policy/lab.yaml": {"policy": "policy/lab.yaml", "out": "out/lab"},
    "policy/bank.yaml": {"policy": "policy/bank.yaml", "out": "out/bank"},
}
"""Three policies of one repository, as the action is told of them: one in a folder of its own, two side by side."""


@pytest.fixture
def monorepo(tmp_path):
    """A clone in which a pull request gives people of the shop and of the bank more time to acknowledge."""
    project = tmp_path / "project"
    texts = {
        f"{'services/shop/' if name == 'shop' else ''}policy/{name}.yaml": name for name in ("shop", "lab", "bank")
    }
    for late in (False, True):
        for path, name in texts.items():
            more = [("acknowledge: 15m", "acknowledge: 20m")] if late and name != "lab" else []
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_text(edited(SMALL, ("name: shop", f"name: {name}"), *more), encoding="utf-8")
        assert alertc(project / "services/shop", "render").returncode == 0
        for name in ("lab", "bank"):
            assert alertc(project, "render", f"policy/{name}.yaml", "--out", f"out/{name}").returncode == 0
        git(project, "init", "-q")
        git(project, "add", "-A")
        git(project, "commit", "-qm", "later" if late else "base")
    return project


@pytest.mark.thorough
def test_each_policy_of_a_repository_is_checked_in_its_folder_and_has_its_comment(monorepo, event):
    with forge("github") as played:
        for given in MONOREPO.values():
            code, printed = Job(monorepo, event, in_github(event, played), **given).run()
            assert code == 0, printed
        heads = [comment["body"].splitlines()[:4] for comment in played.comments]
        assert [(head[0], head[1], "weaker" in head[3]) for head in heads] == [
            ("<!-- alertc diff of services/shop/out -->", "`services/shop/out`", True),
            ("<!-- alertc diff of out/lab -->", "`out/lab`", False),
            ("<!-- alertc diff of out/bank -->", "`out/bank`", True),
        ]
        code, printed = Job(monorepo, event, in_github(event, played), **MONOREPO["services/shop"]).run()
        assert (code, len(played.comments)) == (0, 3)
        (monorepo / "services/shop/out/alertmanager/alertmanager.yml").write_text("receivers: []\n", encoding="utf-8")
        code, printed = Job(monorepo, event, in_github(event, played), **MONOREPO["services/shop"]).run()
        assert code == 1
        assert "::error file=services/shop/out/alertmanager/alertmanager.yml,line=1," in printed
        code, printed = Job(monorepo, event, in_github(event, played), policy="policy/lab.yaml", out="out/bank").run()
        assert code == 1
        assert "title=OUT708::out/bank/ belongs to the policy bank, not to the policy lab" in printed


# ------------------------------------------------------------------------------------------- GitLab


# ------------------------------------------------------------------------------------------- GitLab


@pytest.mark.parametrize(
    ("revision", "said"),
    [
        (None, "alertc: set ALERTC_REVISION to the commit or the tag of alertc that is to run\n"),
        ("main", "alertc: file://SOURCE has no commit and no tag main (a branch does not do: it moves)\n"),
        ("deadbeef", "alertc: file://SOURCE has no commit and no tag deadbeef (a branch does not do: it moves)\n"),
        ("v1", None),
    ],
)
def test_the_gitlab_job_runs_a_commit_or_a_tag_and_no_branch(tmp_path, revision, said):
    source = tmp_path / "alertc"
    source.mkdir()
    git(source, "init", "-q", "-b", "main")
    (source / "Makefile").write_text("tools:\n\t@echo made\n", encoding="utf-8")
    git(source, "add", "-A")
    git(source, "commit", "-qm", "one")
    git(source, "tag", "v1")
    git(source, "branch", "deadbeef")
    template = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    given = {
        **template["variables"],
        "CI_BUILDS_DIR": str(tmp_path),
        "CI_JOB_ID": "1",
        "ALERTC_REPOSITORY": f"file://{source}",
        **({} if revision is None else {"ALERTC_REVISION": revision}),
    }
    ran = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", "\n".join(template["alertc"]["before_script"])],
        cwd=tmp_path,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )
    if said is None:
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert "made" in ran.stdout.splitlines()
    else:
        assert ran.returncode == 1
        assert ran.stdout.endswith(said.replace("SOURCE", str(source)))


def test_the_docs_name_what_runs_by_its_commit():
    """Who may push to a branch or move a tag would else run in the jobs of whoever copies the page."""
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), GITLAB, ACTION / "action.yml"]:
        text = page.read_text(encoding="utf-8")
        for used in re.findall(r"uses: *(\S+)", text):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", used), f"{page.name}: {used}"
        for revision in re.findall(r"\b(?:rev|ref|ALERTC_REVISION): +(\S+)", text):
            assert re.fullmatch(r"[0-9a-f]{40}", revision), f"{page.name}: {revision}"
        assert not re.search(r"alertc(?:\.git)?@(?:main|master)\b", text), page.name
    page = (ROOT / "docs/ci.md").read_text(encoding="utf-8")
    assert page.count("uses: ") == 2
    assert page.count("ALERTC_REVISION: ") == 1
    assert "*masked*" in page
    assert "*protected*" in page


@pytest.mark.network
@pytest.mark.thorough
def test_the_gitlab_job_comments_and_fails_as_it_was_told(request_, tmp_path):
    source = tmp_path / "alertc"
    source.mkdir()
    copied(source)
    template = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))
    job = template["alertc"]
    builds = tmp_path / "builds"
    builds.mkdir()
    script = "\n".join([*job["before_script"], *job["script"]])
    with forge("gitlab", "project_12_bot") as played:
        environment = {
            **os.environ,
            **template["variables"],
            **job["variables"],
            **in_gitlab(played),
            "CI_BUILDS_DIR": str(builds),
            "CI_JOB_ID": "1",
            "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(request_, "rev-parse", "HEAD~1"),
            "ALERTC_REPOSITORY": f"file://{source}",
            "ALERTC_REVISION": git(source, "rev-parse", "HEAD"),
            "ALERTC_FAIL_ON": "weaker",
        }

        def run(script):
            return subprocess.run(
                ["bash", "-eo", "pipefail", "-c", script],
                cwd=request_,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
            )

        (tmp_path / "theirs").write_text("precious")
        (request_ / "alertc-diff.md").symlink_to(tmp_path / "theirs")
        ran = run(script)
        assert (tmp_path / "theirs").read_text() == "precious"
        assert ran.returncode == 1, ran.stdout + ran.stderr
        assert "out/: 59 files, up to date" in ran.stdout
        assert ran.stdout.endswith("alertc: the policy gets weaker, or cannot be compared\n")
        [comment] = played.comments
        assert comment["body"] == (request_ / "alertc-diff.md").read_text(encoding="utf-8")
        assert run("\n".join(job["after_script"])).returncode == 0
        assert list(builds.iterdir()) == []


# ------------------------------------------------------------------------------------------- pre-commit


@pytest.mark.network
@pytest.mark.thorough
def test_the_hooks_run_under_pre_commit(request_, tmp_path):
    source = tmp_path / "alertc"
    source.mkdir()
    copied(source)
    environment = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "pre-commit")}
    hooks = [{"id": name} for name in ("alertc-check", "alertc-render")]
    repository = {"repo": f"file://{source}", "rev": git(source, "rev-parse", "HEAD"), "hooks": hooks}
    config = tmp_path / "config.yaml"
    config.write_text(yaml.safe_dump({"repos": [repository]}), encoding="utf-8")

    def hook(name):
        return subprocess.run(
            [Path(sys.executable).parent / "pre-commit", "run", "-c", config, name, "--all-files", "--verbose"],
            cwd=request_,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    assert {one["id"] for one in yaml.safe_load(HOOKS.read_text(encoding="utf-8"))} == {
        "alertc-fmt",
        "alertc-render",
        "alertc-check",
    }
    ran = hook("alertc-check")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "out/: 59 files, up to date" in ran.stdout
    change(request_, ("by: 70%", "by: 65%"), render=False)
    assert hook("alertc-check").returncode == 1
    ran = hook("alertc-render")
    assert ran.returncode == 1, "what a hook changed is to be looked at"
    assert "files were modified by this hook" in ran.stdout
    assert hook("alertc-render").returncode == 0, "what it changed has been looked at"
    assert hook("alertc-check").returncode == 0
