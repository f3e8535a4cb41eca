"""The chart of mastery over time: where its points lie, and what it says in words."""

import datetime as dt

import pytest

from learning.mastery.growth import GrowthPoint
from web.pages.growth_chart import GrowthChart, growth_chart

DAY = 86_400.0
BEGIN = dt.datetime(2026, 10, 1, 22, 30, tzinfo=dt.UTC).timestamp()
WIDE = GrowthPoint(BEGIN, 0.5, 0.1, 0.9, 1)
NARROW = [GrowthPoint(BEGIN + 7 * DAY, 0.5, 0.25, 0.75, 4), GrowthPoint(BEGIN + 28 * DAY, 0.75, 0.6, 0.85, 12)]
EAST = dt.timezone(dt.timedelta(hours=2))


def chart(*points: GrowthPoint, zone: dt.tzinfo = dt.UTC) -> GrowthChart:
    found = growth_chart(points, target=0.8, zone=zone)
    assert found is not None
    return found


def test_time_runs_from_left_to_right_and_mastery_from_the_bottom_up() -> None:
    # 320 wide for 28 days, so that a week is 80; 96 high for 0 to 1: .5 is at 48, .75 at 24, .9 at 9.6
    found = chart(WIDE, *NARROW)
    assert found.line == "0.0,48.0 80.0,48.0 320.0,24.0"
    assert found.band == "0.0,9.6 80.0,24.0 320.0,14.4 320.0,38.4 80.0,72.0 0.0,86.4"
    assert found.goal == 19.2


def test_what_comes_before_the_first_answer_on_the_skill_is_left_out() -> None:
    before = GrowthPoint(BEGIN - DAY, 0.4, 0.1, 0.8, 0)
    assert chart(before, *NARROW) == chart(*NARROW)
    assert growth_chart([before, NARROW[0]], target=0.8, zone=dt.UTC) is None
    assert growth_chart([], target=0.8, zone=dt.UTC) is None


def test_the_sentence_says_a_number_only_where_it_is_known() -> None:
    assert chart(WIDE, NARROW[1]).sentence == (
        "From not known yet on 1 October to 75% on 29 October, most likely between 60% and 85%."
    )


@pytest.mark.parametrize(("zone", "day"), [(dt.UTC, 1), (EAST, 2)])
def test_days_are_those_of_the_school(zone: dt.tzinfo, day: int) -> None:
    assert chart(WIDE, *NARROW, zone=zone).rows[0].until == dt.date(2026, 10, day)
