"""Policies of many services: each stage and each command beside plain promtool on the same files."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench import bars, generate, peers, stages
from bench.bars import Row
from bench.machine import ALERTC
from bench.measure import medians, run
from generator.system import programs

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from bench.measure import Cost, Skipped

SIZES = (10, 1_000, 10_000)
"""The services of the policies that stand on the page."""
JUDGED = 10_000
"""The size that the bars are for: 100,000 rules."""
FULL_RUNS = 3
"""So often full runs and plain promtool follow one another where rounds are not repeated: bars compare with these."""

RESOLVED, BUILT, PROVEN, AUDITED = 0.25, 0.10, 0.2, 1.0
"""At most, as parts of plain promtool's time."""
FULL = {10: 66, 1_000: 2.28, JUDGED: 0.9}
"""The same of a full run, by the services. Of few, promtool's unit tests take most, which plain promtool does not run."""
UNCHANGED, CHANGED = 0.1, 0.35
"""At most, as parts of a full run."""
AUDIT = (
    *("audit", "--rules", "out/prometheus/rules", "--alertmanager", "out/alertmanager/alertmanager.yml"),
    *("--format", "json"),
)
ENVIRONMENTS = 1.3
"""At most, as a part of a full run of one environment."""
OBJECTS, OF_A_SECRET = 1.35, 50
"""At most, as a part of a full run of plain files alone; so many chains that one Secret holds their routes."""
DIFFERENT = 0.5
"""At most, as a part of a full check."""
GROWTH = 11
"""At most, for ten times the services."""
MEMORY, AUDIT_MEMORY = 1_500 * bars.MEGABYTE, 1_000 * bars.MEGABYTE


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What a policy of so many services costs."""

    services: int
    rules: int
    rounds: int
    costs: Mapping[str, Cost]


def rounds_of(services: int) -> int:
    """Return how often a size is measured: short runs differ more from one another."""
    return 3 if services < 100 else 1


def measured(services: int, folder: Path, python: Path | Skipped, rounds: int) -> Figures:
    """Return the medians over the rounds; in each, all that is compared runs in turn, on the same noisy machine.

    `python` has Jsonnet.
    """
    costs = medians([_round(services, folder, python) for _ in range(rounds)])
    files = (folder / "out/prometheus/rules").iterdir()
    rules = sum(path.read_text(encoding="utf-8").count("\n      - alert: ") for path in files)
    return Figures(services=services, rules=rules, rounds=rounds, costs=costs)


def title(services: int) -> str:
    """Return what a size is called."""
    return f"{services:,} services"


def about(figures: Figures) -> str:
    """Return what the reader should know of the policy and of the figures."""
    runs = "one run" if figures.rounds == 1 else f"medians of {figures.rounds} runs"
    if figures.rounds == 1:
        runs += f"; full runs and promtool are medians of {FULL_RUNS}, in turn"
    return f"{figures.rules:,} rules, {runs}"


def rows(figures: Figures, tenth: Figures | None) -> tuple[Row, ...]:
    """Return the table; `tenth` has a tenth of the services, measured in the same run."""
    costs = figures.costs
    judged = figures.services == JUDGED

    def beside(what: str, name: str, of: str, bar: float | None = None) -> Row:
        return bars.ratio(what, costs[name], costs[of], of, bar if judged else None)

    return (
        bars.alone("plain `promtool check rules`, all files in one call", costs["promtool"]),
        beside("read the policy", "read", "promtool"),
        beside("read and resolve it", "resolved", "promtool", RESOLVED),
        beside("build the files", "built", "promtool", BUILT),
        beside("prove the routes and times of what was read back", "proven", "promtool", PROVEN),
        bars.ratio(
            "`alertc render` into an empty folder, with all checks (a full run)",
            costs["full"],
            costs["promtool"],
            "promtool",
            FULL.get(figures.services),
        ),
        *_growth(figures, tenth, judged=judged),
        beside("`alertc audit` of the rules and routes that it wrote", "audit", "promtool", AUDITED),
        *((bars.memory("memory of the audit", costs["audit"], AUDIT_MEMORY),) if judged else ()),
        beside("`alertc check --all`", "check", "full"),
        *_environments(figures),
        *_objects(figures),
        beside("`alertc render`, nothing changed", "unchanged", "full", UNCHANGED),
        beside("`alertc render`, one service changed", "changed", "full", CHANGED),
        beside("`alertc diff`, one service changed", "diff", "check", DIFFERENT),
        beside("Jinja, and a shell loop around `promtool check rules`", "jinja", "promtool"),
        beside(
            f"Jsonnet ({peers.JSONNET} {peers.JSONNET_VERSION}), and `promtool check rules` once", "jsonnet", "promtool"
        ),
        beside("`amlint check` of the routes", "amlint", "promtool"),
    )


def _environments(figures: Figures) -> Iterator[Row]:
    if "environments" in figures.costs:
        what = "a full run with a second environment, whose label Prometheus adds"
        yield bars.ratio(what, figures.costs["environments"], figures.costs["full"], "full", ENVIRONMENTS)


def _objects(figures: Figures) -> Iterator[Row]:
    if "objects" in figures.costs:
        yield bars.alone(f"a full run where at most {OF_A_SECRET} chains page", figures.costs["plain"])
        what = "the same, which writes objects of Kubernetes and values of Helm, too"
        yield bars.ratio(what, figures.costs["objects"], figures.costs["plain"], "plain files", OBJECTS)


def _growth(figures: Figures, tenth: Figures | None, *, judged: bool) -> Iterator[Row]:
    full = figures.costs["full"]
    if judged:
        yield bars.memory("its memory", full, MEMORY)
    if tenth:
        bar = GROWTH if judged else None
        yield bars.ratio("its time, for ten times the services", full, tenth.costs["full"], title(tenth.services), bar)
    elif judged:
        yield Row(what="its time, for ten times the services", figure="not measured in this run", bar=str(GROWTH))


def _round(services: int, folder: Path, python: Path | Skipped) -> dict[str, Cost]:
    shutil.rmtree(folder, ignore_errors=True)
    policy, rules = folder / "policy/policy.yaml", folder / "out/prometheus/rules"
    policy.parent.mkdir(parents=True)
    promtool = programs.find("promtool").path
    _write(policy, generate.policy(services))
    several = folder / "environments"
    (several / "policy").mkdir(parents=True)
    _write(several / "policy/policy.yaml", generate.with_staging(generate.policy(services)))
    costs = medians([_full(folder, several, rules, promtool) for _ in range(_in_turn(services))])
    costs["unchanged"] = run([ALERTC, "render"], folder=folder)
    costs |= stages.measured(policy)
    costs["audit"] = run([ALERTC, *AUDIT], folder=folder)
    costs["jinja"] = peers.jinja(policy, promtool, folder / "jinja")
    costs["jsonnet"] = peers.jsonnet(python, policy, promtool, folder / "jsonnet")
    costs["amlint"] = peers.amlint(folder / "out/alertmanager/alertmanager.yml")
    # The last service, since it has no tests: one file differs, by one line.
    _write(policy, generate.policy(services, changed=services - 1))
    costs["changed"] = run([ALERTC, "render"], folder=folder)
    costs["check"] = run([ALERTC, "check", "--all"], folder=folder)
    _write(folder / "before.yaml", generate.policy(services))
    costs["diff"] = run([ALERTC, "diff", "before.yaml"], folder=folder)
    if services < JUDGED:
        costs |= medians([_with_objects(services, folder) for _ in range(_in_turn(services))])
    return costs


def _in_turn(services: int) -> int:
    """Return how often two runs whose ratio has a bar follow one another in each round."""
    return FULL_RUNS if rounds_of(services) == 1 else 1


def _with_objects(services: int, folder: Path) -> dict[str, Cost]:
    """Return what a full run of plain files costs, and one of all forms of them."""
    costs: dict[str, Cost] = {}
    for name, made in (("plain", lambda text: text), ("objects", generate.with_objects)):
        (folder / name / "policy").mkdir(parents=True, exist_ok=True)
        _empty(folder / name)
        _write(folder / name / "policy/policy.yaml", made(generate.policy(services, most=OF_A_SECRET)))
        costs[name] = run([ALERTC, "render"], folder=folder / name)
    return costs


def _full(folder: Path, several: Path, rules: Path, promtool: Path) -> dict[str, Cost]:
    """Return what a render costs where there is nothing yet, with `several` environments too, and plain promtool."""
    _empty(folder)
    _empty(several)
    full = run([ALERTC, "render"], folder=folder)
    environments = run([ALERTC, "render"], folder=several)
    # By their names alone: ten thousand paths must fit a command line.
    names = sorted(path.name for path in rules.iterdir())
    return {
        "full": full,
        "environments": environments,
        "promtool": run([promtool, "check", "rules", *names], folder=rules),
    }


def _empty(folder: Path) -> None:
    for left in (folder / "out", folder / ".cache"):
        shutil.rmtree(left, ignore_errors=True)


def _write(policy: Path, text: Iterator[str]) -> None:
    # Piece by piece: what this process holds counts for those that it starts.
    with policy.open("w", encoding="utf-8") as file:
        file.writelines(text)
