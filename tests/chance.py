"""Configurations of Alertmanager made by chance, alerts that come near to what they match, and what that exercises.

Only tests import this.
"""

from __future__ import annotations

import contextlib
import json
import random
import re
import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from generator.behaviour.documents import ALERTMANAGER
from generator.system.artifact import Artifact
from generator.upstream.alertmanager import re2, time_intervals
from generator.upstream.alertmanager.inhibition import Inhibitor
from generator.upstream.alertmanager.match import Router, every_node
from tests.compiling import read_back

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.behaviour.behaviour import Behaviour
    from generator.upstream.alertmanager.match import Matcher
    from generator.upstream.alertmanager.values import Limits

Tree = dict[str, Any]

FEATURES = (
    "depth of 3 or more",
    "continue",
    "!=",
    "!~",
    '=""',
    "an absent label matches",
    "anchoring",
    "RE2 is not re",
    "chained inhibition",
    "both sides of a rule",
    "equal by absence",
    "muting",
    "match and match_re",
)

# Expressions, and texts on both sides of what they match.
EXPRESSIONS = (
    ("P0|P1", ("P0", "P1", "P01", "xP0")),
    ("a.*", ("a", "ab", "ba", "a\nb")),
    (".+", ("", "a", "\n")),
    (".*", ("", "a", "\n", "a\n")),
    ("", ("", "a")),
    ("prod", ("prod", "prod-1", "preprod")),
    ("prod|test", ("prod", "test", "prodtest", "tests")),
    (r"\d+", ("3", "\u0663", "a3")),
    (r"\w+", ("ab_1", "\u00e9", "a-b")),
    (r"[\w-]+", ("a-b", "a b", "\u00fc")),
    (r"\s", (" ", "\x0b", "\u00a0", "\n")),
    ("a$", ("a", "a\n", "ab")),
    (r"a\z", ("a", "a\n")),
    (r"\Aa", ("a", "ba")),
    ("[[:alpha:]]+", ("ab", "\u00e9", ":", "a1")),
    (r"\Qa.b\E", ("a.b", "axb")),
    ("(?i)kelvin", ("Kelvin", "\u212aelvin", "kelvi")),
    ("a(?i)b|c", ("aB", "C", "AB", "c")),
    ("(?s).", ("\n", "a", "")),
    ("(?m)a$.*", ("a", "a\nb", "ab")),
    ("(?m:^a$)\n(?m:^b$)", ("a\nb", "a b")),
    ("[^a]", ("\n", "a", "b")),
    ("[]a]+", ("a]", "b")),
    ("x{,2}", ("x{,2}", "xx", "")),
    ("x{2}", ("xx", "x", "xxx")),
    (r"\x41\x{e9}", ("A\u00e9", "Ae")),
    (r"\bprod\b.*", ("prod", "prod-1", "production", "prod\u00e9")),
    ("(?P<kind>a|b)+?", ("ab", "c", "")),
    ("(a|ab)(c|bcd)", ("abcd", "abc", "abd")),
)
PLAIN = ("a", "b", "ab", "P0", "P1", "P2", "prod", "test", "eu", "us", "k0", "k1", "k2")
STRANGE = ("a b", "a\nb", 'say "a"', "\\", "a\\", "\\n", ",", "{a}", "=", "\u00e9", "\u0663", "a\t", " a ", "a,b")
LABELS = ("severity", "team", "env", "region", "duty", "x_1")
KINDS = ("k0", "k1", "k2")
WORLDS = tuple(f"w{number}" for number in range(12))
ZONES = ("UTC", "Europe/Zurich", "America/St_Johns", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago")
WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
MONTHS = ("january", "february", "march", "april", "may", "june", "july", "august", "october", "november", "december")
ATOMS = (
    *("a", "b", "A", "k", "S", "0", "_", "-", "}", "]", ",", ":", "\u00e9", " ", "^", "$", ".", "\n"),
    *(
        r"\d",
        r"\D",
        r"\s",
        r"\S",
        r"\w",
        r"\W",
        r"\b",
        r"\B",
        r"\A",
        r"\z",
        r"\Z",
        r"\n",
        r"\v",
        r"\x41",
        r"\12",
        r"\1",
    ),
    *(r"\Qa.b\E", r"\C", r"\pL", r"\_", r"\.", "[ab]", "[^ab]", "[[:alpha:]]", "[[:^digit:]]", "[[:bad:]]", "[]a]"),
    *("[a-]", r"[\d-a]", r"[a-\d]", "[z-a]", "[k-s]", r"[^\n]", r"[^\x00-\x{10FFFF}]", "(?i)", "(?s)", "(?m)", "(?-i)"),
    *("(?=a)", "(?<n>a)", "(?P<n>a)", "(?:)", "(?>a)", "(?#a)"),
)
REPETITIONS = ("*", "+", "?", "*?", "+?", "??", "{2}", "{0}", "{1,}", "{,2}", "{1,2}", "{2,1}", "*+", "{1001}")


# Tells when everything that was posted before it has arrived: Alertmanager's inhibitor takes alerts in their order.
# It stands first: Alertmanager tells of the first rule only.
SENTINEL: Tree = {
    "source_matchers": ['sentinel="source"'],
    "target_matchers": ['sentinel="target"'],
    "equal": ["n_sentinel"],
}

SENTINELS = tuple(
    {"alertname": "sentinel", "sentinel": side, "n_sentinel": which, "n": f"{side} {which}"}
    for which in ("first", "last")
    for side in ("target", "source")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A configuration, alerts to send to it, and expressions that the engine refuses."""

    number: int
    config: Tree
    label_sets: tuple[Mapping[str, str], ...]
    refused: tuple[str, ...]

    @property
    def text(self) -> str:
        return written(self.config)


def written(config: Tree) -> str:
    """Return the configuration as YAML: JSON is YAML."""
    return json.dumps(config, ensure_ascii=False, indent=1)


# ------------------------------------------------------------------------------------------- cases of chance


def case_of(seed: int, number: int, alerts: int) -> Case:
    """Return case `number` of a seed, with so many alerts."""
    dice = random.Random(f"{seed}/{number}")
    names = tuple(f"r{one}" for one in range(8))
    intervals = [_interval(dice, name) for name in ("i0", "i1", "i2")] if dice.random() < 0.4 else []
    root = _route(dice, names, [one["name"] for one in intervals], 0)
    config: Tree = {
        "route": root,
        "receivers": [{"name": name} for name in names],
        "inhibit_rules": [SENTINEL, *_inhibitions(dice)],
        **({dice.choice(("time_intervals", "mute_time_intervals")): intervals} if intervals else {}),
    }
    behaviour = behaviour_of(config)
    paths = list(_paths((), behaviour.root))
    label_sets = tuple(
        {**_labels(dice, dice.choice(paths)), "alertname": f"alert of case {number}", "n": str(one)}
        for one in range(alerts)
    )
    return Case(number=number, config=config, label_sets=label_sets, refused=tuple(_refused(dice)))


def _route(dice: random.Random, names: tuple[str, ...], intervals: list[str], depth: int) -> Tree:
    route: Tree = {}
    if depth == 0 or dice.random() < 0.7:
        route["receiver"] = dice.choice(names)
    if depth:
        _match(dice, route, "matchers", "match", "match_re")
        if dice.random() < 0.35:
            route["continue"] = True
        for key in ("mute_time_intervals", "active_time_intervals"):
            if intervals and dice.random() < 0.3:
                route[key] = dice.sample(intervals, dice.choice((1, 1, 2)))
    if dice.random() < 0.2:
        route["group_by"] = dice.choice((["..."], ["team"], ["alertname", "env"]))
    below = (dice.randint(2, 5), dice.randint(0, 4), dice.randint(0, 3), dice.randint(0, 2), 0)[depth]
    if below:
        route["routes"] = [_route(dice, names, intervals, depth + 1) for _ in range(below)]
    return route


def _match(dice: random.Random, into: Tree, new: str, equal: str, regular: str) -> None:
    """Write some matchers, in one of the ways in which they can be written."""
    if dice.random() < 0.12:
        into[equal] = {dice.choice(LABELS): dice.choice((*PLAIN, *STRANGE, ""))}
        if dice.random() < 0.5:
            into[regular] = {dice.choice(LABELS): _expression(dice)}
        return
    parts = [_matcher(dice) for _ in range(dice.choice((0, 1, 1, 1, 2, 2, 3)))]
    if parts and dice.random() < 0.15:
        into[new] = [f"{{{', '.join(parts)}{dice.choice(('', ', ', ','))}}}"]
    elif parts:
        into[new] = parts


def _matcher(dice: random.Random) -> str:
    operator = dice.choice(("=", "=", "!=", "=~", "=~", "!~"))
    value = _expression(dice) if "~" in operator else dice.choice((*PLAIN, *PLAIN, *STRANGE, "", ""))
    blank = dice.choice(("", "", " "))
    if re.fullmatch(r"\w+", value) and dice.random() < 0.2:
        return f"{dice.choice(LABELS)}{blank}{operator}{blank}{value}"
    text = quoted(value)
    if dice.random() < 0.2:
        # A backslash before what needs none stands for itself.
        text = re.sub(r"\\\\([a-mo-zA-Z.])", r"\\\1", text)
    return f"{dice.choice(LABELS)}{blank}{operator}{blank}{text}"


def quoted(value: str) -> str:
    """Return the value as it stands in a matcher."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _expression(dice: random.Random) -> str:
    if dice.random() < 0.75:
        return dice.choice(EXPRESSIONS)[0]
    while True:
        tried = _tried(dice)
        with contextlib.suppress(re2.NotAnExpression, re2.NotJudged):
            re2.expression(tried)
            return tried


def _refused(dice: random.Random) -> Iterator[str]:
    """Yield a few expressions that the engine takes for none."""
    for _ in range(20):
        tried = _tried(dice)
        try:
            re2.expression(tried)
        except re2.NotAnExpression:
            yield tried
        except re2.NotJudged:
            pass


def _tried(dice: random.Random, depth: int = 0) -> str:
    text = ""
    for _ in range(dice.choice((1, 1, 2, 3))):
        if dice.random() < 0.25 and depth < 3:
            text += dice.choice(("(", "(?:", "(?i:", "(?s:", "(?m:", "(?-i:")) + _tried(dice, depth + 1) + ")"
        else:
            text += dice.choice(ATOMS)
        text += dice.choice(REPETITIONS) if dice.random() < 0.25 else ""
        text += "|" if dice.random() < 0.12 else ""
    return text


def _inhibitions(dice: random.Random) -> Iterator[Tree]:
    """Yield rules. Most ask for the same world, so that in a batch not everything silences everything."""
    if dice.random() < 0.6:
        for source, target in (("k0", "k1"), ("k1", "k2")):
            yield _inhibition(dice, [f'kind="{source}"'], [f'kind="{target}"'])
    if dice.random() < 0.6:
        yield _inhibition(dice, ['kind=~"k0|k2"'], ['kind=~"k1|k2"'])
    for _ in range(dice.choice((0, 1, 1, 2))):
        rule: Tree = {"equal": ["world", *dice.sample(LABELS, dice.choice((0, 1, 2)))]}
        for side in ("source", "target"):
            _match(dice, rule, f"{side}_matchers", f"{side}_match", f"{side}_match_re")
        yield rule


def _inhibition(dice: random.Random, source: list[str], target: list[str]) -> Tree:
    if dice.random() < 0.4:
        target = [*target, _matcher(dice)]
    equal = ["world", *dice.sample(LABELS, dice.choice((0, 1, 1, 2)))]
    return {"source_matchers": source, "target_matchers": target, "equal": equal}


def _interval(dice: random.Random, name: str) -> Tree:
    return {"name": name, "time_intervals": [_span(dice) for _ in range(dice.choice((0, 1, 1, 1, 2)))]}


def _span(dice: random.Random) -> Tree:
    span: Tree = {}
    if dice.random() < 0.4:
        span["location"] = dice.choice(ZONES)
    if dice.random() < 0.5:
        span["times"] = [_times(dice) for _ in range(dice.choice((0, 1, 1, 2, 3)))]
    if dice.random() < 0.4:
        first, last = sorted(dice.sample(range(7), 2))
        span["weekdays"] = [dice.choice((f"{WEEKDAYS[first]}:{WEEKDAYS[last]}", WEEKDAYS[last].title()))]
    if dice.random() < 0.3:
        span["days_of_month"] = [_days(dice) for _ in range(2)]
    if dice.random() < 0.2:
        first = dice.randint(1, 12)
        span["months"] = [f"{first}:{dice.randint(first, 13)}", dice.choice(MONTHS)]
    if dice.random() < 0.2:
        first = dice.randint(2024, 2028)
        span["years"] = [f"{first}:{dice.randint(first, 2032)}"]
    return span


def _times(dice: random.Random) -> Tree:
    first, last = sorted(dice.sample(range(24 * 60 + 1), 2))
    return {"start_time": f"{first // 60:02}:{first % 60:02}", "end_time": f"{last // 60:02}:{last % 60:02}"}


def _days(dice: random.Random) -> str:
    while True:
        text = f"{dice.randint(-31, 31)}:{dice.randint(-31, 31)}"
        with contextlib.suppress(ValueError):
            time_intervals.days_of_month(text)
            return text


def _paths(above: tuple[Any, ...], node: Any) -> Iterator[tuple[Any, ...]]:
    """Yield for each route the matchers that lead to it."""
    path = (*above, *node.matchers)
    yield path
    for child in node.children:
        yield from _paths(path, child)


def _labels(dice: random.Random, path: tuple[Any, ...]) -> Mapping[str, str]:
    """Return labels that mostly go down a path: then something or other is changed."""
    labels = {label: dice.choice(PLAIN) for label in LABELS if dice.random() < 0.3}
    for one in path:
        wanted = [text for text in _texts(one, dice) if one.accepts(text)]
        if wanted and not one.accepts(labels.get(one.label, "")):
            labels[one.label] = dice.choice(wanted)
    if dice.random() < 0.4:
        label = dice.choice(LABELS)
        named = [one for one in path if one.label == label]
        labels[label] = dice.choice(_texts(dice.choice(named), dice) if named else (*PLAIN, *STRANGE))
    if dice.random() < 0.3:
        labels.pop(dice.choice(LABELS), None)
    if dice.random() < 0.7:
        labels["kind"] = dice.choice(KINDS)
    if dice.random() < 0.95:
        labels["world"] = dice.choice(WORLDS)
    # Alertmanager takes an empty label for an absent one.
    return {label: text for label, text in labels.items() if text or dice.random() < 0.2}


def _texts(matcher: Any, dice: random.Random) -> tuple[str, ...]:
    if "~" not in matcher.operator:
        return (matcher.value, *dice.sample(PLAIN, 2), "")
    known = dict(EXPRESSIONS).get(matcher.value, ())
    return (*known, *("".join(dice.choices("abAkKs0_- .\n\u00e9", k=dice.randint(0, 3))) for _ in range(4)), "")


def limits_of(labels: Mapping[str, str], about: Iterable[Matcher], names: Iterable[str]) -> dict[str, Limits]:
    """Return what matchers say of these labels of an alert: each, or its opposite, as it is true of the alert."""
    about = tuple(about)
    return {
        name: frozenset(
            matcher if matcher.accepts(labels.get(name, "")) else matcher.negated()
            for matcher in about
            if matcher.label == name
        )
        for name in names
    }


def behaviour_of(config: Tree) -> Behaviour:
    return read_back((Artifact(path=ALERTMANAGER, text=written(config)),))


# ------------------------------------------------------------------------------------------- what it exercises


def features(case: Case) -> set[str]:
    """Return which features a case has; those of expressions, inhibition and absence where they decide something."""
    behaviour = behaviour_of(case.config)
    nodes = list(every_node(behaviour.root))
    matchers = [one for node in nodes for one in node.matchers]
    found = {one.operator for one in matchers if one.operator in ("!=", "!~")}
    found |= {'=""' for one in matchers if one.operator == "=" and not one.value}
    found |= {"depth of 3 or more" for node in nodes if node.where.count("routes") >= 3}
    found |= {"match and match_re" for node in nodes if '"match' in _written_at(case.config, node.where)}
    regular = [one for one in matchers if "~" in one.operator]
    router = Router(behaviour.root)
    reached: set[int] = set()
    for labels in case.label_sets:
        reached |= {id(node) for node in router.routes_of(labels)}
        if any(one.accepts("") for one in matchers if one.label not in labels):
            found.add("an absent label matches")
        for one in regular:
            text = labels.get(one.label, "")
            whole = re2.expression(one.value).matches(text)
            if whole != _python_says(one.value, text, re.Pattern.fullmatch):
                found.add("RE2 is not re")
            if not whole and _python_says(one.value, text, re.Pattern.search):
                found.add("anchoring")
    found |= {"continue" for node in nodes if node.continues and id(node) in reached}
    found |= {"muting" for node in nodes if (node.active or node.mute) and id(node) in reached}
    return found | _inhibition_features(case, behaviour)


def _inhibition_features(case: Case, behaviour: Behaviour) -> set[str]:
    inhibitor = Inhibitor(behaviour.inhibitions, case.label_sets)
    silent = {id(labels): inhibitor.suppressions(labels) for labels in case.label_sets}
    found: set[str] = set()
    for labels in case.label_sets:
        for one in silent[id(labels)]:
            if any(silent[id(source)] for source in one.sources):
                found.add("chained inhibition")
            if not one.certain:
                found.add("both sides of a rule")
            if any(not labels.get(label) for label in one.rule.equal):
                found.add("equal by absence")
    return found


def _written_at(config: Tree, where: tuple[str | int, ...]) -> str:
    entry: Any = config
    for step in where:
        entry = entry[step]
    return json.dumps({key: None for key in entry if key in ("match", "match_re")})


def _python_says(pattern: str, text: str, how: Any) -> bool | None:
    """Return what Python's `re` says, None where it refuses the expression."""
    compiled = _python(pattern)
    return compiled and how(compiled, text) is not None


@cache
def _python(pattern: str) -> re.Pattern[str] | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return re.compile(pattern)
        except (re.error, OverflowError):
            return None
