"""`alertc verify-live` on running servers of three generations, each of which runs otherwise in one thing."""

from __future__ import annotations

import contextlib
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests import seeds
from tests.alertmanager import SUITES, alerts_of
from tests.compiling import ROOT, SMALL, compiled, edited
from tests.live import (
    ALONE,
    REPLICAS,
    Deviant,
    Running,
    exporter,
    get,
    post,
    replaced,
    start_alertmanager,
    start_prometheus,
    wait,
)
from tests.sessions import EXCERPT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Golden
    from tests.live import Config, Files

pytestmark = pytest.mark.network

RULES = "prometheus/rules/shop.yaml"
CONFIG = "alertmanager/alertmanager.yml"


def job(name: str, **settings: str) -> Callable[[Config], None]:
    def edit(config: Config) -> None:
        next(one for one in config["scrape_configs"] if one["job_name"] == name).update(settings)

    return edit


def sent_to(*targets: str, **settings: Any) -> Callable[[Config], None]:
    def edit(config: Config) -> None:
        config["alerting"]["alertmanagers"] = [{"static_configs": [{"targets": list(targets)}], **settings}]

    return edit


def external(*relabel: dict[str, Any], **labels: str) -> Callable[[Config], None]:
    def edit(config: Config) -> None:
        config["global"]["external_labels"] = labels
        config["alerting"]["alert_relabel_configs"] = list(relabel)

    return edit


def slower(loaded: Files) -> None:
    """Every group of the service is evaluated once a minute."""
    assert "interval: 15s" in loaded[RULES]
    loaded[RULES] = loaded[RULES].replace("interval: 15s", "interval: 1m")


def left_over(loaded: Files) -> None:
    loaded["prometheus/rules/old.yaml"] = (
        "groups:\n- name: old\n  rules:\n  - {alert: TillSlow, expr: vector(0) > 1, "
        "labels: {environment: production, severity: P1}}\n"
    )


TWICE = '(label_replace(vector(1), "a", "1", "", "") or label_replace(vector(1), "a", "2", "", ""))'

REGION = edited(SMALL, ("retention: 30d}", "retention: 30d, external_labels: {region: [us, eu]}}"))

PROMETHEUS = {
    "as-it-says": Deviant(),
    "slow-rules": Deviant(files=slower),
    "slow-record": Deviant(
        files=replaced("prometheus/rules/_records.yaml", "interval: 15s", "interval: 4h"),
    ),
    "slow-job": Deviant(config=job("shop", scrape_interval="3m")),
    "slow-metric": Deviant(config=job("tills", scrape_timeout="14s")),
    "job-gone": Deviant(config=lambda config: config["scrape_configs"].pop(0)),
    "patient": Deviant(config=sent_to("127.0.0.1:9", "127.0.0.1:10", timeout="30s")),
    "a-bit-patient": Deviant(config=sent_to("127.0.0.1:9", "127.0.0.1:10", timeout="16s")),
    "looks-back": Deviant(
        config=lambda config: config["global"].update(rule_query_offset="1m"), unknown_in=("bookworm",)
    ),
    "flags": Deviant(flags=("--storage.tsdb.retention.time=30d", "--rules.alert.resend-delay=5m")),
    "sees-less": Deviant(flags=("--storage.tsdb.retention.time=30d", "--query.lookback-delta=1m")),
    "forgets": Deviant(flags=("--storage.tsdb.retention.time=20d",)),
    "one-alertmanager": Deviant(config=sent_to("127.0.0.1:9")),
    "no-alertmanager": Deviant(config=lambda config: config.pop("alerting")),
    "rule-missing": Deviant(files=lambda loaded: loaded.pop(RULES)),
    "nothing-loaded": Deviant(config=lambda config: config.pop("rule_files")),
    "longer-for": Deviant(files=replaced(RULES, "for: 30s", "for: 12m")),
    "other-expr": Deviant(files=replaced(RULES, "(till_difference)) > 0", "(till_difference)) > 100")),
    "other-severity": Deviant(
        files=lambda loaded: loaded.update({RULES: loaded[RULES].replace("severity: P0", "severity: P3", 1)})
    ),
    "fails": Deviant(files=replaced(RULES, "max by (till) (abs(till_difference)) > 0", f"{TWICE} == on () {TWICE}")),
    "left-over": Deviant(files=left_over),
    "twice": Deviant(files=lambda loaded: loaded.update({"prometheus/rules/copy.yaml": loaded[RULES]})),
    "group-renamed": Deviant(files=replaced(RULES, "  - name: shop\n", "  - name: shop-old\n")),
    "label-of-all": Deviant(config=external(duty="core")),
    "label-of-all-declared": Deviant(config=external(region="eu"), policy=REGION),
    "label-of-all-otherwise": Deviant(config=external(region="asia"), policy=REGION),
    "label-of-all-missing": Deviant(policy=REGION),
    "relabelled": Deviant(
        config=external(
            {"source_labels": ["severity"], "regex": "P(.)", "target_label": "severity", "replacement": "sev$1"}
        )
    ),
    "dropped": Deviant(
        config=external({"source_labels": ["service", "severity"], "regex": "shop;P0", "action": "drop"})
    ),
    "replica-a": Deviant(config=external(replica="a"), policy=REPLICAS),
    "replica-b": Deviant(config=external(replica="b"), policy=REPLICAS),
    "dropped-a": Deviant(config=external({"regex": "replica", "action": "labeldrop"}, replica="a"), policy=REPLICAS),
    "dropped-b": Deviant(config=external({"regex": "replica", "action": "labeldrop"}, replica="b"), policy=REPLICAS),
}


