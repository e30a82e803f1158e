"""Whatever key of a rendered file is changed is found, or is known to change nothing but how something looks."""

import pytest

from tests import cluster, every_key, seeds
from tests.compiling import EXCHANGE, SMALL, compiled, edited
from tests.plan.test_nobody import ALERT as UNTOLD
from tests.plan.test_thresholds import ALERT as THRESHOLDS
from tests.plan.test_thresholds import BEFORE
from tests.targets.test_terraform import RICH

# Rotas in layers, e-mail to a room and to the public, a mail server, pages in business hours alone, a team's own room,
# an alert with labels, annotations and an end of its own, one with two thresholds, one that is told to nobody.
OTHER = edited(
    RICH,
    ('slack: "#shop"', 'email: "room@shop.example"'),
    ('slack: "#status"', 'email: "status@shop.example"'),
    (
        "secrets: /etc/alertmanager/secrets",
        "secrets: /etc/alertmanager/secrets, smtp: {smarthost: 'mail.example:25', from: a@b.example}",
    ),
    (
        "    acknowledge: 24h\n",
        "    acknowledge: 6d\n    answer_in: 1h\n    hours: business\n",
    ),
    ("    notify: [room]", "    notify: [page, room]"),
    ("members: [ana, bo]}", "members: [ana, bo], notify: {P2: [web-room]}}"),
    ("  status-draft: {", '  web-room: {slack: "#web", audience: internal}\n  status-draft: {'),
    (
        "    for: 15m\n",
        "    for: 15m\n    keep_firing_for: 5m\n    labels: {tier: edge}\n    annotations: {dashboard: 'https://dash.example/a'}\n",
    ),
    (BEFORE, THRESHOLDS + UNTOLD.replace("disk_used_ratio", "disk_filled_ratio") + BEFORE),
    (
        "  heartbeat: {via: heartbeat, every: 1m}\n",
        "  heartbeat: {via: heartbeat, every: 1m}\n  alerts: {NotificationsFail: {more_than: 2, notify: [web-room]}}\n",
    ),
)
POLICIES = {name: cluster.objects(text) for name, text in {"exchange": EXCHANGE, "other": OTHER}.items()}
_made = {}


def made(name):
    if name not in _made:
        _made[name] = compiled(POLICIES[name])
    return _made[name]


@pytest.mark.drawn
@pytest.mark.parametrize("kind", every_key.KINDS)
@pytest.mark.parametrize("name", seeds.parameters(POLICIES, 2))
def test_a_changed_key_is_found_or_only_looks_otherwise(name, kind):
    most = None if seeds.is_thorough() else 4
    outcome = every_key.tried(made(name), kind, most, seeds.seed())
    assert outcome.holes == []
    assert outcome.keys > 0


@pytest.mark.drawn
def test_each_row_of_looks_excuses_something():
    mades = [made(name) for name in POLICIES]
    # What another seed draws may give a row nothing to excuse.
    assert every_key.idle_rows(mades, 1, ask=seeds.is_thorough()) == []


def test_the_small_policy_is_tried_with_other_features():
    assert "email_configs" in "".join(one.text for one in made("other").artifacts)
    assert "time_intervals" in "".join(one.text for one in made("other").artifacts)
    assert compiled(SMALL).artifacts != made("other").artifacts
