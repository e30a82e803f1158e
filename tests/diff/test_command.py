"""`alertc diff` as a user calls it: revisions, files, folders, forms, acceptances, exit codes."""

import contextlib
import json
import re
import shutil
import subprocess
from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from bench import generate
from generator.behaviour.documents import ALERTMANAGER
from generator.diagnostics import positions
from generator.diagnostics.diagnostic import Level, Place
from generator.diagnostics.quoting import in_markdown
from generator.diff import expressions
from generator.diff.changes import Verdict
from generator.diff.compare import compare
from generator.diff.data import to_json
from generator.diff.findings import findings
from generator.diff.markdown import LONGEST, MARKER, to_markdown
from generator.diff.sides import Broken, Rendered, Written, pair
from generator.policy import schema, source
from generator.targets.render import Templates, packaged_templates
from tests import seeds
from tests.compiling import EXCHANGE, ROOT, SMALL, compiled, edited
from tests.diff.test_edits import POLICY, versions
from tests.projects import alertc

HOLD = (
    "    expr: max by (till) (abs(till_difference)) > 0\n    for: 0s\n",
    "    expr: max by (till) (abs(till_difference)) > 0\n    for: 30s\n",
)
LINE = SMALL[: SMALL.index("  MoneyLost:")].count("\n") + 1
WEAKER = "weaker     fires after 30s instead of 0s (`for`): what ends sooner is told to nobody"


