"""The worked example of Canvas's guide, and the ends of the scale."""

import pytest

from learning.gradebook import decaying_average, latest


def test_the_decaying_average_is_the_published_one() -> None:
    # Results in order of time: 1, 4, 2, 3, 5, 3, 6. The six before the last have the mean 3: .65 x 6 + .35 x 3.
    assert decaying_average([6, 3, 5, 3, 2, 4, 1]) == pytest.approx(4.95)


def test_one_result_is_the_average_and_none_is_none() -> None:
    assert (decaying_average([0.5]), latest([0.5, 1.0])) == (0.5, 0.5)
    assert (decaying_average([]), latest([])) == (None, None)
