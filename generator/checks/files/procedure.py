"""The rendered procedure says what the policy does: who is paged when, who is told, what is done, which alerts exist.

It is a page for people, in the template's own words and layout. What is read back of it are facts: names, times and
texts of the policy that stand together on one line. What a line says of the same with another time is a lie.
"""

from __future__ import annotations

import html
import re
from collections import defaultdict
from datetime import timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from generator.behaviour.documents import PROCEDURE, shown
from generator.behaviour.verification import KEEP_TEMPLATE, Finding
from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diagnostics.wording import first_few
from generator.plan import paged, pagers
from generator.policy import duration
from generator.policy.environments import pages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.behaviour.verification import Rendered
    from generator.diagnostics.diagnostic import PolicyPath
    from generator.plan.plan import AlertRule, PagedService, Plan

OUT608 = Code(
    name="OUT608",
    title="Procedure says otherwise than the policy",
    meaning="People act at night on what the procedure says. A line of it has another time than the policy's, which is "
    "an error; or something that the policy says is not on the page, which is a warning. Compare your template with "
    "the packaged one.",
)

_NAMED = 3
_TIME = re.compile(r"(?<![\w.-])(?:\d+(?:ms|[smhdw]))+(?![\w-])")
_NAME = re.compile(r"\w(?:[\w.-]*\w)?")
_WORD = re.compile(r"\w+")
_ENTITY = re.compile(r"(?<!\\)&#?\w+;")
_ESCAPE = re.compile(r"\\(?=[!-/:-@\[-`{-~])")


class _Fact(NamedTuple):
    """Words that stand on one line: first those by which the line is known, then what it says of them."""

    section: str
    what: str
    known_by: tuple[str, ...]
    says: tuple[str, ...]
    route: PolicyPath
    never: frozenset[str] = frozenset()
    """Names that say otherwise on such a line where they are not among what it says."""
    optional: bool = False
    """Whether a page may say nothing of it."""


def check(rendered: Rendered) -> Iterator[Finding]:
    """OUT608: the procedure has another time than the policy, or does not say something."""
    text = rendered.texts(PROCEDURE).get(PROCEDURE)
    if text is None:
        return
    page = _Page(text)
    lost: dict[str, list[_Fact]] = defaultdict(list)
    for fact in _facts(rendered.plan):
        lines = page.about(fact)
        if fact.optional and not lines:
            continue
        lie = next(
            (line for line in lines if fact.never and fact.never.intersection(_names(line)) - {*fact.says}), None
        )
        if lie is None and any(_says(line, fact.says) for line in lines):
            continue
        lie = lie or next((line for line in lines if _contradicts(line, fact)), None)
        if lie is None:
            lost[fact.section].append(fact)
        else:
            yield _finding(fact, f"says of {fact.what} otherwise than the policy", Level.ERROR, _both(lie, fact))
    for section, facts in lost.items():
        names = first_few([fact.what for fact in facts], _NAMED)
        yield _finding(facts[0], f"does not say {section}: {names}", Level.WARNING, ())


def _finding(fact: _Fact, what: str, level: Level, notes: tuple[str, ...]) -> Finding:
    diagnostic = Diagnostic(
        code=OUT608.name,
        level=level,
        message=f"{shown(PROCEDURE)} {what}",
        route=fact.route,
        on_key=True,
        notes=notes,
        help=KEEP_TEMPLATE,
    )
    return Finding(diagnostic=diagnostic, path=PROCEDURE)


def _both(line: str, fact: _Fact) -> tuple[str, ...]:
    return (f"the policy: {', '.join(word for word in fact.says if word)}", f"the page:   {line.strip()}")


# ------------------------------------------------------------------------------------------- the page


class _Page:
    """The lines of the page, found by a word."""

    def __init__(self, text: str) -> None:
        self._lines = [_plain(line) for line in text.splitlines()]
        self._by_word: dict[str, list[int]] = defaultdict(list)
        for number, line in enumerate(self._lines):
            for word in set(_WORD.findall(line)):
                self._by_word[word].append(number)

    def about(self, fact: _Fact) -> list[str]:
        """Return the lines by whose words a fact is known."""
        words = _WORD.findall(" ".join(fact.known_by))
        numbers = min((self._by_word.get(word, []) for word in words), key=len, default=[])
        return [line for number in numbers if _says(line := self._lines[number], fact.known_by)]


