"""docs/pagerduty.md is true: its commands print what it shows."""

import re
import shlex
from datetime import datetime, timezone

from generator import cli
from generator.remote.pagerduty import remote
from tests.alertmanager import shipped
from tests.compiling import EXCHANGE, ROOT
from tests.pagerduty import API_KEY, running
from tests.sessions import SESSION

NOW = datetime(2026, 3, 3, 10, 0, tzinfo=timezone.utc)


def test_the_page_shows_what_is_printed(tmp_path, monkeypatch, capfd):
    (tmp_path / "policy").mkdir()
    (tmp_path / "keys").mkdir()
    (tmp_path / "policy/exchange.yaml").write_text(EXCHANGE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(remote, "now", lambda: NOW)
    page = (ROOT / "docs/pagerduty.md").read_text(encoding="utf-8")
    first, second, third = SESSION.findall(page)
    with running(NOW) as account:
        for person in shipped().plan.policy.people.values():
            account.invite(person.name, person.email, rule="email" if person.name == "Kai Brandt" else "phone")
        monkeypatch.setenv("PAGERDUTY_API_KEY", API_KEY)
        monkeypatch.setenv("ALERTC_PAGERDUTY_URL", account.url)
        played(first, capfd, 0)
        played(second, capfd, 0)
        account.state.named("services", "distributed-exchange funds P0")["acknowledgement_timeout"] = 1800
        (tmp_path / "keys/pagerduty-funds-P1").unlink()
        played(third, capfd, 1)


def played(session, capfd, code):
    for step in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]:
        command, *shown = step.splitlines()
        program, *arguments = shlex.split(command)
        assert program == "alertc"
        assert cli.main(arguments) == code
        printed = "".join(capfd.readouterr()).splitlines()
        at = 0
        for line in shown:
            assert line in printed[at:], f"{command} printed\n" + "\n".join(printed)
            at = printed.index(line, at) + 1
