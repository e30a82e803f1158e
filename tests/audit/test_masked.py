"""The texts of a configuration as findings show them."""

from __future__ import annotations

from generator.audit.masked import Masked


def test_a_text_that_was_taken_away_is_gone_though_somebody_asked_for_it_before() -> None:
    texts = Masked()
    texts.add("alertmanager.yml", b"slack: [hunter2-hunter2\n")
    assert "alertmanager.yml" in texts
    assert texts["alertmanager.yml"] == b"slack: [hunter2-hunter2\n"

    texts.drop("alertmanager.yml")

    assert "alertmanager.yml" not in texts
    assert texts.get("alertmanager.yml") is None


def test_what_is_hidden_later_is_hidden_though_the_text_was_shown_before() -> None:
    texts = Masked()
    texts.add("alertmanager.yml", b'? "api_url"\n: hunter2-hunter2\n')
    assert texts["alertmanager.yml"] == b'? "api_url"\n: hunter2-hunter2\n'

    texts.hide("alertmanager.yml", {"api_url": "hunter2-hunter2"})

    assert texts["alertmanager.yml"] == b'? "api_url"\n: <secret>\n'