def _plain(text: str) -> str:
    """Return a line of Markdown without what only escapes."""
    if "&" in text:
        text = _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)
    return " ".join((_ESCAPE.sub("", text) if "\\" in text else text).split())


@lru_cache(maxsize=65536)
def _in_one(text: str) -> str:
    return " ".join(text.split())


# A loop, for speed: a large policy has some 100,000 facts.
def _says(line: str, words: Iterable[str]) -> bool:
    for word in words:  # noqa: SIM110
        if word and not _stands(line, _in_one(word)):
            return False
    return True


def _stands(line: str, word: str) -> bool:
    """Return whether a text stands in a line and is no part of a longer word. There may be 100,000: no expressions."""
    at, length = line.find(word), len(word)
    while at >= 0:
        before, after = line[at - 1 : at], line[at + length : at + length + 1]
        if not (before.isalnum() or after.isalnum() or before in ("_", "-") or after in ("_", "-")):
            return True
        at = line.find(word, at + 1)
    return False


def _names(line: str) -> list[str]:
    return _NAME.findall(line)


def _contradicts(line: str, fact: _Fact) -> bool:
    """Return whether a line has a time that the policy does not say there, in place of one that it does."""
    promised = set(_TIME.findall(" ".join((*fact.known_by, *fact.says))))
    there = set(_TIME.findall(line))
    return bool(promised - there and there - promised)


# ------------------------------------------------------------------------------------------- the facts


def _facts(plan: Plan) -> Iterator[_Fact]:
    yield from _text("what it is for", "its purpose", plan.policy.purpose or "", ("purpose",))
    yield from _severities(plan)
    yield from _chains(plan)
    yield from _people(plan)
    yield from _actions(plan)
    yield from _duties(plan)
    yield from _places(plan)
    yield from _alerts(plan)
    yield from _environments(plan)


def _environments(plan: Plan) -> Iterator[_Fact]:
    """Yield who is told in further environments: a page of one's own may be about the first one alone."""
    for other in plan.elsewhere:
        policy, name = other.policy, other.policy.environment
        told = {policy.place(channel) for severity in policy.severities.values() for channel in severity.notify}
        whom = ("pages",) if pages(policy) else (*sorted(told), "nobody is paged")
        route = ("environments", name)
        yield _Fact("what environments do", name, (name, "environment"), whom, route, optional=True)


def _text(section: str, what: str, text: str, route: PolicyPath) -> Iterator[_Fact]:
    """Yield a fact for each line of a text, which stands by itself."""
    for line in text.splitlines():
        if _WORD.search(line):
            yield _Fact(section, what, (line,), (), route)


def _severities(plan: Plan) -> Iterator[_Fact]:
    policy = plan.policy
    for name, one in plan.severities.items():
        resolve = (
            duration.write(one.resolve) if isinstance(one.resolve, timedelta) else "next sprint" if one.resolve else ""
        )
        told = map(policy.place, one.notify)
        says = (one.definition, one.promise, resolve, *told)
        yield _Fact("what a severity means", name, (name, one.title), says, ("severities", name))
    for route, title, beside in policy.besides():
        for severity, channels in (("", beside.always), *beside.by.items()):
            if channels:
                yield _Fact(
                    "who is told beside them", title, (title, severity), tuple(map(policy.place, channels)), route
                )


