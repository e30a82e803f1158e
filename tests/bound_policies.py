"""Policies made by chance for `tests/bound.py`: all of them are ones that alertc accepts."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import yaml

from generator.diagnostics.diagnostic import PolicyErrors
from tests.compiling import SMALL, compiled
from tests.verifying import verified

if TYPE_CHECKING:
    import random

    from generator.pipeline import Compiled

PHASES = 16
"""Alerts of one policy, each with a phase of its own."""
RARE = "rare-scrapes"
"""Not a fault, but scrapes nearly as far apart as the look-back."""
EXPRESSIONS = 12
_SURVIVED = ("prometheus-restart", "alertmanager-restart", "first-attempt-hung")


def drawn(chance: random.Random, fault: str = "") -> Compiled:
    """Return a policy of one alert for many services, a P0 or a P1, in which the `fault` can be played."""
    while True:
        # Not all times fit together.
        with contextlib.suppress(PolicyErrors):
            return compiled(_written(_policy(chance, fault)))


def _policy(chance: random.Random, fault: str) -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load(SMALL)
    services = _services(tree, PHASES)
    prometheus, alertmanager = tree["stack"]["prometheus"], tree["stack"]["alertmanager"]
    prometheus |= {
        "scrape": f"{chance.choice([10, 15, 20, 30])}s",
        "scrape_timeout": f"{chance.choice([5, 10])}s",
        "evaluate": f"{chance.choice([10, 15, 20, 30])}s",
        "alertmanager_timeout": f"{chance.choice([5, 10])}s",
    }
    alertmanager["peer_timeout"] = f"{chance.choice([5, 10, 15])}s"
    tree["stack"]["delivery"] = f"{chance.choice([5, 10, 15])}s"
    tree["severities"]["P0"] |= {"acknowledge": f"{chance.choice([8, 10, 12])}m", "detect_in": "90s"}
    tree["severities"]["P1"] |= {"acknowledge": f"{chance.choice([15, 20, 30])}m"}
    if fault:
        _make_room(tree, chance, fault)
    if fault == "hung-peer":
        prometheus["alerts_at_once"] = chance.randrange(PHASES, 6 * 64)
    if fault == RARE:
        prometheus["scrape"] = f"{chance.choice([120, 180, 240, 270])}s"
    # A record is read at its own pace: left out, like all that is not asked.
    del tree["records"]
    given, clock = 'till_difference{job="$service",till="north"}', 60
    tree["alerts"] = {
        "ServiceDown": tree["alerts"]["ServiceDown"],
        "MoneyLost": {
            "each": services,
            "severity": chance.choice(["P0", "P1"]),
            "expr": 'max by (till) (abs(till_difference{job="$service"})) > 0',
            "for": f"{chance.choice([0, 15, 30, 60])}s",
            "seen_within": "0s",
            "containment": "stop-sales",
            "page_each": ["till"],
            "summary": "Till {{ $labels.till }} of $service is off",
            "tests": [
                {"given": {given: "0x4 7x20"}, "fires_at": f"{2 * clock + 180}s", "labels": {"till": "north"}},
                {"given": {given: "0x20"}, "silent_until": "5m"},
            ],
        },
    }
    return tree


def _services(tree: dict[str, Any], count: int) -> list[str]:
    services = [f"s{number:02}" for number in range(count)]
    tree["services"] |= {name: {**tree["services"]["shop"], "depends_on": []} for name in services}
    return services


def _make_room(tree: dict[str, Any], chance: random.Random, fault: str) -> None:
    """Draw how many peers there are and what is survived; the SLAs leave room for it."""
    peers = 2 if fault == "lost-peer" else chance.choice([1, 2])
    tree["stack"]["alertmanager"]["peers"] = peers
    survived = chance.sample(_SURVIVED, chance.randrange(len(_SURVIVED) + 1))
    tree["stack"]["survive"] = [*survived, *(["alertmanager-peer-lost"] if peers > 1 else [])]
    tree["stack"]["prometheus"]["evaluate"] = f"{chance.choice([10, 15, 30, 60])}s"
    for severity in ("P0", "P1"):
        tree["severities"][severity] |= {"acknowledge": f"{chance.choice([30, 60])}m", "detect_in": "10m"}


# ------------------------------------------------------------------------------------------- expressions as they are


def expressions(chance: random.Random) -> Compiled:
    """Return a policy of alerts that look back in ways of their own, each with a test that alertc accepts."""
    tree: dict[str, Any] = yaml.safe_load(SMALL)
    services = _services(tree, EXPRESSIONS)
    pace = chance.choice([5, 7, 10])
    tree["stack"]["prometheus"] |= {"scrape": f"{pace}s", "scrape_timeout": "5s", "evaluate": f"{pace}s"}
    tree["severities"]["P0"] |= {"acknowledge": "30m", "detect_in": "5m"}
    tree |= {"records": {}, "alerts": {}}
    for number, service in enumerate(services):
        while True:
            alert, records = _alert(chance, service, pace)
            alone = tree | {"alerts": {f"Tried{number}": alert}, "records": records}
            with contextlib.suppress(PolicyErrors):
                if "error" not in verified(policy=_written(alone), tests=service):
                    break
        tree["alerts"][f"Tried{number}"] = alert
        tree["records"] |= records
    return compiled(_written(tree))


def _written(tree: dict[str, Any]) -> str:
    return yaml.safe_dump(tree, sort_keys=False, width=1_000)


def _alert(chance: random.Random, service: str, pace: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an alert on a series that is 0 and then climbs by one each sample, and the records that it reads."""
    samples = chance.randrange(3, 9)
    needed = chance.randrange(1, samples + 1)
    back, series = samples * pace, f"x_{service}"
    expr, seen = chance.choice(
        [
            (f"max by (job) (max_over_time({series}[{back}s])) > 0", 0),
            (f"max by (job) ({series} offset {back}s) > 0", back),
            (f"max by (job) (sum_over_time(({series} > bool 0)[{back}s:{pace}s])) >= {needed}", (needed - 1) * pace),
            (f"max by (job) (count_over_time(({series} > 0)[{back}s:{pace}s])) >= {needed}", (needed - 1) * pace),
            (f"sum by (job) (rate({series}[{back}s])) > 0", 0),
            (f"{series}:recorded > 0", 0),
        ]
    )
    records = {f"{series}:recorded": {"every": f"{pace}s", "expr": f"sum by (job) ({series})"}}
    hold = chance.choice([0, 1, 2]) * pace
    begins = 4
    fires = begins * pace + seen + hold
    given = f'{series}{{job="{service}",instance="a"}}'
    alert = {
        "service": service,
        "severity": "P0",
        "expr": expr,
        "for": f"{hold}s",
        "seen_within": f"{seen}s",
        "containment": "stop-sales",
        "summary": f"Tried {service}",
        "tests": [
            {
                "given": {given: f"0x{begins - 1} 1+1x60"},
                "fires_at": f"{fires}s",
                "labels": {"job": service},
            },
            {"given": {given: "0x60"}, "silent_until": f"{50 * pace}s"},
        ],
    }
    return alert, records if "recorded" in expr else {}
