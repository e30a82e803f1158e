"""What is sent without an end lives for as long as the policy says, and until somebody was told of it."""

import pytest

from generator.checks import verify
from generator.checks.files import unended
from tests.compiling import SMALL, compiled, edited, files
from tests.verifying import POLICY, verified

CONFIGURATION = "alertmanager/alertmanager.yml"
USUAL, LONGER = "global:\n  resolve_timeout: 5m\n", "global:\n  resolve_timeout: 10m\n"


def policy(length):
    return edited(SMALL, ('"0.25", peers: 2', f'"0.25", resolve_timeout: {length}, peers: 2'))


def test_the_file_says_what_the_policy_does():
    assert USUAL in files(SMALL)[CONFIGURATION]
    assert LONGER in files(policy("10m"))[CONFIGURATION]


@pytest.mark.parametrize(("length", "found"), [("9s", 1), ("10s", 1), ("11s", 0)])
def test_it_must_outlive_the_wait_of_the_route_for_unknown_alerts(length, found):
    codes = [one.code for one in compiled(policy(length)).diagnostics]
    assert codes == ["SLA217"] * found


def test_the_message_says_what_to_write():
    (found,) = compiled(policy("10s")).diagnostics
    assert found.message == (
        "an alert that is sent once, without an end, is over after 10s, but the route for what the policy does not "
        "know waits 10s before it tells anybody"
    )
    assert found.help == "write more than 10s; Alertmanager's own default is 5m"


def test_a_template_that_says_otherwise_is_found(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (unended.check,))
    monkeypatch.setattr(verify, "ASKERS", ())
    assert verified(policy=POLICY) == ""
    assert verified((CONFIGURATION, USUAL, ""), policy=POLICY) == ""
    assert (
        verified((CONFIGURATION, USUAL, LONGER), policy=POLICY)
        == """\
warning[TIM606]: what is sent without an end lasts 10m, the policy says 5m
  --> policy.yaml:10:3
   |
10 |   alertmanager: {version: "0.25", peers: 2, peer_timeout: 15s, secrets: /etc/alertmanager/secrets}
   |   ^^^^^^^^^^^^
  ::: out/alertmanager/alertmanager.yml:3:20
   |
 3 |   resolve_timeout: 10m
   |                    ^^^
   = alerts of Prometheus carry their end: nothing changes for them
   = help: write `resolve_timeout` in `stack.alertmanager`, or compare your template with the packaged one
"""
    )
