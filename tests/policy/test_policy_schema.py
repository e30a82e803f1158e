"""One validator decides what the policy's schema allows, and says why; the ends of one-line texts do not count."""

import gc
import re
from collections.abc import Iterator
from typing import Any

import pytest

from generator.cli import main
from generator.diagnostics.diagnostic import Diagnostic, Level, PolicyErrors
from generator.policy import schema
from tests.compiling import SMALL, edited, files, refusal

SCHEMA = schema.read()
PATTERNS = re.findall(r'"pattern": ', schema.text())


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    return SCHEMA["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part


def parts(
    part: dict[str, Any], route: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """Yield each place of the schema once: the route of an entry that may stand there, and what it must be."""
    part = resolved(part)
    yield route, part
    for key, below in part.get("properties", {}).items():
        yield from parts(below, (*route, key))
    if isinstance(part.get("additionalProperties"), dict):
        name = next(iter(resolved(part.get("propertyNames", {})).get("examples", ["some-name"])))
        yield from parts(part["additionalProperties"], (*route, name))
    if "items" in part:
        yield from parts(part["items"], (*route, 0))


def named(value: object) -> str:
    return "/".join(map(str, value)) if isinstance(value, tuple) else ""


LINES = [(route, part) for route, part in parts(SCHEMA) if "pattern" in part]
KEYS = [(route, resolved(part["propertyNames"])) for route, part in parts(SCHEMA) if "propertyNames" in part]


def placed(route: tuple[str | int, ...], value: Any) -> Any:
    """Return data in which nothing stands but the value at the route."""
    for step in reversed(route):
        value = [value] if step == 0 else {step: value}
    return value


def refused(tree: Any) -> dict[tuple[str | int, ...], Diagnostic]:
    try:
        schema.check(tree)
    except PolicyErrors as refusal:
        return {finding.route: finding for finding in refusal.diagnostics}
    return {}


def example(part: dict[str, Any]) -> str:
    text = next((one for one in part.get("examples", ()) if isinstance(one, str)), None)
    return text or {"^all$": "all", "^(schedule|person)/[a-z][a-z0-9-]{0,62}$": "person/ana"}[part["pattern"]]


def test_every_pattern_of_the_schema_is_walked():
    walked = {part["pattern"] for _, part in (*LINES, *KEYS) if "pattern" in part}
    written = set(re.findall(r'"pattern": "((?:[^"\\]|\\.)*)"', schema.text()))
    assert {pattern.encode().decode("unicode_escape") for pattern in written} == walked
    assert len(PATTERNS) >= 29


@pytest.mark.parametrize("end", ["\n", "\n\n", " ", "\t", " \n "])
@pytest.mark.parametrize(("route", "part"), LINES, ids=named)
def test_blanks_and_line_feeds_at_the_ends_are_removed(route, part, end):
    text = example(part)
    for written in (text + end, end + text):
        assert route not in refused(placed(route, written))


@pytest.mark.parametrize(("route", "part"), LINES, ids=named)
def test_a_line_feed_inside_is_refused_where_it_stands(route, part):
    text = example(part)
    finding = refused(placed(route, f"{text}\n{text}"))[route]
    assert finding.level is Level.ERROR
    assert finding.code == "POL208"


@pytest.mark.parametrize("key", ["{}\n", "\n{}", "{}\n{}", "{} "])
@pytest.mark.parametrize(("route", "part"), KEYS, ids=named)
def test_a_key_has_no_line_feed_and_no_blank(route, part, key):
    name = key.replace("{}", part.get("examples", ["P0"])[0])
    finding = refused(placed((*route, name), {}))[(*route, name)]
    assert (finding.code, finding.on_key) == ("POL208", True)


def test_a_folded_text_is_the_text_without_its_end():
    folded = edited(
        SMALL, ("    summary: Till {{", "    summary: >\n      Till {{"), ("title: Critical", 'title: " Critical "')
    )
    assert files(folded) == files(SMALL)


def test_a_text_of_blanks_is_none():
    assert refusal(edited(SMALL, ("title: Critical", 'title: " "'))).startswith("error[POL205]: `title` is empty\n")


@pytest.mark.parametrize("findings", [(), (Diagnostic(code="POL208", message="noted", level=Level.NOTE),)])
def test_nothing_is_refused_without_an_error(findings):
    with pytest.raises(AssertionError, match="does not say why"):
        PolicyErrors(*findings)


def test_a_refusal_without_a_finding_is_a_bug_and_never_a_clean_run(monkeypatch, capsys, tmp_path):
    class Mute:
        def is_valid(self, _value: object) -> bool:
            return False

        def iter_errors(self, _value: object) -> tuple[()]:
            return ()

    monkeypatch.setattr(schema, "_validator", lambda _name: Mute())
    (tmp_path / "policy.yaml").write_text(SMALL, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    try:
        assert main(["check", "policy.yaml"]) == 3
    finally:
        gc.enable()
    assert "this is a bug in alertc" in capsys.readouterr().err
