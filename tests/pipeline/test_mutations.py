"""Policies with faults in them, others each time; `python tests/mutate.py` makes them by the thousand."""

import random

from tests import mutate


def test_whatever_a_policy_says_there_is_no_traceback_and_out_is_whole():
    seed = random.SystemRandom().randrange(10**6)
    tally = mutate.run(300, seed, sample=30)
    assert not tally.faults, f"`python tests/mutate.py --seed {seed} --only NUMBER` repeats them:\n" + "\n".join(
        tally.faults
    )
    assert sum(tally.codes.values()) == 300
    assert tally.codes[0] > 10, "hardly any policy compiles: what comes after reading is not reached"
    assert tally.judged, "no policy was judged by the programs"
