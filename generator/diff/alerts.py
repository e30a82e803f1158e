"""What changed for one alert: its rule, whom it reaches and when, what silences it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from generator.diff import expressions, messages
from generator.diff.changes import Facet, Verdict
from generator.diff.judge import listed, of_more
from generator.plan.nobody import BECAUSE
from generator.plan.plan import carried
from generator.policy import duration
from generator.policy.model import NOBODY
from generator.system.unique import unique
from generator.upstream.alertmanager import values
from generator.upstream.promql import promql

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from collections.abc import Set as AbstractSet

    from generator.behaviour.behaviour import Rule
    from generator.diff.conduct import Conducts
    from generator.diff.pairing import Match
    from generator.diff.silence import Silences
    from generator.plan.plan import AlertRule
    from generator.policy.label_names import LabelNames

_WEAKER, _STRONGER, _DIFFERENT, _SAME = Verdict
_FOLLOWS = frozenset({"acknowledge_within", "resolve_within", "containment"})
"""Annotations that repeat what is told of the severity and the containment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The conduct and the inhibitions of both sides."""

    old: Conducts
    new: Conducts
    silences: Silences


def facets(match: Match, sides: Sides) -> tuple[Facet, ...]:
    """Return the changes of an alert; empty where it is unchanged."""
    if match.old is None or match.new is None:
        return tuple(_one_sided(match, sides))
    before, after = sides.old.promised(match.old), sides.new.promised(match.new)
    # What the policy makes itself changes with what it is made from, which is told; not so in a template of the user.
    made = _is_made(match.old, before) and _is_made(match.new, after)
    messages_differ = _says(match.old, before) and _says(match.new, after)
    return tuple(
        dict.fromkeys(
            (
                *_rule(match, match.old, match.new, sides, made=made, messages_differ=messages_differ),
                *_promise(before, after),
                *_nobody(sides.old.untold(match.old), sides.new.untold(match.new)),
                *_conduct(match, match.old, match.new, sides),
                *_silence(match, sides),
            )
        )
    )


def _is_made(rule: Rule, promised: AlertRule | None) -> bool:
    return promised is not None and not promised.origin.authored and rule.expr == promised.expr


def _says(rule: Rule, promised: AlertRule | None) -> bool:
    return promised is not None and dict(rule.annotations) == dict(promised.annotations)


def _one_sided(match: Match, sides: Sides) -> Iterator[Facet]:
    rule, conducts, added = (match.new, sides.new, True) if match.new else (match.old, sides.old, False)
    recipients = (
        [message.whom for message in conducts.of(rule, match.sent[0][added]).messages.values()] if match.sent else []
    )
    untold = conducts.untold(rule) if rule else None
    figures = (f"{'tells' if added else 'told'} {listed(recipients)}",) if recipients else ()
    if untold is not None:
        figures = (f"{'tells' if added else 'told'} nobody: {untold}",)
    gone = "is gone: it was told to nobody" if untold is not None else "is gone: nobody hears of it any more"
    off = sides.new.off(rule) if rule and not added else None
    gone = "is off" if off is not None else gone
    yield Facet(
        kind="alert",
        why=off or "",
        verdict=_SAME if untold is not None else _STRONGER if added else _WEAKER,
        what="is new" if added else gone,
        figures=figures,
    )


# ------------------------------------------------------------------------------------------- the rule


def _rule(match: Match, old: Rule, new: Rule, sides: Sides, *, made: bool, messages_differ: bool) -> Iterator[Facet]:
    if match.renamed:
        before = old.name if old.name != new.name else f"{old.name} of {sides.old.service(old)}"
        after = new.name if old.name != new.name else f"{new.name} of {sides.new.service(new)}"
        yield Facet(kind="name", verdict=_SAME, what=f"was called {before}" if after else before)
    service = (sides.old.service(old), sides.new.service(new)) if match.renamed else ("", "")
    if not made:
        yield from _expression(old.expr.replace(service[0], service[1]) if all(service) else old.expr, new.expr)
    yield from _hold(old, new)
    before, after = sides.old.severity(old), sides.new.severity(new)
    if before != after:
        lowered = after > before
        yield Facet(
            kind="severity",
            verdict=_WEAKER if lowered else _STRONGER,
            what=f"is a {after or 'thing without severity'}, no longer a {before or 'thing without severity'}",
            why="less urgent" if lowered else "more urgent",
        )
    yield from _series(old, new)
    kept = sides.old.shared(_kept(old, sides.old))
    yield from _labels(sides.new.names, kept, _kept(new, sides.new))
    if not (made and messages_differ):
        yield from _texts(_own(old, sides.old), _own(new, sides.new))


def _own(rule: Rule, conducts: Conducts) -> dict[str, str]:
    """Return the texts of a rule, but for the reason why nobody is told, which is told itself."""
    untold = rule.labels.get(conducts.names.duty) == NOBODY
    return {name: text for name, text in rule.annotations.items() if not (untold and name == BECAUSE)}


def _series(old: Rule, new: Rule) -> Iterator[Facet]:
    """Yield the change of which series of one rule it stands for: the others are somebody else's."""
    if old.series == new.series:
        return
    examples = (("now also", new, old), ("no longer", old, new))
    figures = [f"{word} {one}" for word, its, other in examples if (one := _one_more(its, other))]
    yield Facet(
        kind="owner",
        verdict=_DIFFERENT,
        what=f"owns {_where(new)}, no longer {_where(old)}",
        why="what it gains another service loses, and the other way round",
        figures=tuple(figures),
    )


