"""Attack alertc at random: `python tests/attack.py --minutes 60 [--seed N] [--jobs 2] [--kind KIND] [--only NUMBER]`.

A case is of one kind: a policy with faults and bombs in it (`policy`), a repository in which a pull request left files
and links (`repository`), a server that answers what it likes (`server`). Each is given to one or more commands, in a
process of its own. Whatever the case, there is no traceback, no "bug", no exit code but 0 to 3, no silent success, no
character that rewrites a terminal, no word of files that lie elsewhere, no change of them, and no run takes long or
much memory; each kind promises more. Prints the seed and what happened; a case that fails says how to repeat it.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

# Not the folder of this file: `pagerduty` is a library, and a module here.
sys.path[0] = str(Path(__file__).parent.parent) if __name__ == "__main__" else sys.path[0]

from tests.attacks import policies, repositories, servers
from tests.attacks.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KINDS = {"policy": policies.attack, "repository": repositories.attack, "server": servers.attack}
"""What a case of each kind does: it yields what was run and what is wrong with it."""


@dataclass
class Tally:
    """What happened to the cases: how many of each kind, how their runs ended, what was wrong."""

    cases: Counter = field(default_factory=Counter)
    ended: Counter = field(default_factory=Counter)
    faults: list = field(default_factory=list)
    slowest: float = 0.0
    slowest_case: str = ""
    largest: int = 0

    def add(self, other: Tally) -> None:
        self.cases += other.cases
        self.ended += other.ended
        self.faults += other.faults
        self.largest = max(self.largest, other.largest)
        if other.slowest > self.slowest:
            self.slowest, self.slowest_case = other.slowest, other.slowest_case

    def said(self) -> str:
        cases = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.cases.items()))
        ended = ", ".join(f"{count:,} with {code}" for code, count in sorted(self.ended.items()))
        return (
            f"{sum(self.cases.values()):,} cases ({cases}), {sum(self.ended.values()):,} runs ended {ended}\n"
            f"slowest: {self.slowest:.1f} s ({self.slowest_case}); most memory: {self.largest:,} MB; "
            f"faults: {len(self.faults)}\n"
        )


def attacked(
    world: World, seed: int, numbers: Iterator[int], until: float, kinds: tuple[str, ...], report: Callable[[str], None]
) -> Tally:
    """Play the cases of these numbers until a time comes, or they end."""
    tally = Tally()
    for number in numbers:
        if time.monotonic() > until:
            break
        kind = kinds[number % len(kinds)]
        name = f"--kind {kind} --seed {seed} --only {number}"
        tally.cases[kind] += 1
        for ran, wrong in KINDS[kind](world, random.Random(f"{seed}/{number}")):
            tally.ended[ran.code] += 1
            tally.largest = max(tally.largest, ran.peak)
            if ran.seconds > tally.slowest:
                tally.slowest, tally.slowest_case = ran.seconds, f"{name}: {' '.join(ran.arguments)}"
            for fault in wrong:
                tally.faults.append(f"{name}: alertc {' '.join(ran.arguments)}: {fault}")
                report(tally.faults[-1])
    return tally


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=1)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--kind", choices=tuple(KINDS))
    parser.add_argument("--only", type=int, metavar="NUMBER", help="play this case alone, and leave its folder")
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    kinds = (given.kind,) if given.kind else tuple(KINDS)
    if given.only is not None:
        world = World(Path(tempfile.mkdtemp(prefix="alertc-attack-")))
        tally = attacked(world, given.seed, iter([given.only]), float("inf"), kinds, print)
        print(f"{tally.said()}left in {world.folder}")
        return bool(tally.faults)
    until = time.monotonic() + 60 * given.minutes
    tally = Tally()
    for part in _in_parallel(given.jobs, given.seed, until, kinds):
        tally.add(part)
    print(tally.said(), end="")
    return bool(tally.faults)


def _in_parallel(jobs: int, seed: int, until: float, kinds: tuple[str, ...]) -> Iterator[Tally]:
    """Play the cases in processes of their own, each in a world of its own."""
    import pickle

    readers = []
    for job in range(jobs):
        reader, writer = os.pipe()
        if os.fork():
            os.close(writer)
            readers.append(reader)
            continue
        try:
            with tempfile.TemporaryDirectory(prefix="alertc-attack-") as folder:
                numbers = iter(range(job, 1 << 62, jobs))
                tally = attacked(World(Path(folder)), seed, numbers, until, kinds, lambda said: print(said, flush=True))
            with os.fdopen(writer, "wb") as answer:
                pickle.dump(tally, answer)
        except BaseException:
            traceback.print_exc()
            raise
        finally:
            os._exit(0)
    for reader in readers:
        with os.fdopen(reader, "rb") as answer:
            yield pickle.load(answer)
    for _ in readers:
        os.wait()


if __name__ == "__main__":
    sys.exit(main())
