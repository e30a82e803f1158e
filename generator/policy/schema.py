"""The policy held against its JSON Schema: every fault becomes a finding in the policy's own words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, PolicyErrors, PolicyPath
from generator.diagnostics.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import jsonschema_rs

POL201 = Code(
    name="POL201",
    title="Unknown key",
    meaning="An entry of this kind has no such key. Correct the spelling; `alertc schema` lists all keys.",
)

POL202 = Code(
    name="POL202",
    title="Missing key",
    meaning="An entry of this kind requires the key. Add it.",
)

POL203 = Code(
    name="POL203",
    title="Wrong type of value",
    meaning="There is a list, a mapping or a text where another type is required. The help line shows an example.",
)

POL204 = Code(
    name="POL204",
    title="Key without a value",
    meaning="Write a value after the `:`. A text that begins with `#` must be quoted, or YAML reads it as a comment.",
)

POL205 = Code(
    name="POL205",
    title="Empty value",
    meaning="The list, mapping or text must not be empty. Add an entry, or remove the key.",
)

POL206 = Code(
    name="POL206",
    title="Too many entries",
    meaning="PagerDuty or Alertmanager accepts no more entries. Remove some.",
)

POL207 = Code(
    name="POL207",
    title="Duplicate entry in a list",
    meaning="The same value is listed twice. Remove one of them.",
)

POL208 = Code(
    name="POL208",
    title="Value is not allowed",
    meaning="The key does not accept this value. The help line shows an example.",
)

Schema = dict[str, Any]
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_BLANKS = " \t\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a schema refuses: the value `instance` at `route` breaks the keyword `keyword` of the part `schema`."""

    keyword: str
    route: PolicyPath
    instance: Any
    schema: Schema
    missing: str
    """Which key lacks, where the keyword is `required`."""
    on_key: bool
    """`instance` is the last key of the route, not its value."""
    message: str
    """What the validator says, for data that has no words of its own."""


