"""What a mistyped name was meant to be."""

from __future__ import annotations

import time

import pytest

from generator.diagnostics.suggest import did_you_mean


@pytest.mark.parametrize(
    ("word", "known", "meant"),
    [
        ("seveirty", ["severity", "service"], "severity"),
        ("Trading", ["trading", "treasury"], "trading"),
        ("trading_primary", ["trading-primary", "trading-secondary"], "trading-primary"),
        ("P9", ["P0", "P1"], None),
        ("x", ["severity"], None),
        ("x", [], None),
        ("ab1", ["ab3", "ab2"], "ab2"),
    ],
)
def test_the_most_similar_name_is_suggested(word: str, known: list[str], meant: str | None) -> None:
    assert did_you_mean(word, known) == meant
    assert did_you_mean(word, reversed(known)) == meant


def test_ten_thousand_names_take_no_time() -> None:
    known = [f"service-{number}" for number in range(10_000)]
    begin = time.perf_counter()
    assert did_you_mean("servcie-4242", known) == "service-4242"
    assert time.perf_counter() - begin < 2
