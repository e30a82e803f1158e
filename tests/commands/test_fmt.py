"""`alertc fmt`: one layout for every policy; every comment stays, and what the file says."""

import random
import re
import string

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.diagnostics.diagnostic import PolicyErrors
from generator.policy import source
from generator.policy.formatting import formatted
from tests.compiling import EXCHANGE, ROOT, SMALL
from tests.projects import alertc

TIDY_SMALL = formatted(SMALL.encode(), "shop.yaml").decode()
STARTER = (ROOT / "generator/commands/starter/policy.yaml").read_text(encoding="utf-8")

UNTIDY = """\
\ufeff# what it is about


version:   1\r
people:
    ana: { name: Ana ,email: 'a@x.example' }   # on the ledger
    # the second
    bertram: {name: Bertram,email: "b@x.example"}

    cy: {name: Cy, email: c@x.example}


escalations:
    funds:
    - {page: person/ana , by: first}
    -   page:    person/bertram
        by: 60%
        # no role
alerts:
  A:
        service:  ledger
        expr: |
            sum(a)
              > 0
        summary: >-
          folded
          text
        details: "quoted
             over lines"
        tests:
        - given: {'a{b="c"}': 0x4,
                  d: 1x4}
          fires_at: 1m#not a comment
        -
          given: {a: }
    # the end of alerts


# the end
"""

TIDY = """\
# what it is about

version: 1
people:
  ana: {name: Ana, email: 'a@x.example'}       # on the ledger
  # the second
  bertram: {name: Bertram, email: "b@x.example"}

  cy: {name: Cy, email: c@x.example}

escalations:
  funds:
    - {page: person/ana, by: first}
    - page: person/bertram
      by: 60%
      # no role
alerts:
  A:
    service: ledger
    expr: |
      sum(a)
        > 0
    summary: >-
      folded
      text
    details: "quoted
      over lines"
    tests:
      - given: {'a{b="c"}': 0x4,
                d: 1x4}
        fires_at: 1m#not a comment
      -
        given: {a: }
  # the end of alerts

# the end
"""


def test_an_untidy_policy_becomes_tidy():
    assert formatted(UNTIDY.encode(), "policy.yaml").decode() == TIDY


@pytest.mark.parametrize("policy", [EXCHANGE, STARTER], ids=["exchange", "starter"])
def test_the_policies_of_this_repository_are_tidy(policy):
    assert formatted(policy.encode(), "policy.yaml").decode() == policy


@pytest.mark.parametrize("policy", [EXCHANGE, STARTER], ids=["exchange", "starter"])
def test_layout_that_was_lost_comes_back(policy):
    """Trailing blanks, more blank lines, CRLF and a byte order mark leave nothing behind."""
    lost = "\ufeff" + re.sub(r"(?m)(?<=[]}:])$", "  ", policy).replace("\n\n", "\n\n\n\n").replace("\n", "\r\n")
    assert formatted(lost.encode(), "policy.yaml").decode() == policy


TEXT = st.text(alphabet=st.sampled_from(string.printable[:-2] + "é€😀\u00a0"), max_size=30).filter(
    lambda text: not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", text)
)
TREES = st.dictionaries(
    TEXT.filter(bool),
    st.recursive(
        TEXT, lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXT.filter(bool), below, max_size=4)
    ),
    min_size=1,
    max_size=5,
)


@given(
    tree=TREES,
    style=st.fixed_dictionaries(
        {
            "indent": st.integers(2, 9),
            "width": st.sampled_from((10, 40, 4096)),
            "default_flow_style": st.sampled_from((False, None)),
            "default_style": st.sampled_from((None, '"', "'", "|", ">")),
            "allow_unicode": st.booleans(),
        }
    ),
    seed=st.integers(0, 2**32),
)
def test_whatever_its_layout_a_policy_says_the_same_and_is_stable(tree, style, seed):
    text = yaml.safe_dump(tree, **style)
    try:
        before = source.read(text.encode(), "policy.yaml").tree
    except PolicyErrors:
        return  # what no policy may hold, such as a tag
    spoilt = _with_comments(text, before, random.Random(seed))
    try:
        once = formatted(spoilt.encode(), "policy.yaml")
    except PolicyErrors as refused:
        assert refused.diagnostics[0].code == "SRC117"  # noqa: PT017  # whether it is refused depends on the layout
        assert re.search(r"(?m)^[ -]*\?", spoilt)
        return
    assert source.read(once, "policy.yaml").tree == before
    assert formatted(once, "policy.yaml") == once
    assert sorted(re.findall(rb"#!\d+", once)) == sorted(re.findall(rb"#!\d+", spoilt.encode()))


