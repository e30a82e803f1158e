"""A page that its alert closes: the warning names what can close it while the condition goes on."""

from generator import pipeline
from generator.diagnostics import formats
from generator.policy import source
from generator.targets.render import Templates
from tests.compiling import SMALL, edited


def said(policy: str, code: str = "SLA210") -> str:
    read = source.read(policy.encode(), "policy.yaml")
    found = pipeline.compile(read, Templates(None), "policy.yaml").diagnostics
    wanted = [one for one in formats.place(found, read) if one.code == code]
    return formats.to_text(wanted, {"policy.yaml": policy.encode()})


P1 = "    detect_in: 3m\n    resolve: 4h\n    notify: [page, room]\n    closes: by-hand\n"


def test_a_p1_that_closes_with_its_alert_is_warned_of(golden):
    golden.expect(
        "faults/urgent-page-closes-itself.txt", said(edited(SMALL, (P1, P1.replace("by-hand", "with-alert"))))
    )


def test_people_close_what_is_urgent_where_nothing_is_said():
    assert said(SMALL) == ""
    assert said(edited(SMALL, (P1, P1.replace("    closes: by-hand\n", "")))) == ""


SURVIVES = (
    ("survive: [alertmanager-peer-lost]", "survive: [alertmanager-peer-lost, prometheus-restart]"),
    ("acknowledge: 5m", "acknowledge: 10m"),
    ("acknowledge: 15m", "acknowledge: 30m"),
    ("acknowledge: 4h", "acknowledge: 6h\n    detect_in: 30m"),
)


def slow(hold: str = "5m", *edits: tuple[str, str]) -> str:
    """Return what is said of ErrorsHigh, a P2, with a `for` of this length."""
    return said(edited(SMALL, ("$limit\n    for: 5m", f"$limit\n    for: {hold}"), *SURVIVES, *edits), "SLA215")


def test_a_restart_that_begins_the_chain_of_a_p2_anew_is_warned_of(golden):
    """Seen on Prometheus 2.42 and Alertmanager 0.25: resolved 3m after the restart, and sent once more."""
    golden.expect("faults/restart-begins-chain-anew.txt", slow())


def test_what_is_bridged_restored_or_closed_by_people_does_not_begin_anew():
    assert slow("2m30s") == ""
    assert slow("2m45s") != ""
    assert slow("10m15s") == ""
    assert slow("5m", ("replicas: 1", "replicas: 2")) == ""
    assert slow("5m", ("closes: with-alert\n  P3", "closes: by-hand\n  P3")) == ""
    assert slow("5m", ("    - {page: person/cy, by: 80%, as: incident-commander}\n", "")) == ""
    assert said(SMALL, "SLA215") == ""
