"""The tests that are rendered are at least those of the policy: each with its series, at its times, with its labels."""

import pytest

from generator.checks import verify
from generator.checks.files import rendered_tests
from tests.compiling import EXCHANGE, SMALL
from tests.verifying import POLICY, text_of, verified

TESTS = "prometheus/tests/shop.test.yaml"
TEXT = text_of(TESTS)
BLOCK = TEXT[TEXT.index("  - name: ") : TEXT.index("  - name: ", TEXT.index("  - name: ") + 1)]


@pytest.fixture(autouse=True)
def _only_this_verifier(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (rendered_tests.check,))
    monkeypatch.setattr(verify, "ASKERS", ())


@pytest.mark.parametrize("policy", [POLICY, SMALL, EXCHANGE])
def test_the_packaged_tests_are_the_policys(policy):
    assert verified(policy=policy) == ""


FAULTS = {
    "a-test-lost": [(TESTS, BLOCK, "")],
    "another-series": [(TESTS, "0x4 7x10", "7x14")],
    "another-time": [(TESTS, "eval_time: 1m15s", "eval_time: 2m15s")],
    "another-label": [(TESTS, "till: north", "till: south")],
    "another-clock": [(TESTS, "evaluation_interval: 15s", "evaluation_interval: 1s")],
    "other-rules": [(TESTS, "../rules/shop.yaml", "../rules/alerting.yaml")],
    "another-order": [(TESTS, "group_eval_order:\n  - shop\n", "")],
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_test_that_is_not_the_policys_is_found(name, golden):
    golden.expect(f"verify/rendered-tests-{name}.txt", verified(*FAULTS[name]))


def test_more_tests_and_other_names_are_the_templates():
    more = BLOCK.replace("0x4 7x10", "0x9 7x10").replace("eval_time: 1m15s", "eval_time: 2m30s")
    name = BLOCK.splitlines()[0]
    assert verified((TESTS, BLOCK, BLOCK.replace(name, "  - name: mine") + more)) == ""
