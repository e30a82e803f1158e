"""The alerts that a real Prometheus sends have labels that can be, and take a way through Alertmanager that can be."""

from __future__ import annotations

import random
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from generator.behaviour.behaviour import Rule
from generator.behaviour.label_sets import LabelSets
from generator.upstream.alertmanager.match import Router
from generator.upstream.alertmanager.values import Undecided
from generator.upstream.alertmanager.ways import Ways
from tests import seeds
from tests.alertmanager import SUITES, prometheus, running
from tests.chance import behaviour_of
from tests.checks.test_expressions_against_prometheus import expressions
from tests.live import exporter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

pytestmark = pytest.mark.network

RULES = 200
LABELS = ("alertname", "code", "instance", "job", "le", "region", "tier", "zone")
EXTERNAL = {"region": "eu", "zone": "far"}
METRICS = """
a{{code="200"}} {up}
a{{code="500",zone="z",tier="gold"}} 3
b{{code="200"}} 1
b{{code="500",zone="z"}} -3
c_bucket{{code="200",le="1"}} {up}
c_bucket{{code="200",le="+Inf"}} {up}
"""
OWN = (
    {},
    {"tier": "gold"},
    {"zone": ""},
    {"region": ""},
    {"tier": "{{ $labels.zone }}"},
    {"region": "{{ $labels.job }}"},
    {"tier": "t-{{ $labels.code }}", "code": ""},
)
VALUES = ("", "eu", "far", "gold", "t-200", "x", "y", "z", "200", "500")


def rules(dice: random.Random) -> list[Rule]:
    made = [*expressions(dice.randrange(10_000), RULES), "rate(a[1m])"]
    return [
        Rule(
            path="rules.yml",
            group="g",
            interval=None,
            name=f"A{number}",
            records=False,
            expr=expression,
            hold=timedelta(),
            keep_firing=timedelta(),
            labels=dice.choice(OWN),
            annotations={},
            where=(),
        )
        for number, expression in enumerate(made)
    ]


def tree(dice: random.Random) -> dict[str, Any]:
    receivers = [f"r{number}" for number in range(40)]

    def matcher() -> str:
        label = dice.choice(LABELS[1:])
        if dice.random() < 0.7:
            return f'{label}{dice.choice(("=", "!="))}"{dice.choice(VALUES)}"'
        return (
            f'{label}{dice.choice(("=~", "!~"))}"{dice.choice(VALUES)}|{dice.choice(("z.*", "[0-9]+", ".+", "t-.*"))}"'
        )

    def route(depth: int) -> dict[str, Any]:
        node: dict[str, Any] = {
            "receiver": receivers.pop(),
            "matchers": [matcher() for _ in range(dice.randint(1, 2))],
            "continue": dice.random() < 0.5,
        }
        if depth and len(receivers) > 8:
            node["routes"] = [route(depth - 1) for _ in range(2)]
        return node

    routes = [route(2) for _ in range(4)]
    names = ["r", *(f"r{number}" for number in range(40))]
    return {"route": {"receiver": "r", "routes": routes}, "receivers": [{"name": name} for name in names]}


def target() -> AbstractContextManager[str]:
    began = time.monotonic()
    return exporter(lambda: METRICS.format(up=round((time.monotonic() - began) * 10)))


def config(alertmanager: str, address: str, folder: Path) -> dict[str, Any]:
    return {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s", "external_labels": EXTERNAL},
        "rule_files": [str(folder / "rules.yml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [address], "labels": {"scraped": job}}]}
            for job in ("x", "y")
        ],
    }


UNDECIDED = "more ways than can be followed"


def claims(
    alert: Rule, label_sets: LabelSets, router: Router, said: Mapping[str, str], receivers: tuple[str, ...]
) -> Iterator[str]:
    """Yield what is claimed of a rule and does not hold for an alert that Alertmanager has."""
    for label in LABELS:
        if not label_sets.can_be(alert, {label: said.get(label, "")}):
            yield f"{alert.expr} {dict(alert.labels)}: {label} is {said.get(label)!r}"
    known = {label: label_sets.value(alert, label) for label in router.reads}
    fixed = {label: value for label, value in known.items() if isinstance(value, str)}
    limits = {label: value for label, value in known.items() if not isinstance(value, str)}
    try:
        ways = Ways(router).of(fixed, limits, "example")
    except Undecided:
        yield UNDECIDED  # RTE614: nothing is claimed
        return
    if receivers not in [tuple(node.receiver for node in way.nodes) for way in ways]:
        yield f"{alert.expr} {dict(alert.labels)}: {said} goes to {receivers}"


@pytest.mark.drawn
@pytest.mark.parametrize("suite", seeds.parameters(SUITES, 3))
def test_alerts_of_chance_are_as_they_can_be(suite, tmp_path):
    dice = random.Random(seeds.seed())
    alerts, routes = {rule.name: rule for rule in rules(dice)}, tree(dice)
    written = [{"alert": one.name, "expr": one.expr, "labels": dict(one.labels)} for one in alerts.values()]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "g", "rules": written}]}))
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(routes))
    router, label_sets = (
        Router(behaviour_of(routes).root),
        LabelSets(alerts.values(), {k: (v,) for k, v in EXTERNAL.items()}),
    )
    with target() as address, running(suite, tmp_path / "alertmanager.yml", tmp_path) as server:
        place = server.url.removeprefix("http://")
        with prometheus(suite, tmp_path, config(place, address, tmp_path)):
            # A rate needs two samples; what fires meanwhile has been sent.
            server.wait_until("the rate that is no chance fires", lambda: f"A{RULES}" in firing(server))
            time.sleep(3)
            seen = server.alerts()
    refuted = [
        claim
        for one in seen
        for claim in claims(
            alerts[one["labels"]["alertname"]],
            label_sets,
            router,
            one["labels"],
            tuple(each["name"] for each in one["receivers"]),
        )
    ]
    undecided = refuted.count(UNDECIDED)
    refuted = [claim for claim in refuted if claim != UNDECIDED]
    assert not refuted, "\n".join(refuted)
    assert undecided < len(seen) / 2
    assert len({one["labels"]["alertname"] for one in seen}) > RULES / 4


def firing(server: Any) -> set[str]:
    return {one["labels"]["alertname"] for one in server.alerts()}
