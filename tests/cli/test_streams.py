"""What is printed, and where it cannot be: closed, full and narrow streams, and text that somebody else wrote."""

import io
import json
import os
import re
import subprocess
import sys

import pytest

from generator.cli import streams
from generator.diagnostics.quoting import no_command, printable
from tests.compiling import SMALL
from tests.projects import ALERTC, alertc, change

FULL = "/dev/full"
HOSTILE = (
    "::stop-commands::token",
    "   ::error file=README.md,line=1::never in order",
    "text ##[add-mask]secret",
    "##vso[task.setvariable]x",
    "\u3000::warning::a wide blank",
    "\u202eright to left\u2066",
    "\u200binvisible\u3164\u2800\u034f",
    "\x1b[2J\x1b]0;title\x07\rerased\x08",
)


PAGED = "    notify: [page, room]\n    closes: "
WARNED = (f"{PAGED}by-hand\n  P2:", f"{PAGED}with-alert\n  P2:")


def shell(folder, line, **environment):
    return subprocess.run(
        ["bash", "-c", line.replace("alertc", str(ALERTC))],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def obeyed(printed):
    """Return the lines that GitHub's runner takes for commands."""
    lines = re.split(r"\r\n|\r|\n", printed)
    return [line for line in lines if line.strip().startswith("::") or re.search(r"##\w*\[", line)]


def assert_plain(printed):
    assert not obeyed(printed)
    assert all(character.isprintable() or character in "\n\t" for character in printed)
    assert not re.search("[\u3164\u2800\u034f]", printed)


# ------------------------------------------------------------------------------------------- streams


@pytest.mark.parametrize(
    ("line", "code", "error"),
    [
        ("alertc check >&-", 3, "it is closed"),
        ("alertc check --format json >&-", 3, "it is closed"),
        ("alertc --version >&-", 3, "it is closed"),
        (f"alertc check >{FULL}", 3, "No space left on device"),
        (f"alertc schema >{FULL}", 3, "No space left on device"),
        (f"alertc graph MoneyLost >{FULL}", 3, "No space left on device"),
        (f"alertc diff policy/shop.yaml --format markdown >{FULL}", 3, "No space left on device"),
    ],
)
def test_an_answer_that_cannot_be_written_is_never_clean(project, line, code, error):
    ran = shell(project, line)
    assert ran.returncode == code
    assert ran.stderr == (
        f"alertc: cannot write to standard output: {error}\n"
        "help: its output is incomplete: write it to a place that has room\n"
    )


@pytest.mark.parametrize("lost", ["2>&-", f"2>{FULL}"])
def test_standard_error_is_missed_only_where_findings_go_there(project, lost):
    ran = shell(project, f"alertc check {lost}")
    assert (ran.returncode, ran.stdout.count("up to date")) == (0, 1)
    ran = shell(project, f"alertc check --format json {lost}")
    assert ran.returncode == 0
    assert json.loads(ran.stdout)["diagnostics"] == []
    ran = shell(project, f"alertc check nowhere.yaml {lost}")
    assert (ran.returncode, ran.stdout) == (1, ""), "what is wrong is told by the exit code"
    assert shell(project, f"alertc check --nothing {lost}").returncode == 2


def test_warnings_that_cannot_be_written_are_never_clean(project):
    change(project, WARNED)
    ran = alertc(project, "render")
    assert (ran.returncode, ran.stderr.splitlines()[-1]) == (0, "1 warning")
    for lost in ("2>&-", f"2>{FULL}"):
        ran = shell(project, f"alertc check {lost}")
        assert ran.returncode == 3
        assert "up to date" in ran.stdout


def test_nothing_that_is_opened_takes_the_place_of_a_closed_stream(project):
    change(
        project, ("is off by {{ $value }}", "is wrong by {{ $value }}"), ("north is off by 7", "north is wrong by 7")
    )
    assert shell(project, "alertc render <&- >&- 2>&-").returncode == 3
    ran = shell(project, "alertc check <&-")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert shell(project, "alertc pagerduty apply <&-", PAGERDUTY_API_KEY="k").returncode == 2


def test_a_reader_that_leaves_ends_it_without_a_word(project):
    ran = shell(project, "alertc schema | head -1; exit ${PIPESTATUS[0]}")
    assert ran.stderr == ""
    ran = shell(project, "(alertc schema; echo $? >&2) | true")
    assert ran.stderr == "141\n"


@pytest.mark.parametrize(
    ("encoding", "form"),
    [
        *((encoding, "text") for encoding in ("latin-1", "ascii", "utf-8", "ascii:strict")),
        ("ascii", "markdown"),
        ("utf-8", "json"),
    ],
)
def test_a_narrow_locale_gets_escapes(project, encoding, form):
    other = SMALL.replace("Ana Keller", "Ana Marić 日本")
    (project / "other.yaml").write_text(other, encoding="utf-8")
    ran = subprocess.run(
        [ALERTC, "diff", "policy/shop.yaml", "--to", "./other.yaml", "--format", form],
        cwd=project,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    wide = encoding == "utf-8" and form != "json"
    assert ("Marić 日本" if wide else "Mari\\u0107 \\u65e5\\u672c") in ran.stdout.decode(encoding.split(":")[0])


# ------------------------------------------------------------------------------------------- text of others


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_lines_of_the_policy_are_no_commands_in_any_form(project, form):
    text = "".join(f"  {line}\n" for line in HOSTILE if line.isprintable() or "\u3000" in line)
    change(
        project,
        ("purpose: What to do when the shop is in trouble.\n", f"purpose: |\n  What to do in trouble.\n{text}"),
    )
    alertc(project, "render")
    page = project / "out/docs/incident-response.md"
    page.write_text(page.read_text(encoding="utf-8").replace("What to do", "::debug::What"), encoding="utf-8")
    for folder in (project / "out/prometheus/rules", project / "out/docs"):
        (folder / "x\n::error::a name\u202e").write_text("a\n", encoding="utf-8")
    ran = alertc(project, "check", "--format", form)
    assert ran.returncode == 1
    own = r"::(error|warning|notice) [^:]*title=[A-Z]+\d+::"
    assert all(re.match(own, line) for line in obeyed(ran.stdout)), ran.stdout
    assert bool(obeyed(ran.stdout)) == (form == "github")
    assert_plain(ran.stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "TEXT"],
        ["check", "--out", "TEXT"],
        ["check", "--format", "TEXT"],
        ["check", "--templates", "TEXT"],
        ["TEXT"],
        ["--TEXT"],
        ["diff", "TEXT"],
        ["diff", "git:TEXT"],
        ["explain", "TEXT"],
        ["explain", "--labels", "TEXT"],
        ["explain-code", "TEXT"],
        ["who", "P0", "TEXT"],
        ["who", "P0", "shop", "--at", "TEXT"],
        ["report", "--from", "TEXT"],
        ["fmt", "TEXT"],
        ["comment", "TEXT"],
        ["verify-live", "--prometheus", "TEXT"],
        ["drill", "--slow", "TEXT"],
        ["drill", "TEXT"],
    ],
    ids=" ".join,
)
def test_what_is_typed_is_quoted_in_what_is_said_of_it(rendered, arguments):
    words = [word.replace("TEXT", "x\n" + "\n".join(HOSTILE)) for word in arguments]
    ran = alertc(rendered, *words)
    assert ran.returncode in (0, 1, 2, 3)
    assert "this is a bug" not in ran.stderr
    assert_plain(ran.stdout + ran.stderr)


