"""When the series of a test change, in promtool's notation."""

import pytest

from generator.upstream.promql.samples import change


@pytest.mark.parametrize(
    ("values", "at"),
    [
        ("0x4 7x10", 5),  # `0x4` are five samples
        ("0 0 7", 2),
        ("1x4 stale", 5),
        ("_x3 1x10", 3),
        ("0x4 0+2x60", 6),  # the first sample of the slope is what stood there before
        ("0+300x8 2700+300x12", None),
        ("0+300x8 2400x12", 9),
        ("0.1+0.1x8 1+0.1x3", None),
        ("5-1x3 1-1x3", None),
        ("1e3x4 -.5x2", 5),
        ("0x20", None),
        ("0+15x20", None),
        ("NaNx2 NaN 1", 4),
        ("{{schema:1 sum:1}}x3 0x4", None),  # only promtool reads histograms
        ("", None),
    ],
)
def test_the_first_sample_that_departs_from_those_before(values, at):
    assert change(values) == at
