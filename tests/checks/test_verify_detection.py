"""`seen_within` is proven by the tests of the alert, or it is said that it is not."""

from types import SimpleNamespace

import pytest

from generator.checks import verify
from generator.checks.files import detection
from tests.compiling import edited
from tests.verifying import POLICY
from tests.verifying import verified as verified_all

ALERT = """alerts:
  PaymentsLost:
    service: shop
    severity: %s
    expr: avg_over_time(payments_lost[1m]) > 1
    for: 20s
%s    summary: Payments are lost
    tests:
      - {given: {payments_lost: %s}, %s}
"""


@pytest.fixture(autouse=True)
def _only_this_verifier(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (detection.check,))
    monkeypatch.setattr(verify, "ASKERS", ())


def verified(
    *, seen="", severity="P2", given="0x8 3x12", says="fires_at: 3m15s", expr="avg_over_time(payments_lost[1m])"
):
    """The change is at 2m15s; two evaluations for `for`, so that 3m15s means: seen 30s after it."""
    written = f"    seen_within: {seen}\n" if seen else ""
    alert = ALERT % (severity, written, given, says)
    policy = edited(POLICY, ("alerts:\n", alert.replace("avg_over_time(payments_lost[1m])", expr)))
    return verified_all(policy=policy)


def test_a_test_that_shows_a_longer_delay_is_an_error():
    assert verified(seen="15s") == (
        "error[TST601]: PaymentsLost is detected 30s after the fault began, but `seen_within` is 15s\n"
        "   --> policy.yaml:137:54\n"
        "    |\n"
        "137 |       - {given: {payments_lost: 0x8 3x12}, fires_at: 3m15s}\n"
        "    |                                                      ^^^^^\n"
        "    = the series change at 2m15s + seen after 30s + for 30s = fires at 3m15s\n"
        "    = the change is the first sample of `payments_lost` that departs from those before it\n"
        "    = help: set `seen_within: 30s`, which is part of the sum that the SLA limits, "
        "or shorten the range of the expression\n"
    )


@pytest.mark.parametrize("seen", ["16s", "30s", "1m"])
def test_a_delay_that_a_test_does_not_contradict(seen):
    """At 15s after the change an evaluation finds it false, at 30s the next finds it true: 16s may be true."""
    assert verified(seen=seen) == ""


def test_where_nothing_is_declared_a_range_must_be_true_at_once():
    assert "PaymentsLost is detected 30s after the fault began, but `seen_within` is 0s" in verified()
    assert verified(says="fires_at: 2m45s") == ""


def test_what_looks_back_over_no_range_is_true_when_its_series_are():
    assert verified(expr="payments_lost") == ""
    assert "seen_within` is 15s" in verified(expr="payments_lost", seen="15s")


@pytest.mark.parametrize(
    ("given", "says"), [("0x20", "silent_until: 5m"), ("3x20", "fires_at: 30s"), ("0+3x20", "fires_at: 45s")]
)
def test_without_a_change_nothing_is_proven(given, says):
    assert verified(seen="30s", given=given, says=says) == (
        "warning[TST602]: no test shows how soon PaymentsLost is detected: `seen_within` is only declared\n"
        "   --> policy.yaml:134:18\n"
        "    |\n"
        "134 |     seen_within: 30s\n"
        "    |                  ^^^\n"
        "    = help: add a test with `fires_at` whose series change at some moment, such as `0x4 1x10`\n"
    )


def test_a_range_that_a_recording_rule_reads_counts():
    said = verified(expr="job:errors:ratio", given="0x20", says="silent_until: 5m")
    assert said.startswith(
        "warning[TST602]: no test shows how soon PaymentsLost is detected: "
        "it reads job:errors:ratio, which looks back over a range\n"
    )


def test_a_test_that_fires_is_asked_of_a_p1_anyway():
    assert verified(severity="P1", seen="30s", given="0x20", says="silent_until: 5m") == ""
    assert "TST602" in verified(severity="P1", seen="30s", given="3x20", says="fires_at: 30s")


def test_many_alerts_without_a_test_are_one_finding():
    """A large policy gets a line, not ten thousand."""
    rules = [SimpleNamespace(name=f"A{number}", route=("alerts", f"A{number}")) for number in range(1_203)]
    found = detection._many_unproven(rules)
    assert found.message == "no test shows how soon A0, A1, A2 and 1,200 more are detected"
    assert found.route == ("alerts", "A0")


