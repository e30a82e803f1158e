"""Relabelling is what Prometheus makes of it, of three generations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.remote.servers import relabel
from tests import seeds
from tests.alertmanager import SUITES, prometheus
from tests.live import address, get, wait

if TYPE_CHECKING:
    from pathlib import Path

LABELS = {"severity": "P1", "service": "shop", "team": "web", "region": "eu-1", "Mixed": "CaSe", "a": "x", "b": "x"}

CASES: list[list[dict[str, Any]]] = [
    [],
    [{"target_label": "severity", "replacement": "P0"}],
    [{"source_labels": ["severity"], "target_label": "level"}],
    [{"source_labels": ["severity"], "regex": "P(.)", "target_label": "severity", "replacement": "sev$1"}],
    [{"source_labels": ["severity"], "regex": "Q(.)", "target_label": "severity", "replacement": "sev$1"}],
    [{"source_labels": ["region"], "regex": "(.*)-(.*)", "target_label": "x", "replacement": "${2}_$1_$$_$9_$1y"}],
    [{"source_labels": ["service", "team"], "separator": "/", "target_label": "x"}],
    [{"source_labels": ["service", "gone", "team"], "target_label": "x"}],
    [{"source_labels": ["gone"], "target_label": "severity"}],
    [{"source_labels": ["severity"], "regex": "P", "target_label": "x", "replacement": "part"}],
    [{"source_labels": ["service"], "regex": "(s)hop", "target_label": "${1}_x", "replacement": "y"}],
    [{"source_labels": ["service"], "regex": "shop", "target_label": "$1", "replacement": "y"}],
    [{"source_labels": ["severity"], "regex": "P0|P1", "action": "keep"}],
    [{"source_labels": ["severity"], "regex": "P0", "action": "keep"}],
    [{"source_labels": ["severity", "service"], "regex": "P1;shop", "action": "drop"}],
    [{"source_labels": ["severity"], "regex": "1", "action": "drop"}],
    [{"regex": "team|reg.*", "action": "labeldrop"}],
    [{"regex": "severity|__.*|job", "action": "labelkeep"}],
    [{"regex": "s(.*)", "replacement": "t$1", "action": "labelmap"}],
    [{"source_labels": ["Mixed"], "target_label": "Mixed", "action": "lowercase"}],
    [{"source_labels": ["Mixed"], "target_label": "x", "action": "uppercase"}],
    [{"source_labels": ["service", "team"], "target_label": "x", "modulus": 7, "action": "hashmod"}],
    [{"source_labels": ["a"], "target_label": "b", "action": "keepequal"}],
    [{"source_labels": ["a"], "target_label": "team", "action": "keepequal"}],
    [{"source_labels": ["a"], "target_label": "b", "action": "dropequal"}],
    [{"regex": "team", "action": "labeldrop"}, {"source_labels": ["team"], "regex": "", "target_label": "x"}],
    [{"source_labels": ["service"], "regex": "(?:s|t)h(o)p?", "target_label": "x", "replacement": "$1"}],
]  # fmt: skip


@pytest.mark.network
@pytest.mark.parametrize("suite", seeds.parameters(SUITES, 3))
def test_it_is_what_prometheus_makes_of_the_labels_of_targets(suite: str, tmp_path: Path) -> None:
    config = {
        "scrape_configs": [
            {
                "job_name": f"case{number}",
                "static_configs": [{"targets": ["127.0.0.1:9"], "labels": LABELS}],
                "relabel_configs": case,
            }
            for number, case in enumerate(CASES)
        ]
    }
    with prometheus(suite, tmp_path, config):
        url = address(tmp_path)
        targets: dict[str, Any] = {}

        def all_known() -> bool:
            targets.update(get(f"{url}/api/v1/targets")["data"])
            return len(targets["activeTargets"]) + len(targets["droppedTargets"]) >= len(CASES)

        wait("all targets are known", all_known, tmp_path / "prometheus.log")
    made = {one["scrapePool"]: own(one["labels"]) for one in targets["activeTargets"]}
    ours = {}
    for number, case in enumerate(CASES):
        written = [{key: str(value) if key == "modulus" else value for key, value in rule.items()} for rule in case]
        sent = relabel.sent({**LABELS, "job": "x", "__address__": "x"}, {}, relabel.read(written))
        if sent is not None:
            ours[f"case{number}"] = own(sent)
    assert made == ours
    assert 0 < len(made) < len(CASES)


def own(labels: dict[str, str]) -> dict[str, str]:
    """Return the labels without those that Prometheus gives a target itself."""
    return {name: value for name, value in labels.items() if name not in ("job", "instance") and name[:2] != "__"}


@pytest.mark.parametrize("regex", [r"(?i)p1", r"\pL+", r"[[:alpha:]]+", "a(?P<x>b)", "a++", "(a"])
def test_what_captures_otherwise_than_python_is_not_judged(regex: str) -> None:
    (rule,) = relabel.read([{"source_labels": ["severity"], "regex": regex, "target_label": "x"}])
    with pytest.raises(relabel.NotJudged):
        rule.of({"severity": "P1"})


def test_a_name_that_only_some_versions_take_is_not_judged() -> None:
    (rule,) = relabel.read([{"source_labels": ["severity"], "regex": "P(.)", "target_label": "the-$1"}])
    with pytest.raises(relabel.NotJudged):
        rule.of({"severity": "P1"})


@pytest.mark.parametrize("config", [["labeldrop"], [{"action": "labelburn"}]])
def test_what_has_another_form_is_not_judged(config: list[Any]) -> None:
    with pytest.raises(relabel.NotJudged):
        relabel.sent({}, {}, relabel.read(config))


def test_external_labels_do_not_overwrite() -> None:
    assert relabel.sent({"a": "1", "b": ""}, {"a": "2", "b": "2", "c": "2"}, ()) == {"a": "1", "b": "2", "c": "2"}
