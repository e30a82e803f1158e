"""The procedure may look as a template likes; the times, people, places and actions that it names are the policy's."""

import pytest

from generator.checks import verify
from generator.checks.files import procedure
from tests.compiling import EXCHANGE, ROOT, SMALL, edited
from tests.targets.test_terraform import RICH
from tests.verifying import POLICY, text_of, verified

PAGE = "docs/incident-response.md"
TEXT = text_of(PAGE)
ALERTS = TEXT[TEXT.index("## Alerts") :]


@pytest.fixture(autouse=True)
def _only_this_verifier(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (procedure.check,))
    monkeypatch.setattr(verify, "ASKERS", ())


@pytest.mark.parametrize("policy", [POLICY, SMALL, EXCHANGE, RICH])
def test_the_packaged_procedure_says_what_the_policy_does(policy):
    assert verified(policy=policy) == ""


def test_texts_that_markdown_would_read_otherwise_are_known_again():
    awkward = "'Say `_stop_` <b>now</b> | then & *, &amp; [x](y) # 1. \\ '"
    policy = edited(POLICY, ("Confirm that sales have stopped.", awkward))
    assert verified(policy=policy) == ""


FAULTS = {
    "another-time-to-acknowledge": [(PAGE, "| 5m | 1h |", "| 15m | 1h |")],
    "a-step-at-another-time": [(PAGE, ": Cy Okafor", "9h: Cy Okafor")],
    "another-step": [(PAGE, ": primary", ": secondary")],
    "alerts-left-out": [(PAGE, ALERTS, "")],
    "another-containment": [
        (PAGE, "| CertificateExpiring | shop | 15m |  |", "| CertificateExpiring | shop | 15m | stop-sales |")
    ],
    "an-action-lost": [(PAGE, "1. Confirm that sales have stopped.\n", "")],
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_the_policy_does_not_say_is_found(name, golden):
    golden.expect(f"verify/procedure-{name}.txt", verified(*FAULTS[name]))


def test_a_policy_without_references_lists_its_runbooks():
    starter = (ROOT / "generator/commands/starter/policy.yaml").read_text(encoding="utf-8")
    assert "- recovery: [Recovery](https://docs.example.com/recovery)" in text_of(PAGE, starter)
    assert verified(policy=starter) == ""


def test_a_room_that_is_told_beside_the_others_is_on_the_page(golden):
    policy = edited(POLICY, ("members: [ana, bo]}", "members: [ana, bo], notify: {P2: [notices]}}"))
    assert verified(policy=policy) == ""
    said = verified((PAGE, "where they are P2: #notices.", "where they are P2: #shop."), policy=policy)
    golden.expect("verify/procedure-another-room-beside.txt", said)


def test_another_layout_says_the_same():
    rows = [line for line in ALERTS.splitlines() if line.startswith("| P")]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    listed = "\n".join(f"- {name} ({severity}): {hold}, {'; '.join(rest)}" for severity, name, hold, *rest in cells)
    assert verified((PAGE, ALERTS, f"## Alarme\n\n{listed}\n")) == ""
