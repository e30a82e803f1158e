"""Whole policies and every byte that comes out; faults and every word that is said about them."""

import os
import subprocess
import sys

import pytest

from tests.compiling import EXCHANGE, ROOT, SMALL, compiled, edited, files, refusal

ACCEPTANCE = "\naccepts:\n  a: {{{}, reason: So., until: 2099-12-31}}\n\nalerts:\n"

FAULTS = {
    "name-of-the-alert-for-no-data": [
        (
            "  ServiceDown:\n",
            "  MoneyLostNoData: {service: shop, severity: P3, expr: up == 0, summary: All}\n\n  ServiceDown:\n",
        )
    ],
    "name-of-the-alert-of-a-deadline": [
        (
            "  ServiceDown:\n",
            "  ResolutionOverdue: {service: shop, severity: P3, expr: up == 0, summary: Up}\n\n  ServiceDown:\n",
        )
    ],
    # schema
    "unknown-key": [("    severity: P0\n    expr: max by (till)", "    severitty: P0\n    expr: max by (till)")],
    "no-summary": [("    summary: The certificate of {{ $labels.instance }} expires soon\n", "")],
    "no-severity": [("    severity: P0\n    expr: max by (till)", "    expr: max by (till)")],
    "severity-that-does-not-exist": [("    severity: P0\n    expr: max by", "    severity: PO\n    expr: max by")],
    "bad-duration": [("    for: 0s\n    seen_within: 15s", "    for: 5x\n    seen_within: 15s")],
    "text-where-a-list-is-needed": [("notify: [room]", "notify: room")],
    "list-where-text-is-needed": [("    title: Stop all sales", "    title: [Stop, all, sales]")],
    "no-value": [('  room: {slack: "#shop", audience: internal}', "  room:\n    slack: #shop\n    audience: internal")],
    "no-value-in-braces": [('  room: {slack: "#shop"', "  room: {slack: #shop")],
    "merge-conflict": [("    acknowledge: 5m\n", "<<<<<<< HEAD\n    acknowledge: 5m\n=======\n>>>>>>> b\n")],
    "version-of-another-language": [("version: 1\n", "version: 2\n")],
    "number-out-of-range": [("peers: 2,", "peers: 12,")],
    "bad-name": [("  web: {title: Web, members: [ana, bo]}", "  Web Team: {title: Web, members: [ana, bo]}")],
    "empty-list": [("steps: [Confirm that sales have stopped.]", "steps: []")],
    "twice-in-a-list": [("members: [ana, bo]", "members: [ana, ana]")],
    "too-many-entries": [
        ("{page: schedule/primary, by", f"{{page: [{', '.join(f'person/p{number}' for number in range(11))}], by")
    ],
    "two-faults-at-once": [("notify: [room]", "notify: room"), ("    title: Low", "    titel: Low")],
    # what the schema cannot say
    "day-that-does-not-exist": [("from: 2026-01-05", "from: 2026-02-30")],
    "business-hours-end-first": [('hours: "09:00-18:00"', 'hours: "18:00-09:00"')],
    "sprint-of-broken-days": [("length: 14d, starts", "length: 36h, starts")],
    "turn-too-short": [("turn: 7d", "turn: 59m")],
    "turn-too-long": [("turn: 7d", "turn: 366d")],
    "time-zone-that-does-not-exist": [("calendar:\n  timezone: Europe/Zurich", "calendar:\n  timezone: Europe/Zürich")],
    "time-zone-misspelt": [("calendar:\n  timezone: Europe/Zurich", "calendar:\n  timezone: Europe/Zuerich")],
    "time-zone-abbreviated": [("calendar:\n  timezone: Europe/Zurich", "calendar:\n  timezone: PST")],
    "time-zone-as-an-offset": [("calendar:\n  timezone: Europe/Zurich", "calendar:\n  timezone: GMT+2")],
    "channel-of-two-kinds": [('  room: {slack: "#shop"', '  room: {email: a@shop.example, slack: "#shop"')],
    "public-webhook": [('token_file: halt-token, audience: internal', "token_file: halt-token, audience: public")],
    "duty-without-clock": [("during: [P0, P1], every: 30m,", "during: [P0, P1],")],
    "acceptance-of-nothing": [("\nalerts:\n", ACCEPTANCE.format("of: [alerts/A]"))],
    "acceptance-of-two-things": [
        ("\nalerts:\n", ACCEPTANCE.format("weaker: [alerts/A], findings: [PQL705], of: [alerts/A]"))
    ],
    "service-and-each": [("    each: all\n", "    each: all\n    service: shop\n")],
    "test-that-says-two-things": [("        labels: {till: n", "        silent_until: 5m\n        labels: {till: n")],
    # references
    "external-label-that-routes": [
        ("retention: 30d}", "retention: 30d, external_labels: {region: eu, duty: core}}")
    ],
    "external-label-without-a-value": [("retention: 30d}", "retention: 30d, external_labels: {region: 7, zone: ''}}")],
    "unknown-service": [("    service: shop\n    severity: P0", "    service: shopp\n    severity: P0")],
    "unknown-person": [("rotation: [ana, bo]", "rotation: [ana, bob]")],
    "unknown-schedule": [("page: schedule/primary", "page: schedule/primry")],
    "unknown-channel": [("via: [status-draft]", "via: [statusdraft]")],
    "unknown-containment": [("stop-sales\n    page_each: [till]", "stop-the-sales\n    page_each: [till]")],
    # texts
    "unknown-parameter": [("summary: Till {{ $labels.till }} is off", "summary: $servce is off")],
    "template-in-public": [("    public: Buying may fail.", "    public: Buying fails at {{ $labels.till }}.")],
    # promises
    "hold-breaks-the-sla": [("    for: 0s\n    seen_within: 15s", "    for: 3m\n    seen_within: 15s")],
    "acknowledge-too-short": [("    acknowledge: 5m", "    acknowledge: 2m")],
    "late-step": [("by: 80%", "by: 40%")],
    "no-sprint": [("  sprint: {length: 14d, starts: 2026-01-05}\n", "")],
    "no-business-hours": [
        ('  business_hours: {days: Mon-Fri, hours: "09:00-18:00"}\n', ""),
        ("    urgency: low\n", "    urgency: low\n    hours: business\n"),
    ],
    "urgent-that-pages-nobody": [("    resolve: 4h\n    notify: [page, room]", "    resolve: 4h\n    notify: [room]")],
    "urgent-of-low-urgency": [("    resolve: 4h\n", "    resolve: 4h\n    urgency: low\n")],
    "minor-alert-that-silences": [("severity: P1\n    means: service-down", "severity: P2\n    means: service-down")],
    "nothing-could-be-missing": [("expr: max by (till) (abs(till_difference)) > 0", "expr: vector(1) > 0")],
    "repeats-too-close-together": [("heartbeat, every: 1m}", "heartbeat, every: 9s}"), ("repeat: 5m}", "repeat: 9s}")],
    "heartbeat-that-nobody-misses": [("heartbeat: {via: heartbeat,", "heartbeat: {via: room,")],
    "urgent-in-business-hours": [("    answer_in: 3m\n", "    answer_in: 3m\n    hours: business\n")],
    "retention-too-short": [(", retention: 30d", "")],
    "evaluated-never": [("evaluate: 15s", "evaluate: 0s")],
    "repeated-all-the-time": [("every: 30m", "every: 0s")],
    "test-without-end": [("silent_until: 17m", "silent_until: 9999d")],
    "samples-without-number": [("0x4 7x10", "0x4 7x1000000000")],
    "samples-of-many-digits": [("0x4 7x10", "0x4 7x" + "9" * 5000)],
    "expression-of-many-operators": [("abs(till_difference)", "abs(till_difference" + " + 0" * 4000 + ")")],
    "parentheses-by-a-parameter": [
        ("    each: all\n", '    each: {shop: {deep: "' + "(" * 300 + '"}}\n'),
        ("expr: absent(up", "expr: $deep absent(up"),
    ],
    "text-that-defines": [("is off by {{ $value }}", 'is off by {{ define "a" }}x{{ end }}')],
    "text-that-asks-at-length": [("is off by {{ $value }}", 'is off by {{ query `count_over_time(x[9d:1s])` }}')],
    "business-hours-count": [("    resolve: 24h\n", "    resolve: 24h\n    hours: business\n")],
    "heartbeat-calls-the-halt": [("heartbeat: {via: heartbeat,", "heartbeat: {via: halt,")],
    "halt-that-resumes": [("resolved: never, repeat: 5m", "repeat: 5m")],
    "reserved-name": [("  status-draft: {slack", "  page-me: {slack"), ("via: [status-draft]", "via: [page-me]")],
    "mail-without-server": [('room: {slack: "#shop"', "room: {email: shop@shop.example")],
    "secret-in-an-address": [('"https://heartbeat.internal/v1"', '"https://me:secret@heartbeat.internal/v1"')],
    "range-as-condition": [("expr: max by (till) (abs(till_difference)) > 0", "expr: till_difference[5m]")],
    "first-on-the-second-step": [("by: 80%", "by: first")],
    "lost-peer-of-one": [("peers: 2,", "peers: 1,")],
    "old-prometheus": [('version: "2.42"', 'version: "2.30"')],
}  # fmt: skip

