"""The picture of the routes in the report: the words of `alertc graph`, in boxes that do not overlap."""

import xml.etree.ElementTree as ET

import pytest

from generator.behaviour import route_tree
from generator.behaviour.alerts import sent_alerts
from generator.behaviour.label_sets import LabelSets
from generator.behaviour.route_tree import Branch
from generator.commands.graph import entities, mermaid
from generator.report import drawing
from generator.upstream.alertmanager.match import Router
from tests.compiling import SMALL, compiled, read_back


@pytest.fixture(scope="module")
def tree():
    made = compiled(SMALL)
    behaviour = read_back(made.artifacts)
    router = Router(behaviour.root)
    return route_tree.whole(
        made.plan, behaviour, router, tuple(sent_alerts(made.plan, behaviour, router, LabelSets(behaviour.rules, {})))
    )


def test_the_picture_holds_the_words_of_the_flowchart(tree):
    picture = ET.fromstring(drawing.svg(tree, "Routes"))
    words = {text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")}
    flow = "\n".join(mermaid(tree))
    assert {"Alertmanager", "every alert"} <= words
    assert all(entities(word) in flow for word in words)


def test_no_box_of_the_picture_lies_on_another(tree):
    picture = ET.fromstring(drawing.svg(tree, "Routes"))
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
