"""`alertc pagerduty` against an account that keeps state and holds all that is said to PagerDuty's description."""

import re
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timezone
from functools import cache

import pytest

from generator import source
from generator.commands import pagerduty as commands
from generator.commands.project import Project
from generator.diagnostics import Unready
from generator.pagerduty import apply as applying
from generator.pagerduty import remote
from generator.pagerduty.changes import Choices
from generator.pagerduty.found import Secret
from generator.pagerduty.keys import KeyFolder
from tests.alertmanager import shipped
from tests.compiling import EXCHANGE, ROOT
from tests.pagerduty import API_KEY, Fault, described, running

NOW = datetime(2026, 3, 3, 10, 0, tzinfo=timezone.utc)
"""A Tuesday, on which every layer of the shipped schedules has begun."""

KEY = re.compile(r"[0-9a-f]{32}")


@pytest.fixture(scope="module", autouse=True)
def _description():
    described()


@pytest.fixture(autouse=True)
def _now(monkeypatch):
    monkeypatch.setattr(remote, "now", lambda: NOW)


@pytest.fixture
def account(monkeypatch):
    with running(NOW) as found:
        everybody(found)
        monkeypatch.setenv("PAGERDUTY_API_KEY", API_KEY)
        monkeypatch.setenv("ALERTC_PAGERDUTY_URL", found.url)
        monkeypatch.delenv("PAGERDUTY_SERVICE_REGION", raising=False)
        yield found


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A project, into which the test has gone, with a folder for the keys."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/exchange.yaml").write_text(EXCHANGE, encoding="utf-8")
    (tmp_path / "keys").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def everybody(account):
    for person in shipped().plan.policy.people.values():
        account.invite(person.name, person.email)


@cache
def wanted():
    path = ROOT / "policy/exchange.yaml"
    project = Project(policy=path, out=ROOT / "out", templates=None)
    return commands.wanted(project, source.read(path.read_bytes(), "policy/exchange.yaml"))


@contextmanager
def compared(account, keys, **choices):
    with remote.Remote(remote.Account(url=account.url, key=Secret(text=API_KEY), pause=0, timeout=1)) as there:
        yield commands.compare(there, wanted(), KeyFolder(folder=keys), Choices(**choices))


def applied(account, keys, **choices):
    """Carry out what is to be done and return how much that was."""
    with compared(account, keys, **choices) as found:
        assert found.changes.problems == ()
        return len(list(applying.apply(found.account, found.desired, found.found, found.changes, found.folder)))


def final(account, keys):
    """Return what the account and the folder of the keys hold."""
    return {**asdict(account.state), "files": {path.name: path.read_text() for path in sorted(keys.iterdir())}}


def test_apply_interrupted_at_every_request_and_run_again_ends_in_the_same_state(tmp_path):
    with running(NOW) as account:
        everybody(account)
        keys = tmp_path / "whole"
        keys.mkdir()
        assert applied(account, keys) == 44
        whole, requests = final(account, keys), len(account.requests)
    assert len(whole["files"]) == 11
    assert requests == 49
    for acted in (False, True):
        for at in range(requests):
            with running(NOW) as account:
                everybody(account)
                keys = tmp_path / f"{at}-{acted}"
                keys.mkdir()
                account.fault = Fault("closed", at=at, acted=acted, lasting=True)
                with pytest.raises(Unready, match="PagerDuty did not answer"):
                    applied(account, keys)
                account.fault = None
                applied(account, keys)
                assert final(account, keys) == whole, f"interrupted at request {at}, acted: {acted}"
                with compared(account, keys) as found:
                    assert found.changes.todo == ()