def text(name: str = "policy") -> str:
    """Return the JSON Schema `name` as it is published."""
    return (Path(__file__).parent / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8")


@cache
def read(name: str = "policy") -> Schema:
    """Return the JSON Schema `name` as data."""
    schema: Schema = json.loads(text(name))
    return schema


@cache
def _validator(name: str) -> jsonschema_rs.Validator:
    import jsonschema_rs

    return jsonschema_rs.validator_for(read(name))


def faults(value: Any, name: str = "policy") -> tuple[Fault, ...]:
    """Return all that the schema `name` refuses in `value`; nothing where it is valid.

    One validator decides and explains: two that read a pattern differently would refuse and not say why.
    """
    validator = _validator(name)
    if validator.is_valid(value):
        return ()
    refused = tuple(_fault(error, read(name)) for error in validator.iter_errors(value))
    if not refused:
        raise AssertionError(f"the schema {name} refuses a value and does not say why")
    return refused


def _fault(error: jsonschema_rs.ValidationError, schema: Schema) -> Fault:
    route: PolicyPath = tuple(error.instance_path)
    kind: Any = error.kind
    instance, keyword = error.instance, str(kind.name)
    on_key = keyword == "propertyNames"
    if on_key:
        instance, keyword = kind.error.instance, str(kind.error.kind.name)
        route = (*route, instance)
    part: Any = schema
    for step in list(error.schema_path)[:-1]:
        part = part[step]
    return Fault(
        keyword=keyword,
        route=route,
        instance=instance,
        schema=part if isinstance(part, dict) else {},
        missing=kind.property if keyword == "required" else "",
        on_key=on_key,
        message=error.message,
    )


def check(tree: Any, name: str = "policy") -> dict[str, Any]:
    """Return the data of a policy, or of another file that people write by the schema `name`.

    Integers are `int`, one-line texts without blanks and line feeds at their ends. `tree` holds scalars as text
    (`Source.tree`); the schema alone decides which of them are numbers, and which are one line. Raises PolicyErrors
    with every fault found.
    """
    convert = _conversion_of(name)
    typed: dict[str, Any] = convert(tree) if convert else tree
    refused = faults(typed, name)
    if refused:
        raise PolicyErrors(*(finding for fault in refused for finding in _finding(fault)))
    return typed


@cache
def _conversion_of(name: str) -> Callable[[Any], Any] | None:
    return _conversion(read(name))


def _conversion(schema: Schema) -> Callable[[Any], Any] | None:
    """Return what makes the policy's data of a tree; None where nothing below may need to be converted."""
    schema = _resolved(schema)
    kind = schema.get("type")
    if isinstance(kind, str) and kind in _OF_TEXT:
        return _OF_TEXT[kind]
    one_line = _one_line if {"pattern", "enum", "const"} & schema.keys() else None
    entries = {key: found for key, part in schema.get("properties", {}).items() if (found := _conversion(part))}
    others, items = (
        _conversion(schema[word]) if isinstance(schema.get(word), dict) else None
        for word in ("additionalProperties", "items")
    )

    if not (entries or others or items):
        return one_line

    def convert(value: Any) -> Any:
        if isinstance(value, str):
            return one_line(value) if one_line else value
        if isinstance(value, dict):
            changed = {}
            for key, held in value.items():
                change = entries.get(key, others)
                if change and (new := change(held)) is not held:
                    changed[key] = new
            return {**value, **changed} if changed else value
        if items and isinstance(value, list):
            return [items(item) for item in value]
        return value

    return convert


def _integer(value: Any) -> Any:
    """Return decimal text as a number. 010 is eight in some YAML programs and ten in others: it stays text."""
    if not isinstance(value, str):
        return value
    value = _one_line(value)
    return int(value) if _INTEGER.fullmatch(value) else value


def _boolean(value: Any) -> Any:
    """Return `true` and `false` as what they say; other words, which some YAML programs take for them, stay text."""
    return {"true": True, "false": False}.get(_one_line(value), value) if isinstance(value, str) else value


_OF_TEXT: Mapping[str, Callable[[Any], Any]] = {"integer": _integer, "boolean": _boolean}
"""What makes data of the text of a scalar, by the type in the schema."""


def _one_line(value: Any) -> Any:
    # `summary: >` ends in a line feed that nobody meant; PagerDuty removes such ends, and would then differ for ever.
    return value.strip(_BLANKS) if isinstance(value, str) else value


def _resolved(schema: Schema) -> Schema:
    target = schema.get("$ref")
    if target is None:
        return schema
    found: Schema = read()["$defs"][target.rsplit("/", 1)[1]]
    return found


def _finding(fault: Fault) -> Iterator[Diagnostic]:
    route, rule, instance, schema = fault.route, fault.keyword, fault.instance, fault.schema
    place = f"`{route[-1]}`" if route else "the policy"
    if rule == "additionalProperties":
        known = schema.get("properties", {})
        for key in instance:
            if key not in known:
                yield _unknown_key(str(key), (*route, str(key)), place, known)
    elif rule == "required":
        unknown = [str(other) for other in instance if other not in schema["properties"]]
        if not any(did_you_mean(other, schema["properties"]) == fault.missing for other in unknown):
            yield _missing_key(fault.missing, route, place, schema)  # a misspelt key is one mistake, told as such
    elif fault.on_key:
        yield _wrong_value(str(instance), route, schema, on_key=True)
    elif instance is None:
        comment = "quote a text that begins with `#`, which is a comment otherwise; " if schema.get("pattern") else ""
        example = f"{comment}{_example(schema) or ''}" or None
        yield Diagnostic(code=POL204.name, message=f"{place} has no value", route=route, on_key=True, help=example)
    elif rule == "type":
        yield Diagnostic(
            code=POL203.name,
            message=f"{place} must be {_types(schema)}, here it is {_kind(instance)}",
            route=route,
            help=_example(schema),
        )
    elif rule in ("minItems", "minProperties", "minLength"):
        yield Diagnostic(code=POL205.name, message=f"{place} is empty", route=route, on_key=True, help=_example(schema))
    elif rule == "maxItems":
        yield Diagnostic(
            code=POL206.name, message=f"{place} has more than {schema['maxItems']} entries", route=route, on_key=True
        )
    elif rule == "uniqueItems":
        yield Diagnostic(
            code=POL207.name, message=f"{place} names the same thing twice", route=route, help="remove one of them"
        )
    else:
        yield _wrong_value(str(instance), route, schema)


def _unknown_key(key: str, route: PolicyPath, place: str, known: Schema) -> Diagnostic:
    near = did_you_mean(key, known)
    return Diagnostic(
        code=POL201.name,
        message=f"unknown key `{key}` in {place}",
        route=route,
        on_key=True,
        help=f"did you mean `{near}`?" if near else "known keys: " + ", ".join(known),
    )


def _missing_key(key: str, route: PolicyPath, place: str, schema: Schema) -> Diagnostic:
    part = schema["properties"][key]
    return Diagnostic(
        code=POL202.name,
        message=f"{place} has no `{key}`",
        route=route,
        on_key=True,
        notes=(f"{key}: {part['description']}",) if "description" in part else (),
        help=_example(part, key),
    )


def _wrong_value(value: str, route: PolicyPath, schema: Schema, *, on_key: bool = False) -> Diagnostic:
    shown = value if len(value) <= 60 else value[:57] + "..."
    known = [str(word) for word in schema.get("enum", [schema["const"]] if "const" in schema else ())]
    near = did_you_mean(value, known)
    what = schema.get("title")
    choice = known[0] if len(known) == 1 else "one of " + ", ".join(known)
    message = f"`{shown}` is not {choice if known else _article(what or 'valid here')}"
    if "minimum" in schema or "maximum" in schema:
        message = f"`{shown}` is not between {schema.get('minimum')} and {schema.get('maximum')}"
    return Diagnostic(
        code=POL208.name,
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
        "boolean": "`true` or `false`",
    }
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return " or ".join(words[kind] for kind in types if kind in words)


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return f"`{value}`" if len(str(value)) <= 60 else "text"
