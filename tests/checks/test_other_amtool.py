"""Where amtool is older than the Alertmanager of the policy, one that was fetched judges the configuration."""

import pytest

from generator.commands.tools import suites_to_fetch
from tests.projects import alertc, change

TEAMS = (
    ('alertmanager: {version: "0.25"', 'alertmanager: {version: "0.33"'),
    (
        '  room: {slack: "#shop", audience: internal}',
        "  room: {msteams: Shop, url_file: teams-shop, audience: internal}",
    ),
)


@pytest.mark.network
def test_an_amtool_that_knows_the_declared_alertmanager_judges_its_configuration(project, fetched, monkeypatch):
    monkeypatch.chdir(project)
    fetched("bookworm")
    change(project, *TEAMS)
    older = alertc(project, "render").stderr
    assert "error[AMT604]: Alertmanager does not load its configuration: field msteams_configs not found" in older
    assert "help: amtool 0.25.0 is older than the Alertmanager 0.33 of the policy: run `alertc tools --fetch`" in older
    assert list(suites_to_fetch()) == ["forky"]
    fetched("forky")
    assert list(suites_to_fetch()) == []
    rendered = alertc(project, "render")
    assert rendered.stderr == ""
    assert "amtool 0.33." in rendered.stdout
    tools = alertc(project, "tools").stdout.splitlines()
    assert [line.partition(" (")[2] for line in tools if line.startswith("amtool ")] == [
        "fetched, bookworm)",
        "fetched, forky), for the policy, which declares 0.33",
    ]
