"""The diff is empty exactly where two real Alertmanagers give the same receivers, for configurations of chance."""

from __future__ import annotations

import copy
import random
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import pytest

from generator.behaviour.documents import ALERTMANAGER
from generator.diff import messages
from generator.diff.changes import Verdict
from generator.diff.conduct import Conducts
from generator.diff.sides import Rendered, pair
from generator.diff.unknown_alerts import every_way, probes
from generator.system.artifact import Artifact
from tests import fidelity, seeds
from tests.alertmanager import SUITES
from tests.chance import case_of, written
from tests.compiling import SMALL, compiled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from generator.diff.sides import Pair
    from generator.plan.plan import Plan
    from tests.chance import Case, Tree

PAIRS, ALERTS = 12, 60


def sending(case: Case, prefix: str = "") -> Case:
    """Return the case with receivers that can be told apart by what they call, not by their names."""
    config = copy.deepcopy(case.config)
    for one in config["receivers"]:
        one["webhook_configs"] = [{"url": f"http://127.0.0.1:9/{one['name']}"}]
        one["name"] = prefix + one["name"]
    for route in routes(config["route"]):
        if "receiver" in route:
            route["receiver"] = prefix + route["receiver"]
    return replace(case, config=config)


def routes(route: Tree) -> list[Tree]:
    return [route, *(below for child in route.get("routes", ()) for below in routes(child))]


def changed(case: Case, dice: random.Random) -> Case:
    """Return the case after one edit, as people make them; some change nothing."""
    config = copy.deepcopy(case.config)
    every = routes(config["route"])
    below = every[1:]
    edit = dice.choice(("receiver", "continue", "matchers", "order", "gone", "nothing", "group_wait"))
    route: Tree = dice.choice(below or every)
    if edit == "receiver":
        route["receiver"] = dice.choice(config["receivers"])["name"]
    elif edit == "continue" and below:
        route["continue"] = not route.get("continue", False)
    elif edit == "matchers" and below:
        for key in ("matchers", "match", "match_re"):
            route.pop(key, None)
        route["matchers"] = [f'{dice.choice(("severity", "team", "env"))}="{dice.choice(("a", "P0", "prod"))}"']
    elif edit == "order":
        dice.choice(every).get("routes", []).reverse()
    elif edit == "gone":
        parent = dice.choice(every)
        if parent.get("routes"):
            parent["routes"].pop()
    elif edit == "group_wait":
        route["group_wait"] = "7s"
    return replace(case, config=config)


def sides(old: Case, new: Case) -> Pair:
    def side(case: Case) -> Rendered:
        return Rendered(name="side", artifacts=(Artifact(path=ALERTMANAGER, text=written(case.config)),))

    return pair(side(old), side(new), premises())


@cache
def premises() -> Plan:
    return compiled(SMALL).plan


def called(case: Case, receivers: tuple[str, ...]) -> frozenset[str]:
    """Return whom the receivers call."""
    urls: Mapping[str, Any] = {one["name"]: one["webhook_configs"][0]["url"] for one in case.config["receivers"]}
    return frozenset(urls[name] for name in receivers)


def cases(seed: int, number: int) -> tuple[Case, Case]:
    dice = random.Random(f"{seed}/{number}")
    old = sending(case_of(seed, number, ALERTS))
    if number % 4 == 0:
        return old, sending(replace(case_of(seed, number + PAIRS, 1), label_sets=old.label_sets))
    return old, sending(changed(case_of(seed, number, ALERTS), dice), prefix=dice.choice(("", "new-")))


@pytest.mark.drawn
@pytest.mark.network
@pytest.mark.parametrize("suite", seeds.parameters(SUITES, 3))
def test_the_diff_is_empty_exactly_where_two_alertmanagers_call_the_same(suite, tmp_path):
    seed = seeds.seed()
    same = different = 0
    with fidelity.server_of(suite, tmp_path) as (server, file):
        for number in range(PAIRS):
            old, new = cases(seed, number)
            compared = sides(old, new)
            before, after = Conducts(compared.old), Conducts(compared.new)
            was, now = fidelity.ask(server, file, old), fidelity.ask(server, file, new)
            for one, labels in enumerate(old.label_sets):
                alike = called(old, was[one].receivers) == called(new, now[one].receivers)
                facets = messages.facets(before.of(None, labels), after.of(None, labels), labels.__contains__)
                said = [facet.what for facet in facets if facet.kind == "told"]
                assert (said == []) == alike, (seed, number, dict(labels), was[one], now[one], said)
                same += alike
                different += not alike
    assert same > PAIRS
    assert different > PAIRS, "every fourth pair has nothing in common"


def test_what_no_rule_sends_is_found_where_the_trees_differ():
    """The label sets that are made from the matchers find a difference wherever alerts of chance do."""
    found = missed = 0
    for number in range(80):
        old, new = cases(7, number)
        compared = sides(old, new)
        before, after = Conducts(compared.old), Conducts(compared.new)

        def differ(labels: Mapping[str, str], before=before, after=after) -> bool:
            return before.reached(labels) != after.reached(labels)

        if any(map(differ, old.label_sets)):
            found += 1
            tried = chain(
                probes(compared.old.behaviour.root, compared.new.behaviour.root),
                every_way(compared.old.router, compared.new.router),
            )
            missed += not any(map(differ, tried))
    assert found > 20
    assert missed == 0


def test_a_side_that_is_swapped_is_judged_the_other_way_round():
    for number in range(40):
        old, new = cases(3, number)
        compared = sides(old, new)
        before, after = Conducts(compared.old), Conducts(compared.new)
        for labels in old.label_sets:
            forth, back = verdicts(before, after, labels), verdicts(after, before, labels)
            assert forth == sorted(verdict.swapped.value for verdict in map(Verdict, back))


def verdicts(before: Conducts, after: Conducts, labels: Mapping[str, str]) -> list[str]:
    facets = messages.facets(before.of(None, labels), after.of(None, labels), labels.__contains__)
    return sorted(facet.verdict.value for facet in facets)
