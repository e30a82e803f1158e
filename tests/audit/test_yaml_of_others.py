"""What YAML of others holds, read as go-yaml reads it, and what is said of what nobody can read."""

import string
from textwrap import dedent
from typing import ClassVar

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.audit import rule_files, yaml_of_others
from generator.diagnostics.diagnostic import PolicyErrors
from generator.diagnostics.formats import to_text
from generator.system import programs
from tests.alertmanager import program


def trees(text):
    return [document.tree for document in yaml_of_others.read(dedent(text).encode(), "f.yml")]


def message(raw):
    with pytest.raises(PolicyErrors) as refused:
        yaml_of_others.read(raw if isinstance(raw, bytes) else dedent(raw).encode(), "f.yml")
    return to_text(refused.value.diagnostics, refused.value.sources)


def test_scalars_are_text_and_null_is_none():
    text = """
        number: 010
        flag: on
        quoted: 'null'
        said: !!str null
        tilde: ~
        nothing:
        empty: ""
        1: one
        """
    assert trees(text) == [
        {
            "number": "010",
            "flag": "on",
            "quoted": "null",
            "said": "null",
            "tilde": None,
            "nothing": None,
            "empty": "",
            "1": "one",
        }
    ]


def test_a_file_has_many_documents_and_empty_ones_do_not_count():
    assert trees("a: 1\n---\n# nothing\n---\n- b\n...\n---\ntext\n") == [{"a": "1"}, ["b"], "text"]


def test_anchors_are_of_their_document():
    assert "no anchor has the name of this alias" in message("a: &x 1\n---\nb: *x\n")


def test_keys_of_a_mapping_win_over_merged_ones_and_earlier_merges_over_later_ones():
    text = """
        one: &one {a: 1, b: 1}
        two: &two {b: 2, c: 2}
        both: {<<: [*one, *two], c: 3}
        below:
          b: 4
          <<: *two
        text: {"<<": x}
        """
    (tree,) = trees(text)
    assert (tree["both"], tree["below"]) == ({"a": "1", "b": "1", "c": "3"}, {"b": "4", "c": "2"})
    assert tree["text"] == {"<<": "x"}


def test_tags_are_ignored():
    assert trees("a: !!binary aGk=\nb: !reference [x, y]\nc: !Custom {d: e}\n") == [
        {"a": "aGk=", "b": ["x", "y"], "c": {"d": "e"}}
    ]


def test_json_is_yaml():
    assert trees('{"groups": [{"name": "a\\u0020b", "rules": []}], "n": null, "f": 1.5}') == [
        {"groups": [{"name": "a b", "rules": []}], "n": None, "f": "1.5"}
    ]


def test_every_mapping_has_its_place():
    (document,) = yaml_of_others.read(b"\xef\xbb\xbfa:\n  - b: 1\n  - {c: 2}\n", "f.yml")
    places = [document.place(item) for item in (document.tree, *document.tree["a"])]
    assert [(place.path, place.line, place.column) for place in places] == [
        ("f.yml", 1, 1),
        ("f.yml", 2, 5),
        ("f.yml", 3, 5),
    ]
    assert document.place(document.tree["a"]) is None


def test_a_text_that_holds_yaml_has_the_lines_of_the_file():
    raw = b'data:\n  # rules\n  rules.yml: |\n\n    a:\n      - b: 1\n  other: "{c: 2}"\n'
    (document,) = yaml_of_others.read(raw, "map.yml")
    data = document.tree["data"]
    (inner,) = yaml_of_others.within(document, data, "rules.yml", raw)
    place = inner.place(inner.tree["a"][0])
    assert (place.path, place.line, place.column) == ("map.yml", 6, 9)
    (other,) = yaml_of_others.within(document, data, "other", raw)
    assert other.place(other.tree).line == 3, "the mapping around it: a text in quotes has no lines"


