"""What the real promtool says of rules and tests, in terms of the policy; and that the generated tests bite."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from generator.checks import verify
from generator.checks.files import expanded_texts, promtool
from generator.diagnostics.diagnostic import EnvironmentProblem
from generator.system import memory, programs
from generator.system.artifact import Artifact
from generator.system.programs import Result
from tests import seeds
from tests.compiling import edited
from tests.verifying import POLICY, text_of
from tests.verifying import verified as verified_all

RULES = "prometheus/rules/shop.yaml"
TESTS = "prometheus/tests/shop.test.yaml"


@pytest.fixture(autouse=True)
def _only_this_verifier(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", ())
    monkeypatch.setattr(verify, "ASKERS", (promtool.ask, expanded_texts.ask))


def verified(*edits, policy=POLICY, only="shop"):
    """Verify with the tests of one file of rules alone: the others cost a second."""
    return verified_all(*edits, policy=policy, tests=only)


def rule(name):
    """Return the text of one rule of the shop."""
    _, *rest = text_of(RULES).split(f"      - alert: {name}\n")
    return f"      - alert: {name}\n" + rest[0].split("      - alert: ")[0]


MONEY = rule("MoneyLost")
DOWN = rule("ServiceDown")
CERTIFICATE = rule("CertificateExpiring")

POLICY_FAULTS = {
    "bad-promql": [
        ("(certificate_expiry_timestamp_seconds) - time()", "(certificate_expiry_timestamp_seconds - time()")
    ],
    "bad-promql-on-a-later-line": [
        (
            "expr: min by (instance) (certificate_expiry_timestamp_seconds) - time() < 14 * 86400",
            "expr: |-\n      min by (instance) (\n        certificate_expiry_timestamp_seconds) <\n      14 **",
        )
    ],
    "bad-promql-in-a-record": [("sum by (job) (rate(requests_total[2m]))", "sum by (job) (rate(requests_total))")],
    "bad-promql-of-each-service": [('expr: absent(up{job="$service"} == 1)', 'expr: absent(up{job="$service"} == )')],
    "bad-template-in-summary": [("Till {{ $labels.till }} is", "Till {{ $labels.till | shout }} is")],
    "bad-template-in-details": [
        ("details: Somebody paid", "details: '{{ if }} Somebody paid"),
        ("where it went.", "where it went.'"),
    ],
    "says-otherwise-beside-details-with-a-value": [
        ("details: Somebody paid", "details: '{{ $value | humanize }} are gone. Somebody paid"),
        ("where it went.", "where it went.'"),
        ("says: Till north is off by 7", "says: Till north is off by 8"),
    ],
    "does-not-fire": [("'till_difference{till=\"north\"}': 0x4 7x10", "'till_difference{till=\"north\"}': 0x20 7x10")],
    "fires-too-late": [
        (
            "        fires_at: 1m15s\n        labels: {till: north}",
            "        fires_at: 1m\n        labels: {till: north}",
        )
    ],
    "fires-too-early": [
        (
            "        fires_at: 1m15s\n        labels: {till: north}",
            "        fires_at: 2m\n        labels: {till: north}",
        )
    ],
    "not-silent": [("'till_difference{till=\"north\"}': 0x20", "'till_difference{till=\"north\"}': 0x4 1x2 0x20")],
    "other-labels": [("labels: {till: north}", "labels: {till: south, shelf: a}")],
    "text-that-queries-nothing": [
        (
            'summary: "{{ $value | humanizePercentage }} of the requests to $service fail"',
            'summary: \'Requests fail since {{ query "build_info" | first | label "version" }}\'',
        )
    ],
    "text-of-no-number-in-a-test-that-says": [("Till {{ $labels.till }} is", "Till {{ $labels.till | humanize }} is")],
    "other-summary": [("says: Till north is off by 7", "says: Till north is off by 8")],
    "two-alerts": [
        (
            "'till_difference{till=\"north\"}': 0x4 7x10",
            "'till_difference{till=\"north\"}': 0x4 7x10, 'till_difference{till=\"south\"}': 0x4 9x10",
        )
    ],
    "bad-values": [("'till_difference{till=\"north\"}': 0x4 7x10", "'till_difference{till=\"north\"}': 0x4 seven")],
}

EDITS = {
    "duplicate-rule": [(RULES, MONEY, MONEY + MONEY)],
    "group-twice": [
        (RULES, "  - name: shop\n", "  - name: shop\n    rules:\n      - record: a\n        expr: b\n  - name: shop\n")
    ],
    "refused-rule": [(RULES, MONEY, MONEY.replace("        labels:\n", "        labels:\n          __name__: x\n"))],
    "expression-of-a-test": [(TESTS, 'ALERTS{alertname="MoneyLost",alertstate="firing"}\'', "sum('")],
    "refused-rule-of-a-group-with-a-quote": [
        (RULES, "  - name: shop\n", '  - name: sh"op\n'),
        (RULES, MONEY, MONEY.replace("expr: 'max by", "expr: 'max bye")),
    ],
    "no-rule-file": [(TESTS, "../rules/shop.yaml", "../rules/shopping.yaml")],
}


@pytest.mark.parametrize("name", seeds.parameters(POLICY_FAULTS, 3))
def test_a_fault_of_the_policy_is_shown_in_the_policy(name, golden):
    said = verified(policy=edited(POLICY, *POLICY_FAULTS[name]))
    golden.expect(f"verify/promtool-{name}.txt", of_any_version(said))


def test_a_fault_of_many_services_is_said_once():
    many = "".join(f"  s{n}:\n    team: web\n    escalation: web\n    runbook: recovery.md\n" for n in range(9))
    broken = [*POLICY_FAULTS["bad-promql-of-each-service"], ("services:\n", f"services:\n{many}")]
    said = verified(policy=edited(POLICY, *broken), only="nothing")
    assert said.count("error[PRM601]") == 1
    assert "= the same for s0, s1, s2, s3, s4 and 5 more\n" in said


@pytest.mark.parametrize("name", seeds.parameters(EDITS, 2))
def test_a_fault_of_a_template_is_shown_in_what_it_wrote(name, golden):
    golden.expect(f"verify/promtool-{name}.txt", of_any_version(verified(*EDITS[name])))


def of_any_version(said):
    """Return the text without what differs between versions of promtool: a line number that means nothing."""
    said = re.sub(r"promtool: \d+:(\d+: parse error)", r"promtool: 1:\1", said)
    return re.sub(r"promtool: \d+:\d+: group", "promtool: 0:0: group", said)


def test_all_is_well():
    assert verified(only="") == ""


@pytest.mark.parametrize(
    ("before", "after", "code", "name"),
    seeds.parameters(
        [
            (MONEY, "", "PRM610", "MoneyLost"),
            (MONEY, MONEY.replace("> 0", "> 1000000"), "PRM610", "MoneyLost"),
            (MONEY, MONEY.replace("> 0", ">= 0"), "PRM611", "MoneyLost"),
            (MONEY, MONEY.replace("        labels:", "        for: 5m\n        labels:"), "PRM610", "MoneyLost"),
            (DOWN, "", "PRM610", "ServiceDown"),
            (DOWN, DOWN.replace("        for: 30s\n", ""), "PRM611", "ServiceDown"),
            (CERTIFICATE, CERTIFICATE.replace("14 * 86400", "1 * 86400"), "PRM610", "CertificateExpiring"),
            (CERTIFICATE, CERTIFICATE.replace("for: 15m", "for: 10m"), "PRM611", "CertificateExpiring"),
            (rule("MoneyLostNoData"), "", "PRM610", "MoneyLostNoData"),
            (rule("ErrorsHigh"), "", "PRM610", "ErrorsHigh"),
            (rule("ErrorsHigh"), rule("ErrorsHigh").replace("> 0.02", "> 0.2"), "PRM610", "ErrorsHigh"),
        ],
        2,
    ),
)
def test_the_generated_tests_bite(before, after, code, name):
    said = verified((RULES, before, after))
    assert f"error[{code}]: expected {name} to " in said


@pytest.mark.parametrize("name", ["_deadlines-P0", "_deadlines-P1", "_deadlines-P2", "_pipeline"])
def test_the_tests_of_the_policys_own_rules_bite(name):
    path = f"prometheus/rules/{name}.yaml"
    names = re.findall(r"- alert: (\w+)", text_of(path))
    said = verified(*((path, f"- alert: {alert}\n", f"- alert: Lost{alert}\n") for alert in names), only=name)
    assert [alert for alert in names if f"error[PRM610]: expected {alert} to fire" not in said] == []


def test_words_that_nobody_knows_are_passed_on(tmp_path, monkeypatch):
    fake = tmp_path / "promtool"
    fake.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --version ]; then echo "promtool, version 9.9.9 (branch: x)"; exit; fi\n'
        'if [ "$1" = check ]; then echo "  FAILED:" >&2; echo "it is Tuesday" >&2; exit 7; fi\n'
        'shift 2; for file in "$@"; do echo "  SUCCESS"; done\n'
    )
    fake.chmod(0o755)
    monkeypatch.setenv("ALERTC_PROMTOOL", str(fake))
    said = verified()
    assert "error[PRM699]: `promtool check rules` complains (exit code 7)" in said
    assert "it is Tuesday" in said


def test_without_promtool_nothing_is_verified(monkeypatch):
    monkeypatch.setenv("ALERTC_PROMTOOL", "/nowhere/promtool")
    with pytest.raises(EnvironmentProblem, match="ALERTC_PROMTOOL names /nowhere/promtool"):
        verified()


def test_the_real_promtool_is_used():
    assert programs.find("promtool").version >= (2, 42)


def test_what_is_asked_of_many_files_does_not_depend_on_their_order():
    # The target writes them in the order of services, `order` before `order-gateway`; paths are sorted the other way.
    names = [f"{name}{end}" for name in ("order", "ledger", "auth") for end in ("", "-gateway", *range(40))]
    files = tuple(Artifact(path=f"prometheus/rules/{name}.yaml", text=name) for name in names)
    in_order = tuple(sorted(files, key=lambda one: one.path))
    assert files != in_order
    program = promtool.program()
    assert promtool.checks(program, files, Path()) == promtool.checks(program, in_order, Path())


def test_a_rule_file_is_checked_again_where_it_changed_or_promtool_had_something_to_say(tmp_path):
    program = promtool.program()

    def asked(files, answers, program=program):
        return promtool.checks(program, tuple(files), Path(), answers)

    def named(commands):
        return {path for command in commands for path in command.each}

    files = [Artifact(path=f"prometheus/rules/s{number}.yaml", text="old") for number in range(20)]
    answers = memory.answers(tmp_path / "out")
    first, second, *_ = commands = asked(files, answers)
    assert named(commands) == {one.path for one in files}
    said_by = {id(first): (1, "FAILED:"), id(second): (0, "a warning")}
    for command in commands:
        code, said = said_by.get(id(command), (0, ""))
        answers.learn(command, Result(code=code, stdout="", stderr=said))
    answers.keep()
    last = max(named(commands) - named([first, second]))
    edited = [replace(one, text="new") if one.path == last else one for one in files]
    known = memory.answers(tmp_path / "out")
    assert named(asked(edited, known)) == {last, *first.each, *second.each}
    assert named(asked(files, known, replace(program, path=Path("/bin/true")))) == {one.path for one in files}
