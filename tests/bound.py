"""Hold the predicted worst case against the real programs: `python tests/bound.py [--seed N] [--policies N]`.

Policies made by chance (intervals, time-outs, `for`, SLAs), each with the same alert for many services, and every alert
of the shipped policy. In each pair of a policy and a phase, a condition becomes true at a moment of the scrape interval
that was drawn before the run, while its target's place in the scrape interval and its group's in the evaluation
interval are anybody's. No page may come later than predicted.

As many policies again meet a fault each: a peer that is lost or hangs while many alerts fire, a restarted Prometheus or
Alertmanager (with one peer and with two), a reload, a return within a tick. What `survive` names is in their sums, what
it does not name is added. Others scrape nearly as rarely as the look-back allows. And expressions with ranges,
subqueries, offsets and records run as they are, in real time, with the series of a test that alertc accepts.

Tightness is the latest page of a policy by its bound less the terms that a run in which nothing fails cannot spend:
what is left are scrape, evaluation, `for` and group_wait. A bound that is far too long would prove nothing.
Prints the seed, what was compared, how near the bound they came, and the tightness.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from generator.behaviour import documents
from generator.behaviour.alerts import sent_alerts
from generator.behaviour.behaviour import behave
from generator.behaviour.label_sets import LabelSets
from generator.drill import conditions, faults, fire, paging, repeats
from generator.drill.clock import Scale
from generator.drill.scenarios import Scene
from generator.drill.stage import DrillRun, Shutdown, stage
from generator.upstream.alertmanager.match import Router
from tests.alertmanager import program, shipped
from tests.bound_policies import RARE, drawn, expressions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from generator.drill.compare import Drilled
    from generator.drill.conditions import Condition
    from generator.drill.scenarios import Act
    from generator.pipeline import Compiled

ALONE = 3
"""Of a policy whose alerts meet their fault one by one, so many do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What goes wrong, and whether all alerts of a policy meet it together."""

    act: Act | None = None
    """None: nothing goes wrong."""
    together: bool = True


FAULTS: Mapping[str, Fault] = {
    "lost-peer": Fault(act=faults.lost_peer),
    "hung-peer": Fault(act=faults.hung_peer),
    "prometheus-restart": Fault(act=faults.restart),
    "alertmanager-restart": Fault(act=faults.restarted_alertmanager),
    "hanging-receiver": Fault(act=faults.hanging),
    "return": Fault(act=repeats.returning, together=False),
    "reload": Fault(act=repeats.reload, together=False),
    RARE: Fault(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page beside its prediction. `spendable` is what of that a run in which nothing fails can spend."""

    policy: str
    alert: str
    observed: timedelta
    predicted: timedelta
    spendable: timedelta
    judged: bool
    """Whether its tightness counts: of a P0 or P1 that waits a minute at most, where no fault was drawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a run showed."""

    pages: tuple[Page, ...]
    shipped: tuple[Page, ...]
    faults: tuple[str, ...]
    failed: frozenset[str] = frozenset()
    """The scenes that the faults are of."""

    def besides(self, again: Comparison) -> Comparison:
        """Return what a run showed, and in place of its scenes that failed what those showed `again`."""
        return Comparison(
            pages=(*(page for page in self.pages if page.policy not in self.failed), *again.pages),
            shipped=(*(page for page in self.shipped if page.policy not in self.failed), *again.shipped),
            faults=again.faults,
            failed=again.failed,
        )

    def tightness(self) -> list[float]:
        """Return, for each generated policy, how near the latest page came to what it can spend."""
        by_policy: dict[str, list[Page]] = {}
        for page in self.pages:
            if page.judged:
                by_policy.setdefault(page.policy, []).append(page)
        return sorted(max(page.observed / page.spendable for page in pages) for pages in by_policy.values())


def compare(
    seed: int, policies: int, suite: str, *, faulty: int = 0, only: frozenset[str] | None = None, pace: float = 1
) -> Comparison:
    """Return what came of so many policies, of so many `faulty` ones, and of the shipped one; of `only` these scenes.

    With a `pace` below 1 more real time stands for the same: what a busy machine loses weighs less.
    """
    shutdown, chance = Shutdown(), random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        scenes = []
        for number in range(policies):
            run = play_of(drawn(chance), Path(folder, f"{number}"), suite, 15 * pace, chance.getrandbits(32), shutdown)
            scenes.append(scene(run, f"policy-{number}", of(run, "MoneyLost")))
        for number, fault in enumerate(chance.choices(tuple(FAULTS), k=faulty)):
            run = play_of(
                drawn(chance, fault), Path(folder, f"f{number}"), suite, 15 * pace, chance.getrandbits(32), shutdown
            )
            scenes += faulted(run, fault, f"{fault}-{number}", pace)
        if faulty:
            run = play_of(expressions(chance), Path(folder, "expressions"), suite, 1, chance.getrandbits(32), shutdown)
            run = replace(run, real_time=True)
            scenes.insert(0, scene(run, "expressions", of(run, "Tried")))
        whole = play_of(shipped(), Path(folder, "shipped"), suite, 30 * pace, chance.getrandbits(32), shutdown)
        # The longest `for` first: the others are played beside it.
        for number, batch in enumerate(conditions.apart(whole.behaviour, of(whole))):
            scenes.insert(0, scene(whole, f"shipped-{number}", batch))
        scenes = [one for one in scenes if only is None or one.name in only]
        found = fire.drill(shutdown, scenes, at_once=12)
    pages = [(one, page_of(one, play_name(one, scenes))) for one in found]
    return Comparison(
        pages=tuple(page for _, page in pages if page and not page.policy.startswith("shipped")),
        shipped=tuple(page for _, page in pages if page and page.policy.startswith("shipped")),
        faults=tuple(finding.diagnostic.message for one in found for finding in one.findings),
        failed=frozenset(play_name(one, scenes) for one in found if one.findings),
    )