def test_a_fault_in_a_text_that_holds_yaml_has_the_line_of_the_file():
    raw = b"data:\n  rules.yml: |\n    a: 1\n    a: 2\n"
    (document,) = yaml_of_others.read(raw, "map.yml")
    with pytest.raises(PolicyErrors) as refused:
        yaml_of_others.within(document, document.tree["data"], "rules.yml", raw)
    place = refused.value.diagnostics[0].place
    assert (place.path, place.line, place.column) == ("map.yml", 4, 5)


REFUSED = {
    "twice": (
        "a: 1\nb: 2\n'a': 3\n",
        """\
error[AUD902]: the key `a` is written twice in one mapping
  --> f.yml:3:1
   |
 3 | 'a': 3
   | ^^^
   = help: keep one of the two
""",
    ),
    "merge-of-text": (
        "a: {<<: text}\n",
        """\
error[AUD902]: `<<` takes the keys of a mapping, or of a list of mappings, and here is neither
  --> f.yml:1:5
   |
 1 | a: {<<: text}
   |     ^^
   = help: name an anchor of a mapping: `<<: *name`
""",
    ),
    "itself": (
        "a: &a [*a]\n",
        """\
error[AUD902]: the value of this alias contains the alias itself
  --> f.yml:1:8
   |
 1 | a: &a [*a]
   |        ^^
   = help: name an anchor (`&name`) that stands above; if it is text, put it in quotes
""",
    ),
    "brace": (
        "summary: {{ $value }}\n",
        """\
error[AUD902]: a value that begins with `{{` needs quotes, or YAML takes it for a mapping
  --> f.yml:1:10
   |
 1 | summary: {{ $value }}
   |          ^^
   = help: put the whole value in single quotes: '{{ ... }}'
""",
    ),
    "control": (
        b"a: 1\nb: x\x07y\n",
        """\
error[AUD902]: the file contains the unprintable character U+0007
  --> f.yml:2:5
   |
 2 | b: x\\x07y
   |     ^^^^
   = help: delete it
""",
    ),
    "nul": (
        b"a: 1\n\x00\x00",
        """\
error[AUD902]: the file contains a NUL character (U+0000)
  --> f.yml:2:1
   |
 2 | \\x00\\x00
   | ^^^^
   = help: delete it; a file full of them is UTF-16 or no text at all
""",
    ),
    "latin": (
        b"a: caf\xe9\n",
        """\
error[AUD901]: the file is not UTF-8: 0xE9 is no character
  --> f.yml:1:7
   |
 1 | a: caf�
   |       ^
   = help: save it as UTF-8
""",
    ),
    "utf-16": (
        "a: 1\n".encode("utf-16"),
        """\
error[AUD901]: the file is UTF-16 or UTF-32, not UTF-8
  --> f.yml
   = help: save it as UTF-8
""",
    ),
    "tab": (
        "a:\n\tb: 1\n",
        """\
error[AUD902]: a tab is used for indentation
  --> f.yml:2:1
   |
 2 |     b: 1
   | ^^^^
   = help: indent with spaces; YAML does not say how wide a tab is
""",
    ),
    "anchor": (
        "a: &\n",
        """\
error[AUD902]: `*` and `&` begin YAML's aliases and anchors, and no name follows
  --> f.yml:1:4
   |
 1 | a: &
   |    ^
   = the YAML parser says: while scanning an anchor, did not find expected alphabetic or numeric character
   = help: if it is text, put it in quotes
""",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_has_a_place_and_a_way_out(name):
    raw, expected = REFUSED[name]
    assert message(raw) == expected


@pytest.mark.parametrize(
    "text", ["[" * 101 + "]" * 101, "a: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 120))]
)
def test_depth_is_bounded_with_and_without_aliases(text):
    assert "nested more than 100 levels deep" in message(text)


def test_what_lies_100_levels_deep_is_read():
    assert trees("[" * 100 + "]" * 100)


def test_a_few_lines_cannot_mean_a_gigabyte():
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
    )
    assert "aliases make the file larger than 33,554,432 characters" in message(bomb)


# --- what another reader reads ---------------------------------------------------------------------------------------


class Reference(yaml.SafeLoader):
    """PyYAML's own reader with all scalars as text but null."""

    yaml_implicit_resolvers: ClassVar = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag.endswith((":null", ":merge"))]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


TEXTS = st.text(string.ascii_letters + string.digits + " :#-{}[]'\"\\\n\u00e4\u2192", max_size=12)
TREES = st.recursive(
    TEXTS, lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXTS, below, max_size=4), max_leaves=20
)


