"""`python -m bench [SERVICES ...]`: measures, prints, writes the page; exit code 1 where a bar is missed, 3 where it cannot."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench import machine, page, peers, scale, shipped
from bench.measure import Failed, Skipped
from generator.diagnostics.diagnostic import EnvironmentProblem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.bars import Row

PAGE = machine.ROOT / "docs/performance.md"


def main(sizes: Sequence[int]) -> int:
    """Measure the shipped policy and policies of these many services; return the exit code."""
    old = page.sections(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    new: dict[str, str] = {}
    missed: list[str] = []
    described = machine.described()

    def note(title: str, about: str, rows: tuple[Row, ...]) -> None:
        new[title] = page.section(title, f"{about}. {described}", rows)
        missed.extend(f"{title}: {line}" for line in page.missed(rows))
        print(new[title], flush=True)

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        costs = shipped.measured(folder / "shipped")
        note(shipped.TITLE, f"Medians of {shipped.ROUNDS} runs", shipped.rows(costs))
        python = peers.python_with_jsonnet(folder / "jsonnet")
        if isinstance(python, Skipped):
            print(f"Jsonnet is not measured: {python.why}\n", flush=True)
        figures: dict[int, scale.Figures] = {}
        for services in sizes:
            figures[services] = scale.measured(services, folder / "scale", python, scale.rounds_of(services))
            tenth = figures.get(services // 10) if services % 10 == 0 else None
            note(scale.title(services), scale.about(figures[services]), scale.rows(figures[services], tenth))
    # Other sizes than those of the page are for whoever looks into something.
    kept = {title: text for title, text in new.items() if title in page.TITLES}
    PAGE.write_text(page.written({**old, **kept}), encoding="utf-8")
    print("\n".join(missed) or "every bar is kept")
    return 1 if missed else 0


def _services(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"`{text}` is no number of services; write for example 1000")
    return int(text)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("services", nargs="*", type=_services, default=scale.SIZES, help="sizes of the policies")
    machine.use_two_cores()
    try:
        sys.exit(main(sorted(set(parser.parse_args().services))))
    except Failed as failed:
        print(f"bench: {failed}", file=sys.stderr)
    except EnvironmentProblem as unready:
        print(f"bench: {unready.message}\nhelp: {unready.help}", file=sys.stderr)
    sys.exit(3)