TILLS = 'till_difference{till="north"} 0\n'
"""The metric that an alert reads without saying from which job."""


@pytest.mark.parametrize("suite", seeds.parameters(SUITES, 3))
def test_what_a_prometheus_runs_otherwise_is_told(suite: str, tmp_path: Path, golden: Golden) -> None:
    servers = Running()
    with contextlib.ExitStack() as stack:
        target = stack.enter_context(exporter(lambda: TILLS))
        for name, deviant in PROMETHEUS.items():
            folder = tmp_path / name
            folder.mkdir()
            if suite not in deviant.unknown_in:
                servers.urls[name] = start_prometheus(stack, suite, folder, deviant, {"tills": target})
        ready(servers, tmp_path)
        for name in servers.urls:
            if not name.endswith(("-a", "-b")):
                golden.expect(f"live/{name}.txt", servers.said(PROMETHEUS[name].policy, tmp_path, prometheus=name))
        for both in ("replica", "dropped"):
            said = servers.said(REPLICAS, tmp_path, prometheus=f"{both}-a {both}-b")
            golden.expect(f"live/{both}-both.txt", said)
        golden.expect("live/together.txt", servers.said(SMALL, tmp_path, prometheus="slow-metric a-bit-patient"))
        golden.expect("live/replica-one.txt", servers.said(REPLICAS, tmp_path, prometheus="replica-a"))
        newer = edited(SMALL, ('version: "2.42"', 'version: "99.1"'))
        golden.expect("live/old-prometheus.txt", servers.said(newer, tmp_path, prometheus="as-it-says"))


def ready(servers: Running, folder: Path) -> None:
    """Wait until each knows its Alertmanagers; and has scraped, or evaluated, what is told of it."""

    def is_ready(name: str, url: str) -> bool:
        if name == "slow-metric":
            return bool(get(f"{url}/api/v1/query?query=till_difference")["data"]["result"])
        if name == "fails":
            rules = [rule for group in get(f"{url}/api/v1/rules")["data"]["groups"] for rule in group["rules"]]
            return all(rule["health"] != "unknown" for rule in rules if rule["name"] == "MoneyLost")
        return name == "no-alertmanager" or bool(get(f"{url}/api/v1/alertmanagers")["data"]["activeAlertmanagers"])

    for name, url in servers.urls.items():
        wait(f"{name} is ready", lambda name=name, url=url: is_ready(name, url), folder / name / "prometheus.log")  # type: ignore[misc]


# ------------------------------------------------------------------------------------------- Alertmanager


def routes(edit: Callable[[dict[str, Any]], object], *receivers: str) -> Callable[[Config], None]:
    """Return what edits the routes that lead to these receivers."""

    def edited(config: Config) -> None:
        found = [one for one in every_route(config["route"]) if one["receiver"] in receivers]
        assert len(found) >= len(receivers)
        for one in found:
            edit(one)

    return edited


