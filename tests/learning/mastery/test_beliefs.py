"""What follows from a belief: mastery, interval, gap, level, predicted success."""

import math
from collections.abc import Callable
from statistics import NormalDist

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.mastery.beliefs import (
    BeliefError,
    GapStatus,
    MasteryLevel,
    SkillBelief,
    gap_probability,
    gap_status,
    gap_status_between,
    interval,
    mastery,
    mastery_level,
    predicted_success,
    sigmoid,
)

SURE = SkillBelief(1, 0.8, 0.04, 0.5, 0.05, 0.3, 0.01, 12, 12.0, 0.0, 1.0)
"""mu = 0.8 + 0.5 - 0.3 = 1.0, v = 0.04 + 0.05 + 0.01 = 0.1."""

finite = st.floats(-50, 50)
variances = st.floats(0, 50)
some_beliefs = st.builds(
    SkillBelief,
    skill=st.integers(),
    ability=finite,
    ability_variance=variances,
    offset=finite,
    offset_variance=variances,
    difficulty=finite,
    difficulty_variance=variances,
    responses=st.integers(0, 100),
    evidence=st.floats(0, 100),
    last_at=st.none(),
    retention=st.floats(0, 1),
)


def test_mastery_is_the_published_formula() -> None:
    # sigmoid(1 / sqrt(1 + pi * 0.1 / 8)) = sigmoid(0.9809) = 0.7273
    assert mastery(SURE) == pytest.approx(1 / (1 + math.exp(-1 / math.sqrt(1 + math.pi * 0.1 / 8))))
    assert mastery(SURE) == pytest.approx(0.7273, abs=1e-4)


def test_the_interval_is_the_central_eighty_percent() -> None:
    # z = 1.2816, sqrt(2 * 0.1) = 0.4472: mu -+ 0.5731
    low, high = interval(SURE)
    assert (low, high) == pytest.approx((sigmoid(1 - 0.57313), sigmoid(1 + 0.57313)), abs=1e-5)


def test_gap_probability_is_the_published_formula() -> None:
    # logit(.8) = 1.3863; (1.3863 - 1) / 0.44721 = 0.8637; Phi = 0.806: a gap
    assert gap_probability(SURE) == pytest.approx(NormalDist().cdf((math.log(4) - 1) / math.sqrt(0.2)))
    assert gap_status(SURE) is GapStatus.GAP
    # at target .6: logit = 0.4055; (0.4055 - 1) / 0.44721 = -1.329; Phi = 0.092: met
    assert gap_status(SURE, 0.6) is GapStatus.MET
    # at target .73: logit = 0.9946; Phi(-0.015) = 0.494: unsure
    assert gap_status(SURE, 0.73) is GapStatus.UNSURE


def test_levels_begin_at_their_bounds() -> None:
    levels = [mastery_level(value) for value in (0.0, 0.49, 0.5, 0.69, 0.7, 0.79, 0.8, 1.0)]
    names = (MasteryLevel.ATTEMPTED, MasteryLevel.FAMILIAR, MasteryLevel.PROFICIENT, MasteryLevel.MASTERED)
    assert levels == [name for name in names for _ in range(2)]


def test_a_material_on_one_skill_at_its_difficulty_is_expected_like_mastery() -> None:
    assert predicted_success([SURE]).probability == mastery(SURE)
    assert (predicted_success([SURE]).low, predicted_success([SURE]).high) == interval(SURE)


def test_a_material_on_two_skills_weighs_them_as_the_filter_does() -> None:
    # w = 2^-0.74 = 0.5987; mu = 0.8 + w (0.5 + 0.5) - 0.3 - 1 = 0.0987
    # V = 0.04 + w^2 (0.05 + 0.05) + (0.01 + 0.01) / 4 = 0.0808
    w = 2**-0.74
    expected = sigmoid((0.8 + w - 1.3) / math.sqrt(1 + math.pi * (0.04 + 0.1 * w * w + 0.005) / 8))
    assert predicted_success([SURE, SURE._replace(skill=2)], 1.0).probability == pytest.approx(expected)


