import math

import pytest

from clusterability.duration import format_duration


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (2.25, "2.2 s"), (59.97, "1 min 0 s"), (61, "1 min 1 s"), (1830, "30 min"), (7260, "2 h 1 min"),
        (3599.7, "1 h 0 min"), (0, "0.0 s"), (math.nan, "–"),
    ],
)  # fmt: skip
def test_durations_are_written_with_their_two_largest_units(seconds, written):
    assert format_duration(seconds) == written
