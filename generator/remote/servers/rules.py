"""The rules that Prometheus has loaded, held against the rendered ones."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from generator.behaviour.alerts import identity
from generator.behaviour.documents import RULES, in_folder, shown
from generator.behaviour.identity import policy_route
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Level
from generator.plan.timing import Term
from generator.policy import duration
from generator.remote.servers import premises
from generator.remote.servers.deviations import COPY_RULES, Deviation, in_a_cluster, some
from generator.remote.servers.premises_codes import LIV802
from generator.remote.servers.proof import Change
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from generator.behaviour.alerts import Identity
    from generator.behaviour.behaviour import Rule
    from generator.behaviour.part import Labels
    from generator.behaviour.verification import Verification
    from generator.diagnostics.diagnostic import PolicyPath
    from generator.policy.label_names import LabelNames
    from generator.remote.servers.servers import LoadedRule, Prometheus

LIV804 = Code(
    name="LIV804",
    title="Rule is not loaded",
    meaning="Prometheus has not loaded the rule, so nobody hears of what it watches. Copy the files, and reload.",
)

LIV805 = Code(
    name="LIV805",
    title="Loaded rule differs from the file",
    meaning="Prometheus runs another rule than the one that was proven. Copy the files again, and reload.",
)

LIV806 = Code(
    name="LIV806",
    title="Rule fails to evaluate",
    meaning="Prometheus cannot evaluate the rule, so it sends no alerts. Look at the error that is shown.",
)

LIV807 = Code(
    name="LIV807",
    title="Loaded rule is in no file",
    meaning="A rule that is in none of the files sends alerts with the label by which the policy's routes take "
    "them. Remove it from the server.",
)

_MANY = 10
"""More findings of one kind are one: who sees that many has old files loaded, and mends them at once."""


def check(verification: Verification, server: Prometheus) -> Iterator[Deviation]:
    """LIV804: not loaded. LIV805: loaded with differences. LIV806: evaluation fails. LIV807: unknown rule."""
    pairs, absent, foreign = _paired(verification, server)
    yield from _absent(verification, server, absent)
    yield from _otherwise(verification, server, pairs)
    yield from _slower(verification, server, pairs)
    yield from _failing(verification, server, pairs)
    yield from _foreign(verification, server, foreign)


Pair = tuple["Rule", "LoadedRule"]


def _paired(verification: Verification, server: Prometheus) -> tuple[list[Pair], list[Rule], list[LoadedRule]]:
    """Return pairs of rendered and loaded rules, rendered rules that are not loaded, and unknown loaded rules.

    A rule is known by its name and labels in its group; else in any other; else by its name in its group.
    """
    unpaired = list(server.rules)
    absent = list(verification.behaviour.rules)
    pairs: list[Pair] = []
    for ours, theirs in _KNOWN_BY:
        unpaired_by_key: dict[object, list[LoadedRule]] = defaultdict(list)
        for loaded_rule in unpaired:
            unpaired_by_key[theirs(loaded_rule)].append(loaded_rule)
        unknown = []
        for rule in absent:
            same = unpaired_by_key.get(ours(rule))
            if same:
                pairs.append((rule, same.pop(0)))
            else:
                unknown.append(rule)
        unpaired = [rule for rest in unpaired_by_key.values() for rule in rest]
        absent = unknown
    return pairs, absent, unpaired


_Known = tuple["Callable[[Rule], object]", "Callable[[LoadedRule], object]"]
_KNOWN_BY: tuple[_Known, ...] = (
    (
        lambda rule: (rule.group, identity(rule.name, rule.labels)),
        lambda rule: (rule.group, identity(rule.name, rule.labels)),
    ),
    (lambda rule: identity(rule.name, rule.labels), lambda rule: identity(rule.name, rule.labels)),
    (lambda rule: (rule.group, rule.name), lambda rule: (rule.group, rule.name)),
)


# ------------------------------------------------------------------------------------------- what is not there


def _absent(verification: Verification, server: Prometheus, absent: Sequence[Rule]) -> Iterator[Deviation]:
    if not absent:
        return
    total = len(verification.behaviour.rules)
    alerts = [rule for rule in absent if not rule.records]
    names = some(_name_of(verification.plan.policy.labels, rule) for rule in (alerts or absent))
    if len(absent) == total:
        sentence = f"none of the {total} rules is loaded"
    else:
        sentence = f"{len(absent)} of {total} rules {'is' if len(absent) == 1 else 'are'} not loaded: {names}"
    only = absent[0] if len(absent) == 1 else None
    yield Deviation(
        code=LIV804.name,
        program="Prometheus",
        server=server.url,
        said=sentence,
        route=_route(verification, only) if only else _STACK,
        on_key=True,
        where=(only.path, only.where) if only else None,
        help=_SELECTED
        if in_a_cluster(verification)
        else f"copy {shown(in_folder(RULES, verification.plan.folder))} to where `rule_files` looks, and reload "
        "Prometheus" + (f" (its rule_files: {_rule_files(server)})" if len(absent) == total else ""),
    )


_SELECTED = (
    "apply out/kubernetes/; `ruleSelector` and `ruleNamespaceSelector` of the Prometheus object decide what it loads, "
    "and the operator's log says which objects it refuses"
)


def _rule_files(server: Prometheus) -> str:
    files = server.config.get("rule_files")
    return ", ".join(map(str, files)) if isinstance(files, list) and files else "none"


def _foreign(verification: Verification, server: Prometheus, foreign: Sequence[LoadedRule]) -> Iterator[Deviation]:
    """Yield deviations for rules that are loaded twice, and for unknown alerts that our routes would take."""
    environment, label = verification.plan.policy.environment, verification.plan.policy.labels.environment
    known = {identity(rule.name, rule.labels) for rule in verification.behaviour.rules}
    twice = [rule for rule in foreign if identity(rule.name, rule.labels) in known]
    if twice:
        yield Deviation(
            code=LIV807.name,
            program="Prometheus",
            server=server.url,
            said=f"{_rules(len(twice))} more than once: {some(rule.name for rule in twice)}",
            route=_STACK,
            on_key=True,
            level=Level.WARNING,
            help=f"each copy costs time; `rule_files` finds two (its rule_files: {_rule_files(server)})",
        )
    ours = [rule for rule in foreign if not rule.records and rule.labels.get(label) == environment]
    ours = [rule for rule in ours if identity(rule.name, rule.labels) not in known]
    if ours:
        names = some(rule.name for rule in ours)
        yield Deviation(
            code=LIV807.name,
            program="Prometheus",
            server=server.url,
            said=f"{_rules(len(ours))} with {label}={environment} that the policy does not have: {names}",
            route=("environments", environment) if verification.plan.policy.environments else ("environment",),
            level=Level.WARNING,
            notes=(
                f"in the group{'s' * (len({rule.group for rule in ours}) > 1)} {some(rule.group for rule in ours)}",
            ),
            help="remove the file that they are in; whoever sends them with this label uses the policy's routes",
        )


def _rules(count: int) -> str:
    return "a rule is loaded" if count == 1 else f"{count} rules are loaded"


# ------------------------------------------------------------------------------------------- what is otherwise


def _otherwise(verification: Verification, server: Prometheus, pairs: Sequence[Pair]) -> Iterator[Deviation]:
    """Yield the differences other than the interval, once for services that share them."""
    same_way: Mapping[tuple[str, tuple[str, ...]], list[Pair]] = defaultdict(list)
    for rule, loaded in pairs:
        differences = tuple(_differences(rule, loaded))
        if differences:
            same_way[rule.name, differences].append((rule, loaded))
    if len(same_way) > _MANY:
        everything = [pair for same in same_way.values() for pair in same]
        yield Deviation(
            code=LIV805.name,
            program="Prometheus",
            server=server.url,
            said=f"{len(everything)} of {len(verification.behaviour.rules)} rules are loaded otherwise than the files "
            f"say: {some(name for name, _ in same_way)}",
            change=_changed_hold(everything),
            notes=tuple(f"{name}: {'; '.join(differences)}" for name, differences in list(same_way)[:3]),
            help=COPY_RULES,
        )
        return
    for (_, differences), same in same_way.items():
        first = same[0][0]
        yield Deviation(
            code=LIV805.name,
            program="Prometheus",
            server=server.url,
            said=f"{_name_of(verification.plan.policy.labels, first)}{_and(len(same) - 1)} is loaded otherwise "
            f"than the file says: {'; '.join(differences)}",
            route=_route(verification, first),
            on_key=True,
            where=(first.path, first.where),
            change=_changed_hold(same),
            help=COPY_RULES,
        )


_STACK = ("stack", "prometheus")
_LOOK = "while a rule fails, it sends nothing: look at /rules"


def _and(others: int) -> str:
    return f" (and that of {others} other service{'s' * (others > 1)})" if others else ""


def _changed_hold(pairs: Sequence[Pair]) -> Change | None:
    """Return the change of the rules where only `for` differs; None where anything else does."""
    only_time = all(rule.hold != loaded.hold and len(tuple(_differences(rule, loaded))) == 1 for rule, loaded in pairs)
    return Change(rules=_loaded(pairs)) if only_time else None


def _loaded(pairs: Sequence[Pair]) -> Mapping[Identity, LoadedRule]:
    return {identity(rule.name, rule.labels): loaded for rule, loaded in pairs}


def _differences(rule: Rule, loaded: LoadedRule) -> Iterator[str]:
    if not alike(rule.expr, loaded.expr):
        yield f"expr is `{_short(loaded.expr)}`"
    for what, ours, theirs in (
        ("for", rule.hold, loaded.hold),
        ("keep_firing_for", rule.keep_firing, loaded.keep_firing),
    ):
        if ours != theirs:
            yield f"`{what}` is {duration.write(theirs)}, not {duration.write(ours)}"
    yield from _labels("label", rule.labels, loaded.labels)
    yield from _labels("annotation", rule.annotations, loaded.annotations)


def _labels(what: str, ours: Labels, theirs: Labels) -> Iterator[str]:
    for name in sorted(ours.keys() | theirs.keys()):
        if ours.get(name, "") != theirs.get(name, ""):
            text = f"is `{_short(theirs[name])}`" if name in theirs else "is missing"
            yield f"the {what} {name} {text}" + ("" if name in ours else ", which no file says")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return f"{line[:100]}..." if len(line) > 100 else line


def alike(ours: str, theirs: str) -> bool:
    """Return whether two expressions are equal in Prometheus's formatting."""
    # Nearly all of 100,000 are, and need not be parsed.
    return ours == theirs or canonical(ours) == canonical(theirs)


