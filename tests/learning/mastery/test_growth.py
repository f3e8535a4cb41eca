"""Mastery over time: one point a step, the last one what is published now."""

import pytest

from learning.mastery.beliefs import interval, mastery
from learning.mastery.growth import WEEK, growth
from learning.mastery.model import LearnerState, Response, beliefs, fold
from learning.mastery.parameters import SHIPPED
from learning.mastery.snapshot import Snapshot

PRIOR = Snapshot.prior()
DAY = 86_400.0
HISTORY = [Response(DAY * day, day % 5, (1 + day % 2,), float(day > 10)) for day in range(30)]


def test_there_is_a_point_a_week_and_the_last_is_what_is_believed_now() -> None:
    points = growth(HISTORY, [1], snapshot=PRIOR, parameters=SHIPPED, variance_factor=2.0)[1]
    # 29 days from the first response to the last: after 7, 14, 21, 28 and 29 days
    assert [point.at for point in points] == [7 * DAY, 14 * DAY, 21 * DAY, 28 * DAY, 29 * DAY]
    state = fold(LearnerState.new(), HISTORY, snapshot=PRIOR)
    now = beliefs(state, [1], snapshot=PRIOR, as_of=29 * DAY)[1]
    assert points[-1][1:] == (mastery(now), *interval(now, factor=2.0), 15)
    assert points[-1].mastery > points[0].mastery
    assert [point.responses for point in points] == [4, 8, 11, 15, 15]


def test_more_answers_make_it_surer() -> None:
    points = growth(HISTORY, [1], snapshot=PRIOR, parameters=SHIPPED, variance_factor=2.0)[1]
    assert points[-1].high - points[-1].low < points[0].high - points[0].low


@pytest.mark.parametrize("count", [0, 1])
def test_no_response_is_no_point_and_one_is_one(count: int) -> None:
    found = growth(HISTORY[:count], [1], snapshot=PRIOR, parameters=SHIPPED, variance_factor=2.0, step_seconds=WEEK)
    assert len(found[1]) == count


def test_several_skills_are_those_of_each_alone() -> None:
    both = growth(HISTORY, [1, 2], snapshot=PRIOR, parameters=SHIPPED, variance_factor=2.0)
    alone = [growth(HISTORY, [skill], snapshot=PRIOR, parameters=SHIPPED, variance_factor=2.0) for skill in (1, 2)]
    assert both == alone[0] | alone[1]
