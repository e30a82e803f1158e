"""The policy of an ordinary company: it compiles without a word for three generations, and keeps each promise."""

import pytest

from generator.system import debian
from tests.compiling import ROOT, edited
from tests.projects import alertc

ACME = (ROOT / "tests/policies/acme.yaml").read_text(encoding="utf-8")
TEAMS = "platform-room: {msteams: Platform, url_file: teams-platform, audience: internal}"
OLDER = 'platform-room: {webhook: "https://teams.acme.example/", token_file: teams, audience: internal}'
"""Alertmanager 0.25 does not know Teams: a bridge passes its messages on."""
GENERATIONS = {
    "bookworm": (('version: "2.53"', 'version: "2.42"'), ('version: "0.28"', 'version: "0.25"'), (TEAMS, OLDER)),
    "trixie": (),
    "forky": (('version: "2.53"', 'version: "3.5"'), ('version: "0.28"', 'version: "0.33"')),
}


@pytest.fixture
def acme(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "acme.yaml").write_text(ACME)
    return tmp_path


@pytest.mark.network
@pytest.mark.thorough
@pytest.mark.parametrize("suite", GENERATIONS)
def test_it_compiles_without_a_word(acme, suite, monkeypatch):
    debian.fetch(suite)
    monkeypatch.setenv("ALERTC_GENERATION", suite)
    (acme / "policy" / "acme.yaml").write_text(edited(ACME, *GENERATIONS[suite]))
    rendered = alertc(acme, "render")
    assert (rendered.returncode, rendered.stderr) == (0, "")


@pytest.mark.network
@pytest.mark.realtime
@pytest.mark.parametrize("environment", ["production", "staging"])
def test_each_promise_is_kept_on_real_servers(acme, environment, monkeypatch):
    debian.fetch("trixie")
    monkeypatch.setenv("ALERTC_GENERATION", "trixie")
    drilled = alertc(acme, "drill", "--all", "--scale", "30", "--environment", environment)
    assert drilled.returncode == 0, drilled.stdout + drilled.stderr
    assert "everything came inside its prediction, and nobody else was told." in drilled.stdout