@pytest.mark.parametrize("trace", ["0", "1"])
def test_a_bug_report_quotes_too(trace):
    program = (
        "import sys\n"
        "from generator.cli import main, running\n"
        "@running.alertc.command('fail')\n"
        "def fail():\n"
        f"    raise ValueError({chr(10).join(HOSTILE)!r})\n"
        "sys.exit(main(['fail']))\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "ALERTC_TRACEBACK": trace},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ran.returncode, ran.stdout) == (3, "")
    assert "ValueError: \\u003a:stop-commands::token" in ran.stderr or "ValueError: ::stop-commands" in ran.stderr
    assert_plain(ran.stderr)


def test_a_command_is_seen_across_two_writes():
    program = (
        "import sys\n"
        "from generator.cli import streams\n"
        "with streams.guarded():\n"
        "    for part in ('  ', ':', ':error::', 'x\\n', 'y', '::z\\n', ' \\n', '::w\\n'):\n"
        "        sys.stdout.write(part)\n"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not obeyed(ran.stdout)
    assert ran.stdout == "  :\\u003aerror::x\ny::z\n \n\\u003a:w\n"


def test_a_guard_may_outlive_its_stream(monkeypatch):
    own = io.StringIO()
    monkeypatch.setattr(sys, "stdout", own)
    with streams.guarded():
        guard = sys.stdout
    own.close()
    # Python does so with what nobody holds any more.
    guard.close()


@pytest.mark.parametrize("text", [":::error::x", "  :::: x", "\t::x", "a\n::error::x"])
def test_two_colons_at_the_beginning_of_a_line_are_quoted(text):
    assert no_command(text) == text.replace(":", "\\u003a", 1)


def test_findings_name_files_as_they_are():
    assert no_command("a\n  ::: out/x.yaml:1:1") == "a\n  ::: out/x.yaml:1:1"


def test_json_says_the_same_with_its_commands_quoted():
    said = {"a": "##[error]x ###[y] ##vso[z]", "b": "::c"}
    text = json.dumps(said, indent=2)
    assert "##[" not in no_command(text)
    assert json.loads(no_command(text)) == said


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain äöü 日本 😀", "plain äöü 日本 😀"),
        ("⚠\ufe0f 1\ufe0f\u20e3", "⚠\ufe0f 1\ufe0f\u20e3"),
        ("a\ufe0fb\u3164\u2800", "a\\ufe0fb\\u3164\\u2800"),
        ("a\u202eb\u200bc\x1b[0m\r\n\t", "a\\u202eb\\u200bc\\x1b[0m\\r\\n    "),
        ("\U000e0041\U000e0100", "\\U000e0041\\U000e0100"),
    ],
)
def test_what_is_not_seen_is_shown(text, shown):
    assert printable(text) == shown


