"""`alertc calendar` writes public holidays into the policy, and nothing else; `check` says when they run out."""

import subprocess
import sys
from datetime import date

import pytest

from generator.policy import countries
from tests.compiling import ROOT, edited
from tests.projects import alertc

OFFICES = (ROOT / "tests/policies/offices.yaml").read_text(encoding="utf-8")
BERLIN = OFFICES[OFFICES.index("    holidays:\n") : OFFICES.index("  denver:")]
DAY = date(2026, 11, 28)


@pytest.fixture(autouse=True)
def today(monkeypatch):
    def at(day):
        for place in ("commands.calendar", "commands.remembered", "checks.policy.public_holidays"):
            monkeypatch.setattr(f"generator.{place}.today", lambda: day)

    at(DAY)
    return at


def project(tmp_path, holidays, *edits):
    text = edited(OFFICES, (BERLIN, holidays), *edits)
    (tmp_path / "policy.yaml").write_text(text, encoding="utf-8", newline="")
    return tmp_path / "policy.yaml"


BLOCK = """\
    holidays:   # of Berlin alone
      of: DE-BE
      through: 2026
      days:
        2026-10-03: German Unity Day   # the office is open for visitors
        # nobody is there between the years
        2026-12-25: Christmas Day
        2026-12-26: Boxing Day
      own: {2026-12-24: Christmas Eve}   # by agreement
"""
BARE = "    holidays: {of: [DE-BE, DK]}   # two offices\n"
FLOW = """\
    holidays: {of: DE-BE,   # Berlin
               days: {2026-12-25: Christmas Day}, own: {2026-12-24: Christmas Eve}}
"""
LIST = """\
    holidays:
      of:
        - DE-BE
        - DK   # Copenhagen
      # by agreement
      own: {2026-12-24: Christmas Eve}
"""
LAYOUTS = {"block": BLOCK, "bare": BARE, "flow": FLOW, "list": LIST, "crlf": BLOCK}


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_days_are_written_and_all_else_stays(name, golden, tmp_path):
    policy = project(tmp_path, LAYOUTS[name])
    if name == "crlf":
        policy.write_bytes(policy.read_bytes().replace(b"\n", b"\r\n"))
    checked = alertc(tmp_path, "calendar", "policy.yaml", "--through", "2027", "--check")
    assert checked.returncode == 1
    assert checked.stdout.endswith("run `alertc calendar policy.yaml`\n")
    ran = alertc(tmp_path, "calendar", "policy.yaml", "--through", "2027")
    assert (ran.returncode, ran.stderr) == (0, "")
    written = policy.read_bytes()
    if name == "crlf":
        assert written.count(b"\n") == written.count(b"\r\n")
    else:
        golden.expect(f"calendar/{name}.txt", ran.stdout)
    again = alertc(tmp_path, "calendar", "policy.yaml", "--through", "2027")
    assert (again.stdout, policy.read_bytes()) == (
        "policy.yaml: the holidays are written down to the end of 2027 already\n",
        written,
    )
    assert alertc(tmp_path, "calendar", "policy.yaml", "--through", "2027", "--check").returncode == 0


def test_two_years_after_this_one_are_written(tmp_path):
    policy = project(tmp_path, "    holidays: {of: JP}\n")
    alertc(tmp_path, "calendar", "policy.yaml")
    text = policy.read_text(encoding="utf-8")
    assert ("through: 2028" in text, "2028-11-23: Labor Thanksgiving Day" in text) == (True, True)
    assert alertc(tmp_path, "render", "policy.yaml").returncode == 0


REFUSED = {
    "unknown-country": "{of: GER}",
    "a-name": "{of: [DE-BE, Denmark]}",
    "unknown-part": "{of: DE-BEE}",
    "nothing-like-it": "{of: QQ}",
}


@pytest.mark.parametrize("name", REFUSED)
def test_an_unknown_country_is_one_clear_finding(name, golden, tmp_path):
    project(tmp_path, f"    holidays: {REFUSED[name]}\n")
    said = alertc(tmp_path, "calendar", "policy.yaml")
    assert said.returncode == 1
    golden.expect(f"calendar/{name}.txt", said.stderr)
    if name != "unknown-part":
        checked = alertc(tmp_path, "check", "policy.yaml")
        assert (checked.stderr.count("error["), "error[CAL505]: " in checked.stderr) == (1, True)


