"""The published forgetting curve."""

import pytest

from learning.mastery.forgetting import DAY, next_stability, retention


def test_retention_is_nine_tenths_after_one_stability() -> None:
    # R = 1 / (1 + 10 / 90) = 0.9
    assert retention(10.0, 10 * DAY) == pytest.approx(0.9)
    assert retention(10.0, 0.0) == 1.0
    assert retention(10.0, -5.0) == 1.0


def test_retention_falls_below_85_percent_after_sixteen_days_of_a_first_success() -> None:
    # 1 / (1 + dt / 90) < 0.85 from dt = 90 * (1 / 0.85 - 1) = 15.9 days on
    assert retention(10.0, 16 * DAY) < 0.85 < retention(10.0, 15 * DAY)


@pytest.mark.parametrize(
    ("before", "right", "days", "after"),
    [
        (0.0, True, 0, 10.0),  # the first success
        (0.0, False, 0, 0.0),  # no success yet
        (10.0, True, 2, 20.0),  # a spaced success doubles
        (10.0, True, 0.5, 10.0),  # one on the same day does not
        (10.0, False, 2, 5.0),  # a failure halves
        (1.5, False, 2, 1.0),  # down to a day
        (300.0, True, 2, 365.0),  # up to a year
    ],
)
def test_stability_moves_as_published(before: float, right: bool, days: float, after: float) -> None:  # noqa: FBT001 - a row of the table
    assert next_stability(before, right, days * DAY, 10.0) == after
