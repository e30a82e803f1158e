"""Hold the predicted worst case against the real programs: `python tests/bound.py [--seed N] [--policies N]`.

Policies made by chance (intervals, time-outs, `for`, SLAs), each with the same alert for many services, and every alert
of the shipped policy. In each pair of a policy and a phase, a condition becomes true at a moment of the scrape interval
that was drawn before the run, while its target's place in the scrape interval and its group's in the evaluation
interval are anybody's. No page may come later than predicted.

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
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from generator import pipeline
from generator.behaviour import documents
from generator.behaviour.alerts import sent_alerts
from generator.behaviour.behaviour import behave
from generator.behaviour.label_sets import LabelSets
from generator.drill import conditions, fire, paging
from generator.drill.clock import Scale
from generator.drill.scenarios import Scene
from generator.drill.stage import DrillRun, Shutdown, stage
from generator.policy import source
from generator.targets.render import Templates
from generator.upstream.alertmanager.match import Router
from tests.alertmanager import program, shipped
from tests.compiling import SMALL

if TYPE_CHECKING:
    from generator.drill.compare import Drilled
    from generator.drill.conditions import Condition
    from generator.pipeline import Compiled

PHASES = 16
"""Alerts of one policy, each with a phase of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page beside its prediction. `spendable` is what of that a run in which nothing fails can spend."""

    policy: str
    alert: str
    observed: timedelta
    predicted: timedelta
    spendable: timedelta
    urgent: bool
    """A P0 or P1 that waits a minute at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a run showed."""

    pages: tuple[Page, ...]
    shipped: tuple[Page, ...]
    faults: tuple[str, ...]

    def tightness(self) -> list[float]:
        """Return, for each generated policy, how near the latest page came to what it can spend."""
        by_policy: dict[str, list[Page]] = {}
        for page in self.pages:
            if page.urgent:
                by_policy.setdefault(page.policy, []).append(page)
        return sorted(max(page.observed / page.spendable for page in pages) for pages in by_policy.values())


def compare(seed: int, policies: int, suite: str) -> Comparison:
    """Return what came of so many policies and of the shipped one."""
    shutdown, chance = Shutdown(), random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        scenes = []
        for number in range(policies):
            compiled = pipeline.compile(policy_of(chance), Templates(None), "policy.yaml")
            run = play_of(compiled, Path(folder, f"{number}"), suite, 15, chance.getrandbits(32), shutdown)
            scenes.append(scene(run, f"policy-{number}", of(run, "MoneyLost")))
        whole = play_of(shipped(), Path(folder, "shipped"), suite, 30, chance.getrandbits(32), shutdown)
        # The longest `for` first: the others are played beside it.
        for number, batch in enumerate(conditions.apart(whole.behaviour, of(whole))):
            scenes.insert(0, scene(whole, f"shipped-{number}", batch))
        found = fire.drill(shutdown, scenes, at_once=12)
    pages = [(one, page_of(one, play_name(one, scenes))) for one in found]
    return Comparison(
        pages=tuple(page for _, page in pages if page and not page.policy.startswith("shipped")),
        shipped=tuple(page for _, page in pages if page and page.policy.startswith("shipped")),
        faults=tuple(finding.diagnostic.message for one in found for finding in one.findings),
    )


def policy_of(chance: random.Random) -> source.Source:
    """Return a policy made by chance: one alert for many services, a P0 or a P1."""
    tree: dict[str, Any] = yaml.safe_load(SMALL)
    severity = chance.choice(["P0", "P1"])
    services = [f"s{number:02}" for number in range(PHASES)]
    tree["services"] |= {name: {**tree["services"]["shop"], "depends_on": []} for name in services}
    scrape = chance.choice([10, 15, 20, 30])
    tree["stack"]["prometheus"] |= {
        "scrape": f"{scrape}s",
        "scrape_timeout": f"{chance.choice([5, 10])}s",
        "evaluate": f"{chance.choice([10, 15, 20, 30])}s",
        "alertmanager_timeout": f"{chance.choice([5, 10])}s",
    }
    tree["stack"]["alertmanager"]["peer_timeout"] = f"{chance.choice([5, 10, 15])}s"
    tree["stack"]["delivery"] = f"{chance.choice([5, 10, 15])}s"
    tree["severities"]["P0"] |= {"acknowledge": f"{chance.choice([8, 10, 12])}m", "detect_in": "90s"}
    tree["severities"]["P1"] |= {"acknowledge": f"{chance.choice([15, 20, 30])}m"}
    # A record is read at its own pace: left out, like all that is not asked.
    del tree["records"]
    hold = chance.choice([0, 15, 30, 60])
    given, clock = 'till_difference{job="$service",till="north"}', 60
    tree["alerts"] = {
        "ServiceDown": tree["alerts"]["ServiceDown"],
        "MoneyLost": {
            "each": services,
            "severity": severity,
            "expr": 'max by (till) (abs(till_difference{job="$service"})) > 0',
            "for": f"{hold}s",
            "seen_within": "0s",
            "containment": "stop-sales",
            "page_each": ["till"],
            "summary": "Till {{ $labels.till }} of $service is off",
            "tests": [
                {"given": {given: "0x4 7x20"}, "fires_at": f"{2 * clock + 180}s", "labels": {"till": "north"}},
                {"given": {given: "0x20"}, "silent_until": "5m"},
            ],
        },
    }
    return source.read(yaml.safe_dump(tree, sort_keys=False).encode(), "policy.yaml")


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
    """Return the conditions of this name, or all of them."""
    sent = sent_alerts(run.plan, run.behaviour, run.router, LabelSets(run.behaviour.rules, {}))
    found = conditions.conditions(run.plan, run.behaviour, run.router, sent, run.at)
    return tuple(one for one in found if name in ("", one.name))


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
    row = next((row for row in one.rows if row.step == 0 and row.predicted and row.observed is not None), None)
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
        urgent=one.condition.labels["severity"] in ("P0", "P1") and bool(rule) and rule.hold <= timedelta(minutes=1),
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
    options.add_argument("--suite", default="bookworm")
    chosen = options.parse_args()
    found = compare(chosen.seed, chosen.policies, chosen.suite)
    sys.stdout.write("\n".join((report(found, chosen.seed), *found.faults, "")))
    return 1 if found.faults or statistics.median(found.tightness()) < 0.8 else 0


if __name__ == "__main__":
    sys.exit(main())
