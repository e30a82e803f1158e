"""The help line of a promise that cannot be kept names changes, and whoever makes one of them is done."""

import re

import pytest
import yaml

from generator.diagnostics.diagnostic import PolicyErrors
from tests.compiling import SMALL, compiled, edited

SLOW_PERSON = ("    answer_in: 1m\n", "    answer_in: 4m\n")
CASES = {
    "a `for` that is too long": ("SLA201", [("    for: 0s\n    seen", "    for: 3m\n    seen")]),
    "a promise that is too short": ("SLA201", [("    acknowledge: 5m", "    acknowledge: 2m")]),
    "an answer that takes too long": ("SLA201", [SLOW_PERSON]),
    "a last step that leaves no time to answer": ("SLA201", [("by: 80%", "by: 95%")]),
    "a fault that is seen late": ("SLA201", [("    seen_within: 15s", "    seen_within: 40m")]),
    "a last step of the whole": ("SLA201", [("by: 80%", "by: 99%"), SLOW_PERSON]),
    "a detection that is slower than the severity's": ("SLA201", [("    detect_in: 15s", "    detect_in: 1s"),
                                                                  ("    for: 0s\n", "    for: 1m\n")]),
    "a step that is due too early": ("SLA202", [("by: 80%", "by: 40%")]),
    "a step that no share saves": ("SLA202", [("    acknowledge: 5m", "    acknowledge: 2m")]),
    "business hours": ("CAL503", [("    resolve: 24h\n", "    resolve: 24h\n    hours: business\n")]),
    "business hours and a slow answer": (
        "CAL503", [("    resolve: 24h\n", "    resolve: 24h\n    hours: business\n    answer_in: 3h\n")],
    ),
    "a chain that ends too early": (
        "SCH503", [("    acknowledge: 4h\n", "    acknowledge: 4h\n    answer_in: 1m\n"),
                   ("    - {page: person/cy, by: 80%, as: incident-commander}\n", "")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_alternative_ends_the_finding(case):
    code, edits = CASES[case]
    broken = edited(SMALL, *edits)
    refused = [finding for finding in findings(broken) if finding.code == code]
    assert refused
    for finding in refused:
        alternatives = finding.help.split(", or ")
        assert alternatives
        for alternative in alternatives:
            left = findings(changed(broken, finding, alternative))
            subject = finding.message.split(":")[0].split(" can ")[0]
            assert [one.message for one in left if one.message.startswith(subject)] == [], alternative
            assert {one.code for one in left} <= {one.code for one in refused}, alternative


def findings(text):
    try:
        return compiled(text).diagnostics
    except PolicyErrors as refused:
        return refused.diagnostics


def changed(text, finding, alternative):
    """Return the policy with what the alternative says written into it."""
    policy = yaml.load(text, yaml.BaseLoader)
    keys = re.findall(r"`(\w+): ([^`]+)`", alternative)
    assert keys, alternative
    severity = re.search(r"severities/(\w+)", alternative)
    chain = re.search(r"escalations/(\w+)", alternative)
    for key, value in keys:
        if severity:
            policy["severities"][severity[1]][key] = value
        elif key == "by":
            policy["escalations"][chain[1] if chain else finding.route[1]][-1]["by"] = value
        elif finding.code == "SCH503":
            policy["severities"][finding.route[1]][key] = value
        else:
            policy["alerts"][finding.route[1]][key] = value
    return yaml.safe_dump(policy, sort_keys=False, width=10_000, allow_unicode=True)