LATER = {
    "payments_lost offset 10m": "0x8 3x60",
    "(payments_lost > 1 and payments_lost offset 10m)": "0x8 3x60",
    "(time() - last_payment_seconds) / 300": "0+15x8 120x60",
    "(time() - timestamp(payments_lost)) / 300": "3x8 _x60",
}


@pytest.mark.parametrize(("severity", "level"), [("P1", "error"), ("P2", "warning")])
@pytest.mark.parametrize("expr", LATER)
def test_whatever_makes_it_true_later_is_held_to_the_sum(expr, severity, level):
    """The change is at 2m15s, and each is true 10m later, or is said to be."""
    said = verified(severity=severity, expr=expr, given=LATER[expr], says="fires_at: 12m45s")
    assert said.startswith(f"{level}[TST601]: PaymentsLost is detected 10m after the fault began")


@pytest.mark.parametrize(("fires", "found"), [("2m45s", False), ("3m", True)])
def test_what_asks_for_the_time_may_be_true_at_once(fires, found):
    said = verified(expr="time() * (payments_lost > bool 1)", given="0x8 3x12", says=f"fires_at: {fires}")
    assert said.startswith("warning[TST601]: ") if found else said == ""


def test_what_asks_for_the_time_need_not_be_shown():
    """A certificate that expires in a month has no test whose series change."""
    assert verified(expr="payments_lost - time()", given="3x40", says="silent_until: 5m") == ""
    assert "it reads earlier samples" not in verified(expr="payments_lost offset -5m", says="silent_until: 5m")


def test_an_offset_must_be_shown():
    said = verified(expr="payments_lost offset 5m", given="3x40", says="silent_until: 5m")
    assert said.startswith(
        "warning[TST602]: no test shows how soon PaymentsLost is detected: its expression reads earlier"
    )


@pytest.mark.parametrize("given", ["0x8 1000+1x12", "0x8 9 10x12"])
def test_what_jumps_and_then_climbs_has_jumped(given):
    assert "TST603" in verified(severity="P1", seen="30s", given=given, says="fires_at: 2m45s")


def test_a_jump_does_not_show_how_soon_a_small_fault_is_seen():
    assert verified(severity="P1", seen="30s") == (
        "warning[TST603]: the tests of PaymentsLost show a jump alone: a smaller fault is seen only after up to 1m, "
        "and `seen_within` is 30s\n"
        "   --> policy.yaml:134:18\n"
        "    |\n"
        "134 |     seen_within: 30s\n"
        "    |                  ^^^\n"
        "    = the expression averages over that time: what is just beyond its limit must fill all of it\n"
        "    = help: write `seen_within: 1m`, shorten the range, or add a test with `fires_at` whose series climb "
        "(`0x4 1+1x20`)\n"
    )


@pytest.mark.parametrize(
    "case",
    [
        {"severity": "P1", "seen": "1m"},
        {"severity": "P2", "seen": "30s"},
        {"severity": "P1", "seen": "1m", "given": "0x8 1+1x12"},
        {"severity": "P1", "seen": "30s", "given": "0x8 1+2x12"},
        {"severity": "P1", "seen": "30s", "given": "0x8 1 2 3x12"},
        {"severity": "P1", "expr": "max_over_time(payments_lost[1m])", "says": "fires_at: 2m45s"},
    ],
)
def test_a_jump_is_enough_where_nothing_is_slower(case):
    assert "TST603" not in verified(**case)


SERVICES = "each: {alerting: {read: payments_lost}, shop: {read: 'avg_over_time(payments_lost[10m])'}}"


def test_each_service_is_judged_by_its_own_expression():
    """`alerting` comes first, and asks for the latest samples alone."""
    each = ("    service: shop\n", f"    {SERVICES}\n")
    alert = edited(ALERT % ("P2", "", "0x8", "silent_until: 1m"), each).replace(
        "avg_over_time(payments_lost[1m])", "$read"
    )
    said = verified_all(policy=edited(POLICY, ("alerts:\n", alert)))
    assert said.startswith(
        "warning[TST602]: no test shows how soon PaymentsLost is detected: its expression looks back"
    )
    assert said.count("TST602") == 1


def test_a_guard_does_not_make_an_average_faster():
    expr = "sum(orders) > 0 and on () avg_over_time(payments_lost[10m])"
    assert "only after up to 10m" in verified(severity="P1", seen="30s", expr=expr)