def _where(rule: Rule) -> str:
    matchers = [str(matcher) for limits in rule.series.values() for matcher in sorted(limits, key=str)]
    return f"what has {' and '.join(matchers)}" if matchers else "whatever its series are"


def _one_more(its: Rule, other: Rule) -> str:
    """Return an example of the series that one has and the other has not; empty where there is none."""
    for label, limits in its.series.items():
        for matcher in other.series.get(label, ()):
            with suppress(values.Undecided):
                value = values.witness({*limits, matcher.negated()})
                if value is not None:
                    return f"{label}={promql.quote(value)}" if value else f"what has no {label}"
    return ""


def _expression(old: str, new: str) -> Iterator[Facet]:
    if old == new:
        return
    judged = _judged(old, new)
    if judged.verdict is _SAME:
        if _spaced(old) != _spaced(new):
            yield Facet(kind="expression", verdict=_SAME, what="its expression is written otherwise and means the same")
        return
    reasons = {
        _WEAKER: "it is true less often",
        _STRONGER: "it is true more often",
        _DIFFERENT: "when it is true, the text does not tell",
    }
    what = f"in its expression {listed(judged.moved)}" if judged.moved else "has another expression"
    figures = () if judged.moved else (f"before {_spaced(old)}", f"after  {_spaced(new)}")
    yield Facet(kind="expression", verdict=judged.verdict, what=what, why=reasons[judged.verdict], figures=figures)


@lru_cache(maxsize=4096)
def _judged(old: str, new: str) -> expressions.Judged:
    return expressions.judge(old, new)


def _spaced(expression: str) -> str:
    return " ".join(expression.split())


def _hold(old: Rule, new: Rule) -> Iterator[Facet]:
    if old.hold != new.hold:
        verdict = of_more(old.hold, new.hold, _WEAKER)
        yield Facet(
            kind="for",
            verdict=verdict,
            what=f"fires after {_time(new.hold)} instead of {_time(old.hold)} (`for`)",
            why="what ends sooner is told to nobody" if verdict is _WEAKER else "what ends sooner is told, too",
        )
    if old.keep_firing != new.keep_firing:
        yield Facet(
            kind="for",
            verdict=_DIFFERENT,
            what=f"goes on for {_time(new.keep_firing)} after its end instead of {_time(old.keep_firing)}",
        )


_time = duration.write


def _kept(rule: Rule, conducts: Conducts) -> dict[str, str]:
    """Return the labels of a rule's alerts; one that it removes, Prometheus may add again."""
    external = conducts.label_sets.external.items()
    added = {label: values[0] for label, values in external if len(values) == 1 and label in rule.labels}
    return {**added, **carried(rule.labels)}


def _labels(names: LabelNames, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Facet]:
    """Yield one change for all labels that changed; effects on routing are reported elsewhere."""
    # What is told by name.
    seen = {"alertname", names.severity, names.service, names.containment, names.page_each}
    if NOBODY in (old.get(names.duty), new.get(names.duty)):
        seen.add(names.duty)
    others = sorted((old.keys() | new.keys()) - seen)
    words = [
        f"{name}={new.get(name, '')} ({old.get(name, '') or 'none'} before)"
        for name in others
        if old.get(name) != new.get(name)
    ]
    if words:
        yield Facet(kind="label", verdict=_SAME, what=f"carries {listed(words)}")
    was, now = old.get(names.containment), new.get(names.containment)
    if was is not None and now is None:
        yield Facet(kind="containment", verdict=_WEAKER, what=f"names no containment any more, it was {was}")
    elif now != was:
        what = f"names the containment {now}" + (f" instead of {was}" if was else "")
        yield Facet(kind="containment", verdict=_DIFFERENT if was else _STRONGER, what=what)


