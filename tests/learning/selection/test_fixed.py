"""Integer arithmetic agrees with floats to its last digit but one, and with the learner model's own functions."""

import math
import random
from statistics import NormalDist

from hypothesis import given
from hypothesis import strategies as st

from learning.beliefs import gap_probability, mastery, predicted_success, standing
from learning.selection.fixed import KAPPA, SCALE, kappa, logit, mix, normal, root, sharing, sigmoid, text_key
from tests.learning.selection.builders import kitchen
from tests.learning.selection.laws import _case
from tests.learning.selection.worlds import belief


@given(st.integers(-150_000, 150_000))
def test_the_logistic_is_right_to_the_last_digit(x: int) -> None:
    assert abs(sigmoid(x) / SCALE - 1 / (1 + math.exp(-x / SCALE))) < 6e-5


@given(st.integers(-150_000, 150_000))
def test_the_normal_distribution_is_right_to_the_last_digit(x: int) -> None:
    assert abs(normal(x) / SCALE - NormalDist().cdf(x / SCALE)) < 6e-5


@given(st.integers(-120_000, 120_000), st.integers(0, 5_000))
def test_more_never_gives_less(x: int, more: int) -> None:
    assert sigmoid(x + more) >= sigmoid(x)
    assert normal(x + more) >= normal(x)


@given(st.integers(0, 200_000))
def test_roots_and_shrinking_are_right(v: int) -> None:
    assert abs(kappa(v) / KAPPA - 1 / math.sqrt(1 + math.pi / 8 * v / SCALE)) < 2e-6
    assert -1e-9 <= math.sqrt(v / SCALE) - root(v) / SCALE < 1.01e-4


def test_logits_and_shares_are_known_numbers() -> None:
    assert logit(7_500) == 10_986  # ln 3
    assert logit(5_000) == 0
    assert sharing(1) == SCALE
    assert sharing(2) == 5_987  # 2 ** -0.74


def test_a_hash_is_the_same_on_every_machine() -> None:
    """These numbers are what it gave first; another one would turn every tie round."""
    assert mix(1, 2, 3) == 0x6AE515C1C0AC7E37
    assert mix(1, 2) != mix(2, 1)
    assert text_key("football") == 0xEDBF6C1CC6869758


def test_the_decision_sees_what_the_learner_model_publishes() -> None:
    """Mastery, gap and predicted success in integers equal `learning.beliefs` to 2 in 10,000."""
    rng = random.Random(4)
    for _ in range(300):
        one = belief(
            1, rng.gauss(0, 1.5), ability=rng.gauss(0, 1), ability_variance=rng.random(), difficulty=rng.gauss(0, 1)
        )
        two = one._replace(skill=2, offset=rng.gauss(0, 1.5), offset_variance=rng.random(), difficulty=rng.gauss(0, 1))
        case = _case(kitchen(beliefs={1: one, 2: two}))
        for known in (one, two):
            view = case.view(known.skill)
            assert view is not None
            assert abs(view.mastery / SCALE - mastery(known)) < 2e-4
            assert abs(view.gap / SCALE - gap_probability(known, 0.8)) < 4e-4
            if abs(abs(gap_probability(known, 0.8) - 0.5) - 0.3) > 1e-3:
                assert view.standing is standing(known, 0.8)
        outlook = case.outlook((1, 2))
        assert outlook is not None
        assert abs(outlook.success(5_000) / SCALE - predicted_success([one, two], 0.5).probability) < 3e-4
