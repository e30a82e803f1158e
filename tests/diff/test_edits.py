"""`alertc diff`: twenty edits that people make, and the whole text that a reviewer reads of each."""

from datetime import date

import pytest

from generator.commands.diff import Options, diff
from generator.commands.project import Project
from tests.compiling import EXCHANGE, ROOT, SMALL, edited

P0 = "    expr: max by (ledger) (abs(ledger_balance_delta)) > 0\n"
TODAY = date(2026, 6, 1)
LAG = "max by (consumergroup) (kafka_consumergroup_lag) > 50000"
STEP = "  trading:\n    - {page: schedule/trading-primary, by: first}\n    - {page: schedule/trading-secondary, by: "
PRIMARY = """\
  platform-primary:
    timezone: Europe/Zurich
    layers:
      all: {from: 2025-12-30, hand_over: "Tue """
ALERT = EXCHANGE[EXCHANGE.index("  ConsumerLagHigh:\n") : EXCHANGE.index("  LoginFailuresHigh:\n")]
DUTY = EXCHANGE[
    EXCHANGE.index("  status-update:\n") : EXCHANGE.index("  post-mortem:\n    title: Post-mortem\n    after")
]
ORDER = EXCHANGE[EXCHANGE.index("  EventBusUnderReplicated:\n") : EXCHANGE.index("  ConsumerLagHigh:\n")]

QUEUE = "  OrderQueueStalled:\n    service: matching-engine\n    severity: P1\n"
NIGHT = (
    '      night: {from: 2026-01-05, hand_over: "Mon 20:00", turn: 7d, rotation: [dina, emil], daily: "20:00-08:00"}\n'
)
CLOSES = (
    "    resolve: 1h\n    notify: [page, incident-room]\n    closes: by-hand\n",
    "    resolve: 1h\n    notify: [page, incident-room]\n    closes: with-alert\n",
)

NAMES = ("\nseverities:\n", "\nlabels: {service: app, severity: level, containment: halting}\n\nseverities:\n")


def everywhere(before, after):
    return [(EXCHANGE, EXCHANGE.replace(before, after))]


def with_hours(policy):
    """P3 pages in business hours alone, and has time enough for it."""
    return edited(
        policy,
        ("    acknowledge: 24h\n", "    acknowledge: 120h\n    hours: business\n"),
    )


HOURS = with_hours(EXCHANGE)
OFFICES = (ROOT / "tests/policies/offices.yaml").read_text(encoding="utf-8")
HOLIDAY = (
    OFFICES,
    edited(OFFICES, ("2027-03-29: Easter Monday}", "2027-03-29: Easter Monday, 2028-05-01: Labor Day}")),
)
IN_HOURS = (
    edited(
        OFFICES,
        ("acknowledge: 4h of business hours", "acknowledge: 6d"),
        ("    detect_in: 15m\n", "    detect_in: 15m\n    hours: business\n"),
    ),
    edited(
        OFFICES,
        ("acknowledge: 4h of business hours", "acknowledge: 6d of business hours"),
        ("    detect_in: 15m\n", "    detect_in: 15m\n    hours: business\n"),
    ),
)
BUSINESS = (HOURS, HOURS.replace('"09:00-18:00"', '"10:00-16:00"'))

