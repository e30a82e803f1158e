"""The comparison for a terminal."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from generator.diagnostics.wording import shortened
from generator.diff.changes import Verdict
from generator.diff.judge import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.diagnostics.diagnostic import Place, PolicyPath
    from generator.diff.changes import Changes, Deploy, Entry, Facet, Load, Subject

_NAMED = 6
"""Of subjects with the same change, so many are named."""


def lines(changes: Changes, places: Mapping[PolicyPath, Place]) -> Iterator[str]:
    """Yield the lines for a terminal; `places` are the places of policy entries."""
    yield f"{changes.old} -> {changes.new}: {summary(changes)}"
    yield from (f"note: {note}" for note in changes.notes)
    yield from (f"note: {unfit.said}; {unfit.help}" for unfit in changes.unfit)
    for entry in changes.entries:
        yield ""
        at = where(entry, places)
        yield f"{heading(entry)} ({at})" if at else heading(entry)
        for facet in entry.facets:
            yield f"  {facet.verdict.value:<9}  {sentence(facet)}"
            yield from (f"{'':13}{line}" for line in beneath(facet, entry))
    yield from _loads(changes.loads)
    yield from _deploy(changes.deploy)


def _loads(loads: tuple[Load, ...]) -> Iterator[str]:
    if not loads:
        return
    yield ""
    yield "On call, a week on average:"
    width = max(len(load.name) for load in loads)
    for load in loads:
        yield f"  {load.name:<{width}}  {load_text(load)}"


def _deploy(deploy: Deploy) -> Iterator[str]:
    lines = loading(deploy)
    if lines:
        yield from ("", "When it is loaded:", *(f"  {line}" for line in lines))


def loading(deploy: Deploy) -> tuple[str, ...]:
    """Return what loading the files does, in which order to load them, and how to go back."""
    return (*deploy.happens, _order(deploy)) if deploy.order else deploy.happens


def _order(deploy: Deploy) -> str:
    if len(deploy.order) == 1:
        return f"only {_with_folder(deploy, deploy.order[0])} has new files; back: {deploy.rollback}"
    programs = [program for program in deploy.order if program in deploy.folders]
    if len({deploy.folders[program] for program in programs}) < len(programs):
        return f"{_all_at_once(deploy, programs)}; back: {deploy.rollback}"
    order = ", then ".join(_with_folder(deploy, program) for program in deploy.order)
    return f"load {order}; back: {deploy.rollback}, {', then '.join(reversed(deploy.order))}"


def _all_at_once(deploy: Deploy, programs: list[str]) -> str:
    """Return the order of loading where some programs are given the same."""
    others = [program for program in deploy.order if program not in programs]
    together = f"{deploy.folders[programs[0]]}, which brings {listed(programs)} theirs at once"
    return f"load {', then '.join((*others, together))}"


def _with_folder(deploy: Deploy, program: str) -> str:
    folder = deploy.folders.get(program)
    return f"{program} ({folder})" if folder else program


def load_text(load: Load) -> str:
    """Return `84h -> 42h, 3.5 -> 0 nights, 0.5 week-ends`."""
    hours, nights, week_ends = (_moved(was, now) for was, now in zip(load.before, load.after, strict=True))
    return f"{hours} hours, {nights} nights, {week_ends} week-ends"


def _moved(was: float, now: float) -> str:
    return f"{was:g}" if was == now else f"{was:g} -> {now:g}"


def summary(changes: Changes) -> str:
    """Return `2 weaker, 1 stronger`, or that nothing changed for whom."""
    accepted = len(changes.of(Verdict.WEAKER)) - len(changes.unaccepted)
    counts = [(verdict, len(changes.of(verdict))) for verdict in Verdict if verdict is not Verdict.SAME]
    sentence = ", ".join(
        f"{count} {verdict.value}" + (f" ({accepted} accepted)" if accepted and verdict is Verdict.WEAKER else "")
        for verdict, count in counts
        if count
    )
    return sentence or "no change in who is paged"


def heading(entry: Entry) -> str:
    """Return the name of an entry's subjects."""
    subjects = entry.subjects
    if len(subjects) == 1:
        return title(subjects[0])
    if subjects[0].kind == "labels":
        names = [subject.name for subject in subjects]
        return f"{len(subjects)} label sets that no rule sends: {' | '.join(shortened(names, _NAMED))}"
    counts = Counter(subject.name for subject in subjects)
    names = [name if count == 1 else f"{name} ({count})" for name, count in counts.items()]
    of = sorted({subject.severity for subject in subjects if subject.severity})
    kind = f"{len(subjects)} alerts" if subjects[0].kind == "alert" else f"{len(subjects)} entries"
    services = {subject.service for subject in subjects if subject.service}
    where = f" of {next(iter(services))}" if len(services) == 1 else ""
    return f"{kind}{where}{f' ({listed(of)})' if of else ''}: {listed(shortened(names, _NAMED))}"


def title(subject: Subject) -> str:
    """Return the name of a subject."""
    if subject.kind == "labels":
        return f"alerts that no rule sends, with {subject.name}"
    if subject.kind != "alert":
        return f"{subject.kind} {subject.name}".strip()
    grade = f", a {subject.severity}" if subject.severity else ""
    return f"{subject.name}{grade}" + (f" of {subject.service}" if subject.service else "")


def place(entry: Entry, places: Mapping[PolicyPath, Place]) -> Place | None:
    """Return the place of an entry; None where it has several subjects or no place."""
    route = entry.subjects[0].route
    return places.get(route) if route and len(entry.subjects) == 1 else None


def where(entry: Entry, places: Mapping[PolicyPath, Place]) -> str:
    """Return `policy.yaml:12`; empty where there is no place."""
    at = place(entry, places)
    return f"{at.path}:{at.line}" if at else ""


def sentence(facet: Facet) -> str:
    """Return the change as a sentence, with its reason."""
    return f"{facet.said}: {facet.why}" if facet.why else facet.said


def beneath(facet: Facet, entry: Entry) -> Iterator[str]:
    """Yield the lines below the sentence: the acceptance, and the figures with the subject that they belong to."""
    if facet.accepted:
        yield facet.accepted
    for number, figure in enumerate(facet.figures):
        last = number == len(facet.figures) - 1
        yield f"{figure} ({_short(entry.example)})" if entry.example and last and facet.weight else figure


def _short(subject: Subject) -> str:
    return f"{subject.name} of {subject.service}" if subject.service else subject.name
