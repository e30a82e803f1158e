"""Every generated YAML and JSON file has the form of its kind: `generator/policy/schemas/*.schema.json`."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from generator.behaviour.documents import shown
from generator.behaviour.identity import policy_route
from generator.behaviour.verification import Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, route_text
from generator.diagnostics.suggest import did_you_mean
from generator.policy import schema
from generator.upstream.alertmanager.integrations import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.behaviour.documents import Documents
    from generator.diagnostics.diagnostic import EntryPath
    from generator.plan.plan import Plan
    from generator.policy.schema import Fault, Schema

OUT602 = Code(
    name="OUT602",
    title="Unknown key in a generated file",
    meaning="The program that loads the file does not know the key. Compare your template with the packaged one.",
)

OUT603 = Code(
    name="OUT603",
    title="Missing key in a generated file",
    meaning="The program that loads the file requires the key. Compare your template with the packaged one.",
)

OUT604 = Code(
    name="OUT604",
    title="Invalid value in a generated file",
    meaning="The program that loads the file refuses the value. Compare your template with the packaged one.",
)

_SECRETS = frozenset(
    {"credentials", "password", "client_secret"}
    | {name.removesuffix("_file") for kind in KINDS.values() for name in kind.secrets}
)
"""Settings that hold a secret, and are no keys of the schema: the same with `_file` are."""


def check(plan: Plan, documents: Documents, schemas: Mapping[str, str | None]) -> Iterator[Finding]:
    """OUT602: unknown key; OUT603: missing key; OUT604: invalid value.

    `schemas` are the names of the files' schemas by their paths; None: no schema says what form a file has.
    """
    for path, document in sorted(documents.items()):
        name = schemas[path]
        if name is None:
            continue
        for fault in schema.faults(_typed(document, name, schema.read(name)), name):
            yield from explained(plan, documents, path, fault)


# ------------------------------------------------------------------------------------------- scalars of YAML are text


def _typed(value: Any, name: str, part: Schema) -> Any:
    """Return `value` with text converted to numbers and booleans where the schema requires them."""
    part = _resolved(name, part)
    kind = part.get("type")
    if isinstance(value, str):
        return _scalar(value, kind)
    if isinstance(value, list) and "items" in part and _converts(name, _key(part["items"])):
        return [_typed(item, name, part["items"]) for item in value]
    if isinstance(value, dict):
        inside: Schema = part.get("properties", {})
        found = {
            key: _typed(value[key], name, below)
            for key, below in inside.items()
            if key in value and _converts(name, _key(below))
        }
        return {**value, **found} if found else value
    return value


def _scalar(text: str, kind: Any) -> Any:
    if kind == "boolean" and text in ("true", "false"):
        return text == "true"
    if kind == "integer" and text.removeprefix("-").isdecimal():
        return int(text)
    if kind == "number":
        try:
            return float(text)
        except ValueError:
            return text
    return text


def _resolved(name: str, part: Schema) -> Schema:
    target = part.get("$ref")
    found: Schema = schema.read(name)["$defs"][target.rpartition("/")[2]] if target else part
    return found


def _key(part: Schema) -> str | int:
    """Return a key for a part of a schema: its reference, else its identity (schemas are loaded once)."""
    return part.get("$ref") or id(part)


@cache
def _converting(name: str) -> frozenset[str | int]:
    """Return the keys of schema parts that may contain a number or a boolean."""
    keys: set[str | int] = set()
    grown = True
    while grown:  # routes stand in routes: once round is not enough
        before = len(keys)
        for part in _parts(schema.read(name)):
            below = [*part.get("properties", {}).values(), *([part["items"]] if "items" in part else [])]
            if part.get("type") in ("boolean", "integer", "number") or any(
                _key(schema_part) in keys for schema_part in below
            ):
                keys.add(_key(part))
        keys |= {
            f"#/$defs/{definition}"
            for definition, part in schema.read(name).get("$defs", {}).items()
            if _key(part) in keys
        }
        grown = len(keys) > before
    return frozenset(keys)


def _converts(name: str, key: str | int) -> bool:
    return key in _converting(name)


def _parts(part: Any) -> Iterator[Schema]:
    if isinstance(part, dict):
        yield part
        for below in part.values():
            yield from _parts(below)
    elif isinstance(part, list):
        for below in part:
            yield from _parts(below)


# ------------------------------------------------------------------------------------------- what is wrong, in words


def explained(plan: Plan, documents: Documents, path: str, fault: Fault) -> Iterator[Finding]:
    """Yield what a schema refuses in a file, in words."""
    where, part, instance = fault.route[:-1] if fault.on_key else fault.route, fault.schema, fault.instance
    here = f"{route_text(where) or 'the file'} in {shown(path)}"
    if fault.keyword == "additionalProperties" and isinstance(part["additionalProperties"], bool):
        known = part.get("properties", {})
        for key in sorted(map(str, instance)):
            if key not in known:
                message = f"unknown key `{key}` in {here}"
                diagnostic = Diagnostic(code=OUT602.name, message=message, help=_unknown(key, known))
                yield _finding(plan, documents, path, (*where, key), diagnostic, on_key=True)
    elif fault.keyword == "required":
        message = f"{here} has no `{fault.missing}`"
        yield _finding(plan, documents, path, where, Diagnostic(code=OUT603.name, message=message))
    else:
        value = f"`{instance}`" if isinstance(instance, (str, int, float)) else "what stands there"
        help = "compare your template with the packaged one"
        diagnostic = Diagnostic(code=OUT604.name, message=f"{here}: {value} is not {_wanted(fault)}", help=help)
        yield _finding(plan, documents, path, where, diagnostic)


def _unknown(key: str, known: Schema) -> str:
    if key in _SECRETS:
        return f"a secret never stands in out/: name a file, with `{key}_file`"
    near = did_you_mean(key, known)
    return f"did you mean `{near}`?" if near else "known keys: " + ", ".join(sorted(known))


def _wanted(fault: Fault) -> str:
    """Return what the schema requires, as a phrase that follows "is not"."""
    part = fault.schema
    limit: Any = part.get(fault.keyword)
    match fault.keyword:
        case "minimum":
            return f"at least {limit}"
        case "maximum":
            return f"at most {limit}"
        case "enum":
            return "one of " + ", ".join(str(value) for value in limit)
        case "const":
            return f"`{json.dumps(limit)}`"
        case "minItems":
            return f"a list of at least {limit}"
        case "maxItems":
            return f"a list of at most {limit}"
        case "maxLength":
            return f"at most {limit} characters long"
        case "type":
            return " or ".join(limit) if isinstance(limit, list) else f"of type {limit}"
    title = part.get("title")
    return f"a {title}" if title else f"valid ({fault.keyword} {limit})"


def _finding(
    plan: Plan, documents: Documents, path: str, where: EntryPath, unplaced: Diagnostic, *, on_key: bool = False
) -> Finding:
    route = policy_route(plan, documents, path, where)
    diagnostic = replace(unplaced, route=route)
    return Finding(diagnostic=diagnostic, path=path, where=where, on_key=on_key)