POLICY = {
    "nothing": [],
    "comment-only": [("version: 1\n", "# What the version is: of the language.\nversion: 1\n")],
    "alerts-in-another-order": [(ORDER + ALERT, ALERT + ORDER)],
    "keys-in-another-order": [
        ("    service: event-bus\n    severity: P2\n", "    severity: P2\n    service: event-bus\n")
    ],
    "person-leaves-a-schedule": [("rotation: [june, kai]", "rotation: [june]")],
    "person-joins-a-schedule": [("rotation: [june, kai]", "rotation: [june, kai, lena]")],
    "schedule-begins-later": [
        (
            '2026-01-05, hand_over: "Mon 09:00", turn: 7d, rotation: [fay, gus]}',
            '2026-07-01, hand_over: "Mon 09:00", turn: 7d, rotation: [fay, gus]}',
        )
    ],
    "step-later": [(f"{STEP}60%}}", f"{STEP}75%}}")],
    "step-gone": [(f"{STEP}60%}}\n", "  trading:\n    - {page: schedule/trading-primary, by: first}\n")],
    "hold-of-a-p0": [(f"{P0}    for: 0s\n", f"{P0}    for: 5m\n")],
    "threshold-relaxed": [(LAG, LAG.replace("50000", "90000"))],
    "threshold-tightened": [(LAG, LAG.replace("50000", "20000"))],
    "another-expression": [(LAG, LAG.replace("max", "sum"))],
    "service-changes-team": [
        (
            "  market-data:\n    team: trading\n    escalation: trading\n",
            "  market-data:\n    team: platform\n    escalation: platform\n",
        )
    ],
    "severity-lowered": [(QUEUE, QUEUE.replace("severity: P1", "severity: P2"))],
    "channel-renamed": everywhere("operations-room", "exchange-room"),
    "channel-moved": [('slack: "#exchange-operations"', 'slack: "#exchange-noise"')],
    "schedule-renamed": everywhere("trading-secondary", "trading-backup"),
    "alert-renamed": [("  ConsumerLagHigh:\n", "  ConsumerFallsBehind:\n")],
    "duty-removed": [(DUTY, "")],
    "label-names-chosen": [NAMES],
    "label-names-chosen-and-a-threshold": [NAMES, (LAG, LAG.replace("50000", "90000"))],
    "depends-on-added": [
        ("    public: Signing in may fail.\n", "    depends_on: [event-bus]\n    public: Signing in may fail.\n")
    ],
    "e-mail-changed": [("ana.keller@exchange.example", "ana.meier@exchange.example")],
    "hand-over-moved": [
        (
            f"{PRIMARY}09:00",
            f"{PRIMARY}17:00",
        )
    ],
    "night-shift-gone": [(NIGHT, "")],
    "alert-removed": [(ALERT, "")],
    "alert-added": [(ALERT, ALERT + ALERT.replace("ConsumerLagHigh", "ConsumerLagHuge").replace("50000", "500000"))],
    "page-each-added": [
        (f"    expr: {LAG}\n    for: 5m\n    page_each: [consumergroup]\n", f"    expr: {LAG}\n    for: 5m\n")
    ],
    "containment-dropped": [
        (
            f"{P0}    for: 0s\n    seen_within: 15s\n    containment: halt-trading\n",
            f"{P0}    for: 0s\n    seen_within: 15s\n",
        )
    ],
    "halt-repeated-more-rarely": [("    repeat: 5m\n", "    repeat: 30m\n")],
    "acknowledge-tightened": [("    acknowledge: 15m\n", "    acknowledge: 10m\n")],
    "business-hours-shortened": BUSINESS,
    "a-holiday-of-another-year": HOLIDAY,
    "promised-in-business-hours": IN_HOURS,
    "environment-changed": [("environment: production ", "environment: staging ")],
    "summary-reworded": [
        (
            "Consumer group {{ $labels.consumergroup }} is {{ $value }} messages behind",
            "Group {{ $labels.consumergroup }} lags",
        )
    ],
    "resolve-later": [("    resolve: 4h\n", "    resolve: 8h\n")],
    "closes-with-the-alert": [CLOSES],
    "named-by-another-title": everywhere("Ana Keller", "Anna Keller"),
    "scrapes-are-slower": [("    scrape: 15s\n", "    scrape: 30s\n")],
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy").mkdir()
    (tmp_path / "before.yaml").write_text(EXCHANGE, encoding="utf-8")
    return tmp_path


def read(project, form="text", old="before.yaml", new=None):
    policy = next((project / "policy").iterdir()).relative_to(project)
    outcome = diff(
        Project(policy=policy, out=project / "out", templates=project / "templates"),
        Options(old=old, new=new, form=form, fail_on_weaker=False, today=TODAY),
    )
    assert outcome.clean
    return "".join(f"{line}\n" for line in outcome.lines)


def versions(edits):
    """Return the policy before and after."""
    return edits if isinstance(edits, tuple) else (EXCHANGE, edited(EXCHANGE, *edits))


@pytest.mark.parametrize("name", POLICY)
def test_a_reviewer_reads(project, golden, name):
    before, after = versions(POLICY[name])
    (project / "before.yaml").write_text(before, encoding="utf-8")
    (project / "policy/exchange.yaml").write_text(after, encoding="utf-8")
    golden.expect(f"diff/{name}.txt", read(project))


def test_a_person_who_is_called_like_two_is_one(project):
    named = edited(SMALL, ("name: Cy Okafor", "name: Ana Keller and Bo Lindqvist"))
    both = edited(named, ("page: person/cy, by", "page: [person/ana, person/bo], by"))
    (project / "before.yaml").write_text(named, encoding="utf-8")
    (project / "policy/shop.yaml").write_text(both, encoding="utf-8")
    assert "Ana Keller and Bo Lindqvist" in read(project)
