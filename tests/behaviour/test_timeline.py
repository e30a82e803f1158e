"""When each message of an alert comes at the latest, by the routes as they are rendered."""

import pytest

from generator.targets.render import packaged_templates
from tests.compiling import SMALL, edited
from tests.projects import alertc

HOURS = edited(
    SMALL,
    (
        "    acknowledge: 4h\n    resolve: 24h\n",
        "    acknowledge: 6d\n    answer_in: 1h\n    resolve: 12d\n    hours: business\n",
    ),
)
ACTIVE = "  active_time_intervals:\n<< pad >>    - << route.active >>\n"
MUTED = "  mute_time_intervals:\n<< pad >>    - closed\n"
INTERVALS = "time_intervals:\n<% for interval in intervals %>\n"
CLOSED = """time_intervals:
  - name: closed
    time_intervals:
      - weekdays: [saturday, sunday]
        location: Europe/Zurich
      - times: [{start_time: '00:00', end_time: '09:00'}, {start_time: '18:00', end_time: '24:00'}]
        location: Europe/Zurich
<% for interval in intervals %>
"""


def told(tmp_path, policy, *edits):
    """Return the lines of `explain` that say when somebody is told, with edits of the template of the routes."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "shop.yaml").write_text(policy, encoding="utf-8")
    folder = tmp_path / "templates" / "alertmanager"
    folder.mkdir(parents=True)
    text = (packaged_templates() / "alertmanager" / "alertmanager.yml.j2").read_text(encoding="utf-8")
    (folder / "alertmanager.yml.j2").write_text(edited(text, *edits), encoding="utf-8")
    ran = alertc(tmp_path, "explain", "ErrorsHigh")
    assert (ran.returncode, ran.stderr) == (0, "")
    _, lines, *_ = ran.stdout.split("at the latest:\n")
    return lines.split("\n\n")[0].splitlines()


@pytest.mark.parametrize("edits", [(), ((ACTIVE, MUTED), (INTERVALS, CLOSED))], ids=["active", "muted"])
def test_a_route_with_hours_waits_for_them_and_others_do_not(tmp_path, edits):
    assert told(tmp_path, HOURS, *edits)[:4] == [
        "      11m35s  room         Slack #shop, again within 23h55m",
        "   64h11m35s  page-web-P2  PagerDuty pages whoever is on call in primary",
        "  4d12h4m35s  page-web-P2  PagerDuty pages Cy Okafor, as Incident Commander",
        "  4d13h4m35s               the last of them has answered; the SLA is less than 6d: 34h55m25s to spare",
    ]


def test_who_is_paged_answers_whenever_a_room_is_told(tmp_path):
    one_step = edited(SMALL, ("    - {page: person/cy, by: 80%, as: incident-commander}\n", ""))
    slow_room = ("<< route.group_interval |", "<< '30m' if route.receiver == 'room' else route.group_interval |")
    assert told(tmp_path, one_step, slow_room)[:3] == [
        "    11m35s  page-web-P2  PagerDuty pages whoever is on call in primary",
        "    36m35s  room         Slack #shop, again within 2h",
        "    59m35s               the last of them has answered; the SLA is less than 4h: 3h25s to spare",
    ]
