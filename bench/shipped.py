"""The policy of this repository: alertc beside the programs that it calls, started by hand."""

from __future__ import annotations

import resource
import shutil
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from bench import bars
from bench.machine import ALERTC, ROOT
from bench.measure import UNIT, Failed, Measured, medians, run
from generator.system import programs

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bench.bars import Row
    from bench.measure import Cost

TITLE = "The shipped policy"
ROUNDS = 5
COLD, TESTED = 2.5, 0.58
"""At most, times the three programs by hand."""
HELP, UNCHANGED, EXPLAINED = 3, 7, 11.9
"""At most, times `import click`: it is Python's start and imports, as most of these are. The last two stand for 0.3 s
and 0.5 s on a machine on which it takes 0.042 s; the 0.58 above for 5 s of 8.5 s."""


def measured(folder: Path, rounds: int = ROUNDS) -> dict[str, Cost]:
    """Return the medians of what there is to compare; all that is compared runs in turn, on the same noisy machine."""
    for name in ("policy", "templates", "out"):
        shutil.copytree(ROOT / name, folder / name)
    return medians([_round(folder) for _ in range(rounds)])


def rows(costs: Mapping[str, Cost]) -> tuple[Row, ...]:
    """Return the table."""
    return (
        bars.alone("`promtool check rules`, `promtool test rules`, `amtool check-config`, by hand", costs["by hand"]),
        bars.ratio("`alertc render`, nothing remembered", costs["cold"], costs["by hand"], "by hand", COLD),
        bars.ratio(
            "`promtool test rules` of all generated tests, side by side as alertc runs it",
            costs["tested"],
            costs["by hand"],
            "by hand",
            TESTED,
        ),
        bars.alone("`python -c 'import click'`", costs["click"]),
        bars.ratio("`alertc render`, nothing changed", costs["unchanged"], costs["click"], "click", UNCHANGED),
        bars.ratio(
            "`alertc explain BalanceConservationViolated`", costs["explained"], costs["click"], "click", EXPLAINED
        ),
        bars.ratio("`alertc --help`", costs["help"], costs["click"], "click", HELP),
    )


def _round(folder: Path) -> dict[str, Cost]:
    shutil.rmtree(folder / ".cache", ignore_errors=True)
    return {
        "cold": run([ALERTC, "render"], folder=folder),
        "unchanged": run([ALERTC, "render"], folder=folder),
        "explained": run([ALERTC, "explain", "BalanceConservationViolated"], folder=folder),
        "tested": _tested(folder / "out"),
        "by hand": _by_hand(folder / "out"),
        "help": run([ALERTC, "--help"], folder=folder),
        "click": run([sys.executable, "-c", "import click"], folder=folder),
    }


def _tested(out: Path) -> Measured:
    """Run all generated tests as alertc does: each file by itself, side by side, with its settings for Go."""
    files = sorted((out / "prometheus/tests").glob("*.yaml"))
    promtool = programs.find("promtool").path
    commands = [
        programs.Command(argv=(promtool, "test", "rules", file), env=programs.SIDE_BY_SIDE, timeout=600)
        for file in files
    ]
    begun = time.perf_counter()
    for result in programs.run_all(commands):
        if result.code:
            raise Failed(f"`promtool test rules` ended with code {result.code}; it said: {result.stderr}")
    seconds = time.perf_counter() - begun
    return Measured(seconds=seconds, memory=resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * UNIT)


def _by_hand(out: Path) -> Measured:
    promtool, amtool = programs.find("promtool").path, programs.find("amtool").path
    rules, tests = (sorted((out / "prometheus" / name).glob("*.yaml")) for name in ("rules", "tests"))
    costs = [
        run([promtool, "check", "rules", *rules], folder=out),
        run([promtool, "test", "rules", *tests], folder=out),
        run([amtool, "check-config", out / "alertmanager/alertmanager.yml"], folder=out),
    ]
    return replace(
        max(costs, key=lambda cost: cost.memory),
        seconds=sum(cost.seconds for cost in costs),
    )
