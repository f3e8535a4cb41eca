"""Integer arithmetic agrees with floats to its last digit but one, and with the learner model's own functions."""

import math
import random
from statistics import NormalDist

from hypothesis import given
from hypothesis import strategies as st

from learning.mastery.beliefs import gap_probability, gap_status, mastery, predicted_success
from learning.selection.fixed_point import (
    SCALE,
    SHRINKAGE_SCALE,
    hash64,
    logit,
    normal_cdf,
    shrinkage,
    sigmoid,
    skill_share,
    sqrt,
    text_hash64,
)
from tests.learning.selection.builders import small_world
from tests.learning.selection.laws import decision_context
from tests.learning.selection.worlds import belief


@given(st.integers(-150_000, 150_000))
def test_the_logistic_is_exact_to_the_last_digit(x: int) -> None:
    assert abs(sigmoid(x) / SCALE - 1 / (1 + math.exp(-x / SCALE))) < 6e-5


@given(st.integers(-150_000, 150_000))
def test_the_normal_distribution_is_exact_to_the_last_digit(x: int) -> None:
    assert abs(normal_cdf(x) / SCALE - NormalDist().cdf(x / SCALE)) < 6e-5


@given(st.integers(-120_000, 120_000), st.integers(0, 5_000))
def test_the_functions_are_monotonic(x: int, more: int) -> None:
    assert sigmoid(x + more) >= sigmoid(x)
    assert normal_cdf(x + more) >= normal_cdf(x)


@given(st.integers(0, 200_000))
def test_square_root_and_shrinkage_are_exact(v: int) -> None:
    assert abs(shrinkage(v) / SHRINKAGE_SCALE - 1 / math.sqrt(1 + math.pi / 8 * v / SCALE)) < 2e-6
    assert -1e-9 <= math.sqrt(v / SCALE) - sqrt(v) / SCALE < 1.01e-4


def test_logits_and_skill_shares_have_expected_values() -> None:
    assert logit(7_500) == 10_986  # ln 3
    assert logit(5_000) == 0
    assert skill_share(1) == SCALE
    assert skill_share(2) == 5_987  # 2 ** -0.74


def test_a_hash_is_the_same_on_every_machine() -> None:
    """These numbers are what it gave first; another one would turn every tie round."""
    assert hash64(1, 2, 3) == 0x6AE515C1C0AC7E37
    assert hash64(1, 2) != hash64(2, 1)
    assert text_hash64("football") == 0xEDBF6C1CC6869758


def test_fixed_point_values_agree_with_the_learner_model() -> None:
    """Mastery, gap and predicted success in integers equal `learning.mastery.beliefs` to 2 in 10,000."""
    rng = random.Random(4)
    for _ in range(300):
        one = belief(
            1, rng.gauss(0, 1.5), ability=rng.gauss(0, 1), ability_variance=rng.random(), difficulty=rng.gauss(0, 1)
        )
        two = one._replace(skill=2, offset=rng.gauss(0, 1.5), offset_variance=rng.random(), difficulty=rng.gauss(0, 1))
        ctx = decision_context(small_world(beliefs={1: one, 2: two}))
        for of_skill in (one, two):
            view = ctx.skill_view(of_skill.skill)
            assert view is not None
            assert abs(view.mastery / SCALE - mastery(of_skill)) < 2e-4
            assert abs(view.gap_probability / SCALE - gap_probability(of_skill, 0.8)) < 4e-4
            if abs(abs(gap_probability(of_skill, 0.8) - 0.5) - 0.3) > 1e-3:
                assert view.gap_status is gap_status(of_skill, 0.8)
        success_model = ctx.success_model((1, 2))
        assert success_model is not None
        assert abs(success_model.success_at(5_000) / SCALE - predicted_success([one, two], 0.5).probability) < 3e-4
