"""A drill plays the servers of chats and of pagers that are not PagerDuty."""

import re

import pytest

from generator.system import debian
from tests.projects import alertc, change

pytestmark = [pytest.mark.network, pytest.mark.realtime]

KINDS = {
    "msteams": "Microsoft Teams (",
    "msteamsv2": "Microsoft Teams (",
    "discord": "Discord (",
    "opsgenie": "Opsgenie: ",
    "victorops": "VictorOps shop: ",
}
SECRETS = {"opsgenie": "key_file", "victorops": "key_file"}


def test_each_channel_that_can_be_played_hears_of_an_alert(project, monkeypatch):
    debian.fetch("trixie")
    monkeypatch.setenv("ALERTC_GENERATION", "trixie")
    channels = (
        f"  to-{kind}: {{{kind}: shop, {SECRETS.get(kind, 'url_file')}: {kind}, audience: internal}}\n"
        for kind in KINDS
    )
    change(
        project,
        ('alertmanager: {version: "0.25"', 'alertmanager: {version: "0.28"'),
        ("channels:\n", "channels:\n" + "".join(channels)),
        (
            "    resolve: 24h\n    notify: [page, room]",
            f"    resolve: 24h\n    notify: [page, room, {', '.join(f'to-{kind}' for kind in KINDS)}]",
        ),
    )
    drilled = alertc(project, "drill", "ErrorsHigh", "--scale", "30")
    assert drilled.returncode == 0, drilled.stdout + drilled.stderr
    for kind, said in KINDS.items():
        assert re.search(rf"  to-{kind} +{re.escape(said)}", drilled.stdout), drilled.stdout
    assert "everything came inside its prediction, and nobody else was told." in drilled.stdout