def git(folder, *arguments):
    identity = [
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "-c",
        "init.defaultBranch=main",
        "-c",
        "commit.gpgsign=false",
    ]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def project(tmp_path):
    """A repository with the small policy, committed as it compiles."""
    folder = tmp_path / "project"
    (folder / "policy").mkdir(parents=True)
    (folder / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    git(folder, "init", "-q")
    commit(folder)
    return folder


def commit(folder):
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")


def change(folder, *edits):
    path = folder / "policy/shop.yaml"
    path.write_text(edited(path.read_text(encoding="utf-8"), *edits), encoding="utf-8")


def changes_of(old, new, today=date(2026, 6, 1)):
    def side(text):
        return Written(
            name="side",
            source=source.read(text.encode(), "policy.yaml"),
            templates=Templates(None),
            header="policy.yaml",
        )

    return compare(pair(side(old), side(new)), today)


# ------------------------------------------------------------------------------------------- what is compared


def test_without_a_word_the_working_tree_is_compared_with_the_last_commit(project):
    change(project, HOLD)
    ran = alertc(project, "diff")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.match(r"HEAD \([0-9a-f]{7}\) -> the working tree: 3 weaker\n", ran.stdout)
    assert f"\nMoneyLost, a P0 of shop (policy/shop.yaml:{LINE})\n  {WEAKER}\n" in ran.stdout
    commit(project)
    heading, note = alertc(project, "diff").stdout.splitlines()
    assert re.fullmatch(r"HEAD .* -> the working tree: no change in who is paged", heading)
    assert note == (
        "note: the working tree is refused by `alertc render`: SLA201, P0 MoneyLost can take 5m20s to be acknowledged; "
        "the SLA is 5m; `alertc check` shows all"
    )
    there, back = alertc(project, "diff", "HEAD~1", "--to", "HEAD"), alertc(project, "diff", "HEAD", "--to", "HEAD~1")
    assert "3 weaker" in there.stdout
    assert "3 stronger" in back.stdout


def test_the_repository_is_left_as_it_was(project):
    change(project, HOLD)
    git(project, "add", "-A")
    change(
        project,
        (
            "    for: 30s\n    containment: stop-sales\n    summary: All",
            "    for: 15s\n    containment: stop-sales\n    summary: All",
        ),
    )
    states = [sorted((path.relative_to(project), path.read_bytes()) for path in project.rglob("*") if path.is_file())]
    assert alertc(project, "diff").returncode == 0
    states.append(
        sorted((path.relative_to(project), path.read_bytes()) for path in project.rglob("*") if path.is_file())
    )
    assert states[0] == states[1]


def test_another_policy_a_project_and_a_folder_of_files_can_be_compared_too(project, tmp_path):
    (tmp_path / "before.yaml").write_text(SMALL, encoding="utf-8")
    shutil.copytree(project, tmp_path / "other")
    assert alertc(project, "render").returncode == 0
    shutil.copytree(project / "out", tmp_path / "rendered")
    change(project, HOLD)
    for name in ("before.yaml", "other", "rendered"):
        ran = alertc(project, "diff", f"../{name}")
        assert ran.stdout.startswith(f"../{name} -> the working tree: 3 weaker\n"), ran.stdout + ran.stderr
        assert WEAKER in ran.stdout
    assert (
        "note: ../rendered has no policy, only generated files: "
        "its premises (scrapes, SLAs, people) are those of the working tree\n" in ran.stdout
    )
    both = alertc(project, "diff", "../rendered", "--to", "../rendered")
    assert both.stdout == (
        "../rendered -> ../rendered: no change in who is paged\n"
        "note: neither side has a policy: the premises (scrapes, SLAs, people) are those of the policy here\n"
    )


def test_old_templates_make_the_old_files(project):
    template = "alertmanager/alertmanager.yml.j2"
    text = (packaged_templates() / template).read_text(encoding="utf-8")
    (project / "templates/alertmanager").mkdir(parents=True)
    (project / "templates" / template).write_text(
        text.replace("<< route.group_wait | duration >>", "20s"), encoding="utf-8"
    )
    commit(project)
    shutil.rmtree(project / "templates")
    ran = alertc(project, "diff")
    steps = "tells Slack #shop and steps 1 and 2 of its chain (the on-call of primary and Cy Okafor) 5s sooner\n"
    assert f"{steps}             the first of them after 1m55s -> 1m50s at the latest\n" in ran.stdout
    assert "answered after 4m55s -> 4m50s, the SLA is 5m: 5s to spare -> 10s to spare" in ran.stdout


@pytest.mark.parametrize(
    ("broken", "why"),
    {
        "a name that nothing defines": (
            "    team: web\n    escalation: web\n    runbook: recovery.md\n    depends_on",
            "REF301",
        ),
        "no YAML": ("version: 1\n", "SRC1"),
    }.values(),
)
def test_where_the_old_policy_does_not_compile_its_committed_files_are_compared(project, broken, why):
    assert alertc(project, "render").returncode == 0
    good = (project / "policy/shop.yaml").read_text(encoding="utf-8")
    change(project, (broken, broken.replace("escalation: web", "escalation: net").replace("version: 1", "version: [1")))
    commit(project)
    (project / "policy/shop.yaml").write_text(edited(good, HOLD), encoding="utf-8")
    ran = alertc(project, "diff")
    assert ran.returncode == 0, ran.stderr
    assert WEAKER in ran.stdout
    assert re.search(
        rf"note: HEAD \(.{{7}}\) does not compile any more \({why}.*\); its committed files are compared", ran.stdout
    )


def test_a_policy_that_was_renamed_is_found(project):
    git(project, "mv", "policy/shop.yaml", "policy/store.yaml")
    assert "no change in who is paged" in alertc(project, "diff").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nope"], "git knows no revision `nope`, and there is no file `nope`"),
        (["--", "--output=x"], "git knows no revision `--output=x`, and there is no file `--output=x`"),
        (["policy"], "`policy` is a folder with neither alertmanager/alertmanager.yml nor one policy in policy/"),
        (["--policy", "../elsewhere.yaml"], "HEAD (1234567) has no ../elsewhere.yaml; name a file: alertc diff FILE"),
    ],
)
def test_what_cannot_be_found_is_wrong_usage(project, arguments, said):
    (project.parent / "elsewhere.yaml").write_text(SMALL, encoding="utf-8")
    ran = alertc(project, "diff", *arguments)
    assert ran.returncode == 2
    assert re.sub(r"\([0-9a-f]{7}\)", "(1234567)", ran.stderr).endswith(f"Error: {said}\n")