def _texts(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Facet]:
    names = sorted((old.keys() | new.keys()) - _FOLLOWS)
    changed = [name for name in names if old.get(name) != new.get(name)]
    if not changed:
        return
    removed = [name for name in changed if name not in new]
    added_names = [name for name in changed if name not in old]
    if removed:
        yield Facet(kind="text", verdict=_WEAKER, what=f"says nothing under {listed(removed)} any more")
    if added_names:
        yield Facet(kind="text", verdict=_STRONGER, what=f"says something under {listed(added_names)} now")
    other = [name for name in changed if name in old and name in new]
    if other:
        yield Facet(kind="text", verdict=_SAME, what=f"says something else under {listed(other)}")


# ------------------------------------------------------------------------------------------- the promise


def _promise(old: AlertRule | None, new: AlertRule | None) -> Iterator[Facet]:
    """Yield changes that only the policy shows, not the rules: how an alert is detected."""
    if old is None or new is None:
        return
    before = {term.name: term.length for term in old.detection}
    after = {term.name: term.length for term in new.detection}
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was != now:
            shown = [_time(length) if length is not None else "nothing" for length in (was, now)]
            yield Facet(
                kind="detection",
                verdict=_SAME,
                what=f"counts {shown[1]} instead of {shown[0]} for `{name}`",
                why="a premise of the time, not the time itself",
            )


# ------------------------------------------------------------------------------------------- who is told


def _nobody(old: str | None, new: str | None) -> Iterator[Facet]:
    """Yield that nobody is told any more, that people are again, or that there is another reason."""
    if old is None and new is not None:
        yield Facet(kind="nobody", verdict=_WEAKER, what="is told to nobody", why=new)
    elif old is not None and new is None:
        yield Facet(kind="nobody", verdict=_STRONGER, what="is told to people, it was told to nobody", why=old)
    elif old != new:
        yield Facet(kind="nobody", verdict=_SAME, what="is told to nobody, for another reason", why=new or "")


def _conduct(match: Match, old: Rule, new: Rule, sides: Sides) -> Iterator[Facet]:
    conducts = ((sides.old.of(old, before), sides.new.of(new, after), before, after) for before, after in match.sent)
    for was, now, before, after in unique(conducts, lambda both: (id(both[0]), id(both[1]))):
        # What watches others has the labels of each of them, of which the same is told.
        rules = () if match.watches else ((old, sides.old), (new, sides.new))
        yield from messages.facets(
            was, now, partial(_differs_in, sides.old.shared(before).keys() | after.keys(), rules)
        )


def _differs_in(known: AbstractSet[str], rules: tuple[tuple[Rule, Conducts], ...], label: str) -> bool:
    """Return whether a label that an alert has on either side can tell it from others: one that is known of it, too."""
    return label in known or any(
        side.label_sets.evidently_has(rule, label) and side.label_sets.may_differ_in(rule, label)
        for rule, side in rules
    )


# ------------------------------------------------------------------------------------------- what silences it


def _silence(match: Match, sides: Sides) -> Iterator[Facet]:
    changed = [sides.silences.changed(sides.old.shared(before), after) for before, after in match.sent]
    gone = {cause for changed in changed for cause in changed.gone}
    came = {cause for changed in changed for cause in changed.came}
    other = {cause for changed in changed for cause in changed.other}
    if came - gone:
        yield Facet(kind="silence", verdict=_WEAKER, what=f"is silent while {_either(came - gone)}")
    if gone - came:
        yield Facet(kind="silence", verdict=_STRONGER, what=f"is no longer silent while {_either(gone - came)}")
    if other:
        what = f"is silent on other terms while {_either(other)}"
        yield Facet(kind="silence", verdict=_DIFFERENT, what=what, why="what must match or be equal changed")


_MOST = 4


def _either(causes: set[str]) -> str:
    sorted_causes = sorted(causes)
    if len(sorted_causes) > _MOST:
        return f"{', '.join(sorted_causes[:_MOST])} or one of {len(sorted_causes) - _MOST} more"
    *most, last = sorted_causes
    return f"{', '.join(most)} or {last}" if most else last
