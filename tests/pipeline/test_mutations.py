"""Policies with faults in them; `python tests/mutate.py` makes them by the thousand."""

import pytest

from tests import mutate, seeds


@pytest.mark.drawn
def test_whatever_a_policy_says_there_is_no_traceback_and_out_is_whole():
    seed, policies = seeds.seed(), seeds.many(40, 300)
    tally = mutate.run(policies, seed, sample=seeds.many(8, 30))
    assert not tally.faults, f"`python tests/mutate.py --seed {seed} --only NUMBER` repeats them:\n" + "\n".join(
        tally.faults
    )
    assert sum(tally.codes.values()) == policies
    if seeds.are_enough():
        assert tally.codes[0] > policies // 40, "hardly any policy compiles: what comes after reading is not reached"
        assert tally.judged, "no policy was judged by the programs"