def test_nothing_to_write_is_said(tmp_path):
    project(tmp_path, "    holidays: {own: {2026-12-24: Christmas Eve}}\n")
    assert alertc(tmp_path, "calendar", "policy.yaml").stdout == (
        "policy.yaml: no calendar has `holidays` with `of`, so there are no days to write\n"
    )


def test_years_that_are_over_are_refused(tmp_path):
    project(tmp_path, "    holidays: {of: DE}\n")
    ran = alertc(tmp_path, "calendar", "policy.yaml", "--through", "2025")
    assert (ran.returncode, ran.stderr.splitlines()[-1]) == (2, "Error: the year 2025 is over")


def test_without_the_package_it_says_how_to_install_it(tmp_path, monkeypatch):
    project(tmp_path, "    holidays: {of: DE}\n")
    monkeypatch.setitem(sys.modules, "holidays", None)
    ran = alertc(tmp_path, "calendar", "policy.yaml")
    assert ran.returncode == 3
    assert ran.stderr == (
        "alertc: the package `holidays`, which knows the public holidays of countries, is not installed\n"
        "help: install it beside alertc: pip install 'alertc[calendar]'\n"
    )


def test_check_says_when_the_days_run_out_and_remembers_nothing_beyond(tmp_path, today):
    project(tmp_path, "    holidays: {of: DE-BE, through: 2026, days: {2026-12-25: Christmas Day}}\n")
    today(date(2026, 11, 1))
    assert alertc(tmp_path, "render", "policy.yaml").stderr == ""
    assert alertc(tmp_path, "check", "policy.yaml").stderr == ""
    today(date(2026, 11, 2))
    said = alertc(tmp_path, "check", "policy.yaml")
    assert said.returncode == 0
    assert said.stderr.startswith(
        "warning[CAL504]: the holidays of DE-BE are written down to the end of 2026: people are paged on those that "
        "follow\n"
    )


def test_days_that_were_never_written_are_missed(tmp_path):
    project(tmp_path, "    holidays: {of: DE-BE}\n")
    said = alertc(tmp_path, "check", "policy.yaml").stderr
    assert said.startswith("warning[CAL504]: the holidays of DE-BE are not written down: people are paged on them\n")


def test_the_countries_are_those_that_the_package_knows():
    import holidays

    assert countries.COUNTRIES.keys() == holidays.list_supported_countries(include_aliases=False).keys()


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("DEU", "DE"),
        ("UK", "GB"),
        ("de-be", "DE-BE"),
        ("Germany", "DE"),
        ("GER", "DE"),
        ("Swizerland", "CH"),
        ("QQ", None),
    ],
)
def test_what_people_write_in_place_of_a_code(written, meant):
    assert countries.meant(written) == meant


def test_what_compiles_a_policy_does_not_load_the_package(tmp_path):
    """So no release of it changes what is rendered, nor how fast."""
    code = (
        "import sys; from generator.cli import main; main(['render', 'policy.yaml']); "
        "print('holidays' in sys.modules, file=sys.stderr)"
    )
    project(tmp_path, BLOCK)
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stderr.endswith("False\n")


def test_a_layout_that_it_does_not_know_stays_as_it_is(tmp_path):
    policy = project(tmp_path, "    holidays:\n      ? of\n      : DE-BE\n")
    before = policy.read_bytes()
    ran = alertc(tmp_path, "calendar", "policy.yaml")
    assert (ran.returncode, policy.read_bytes()) == (1, before)
    assert (
        "error[SRC123]: the days of holidays cannot be written without changing what else the file says" in ran.stderr
    )


def test_the_days_are_written_into_the_file_that_has_the_calendar(tmp_path):
    whole = edited(OFFICES, (BERLIN, "    holidays: {of: DE-BE}\n"))
    begin, end = whole.index("calendars:\n"), whole.index("people:\n")
    (tmp_path / "policy.yaml").write_text(f"include: [calendars.yaml]\n{whole[:begin]}{whole[end:]}", encoding="utf-8")
    part = tmp_path / "calendars.yaml"
    part.write_text(whole[begin:end], encoding="utf-8")
    before = (tmp_path / "policy.yaml").read_bytes()
    ran = alertc(tmp_path, "calendar", "policy.yaml")
    assert ran.stdout.startswith("--- calendars.yaml\n+++ calendars.yaml (holidays)\n")
    assert ((tmp_path / "policy.yaml").read_bytes(), "2028-12-25: Christmas Day" in part.read_text()) == (before, True)
