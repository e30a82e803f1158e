"""docs/performance.md: the figures, and what they mean."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bench import peers, scale, shipped

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bench.bars import Row

TITLES = (shipped.TITLE, *map(scale.title, scale.SIZES))
"""Of the tables, in their order."""

_HEAD = """\
# How fast alertc is

Written by `make bench`, which fails where a bar is missed; do not edit. `make bench SERVICES="10 1000"` measures these
sizes alone and leaves the others as they are.

Seconds differ from machine to machine, and from hour to hour on a busy one. So everything is measured beside something
else, in turn, within one run on at most two cores, and the bars are ratios: `0.25 x promtool` is a quarter of the time
that plain `promtool check rules` takes for the same rule files. Memory is that of the largest process.

The policies are made by `bench/generate.py`: the shipped policy's people, severities and channels, ten alerts for each
service, all written out, tests for one service in a hundred, and up to four thousand paging routes. The first four
stages are timed within a process of their own, without the start of Python; all else are whole commands. Bars are for
the shipped policy and for 10,000 services; a full run has one at each size. A small policy spends most of a full run in
promtool's unit tests, which plain `check rules` does not run; their number grows with the tests, not with the services.
"""

_TAIL = f"""\
## What the others leave out

- **Jinja and a shell loop** writes the same rules of the services (`bench/peers/with_jinja.py`), and asks promtool of
  one file after the other, as such loops do.
- **Jsonnet** writes them too (`bench/peers/rules.jsonnet`), and asks promtool once. It is taken from PyPI for the time of
  the measurement; the table says where it could not be had.
- **`amlint check`** judges the routes that alertc wrote. Its time grows with the square of the routes, and it is stopped
  after {peers.AMLINT_PATIENCE} s (the two above after {peers.PATIENCE} s).

None of them checks the policy, finds a misspelt name, runs or writes unit tests, derives an interval or proves an SLA,
writes routes, message templates, PagerDuty's bodies or the procedure, knows that nothing changed, or replaces the files
at one instant. alertc's full run does all that, and asks promtool and amtool.

## What a change of one service costs, and what it would take to go below

What promtool and amtool said of files that have not changed is remembered, and how rules, routes and the policy's entries
read. But when one service changed, alertc still resolves the whole policy and builds every file, since any entry may
change any file, and proves all routes. A third of that is the way to the plan and its lints, a sixth rendering, a fifth
taking in what was rendered, a sixth judging it; from the lints on, a second process takes about half. For less than that,
the policy would have to be split into files, one for each team or service, whose trees, plans and artifacts are
remembered by themselves, and every lint and proof would have to say which entries it looked at.
"""


def section(title: str, about: str, rows: Iterable[Row]) -> str:
    """Return a table with its heading; ratios first."""
    lines = [("", "ratio", "bar", "", "seconds", "memory")]
    lines += [(row.what, row.figure, row.bar, _verdict(row), row.seconds, row.memory) for row in rows]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    head, *body = (
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |" for line in lines
    )
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([f"## {title}", "", f"{about}.", "", head, rule, *body]) + "\n"


def written(sections: Mapping[str, str]) -> str:
    """Return the page with these sections, by their titles."""
    return "\n".join([_HEAD, *(sections[title] for title in sorted(sections, key=TITLES.index)), _TAIL])


def sections(page: str) -> dict[str, str]:
    """Return the tables of a page, by their titles."""
    parts = re.split(r"^(?=## )", page, flags=re.MULTILINE)[1:]
    titled = {part[3:].partition("\n")[0]: part.rstrip("\n") + "\n" for part in parts}
    return {title: part for title, part in titled.items() if title in TITLES}


def missed(rows: Iterable[Row]) -> tuple[str, ...]:
    """Return a line for each bar that was missed."""
    return tuple(f"TOO SLOW: {row.what}: {row.figure}, bar {row.bar}" for row in rows if row.kept is False)


def _verdict(row: Row) -> str:
    return "" if row.kept is None else "ok" if row.kept else "TOO SLOW"
