"""Which alerts are one incident: what the files group by, which is what the policy says and nothing else."""

from __future__ import annotations

import subprocess
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from generator.behaviour import timeline
from generator.behaviour.alerts import sent_alerts
from generator.behaviour.behaviour import EACH_ALERT
from generator.behaviour.label_sets import LabelSets
from generator.plan.plan import carried
from generator.system import programs
from generator.upstream.alertmanager.match import Router
from tests.alertmanager import SUITES, Alert, load_yaml, running
from tests.compiling import SMALL, compiled, edited, files, read_back
from tests.projects import alertc

if TYPE_CHECKING:
    from pathlib import Path

NODES = (
    SMALL
    + """
  DiskFull:
    service: alerting
    severity: P1
    expr: disk_full > 0
    page_each: [instance]
    summary: Disk of {{ $labels.instance }} is full
    tests:
      - {given: {'disk_full{instance="a"}': 0x4 1x100}, fires_at: 1m15s, labels: {instance: a}}
      - {given: {'disk_full{instance="a"}': 0x20}, silent_until: 5m}
  NodeDown:
    service: shop
    severity: P1
    expr: up{job="app"} == 0
    summary: "{{ $labels.instance }} is down"
    tests:
      - {given: {'up{job="app",instance="a"}': 1x4 0x100}, fires_at: 1m15s, labels: {instance: a, job: app}}
      - {given: {'up{job="app",instance="a"}': 1x20}, silent_until: 5m}
  Split:
    service: shop
    severity: P1
    expr: queue_stuck > 0
    page_each: [shard, queue]
    summary: A queue is stuck
    tests:
      - {given: {'queue_stuck{queue="a",shard="1"}': 0x4 1x100}, fires_at: 1m15s, labels: {queue: a, shard: "1"}}
      - {given: {'queue_stuck{queue="a"}': 0x20}, silent_until: 5m}
"""
)
ALERTMANAGER = "alertmanager/alertmanager.yml"
RECEIVER = "page-web-P1"


def page(policy: str, receiver: str = RECEIVER) -> dict[str, Any]:
    """Return the route that pages a chain, as it is written."""
    routes = yaml.safe_load(files(policy)[ALERTMANAGER])["route"]["routes"]
    (route,) = (route for route in routes if route["receiver"] == receiver)
    assert isinstance(route, dict)
    return route


def sets(policy: str, receiver: str = RECEIVER) -> dict[str, list[str]]:
    """Return the labels that each route below it groups by, by its matcher."""
    return {matcher: child["group_by"] for child in page(policy, receiver)["routes"] for matcher in child["matchers"]}


def rule(name: str, policy: str = NODES) -> dict[str, str]:
    """Return the labels of a rule."""
    return next(dict(rule.labels) for rule in compiled(policy).plan.rules if rule.name == name)


# ------------------------------------------------------------------------------------------- what is written


def test_a_rule_names_by_what_its_incidents_are_told_apart():
    assert [rule(name)["page_each"] for name in ("DiskFull", "NodeDown", "Split", "Heartbeat")] == [
        "instance",
        "",
        "queue,shard",
        "",
    ]


def test_there_is_a_route_for_each_set_that_is_used_and_for_no_other():
    usual = sets(SMALL)
    more = sets(NODES)
    assert {matcher: labels for matcher, labels in more.items() if matcher not in usual} == {
        'page_each="instance"': ["alertname", "service", "incident", "instance"],
        'page_each="queue,shard"': ["alertname", "service", "incident", "queue", "shard"],
    }
    assert more.items() >= usual.items()


def test_the_route_of_no_set_does_not_depend_on_what_others_page_by():
    route, usual = page(NODES), page(SMALL)
    assert route["matchers"] == ['severity="P1"', 'escalation="web"', 'environment="production"']
    assert route["group_by"] == ["alertname", "service", "incident"]
    assert {**route, "routes": []} == {**usual, "routes": []}


def test_all_routes_of_a_chain_and_severity_wait_alike():
    root = read_back(compiled(NODES).artifacts).root
    (route,) = (node for node in root.children if node.receiver == RECEIVER)
    waits = {(node.group_wait, node.group_interval, node.repeat_interval) for node in (route, *route.children)}
    assert (len(waits), len(route.children)) == (1, 7)


def test_a_page_each_of_what_tells_all_incidents_apart_makes_no_route():
    policy = edited(
        NODES, ("    page_each: [instance]\n    summary: Disk", "    page_each: [service]\n    summary: Disk")
    )
    assert rule("DiskFull", policy)["page_each"] == ""
    assert 'page_each="instance"' not in sets(policy)


