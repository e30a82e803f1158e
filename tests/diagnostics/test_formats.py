"""How findings are shown: to people, to programs, beside a pull request."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.diagnostics.diagnostic import Diagnostic, Level, Place
from generator.diagnostics.formats import ordered, place, summary, to_github, to_json, to_text
from generator.policy.source import read

POLICY = b"""\
version: 1
alerts:
  BalanceConservationViolated:
    severity: P0
    for: 2m
    tests: []
"""
RULES = b"groups:\n  - name: ledger\n    rules:\n      - alert: BalanceConservationViolated\n        for: 2m\n"
SLA = Diagnostic(
    code="SLA201",
    message="P0 BalanceConservationViolated can take 6m50s to be acknowledged; the SLA is 5m",
    route=("alerts", "BalanceConservationViolated", "for"),
    artifact=Place(path="out/prometheus/rules/ledger.yaml", line=5, column=9, width=7),
    notes=("seen 15s + scrape 15s + for 2m",),
    help="`for: 2m` is the largest part that this alert sets; without it the sum is 4m50s",
)
POLICY_PATH = "policy/exchange.yaml"
FILES = {POLICY_PATH: POLICY, "out/prometheus/rules/ledger.yaml": RULES}
SOURCE = read(POLICY, POLICY_PATH)


def at(line: int, column: int, width: int = 1, path: str = "p.yaml") -> Place:
    return Place(path=path, line=line, column=column, width=width)


def finding(message: str = "wrong", **parts: object) -> Diagnostic:
    return Diagnostic(code="X1", message=message, **parts)  # type: ignore[arg-type]  # a test's shorthand


def shown(line: str, column: int, width: int = 1) -> list[str]:
    """Return the line and the carets as text output shows them, without its frame."""
    text = to_text([finding(place=at(1, column, width))], {"p.yaml": line.encode()})
    return [row.removeprefix(" 1 | ").removeprefix("   | ") for row in text.splitlines()[3:5]]


# --- places --------------------------------------------------------------------------------------------------------


def test_a_route_becomes_a_place() -> None:
    (placed,) = place([SLA], SOURCE)
    assert placed.place == Place(path=POLICY_PATH, line=5, column=10, width=2)
    assert placed.route == SLA.route


def test_a_key_is_meant_where_the_finding_says_so() -> None:
    route = ("alerts", "BalanceConservationViolated", "severity")
    places = [found.place for found in place([finding(route=route), finding(route=route, on_key=True)], SOURCE)]
    assert places == [at(4, 15, 2, POLICY_PATH), at(4, 5, 8, POLICY_PATH)]


def test_a_place_that_is_known_stays() -> None:
    known = (finding(place=at(7, 7), route=("version",)), finding("of no file"))
    assert place(known, SOURCE) == known


# --- text ----------------------------------------------------------------------------------------------------------


def test_text_shows_the_line_what_is_meant_and_the_generated_line() -> None:
    assert to_text(place([SLA], SOURCE), FILES) == (
        """\
error[SLA201]: P0 BalanceConservationViolated can take 6m50s to be acknowledged; the SLA is 5m
  --> policy/exchange.yaml:5:10
   |
 5 |     for: 2m
   |          ^^
  ::: out/prometheus/rules/ledger.yaml:5:9
   |
 5 |         for: 2m
   |         ^^^^^^^
   = seen 15s + scrape 15s + for 2m
   = help: `for: 2m` is the largest part that this alert sets; without it the sum is 4m50s
"""
    )


def test_text_says_where_without_the_file_at_hand() -> None:
    known = finding(place=at(181, 7), artifact=at(12, 5, path="out/x.yaml"), notes=("why\nand how",), help="do\nthis")
    whole = finding(level=Level.NOTE, place=Place(path="p.yaml"))
    assert to_text([known, whole, finding("of no file", level=Level.WARNING)], {}) == (
        """\
note[X1]: wrong
  --> p.yaml

warning[X1]: of no file

error[X1]: wrong
   --> p.yaml:181:7
   ::: out/x.yaml:12:5
    = why
      and how
    = help: do
            this
