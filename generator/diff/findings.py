"""The comparison as findings beside the lines of the policy: for annotations and code scanning."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.code import Code
from generator.diagnostics.diagnostic import Diagnostic, Level
from generator.diff.changes import Verdict
from generator.diff.text import heading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.diagnostics.diagnostic import Place
    from generator.diff.changes import Changes, Entry

DIF801 = Code(
    name="DIF801",
    title="Weaker alerting",
    meaning="Compared with an older policy (`alertc diff`), fewer people are notified, or later, or less "
    "often, or in fewer cases. `--fail-on weaker` makes it an error. If it is intended, say so under "
    "`accepts`, with a reason and a date.",
)

DIF802 = Code(
    name="DIF802",
    title="Stronger alerting",
    meaning="Compared with an older policy (`alertc diff`), more people are notified, or sooner, or in more cases.",
)

DIF803 = Code(
    name="DIF803",
    title="Different alerting",
    meaning="Compared with an older policy (`alertc diff`), other people are notified, or alertc cannot tell "
    "whether there are more or fewer cases.",
)

DIF804 = Code(
    name="DIF804",
    title="Acceptance has expired",
    meaning="The acceptance no longer counts. Remove it, or decide again and write a later date.",
)

DIF805 = Code(
    name="DIF805",
    title="Acceptance without effect",
    meaning="Nothing that the acceptance names is weaker any more, for instance since the change was merged. "
    "Remove it.",
)


def findings(changes: Changes, policy: Place, *, strict: bool) -> Iterator[Diagnostic]:
    """Yield a finding for each group of changes; with `strict`, unaccepted weaker changes are errors.

    What has no entry in the new policy is shown at the policy as a whole.
    """
    for entry in changes.entries:
        worst = next(verdict for verdict in Verdict if verdict in entry.verdicts)
        if worst is Verdict.SAME:
            continue
        unaccepted = any(facet.verdict is Verdict.WEAKER and not facet.accepted for facet in entry.facets)
        level = Level.NOTE
        if worst is Verdict.WEAKER and unaccepted:
            level = Level.ERROR if strict else Level.WARNING
        yield _finding(entry, worst, level, policy)
    for unfit in changes.unfit:
        yield Diagnostic(
            code=DIF804.name if unfit.expired else DIF805.name,
            message=unfit.said,
            level=Level.WARNING if unfit.expired else Level.NOTE,
            route=("accepts", unfit.name),
            on_key=True,
            help=unfit.help,
        )


def _finding(entry: Entry, worst: Verdict, level: Level, policy: Place) -> Diagnostic:
    code = {Verdict.WEAKER: DIF801.name, Verdict.STRONGER: DIF802.name, Verdict.DIFFERENT: DIF803.name}[worst]
    route = entry.subjects[0].route
    notes = []
    for facet in entry.facets:
        why = f": {facet.why}" if facet.why else ""
        notes += [
            f"{facet.verdict.value}: {facet.said}{why}",
            *([facet.accepted] if facet.accepted else []),
            *facet.figures,
        ]
    return Diagnostic(
        code=code,
        message=f"{worst.value}: {heading(entry)}",
        level=level,
        route=route,
        on_key=True,
        place=None if route else policy,
        notes=tuple(notes),
        help="where it is meant, say so under `accepts`, with a reason and a day" if level is Level.ERROR else None,
    )