def test_a_severity_with_business_hours_keeps_them_below():
    hours = edited(
        SMALL,
        (
            "    acknowledge: 4h\n    resolve: 24h\n",
            "    acknowledge: 6d\n    answer_in: 1h\n    resolve: 12d\n    hours: business\n",
        ),
        (
            "    each: {shop: {limit: 0.02}}\n    severity: P2\n",
            "    each: {shop: {limit: 0.02}}\n    severity: P2\n    page_each: [job]\n",
        ),
    )
    route = page(hours, "page-web-P2")
    assert [node["active_time_intervals"] for node in (route, *route["routes"])] == [["business-hours"]] * 2


# ------------------------------------------------------------------------------------------- what is said of it


def incident(name: str, artifacts: Any = None, **labels: str) -> tuple[str, ...]:
    """Return the labels that tell an incident of this alert from others."""
    done = compiled(NODES)
    behaviour = read_back(artifacts or done.artifacts)
    router = Router(behaviour.root)
    alert = next(
        alert
        for alert in sent_alerts(done.plan, behaviour, router, LabelSets(behaviour.rules, {}))
        if alert.rule.name == name and all(alert.labels.get(label, "") == labels[label] for label in labels)
    )
    assert alert.promised is not None
    return timeline.of(done.plan, behaviour, router, alert.labels, (alert.rule, alert.promised)).incident


def test_what_tells_an_incident_from_others_is_read_off_its_route():
    assert incident("NodeDown") == ("alertname", "service")
    assert incident("DiskFull") == ("alertname", "instance", "service")
    assert incident("Split") == ("alertname", "queue", "service", "shard")
    assert incident("MoneyLost") == ("alertname", "service", "till")


def test_a_page_about_a_deadline_is_told_apart_like_what_it_is_about():
    overdue = {"duty": "resolution-overdue", "severity": "P1"}
    assert incident("ResolutionOverdue", page_each="instance", **overdue) == (
        "alertname",
        "incident",
        "instance",
        "service",
    )
    assert incident("ResolutionOverdue", page_each="", **overdue) == ("alertname", "incident", "service")


@pytest.mark.parametrize(
    ("name", "group_by", "told_apart"),
    [
        # What only its series know is in no sample of the alert, and counts all the same.
        ("NodeDown", "instance", ("alertname", "instance", "service")),
        ("NodeDown", "incident", ("alertname", "service")),
        ("ServiceDown", "instance", ("alertname", "service")),
        ("NodeDown", "'...'", (EACH_ALERT,)),
    ],
)
def test_a_template_that_groups_by_more_is_what_counts(name, group_by, told_apart):
    text = files(NODES)[ALERTMANAGER]
    head, route, rest = text.partition(f"    - receiver: {RECEIVER}\n")
    changed = head + route + rest.replace("        - incident\n", f"        - {group_by}\n", 1)
    done = compiled(NODES)
    artifacts = tuple(
        artifact if artifact.path != ALERTMANAGER else type(artifact)(path=artifact.path, text=changed)
        for artifact in done.artifacts
    )
    assert incident(name, artifacts) == told_apart


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("NodeDown", "An incident of its own for each alertname and service."),
        ("DiskFull", "An incident of its own for each alertname, instance and service."),
    ],
)
def test_a_person_reads_it(name, says, tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "policy.yaml").write_text(NODES, encoding="utf-8")
    explained = alertc(tmp_path, "explain", name)
    assert (explained.returncode, explained.stderr) == (0, "")
    assert says in explained.stdout.splitlines()