@given(some_beliefs, st.floats(0.01, 0.99), st.floats(-20, 20))
def test_every_figure_is_a_probability_and_in_its_order(belief: SkillBelief, target: float, difficulty: float) -> None:
    low, high = interval(belief)
    assert 0.0 <= low <= high <= 1.0
    assert 0.0 <= mastery(belief) <= 1.0
    assert 0.0 <= gap_probability(belief, target) <= 1.0
    predicted = predicted_success([belief, belief], difficulty)
    assert 0.0 <= predicted.low <= predicted.high <= 1.0
    assert 0.0 <= predicted.probability <= 1.0


@given(some_beliefs, st.floats(0.01, 0.98), st.floats(0.0, 0.01), st.floats(-5, 5), st.floats(0, 5))
def test_a_higher_target_and_a_harder_material_are_never_easier(
    belief: SkillBelief, target: float, more: float, difficulty: float, harder: float
) -> None:
    assert gap_probability(belief, target) <= gap_probability(belief, target + more)
    easy, hard = predicted_success([belief], difficulty), predicted_success([belief], difficulty + harder)
    assert hard.probability <= easy.probability
    assert hard.low <= easy.low


@given(some_beliefs)
def test_less_doubt_is_a_narrower_interval(belief: SkillBelief) -> None:
    doubtful = belief._replace(offset_variance=belief.offset_variance + 1.0)
    (low, high), (lower, higher) = interval(belief), interval(doubtful)
    assert lower <= low
    assert high <= higher


def test_certainty_is_a_step() -> None:
    certain = SURE._replace(ability_variance=0.0, offset_variance=0.0, difficulty_variance=0.0)
    assert gap_probability(certain, 0.8) == 1.0  # sigmoid(1) = .731 < .8
    assert gap_probability(certain, 0.7) == 0.0


@pytest.mark.parametrize(
    ("name", "ask"),
    [
        ("target", lambda: gap_probability(SURE, 1.0)),
        ("target", lambda: gap_probability(SURE, 0.0)),
        ("target", lambda: gap_probability(SURE, math.nan)),
        ("share", lambda: interval(SURE, share=1.0)),
        ("sure", lambda: gap_status(SURE, sure=0.4)),
        ("value", lambda: mastery_level(1.1)),
        ("value", lambda: mastery_level(math.nan)),
        ("bounds", lambda: mastery_level(0.5, bounds=(0.7, 0.5, 0.8))),
        ("beliefs", lambda: predicted_success([])),
        ("difficulty", lambda: predicted_success([SURE], math.inf)),
    ],
)
def test_impossible_questions_are_refused_by_name(name: str, ask: Callable[[], float]) -> None:
    with pytest.raises(BeliefError) as caught:
        ask()
    assert caught.value.name == name


@given(
    mean=st.floats(-4, 4),
    spread=st.floats(0.05, 2),
    target=st.floats(0.05, 0.95),
    likely=st.sampled_from([0.6, 0.7, 0.95]),
    sure=st.sampled_from([0.6, 0.8, 0.95]),
)
def test_the_interval_is_enough_for_the_status_by_another_target(
    mean: float, spread: float, target: float, likely: float, sure: float
) -> None:
    """A page knows the bounds only, rounded to 4 places: the status is the same but within a hair of its edges."""
    belief = SURE._replace(
        ability=mean, ability_variance=spread**2, offset=0, offset_variance=0, difficulty=0, difficulty_variance=0
    )
    probability = gap_probability(belief, target, factor=1.0)
    if min(abs(probability - likely), abs(probability - 1 + sure)) < 0.02:
        return
    low, high = (round(bound, 4) for bound in interval(belief, factor=1.0))
    assert gap_status_between(low, high, target, likely=likely, sure=sure) is gap_status(
        belief, target, likely=likely, sure=sure, factor=1.0
    )


def test_bounds_without_a_width_or_at_the_edge_have_a_status() -> None:
    assert gap_status_between(0.7, 0.7, 0.8, likely=0.7, sure=0.8) is GapStatus.GAP
    assert gap_status_between(0.9, 0.9, 0.8, likely=0.7, sure=0.8) is GapStatus.MET
    assert gap_status_between(0.0, 1.0, 0.8, likely=0.7, sure=0.8) is GapStatus.UNSURE
    for low, high in ((0.8, 0.7), (-0.1, 0.5), (0.5, 1.1)):
        with pytest.raises(BeliefError):
            gap_status_between(low, high, 0.8, likely=0.7, sure=0.8)
