"""The generated documentation is what the schema and the table of codes say."""

import json

from generator.commands import reference
from generator.policy import schema
from tests.compiling import ROOT


def test_the_policy_reference_is_made_from_the_schema(golden):
    golden.expect("policy-reference.md", reference.markdown(), folder=ROOT / "docs")


def test_the_page_of_the_codes_is_made_from_the_modules_that_say_them(golden):
    golden.expect("diagnostics.md", reference.diagnostics(), folder=ROOT / "docs")


def test_every_key_of_the_schema_is_described_with_an_example_and_a_tight_type():
    loose = []

    def walk(part, where):
        if "$ref" in part:
            part = {**schema.read()["$defs"][part["$ref"].rsplit("/", 1)[1]], **part}
        if not part.get("description") or not (part.get("examples") or "properties" in part):
            loose.append(where)
        if not {"type", "enum", "const"} & part.keys():
            loose.append(f"{where}: no type")
        if part.get("type") == "object" and part.get("additionalProperties", True) is True:
            loose.append(f"{where}: takes anything")
        for key, below in part.get("properties", {}).items():
            walk(below, f"{where}/{key}")
        if isinstance(part.get("additionalProperties"), dict):
            walk(part["additionalProperties"], f"{where}/*")
        if "items" in part:
            walk(part["items"], f"{where}/[]")

    for key, part in schema.read()["properties"].items():
        walk(part, key)
    assert loose == []


def test_the_schema_is_itself_valid_and_its_examples_are_too():
    from jsonschema import Draft202012Validator

    policy = schema.read()
    Draft202012Validator.check_schema(policy)
    wrong = []
    for name, part in policy["$defs"].items():
        for example in part.get("examples", ()):
            rules = {"$defs": policy["$defs"], **part}
            wrong += [f"{name}: {error.message}" for error in Draft202012Validator(rules).iter_errors(example)]
    assert wrong == []
    json.loads(schema.text())
