"""The policy held against its JSON Schema: every fault becomes a finding in the policy's own words."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.diagnostics import Diagnostic, Refused, Route
from generator.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator

    import jsonschema_rs
    from jsonschema.exceptions import ValidationError

Schema = dict[str, Any]
_INTEGER = re.compile(r"0|[1-9][0-9]{0,17}")


def text(name: str = "policy") -> str:
    """Return the JSON Schema `name` as it is published."""
    return (Path(__file__).parent / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")


@cache
def read(name: str = "policy") -> Schema:
    """Return the JSON Schema `name` as data."""
    schema: Schema = json.loads(text(name))
    return schema


@cache
def validator(name: str = "policy") -> jsonschema_rs.Validator:
    """Return the fast judge of the schema `name`: it only says yes or no; jsonschema explains better."""
    import jsonschema_rs

    return jsonschema_rs.validator_for(read(name))


def check(tree: Any) -> dict[str, Any]:
    """Return the policy's data with its integers as `int`; raises Refused with every fault found.

    `tree` holds scalars as text (`Source.tree`); the schema alone decides which of them are numbers.
    """
    schema = read()
    typed: dict[str, Any] = _integers(tree, schema)
    if not validator().is_valid(typed):
        raise Refused(*_explain(typed, schema))
    return typed


def _integers(value: Any, schema: Schema) -> Any:
    """Return `value` with decimal text as `int` where the schema says integer. Descends only towards those places."""
    if schema.get("type") == "integer":
        # 010 is eight in some YAML programs and ten in others: it stays text, which is refused.
        return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value
    if not isinstance(value, dict):
        return value
    properties: Schema = _resolved(schema).get("properties", {})
    found = {
        key: _integers(value[key], part) for key, part in properties.items() if key in value and _holds_integer(part)
    }
    return {**value, **found} if found else value


def _holds_integer(schema: Schema) -> bool:
    if schema.get("type") == "integer":
        return True
    return any(_holds_integer(part) for part in _resolved(schema).get("properties", {}).values())


def _resolved(schema: Schema) -> Schema:
    target = schema.get("$ref")
    if target is None:
        return schema
    found: Schema = read()["$defs"][target.rsplit("/", 1)[1]]
    return found


def _explain(tree: Any, schema: Schema) -> Iterator[Diagnostic]:
    from jsonschema import Draft202012Validator

    for error in Draft202012Validator(schema).iter_errors(tree):
        yield from _finding(error)


def _finding(error: ValidationError) -> Iterator[Diagnostic]:
    route: Route = tuple(error.absolute_path)
    place = f"`{route[-1]}`" if route else "the policy"
    rule: str = str(error.validator)
    instance: Any = error.instance
    schema: Schema = error.schema if isinstance(error.schema, dict) else {}
    if rule == "additionalProperties":
        known = schema.get("properties", {})
        for key in instance:
            if key not in known:
                yield _unknown_key(str(key), (*route, str(key)), place, known)
    elif rule == "required":
        key = error.message.split("'")[1]  # jsonschema reports each missing key as an error of its own
        unknown = [str(other) for other in instance if other not in schema["properties"]]
        if not any(did_you_mean(other, schema["properties"]) == key for other in unknown):
            yield _missing_key(key, route, place, schema)  # a misspelt key is one mistake, told as such
    elif "propertyNames" in error.absolute_schema_path:
        yield _wrong_value(str(instance), (*route, str(instance)), schema, on_key=True)
    elif instance is None:
        comment = "quote a text that begins with `#`, which is a comment otherwise; " if schema.get("pattern") else ""
        example = f"{comment}{_example(schema) or ''}" or None
        yield Diagnostic(code="POL204", message=f"{place} has no value", route=route, on_key=True, help=example)
    elif rule == "type":
        yield Diagnostic(
            code="POL203",
            message=f"{place} must be {_types(schema)}, here it is {_kind(instance)}",
            route=route,
            help=_example(schema),
        )
    elif rule in ("minItems", "minProperties", "minLength"):
        yield Diagnostic(code="POL205", message=f"{place} is empty", route=route, on_key=True, help=_example(schema))
    elif rule == "maxItems":
        yield Diagnostic(
            code="POL206", message=f"{place} has more than {schema['maxItems']} entries", route=route, on_key=True
        )
    elif rule == "uniqueItems":
        yield Diagnostic(
            code="POL207", message=f"{place} names the same thing twice", route=route, help="remove one of them"
        )
    else:
        yield _wrong_value(str(instance), route, schema)


def _unknown_key(key: str, route: Route, place: str, known: Schema) -> Diagnostic:
    near = did_you_mean(key, known)
    return Diagnostic(
        code="POL201",
        message=f"unknown key `{key}` in {place}",
        route=route,
        on_key=True,
        help=f"did you mean `{near}`?" if near else "known keys: " + ", ".join(known),
    )


def _missing_key(key: str, route: Route, place: str, schema: Schema) -> Diagnostic:
    part = schema["properties"][key]
    return Diagnostic(
        code="POL202",
        message=f"{place} has no `{key}`",
        route=route,
        on_key=True,
        notes=(f"{key}: {part['description']}",) if "description" in part else (),
        help=_example(part, key),
    )


def _wrong_value(value: str, route: Route, schema: Schema, *, on_key: bool = False) -> Diagnostic:
    shown = value if len(value) <= 60 else value[:57] + "..."
    known = [str(word) for word in schema.get("enum", [schema["const"]] if "const" in schema else ())]
    near = did_you_mean(value, known)
    what = schema.get("title")
    choice = known[0] if len(known) == 1 else "one of " + ", ".join(known)
    message = f"`{shown}` is not {choice if known else _article(what or 'valid here')}"
    if "minimum" in schema or "maximum" in schema:
        message = f"`{shown}` is not between {schema.get('minimum')} and {schema.get('maximum')}"
    return Diagnostic(
        code="POL208",
        message=message,
        route=route,
        on_key=on_key,
        notes=(schema["description"],) if on_key and "description" in schema else (),
        help=f"did you mean `{near}`?" if near else _example(schema),
    )


def _article(words: str) -> str:
    if words.startswith(("`", "valid")):
        return words
    return ("an " if words[0].lower() in "aeiou" and not words.startswith("one") else "a ") + words


def _example(schema: Schema, key: str | None = None) -> str | None:
    examples = schema.get("examples") or _resolved(schema).get("examples", ())
    if not examples:
        return None
    shown = [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in examples]
    if key:
        return f"for example `{key}: {shown[0]}`"
    return "for example " + ", ".join(f"`{one}`" for one in shown)


def _types(schema: Schema) -> str:
    words = {
        "object": "a mapping",
        "array": "a list",
        "string": "text",
        "integer": "a whole number",
        "number": "a number",
    }
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(words[kind] for kind in types if kind in words)


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"`{value}`" if len(str(value)) <= 60 else "text"
