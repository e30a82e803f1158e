"""Alerts may have any name that people can read: it is escaped wherever a character of it has a meaning."""

import pytest
import yaml

from generator.upstream.alertmanager.matchers import is_any, is_like, is_one
from tests.compiling import SMALL, edited, files, said
from tests.projects import alertc
from tests.verifying import verified

NAMES = (
    "Money lost",
    "Größe (5%).*|^x$",
    'Say "a\\b", it\'s',
    "CPU > 90%",
    "500",
    "true",
    "- no",
    "<b>&amp;</b> `code` |pipe| *star*",
    "日本語アラート",
    "a/b",
    "$labels ${x} %s",
    "a.b (c|d)*",
)


def policy(*names):
    """Return the small policy with alerts renamed: one that halts, one that silences, one that is silenced."""
    text = SMALL
    for old, name in zip(("MoneyLost", "ServiceDown", "ErrorsHigh"), names, strict=False):
        quoted = name.replace("'", "''")
        text = edited(text, (f"  {old}:\n", f"  '{quoted}':\n"))
    return text


@pytest.mark.parametrize("names", [NAMES[at : at + 3] for at in range(0, len(NAMES), 3)])
def test_the_files_keep_what_is_promised(names):
    text = policy(*names)
    assert said(text) == ""
    rules = yaml.safe_load(files(text)["prometheus/rules/shop.yaml"])["groups"][0]["rules"]
    assert {*names, f"{names[0]}NoData"} <= {rule["alert"] for rule in rules}
    assert verified(policy=text) == ""


@pytest.mark.parametrize(
    "name",
    [" lost", "lost ", "Money  lost", "Money\tlost", "Money\u00a0lost", "Money\u202elost", "a {{ b }}", "~", "a" * 121],
)
def test_a_name_that_people_cannot_tell_from_another_is_refused(name):
    text = edited(
        SMALL, ("  MoneyLost:\n", f"  {yaml.safe_dump(name, allow_unicode=False, width=1000).split(chr(10))[0]}:\n")
    )
    assert said(text).startswith("error[POL208]: `")
    assert "is not an alert name" in said(text)


def test_matchers_escape_what_has_a_meaning():
    assert is_one("alertname", 'a"b\\c.d') == 'alertname="a\\"b\\\\c.d"'
    assert is_any("alertname", ["a.b"]) == 'alertname="a.b"'
    assert is_any("alertname", ["x|y", "a.b", "c (5%)"]) == r'alertname=~"a\\.b|c \\(5%\\)|x\\|y"'
    assert is_like("alertname", "a.b") == r'alertname=~"a\\.b"'


@pytest.fixture(params=['Disk "full", 95% (a|b)', "Disk.full: <x>"])
def shop(request, tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(
        policy(*(request.param + end for end in ("", " down", " errors"))), encoding="utf-8"
    )
    tmp_path.joinpath("name").write_text(request.param, encoding="utf-8")
    return tmp_path


def test_the_commands_know_it(shop):
    name = shop.joinpath("name").read_text(encoding="utf-8")
    assert (alertc(shop, "render").returncode, alertc(shop, "check", "--mutate").returncode) == (0, 0)
    assert alertc(shop, "explain", name).stdout.startswith(f"{name} is a P0 of shop (policy/shop.yaml:128).\n")
    assert alertc(shop, "report", "--output", "page.html").returncode == 0
    before = edited(
        (shop / "policy/shop.yaml").read_text(encoding="utf-8"), ("    seen_within: 15s\n    cont", "    cont")
    )
    quoted = name.replace("'", "''")
    (shop / "before.yaml").write_text(before.replace(f"  '{quoted}':", "  MoneyLost:"), encoding="utf-8")
    assert f"{name}, a P0 of shop (policy/shop.yaml:128)\n" in alertc(shop, "diff", "before.yaml").stdout


def test_what_became_weaker_can_be_accepted_by_name():
    accepts = '\naccepts:\n  lost: {weaker: ["alerts/Money lost"], reason: Moved., until: 2099-12-31}\n'
    assert said(policy("Money lost") + accepts) == ""
