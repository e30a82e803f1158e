"""Changes each key of each rendered file and says what nobody found: `python -m tests.every_key [POLICY] [--few]`.

Prints for each kind of file how many keys and changes there were, how many were found, by whom, and how many only look
otherwise, by rows of `looks`. What alertc does not find is asked of promtool and amtool, a few times for each key and
way of changing it. Whatever is left is a hole: a template could change it, and nobody would learn of it.
"""

import argparse
import contextlib
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests import keys, looks
from tests.compiling import EXCHANGE, compiled
from tests.judging import Judge

KINDS = (
    "prometheus/rules/",
    "prometheus/tests/",
    "alertmanager/alertmanager.yml",
    "alertmanager/templates/",
    "pagerduty/",
    "docs/",
    "kubernetes/",
    "helm/",
)
"""The beginnings of the paths of each kind of file."""
ASKED = 3
"""So often other programs are asked of a key that is changed in one way: promtool takes a second for each."""


@dataclass
class Outcome:
    """What became of the changes of one kind of file; `excused` counts them by the row of `looks`."""

    keys: int = 0
    by: Counter = field(default_factory=Counter)
    excused: Counter = field(default_factory=Counter)
    holes: list = field(default_factory=list)


def tried(made, kind, most, seed):
    """Return what is found of the changes of a kind of file, of `most` of them that are drawn; None: of all."""
    changes = [change for one in made.artifacts if one.path.startswith(kind) for change in keys.changes(one)]
    outcome = Outcome(keys=len({change[:2] for change in changes}))
    if most is not None and most < len(changes):
        changes = random.Random(seed).sample(changes, most)
    asked = Counter()
    with Judge(made) as judge:
        for path, key, how, what, text in changes:
            # What the public reads is asked first: a row of the table is to hide nothing of it.
            found = judge.found(path, text(), ask=path.endswith("public.tmpl"))
            row = None if found else looks.entry(path, key, how)
            if row is not None:
                outcome.excused[row] += 1
                continue
            asked[key, how] += 0 if found else 1
            if not found and asked[key, how] > ASKED:
                outcome.by["others of its kind"] += 1
                continue
            found = found or judge.found(path, text())
            if found:
                outcome.by[found.by] += 1
            else:
                outcome.holes.append(f"{path}: {key} {how}: {what[:200]}")
    return outcome


def idle_rows(mades, seed, *, ask, tries=40):
    """Return the rows of `looks` that excuse nothing: none of some changes that fit one is not found.

    `ask`: by other programs, either.
    """
    fitting = {number: [] for number in range(len(looks.LOOKS))}
    for made in mades:
        for one in made.artifacts:
            for change in keys.changes(one):
                number = looks.entry(*change[:3])
                if number is not None:
                    fitting[number].append((made, change))
    dice = random.Random(seed)
    idle = []
    with contextlib.ExitStack() as stack:
        judges = {id(made): stack.enter_context(Judge(made)) for made in mades}
        for number, changes in fitting.items():
            some = dice.sample(changes, min(tries, len(changes)))
            if not any(judges[id(made)].found(path, text(), ask=ask) is None for made, (path, _, _, _, text) in some):
                idle.append(looks.LOOKS[number])
    return idle


def main(policy, few):
    made = compiled(policy)
    for kind in KINDS:
        outcome = tried(made, kind, 100 if few else None, 1)
        total = sum(outcome.by.values()) + sum(outcome.excused.values()) + len(outcome.holes)
        by = outcome.by
        sys.stdout.write(
            f"{kind}: {outcome.keys} keys, {total} changes; found by alertc {by['alertc']}, "
            f"by programs {by['programs']}, as others of its kind {by['others of its kind']}; "
            f"looks {sum(outcome.excused.values())}; "
            f"holes {len(outcome.holes)}\n"
        )
        for row, count in outcome.excused.most_common():
            sys.stdout.write(f"    {count:6} {looks.LOOKS[row][1]} {looks.LOOKS[row][2]}: {looks.LOOKS[row][3]}\n")
        sys.stdout.writelines(f"  hole: {hole}\n" for hole in outcome.holes)
        sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("policy", type=Path, nargs="?")
    parser.add_argument("--few", action="store_true")
    given = parser.parse_args()
    main(given.policy.read_text(encoding="utf-8") if given.policy else EXCHANGE, given.few)