def canonical(expression: str) -> str:
    """Return the expression with sorted matchers and Prometheus's formatting of numbers and durations.

    What the parser does not know stays as it is, but for its spaces.
    """
    tree = promql.parsed(expression)
    text = _SPACE.sub(lambda match: match[1] or " ", expression.strip() if tree is None else str(tree))
    return _BRACES.sub(lambda match: "{" + ",".join(sorted(_MATCHER.findall(match[0]))) + "}", text)


_STRING = r'"(?:[^"\\]|\\.)*"'
_SPACE = re.compile(rf"({_STRING})|\s+")
_MATCHER = re.compile(rf"[\w:.]+(?:=~|!~|!=|=){_STRING}")
_BRACES = re.compile(rf"(?<![\w\"])?\{{(?:{_MATCHER.pattern},?)*\}}")


# ------------------------------------------------------------------------------------------- how often, and whether


def _slower(verification: Verification, server: Prometheus, pairs: Sequence[Pair]) -> Iterator[Deviation]:
    """Yield one deviation for alerting rules with another evaluation interval, and one for recording rules.

    A recording rule that is slower makes later what reads it.
    """
    usual = verification.plan.stack.evaluate
    slower: Mapping[tuple[bool, timedelta, timedelta], list[Pair]] = defaultdict(list)
    for rule, loaded in pairs:
        expected = usual if rule.interval is None else rule.interval
        if loaded.interval != expected:
            slower[rule.records, expected, loaded.interval].append((rule, loaded))
    for (records, expected, runs), same in sorted(slower.items(), key=lambda item: item[0]):
        inherited = any(rule.interval is None for rule, _ in same)
        total = sum(rule.records == records for rule, _ in pairs)
        what = "recording rule" if records else "alerting rule"
        yield Deviation(
            code=LIV802.name,
            program="Prometheus",
            server=server.url,
            said=f"{_count(len(same), total, what)} evaluated every {duration.write(runs)}, "
            f"the policy says {duration.write(expected)}",
            route=(*_STACK, "evaluate") if expected == usual else _route(verification, same[0][0]),
            on_key=expected != usual,
            level=Level.WARNING,
            change=_recorded_later(verification, same, runs - expected) if records else Change(rules=_loaded(same)),
            help="set `evaluation_interval` in `global`" if inherited else COPY_RULES,
        )


