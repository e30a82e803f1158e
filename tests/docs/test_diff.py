"""What docs/diff.md shows is what alertc prints, and what it names exists."""

import re

import pytest

from tests.compiling import ROOT, SMALL, compiled
from tests.sessions import SESSION, copied, play

PAGE = (ROOT / "docs/diff.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("session", SESSION.findall(PAGE))
def test_a_session_prints_what_the_page_shows(tmp_path, session):
    copied(tmp_path)
    play(session, tmp_path)


def test_the_acceptance_that_is_shown_is_one():
    (shown,) = re.findall(r"```yaml\n(accepts:.*?)```", PAGE, re.DOTALL)
    (acceptance,) = compiled(f"{SMALL}\n{shown}").plan.policy.accepts.values()
    assert acceptance.weaker == ("alerts/ConsumerLagHigh",)


def test_what_the_page_names_is_there():
    names = re.findall(r"(?:generator|tests)/[\w./]+\w", PAGE)
    assert len(names) > 3
    assert [name for name in names if not (ROOT / name).exists()] == []