@pytest.mark.parametrize(
    ("untidy", "tidy"),
    [
        ("a: |\n x", "a: |\n  x"),
        ("a: |\n x\n", "a: |\n  x\n"),
        ("a: >+\n x\n\n\n", "a: >+\n  x\n\n\n"),
        ("a: |-\n     x\n\n\n", "a: |-\n  x\n"),
        ("a: |\n x\n   ", "a: |\n  x\n    "),
        ("a: |2\n    x\n   ", "a: |2\n    x\n   "),
        ("a: | ", "a: |\n"),
        ("a: |+\n \n\n", "a: |+\n\n\n"),
        ("b:\n     |\n x", "b:\n  |\n  x"),
        ("3: #\n- #", "3:  #\n  -  #\n"),
        ("a:\n- \n", "a:\n  -\n"),
        ("a:\n-\n-   # two\n- x", "a:\n  -\n  -  # two\n  - x\n"),
        ("a:\n-   -\n    - x", "a:\n  - -\n    - x\n"),
        ('a: "x\\\t\n y"', 'a: "x\\\t\n  y"\n'),
        ("{a: # why\n\n\n  x\n\n\n  y}", "{a: # why\n\n\n  x\n\n\n  y}\n"),
        ("\ufeffa: |\r\n  x\r\n", "a: |\n  x\n"),
        ("---\na:   b\n...\n", "---\na: b\n...\n"),
    ],
)
def test_layouts_that_are_rare_are_tidied_too(untidy, tidy):
    assert formatted(untidy.encode(), "policy.yaml").decode() == tidy
    assert formatted(tidy.encode(), "policy.yaml").decode() == tidy


PIECES = (
    *("\n", "\n\n", "\r\n", " ", "  ", "    ", "\t", "\n ", "\n  ", "#", " # c", "# c\n", "- ", "- - ", "-", "? "),
    *(
        ": ",
        "a: ",
        "b:\n",
        "|",
        "|+\n",
        "|-\n",
        ">\n",
        ">+\n",
        "|2\n",
        "'",
        '"',
        "\\",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "x",
        "é",
    ),
    *("---\n", "...\n", "&a ", "*a", "!t "),
)
WHOLE = (
    *("a: |\n x", "a: |+\n x\n\n\n", "a:\n- |\n x\n-\n- \n-  # c\nb:\n", "a: >+\n x\n\n y\n\n# c\n", "3: #\n- #"),
    *("a: |2\n   x\n  y\n", "a:\n  - - x\n    - y\n  -\n    k: v\n", "a: {b: 1, c: [d, e]}\nb: [1,\n 2]\n", "a: |\n\n"),
    *("a: 'x\n\n  y'\n# c\nb: \"z\\\n  w\"\n", "\ufeffa: b\r\nc: |\r\n  x\r\n", "a:\n# c\n - x\n", "{a: # c\n b}\n"),
    *("a: x\n  y\n\n  z\nb:\n   - x # c\n   -   y\n", "a:\n  - {b: 1}   \n  - {c: 22}\n", "b:\n |\n x\n", SMALL[-900:]),
)


@given(data=st.data(), text=st.sampled_from(WHOLE), more=st.sampled_from(("", *WHOLE)))
def test_yaml_of_every_shape_keeps_what_it_says_or_is_refused_with_a_finding(data, text, more):
    text += more.replace("a:", "q:").replace("b:", "r:")
    for _ in range(data.draw(st.integers(0, 5))):
        where = data.draw(st.integers(0, len(text)))
        left_out = data.draw(st.sampled_from((0, 0, 0, 1, 3)))
        text = text[:where] + data.draw(st.sampled_from(PIECES)) + text[where + left_out :]
    try:
        before = source.read(text.encode(), "policy.yaml").tree
    except PolicyErrors:
        return
    try:
        once = formatted(text.encode(), "policy.yaml")
    except PolicyErrors as refused:
        assert refused.diagnostics[0].code == "SRC117"  # noqa: PT017  whether it is refused depends on the layout
        return
    assert source.read(once, "policy.yaml").tree == before
    assert formatted(once, "policy.yaml") == once


