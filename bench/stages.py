"""What each stage of the compiler costs, in a process of its own: `python -m bench.stages policy.yaml`."""

from __future__ import annotations

import gc
import json
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench.machine import ROOT
from bench.measure import UNIT, Failed, Measured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.system.artifact import Artifact

STAGES = ("read", "resolved", "built", "proven")
"""The policy as a tree; that and all until its plan; the files from the plan; their routes and times, once read back."""


def measured(policy: Path) -> dict[str, Measured]:
    """Return what each of STAGES costs.

    The process goes through one after the other. Its peak of memory never falls, so what is told after a stage is
    what a process that ends there would tell.
    """
    child = subprocess.run(
        [sys.executable, "-m", "bench.stages", str(policy)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if child.returncode:
        raise Failed(f"the stages of {policy.name} ended with code {child.returncode}; they said:\n{child.stderr}")
    told = json.loads(child.stdout)
    return {stage: Measured(seconds=told[stage][0], memory=told[stage][1]) for stage in STAGES}


def main(policy: Path) -> None:
    """Print the seconds and the bytes of each stage."""
    # What is imported counts for memory, not for time: it does not grow with the policy.
    from generator import pipeline  # noqa: F401

    # As `generator.cli` does.
    gc.disable()
    begun = time.perf_counter()
    costs = {}
    for stage, _ in stages(policy):
        if stage == "read back":
            begun = time.perf_counter()
            continue
        now = time.perf_counter()
        costs[stage] = (now - begun, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * UNIT)
        if stage != "read":
            begun = time.perf_counter()
    print(json.dumps(costs))


def stages(policy: Path) -> Iterator[tuple[str, tuple[Artifact, ...]]]:
    """Yield the name of each stage when it is done, and the files that there are by then.

    The steps of `pipeline.compile`, parted where we look at the clock; the policies here are known to be right.
    """
    from generator.behaviour import documents
    from generator.checks.files import pagerduty, routing, rules, schedules, times
    from generator.checks.lints import LINTS, POLICY_LINTS
    from generator.checks.verify import read_back
    from generator.plan import resolve
    from generator.policy import load, references, schema, source
    from generator.targets import TARGETS
    from generator.targets.render import Templates

    read = source.read_file(policy)
    yield "read", ()
    loaded = load.load(schema.check(read.tree))
    references.check(loaded)
    for policy_lint in POLICY_LINTS:
        tuple(policy_lint(loaded))
    plan = resolve.resolve(loaded)
    for lint in LINTS:
        tuple(lint(plan))
    yield "resolved", ()
    templates = Templates(None)
    artifacts = [artifact for target in TARGETS for artifact in target.build(plan, templates, policy.name)]
    built = tuple(sorted(artifacts, key=lambda artifact: artifact.path))
    yield "built", built
    files = documents.read(built)
    yield "read back", ()
    verification = read_back(plan, built, files, policy.parent)
    for check in (rules.check, routing.check, times.check, pagerduty.check, schedules.check):
        tuple(check(verification))
    yield "proven", ()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
