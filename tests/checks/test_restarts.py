"""A page that its alert closes: the warning names what can close it while the condition goes on."""

from generator import pipeline
from generator.diagnostics import formats
from generator.policy import source
from generator.targets.render import Templates
from tests.compiling import SMALL, edited


def said(policy: str) -> str:
    read = source.read(policy.encode(), "policy.yaml")
    found = pipeline.compile(read, Templates(None), "policy.yaml").diagnostics
    wanted = [one for one in formats.place(found, read) if one.code == "SLA210"]
    return formats.to_text(wanted, {"policy.yaml": policy.encode()})


P1 = "    detect_in: 3m\n    resolve: 4h\n    notify: [page, room]\n    closes: by-hand\n"


def test_a_p1_that_closes_with_its_alert_is_warned_of(golden):
    golden.expect(
        "faults/urgent-page-closes-itself.txt", said(edited(SMALL, (P1, P1.replace("by-hand", "with-alert"))))
    )


def test_people_close_what_is_urgent_where_nothing_is_said():
    assert said(SMALL) == ""
    assert said(edited(SMALL, (P1, P1.replace("    closes: by-hand\n", "")))) == ""
