"""`who` and the procedure in policies with several environments."""

import json

import pytest

from generator.checks import verify
from generator.checks.files import procedure
from tests.compiling import SMALL, edited, files
from tests.environments import BY_PROMETHEUS, BY_RULE, DIFFERING
from tests.projects import alertc
from tests.verifying import verified

PROCEDURE = "docs/incident-response.md"


@pytest.fixture
def project(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(BY_RULE, encoding="utf-8")
    return tmp_path


def test_where_nobody_is_paged_who_says_whom_it_tells(project):
    ran = alertc(project, "who", "P0", "shop", "--environment", "staging")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == "In staging nobody is paged. A P0 of shop is told to:\n  staging-room: Slack #staging\n"
    read = json.loads(alertc(project, "who", "P0", "shop", "--environment", "staging", "--format", "json").stdout)
    assert read == {
        "service": "shop",
        "severity": "P0",
        "environment": "staging",
        "told": [{"channel": "staging-room", "through": "Slack #staging"}],
    }


def test_the_first_one_is_meant_unless_another_is_named(project):
    named = alertc(project, "who", "P0", "shop", "--environment", "production", "--at", "2026-12-24 03:00").stdout
    assert named == alertc(project, "who", "P0", "shop", "--at", "2026-12-24 03:00").stdout
    assert named.startswith("A P0 of shop, Thu 2026-12-24 03:00 (Europe/Zurich):\n")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("P0", "shop", "--environment", "stagin"), "there is no environment `stagin` among production, staging"),
        (("P9", "shop", "--environment", "staging"), "there is no severity `P9` among P0, P1, P2, P3"),
        (("P0", "shops", "--environment", "staging"), "there is no service `shops`"),
    ],
)
def test_what_is_unknown_is_an_error(project, asked, said):
    ran = alertc(project, "who", *asked)
    assert ran.returncode == 2
    assert said in ran.stderr


OTHERS = """\
## Other environments

What stands above is meant for production.

- **staging** is an environment in which nobody is paged, nothing is halted and nothing is said in public. \
P0, P1, P2 and P3 are told to #staging."""


def test_the_procedure_says_what_is_otherwise_elsewhere():
    assert OTHERS + "\n\n" in files(BY_PROMETHEUS)[PROCEDURE]
    assert OTHERS + " Other thresholds or times: ErrorsHigh.\n\n" in files(DIFFERING)[PROCEDURE]
    assert "Other environments" not in files(SMALL)[PROCEDURE]
    heartbeat = (
        '  heartbeat-eu: {webhook: "https://eu.internal/v1", token_file: eu, audience: internal, resolved: never}'
    )
    alike = edited(
        BY_RULE,
        ("staging: {notify: [staging-room]}", "eu: {heartbeat: heartbeat-eu}"),
        ("channels:\n", f"channels:\n{heartbeat}\n"),
    )
    assert "- **eu** is an environment that pages as production does.\n" in files(alike)[PROCEDURE]


def test_a_page_that_names_another_room_is_found(monkeypatch):
    monkeypatch.setattr(verify, "VERIFIERS", (procedure.check,))
    monkeypatch.setattr(verify, "ASKERS", ())
    assert verified(policy=BY_RULE) == ""
    assert "does not say what environments do: staging" in verified(
        (PROCEDURE, "told to #staging", "told to #shop"), policy=BY_RULE
    )
    assert verified((PROCEDURE, "**staging** is an environment", "**elsewhere** is another"), policy=BY_RULE) == ""
