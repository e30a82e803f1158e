"""What the lints of expressions find, and what they leave alone: first of all, what the page of each code shows."""

import pytest
import yaml

from generator import report, source
from generator.codes import CODES
from generator.diagnostics import Refused
from tests.compiling import SMALL, compiled

SHOWN = sorted(name for name, code in CODES.items() if code.bad)
DEFAULTS = {"service": "shop", "severity": "P3", "expr": "up == 0", "summary": "Something is wrong"}


def policy(entry):
    """Return the small policy with an alert of these lines; what they leave open is harmless."""
    lines = entry.strip("\n")
    lines += "".join(f"\n{key}: {value}" for key, value in DEFAULTS.items() if key not in yaml.safe_load(lines))
    return SMALL + "\n  Example:\n" + "".join(f"    {line}\n" for line in lines.splitlines())


def findings(text):
    """Return what is found in a policy, placed in it."""
    try:
        found = compiled(text).diagnostics
    except Refused as refused:
        found = refused.diagnostics
    return report.ordered(report.place(found, source.read(text.encode(), "policy.yaml")))


def said(entry):
    text = policy(entry)
    return report.to_text(findings(text), {"policy.yaml": text.encode()})


def codes(entry):
    return [finding.code for finding in findings(policy(entry))]


def expression(expr, **more):
    return yaml.safe_dump({"expr": expr, **more}, width=1000)


def test_the_small_policy_is_clean():
    assert compiled(SMALL).diagnostics == ()


@pytest.mark.parametrize("code", SHOWN)
def test_the_bad_example_of_a_code_is_found_and_explained(golden, code):
    assert code in codes(CODES[code].bad)
    golden.expect(f"expressions/{code}.txt", said(CODES[code].bad))


@pytest.mark.parametrize("code", SHOWN)
def test_the_good_example_of_a_code_is_not_found(code):
    assert code not in codes(CODES[code].good)


def test_every_code_of_an_expression_has_examples():
    assert [name for name in CODES if name.startswith("PQL7") and name > "PQL702" and name not in SHOWN] == []
