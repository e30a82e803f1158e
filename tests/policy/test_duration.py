"""Lengths of time mean what they mean to Prometheus, and are written as people read them."""

from datetime import timedelta

import pytest

from generator.policy import duration


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("0s", timedelta()),
        ("0", timedelta()),
        ("1h59m53s", timedelta(seconds=7193)),
        ("1w2d", timedelta(days=9)),
        ("1y", timedelta(days=365)),
        ("500ms", timedelta(milliseconds=500)),
    ],
)
def test_lengths_are_read_as_prometheus_reads_them(text, meant):
    assert duration.parse(text) == meant


@pytest.mark.parametrize("text", ["", "5", "5x", "1m1h", "-5s"])
def test_what_is_no_length_is_refused(text):
    with pytest.raises(ValueError, match="not a valid duration"):
        duration.parse(text)


def test_a_length_that_no_program_counts_is_refused():
    with pytest.raises(ValueError, match="longer than any program can count"):
        duration.parse("9999999999y")