def _with_comments(text, tree, dice):
    """Return the text with comments and blank lines put in where that changes nothing."""
    lines = text.split("\n")
    for number in range(8):
        where = dice.randrange(len(lines))
        tried = list(lines)
        match dice.randrange(3):
            case 0:
                tried.insert(where, " " * dice.randrange(9) + f"#!{number}")
            case 1:
                tried[where] += " " * dice.randrange(1, 5) + f"#!{number}"
            case _:
                tried.insert(where, " " * dice.randrange(3))
        try:
            if source.read("\n".join(tried).encode(), "policy.yaml").tree == tree:
                lines = tried
        except PolicyErrors:
            continue
    return "\n".join(lines)


@pytest.fixture
def project(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(TIDY_SMALL.replace("  bo:  {", "  bo: {"), encoding="utf-8")
    return tmp_path


def test_fmt_says_what_it_did(project):
    (project / "policy/shop.yaml").chmod(0o640)
    ran = alertc(project, "fmt")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "policy/shop.yaml: formatted, 1 line changed\n", "")
    assert (project / "policy/shop.yaml").read_text(encoding="utf-8") == TIDY_SMALL
    assert (project / "policy/shop.yaml").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in (project / "policy").iterdir()] == ["shop.yaml"]
    assert alertc(project, "fmt").stdout == "policy/shop.yaml: tidy already\n"


def test_check_shows_what_would_change_and_changes_nothing(project):
    before = (project / "policy/shop.yaml").read_bytes()
    ran = alertc(project, "fmt", "--check")
    assert ran.returncode == 1
    assert ran.stdout == (
        "--- policy/shop.yaml\n"
        "+++ policy/shop.yaml (formatted)\n"
        "@@ -55,3 +55,3 @@\n"
        "   ana: {name: Ana Keller, email: ana@shop.example}\n"
        "-  bo: {name: Bo Lindqvist, email: bo@shop.example}\n"
        "+  bo:  {name: Bo Lindqvist, email: bo@shop.example}\n"
        "   cy:  {name: Cy Okafor, email: cy@shop.example}\n"
        "policy/shop.yaml is not formatted; run `alertc fmt policy/shop.yaml`\n"
    )
    assert (project / "policy/shop.yaml").read_bytes() == before
    alertc(project, "fmt")
    ran = alertc(project, "fmt", "--check")
    assert (ran.returncode, ran.stdout) == (0, "policy/shop.yaml: tidy\n")


def test_a_policy_that_is_no_yaml_stays_as_it_is(project):
    (project / "policy/shop.yaml").write_text("version: 1\n? a key\n: b\n", encoding="utf-8")
    ran = alertc(project, "fmt")
    assert ran.returncode == 1
    assert ran.stderr == (
        "error[SRC117]: a key that is written with `?` is not formatted\n"
        "  --> policy/shop.yaml:2:3\n"
        "   |\n"
        " 2 | ? a key\n"
        "   |   ^\n"
        "   = help: write `key: value`\n"
        "\n"
        "1 error\n"
    )
    assert (project / "policy/shop.yaml").read_text(encoding="utf-8") == "version: 1\n? a key\n: b\n"


def test_a_link_stays_a_link(project):
    (project / "real.yaml").write_text(TIDY_SMALL.replace("  bo:  {", "  bo: {"), encoding="utf-8")
    (project / "policy/shop.yaml").unlink()
    (project / "policy/shop.yaml").symlink_to("../real.yaml")
    assert alertc(project, "fmt").returncode == 0
    assert (project / "policy/shop.yaml").is_symlink()
    assert (project / "real.yaml").read_text(encoding="utf-8") == TIDY_SMALL
