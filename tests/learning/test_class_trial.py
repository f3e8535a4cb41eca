"""A comparison by class: the power is the field's and that of drawn classes; the arms are nobody's choice."""

import numpy as np
import pytest

from learning.class_trial import ClassTrial, assign_arms


@pytest.mark.parametrize(("pretest", "classes"), [(False, 54), (True, 23)])
def test_the_classes_that_a_difference_of_a_fifth_needs(*, pretest: bool, classes: int) -> None:
    """ICC .1, 25 a class: 2 x 7.85 x (.1 + .9 / 25) / .04 = 53.4; with a pretest 2 x 7.85 x (.04 + .45 / 25) / .04."""
    trial = ClassTrial(25, correlation=0.1, has_pretest=pretest)
    assert trial.classes_needed(0.2) == classes
    assert trial.smallest_effect(classes) <= 0.2 < trial.smallest_effect(classes - 1)


@pytest.mark.parametrize(("classes", "correlation"), [(10, 0.1), (30, 0.2)])
def test_drawn_classes_see_the_smallest_effect_in_four_of_five_trials(classes: int, correlation: float) -> None:
    """4,000 trials of classes that are drawn, compared by their means; without a difference one in twenty is seen."""
    rng, size = np.random.default_rng(7), 25
    effect = ClassTrial(size, correlation=correlation).smallest_effect(classes)
    deviation = (correlation + (1 - correlation) / size) ** 0.5
    for planted, share, slack in ((effect, 0.8, 0.03), (0.0, 0.05, 0.015)):
        with_, without = (rng.normal(shift, deviation, (4_000, classes)).mean(axis=1) for shift in (planted, 0.0))
        seen = np.abs(with_ - without) > 1.96 * deviation * (2 / classes) ** 0.5
        assert seen.mean() == pytest.approx(share, abs=slack)


def test_arms_are_even_and_depend_on_key_and_name_alone() -> None:
    classes = list(range(50, 71))
    arms = assign_arms(classes, key=3, name="spring")
    assert sum(arms.values()) == 10
    assert assign_arms(classes[::-1], key=3, name="spring") == arms
    assert assign_arms(classes, key=4, name="spring") != arms
    assert assign_arms(classes, key=3, name="autumn") != arms
    often = sum(assign_arms(classes, key=key, name="spring")[50] for key in range(400)) / 400
    assert often == pytest.approx(10 / 21, abs=0.08)