def play_of(compiled: Compiled, folder: Path, suite: str, scale: float, seed: int, shutdown: Shutdown) -> DrillRun:
    """Return how a policy is played on the programs of a suite."""
    folder.mkdir()
    files = documents.read(compiled.artifacts)
    behaviour = behave(files, compiled.artifacts)
    return DrillRun(
        plan=compiled.plan,
        artifacts=compiled.artifacts,
        documents=files,
        behaviour=behaviour,
        router=Router(behaviour.root),
        prometheus=program(suite, "prometheus"),
        alertmanager=program(suite, "alertmanager"),
        scale=Scale(factor=scale),
        at=datetime.now(timezone.utc),
        seed=seed,
        folder=folder,
        shutdown=shutdown,
    )


def of(run: DrillRun, name: str = "") -> tuple[Condition, ...]:
    """Return the conditions whose names begin like this."""
    sent = sent_alerts(run.plan, run.behaviour, run.router, LabelSets(run.behaviour.rules, {}))
    found = conditions.conditions(run.plan, run.behaviour, run.router, sent, run.at)
    return tuple(one for one in found if one.name.startswith(name))


def faulted(run: DrillRun, name: str, called: str, pace: float) -> Iterator[Scene]:
    """Yield the scenes in which the alerts of a policy meet a fault."""
    fault, some = FAULTS[name], of(run, "MoneyLost")
    if not fault.together:
        run = replace(run, scale=Scale(factor=60 * pace))  # what is repeated after half an hour
    for number, batch in enumerate([some] if fault.together else [(one,) for one in some[:ALONE]]):
        yield Scene(name=f"{called}-{number}", act=fault.act or first_pages, run=run, conditions=batch)


def scene(run: DrillRun, name: str, some: tuple[Condition, ...]) -> Scene:
    return Scene(name=name, act=first_pages, run=run, conditions=some)


def first_pages(run: DrillRun, name: str, some: tuple[Condition, ...]) -> tuple[Drilled, ...]:
    """Let all conditions become true and wait for their first messages."""
    with stage(run, name, some) as set_up:
        return paging.first_messages(set_up, "page-and-escalate", some, paging.begin(set_up, some))


def play_name(one: Drilled, scenes: list[Scene]) -> str:
    return next(each.name for each in scenes if any(some is one.condition for some in each.conditions))


def page_of(one: Drilled, policy: str) -> Page | None:
    """Return the first page of a drill; None where the alert pages nobody, or none came (which is a fault)."""
    rows = (row for row in one.rows if row.predicted and row.observed is not None)
    row = next((row for row in rows if row.step == 0 or row.kind in ("again", "back")), None)
    told = next((told for told in one.condition.timeline.messages if told.step == 0 and told.node), None)
    if row is None or row.predicted is None or row.observed is None or told is None or told.node is None:
        return None
    rule = one.condition.rule
    spent = (term.length for term in row.predicted.terms if term.name in ("scrape", "evaluation", "for"))
    return Page(
        policy=policy,
        alert=f"{one.condition.name} of {one.condition.labels['service']}",
        observed=row.observed,
        predicted=row.predicted.value,
        spendable=sum(spent, told.node.group_wait),
        judged=policy.startswith("policy-")
        and one.condition.labels["severity"] in ("P0", "P1")
        and bool(rule)
        and rule.hold <= timedelta(minutes=1),
    )


def report(found: Comparison, seed: int) -> str:
    nearest = max((*found.pages, *found.shipped), key=lambda page: page.observed / page.predicted)
    tight = found.tightness()
    return (
        f"seed {seed}: {len(found.pages)} pairs of a policy and a phase ({len(tight)} policies), "
        f"{len(found.shipped)} alerts of the shipped policy; {len(found.faults)} above their bound or not as promised\n"
        f"the nearest came after {nearest.observed.total_seconds():.1f} s of {nearest.predicted.total_seconds():g} s "
        f"({nearest.observed / nearest.predicted:.0%})\n"
        f"tightness: median {statistics.median(tight):.2f}, from {tight[0]:.2f} to {tight[-1]:.2f}"
    )


def main() -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    options.add_argument("--policies", type=int, default=16)
    options.add_argument("--faulty", type=int, default=0, help="policies that meet a fault")
    options.add_argument("--suite", default="bookworm")
    chosen = options.parse_args()
    found = compare(chosen.seed, chosen.policies, chosen.suite, faulty=chosen.faulty)
    sys.stdout.write("\n".join((report(found, chosen.seed), *found.faults, "")))
    return 1 if found.faults or statistics.median(found.tightness()) < 0.8 else 0


if __name__ == "__main__":
    sys.exit(main())
