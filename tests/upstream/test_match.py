"""The router that remembers gives the same answers as the tree that is walked."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from generator.upstream.alertmanager.match import Matcher, RouteNode, Router, routes_of

LABELS = ("severity", "escalation", "duty")
VALUES = ("", "a", "b", "ab")

matchers = st.builds(
    Matcher,
    label=st.sampled_from(LABELS),
    operator=st.sampled_from(("=", "!=", "=~", "!~")),
    value=st.sampled_from((*VALUES, "a|b", "a.*", ".+")),
)


def node(children):
    return st.builds(
        RouteNode,
        receiver=st.sampled_from(("x", "y", "z")),
        matchers=st.lists(matchers, max_size=3).map(tuple),
        group_by=st.just(()),
        group_wait=st.just(timedelta()),
        group_interval=st.just(timedelta()),
        repeat_interval=st.just(timedelta()),
        continues=st.booleans(),
        active=st.just(()),
        mute=st.just(()),
        children=children,
        where=st.just(()),
    )


# Wide enough that the router keeps an index.
trees = st.recursive(node(st.just(())), lambda below: node(st.lists(below, max_size=16).map(tuple)), max_leaves=40)
label_sets = st.dictionaries(st.sampled_from(LABELS), st.sampled_from(VALUES))


@given(tree=trees, asked=st.lists(label_sets, min_size=1, max_size=8))
def test_the_router_answers_as_the_tree_does(tree, asked):
    router = Router(tree)
    for labels in [*asked, *asked]:
        assert [id(one) for one in router.routes_of(labels)] == [id(one) for one in routes_of(tree, labels)]