def _chains(plan: Plan) -> Iterator[_Fact]:
    for name, severity in plan.severities.items():
        for team, channel in pagers.named(plan.policy, severity):
            at, answer = duration.write(severity.first_page.value), duration.write(severity.answer_in.length)
            entry = plan.policy.channels[channel]
            of_team = (plan.policy.teams[team].title,) if team else ()
            known_by = (name, *of_team, entry.kind.called(entry.address), at)
            what = f"{channel} for {name}"
            route: PolicyPath = ("teams", team, "pager") if team else ("severities", name, "notify")
            yield _Fact("who is paged when", what, known_by, (answer,), route)
    for chain, one in paged.ways(plan):
        steps = tuple(_steps(plan, one))
        first = steps[0].partition(": ")[2]
        what = f"{chain} for {one.severity}"
        yield _Fact("who is paged when", what, (one.severity, chain, first), steps, one.route)


def _steps(plan: Plan, one: PagedService) -> Iterator[str]:
    latest = one.first_page.value
    for step in one.escalation.steps:
        who = ", ".join(map(plan.policy.called, step.targets))
        yield f"{duration.write(latest + step.after)}: {who}"


def _people(plan: Plan) -> Iterator[_Fact]:
    for name, role in plan.policy.roles.items():
        holder = (plan.policy.called(role.held_by),) if role.held_by else ()
        yield _Fact("who has which role", role.title, (role.title,), (*holder, role.does), ("roles", name))


def _actions(plan: Plan) -> Iterator[_Fact]:
    for name, phase in plan.policy.lifecycle.items():
        for key, step in phase.steps.items():
            yield from _text("what is done", key, step, ("lifecycle", name))
    users: Mapping[str, set[str]] = defaultdict(set)
    for rule in plan.rules:
        users[rule.labels.get(plan.policy.labels.containment, "")].add(rule.name)
    for name, one in plan.policy.containments.items():
        route = ("containments", name)
        for text in (one.title, one.when, *one.steps):
            yield from _text("how it is contained", one.title, text, route)
        if one.basis:
            says = (one.basis.reference, one.basis.section or "")
            yield _Fact("what a containment rests on", one.title, (one.when,), says, route)
        if one.call:
            yield _Fact("what is called", one.title, (one.call,), (), route)
        alerts = tuple(sorted(users[name]))
        if alerts:
            yield _Fact("which alerts are contained", one.title, alerts[:1], alerts[1:], route)
    for inhibition in plan.inhibitions:
        yield from _text("what is silent meanwhile", inhibition.why, inhibition.why, inhibition.route)


def _duties(plan: Plan) -> Iterator[_Fact]:
    for name, duty in plan.policy.duties.items():
        title = duty.title or name
        length = duty.every or duty.within
        by = (plan.policy.roles[duty.by].title,) if duty.by else ()
        severities = duty.during if duty.every else duty.after
        says = (duration.write(length) if length else "", *severities, *by, *duty.via)
        yield _Fact("which duties there are", title, (title,), says, ("duties", name))
        for step in duty.steps:
            yield from _text("what a duty is", title, step, ("duties", name))


def _places(plan: Plan) -> Iterator[_Fact]:
    for name, channel in plan.policy.channels.items():
        rule = tuple((channel.rule or "").splitlines())
        yield _Fact(
            "which channels there are", name, (name, channel.address), (channel.audience, *rule), ("channels", name)
        )
    for kind in ("references", "runbooks"):
        for name, one in getattr(plan.policy, kind).items():
            yield _Fact("where to read on", name, (name, one.title), (one.url or "",), (kind, name))


def _alerts(plan: Plan) -> Iterator[_Fact]:
    by_name: dict[tuple[str, str], list[AlertRule]] = defaultdict(list)
    for rule in plan.rules:
        if rule.origin.authored:
            by_name[rule.severity, rule.name].append(rule)
    policy = plan.policy
    # A page may name the team and the chain of an alert, too.
    named = {*policy.services, *policy.containments, *policy.runbooks}
    others = frozenset(named.difference(policy.teams, policy.escalations))
    for (severity, name), rules in by_name.items():
        first = rules[0]
        runbooks = {rule.annotations["runbook_url"].rsplit("/", 1)[-1] for rule in rules}
        says = (
            *(rule.service for rule in rules),
            duration.write(first.hold),
            first.labels.get(plan.policy.labels.containment, ""),
            *sorted(runbooks),
        )
        yield _Fact("which alerts there are", name, (severity, name), says, first.route, others)
