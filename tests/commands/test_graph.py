"""`alertc graph` draws the routes as they are in the rendered files, for people and for Mermaid."""

import pytest

from generator.behaviour.route_tree import Branch
from generator.commands.graph import mermaid
from tests.compiling import SMALL
from tests.projects import alertc, change


@pytest.fixture
def project(tmp_path):
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy/shop.yaml").write_text(SMALL, encoding="utf-8")
    return tmp_path


def test_the_whole_tree_names_routes_receivers_and_steps(project, golden):
    ran = alertc(project, "graph")
    assert (ran.returncode, ran.stderr) == (0, "")
    golden.expect("graph/small.mmd", ran.stdout)


def test_of_one_alert_only_the_routes_that_it_takes_are_drawn(project, golden):
    ran = alertc(project, "graph", "MoneyLost")
    assert (ran.returncode, ran.stderr) == (0, "")
    golden.expect("graph/alert.mmd", ran.stdout)


def test_text_of_the_policy_stays_text():
    hostile = Branch(kind="route", title='"]; click <b>&amp;</b>', lines=("a\nb", "\u202eevil", "#35;", "x" * 100))
    assert list(mermaid(hostile)) == [
        "flowchart LR",
        '    n["<b>#34;#93;; click #60;b#62;#38;amp;#60;/b#62;</b><br/>a b<br/>#8238;evil<br/>#35;35;<br/>'
        + "x" * 100
        + '"]',
    ]


def test_an_unknown_alert_gets_a_suggestion(project):
    ran = alertc(project, "graph", "MoneyLos")
    assert ran.returncode == 2
    assert ran.stderr.splitlines()[-1] == "Error: there is no alert `MoneyLos`; did you mean `MoneyLost`?"


def test_a_policy_that_does_not_compile_is_explained(project):
    change(project, ("severity: P0", "severity: P7"))
    ran = alertc(project, "graph")
    assert ran.returncode == 1
    assert "severity" in ran.stderr
    assert ran.stdout == ""
