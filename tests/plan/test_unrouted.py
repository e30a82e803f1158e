"""What no route knows is told to channels where `watch.unrouted` names some."""

import pytest

from generator.checks import verify
from generator.checks.files import catch_all, idle_routes, other_routes, routing, times
from tests.compiling import SMALL, compiled, edited, files, refusal
from tests.projects import alertc
from tests.verifying import verified

CONFIGURATION = "alertmanager/alertmanager.yml"
LAST = """\
    # Everything else: another environment, or unknown to the policy. A message too many is better than none.
    - receiver: {}
      group_by:
        - '...'
      group_wait: 30s
      group_interval: 5m
      repeat_interval: {}
"""


def policy(told):
    audit = '  log: {slack: "#log", audience: internal, repeat: 1h}\n  room: {slack'
    return edited(SMALL, ("unrouted: P1", f"unrouted: {{notify: [{told}]}}"), ("  room: {slack", audit))


def routes(text):
    return files(text)[CONFIGURATION].partition("\nreceivers:\n")[0] + "\n"


def test_the_last_route_tells_the_channel():
    text = files(policy("room"))[CONFIGURATION]
    assert routes(policy("room")).endswith(LAST.format("room", "3h54m59s") + "\n")
    assert "unrouted" not in text  # no receiver pages of it


def test_each_of_several_channels_is_told_and_repeats_as_it_says():
    last = LAST.format("room", "3h54m59s") + "      continue: true\n" + LAST.format("log", "54m59s") + "\n"
    assert routes(policy("room, log")).endswith(last)


@pytest.mark.parametrize("told", ["room", "room, log"])
def test_what_is_rendered_is_proven(told, monkeypatch):
    monkeypatch.setattr(verify, "ASKERS", ())
    assert compiled(policy(told)).diagnostics == ()
    assert verified(policy=policy(told)) == ""


def test_a_route_that_lets_one_channel_out_is_found(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (catch_all.check,))
    monkeypatch.setattr(verify, "ASKERS", ())
    first = LAST.format("room", "3h54m59s") + "      continue: true\n"
    found = verified((CONFIGURATION, first, ""), policy=policy("room, log"))
    assert found.startswith("error[RTE605]: the last routes do not send everything that is left to room and log\n")
    assert "an alert that no other route takes would not reach those whom the policy names" in found
    ended = verified((CONFIGURATION, first, first.replace("      continue: true\n", "")), policy=policy("room, log"))
    assert ended.startswith("error[RTE605]: the last routes do not send everything that is left to room and log\n")


def test_a_route_before_that_keeps_such_alerts_is_found(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (catch_all.check, routing.check, other_routes.check, idle_routes.check))
    monkeypatch.setattr(verify, "ASKERS", ())
    end = LAST.format("room", "3h54m59s")
    taken = "    - receiver: log\n      matchers:\n        - 'severity=\"P0\"'\n"
    found = verified((CONFIGURATION, end, taken + end), policy=policy("room").replace("every: 1m}", "every: 1m}", 1))
    assert "error[RTE605]: a P0 of another environment would reach log only\n" in found
    assert "the policy says: room" in found


def test_a_later_message_than_the_policy_says_is_found(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (times.check,))
    monkeypatch.setattr(verify, "ASKERS", ())
    end = LAST.format("room", "3h54m59s")
    found = verified((CONFIGURATION, end, end.replace("5m\n", "10m\n")), policy=policy("room"))
    assert "error[TIM603]: room hears of a P0 of another environment and 5 other alerts up to 10m" in found


def test_explain_shows_it(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "shop.yaml").write_text(policy("room"), encoding="utf-8")
    answer = alertc(tmp_path, "explain", "--labels", "alertname=Stray", "--policy", "policy/shop.yaml")
    assert "5m15s  room  Slack #shop, again within 3h55m" in answer.stdout


def test_a_channel_that_is_not_there_is_refused():
    assert "there is no channel `rom`" in refusal(policy("rom"))


def test_diff_says_who_hears_of_unknown_alerts_instead(tmp_path):
    (tmp_path / "old.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "new.yaml").write_text(policy("room"), encoding="utf-8")
    answer = alertc(tmp_path, "diff", "old.yaml", "--policy", "new.yaml")
    assert "no labels at all" in answer.stdout, answer.stdout + answer.stderr
