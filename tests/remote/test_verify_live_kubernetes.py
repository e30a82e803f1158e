"""`verify-live` where the Prometheus operator gives the servers their files: how it is, and what it changed."""

from __future__ import annotations

import contextlib
from functools import partial
from typing import TYPE_CHECKING

import pytest
import yaml

from generator.behaviour.documents import SECRET, plain_path
from tests import seeds
from tests.alertmanager import SUITES
from tests.cluster import objects
from tests.compiling import SMALL
from tests.live import ALONE, Config, Deviant, Files, Running, exporter, get, start_alertmanager, start_prometheus, wait
from tests.projects import alertc

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Golden

POLICY = objects(SMALL, "files, kubernetes")
OF_ONE = objects(ALONE, "files, kubernetes")
RELOADER = 'reloader_last_reload_successful{namespace="monitoring",container="config-reloader",pod="%s"} %d\n'
LOADED = 'alertmanager_config_last_reload_successful{namespace="monitoring",pod="alertmanager-main-0"} %d\n'
MANAGED = 'prometheus_operator_managed_resources{pod="operator",resource="PrometheusRule",state="%s"} %d\n'
WELL = RELOADER % ("prometheus-k8s-0", 1) + LOADED % 1 + MANAGED % ("rejected", 0)
ILL = (
    RELOADER % ("prometheus-k8s-0", 0)
    + RELOADER % ("alertmanager-main-0", 1)
    + LOADED % 0
    + MANAGED % ("rejected", 2)
    + MANAGED % ("selected", 9)
)


def operated(address: str) -> Callable[[Config], None]:
    """Return what sets a Prometheus as the operator does: its external labels, and targets that keep theirs."""

    def edit(config: Config) -> None:
        config["global"]["external_labels"] = {"prometheus": "monitoring/k8s", "prometheus_replica": "prometheus-k8s-0"}
        config["alerting"]["alert_relabel_configs"] = [{"action": "labeldrop", "regex": "prometheus_replica"}]
        config["scrape_configs"].append(
            {
                "job_name": "operator",
                "honor_labels": True,
                "scrape_interval": "1s",
                "scrape_timeout": "1s",
                "static_configs": [{"targets": [address]}],
            }
        )

    return edit


def as_mounted(loaded: Files) -> None:
    """Put in place of the rules what the operator writes of the objects: their specs, written anew."""
    for path in [path for path in loaded if plain_path(path)]:
        plain = plain_path(path) or ""
        loaded[plain] = yaml.safe_dump(yaml.safe_load(loaded[path])["spec"])


def enforced(loaded: Files) -> None:
    """The operator's `enforcedNamespaceLabel`: a label for each rule, and for each selector a matcher."""
    as_mounted(loaded)
    for path in [path for path in loaded if path.startswith("prometheus/rules/")]:
        tree = yaml.safe_load(loaded[path])
        for group in tree["groups"]:
            for rule in group["rules"]:
                rule["labels"] = {**rule.get("labels", {}), "namespace": "monitoring"}
        loaded[path] = yaml.safe_dump(tree)


@pytest.mark.parametrize("suite", seeds.parameters(SUITES, 3))
def test_what_the_operator_did_on_the_way_to_prometheus_is_told(suite: str, tmp_path: Path, golden: Golden) -> None:
    servers = Running()
    with contextlib.ExitStack() as stack:
        for name, metrics, edit in (
            ("operator-well", WELL, as_mounted),
            ("operator-ill", ILL, as_mounted),
            ("operator-unseen", "", as_mounted),
            ("operator-enforces", WELL, enforced),
        ):
            folder = tmp_path / name
            folder.mkdir()
            target = stack.enter_context(exporter(partial(str, metrics)))
            deviant = Deviant(policy=POLICY, config=operated(target), files=edit)
            servers.urls[name] = start_prometheus(stack, suite, folder, deviant, {})
        # They come up side by side.
        for name, url in servers.urls.items():
            query = f'{url}/api/v1/query?query=up{{job="operator"}}==1'
            log = tmp_path / name / "prometheus.log"
            wait("the exporter is scraped", lambda query=query: get(query)["data"]["result"], log)  # type: ignore[misc]
            golden.expect(f"live/{name}.txt", servers.said(POLICY, tmp_path, prometheus=name))


def from_the_secret(before: str = "", after: str = "") -> Callable[[Files], None]:
    def edit(loaded: Files) -> None:
        text = yaml.safe_load(loaded[SECRET])["stringData"]["alertmanager.yaml"]
        assert before in text
        loaded["alertmanager/alertmanager.yml"] = text.replace(before, after) if before else text

    return edit


@pytest.mark.parametrize("suite", seeds.parameters(SUITES, 3))
def test_templates_that_alertmanager_does_not_find_are_told(suite: str, tmp_path: Path, golden: Golden) -> None:
    servers = Running()
    with contextlib.ExitStack() as stack:
        for name, edit in (
            ("secret-well", from_the_secret()),
            ("secret-relative", from_the_secret("/etc/alertmanager/config/*.tmpl", "templates/*.tmpl")),
        ):
            folder = tmp_path / name
            folder.mkdir()
            servers.urls[name] = start_alertmanager(stack, suite, folder, Deviant(policy=OF_ONE, files=edit), [])
            golden.expect(f"live/{name}.txt", servers.said(OF_ONE, tmp_path, alertmanager=name))


def test_a_policy_that_writes_no_objects_is_not_held_against_a_cluster(project: Path) -> None:
    said = alertc(project, "verify-live", "--kubernetes", "--prometheus", "http://127.0.0.1:9")
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.endswith("the policy has neither the target `kubernetes` nor `helm`: its files are no objects\n")