def every_route(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for child in route.get("routes", ()):
        yield from every_route(child)


def receiver(name: str, kind: str, **settings: object) -> Callable[[Config], None]:
    def edit(config: Config) -> None:
        for one in config["receivers"]:
            if one["name"] == name:
                one[f"{kind}_configs"][0].update(settings)

    return edit


def silence(**matchers: str) -> dict[str, Any]:
    return {
        "matchers": [
            {"name": name, "value": value, "isRegex": "|" in value, "isEqual": True} for name, value in matchers.items()
        ],
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "2099-12-31T12:00:00Z",
        "createdBy": "ana",
        "comment": "moving the tills",
    }


def somebody_elses(config: Config) -> None:
    config.clear()
    config.update(route={"receiver": "all"}, receivers=[{"name": "all"}])


ALERTMANAGERS: dict[str, tuple[Deviant, list[dict[str, Any]]]] = {
    "alertmanager-as-it-says": (Deviant(policy=ALONE), []),
    "slow-route": (
        Deviant(policy=ALONE, config=routes(lambda one: one.update(group_interval="5m"), "page-web-P0")),
        [],
    ),
    "slow-routes": (
        Deviant(
            policy=ALONE,
            config=routes(lambda one: one.update(group_interval="20m"), "page-web-P0", "page-web-P1"),
        ),
        [],
    ),
    "other-group": (
        Deviant(policy=ALONE, config=routes(lambda one: one.update(group_by=["alertname"]), "page-web-P0")),
        [],
    ),
    "no-page": (
        Deviant(policy=ALONE, config=routes(lambda one: one.update(matchers=['severity="P9"']), "page-web-P0")),
        [],
    ),
    "halt-ends-it": (Deviant(policy=ALONE, config=routes(lambda one: one.pop("continue"), "halt")), []),
    "other-channel": (Deviant(policy=ALONE, config=receiver("room", "slack", channel="#random")), []),
    "resolves": (Deviant(policy=ALONE, config=receiver("page-web-P0", "pagerduty", send_resolved=True)), []),
    "other-pager": (
        Deviant(policy=ALONE, config=receiver("page-web-P0", "pagerduty", url="http://127.0.0.1:9/v2")),
        [],
    ),
    "no-inhibition": (Deviant(policy=ALONE, config=lambda config: config["inhibit_rules"].pop(0)), []),
    "inhibits-all": (
        Deviant(
            policy=ALONE,
            config=lambda config: config["inhibit_rules"].append(
                {"source_matchers": ['alertname="Maintenance"'], "target_matchers": ['service="shop"']}
            ),
        ),
        [],
    ),
    "not-ours": (Deviant(policy=ALONE, config=somebody_elses), []),
    "silenced": (Deviant(policy=ALONE), [silence(severity="P0|P1", service="shop")]),
    "silenced-in-part": (Deviant(policy=ALONE), [silence(alertname="MoneyLost", till="north")]),
    "silenced-others": (
        Deviant(policy=ALONE),
        [silence(severity="P3"), silence(alertname="MoneyLost", instance="a"), silence(team="other")],
    ),
}


SMTP = "secrets: /etc/alertmanager/secrets, smtp: {smarthost: '127.0.0.1:9', from: alerts@shop.example}"
MAIL = edited(ALONE, ('{slack: "#shop",', "{email: shop@shop.example,"), ("secrets: /etc/alertmanager/secrets", SMTP))
VENDOR = {"alertname": "KubePodCrashLooping", "severity": "warning", "namespace": "shop"}
"""An alert as kube-prometheus brings it: without our environment, it goes to whoever takes what nobody routes."""


@pytest.mark.parametrize("suite", seeds.parameters(SUITES, 3))
def test_an_alertmanager_that_sends_mail_is_as_the_policy_says(suite: str, tmp_path: Path) -> None:
    """Its headers come back with the names that mail has, and with two more."""
    with contextlib.ExitStack() as stack:
        url = start_alertmanager(stack, suite, tmp_path, Deviant(policy=MAIL), [])
        said = Running(urls={"mail": url}).said(MAIL, tmp_path, alertmanager="mail")
        assert "no promise is broken" not in said
        assert "1 Alertmanager (VERSION): as the policy says: versions," in said


@pytest.mark.parametrize("suite", seeds.parameters(SUITES, 3))
def test_alerts_of_others_that_page_are_told(suite: str, tmp_path: Path, golden: Golden) -> None:
    ours = next(alert for alert in alerts_of(compiled(ALONE)) if alert.name == "MoneyLost")
    with contextlib.ExitStack() as stack:
        url = start_alertmanager(stack, suite, tmp_path, Deviant(policy=ALONE), [])
        for labels in (VENDOR, {**VENDOR, "pod": "a"}, dict(ours.labels)):
            post(f"{url}/api/v2/alerts", [{"labels": labels}])
        said = Running(urls={"alerts-of-others": url}).said(ALONE, tmp_path, alertmanager="alerts-of-others")
        golden.expect("live/alerts-of-others.txt", said)


@pytest.mark.parametrize("suite", seeds.parameters(SUITES, 3))
def test_what_an_alertmanager_runs_otherwise_is_told(suite: str, tmp_path: Path, golden: Golden) -> None:
    servers = Running()
    with contextlib.ExitStack() as stack:
        for name, (deviant, silences) in ALERTMANAGERS.items():
            folder = tmp_path / name
            folder.mkdir()
            servers.urls[name] = start_alertmanager(stack, suite, folder, deviant, silences)
        for name, (deviant, silences) in ALERTMANAGERS.items():
            said = servers.said(deviant.policy, tmp_path, alertmanager=name)
            for _ in silences:
                said = UUID.sub("ID", said)
            golden.expect(f"live/{name}.txt", said)
        said = servers.said(SMALL, tmp_path, alertmanager="slow-route")
        golden.expect("live/too-few-members.txt", said)
        newer = edited(ALONE, ('version: "0.25"', 'version: "99.1"'))
        golden.expect(
            "live/old-alertmanager.txt", servers.said(newer, tmp_path, alertmanager="alertmanager-as-it-says")
        )


def test_the_page_shows_what_is_said() -> None:
    excerpts = EXCERPT.findall((ROOT / "docs/verify-live.md").read_text(encoding="utf-8"))
    assert excerpts
    for path, text in excerpts:
        assert text in (ROOT / path).read_text(encoding="utf-8")


UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
