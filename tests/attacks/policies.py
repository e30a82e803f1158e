"""Policies with faults in their structure or in their bytes, and with bombs in their texts, given to every command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from generator.policy import source
from tests import mutate
from tests.attacks.world import FORGED, contents, forged
from tests.compiling import SMALL

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from tests.attacks.world import Ran, World

COMMANDS = (
    *(("check",), ("check", "--format", "github"), ("check", "--format", "json"), ("check", "--format", "sarif")),
    *(("render",), ("fmt", "--check"), ("fmt",), ("explain", "MoneyLost"), ("explain", "--labels", "severity=P0")),
    *(("graph",), ("graph", "MoneyLost"), ("report",), ("who",), ("who", "--at", "9999-12-31 23:59")),
    *(("diff",), ("diff", "--format", "markdown"), ("diff", "--format", "json"), ("diff", "--format", "github")),
    *(("diff", "HEAD", "--fail-on", "weaker"), ("check", "--mutate"), ("report", "--from", "9999-12-27")),
)  # fmt: skip
ANNOUNCED = {"GITHUB_ACTIONS": "true"}


def attack(world: World, dice: random.Random) -> Iterator[tuple[Ran, list[str]]]:
    """Give a broken policy to a few commands; one in twenty is judged by promtool and amtool."""
    world.restore()
    text = _bombed(dice) if dice.random() < 0.5 else mutate.broken(dice.randrange(1 << 40), dice.random())
    (world.project / "policy/shop.yaml").write_bytes(text)
    for arguments in dice.sample(COMMANDS, 3):
        # Mutants are only tried of what promtool takes: without it, it would say of none how its tests ended.
        judged = dice.random() < 0.05 or "--mutate" in arguments
        before = contents(world.project / "out")
        ran = world.run(arguments, ANNOUNCED if dice.random() < 0.3 else None, judged=judged)
        wrong = [*world.faults(ran), *forged(ran)]
        if (arguments[0] != "render" or ran.code) and contents(world.project / "out") != before:
            wrong.append("out/ changed")
        if ran.code == 3:
            wrong.append(f"what the policy says is no fault of the machine: {ran.err[-300:]!r}")
        yield ran, wrong


def _bombed(dice: random.Random) -> bytes:
    """Return the small policy with something in it that grows, or that means more than it shows."""
    tree = source.read(SMALL.encode(), "policy.yaml").tree
    for _ in range(dice.choice((1, 1, 2))):
        place = dice.choice(_PLACES)
        entry = tree
        for step in place[:-1]:
            entry = entry[step]
        entry[place[-1]] = _value(place[-1], dice)
    if dice.random() < 0.3:
        dice.choice((_many_records, _many_duties, _many_tests, _many_services))(tree, dice)
    return yaml.dump(tree, sort_keys=False, allow_unicode=True, width=1 << 20, Dumper=yaml.CSafeDumper).encode()


_PLACES = (
    *(("alerts", name, key) for name in ("MoneyLost", "ErrorsHigh") for key in ("expr", "summary", "details", "for")),
    *(("alerts", "MoneyLost", "tests", 0, key) for key in ("given", "fires_at", "says", "labels")),
    *(("records", "job:errors:ratio", "expr"), ("title",), ("purpose",), ("services", "shop", "public")),
    *(("severities", "P0", key) for key in ("title", "definition", "acknowledge", "resolve")),
    *(("schedules", "primary", "layers", "all", key) for key in ("from", "turn", "hand_over", "rotation")),
    *(("people", "ana", "name"), ("teams", "web", "title"), ("channels", "status-draft", "rule")),
)


def _value(key: str, dice: random.Random) -> object:
    many = dice.choice((2, 30, 300, 3000, 30_000))
    if key == "expr":
        return dice.choice(_EXPRESSIONS)(many)
    if key in ("for", "fires_at", "acknowledge", "resolve", "turn"):
        return dice.choice(("0s", "99999d", "999999999s", "9" * many, "1s", "1d1h1m1s"))
    if key == "from":
        return dice.choice(("0001-01-01", "9999-12-31", "1000-01-01", "2026-02-29", "0000-00-00"))
    if key == "hand_over":
        return dice.choice(("Mon 00:00", "Sun 23:59", "Mon 24:00"))
    if key == "rotation":
        return ["ana", "bo"] * min(many, 3000)
    if key == "given":
        series = dice.choice(
            (f"0x4 7x{'9' * min(many, 4000)}", " ".join(["1x9"] * many), f"1+1e300x{many}", "_x99999999")
        )
        return {'till_difference{till="north"}': series}
    if key == "labels":
        return {f"label{number}": "x" * 100 for number in range(min(many, 3000))}
    return dice.choice(_TEXTS)(many)


_EXPRESSIONS = (
    lambda many: "(" * many + "till_difference" + ")" * many + " > 0",
    lambda many: "-" * many + "till_difference > 0",
    lambda many: "till_difference" + "+0" * many + " > 0",
    lambda many: "abs(" * many + "till_difference" + ")" * many + " > 0",
    lambda many: "till_difference > 0" + " or till_difference > 0" * many,
    lambda many: f'till_difference{{till=~"{"(a|b)*" * many}"}} > 0',
    lambda many: f'till_difference{{till=~"{"(" * many}x{")" * many}"}} > 0',
    lambda many: f'till_difference{{till=~"((a{{1,{many}}}){{1,{many}}}){{1,{many}}}"}} > 0',
    lambda many: f"max by ({', '.join(f'l{number}' for number in range(many))}) (till_difference) > 0",
    lambda many: "max_over_time(" * many + "till_difference" + "[5m:1s])" * many + " > 0",
    lambda many: f"count_over_time(vector(1)[{many}d:1s]) > 0",
    lambda many: f"till_difference > {'9' * many}",
    lambda many: f"till_difference offset {many}d > 0",
    lambda many: '{__name__=~".+"} > 0' + ' and {__name__=~".+"} > 0' * many,
    lambda many: "label_replace(" * many + "till_difference" + ', "a", "$1", "till", "(.*)")' * many + " > 0",
)
_TEXTS = (
    lambda many: "x" * many,
    lambda many: "{{ " * many,
    lambda many: "{{ if true }}" * many + "x" + "{{ end }}" * many,
    lambda many: '{{ define "a" }}x{{ end }}' + '{{ template "a" }}' * many,
    lambda many: "{{ $a := `x` }}" + '{{ $a = printf "%s%s" $a $a }}' * many + "{{ $a }}",
    lambda many: f'{{{{ printf "%{many}d" 1 }}}}' * 3,
    lambda many: '{{ query "vector(1)" | first | value }}' * many,
    lambda many: "{{ range query `up` }}" * many + "x" + "{{ end }}" * many,
    lambda many: f'{{{{ query "count_over_time(vector(1)[{many}d:1s])" }}}}',
    lambda many: '{{ reReplaceAll "" "xxxxxxxxxx" (reReplaceAll "" "xxxxxxxxxx" $labels.till) }}' * many,
    lambda _: f"fine\n::error file=README.md::{FORGED}\n ::stop-commands::{FORGED}\n##[error]{FORGED}",
    lambda many: f"::add-mask::{FORGED} " + "\u00e9" * many,
    lambda many: "@everyone fixes #1 <img src=x> [a](https://x) `" * min(many, 300),
    lambda many: "${{ secrets.TOKEN }} <!-- alertc diff --> </details>" * min(many, 300),
)


def _many_records(tree: dict, dice: random.Random) -> None:
    many, twice = dice.choice((50, 500, 3000)), dice.random() < 0.5
    for number in range(many):
        below = f"r:{number + 1}" if number + 1 < many else "till_difference"
        tree["records"][f"r:{number}"] = {"every": "15s", "expr": f"{below} + {below}" if twice else f"sum({below})"}


def _many_duties(tree: dict, dice: random.Random) -> None:
    for number in range(dice.choice((5, 20, 60))):
        tree["duties"][f"d{number}"] = {
            "title": f"D{number}",
            "after": ["P0", "P1", "P2", "P3"],
            "within": f"{number + 1}h",
            "of": "resolution",
            "via": ["room"],
            "steps": ["x"],
        }


def _many_tests(tree: dict, dice: random.Random) -> None:
    tree["alerts"]["MoneyLost"]["tests"] *= dice.choice((10, 100, 500))


def _many_services(tree: dict, dice: random.Random) -> None:
    for number in range(dice.choice((10, 100, 400))):
        tree["services"][f"s{number}"] = {
            **tree["services"]["shop"],
            "depends_on": [f"s{number - 1}"] if number else [],
        }