@given(st.lists(TREES, min_size=1, max_size=3), st.sampled_from([True, False, None]))
def test_whatever_pyyaml_writes_is_read_back(values, flow):
    shared = [*values, *values, {"again": values}]  # written with anchors and aliases
    text = yaml.safe_dump(shared, default_flow_style=flow, allow_unicode=True)
    (document,) = yaml_of_others.read(text.encode(), "f.yml")
    assert document.tree == yaml.load(text, Reference)
    assert document.tree == shared


LINES = st.sampled_from(
    [
        "a: 1",
        "b: &x {c: 2}",
        "d: *x",
        "<<: *x",
        "- e",
        "  f: [g, *x]",
        "---",
        "? h",
        "i:",
        "  - {<<: *x, c: 3}",
        "#",
        "~",
    ]
)


@given(st.lists(LINES, max_size=9).map("\n".join))
def test_whatever_is_read_is_what_pyyaml_reads(text):
    try:
        documents = yaml_of_others.read(text.encode(), "f.yml")
    except PolicyErrors:
        return
    expected = [tree for tree in yaml.load_all(text, Reference) if tree is not None]
    assert [document.tree for document in documents] == expected


@given(st.binary(max_size=60) | st.text("ab:-[]{}&*!<|>'\"#%@`?,~\n\t \x00\x07\u2028", max_size=40).map(str.encode))
def test_whatever_the_bytes_nothing_but_findings_come_of_it(raw):
    refused = ()
    try:
        yaml_of_others.read(raw, "f.yml")
    except PolicyErrors as errors:
        refused = errors.diagnostics
    assert all(finding.place.path == "f.yml" and finding.help for finding in refused)
    assert bool(to_text(refused, {"f.yml": raw})) == bool(refused)


# --- what Prometheus reads -------------------------------------------------------------------------------------------

MERGED = """\
common: &common
  expr: up == 0
  for: 5m
  labels: {severity: warning}
groups:
- name: a
  rules:
  - &first
    <<: *common
    alert: First
    labels: {severity: page}
  - <<: [*first, *common]
    alert: Second
  - {<<: [{expr: 'up == 1'}, *common], alert: Third}
"""
TESTS = """\
rule_files: [rules.yml]
tests:
- interval: 1m
  input_series: [{series: 'up', values: '0x10'}]
  alert_rule_test:
  - {alertname: First, eval_time: 6m, exp_alerts: [{exp_labels: {severity: page}}]}
  - {alertname: Second, eval_time: 6m, exp_alerts: [{exp_labels: {severity: page}}]}
  - {alertname: Third, eval_time: 6m, exp_alerts: []}
"""


def test_merges_are_what_prometheus_makes_of_them(tmp_path):
    # `common` is no field of a rule file: Prometheus takes it only where its fields are not checked.
    (tmp_path / "rules.yml").write_text(MERGED)
    (tmp_path / "tests.yml").write_text(TESTS)
    promtool = program("forky", "promtool").path
    tested = programs.run([promtool, "test", "rules", "--ignore-unknown-fields", "tests.yml"], cwd=tmp_path)
    assert "SUCCESS" in tested.stdout, tested
    read = rule_files.read([tmp_path / "rules.yml"])
    assert [(written.rule.name, written.rule.expr, dict(written.rule.labels)) for written in read.rules] == [
        ("First", "up == 0", {"severity": "page"}),
        ("Second", "up == 0", {"severity": "page"}),
        ("Third", "up == 1", {"severity": "warning"}),
    ]
    checked = programs.run([promtool, "check", "rules", "--ignore-unknown-fields", "rules.yml"], cwd=tmp_path)
    assert "SUCCESS: 3 rules found" in checked.stdout
