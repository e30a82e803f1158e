"""Findings about inhibition rules: what they can hide, and what they never hide."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from generator.audit.shared import finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Level
from generator.diagnostics.wording import first_few
from generator.upstream.alertmanager.values import may_be

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.audit.judge import Verdict
    from generator.audit.shared import Case
    from generator.diagnostics.diagnostic import Diagnostic
    from generator.upstream.alertmanager.inhibition import Inhibition
    from generator.upstream.alertmanager.match import Matcher

AUD930 = Code(
    name="AUD930",
    title="Inhibition rule can hide urgent alerts",
    meaning="While its source fires, the urgent alert is told to nobody. What resolves meanwhile is lost, and so is "
    "its return until `repeat_interval` is over. Name the severities that may be hidden in the target.",
)

AUD931 = Code(
    name="AUD931",
    title="Inhibition rule takes every alert for its target",
    meaning="The target asks for nothing, so that any source silences all that agree with it in `equal`.",
)

AUD932 = Code(
    name="AUD932",
    title="Inhibition rule without a source or a target",
    meaning="No alert of the rules that were read can be its source, or none can be its target. It may be for alerts "
    "of other rules; else its matchers are wrong.",
)

AUD933 = Code(
    name="AUD933",
    title="Inhibition rule equates missing labels",
    meaning="A label in `equal` that both alerts lack counts as equal, so that the rule silences alerts that have "
    "nothing to do with its source. Ask for the label in a matcher of the target.",
)

_NAMED = 8


def check(verdicts: Iterable[Verdict], case: Case) -> Iterator[Diagnostic]:
    """AUD930 to AUD933: what inhibition rules hide."""
    urgent = hidden_by(verdict for verdict in verdicts if verdict.urgent)
    for number, inhibition in enumerate(case.configuration.behaviour.inhibitions):
        place = case.configuration.place(inhibition.where)
        if _takes_all(inhibition.target):
            yield finding(
                AUD931.name,
                Level.ERROR,
                f"every alert{agreeing(inhibition).replace(' and', ' with')} is silent while one fires with "
                f"{asked(inhibition.source)}",
                place,
                help="name in the target what may be hidden",
            )
        elif urgent[number]:
            yield _hides(inhibition, urgent[number], case)
        lacking = _nobody_sends(number, inhibition, case)
        if lacking:
            yield finding(
                AUD932.name,
                Level.NOTE,
                f"no alert of these rules is {lacking} of an inhibition rule",
                place,
                help="it may be for alerts of other rules: give all rules with --rules",
            )
        yield from _equates(number, inhibition, urgent[number], case)


def hidden_by(verdicts: Iterable[Verdict]) -> Mapping[int, list[tuple[Verdict, bool]]]:
    """Return the alerts that each inhibition rule can silence, by its number, and whether that is certain."""
    hidden: dict[int, list[tuple[Verdict, bool]]] = defaultdict(list)
    for verdict in verdicts:
        for silencing in verdict.silenced:
            hidden[silencing.number].append((verdict, silencing.certain))
    return hidden


def _hides(inhibition: Inhibition, hidden: list[tuple[Verdict, bool]], case: Case) -> Diagnostic:
    names = list(dict.fromkeys(verdict.name for verdict, _ in hidden))
    certain = {verdict.name for verdict, surely in hidden if surely}
    perhaps = [name for name in names if name not in certain]
    notes = [f"it hides: {first_few([name for name in names if name in certain], _NAMED)}"] if certain else []
    if perhaps:
        notes.append(f"with some labels: {first_few(perhaps, _NAMED)}")
    return finding(
        AUD930.name,
        Level.WARNING if certain else Level.NOTE,
        f"while an alert fires with {asked(inhibition.source)}, {len(names):,} urgent "
        f"alert{'s' * (len(names) > 1)} with {asked(inhibition.target)}{agreeing(inhibition)} can be silent",
        case.configuration.place(inhibition.where),
        notes=tuple(notes),
        help=f'let the target leave out what is urgent: `{case.promise.label}!~"'
        f'{"|".join(name for name, severity in case.promise.severities.items() if severity.urgent)}"`',
    )


def _equates(
    number: int, inhibition: Inhibition, hidden: list[tuple[Verdict, bool]], case: Case
) -> Iterator[Diagnostic]:
    """Yield a finding where what is surely a source and an urgent target surely lack all labels in `equal`."""
    if not inhibition.equal:
        return
    label_sets = case.judge.label_sets
    sources = [
        written
        for written in case.judge.silencers.sources(number)
        if label_sets.matches(written.rule, inhibition.source)
        and all(label_sets.value(written.rule, label) == "" for label in inhibition.equal)
    ]
    lacking = [
        verdict
        for verdict, certain in hidden
        if certain and all(label_sets.value(verdict.written.rule, label) == "" for label in inhibition.equal)
    ]
    pair = next(
        ((source, verdict) for verdict in lacking for source in sources if source.rule.name != verdict.name), None
    )
    if pair:
        source, verdict = pair
        yield finding(
            AUD933.name,
            Level.WARNING,
            f"{source.rule.name} silences {verdict.name}, since neither has {' or '.join(inhibition.equal)}",
            case.configuration.place((*inhibition.where, "equal")),
            notes=(f"sources without it: {len(sources):,}; urgent targets: {len(lacking):,}",),
            help=f'ask for the label in the target: `{inhibition.equal[0]}!=""`',
        )


def _nobody_sends(number: int, inhibition: Inhibition, case: Case) -> str | None:
    silencers = case.judge.silencers
    if not silencers.sources(number):
        return "the source"
    return None if any(silencers.matching(inhibition.target)) else "a target"


def _takes_all(matchers: Iterable[Matcher]) -> bool:
    return all(not may_be(frozenset((matcher.negated(),))) for matcher in matchers)


def asked(matchers: Iterable[Matcher]) -> str:
    """Return which labels matchers ask for."""
    return ", ".join(map(str, matchers)) or "any label"


def agreeing(inhibition: Inhibition) -> str:
    """Return in which labels source and target must agree, as the end of a clause; empty where in none."""
    return f" and the same {', '.join(inhibition.equal)}" if inhibition.equal else ""