def _recorded_later(verification: Verification, pairs: Sequence[Pair], later: timedelta) -> Change:
    known, names = premises.reads(verification), {rule.name for rule, _ in pairs}
    return Change(
        extra=(Term(name="recorded later", length=max(later, timedelta())),),
        concerns=lambda alert: not names.isdisjoint(known.recorded(alert.rule.expr)),
    )


def _count(count: int, total: int, what: str) -> str:
    if count == total:
        return f"the {what} is" if total == 1 else f"all {total} {what}s are"
    return f"{count} of {total} {what}s {'is' if count == 1 else 'are'}"


def _failing(verification: Verification, server: Prometheus, pairs: Sequence[Pair]) -> Iterator[Deviation]:
    same_way: Mapping[tuple[str, str], list[Rule]] = defaultdict(list)
    for rule, loaded in pairs:
        if loaded.problem:
            same_way[rule.name, loaded.problem].append(rule)
    if len(same_way) > _MANY:
        yield Deviation(
            code=LIV806.name,
            program="Prometheus",
            server=server.url,
            said=f"{sum(map(len, same_way.values()))} rules cannot be evaluated: {some(name for name, _ in same_way)}",
            route=_STACK,
            on_key=True,
            notes=tuple(f"{name}: {problem}" for name, problem in list(same_way)[:3]),
            help=_LOOK,
        )
        return
    for (_, problem), rules in same_way.items():
        yield Deviation(
            code=LIV806.name,
            program="Prometheus",
            server=server.url,
            said=f"{_name_of(verification.plan.policy.labels, rules[0])}{_and(len(rules) - 1)} cannot be evaluated",
            route=_route(verification, rules[0]),
            on_key=True,
            where=(rules[0].path, rules[0].where),
            notes=(f"Prometheus: {problem}",),
            help=_LOOK,
        )


def _name_of(names: LabelNames, rule: Rule) -> str:
    service = rule.labels.get(names.service)
    return f"{rule.name} of {service}" if service and "{{" not in service else rule.name


def _route(verification: Verification, rule: Rule) -> PolicyPath | None:
    return policy_route(verification.plan, verification.documents, rule.path, rule.where)
