"""A policy may be written in several files: one policy, each entry with its place in its own file."""

import re
import subprocess

import pytest

from tests.compiling import SMALL
from tests.projects import alertc, contents

SECTIONS = re.split(r"(?m)^(?=\w+:)", SMALL)
MOVED = ("teams:", "records:", "alerts:")
WEB = "".join(text for text in SECTIONS if text.startswith(MOVED))
REST = "".join(text for text in SECTIONS if not text.startswith(MOVED)).replace(
    "version: 1\n", "version: 1\ninclude: [teams/*.yaml]\n"
)
KUBE = """\
version: 1
services:
  kube: {team: web, escalation: web, runbook: recovery.md}
"""


@pytest.fixture
def parts(project):
    """A project whose policy stands in two files."""
    write(project, {"shop.yaml": REST, "teams/web.yaml": WEB})
    return project


def write(project, texts):
    for name, text in texts.items():
        path = project / "policy" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_policy_in_parts_is_the_same_policy(project):
    assert alertc(project, "render").returncode == 0
    whole = contents(project / "out")
    write(project, {"shop.yaml": REST, "teams/web.yaml": WEB})
    rendered = alertc(project, "render")
    assert (rendered.returncode, rendered.stderr) == (0, "")
    assert contents(project / "out") == whole


def test_a_change_of_a_part_is_noticed(parts):
    assert alertc(parts, "render").returncode == 0
    assert "nothing changed" in alertc(parts, "render").stdout
    write(parts, {"teams/web.yaml": WEB.replace("for: 5m", "for: 6m").replace("6m15s", "7m15s")})
    assert alertc(parts, "check").returncode == 1
    assert "changed;" in alertc(parts, "render").stdout


def test_what_is_found_is_shown_in_its_file(parts):
    write(parts, {"teams/web.yaml": WEB.replace("service: shop\n    severity: P0", "service: shoop\n    severity: P0")})
    line = WEB[: WEB.index("service: shop\n")].count("\n") + 1
    found = alertc(parts, "check").stderr
    assert f"error[REF301]: there is no service `shoop`\n  --> policy/teams/web.yaml:{line}:14\n" in re.sub(
        " +-->", "  -->", found
    )
    assert f"{line} |     service: shoop\n" in found


def test_answers_name_the_file(parts):
    line = WEB[: WEB.index("  MoneyLost:")].count("\n") + 1
    explained = alertc(parts, "explain", "MoneyLost").stdout
    assert f"MoneyLost is a P0 of shop (policy/teams/web.yaml:{line}).\n" in explained
    assert "the severity P0 policy/shop.yaml:" in explained


def test_each_file_gets_its_canonical_layout(parts):
    write(parts, {"teams/web.yaml": WEB + "\n\n\n"})
    assert alertc(parts, "fmt", "--check").returncode == 1
    said = alertc(parts, "fmt").stdout
    assert "policy/teams/web.yaml: formatted, " in said
    assert "policy/shop.yaml: " in said
    assert alertc(parts, "fmt", "--check").stdout.splitlines() == [
        "policy/shop.yaml: tidy",
        "policy/teams/web.yaml: tidy",
    ]


def test_revisions_have_their_own_parts(parts):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@a.example"]
        subprocess.run(["git", *identity, *arguments], cwd=parts, check=True, capture_output=True)

    git("init", "-q")
    git("add", "-A")
    git("commit", "-qm", "before")
    write(
        parts, {"teams/web.yaml": WEB.replace("for: 5m", "for: 6m").replace("6m15s", "7m15s"), "teams/kube.yaml": KUBE}
    )
    changed = alertc(parts, "diff", "HEAD")
    assert "ErrorsHigh, a P2 of shop (policy/teams/web.yaml:" in changed.stdout, changed.stderr
    assert "fires after 6m instead of 5m" in changed.stdout
    git("add", "-A")
    git("commit", "-qm", "after")
    both = alertc(parts, "diff", "HEAD~1", "--to", "HEAD")
    assert "ErrorsHigh, a P2 of shop (policy/teams/web.yaml:" in both.stdout, both.stderr


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (
            {"shop.yaml": REST.replace("teams/*.yaml", "team/*.yaml")},
            "error[SRC119]: there is no file `team/*.yaml` to include\n  --> policy/shop.yaml:3:11\n",
        ),
        (
            {"shop.yaml": REST.replace("[teams/*.yaml]", "[teams/*.yaml, ../../other.yaml]"), "../../other.yaml": KUBE},
            """\
error[SRC120]: `../../other.yaml` lies outside of the repository, and is not read
  --> policy/shop.yaml:3:25
""",
        ),
        (
            {"teams/kube.yaml": KUBE.replace("kube:", "shop:")},
            """\
error[SRC121]: `services/shop` stands in policy/shop.yaml (line 108) too
  --> policy/teams/kube.yaml:3:3
""",
        ),
        (
            {"teams/kube.yaml": KUBE + "name: other\n"},
            "error[SRC121]: `name` stands in policy/shop.yaml (line 4) too\n  --> policy/teams/kube.yaml:4:1\n",
        ),
        (
            {"teams/kube.yaml": KUBE + "include: [more.yaml]\n"},
            "error[SRC122]: a part of the policy includes other files\n  --> policy/teams/kube.yaml:4:1\n",
        ),
        (
            {"teams/kube.yaml": "services: [\n"},
            "error[SRC105]: ",
        ),
        (
            {"shop.yaml": REST.replace("[teams/*.yaml]", "teams/web.yaml")},
            "error[POL203]: `include` must be a list, here it is `teams/web.yaml`\n",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts, texts, said):
    write(parts, texts)
    found = re.sub(" +-->", "  -->", alertc(parts, "render").stderr)
    assert said in found, found


@pytest.mark.parametrize(
    "written",
    [
        pytest.param(lambda text: re.sub("(?m)^(?=.)", " ", text), id="indented"),
        pytest.param(lambda text: text.replace("include: [", "? include\n: ["), id="explicit key"),
        pytest.param(lambda text: text.replace("include: [", '"incl\\u0075de": ['), id="escaped"),
        pytest.param(lambda text: text.replace("include: [", "include   : ["), id="blanks"),
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="crlf"),
    ],
)
def test_a_key_that_yaml_reads_includes_however_it_is_written(parts, written):
    write(parts, {"shop.yaml": REST})
    assert alertc(parts, "render").returncode == 0
    whole = contents(parts / "out")
    (parts / "policy/shop.yaml").write_text(written(REST), newline="")
    assert (parts / "policy/shop.yaml").read_bytes() != REST.encode()
    rendered = alertc(parts, "render")
    assert rendered.returncode == 0, rendered.stderr
    assert contents(parts / "out") == whole


def test_a_policy_in_json_includes_too(parts):
    (parts / "policy/shop.yaml").write_text('{"version": 1, "include": ["teams/nobody.yaml"], "name": "shop"}')
    assert "error[SRC119]: there is no file `teams/nobody.yaml` to include\n" in alertc(parts, "check").stderr