NEAR_FAULTS = {
    "turn-of-an-hour": [("turn: 7d", "turn: 1h")],
    "turn-of-a-year": [("turn: 7d", "turn: 365d")],
    "sprint-of-a-day": [("length: 14d, starts", "length: 1d, starts")],
    "business-hours-of-a-minute": [('hours: "09:00-18:00"', 'hours: "09:00-09:01"')],
    "repeats-as-close-as-can-be": [("heartbeat, every: 1m}", "heartbeat, every: 10s}")],
}  # fmt: skip
"""Edits beside FAULTS that are none."""

BROKEN_FILES = {
    "empty": "",
    "only-a-comment": "# nothing\n",
    "not-yaml": "version: 1\nname: [shop\nenvironment: x\n",
    "duplicate-key": "version: 1\nname: a\nname: b\n",
    "a-list": "- version\n",
}


def test_the_small_policy_comes_out_byte_for_byte(golden):
    golden.expect_folder("small", files(SMALL))


def test_the_committed_out_folder_is_what_the_policy_says():
    rendered = files_with_name(EXCHANGE, "policy/exchange.yaml")
    committed = {
        path.relative_to(ROOT / "out").as_posix(): path.read_text(encoding="utf-8")
        for path in (ROOT / "out").rglob("*")
        if path.is_file() and path.name != ".manifest"
    }
    assert committed == rendered
    whose, *listed = (ROOT / "out/.manifest").read_text(encoding="utf-8").splitlines()
    assert whose == "# Belongs to the policy distributed-exchange, policy/exchange.yaml"
    assert listed == sorted(rendered)


def files_with_name(text: str, name: str) -> dict[str, str]:
    return {path: content.replace("policy.yaml;", f"{name};") for path, content in files(text).items()}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_explained(golden, name):
    golden.expect(f"faults/{name}.txt", refusal(edited(SMALL, *FAULTS[name])))


@pytest.mark.parametrize("name", NEAR_FAULTS)
def test_what_is_nearly_a_fault_compiles(name):
    assert compiled(edited(SMALL, *NEAR_FAULTS[name])).diagnostics == ()


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_broken_file_is_explained(golden, name):
    golden.expect(f"faults/file-{name}.txt", refusal(BROKEN_FILES[name]))


def test_the_same_bytes_for_every_hash_seed_and_folder(tmp_path):
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from tests.compiling import EXCHANGE, files\n"
        "import hashlib; print(hashlib.sha256(repr(sorted(files(EXCHANGE).items())).encode()).hexdigest())"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", script, str(ROOT)],
            cwd=folder,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed, folder in (("0", ROOT), ("1", tmp_path), ("77", tmp_path.parent))
    }
    assert len(printed) == 1