# ------------------------------------------------------------------------------------------- what the machine refuses


@pytest.mark.parametrize("path", ["a" * 300, "ä" * 200, "a/" * 3000 + "a"], ids=["name", "bytes", "path"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["check", "PATH"],
        ["check", "--out", "PATH"],
        ["check", "--templates", "PATH"],
        ["render", "--out", "PATH"],
        ["fmt", "PATH"],
        ["diff", "PATH"],
        ["diff", "./PATH"],
        ["diff", "git:PATH"],
        ["report", "--output", "PATH"],
        ["report", "--against", "PATH"],
        ["report", "--drill", "PATH"],
        ["comment", "PATH"],
        ["pagerduty", "plan", "--key-file", "PATH"],
        ["verify-live", "--prometheus", "http://127.0.0.1:9", "--token-file", "PATH"],
    ],
    ids=" ".join,
)
def test_a_path_that_is_too_long_is_no_bug(rendered, arguments, path):
    ran = alertc(rendered, *(word.replace("PATH", path) for word in arguments))
    assert ran.returncode in (1, 2, 3)
    assert "this is a bug" not in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2200-01-01", "9999-12-31"])
def test_a_report_of_a_year_that_no_calendar_shows_is_wrong_usage(rendered, day):
    ran = alertc(rendered, "report", "--from", day, "--output", "-")
    assert ran.returncode == 2
    assert ran.stderr.endswith(f"Error: Invalid value for '--from': the year of {day} is not between 2000 and 2199\n")


@pytest.mark.parametrize("day", ["2000-01-01", "2199-12-31"])
def test_a_report_is_drawn_to_the_ends_of_the_calendar(rendered, day):
    assert alertc(rendered, "report", "--from", day, "--output", "-").returncode == 0
