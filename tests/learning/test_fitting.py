"""Fitting: it finds what made the data, never gets worse, goes on where it stopped, refuses what is too little."""

import random
from dataclasses import replace

import numpy as np
import pytest

from learning.fitting import LEAST_STUDENTS, FitPoint, TooFewStudents, fit
from learning.free_parameters import FREE
from learning.parameters import SHIPPED
from learning.response_log import ResponseLog, parse_log


def classroom(students: int, *, seed: int = 4, spread: float = 1.0, responses: int = 25) -> ResponseLog:
    dice = random.Random(seed)
    lines = ["student,seq,item,skills,correct,split\n"]
    for number in range(students):
        ability = dice.gauss(0.7, spread)
        for seq in range(responses):
            item = dice.randrange(10)
            right = int(dice.random() < 1 / (1 + np.exp(item / 5 - 1 - ability)))
            lines.append(f"s{number},{seq},i{item},k{item % 2},{right},{'test' if number % 4 == 0 else 'train'}\n")
    return parse_log(lines)


LOG = classroom(80, spread=2.5)


def test_under_thirty_train_students_is_refused() -> None:
    # a quarter is held out: 36 students are 27 train students
    with pytest.raises(TooFewStudents) as caught:
        fit(classroom(36))
    assert caught.value.students == 27 < LEAST_STUDENTS


def test_a_class_that_differs_widely_is_seen_to_and_expected_better() -> None:
    """Abilities with a variance of 6.25 where 0.93 is shipped, and no learning at all."""
    points: list[FitPoint] = []
    result = fit(LOG, on_point=points.append)
    assert result.kept_new
    assert result.new_log_loss < result.old_log_loss
    assert result.parameters.log_ability > SHIPPED.log_ability
    assert result.parameters.gain_right < SHIPPED.gain_right
    assert result.parameters.version == SHIPPED.version + 1
    # each iteration is at least as good as the one before
    objectives = [point.objective for point in points]
    assert objectives == sorted(objectives, reverse=True)
    assert points[-1].finished or len(points) == result.iterations


def test_a_fit_goes_on_where_it_stopped() -> None:
    points: list[FitPoint] = []
    whole = fit(LOG, on_point=points.append)
    halfway = FitPoint.from_document(points[0].document())
    assert halfway == points[0]
    assert fit(LOG, resume=halfway) == whole


def test_old_parameters_stay_where_the_new_are_no_better() -> None:
    """Resumed from a point that is far off and called finished, the fit keeps the old."""
    wild = replace(SHIPPED, gain_right=3.0, gain_wrong=3.0, log_ability=-6.0)
    result = fit(LOG, resume=FitPoint(1, wild, 0.0, finished=True))
    assert not result.kept_new
    assert result.parameters == SHIPPED


def test_a_cap_on_responses_uses_fewer_but_enough_students() -> None:
    result = fit(LOG, most_responses=10)
    assert result.responses == LEAST_STUDENTS * 25


def test_every_pass_is_told() -> None:
    passes = 0

    def count() -> None:
        nonlocal passes
        passes += 1

    result = fit(LOG, on_pass=count, most_responses=10)
    # a start, and a Jacobian with at least one trial an iteration
    assert passes >= 1 + result.iterations * (len(FREE) + 2)


def test_free_parameters_read_what_they_write() -> None:
    for free in FREE:
        there = free.read(SHIPPED)
        assert free.read(replace(SHIPPED, **{free.name: free.write(there)})) == pytest.approx(there)
