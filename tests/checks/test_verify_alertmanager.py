"""What the real amtool, and amlint, say of Alertmanager's configuration, in terms of the policy."""

import pytest

from generator.checks import verify
from generator.checks.files import amlint, amtool
from tests.compiling import EXCHANGE, edited
from tests.verifying import POLICY, verified

A = "alertmanager/alertmanager.yml"


@pytest.fixture
def _amtool_alone(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", ())
    monkeypatch.setattr(verify, "ASKERS", (amtool.ask,))


@pytest.fixture
def _amlint_alone(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (amlint.check,))
    monkeypatch.setattr(verify, "ASKERS", ())


@pytest.mark.parametrize("every", ["30s", "1m", "2m", "5m", "7m"])
def test_a_reminder_may_be_frequent(every):
    """Nobody objects: its repeat_interval is no shorter than a tick, and it comes as often as the policy says."""
    assert verified(policy=edited(POLICY, ("every: 30m", f"every: {every}")), tests="none") == ""


AMTOOL = {
    "no-such-receiver": [(A, "- receiver: halt\n", "- receiver: hold\n")],
    "receiver-twice": [(A, "- name: heartbeat\n", "- name: halt\n")],
    "no-such-interval": [
        (A, "      continue: true\n", "      continue: true\n      active_time_intervals: [nights]\n")
    ],
    "words-that-nobody-knows": [(A, "group_interval: 30s", "group_interval: 0s")],
    "broken-message": [("alertmanager/templates/room.tmpl", "{{ end }}", "{{ if }}")],
}


@pytest.mark.usefixtures("_amtool_alone")
@pytest.mark.parametrize("policy", [POLICY, EXCHANGE])
def test_amtool_is_content(policy):
    assert verified(policy=policy) == ""


@pytest.mark.usefixtures("_amtool_alone")
@pytest.mark.parametrize("name", AMTOOL)
def test_what_amtool_says_is_shown_in_policy_and_file(name, golden):
    golden.expect(f"verify/amtool-{name}.txt", verified(*AMTOOL[name]))


@pytest.mark.usefixtures("_amtool_alone")
def test_a_line_that_amtool_cannot_read_is_shown(tmp_path, monkeypatch):
    """What this amtool reads, an older one may not: its words name the line."""
    fake = tmp_path / "amtool"
    fake.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --version ]; then echo "amtool, version 0.25.0 (branch: x)"; exit; fi\n'
        f"echo \"Checking '{A}'  FAILED: yaml: unmarshal errors:\"\n"
        'echo "  line 3: field shop not found in type config.plain"\n'
        "exit 1\n"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("ALERTC_AMTOOL", str(fake))
    said = verified()
    assert said.startswith(
        "error[AMT604]: Alertmanager does not load its configuration: field shop not found in type config.plain\n"
    )
    assert f"::: out/{A}:3\n" in said


@pytest.mark.usefixtures("_amlint_alone")
@pytest.mark.parametrize("policy", [POLICY, EXCHANGE])
def test_amlint_has_no_error_and_no_warning(policy):
    assert verified(policy=policy) == ""


@pytest.mark.usefixtures("_amlint_alone")
def test_what_amlint_says_is_shown_in_the_file(golden):
    edit = (A, "  - name: heartbeat\n", "  - name: nobody\n  - name: heartbeat\n")
    golden.expect("verify/amlint-empty-receiver.txt", verified(edit))


@pytest.mark.usefixtures("_amlint_alone")
def test_above_so_many_routes_amlint_is_not_run_and_says_so(monkeypatch):
    monkeypatch.setattr(amlint, "MOST_ROUTES", 5)
    assert (
        verified()
        == """\
note[AML602]: amlint was not run on the 24 routes of out/alertmanager/alertmanager.yml
   = its time grows with the square of the routes; it is run on at most 5
   = help: `amlint check out/alertmanager/alertmanager.yml` runs it by hand
"""
    )


@pytest.mark.usefixtures("_amlint_alone")
@pytest.mark.parametrize(("most", "run"), [(23, False), (24, True), (25, True)])
def test_amlint_is_run_on_as_many_routes_as_that(monkeypatch, most, run):
    monkeypatch.setattr(amlint, "MOST_ROUTES", most)
    assert ("AML602" not in verified()) == run
