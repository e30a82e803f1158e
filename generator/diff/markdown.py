"""The comparison as a comment on a pull request: what matters first, the rest folded.

What stands in a policy is a stranger's text in a pull request: it becomes neither markup nor a mention nor a link.
GitHub takes 65,536 characters for a comment.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.diagnostics.quoting import in_markdown
from generator.diff.changes import Verdict
from generator.diff.text import beneath, heading, loading, sentence, summary, where

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from generator.diagnostics.diagnostic import Place, PolicyPath
    from generator.diff.changes import Changes, Entry, Load

MARKER = "<!-- alertc diff -->"
"""The first line, by which a comment is found again to be replaced."""
LONGEST = 65_536
"""Characters of a comment on GitHub."""
_ROOM = 2_000
"""Characters kept for the end."""
_FIRST = 8
"""Changes that are seen without unfolding."""


def to_markdown(changes: Changes, places: Mapping[PolicyPath, Place]) -> str:
    """Return the comment in at most LONGEST characters; `places` are the places of policy entries."""
    head = [MARKER, f"### {in_markdown(f'{changes.old} → {changes.new}: {summary(changes)}')}", ""]
    head += [f"> {in_markdown(note)}\n" for note in changes.notes]
    unfit = ((unfit.name, in_markdown(f"{unfit.why}; {unfit.help}")) for unfit in changes.unfit)
    head += [f"> `accepts/{name}` does nothing: {why}\n" for name, why in unfit]
    moving = [entry for entry in changes.entries if entry.verdicts != {Verdict.SAME}]
    head += [_short(entry) for entry in moving[:_FIRST]]
    if len(moving) > _FIRST:
        head.append(f"- and {len(moving) - _FIRST} more, below")
    tail = [*_loads(changes.loads), *_deploy(changes)]
    budget = LONGEST - _ROOM - _size(head) - _size(tail)
    if budget < 0:
        # A name that fills a comment leaves no room for others.
        return "\n".join(head)[: LONGEST - _ROOM] + "\n\n_The comment is cut here: `alertc diff` prints all._\n"
    return "\n".join([*head, *_details(changes, places, budget), *tail]) + "\n"


def _size(lines: Iterable[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _short(entry: Entry) -> str:
    """Return the change in one line."""
    worst = next(verdict for verdict in Verdict if verdict in entry.verdicts)
    facets = [facet for facet in entry.facets if facet.verdict is worst]
    accepted = " (accepted)" if all(facet.accepted for facet in facets) else ""
    more = f", and {len(facets) - 1} more" if len(facets) > 1 else ""
    return f"- **{worst.value}**{accepted} {in_markdown(heading(entry))}: {in_markdown(facets[0].said)}{more}"


def _details(changes: Changes, places: Mapping[PolicyPath, Place], budget: int) -> Iterator[str]:
    if not changes.entries:
        return
    lines = ["", "<details><summary>Every change</summary>", ""]
    remaining = len(changes.entries)
    for entry in changes.entries:
        at = where(entry, places)
        block = [f"**{in_markdown(heading(entry))}**{f' ({in_markdown(at)})' if at else ''}", ""]
        for facet in entry.facets:
            block.append(f"- {facet.verdict.value}: {in_markdown(sentence(facet))}")
            block += [f"  - {in_markdown(line)}" for line in beneath(facet, entry)]
        block.append("")
        if _size(lines) + _size(block) > budget:
            break
        lines += block
        remaining -= 1
    if remaining:
        more = f"{remaining} more {'changes do' if remaining > 1 else 'change does'} not fit here"
        lines += [f"_{more}: `alertc diff` prints all._", ""]
    yield from (*lines, "</details>")


def _loads(loads: tuple[Load, ...]) -> Iterator[str]:
    if not loads:
        return
    yield from ("", "<details><summary>On call, a week on average</summary>", "")
    yield "| | hours | nights | week-ends |"
    yield "|---|---|---|---|"
    for load in loads:
        cells = (
            f"{was:g} → {now:g}" if was != now else f"{was:g}" for was, now in zip(load.before, load.after, strict=True)
        )
        yield f"| {in_markdown(load.name)} | {' | '.join(cells)} |"
    yield from ("", "</details>")


def _deploy(changes: Changes) -> Iterator[str]:
    lines = loading(changes.deploy)
    if not lines:
        return
    yield from ("", "<details><summary>When it is loaded</summary>", "")
    yield from (f"- {in_markdown(line)}" for line in lines)
    yield from ("", "</details>")
