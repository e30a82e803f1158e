"""The bound that `alertc explain` prints, on a real Prometheus and a real Alertmanager with the policy's own times."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from generator.behaviour import timeline
from generator.behaviour.alerts import sent_alerts
from generator.behaviour.label_sets import LabelSets
from generator.upstream.alertmanager.match import Router
from tests.alertmanager import LIMIT, prometheus, shipped, shipped_alertmanager, unfold, world
from tests.compiling import read_back
from tests.live import exporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from generator.behaviour.timeline import Timeline
    from tests.alertmanager import Alertmanager

pytestmark = [pytest.mark.network, pytest.mark.realtime]

ALERT = "BalanceConservationViolated"


def test_a_violated_balance_halts_trading_and_pages_within_the_bound(tmp_path: Path) -> None:
    """From the sample that is wrong to the halt and the page, with nothing scaled: no longer than predicted."""
    promised = explained()
    with (
        world() as everybody,
        ledger() as books,
        shipped_alertmanager("bookworm", tmp_path, around=everybody) as server,
    ):
        folder = tmp_path / "prometheus"
        folder.mkdir()
        with prometheus("bookworm", folder, scraping(folder, books, server)):
            books.wait_for_a_scrape()
            time.sleep(
                6
            )  # what a starting Prometheus sends in its first 5 s is lost: a term of its own, not tested here
            begun = time.monotonic()
            books.delta = 7
            limit = max(one.at.value.total_seconds() for one in promised.messages[:3])
            arrived: dict[str, float] = {}
            while not {"trading-halt", "pagerduty"} <= arrived.keys() and time.monotonic() < begun + limit + LIMIT:
                for call in tuple(everybody.calls):
                    if ALERT in json.dumps(call.body):
                        arrived.setdefault(call.to, time.monotonic() - begun)
                time.sleep(0.05)
    latest = {one.receiver: one.at.value.total_seconds() for one in reversed(promised.messages)}
    assert arrived["trading-halt"] <= latest["trading-halt"] == 105
    assert arrived["pagerduty"] <= latest["page-funds-P0"] == 110
    assert arrived["trading-halt"] <= arrived["pagerduty"]


def explained() -> Timeline:
    compiled = shipped()
    behaviour = read_back(compiled.artifacts)
    router = Router(behaviour.root)
    sent = next(
        one
        for one in sent_alerts(compiled.plan, behaviour, router, LabelSets(behaviour.rules, {}))
        if one.rule.name == ALERT
    )
    assert sent.promised
    return timeline.of(compiled.plan, behaviour, router, sent.labels, (sent.rule, sent.promised))


class Ledger:
    """A target that Prometheus scrapes; `delta` is what its books are off by."""

    def __init__(self) -> None:
        self.delta = 0
        self.address = ""
        self._scraped = threading.Event()

    def wait_for_a_scrape(self) -> None:
        assert self._scraped.wait(LIMIT + 15), "Prometheus did not scrape"

    def metrics(self) -> str:
        self._scraped.set()
        return f'ledger_balance_delta{{ledger="spot"}} {self.delta}\n'


@contextlib.contextmanager
def ledger() -> Iterator[Ledger]:
    books = Ledger()

    with exporter(books.metrics) as books.address:
        yield books


def scraping(folder: Path, books: Ledger, alertmanager: Alertmanager) -> dict[str, Any]:
    """Return the configuration of a Prometheus on the shipped rules, with the intervals that `stack` names."""
    compiled = shipped()
    stack = compiled.plan.stack
    out = unfold(compiled, folder / "out")
    return {
        "global": {
            "scrape_interval": f"{stack.scrape.seconds}s",
            "scrape_timeout": f"{stack.scrape_timeout.seconds}s",
            "evaluation_interval": f"{stack.evaluate.seconds}s",
        },
        "rule_files": [str(out / "prometheus" / "rules" / "*.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager.url.removeprefix("http://")]}]}]},
        "scrape_configs": [{"job_name": "ledger", "static_configs": [{"targets": [books.address]}]}],
    }