def test_without_a_repository_a_file_is_asked_for(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    ran = alertc(tmp_path, "diff", GIT_CEILING_DIRECTORIES=str(tmp_path.parent))
    assert (ran.returncode, ran.stderr.splitlines()[-1]) == (
        2,
        "Error: there is no git repository here",
    )
    ran = alertc(tmp_path, "diff", "main", GIT_CEILING_DIRECTORIES=str(tmp_path.parent))
    assert (ran.returncode, ran.stderr.splitlines()[-1]) == (
        2,
        "Error: there is no git repository here, and there is no file `main`",
    )


def test_without_git_the_machine_is_not_ready(project, tmp_path):
    ran = alertc(project, "diff", PATH=str(tmp_path))
    assert ran.returncode == 3
    assert ran.stderr == (
        "alertc: git cannot be started: No such file or directory\n"
        "help: alertc reads other revisions with git; or name a file\n"
    )


def test_a_new_policy_that_does_not_compile_is_shown_with_its_line(project):
    change(project, ("  web: {title: Web, members: [ana, bo]}", "  web: {title: Web, members: [ana, boo]}"))
    ran = alertc(project, "diff", "--format", "json")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("error[REF301]: there is no person `boo`\n  --> policy/shop.yaml:60:")


# ------------------------------------------------------------------------------------------- acceptances

ACCEPTS = """
accepts:
  slower-tills:
    weaker: [alerts/MoneyLost]
    reason: Tills settle within half a minute.
    until: 2099-12-31
"""


def test_fail_on_weaker_fails_until_the_policy_accepts_it(project):
    change(project, HOLD)
    assert alertc(project, "diff", "--fail-on", "weaker").returncode == 1
    policy = project / "policy/shop.yaml"
    policy.write_text(policy.read_text(encoding="utf-8") + ACCEPTS, encoding="utf-8")
    ran = alertc(project, "diff", "--fail-on", "weaker")
    assert ran.returncode == 0
    assert "3 weaker (3 accepted)\n" in ran.stdout
    assert "             accepted until 2099-12-31: Tills settle within half a minute.\n" in ran.stdout
    assert alertc(project, "diff", "--fail-on", "weaker", "--format", "sarif").returncode == 0


def test_stronger_and_different_never_fail(project):
    change(project, ("each: {shop: {limit: 0.02}}", "each: {shop: {limit: 0.01}}"))
    ran = alertc(project, "diff", "--fail-on", "weaker")
    assert (ran.returncode, "1 stronger" in ran.stdout) == (0, True)
    assert "title=DIF802::stronger: ErrorsHigh" in alertc(project, "diff", "--format", "github").stdout
    change(project, ("limit: 0.01}}", "limit: 0.02}}"), ("expr: max by (till) (abs(", "expr: sum by (till) (abs("))
    ran = alertc(project, "diff", "--fail-on", "weaker", "--format", "github")
    assert (ran.returncode, "title=DIF803::different: MoneyLost" in ran.stdout) == (0, True)


@pytest.mark.parametrize(
    ("named", "counts"),
    {
        "alerts/MoneyLost": 3,
        "services/shop": 3,
        "severities/P0": 3,
        "escalations/web": 3,
        "alerts/ServiceDown": 0,
    }.items(),
)
def test_an_acceptance_names_the_alert_or_what_stands_for_it(named, counts):
    accepts = ACCEPTS.replace("alerts/MoneyLost", named)
    changes = changes_of(SMALL, edited(SMALL, HOLD) + accepts)
    assert len(changes.of(Verdict.WEAKER)) - len(changes.unaccepted) == counts
    assert [one.why for one in changes.unfit] == ([] if counts else ["nothing that it names gets weaker"])


def test_what_is_gone_can_be_accepted_too():
    gone = SMALL[SMALL.index("  CertificateExpiring:\n") :]
    changes = changes_of(SMALL, SMALL.replace(gone, "") + ACCEPTS.replace("MoneyLost", "CertificateExpiring"))
    assert changes.of(Verdict.WEAKER)
    assert changes.unaccepted == ()


def test_an_acceptance_counts_until_its_day():
    new = edited(SMALL, HOLD) + ACCEPTS.replace("2099-12-31", "2026-06-01")
    assert changes_of(SMALL, new, date(2026, 6, 1)).unaccepted == ()
    late = changes_of(SMALL, new, date(2026, 6, 2))
    assert len(late.unaccepted) == 3
    assert [(one.name, one.why, one.expired) for one in late.unfit] == [
        ("slower-tills", "it counted until 2026-06-01", True)
    ]
    shown = findings(late, Place(path="policy.yaml"), strict=True)
    assert [(one.code, one.level, one.route) for one in shown][-1] == (
        "DIF804",
        Level.WARNING,
        ("accepts", "slower-tills"),
    )


def test_an_acceptance_that_does_nothing_is_told(project):
    policy = project / "policy/shop.yaml"
    policy.write_text(SMALL + ACCEPTS, encoding="utf-8")
    assert alertc(project, "diff").stdout.endswith(
        "\nnote: accepts/slower-tills does nothing: nothing that it names gets weaker; remove it\n"
    )
    assert "title=DIF805::accepts/slower-tills does nothing" in alertc(project, "diff", "--format", "github").stdout


def test_an_acceptance_of_a_mistyped_name_gets_the_one_that_was_meant(project):
    policy = project / "policy/shop.yaml"
    mistyped = ACCEPTS.replace("alerts/MoneyLost", "alerts/MonyLost")
    policy.write_text(edited(SMALL, HOLD) + mistyped, encoding="utf-8")
    note = (
        "note: accepts/slower-tills does nothing: nothing that it names gets weaker; did you mean `alerts/MoneyLost`?"
    )
    assert note in alertc(project, "diff").stdout.splitlines()


# ------------------------------------------------------------------------------------------- forms


def test_json_has_the_published_form(project):
    change(project, HOLD, ("rotation: [ana, bo]", "rotation: [ana]"))
    printed = json.loads(alertc(project, "diff", "--format", "json").stdout)
    schema_of_it = schema.read("diff")
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(schema_of_it)
    Draft202012Validator(schema_of_it).validate(printed)
    assert printed["counts"] == {"weaker": 3, "stronger": 0, "different": 2, "same": 0}
    assert printed["weaker_and_not_accepted"] == 3
    first = printed["changes"][0]
    assert first["subjects"][0]["name"] == "MoneyLost"
    assert (first["subjects"][0]["path"], first["subjects"][0]["line"]) == ("policy/shop.yaml", LINE)
    assert [one["name"] for one in printed["loads"]] == ["Ana Keller", "Bo Lindqvist"]


def test_annotations_stand_at_the_alert(project):
    change(project, HOLD)
    ran = alertc(project, "diff", "--format", "github")
    assert ran.stdout.startswith(
        f"::warning file=policy/shop.yaml,line={LINE},endLine={LINE},col=3,endColumn=12,title=DIF801::weaker: "
        "MoneyLost, a P0 of shop%0Aweaker: fires after 30s instead of 0s (`for`): what ends sooner is told to nobody%0A"
    )
    strict = alertc(project, "diff", "--format", "github", "--fail-on", "weaker")
    assert (strict.returncode, strict.stdout[:8]) == (1, "::error ")


def test_sarif_stands_at_the_alert(project):
    change(project, HOLD)
    (run,) = json.loads(alertc(project, "diff", "--format", "sarif").stdout)["runs"]
    (result,) = run["results"]
    assert (result["ruleId"], result["level"]) == ("DIF801", "warning")
    place = result["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("policy/shop.yaml", LINE)


def test_a_comment_begins_with_its_marker_and_what_matters(project, golden):
    change(project, HOLD, ("rotation: [ana, bo]", "rotation: [ana]"))
    printed = alertc(project, "diff", "--format", "markdown").stdout
    golden.expect("diff/comment.md", re.sub(r"\([0-9a-f]{7}\\\)", r"(1234567\\)", printed))
    assert printed.startswith(f"{MARKER}\n")


HOSTILE = (
    "@everyone #12 GH-7 org/repo#3 www.evil.example https://evil.example :tada: <img src=x onerror=alert(1)> "
    "</details> [a](b) ![c](d) `e` *f* _g_ ~~h~~ | i | $j$ &amp; <!-- alertc diff -->"
)


def test_the_text_of_a_policy_becomes_neither_markup_nor_mention():
    from markdown_it import MarkdownIt

    html = MarkdownIt("gfm-like", {"linkify": False}).render(f"- {in_markdown(HOSTILE)}\n")
    inside = re.fullmatch(r"<ul>\n<li>(.*)</li>\n</ul>\n", html, re.DOTALL)
    assert inside, html
    shown = inside[1].replace("\u200b", "").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"')
    assert shown.replace("&amp;", "&") == HOSTILE
    assert "<" not in inside[1]
    # What GitHub would link is broken by a space that nobody sees.
    for linked in (r"@\w", r"#\d", r"(?i)gh-\d", r"://", r"www\.", r":tada:"):
        assert not re.search(linked, inside[1]), linked


@pytest.mark.parametrize("first", ["- a", "+ a", "# a", "1. a", "12) a", "> a", "=== a"])
def test_the_first_character_begins_no_block(first):
    from markdown_it import MarkdownIt

    html = MarkdownIt().render(f"  - {in_markdown(first)}\n")
    assert re.fullmatch(r"<ul>\n<li>.*</li>\n</ul>\n", html), html


def test_a_comment_fits_what_github_takes():
    alert = SMALL[SMALL.index("  ErrorsHigh:\n") : SMALL.index("  CertificateExpiring:\n")]
    many = "".join(
        alert.replace("ErrorsHigh", f"ErrorsHigh{number}").replace("0.02}", f"{0.02 + number / 1000:.3f}}}")
        for number in range(700)
    )
    old = SMALL.replace(alert, many)
    changes = changes_of(old, old.replace("    for: 5m\n", "    for: 6m\n").replace("0.02", "0.03"))
    comment = to_markdown(changes, {})
    assert len(comment) <= LONGEST
    assert comment.count("<details>") == comment.count("</details>")
    if len(changes.entries) > 300:
        assert "more changes do not fit here: `alertc diff` prints all." in comment


# ------------------------------------------------------------------------------------------- consistency


@pytest.mark.parametrize("name", seeds.parameters(tuple(POLICY), 4))
def test_old_and_new_swapped_make_stronger_of_weaker_in_the_published_form(name):
    old, new = versions(POLICY[name])
    there, back = changes_of(old, new), changes_of(new, old)
    assert schema.faults(json.loads(to_json(there, {})), "diff") == ()
    assert counted(there) == {
        (kind, verdict.swapped, subject): count for (kind, verdict, subject), count in counted(back).items()
    }


def counted(changes):
    """How often which kind of change is said of whom; what is renamed is called by its old name one way only."""
    return Counter(
        (facet.kind, facet.verdict, subject.kind)
        for entry in changes.entries
        for facet in entry.facets
        for subject in entry.subjects
    )


UNPLANNED = (
    *(
        "threshold-tightened",
        "threshold-relaxed",
        "another-expression",
        "alert-added",
        "alert-removed",
        "page-each-added",
    ),
    *("depends-on-added", "channel-moved", "halt-repeated-more-rarely", "alerts-in-another-order"),
)


@pytest.mark.parametrize("name", seeds.parameters(UNPLANNED, 4))
def test_what_is_skipped_since_it_is_the_same_would_have_said_nothing(name):
    """Two policies are compared by the rule files that differ alone; two folders of files by all that they hold."""
    old, new = versions(POLICY[name])
    made = [compiled(text) for text in (old, new)]
    whole = compare(
        pair(*(Rendered(name="side", artifacts=one.artifacts) for one in made), made[1].plan), date(2026, 6, 1)
    )
    assert said_of_alerts(whole) == said_of_alerts(changes_of(old, new))


def said_of_alerts(changes):
    return [
        (subject.name, subject.service, facet.verdict, facet.said, facet.figures)
        for entry in changes.entries
        for subject in entry.subjects
        for facet in entry.facets
        if subject.kind == "alert"
    ]


def test_one_of_many_services_changes_and_nothing_is_said_of_the_others():
    """The same is said as of the service alone."""
    many, few = (changes_of(*("".join(generate.policy(size, changed)) for changed in (None, 9))) for size in (40, 10))
    assert said_of_alerts(many) == said_of_alerts(few)
    assert [entry[:2] for entry in said_of_alerts(many)] == [("SaturationHighOf9", "service-9")]


@pytest.mark.parametrize("text", [SMALL, EXCHANGE, "".join(generate.policy(20))], ids=["small", "exchange", "bench"])
def test_an_entry_that_is_found_by_its_line_stands_where_its_event_does(text):
    raw = text.encode()
    tree = source.read(raw, "policy.yaml").tree
    routes = [(key, name) for key, entries in tree.items() if isinstance(entries, dict) for name in entries]
    located = positions.locate(raw, "policy.yaml", [(route, True) for route in routes])
    glanced = {route: positions.glanced(raw, "policy.yaml", route) for route in routes}
    assert [route for route in routes if glanced[route] not in (None, located[route, True])] == []
    assert all(place for route, place in glanced.items() if route[0] == "alerts")


def test_an_entry_that_is_not_plain_is_not_found_by_its_line():
    flow, twice, absent = b"alerts: {A: 1}\n", b'alerts:\n  B: "\n  A: x"\n  A: 1\n', b"alerts:\n  B: 1\n"
    assert [positions.glanced(raw, "p", ("alerts", "A")) for raw in (flow, twice, absent)] == [None, None, None]


@pytest.mark.parametrize("text", [SMALL, EXCHANGE], ids=["small", "exchange"])
def test_a_policy_against_itself_is_silent(text):
    changes = changes_of(text, text)
    assert (changes.entries, changes.loads, changes.deploy.happens, changes.deploy.order) == ((), (), (), ())
    assert changes.pages_alike


def test_a_group_wait_in_the_template_fills_a_screen_at_most(tmp_path, golden):
    """The issue's own example: the alerts, the old and the new worst case, and whether the SLA still holds."""
    for name in ("policy", "out"):
        shutil.copytree(ROOT / name, tmp_path / name)
    template = "alertmanager/alertmanager.yml.j2"
    text = (packaged_templates() / template).read_text(encoding="utf-8")
    (tmp_path / "templates/alertmanager").mkdir(parents=True)
    (tmp_path / "templates" / template).write_text(edited(text, ("<< route.group_wait | duration >>", "45s")))
    ran = alertc(tmp_path, "diff", "out", "--policy", "policy/exchange.yaml")
    golden.expect("diff/group-wait-in-the-template.txt", ran.stdout)
    assert len(ran.stdout.splitlines()) <= 45


def lines_changed(text):
    """Yield the text with a line left out, or with another number in it, and what was done."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        yield "\n".join(lines[:number] + lines[number + 1 :]), f"{number + 1}: without {line.strip()}"
        found = re.search(r"\d+", line)
        if found:
            other = f"{line[: found.start()]}{int(found[0]) + 1}{line[found.end() :]}"
            yield "\n".join([*lines[:number], other, *lines[number + 1 :]]), f"{number + 1}: {other.strip()}"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(ALERTMANAGER, marks=pytest.mark.thorough),
        "pagerduty/escalation_policies.json",
        "pagerduty/services.json",
    ],
)
def test_what_a_template_can_change_is_never_silent(path, golden):
    """The golden files hold the exceptions: what nothing reaches, what is inherited or made up for, what is refused."""
    made = compiled(SMALL)
    files = tuple(one for one in made.artifacts if not one.path.startswith(("docs/", "prometheus/tests/")))
    (text,) = (one.text for one in files if one.path == path)
    silent = []
    for edited_text, what in lines_changed(text):
        other = tuple(replace(one, text=edited_text) if one.path == path else one for one in files)
        sides = (Rendered(name="a", artifacts=files), Rendered(name="b", artifacts=other))
        with contextlib.suppress(Broken):
            changes = compare(pair(*sides, made.plan), date(2026, 6, 1))
            if not changes.entries and not changes.deploy.happens:
                silent.append(what)
    golden.expect(f"diff/silent/{path.rpartition('/')[2]}.txt", "".join(f"{line}\n" for line in silent))


# ------------------------------------------------------------------------------------------- thresholds


@pytest.mark.parametrize(
    ("old", "new", "verdict"),
    [
        ("x > 5", "x > 10", "weaker"),
        ("x > 5", "x > 4", "stronger"),
        ("x < 5", "x < 4", "weaker"),
        ("5 < x", "10 < x", "weaker"),
        ("x > 5", "x >= 5", "stronger"),
        ("x >= 5", "x > 5", "weaker"),
        ("x > 5", "x >= 6", "weaker"),
        ("x > 14 * 86400", "x > 7 * 86400", "stronger"),
        ("x > -5", "x > -6", "stronger"),
        ("x  >  5", "x > 5.0", "same"),
        ("(x > 5)", "x > 5", "same"),
        ("x > 5", "x < 5", "different"),
        ("x == 1", "x == 2", "different"),
        ("x > 5", "y > 5", "different"),
        ("x > 5", "x > y", "different"),
        ("x > 5 and y > 1", "x > 6 and y > 1", "weaker"),
        ("x > 5 or y > 1", "x > 5 or y > 2", "weaker"),
        ("x > 5 and y > 1", "x > 6 and y > 0", "different"),
        ("x > 5 unless y > 1", "x > 5 unless y > 2", "stronger"),
        ("x > 5 and on (a) y > 1", "x > 6 and on (b) y > 1", "different"),
        ("absent(x > 5)", "absent(x > 6)", "different"),
        ("x > bool 5", "x > bool 6", "different"),
        ("rate(x[5m]) > 0.1 * rate(y[5m])", "rate(x[5m]) > 0.2 * rate(y[5m])", "weaker"),
        ("sum(rate(x[5m])) < sum(rate(y[5m])) * 0.2", "sum(rate(x[5m])) < sum(rate(y[5m])) * 0.1", "weaker"),
        ("x > 0.1 * y", "x > 0.2 * y", "different"),
        ("x > 0.1 * rate(y[5m])", "x > 0.2 * rate(z[5m])", "different"),
        ("x > 0.1 * (rate(y[5m]) + 5)", "x > 0.2 * (rate(y[5m]) + 5)", "weaker"),
        ("x > 0.1 * (rate(y[5m]) + z)", "x > 0.2 * (rate(y[5m]) + z)", "different"),
        ("x > 0.1 * (rate(y[5m]) * -5)", "x > 0.2 * (rate(y[5m]) * -5)", "different"),
        ("count(x > 5) > 2", "count(x > 6) > 2", "different"),
        ('x{a="1"} > 5', 'x{a="2"} > 6', "different"),
        ("rate(x[5m]) > 5", "rate(x[10m]) > 5", "different"),
    ],
)
def test_a_threshold_is_judged_where_its_direction_is_certain(old, new, verdict):
    assert expressions.judge(old, new).verdict.value == verdict
    assert expressions.judge(new, old).verdict.swapped.value == verdict


def test_a_value_that_stands_in_no_matcher_is_made_for_it():
    """Only `team="xxx"` takes the new route: whoever reads of it need not think of such a value."""
    made = compiled(SMALL)
    route = "    - receiver: room\n      matchers:\n        - 'team=~\"x{3}\"'\n"
    new = tuple(
        replace(one, text=one.text.replace("  routes:\n", f"  routes:\n{route}", 1))
        if one.path == ALERTMANAGER
        else one
        for one in made.artifacts
    )
    sides = (Rendered(name="a", artifacts=made.artifacts), Rendered(name="b", artifacts=new))
    changes = compare(pair(*sides, made.plan), date(2026, 6, 1))
    assert [subject.name for entry in changes.entries for subject in entry.subjects] == ["team=xxx"]
