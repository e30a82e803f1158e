"""Environments and regions on a real Prometheus for each, and one Alertmanager: whom it tells, and what it groups.

The deadlines' rules run 600 times as fast; what they ask of ALERTS is as it is rendered.
"""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from generator.plan.plan import EMPTY
from tests.alertmanager import SUITES, load_yaml, prometheus, running
from tests.compiling import edited
from tests.environments import BY_PROMETHEUS
from tests.verifying import compiled

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.alertmanager import Alertmanager

pytestmark = [pytest.mark.network, pytest.mark.realtime]

FASTER = 600
PLACES = (("production", "eu"), ("staging", "eu"), ("production", "us"))


def faster(expression: str) -> str:
    """Return the expression of a deadline with its times divided."""
    expression = re.sub(r"\[2h(:1m)?\]", lambda found: "[20s:1s]" if found[1] else "[20s]", expression)
    expression = re.sub(r"> (\d{4})\b", lambda found: f"> {int(found[1]) / FASTER}", expression)
    return expression.replace("* 60", "* 1")


def rules(own_environment: bool) -> dict[str, Any]:
    """Return one alert that fires, and the deadlines of its severity; with `own_environment` they ask for a label."""
    files = {one.path: one.text for one in compiled(BY_PROMETHEUS).artifacts}

    def alerts(name: str) -> list[dict[str, Any]]:
        return [
            rule for group in load_yaml(files[f"prometheus/rules/{name}.yaml"])["groups"] for rule in group["rules"]
        ]

    (lost,) = (rule for rule in alerts("shop") if rule["alert"] == "MoneyLost")
    deadlines = [rule for rule in alerts("_deadlines-P0") if rule["alert"].startswith("Resolution")]
    assert lost["labels"]["environment"] == "", f"rules write environment: {EMPTY}"
    fires = {**lost, "expr": 'label_replace(vector(1), "till", "north", "", "")', "for": "0s"}
    own = 'environment="staging",' if own_environment else ""
    due = [{**rule, "expr": faster(rule["expr"]).replace('severity="P0"', f'{own}severity="P0"')} for rule in deadlines]
    # By their names and times they are what was rendered.
    assert len(due) == 2
    return {
        "groups": [
            {"name": "shop", "interval": "1s", "rules": [fires]},
            {"name": "deadlines", "interval": "1s", "rules": due},
        ]
    }


@contextlib.contextmanager
def alertmanager(suite: str, folder: Path) -> Iterator[Alertmanager]:
    """Run the rendered configuration; nobody is there to be told."""
    for artifact in compiled(
        edited(BY_PROMETHEUS, ("secrets: /etc/alertmanager/secrets", f"secrets: {folder}"))
    ).artifacts:
        path = folder / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text, encoding="utf-8")
    with running(suite, folder / "alertmanager/alertmanager.yml", folder) as server:
        yield server


@contextlib.contextmanager
def place(
    suite: str, folder: Path, server: Alertmanager, environment: str, region: str, *, asks: bool
) -> Iterator[None]:
    """Run the Prometheus of a place."""
    folder.mkdir()
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules(asks)), encoding="utf-8")
    config = {
        "global": {
            "scrape_interval": "1s",
            "evaluation_interval": "1s",
            "external_labels": {"environment": environment, "region": region},
        },
        "rule_files": [str(folder / "rules.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [server.url.removeprefix("http://")]}]}]},
    }
    # What a starting Prometheus sends in its first 5 s is lost, and sent again only after a minute, usually.
    with prometheus(suite, folder, config, "--rules.alert.resend-delay=1s"):
        yield


def told(server: Alertmanager) -> dict[tuple[str, str, str], set[str]]:
    """Return whom Alertmanager tells, by the name, the environment and the region of the alert."""
    return {
        (one["labels"]["alertname"], one["labels"].get("environment", ""), one["labels"].get("region", "")): {
            each["name"] for each in one["receivers"]
        }
        for one in server.alerts()
    }


@pytest.mark.parametrize("suite", SUITES)
def test_each_environment_tells_its_own_and_each_region_has_its_incident(suite: str, tmp_path: Path) -> None:
    expected = {
        (name, environment, region): receivers if environment == "production" else {"staging-room"}
        for environment, region in PLACES
        for name, receivers in {
            "MoneyLost": {"halt", "status-draft", "room", "page-web-P0"},
            "ResolutionDueSoon": {"room"},
            "ResolutionOverdue": {"page-web-P0"},
        }.items()
    }
    with alertmanager(suite, tmp_path) as server, contextlib.ExitStack() as places:
        for environment, region in PLACES:
            folder = tmp_path / f"{environment}-{region}"
            places.enter_context(place(suite, folder, server, environment, region, asks=False))
        server.wait_until("all deadlines are over", lambda: len(told(server)) == len(expected))
        assert told(server) == expected
        pages = [
            sorted(
                (alert["labels"]["alertname"], alert["labels"]["environment"], alert["labels"]["region"])
                for alert in group["alerts"]
            )
            for group in server.groups()
            if group["receiver"]["name"] == "page-web-P0"
        ]
    assert sorted(pages) == [
        [(name, "production", region)] for name in ("MoneyLost", "ResolutionOverdue") for region in ("eu", "us")
    ]


@pytest.mark.parametrize("suite", SUITES)
def test_a_deadline_that_asks_for_an_external_label_never_fires(suite: str, tmp_path: Path) -> None:
    """ALERTS has no external label: with the question that a policy of one environment asks, nothing is ever due."""
    with alertmanager(suite, tmp_path) as server, contextlib.ExitStack() as places:
        for number, asks in enumerate((True, False)):
            region = ("eu", "us")[number]
            folder = tmp_path / region
            places.enter_context(place(suite, folder, server, "staging", region, asks=asks))
        seen = {("MoneyLost", "staging", "eu"), ("ResolutionOverdue", "staging", "us")}
        server.wait_until("the deadline that does not ask is over", lambda: seen <= told(server).keys())
        # The one that asks began sooner, and is never over.
        assert {name for name, _, region in told(server) if region == "eu"} == {"MoneyLost"}
