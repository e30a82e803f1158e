"""What tests draw by chance: the same for a commit; others, and more of them, in `make test-thorough` and at night.

`ALERTC_TEST_SEED=fresh` draws a seed, which pytest's header names; `ALERTC_TEST_SEED=4711` repeats that run.
`ALERTC_TEST_CASES=few` draws by that seed, but no more cases than for a commit.
"""

import os
import random

import pytest

VARIABLE, CASES = "ALERTC_TEST_SEED", "ALERTC_TEST_CASES"
_OF_A_COMMIT = 1


def settle():
    """Replace `fresh` by a number, before the workers of pytest-xdist start, which inherit it."""
    if os.environ.get(VARIABLE) == "fresh":
        os.environ[VARIABLE] = str(random.SystemRandom().randrange(10**6))


def is_thorough():
    """Return whether many cases are tried."""
    return is_drawn() and os.environ.get(CASES) != "few"


def are_enough():
    """Return whether what the cases exercise is known or likely: a few that are drawn afresh may exercise little."""
    return not is_drawn() or is_thorough()


def is_drawn():
    """Return whether cases are drawn by a seed that was asked for."""
    return bool(os.environ.get(VARIABLE))


def seed():
    """Return the seed of this run."""
    return int(os.environ.get(VARIABLE) or _OF_A_COMMIT)


def some(cases, every):
    """Return every `every`-th of the cases, from one that is drawn; all of them where many are tried."""
    cases = tuple(cases)
    return cases if is_thorough() else cases[seed() % every :: every]


def parameters(cases, every):
    """Return all cases as parameters of a test, a tuple for several arguments.

    `make test` runs every `every`-th of them, from the first; `make test-thorough` runs the others.
    """
    all_of_them = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [
        pytest.param(*case, marks=pytest.mark.thorough if number % every else ())
        for number, case in enumerate(all_of_them)
    ]


def many(for_a_commit, thorough):
    """Return how many cases a test tries."""
    return thorough if is_thorough() else for_a_commit
