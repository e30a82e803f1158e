"""A policy without PagerDuty on real servers: it is drilled, and what runs is held against it."""

import contextlib
import re

import pytest

from tests.alertmanager import SUITES
from tests.compiling import edited
from tests.live import Deviant, Running, replaced, start_alertmanager
from tests.plan.test_pagers import POLICY, project
from tests.projects import alertc

WEBHOOK = edited(POLICY, ("email: oncall@club.example", 'webhook: "http://pager.internal/v1", resolved: never'))


PAGED = {
    "page-and-escalate": r"2m25s +\S+ +oncall +the webhook http://pager\.internal/v1\n",
    "return": r"9m54s +\S+ +oncall .*\(DoorDown came back\)",
}


@pytest.mark.realtime
@pytest.mark.parametrize("scenario", PAGED)
def test_a_page_by_webhook_is_drilled(scenario, tmp_path):
    ran = alertc(project(tmp_path, WEBHOOK), "drill", "DoorDown", "--scenario", scenario, "--scale", "30")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert re.search(PAGED[scenario], ran.stdout), ran.stdout
    assert ran.stdout.endswith("everything came inside its prediction, and nobody else was told.\n")


@pytest.mark.network
def test_what_runs_is_held_against_it(tmp_path):
    times = "      group_interval: 30s\n      repeat_interval: 6m59s"
    later = Deviant(policy=WEBHOOK, files=replaced("alertmanager/alertmanager.yml", times, times.replace("30s", "20m")))
    servers = Running()
    with contextlib.ExitStack() as stack:
        for name, deviant in {"as-it-says": Deviant(policy=WEBHOOK), "later": later}.items():
            (tmp_path / name).mkdir()
            servers.urls[name] = start_alertmanager(stack, SUITES[0], tmp_path / name, deviant, [])
        assert "error" not in servers.said(WEBHOOK, tmp_path, alertmanager="as-it-says").partition("\n\n")[0]
        said = servers.said(WEBHOOK, tmp_path, alertmanager="later")
    assert "urgent DoorDown" in said, said
