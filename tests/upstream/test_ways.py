"""Which ways alerts can take where only their series know some labels: each label set takes exactly one of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.upstream.alertmanager import ways
from generator.upstream.alertmanager.match import Router, matches, parse
from generator.upstream.alertmanager.values import Undecided
from generator.upstream.alertmanager.ways import Ways
from tests.chance import behaviour_of, limits_of
from tests.upstream.test_match import LABELS, label_sets, matchers, trees

ANYTHING = frozenset()


def tree(*routes):
    """Return a router for a root and the routes below it, each of receiver, matchers and `continue`."""
    config = {
        "route": {
            "receiver": "root",
            "routes": [
                {"receiver": name, "matchers": list(asked), "continue": goes_on} for name, asked, goes_on in routes
            ],
        },
        "receivers": [{"name": name} for name in ("root", *(route[0] for route in routes))],
    }
    return Router(behaviour_of(config).root)


def found(router, fixed, **limits):
    """Return the receivers of each way, with the values under which it is taken."""
    asked = {label: frozenset(parse(limit)[0] for limit in each) for label, each in limits.items()}
    return [
        ([node.receiver for node in way.nodes], dict(way.values)) for way in Ways(router).of(fixed, asked, "example")
    ]


def test_where_all_is_known_there_is_one_way():
    assert found(tree(("room", ['a="1"'], False)), {"a": "1"}) == [(["room"], {})]


def test_both_ways_are_followed_where_only_the_series_know():
    router = tree(("room", ['a="1"'], False))
    assert found(router, {}, a=[]) == [(["root"], {"a": "example"}), (["room"], {"a": "1"})]


def test_earlier_routes_leave_less_for_later_ones():
    router = tree(("first", ['a=~"x.*"'], False), ("second", ['a=~"xy|z"'], False))
    assert found(router, {}, a=[]) == [
        (["root"], {"a": "example"}),
        (["first"], {"a": "x"}),
        (["second"], {"a": "z"}),
    ]


def test_a_route_that_continues_leaves_all():
    router = tree(("copy", ['a="1"'], True), ("rest", [], False))
    assert found(router, {}, a=[]) == [(["rest"], {"a": "example"}), (["copy", "rest"], {"a": "1"})]


def test_what_is_known_of_a_value_closes_ways():
    router = tree(("room", ['a=~"x.*"'], False), ("lacking", ['a=""'], False))
    assert found(router, {}, a=['a=~"x[0-9]+"']) == [(["room"], {"a": "x0"})]
    assert found(router, {}, a=['a!~"x.*"', 'a!=""']) == [(["root"], {"a": "example"})]


def test_what_no_value_suits_closes_none():
    router = tree(("room", ['a="1"'], False))
    assert found(router, {}, a=['a="2"', 'a="3"']) == [(["root"], {"a": "example"}), (["room"], {"a": "1"})]


def test_several_labels_are_assumed_together():
    router = tree(("room", ['a="1"', 'b="2"'], False))
    assert found(router, {}, a=[], b=[]) == [
        (["root"], {"a": "example"}),
        (["room"], {"a": "1", "b": "2"}),
    ]


def test_among_many_routes_by_one_label_none_is_overlooked():
    router = tree(*((f"team-{number}", [f'team="{number}"'], False) for number in range(20)))
    taken = found(router, {}, team=[])
    assert [way[0] for way in taken] == [["root"], *([f"team-{number}"] for number in range(20))]
    assert found(router, {"team": "7"}) == [(["team-7"], {})]


def test_a_label_that_is_not_there_has_the_empty_value():
    router = tree(
        *((f"team-{number}", [f'team="{number}"'], False) for number in range(20)), ("none", ['team=""'], False)
    )
    assert found(router, {"team": ""}) == [(["none"], {})]
    assert (["none"], {"team": ""}) in found(router, {}, team=[])


def test_there_is_an_end_to_the_ways_that_are_followed(monkeypatch):
    router = tree(*((f"r{number}", [f'l{number}="1"'], True) for number in range(12)))
    with pytest.raises(Undecided, match="more than 1,000 ways"):
        Ways(router).of({}, {f"l{number}": ANYTHING for number in range(12)}, "example")
    monkeypatch.setattr(ways, "MOST_WAYS", 5_000)
    assert len(Ways(router).of({}, {f"l{number}": ANYTHING for number in range(12)}, "example")) == 2**12


@pytest.mark.parametrize("goes_on", [False, True], ids=["one-or-none", "any-of-them"])
def test_as_many_ways_as_may_be_are_followed_and_no_more(monkeypatch, goes_on):
    router = tree(*((f"r{number}", [f'l{number}="1"'], goes_on) for number in range(3)))
    there_are = 8 if goes_on else 4
    labels = {f"l{number}": ANYTHING for number in range(3)}
    for allowed in (there_are + 1, there_are):
        monkeypatch.setattr(ways, "MOST_WAYS", allowed)
        assert len(Ways(router).of({}, labels, "example")) == there_are
    monkeypatch.setattr(ways, "MOST_WAYS", there_are - 1)
    with pytest.raises(Undecided, match=f"more than {there_are - 1} ways"):
        Ways(router).of({}, labels, "example")


@given(trees, trees, label_sets)
def test_what_two_trees_do_with_a_label_set_they_do_with_an_example(one, other, labels):
    old, new = Router(one), Router(other)
    shown = {(old.routes_of(each), new.routes_of(each)) for each in ways.examples(old, new)}
    assert (old.routes_of(labels), new.routes_of(labels)) in shown


@given(trees, label_sets, st.sets(st.sampled_from(LABELS)), st.lists(matchers, max_size=4))
def test_each_label_set_takes_one_of_the_ways_and_each_way_is_taken(root, labels, known, about):
    router = Router(root)
    fixed = {label: labels.get(label, "") for label in router.reads if label in known}
    limits = limits_of(labels, about, [label for label in router.reads if label not in known])
    every = Ways(router).of(fixed, limits, "example")
    assert router.routes_of(labels) in [way.nodes for way in every]
    for way in every:
        assert router.routes_of({**fixed, **way.values}) == way.nodes
        assert all(matches(limits[label], way.values) for label in way.values)
