"""What is known of each kind of integration is what Alertmanager's own source and a running one say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from generator.behaviour import documents
from generator.behaviour.behaviour import behave
from generator.behaviour.documents import ALERTMANAGER
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import PolicyErrors
from generator.policy import schema
from generator.system.artifact import Artifact
from generator.upstream.alertmanager.integrations import KINDS
from tests.alertmanager import SUITES, Alertmanager, program, running

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from generator.upstream.alertmanager.kinds import Kind
    from tests.conftest import Golden

QUIET = {"slack", "email", "rocketchat", "wechat"}
"""The kinds that say nothing of an end unless they are told to."""

SAID: dict[str, tuple[dict[str, Any], str]] = {
    "pagerduty": ({"routing_key_file": "/k"}, "PagerDuty"),
    "slack": ({"api_url_file": "/k", "channel": "#a"}, "Slack #a"),
    "webhook": ({"url_file": "/k"}, "the webhook /k"),
    "email": ({"to": "a@b.example"}, "e-mail to a@b.example"),
    "msteamsv2": ({"webhook_url_file": "/k"}, "Microsoft Teams (/k)"),
    "telegram": ({"chat_id": "-4"}, "Telegram chat -4"),
    "sns": ({"target_arn": "arn:a"}, "Amazon SNS arn:a"),
    "mattermost": ({"webhook_url_file": "/k"}, "Mattermost /k"),
}


def configuration(kinds: Iterable[Kind]) -> str:
    """Return a configuration with a receiver of each kind, which says nothing of `send_resolved`."""
    receivers = "".join(f"- name: {kind.name}\n  {kind.name}_configs:\n  - {{{kind.example}}}\n" for kind in kinds)
    return f"route: {{receiver: webhook}}\nreceivers:\n{receivers}"


def resolved(text: str) -> dict[str, bool]:
    """Return which receivers of a configuration say that an alert is over."""
    files = (Artifact(path=ALERTMANAGER, text=text),)
    receivers = behave(documents.read(files), files).receivers
    return {receiver.name: integration.resolved for receiver in receivers for integration in receiver.integrations}


def test_a_kind_that_is_not_told_to_sends_resolved_or_not_as_alertmanager_does() -> None:
    assert resolved(configuration(KINDS.values())) == {name: name not in QUIET for name in KINDS}


@pytest.mark.network
@pytest.mark.parametrize("suite", SUITES)
def test_a_running_alertmanager_has_the_same_defaults(suite: str, tmp_path: Path) -> None:
    version = program(suite, "alertmanager").version
    kinds = [kind for kind in KINDS.values() if kind.since <= version]
    assert len(kinds) >= 12
    text = configuration(kinds)
    file = tmp_path / "alertmanager.yml"
    file.write_text(text, encoding="utf-8")
    with running(suite, file, tmp_path) as server:
        loaded = original(server)
    # What runs says `send_resolved` of every integration: nothing is left to what we believe.
    assert loaded.count("send_resolved: ") == len(kinds)
    assert resolved(loaded) == resolved(text)


def original(server: Alertmanager) -> str:
    found = server.ask("status")["config"]["original"]
    assert isinstance(found, str)
    return found


def test_of_an_unknown_kind_it_is_not_guessed(golden: Golden) -> None:
    text = "route: {receiver: a}\nreceivers: [{name: a, pigeon_configs: [{loft: north}]}]\n"
    with pytest.raises(PolicyErrors) as refused:
        resolved(text)
    shown = {f"out/{ALERTMANAGER}": text.encode()}
    golden.expect("verify/unknown-integration.txt", formats.to_text(refused.value.diagnostics, shown))
    assert resolved(text.replace("loft: north", "send_resolved: true")) == {"a": True}


@pytest.mark.parametrize("name", SAID)
def test_people_call_it_by_what_it_reaches(name: str) -> None:
    settings, said = SAID[name]
    assert KINDS[name].says(settings) == said


def test_without_an_address_it_is_called_by_its_kind_alone() -> None:
    assert KINDS["slack"].says({"api_url_file": "/k"}) == "Slack"


def test_the_schema_of_the_configuration_knows_the_same_kinds() -> None:
    receiver = schema.read("alertmanager")["$defs"]["receiver"]["properties"]
    assert {key.removesuffix("_configs") for key in receiver if key.endswith("_configs")} == KINDS.keys()


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.name)
def test_a_row_speaks_of_settings_that_the_schema_knows(kind: Kind) -> None:
    known = schema.read("alertmanager")["$defs"][kind.name]["properties"]
    named = {*kind.secrets, *(text.way[0] for text in kind.texts)}
    assert sorted(named - known.keys()) == []
    # An address that is a secret itself is known by its file alone.
    assert [key for key in kind.address if key in known] != []
    assert [key for key in kind.address if key not in known and f"{key}_file" not in known] == []