def test_a_page_about_a_deadline_carries_by_what_it_is_told_apart(tmp_path: Path) -> None:
    """promtool evaluates the rule over two alerts of DiskFull and one of NodeDown that are open for too long."""
    (tmp_path / "rules.yaml").write_text(files(NODES)["prometheus/rules/_deadlines-P1.yaml"], encoding="utf-8")
    alerts = [
        {**labels_of("DiskFull"), "instance": "a"},
        {**labels_of("DiskFull"), "instance": "b"},
        {**labels_of("NodeDown"), "instance": "a", "job": "app"},
    ]
    series = [",".join(f'{name}="{value}"' for name, value in alert.items()) for alert in alerts]
    overdue = 'count by (incident, instance, page_each) (ALERTS{alertname="ResolutionOverdue"})'
    expected = [
        '{incident="DiskFull", instance="a", page_each="instance"}',
        '{incident="DiskFull", instance="b", page_each="instance"}',
        '{incident="NodeDown", instance="a"}',
    ]
    test = {
        "interval": "1m",
        "input_series": [
            *({"series": f"ALERTS_FOR_STATE{{{labels}}}", "values": "0x300"} for labels in series),
            *({"series": f'ALERTS{{alertstate="firing",{labels}}}', "values": "1x300"} for labels in series),
        ],
        "promql_expr_test": [
            {
                "expr": overdue,
                "eval_time": "5h",
                "exp_samples": [{"labels": labels, "value": 1} for labels in expected],
            }
        ],
    }
    document = {"rule_files": ["rules.yaml"], "evaluation_interval": "5m", "tests": [test]}
    (tmp_path / "test.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    command = [programs.find("promtool").path, "test", "rules", "test.yaml"]
    ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


# ------------------------------------------------------------------------------------------- on real Alertmanagers


@cache
def labels_of(name: str) -> dict[str, str]:
    return carried({**rule(name), "alertname": name})


def overdue(alert: Alert) -> Alert:
    """Return the page about an alert whose time to resolve is over, with what its rule takes over from ALERTS."""
    own = {"alertname": "ResolutionOverdue", "duty": "resolution-overdue", "incident": alert.name}
    return alert.but(**own)


@pytest.mark.network
@pytest.mark.realtime
@pytest.mark.parametrize("suite", SUITES)
def test_a_hundred_and_fifty_nodes_are_one_incident_and_each_disk_is_one(suite: str, tmp_path: Path) -> None:
    home = tmp_path / "alertmanager"
    home.mkdir()
    config = load_yaml(files(NODES)[ALERTMANAGER])
    config["global"]["pagerduty_url"] = "http://127.0.0.1:9"
    config["templates"] = []
    (home / "alertmanager.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    nodes = [
        Alert(labels={**labels_of("NodeDown"), "instance": f"n{number}", "job": "app"}, annotations={})
        for number in range(150)
    ]
    disks = [Alert(labels={**labels_of("DiskFull"), "instance": f"n{number}"}, annotations={}) for number in range(3)]
    queues = [
        Alert(labels={**labels_of("Split"), "queue": queue, "shard": shard, "instance": "n0"}, annotations={})
        for queue, shard in (("a", "1"), ("a", "2"), ("b", "1"))
    ]
    late = [*map(overdue, nodes), *map(overdue, disks)]
    with running(suite, home / "alertmanager.yml", tmp_path) as server:
        server.post(*nodes, *disks, *queues, *late)

        def counts() -> list[tuple[str, str, int]]:
            groups = [
                (group["labels"], group["alerts"]) for group in server.groups() if group["receiver"]["name"] == RECEIVER
            ]
            return sorted((labels["alertname"], labels.get("incident", ""), len(alerts)) for labels, alerts in groups)

        # It sorts alerts into their groups one by one, some while after it has taken them.
        number = len(nodes) + len(disks) + len(queues) + len(late)
        server.wait_until("all are in groups", lambda: sum(count for _, _, count in counts()) == number)
        incidents = counts()
    assert incidents == [
        *[("DiskFull", "", 1)] * 3,
        ("NodeDown", "", 150),
        *[("ResolutionOverdue", "DiskFull", 1)] * 3,
        ("ResolutionOverdue", "NodeDown", 150),
        *[("Split", "", 1)] * 3,
    ]


# ------------------------------------------------------------------------------------------- where files change


def test_where_a_route_grouped_by_what_others_page_by_the_difference_is_told(tmp_path: Path) -> None:
    """So it was before there was a route for each set. The labels that count are those of the series, too."""
    (tmp_path / "policy.yaml").write_text(NODES, encoding="utf-8")
    for path, text in files(NODES).items():
        file = tmp_path / "old" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        head, route, rest = text.partition(f"    - receiver: {RECEIVER}\n")
        file.write_text(
            head + route + rest.replace("        - incident\n", "        - incident\n        - instance\n", 1)
        )
    assert alertc(tmp_path, "diff", "old", "--policy", "policy.yaml").stdout == (
        "old -> the working tree: 1 weaker\n"
        "note: old has no policy, only generated files: "
        "its premises (scrapes, SLAs, people) are those of the working tree\n"
        "\n"
        "NodeDown, a P1 of shop (policy.yaml:198)\n"
        "  weaker     its incidents are told apart no longer by instance: "
        "what paged by itself joins an incident, and pages nobody while that is acknowledged\n"
        "\n"
        "When it is loaded:\n"
        "  what fires then pages again, since its group has another key: NodeDown and ResolutionOverdue\n"
        "  only Alertmanager has new files; back: the files of old\n"
    )