"""
    )


def test_line_numbers_share_one_margin() -> None:
    text = to_text([finding(place=at(12, 1), artifact=at(1234, 1, path="o"))], {"p.yaml": b"\n" * 11 + b"a", "o": b""})
    assert text == "error[X1]: wrong\n    --> p.yaml:12:1\n     |\n  12 | a\n     | ^\n    ::: o:1234:1\n"


def test_color_paints_and_changes_no_letter() -> None:
    findings = [*place([SLA], SOURCE), finding(level=Level.WARNING), finding(level=Level.NOTE)]
    painted = to_text(findings, FILES, color=True)
    for piece in ("\x1b[1;31merror[SLA201]\x1b[0m: P0", "\x1b[1;31m^^\x1b[0m", "\x1b[32mhelp\x1b[0m: `for"):
        assert piece in painted
    for piece in ("\x1b[1;33mwarning[X1]\x1b[0m", "\x1b[1;36mnote[X1]\x1b[0m"):
        assert piece in painted
    plain = painted
    for shade in ("1;31", "1;33", "1;36", "32", "34", "0"):
        plain = plain.replace(f"\x1b[{shade}m", "")
    assert plain == to_text(findings, FILES)


@pytest.mark.parametrize(
    ("line", "column", "width", "expected"),
    [
        ("key: value", 6, 5, ["key: value", "     ^^^^^"]),
        ("\tkey:\tvalue", 7, 5, ["    key:    value", "            ^^^^^"]),
        ("日本: 東京", 5, 2, ["日本: 東京", "      ^^^^"]),
        ("cafe\u0301: x", 8, 1, ["cafe\u0301: x", "      ^"]),
        ("a: \x1b[2J b", 9, 1, ["a: \\x1b[2J b", "           ^"]),
        ("a: \u202eb\u2066", 4, 3, ["a: \\u202eb\\u2066", "   ^^^^^^^^^^^^^"]),
        ("a\r: b", 2, 1, ["a\\r: b", " ^^"]),
        # At the end of a line and behind it.
        ("ab", 3, 1, ["ab", "  ^"]),
        ("ab", 9, 9, ["ab", "  ^"]),
        ("ab", 2, 99, ["ab", " ^"]),
    ],
)
def test_carets_stand_under_what_is_meant(line: str, column: int, width: int, expected: list[str]) -> None:
    assert shown(line, column, width) == expected


def test_a_long_line_is_cut_around_what_is_meant() -> None:
    line = "a" * 1000 + "HERE" + "b" * 1000
    assert shown(line, 1001, 4) == ["…" + "a" * 40 + "HERE" + "b" * 76 + "…", " " * 41 + "^^^^"]
    assert shown(line, 1, 4) == ["a" * 120 + "…", "^^^^"]
    assert shown(line, 2004, 1) == ["…" + "b" * 120, " " * 120 + "^"]
    assert shown(line, 1001, 1000) == ["…" + "a" * 40 + "HERE" + "b" * 76 + "…", " " * 41 + "^" * 80]


def test_a_line_without_a_column_has_no_carets() -> None:
    text = to_text([finding(place=Place(path="p.yaml", line=1))], {"p.yaml": b"a: b"})
    assert text == "error[X1]: wrong\n  --> p.yaml:1\n   |\n 1 | a: b\n"


def test_nothing_of_the_input_reaches_the_terminal_as_control() -> None:
    evil = "\x1b]0;title\x07\u202e\r\n::error::\x9b\u2028"
    hostile = finding(evil, place=at(1, 1, path=f"{evil}.yaml"), artifact=at(1, 1, path=evil), notes=(evil,), help=evil)
    text = to_text([hostile], {f"{evil}.yaml": evil.encode()}) + to_github([hostile]) + to_json([hostile])
    assert all(character.isprintable() or character == "\n" for character in text)
    assert "\n::error::" not in text


# --- order ---------------------------------------------------------------------------------------------------------


def test_findings_stand_in_the_order_of_the_files_each_once() -> None:
    def coded(code: str, where: Place | None, message: str = "m") -> Diagnostic:
        return Diagnostic(code=code, message=message, place=where)

    in_order = (
        coded("X9", at(2, 1, path="a.yaml")),
        coded("X8", Place(path="b.yaml")),
        coded("X1", at(2, 9, path="b.yaml")),
        coded("X2", at(10, 1, path="b.yaml")),
        coded("X3", at(10, 1, path="b.yaml")),
        coded("X3", at(10, 1, path="b.yaml"), "n"),
        coded("X0", None),
    )
    assert ordered([*reversed(in_order), *in_order]) == in_order


def test_an_entry_that_stands_for_many_is_reported_once() -> None:
    expanded = [finding(place=at(1, 1), route=("alerts", "Down", step)) for step in ("a", "b")]
    assert len(ordered(expanded)) == 1


def test_the_summary_counts_what_is_shown() -> None:
    warnings = [finding(str(number), level=Level.WARNING) for number in range(2)]
    assert summary([*warnings, finding(), finding()]) == "1 error, 2 warnings"
    assert summary([finding(level=Level.NOTE)]) == "1 note"
    assert summary([]) == "nothing found"


# --- for programs --------------------------------------------------------------------------------------------------


def test_json_holds_all_of_a_finding() -> None:
    assert json.loads(to_json([*place([SLA], SOURCE), finding(level=Level.NOTE, place=Place(path="p.yaml"))])) == {
        "version": 1,
        "diagnostics": [
            {
                "code": "X1",
                "level": "note",
                "message": "wrong",
                "path": "p.yaml",
                "line": None,
                "column": None,
                "endColumn": None,
                "route": None,
                "notes": [],
                "help": None,
                "artifact": None,
            },
            {
                "code": "SLA201",
                "level": "error",
                "message": SLA.message,
                "path": POLICY_PATH,
                "line": 5,
                "column": 10,
                "endColumn": 12,
                "route": "alerts/BalanceConservationViolated/for",
                "notes": list(SLA.notes),
                "help": SLA.help,
                "artifact": {"path": "out/prometheus/rules/ledger.yaml", "line": 5, "column": 9, "endColumn": 16},
            },
        ],
    }
    assert json.loads(to_json([])) == {"version": 1, "diagnostics": []}


def test_github_annotates_the_line() -> None:
    assert to_github(place([SLA], SOURCE)) == (
        "::error file=policy/exchange.yaml,line=5,endLine=5,col=10,endColumn=12,title=SLA201"
        "::P0 BalanceConservationViolated can take 6m50s to be acknowledged; the SLA is 5m"
        "%0A::: out/prometheus/rules/ledger.yaml:5:9"
        "%0Aseen 15s + scrape 15s + for 2m"
        "%0Ahelp: `for: 2m` is the largest part that this alert sets; without it the sum is 4m50s\n"
    )


def test_github_knows_a_file_by_its_path_in_the_repository() -> None:
    (one, other, none) = (finding("x", place=place) for place in (Place(path="a.yaml"), Place(path="../b.yaml"), None))
    assert to_github([one], "services/shop") == "::error file=services/shop/a.yaml,title=X1::x\n"
    assert to_github([other], "services/shop") == "::error file=services/b.yaml,title=X1::x\n"
    assert to_github([none], "services/shop") == "::error title=X1::x\n"


def test_github_escapes_what_would_end_a_property() -> None:
    odd = finding("100%\nof it: a,b", level=Level.NOTE, place=Place(path="a,b:c%.yaml"))
    assert to_github([odd]) == "::notice file=a%2Cb%3Ac%25.yaml,title=X1::100%25%0Aof it: a,b\n"


@given(st.text(), st.integers(0, 30), st.integers(0, 30), st.integers(0, 3))
def test_any_text_can_be_shown(text: str, column: int, width: int, line: int) -> None:
    found = finding(text, place=at(line, column, width), notes=(text,), help=text)
    rows = to_text([found], {"p.yaml": text.encode("utf-8", "surrogatepass")}).split("\n")
    assert all(row.isprintable() for row in rows)
    assert to_github([found]).count("\n") == 1
    assert json.loads(to_json([found]))["diagnostics"][0]["help"] == text
