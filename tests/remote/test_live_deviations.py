"""What `verify-live` takes for the same, and how it tells of many things at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generator.behaviour import documents
from generator.checks import verify
from generator.diagnostics import formats
from generator.diagnostics.diagnostic import Level
from generator.remote.servers import deviations, premises, rules
from generator.remote.servers.deviations import Deviation
from tests.compiling import SMALL, compiled

if TYPE_CHECKING:
    from generator.behaviour.verification import Verification


@pytest.fixture(scope="module")
def verification() -> Verification:
    made = compiled(SMALL)
    return verify.read_back(made.plan, made.artifacts, documents.read(made.artifacts), Path("out"))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("rate(x[90s]) > 1000", "rate(x[1m30s]) > 1e+03"),
        ('x{b="1", a=~"2|d{3}", c!="}"}', 'x{a=~"2|d{3}",b="1",c!="}"}'),
        ("x{a='1'}", 'x{a="1"}'),
        ("sum(x) by (a)\n  > 0", "sum by (a) (x) > 0"),
        ("max_over_time(x[48h:5m])", "max_over_time(x[2d:5m])"),
        ("no parser reads (((", "no  parser\nreads (((" ),
    ],
)  # fmt: skip
def test_what_prometheus_only_writes_in_another_way_is_the_same(ours: str, theirs: str) -> None:
    assert rules.alike(ours, theirs)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("x > 1", "x > 2"),
        ('x{a="1"}', 'x{a="2"}'),
        ('x{a="1"}', 'x{a!="1"}'),
        ('x{a="1",b="2"}', 'x{a="2",b="1"}'),
        ('x{a="b c"}', 'x{a="b  c"}'),
        ('label_replace(x, "a", "{b,c}", "", "")', 'label_replace(x, "a", "{c,b}", "", "")'),
        ("rate(x[5m])", "rate(x[50m])"),
        ("sum by (a) (x)", "sum without (a) (x)"),
        ("no parser reads (((", "no parser reads ((("[:-1]),
    ],
)
def test_what_means_something_else_is_not(ours: str, theirs: str) -> None:
    assert not rules.alike(ours, theirs)


def deviation(number: int, server: str = "http://a", level: Level = Level.ERROR) -> Deviation:
    said = f"number {number}"
    return Deviation(code="LIV811", program="Alertmanager", server=server, said=said, route=("stack",), level=level)


def test_the_same_at_several_servers_is_one_finding(verification: Verification) -> None:
    found = deviations.diagnostics(verification, [deviation(1, "http://a"), deviation(1, "http://b"), deviation(2)])
    assert [one.message for one in found] == [
        "Alertmanager at http://a and http://b: number 1",
        "Alertmanager at http://a: number 2",
    ]


def test_of_very_many_only_the_first_are_told(verification: Verification) -> None:
    many = [deviation(number, level=Level.WARNING) for number in range(24)] + [deviation(24)]
    found = deviations.diagnostics(verification, many)
    assert [one.message for one in found[:20]] == [f"Alertmanager at http://a: number {number}" for number in range(20)]
    assert formats.to_text(found[20:], {}) == (
        "error[LIV811]: Alertmanager at http://a: 5 more of this kind\n"
        "   = help: correct the first ones, and run it again\n"
    )


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (timedelta(minutes=2), [("LIV813", "its clock is 2m ahead of ours")]),
        (timedelta(seconds=-90), [("LIV813", "its clock is 1m30s behind ours")]),
        (timedelta(seconds=-5), []),
        (None, []),
    ],
)
def test_a_clock_that_is_wrong_is_told(ahead: timedelta | None, said: list[tuple[str, str]]) -> None:
    assert [(one.code, one.said) for one in premises._clock("Prometheus", "http://a", ahead)] == said
