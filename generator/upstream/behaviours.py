"""What Prometheus does in another way from a version on, where both accept the same expression."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from generator.upstream.features import Version


class Behaviour(NamedTuple):
    """What changed with a version, and how a test is recognised that it may concern: by its expression and its series.

    Each was seen with promtool 2.42, 2.53 and 3.5.
    """

    since: Version
    before: str
    after: str
    expr: re.Pattern[str] = re.compile("")
    given: re.Pattern[str] = re.compile("")


BEHAVIOURS = (
    Behaviour(
        since=(3, 0),  # The change log of 3.0.0: "range selectors are left-open".
        before="a range holds a sample from the moment at which it begins",
        after="a range does not hold a sample from the moment at which it begins",
        expr=re.compile(r"\["),
    ),
    Behaviour(
        since=(3, 0),  # The same change, of the look-back.
        before="a series that has ended is there for five minutes, and at the end of them",
        after="a series that has ended is there for less than five minutes",
        given=re.compile(r"\s_"),
    ),
    Behaviour(
        since=(3, 0),  # The change log of 3.0.0: "the dot character in regular expressions matches newlines".
        before="`.` in a regular expression does not match a line feed",
        after="`.` in a regular expression matches a line feed",
        expr=re.compile(r"=~|!~|\blabel_replace\b"),
        given=re.compile(r"\\n"),
    ),
    Behaviour(
        since=(3, 0),  # The change log of 3.0.0: "exponential interpolation for native histograms".
        before="between the bounds of a bucket of a native histogram lies a straight line",
        after="between the bounds of a bucket of a native histogram lies an exponential curve",
        expr=re.compile(r"\bhistogram_(?:fraction|quantile)\b"),
        given=re.compile(r"\{\{"),
    ),
    Behaviour(
        since=(2, 53),
        before="promtool does not know native histograms",
        after="promtool knows native histograms",
        given=re.compile(r"\{\{"),
    ),
)


def differs(declared: Version, version: Version) -> bool:
    """Return whether a version behaves otherwise than the declared one in anything of the table."""
    return any(between(declared, version, behaviour) for behaviour in BEHAVIOURS)


def between(declared: Version, version: Version, behaviour: Behaviour) -> bool:
    """Return whether a behaviour changed between two versions."""
    return (declared >= behaviour.since) != (version >= behaviour.since)
