"""`alertc graph` draws the routes as they are in the rendered files, for people and for Mermaid."""

import xml.etree.ElementTree as ET

import pytest

from generator.behaviour.route_tree import Branch
from generator.report import drawing
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


def test_the_picture_holds_the_same_words(project):
    picture = ET.fromstring(alertc(project, "graph", "--format", "svg").stdout)
    words = {text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")}
    flow = alertc(project, "graph").stdout
    assert {"Alertmanager", "every alert"} <= words
    assert all(drawing.entities(word) in flow for word in words)


def test_no_box_of_the_picture_lies_on_another(project):
    picture = ET.fromstring(alertc(project, "graph", "--format", "svg").stdout)
    boxes = [
        tuple(float(box.attrib[side]) for side in ("x", "y", "width", "height"))
        for box in picture.iter("{http://www.w3.org/2000/svg}rect")
    ]
    width, height = float(picture.attrib["width"]), float(picture.attrib["height"])
    for number, (x, y, wide, high) in enumerate(boxes):
        assert x >= 0
        assert y >= 0
        assert x + wide <= width
        assert y + high <= height
        for left, top, other_wide, other_high in boxes[:number]:
            apart = x >= left + other_wide or left >= x + wide or y >= top + other_high or top >= y + high
            assert apart, "two boxes overlap"


def test_text_of_the_policy_stays_text():
    hostile = Branch(kind="route", title='"]; click <b>&amp;</b>', lines=("a\nb", "\u202eevil", "#35;", "x" * 100))
    picture = ET.fromstring(drawing.svg(hostile, "<title>"))
    texts = [text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ['"]; click <b>&amp;</b>', "a b", " evil", "#35;", "x" * 63 + "…"]
    assert drawing.mermaid(hostile) == (
        "flowchart LR\n"
        '    n["<b>#34;#93;; click #60;b#62;#38;amp;#60;/b#62;</b><br/>a b<br/>#8238;evil<br/>#35;35;<br/>'
        + "x" * 100
        + '"]\n'
    )


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
