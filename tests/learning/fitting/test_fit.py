"""Fitting: it finds what made the data, never gets worse, goes on where it stopped, refuses what is too little."""

import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from learning.fitting.fit import MIN_STUDENTS, FitCheckpoint, TooFewStudentsError, fit
from learning.fitting.fit_priors import FREE
from learning.fitting.response_log import ResponseLog, parse_log
from learning.mastery.parameters import SHIPPED


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
    with pytest.raises(TooFewStudentsError) as caught:
        fit(classroom(36))
    assert caught.value.students == 27 < MIN_STUDENTS


def test_a_class_that_differs_widely_is_seen_to_and_expected_better() -> None:
    """Abilities with a variance of 6.25 where 0.93 is shipped, and no learning at all."""
    points: list[FitCheckpoint] = []
    result = fit(LOG, on_point=points.append)
    assert result.kept_new
    assert result.new_held_out_log_loss < result.old_held_out_log_loss
    assert result.new_log_loss < result.old_log_loss
    assert result.parameters.log_ability > SHIPPED.log_ability
    assert result.parameters.gain_right < SHIPPED.gain_right
    assert result.parameters.version == SHIPPED.version + 1
    # each iteration is at least as good as the one before
    objectives = [point.objective for point in points]
    assert objectives == sorted(objectives, reverse=True)
    assert points[-1].finished or len(points) == result.iterations


@pytest.mark.full
def test_a_fit_goes_on_where_it_stopped() -> None:
    points: list[FitCheckpoint] = []
    whole = fit(LOG, on_point=points.append)
    halfway = FitCheckpoint.from_document(points[0].document())
    assert halfway == points[0]
    assert fit(LOG, resume=halfway) == whole


def test_the_test_students_take_no_part_in_the_choice() -> None:
    """All that they answered is turned round: what is fitted and chosen stays, what is reported of them does not."""
    students = tuple(
        s if s.train else replace(s, responses=tuple(replace(r, outcome=1.0 - (r.outcome or 0.0)) for r in s.responses))
        for s in LOG.students
    )
    here, there = fit(LOG), fit(replace(LOG, students=students))
    assert there.parameters == here.parameters
    assert there.new_held_out_log_loss == here.new_held_out_log_loss
    assert there.new_log_loss != here.new_log_loss


def test_the_factor_on_intervals_is_fitted_on_held_out_train_students() -> None:
    assert fit(LOG).parameters.gap_variance_factor != SHIPPED.gap_variance_factor


def test_old_parameters_stay_where_the_new_are_no_better() -> None:
    """Resumed from a point that is far off and called finished, the fit keeps the old."""
    wild = replace(SHIPPED, gain_right=3.0, gain_wrong=3.0, log_ability=-6.0)
    result = fit(LOG, resume=FitCheckpoint(1, wild, 0.0, finished=True))
    assert not result.kept_new
    assert result.parameters == SHIPPED


def test_a_cap_on_responses_uses_fewer_but_enough_students() -> None:
    result = fit(LOG, most_responses=10)
    assert result.responses == MIN_STUDENTS * 25


def test_every_pass_is_reported() -> None:
    passes = 0

    def count() -> None:
        nonlocal passes
        passes += 1

    result = fit(LOG, on_pass=count, most_responses=10)
    # a start, and in each iteration a derivative by each parameter and at least one trial
    assert passes >= 1 + result.iterations * (len(FREE) + 1)


def test_free_parameters_read_what_they_write() -> None:
    for free in FREE:
        there = free.read(SHIPPED)
        written: dict[str, Any] = {free.name: free.write(there)}
        assert free.read(replace(SHIPPED, **written)) == pytest.approx(there)
