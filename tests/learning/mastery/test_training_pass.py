"""The pass that learns the shared terms."""

import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.fitting.metrics import auc, ece
from learning.mastery.calibration import Calibration
from learning.mastery.model import Response
from learning.mastery.next_response import NextResponseHead
from learning.mastery.snapshot import Snapshot
from learning.mastery.training_pass import OnlinePass, online_pass

TRUTH = {10: -1.5, 11: -0.5, 12: 0.5, 13: 1.5}
"""The difficulties of four items of one skill."""


def classroom(students: int, *, seed: int = 3) -> list[list[Response]]:
    """Students of differing ability who answer each item once, in their own order; answers by a Rasch model."""
    dice = random.Random(seed)
    found = []
    for _ in range(students):
        ability = dice.gauss(0.0, 1.0)
        items = dice.sample(sorted(TRUTH), 4)
        chances = [1 / (1 + np.exp(TRUTH[item] - ability)) for item in items]
        found.append(
            [
                Response(float(n), item, (1,), float(dice.random() < p))
                for n, (item, p) in enumerate(zip(items, chances, strict=True))
            ]
        )
    return found


def test_the_pass_finds_how_hard_the_items_are() -> None:
    """Differences of 1 in the truth, whose logits the filter takes to be a fifth flatter than its own; error 0.15."""
    snapshot = online_pass(classroom(400), previous=Snapshot.prior())
    found = [snapshot.items[item][0] for item in sorted(TRUTH)]
    assert np.diff(found) == pytest.approx([1.2, 1.2, 1.2], abs=0.45)
    assert all(terms[1] < 0.1 for terms in snapshot.items.values())
    assert snapshot.version == 1


def test_a_second_night_with_the_same_facts_gives_the_same_terms() -> None:
    """It starts at the prior, not at the last snapshot, so no response counts twice."""
    first = online_pass(classroom(50), previous=Snapshot.prior())
    second = online_pass(classroom(50), previous=first)
    assert second.version == 2
    assert (second.items, second.skills, second.bias) == (first.items, first.skills, first.bias)


def test_a_response_is_expected_before_it_is_seen() -> None:
    """Turning the last outcome changes nothing that was expected up to it."""
    students = classroom(20)
    last = students[-1][-1]
    turned = [*students[:-1], [*students[-1][:-1], replace(last, outcome=1.0 - (last.outcome or 0.0))]]
    here, there = OnlinePass(), OnlinePass()
    assert [here.student(s) for s in students] == [there.student(s) for s in turned]
    assert here.snapshot(version=1) != there.snapshot(version=1)


def test_unknown_outcomes_teach_the_pass_nothing() -> None:
    online = OnlinePass()
    online.student([Response(0.0, 1, (1,), None), Response(0.0, 1, (1,), 1.0, 0.0)])
    assert online.responses == 0
    assert online.snapshot(version=0) == Snapshot.prior()


def test_a_snapshot_stays_as_it_was_when_the_pass_goes_on() -> None:
    online = OnlinePass()
    students = classroom(4)
    online.student(students[0])
    snapshot = online.snapshot(version=1)
    before = snapshot.to_bytes()
    online.student(students[1])
    assert snapshot.to_bytes() == before


def test_what_is_watched_is_what_is_expected() -> None:
    students = classroom(5)
    plain, watched = OnlinePass(), OnlinePass()
    for student in students:
        assert plain.student(student) == [seen.expected for seen in watched.watched(student)]
    assert plain.snapshot(version=1) == watched.snapshot(version=1)
    for student in students:
        assert OnlinePass().learn(student) == [seen.logit for seen in OnlinePass().filtered(student)]


def practised_in_pairs(students: int) -> list[list[Response]]:
    """Students whose second answer in a row on a skill is nearly always right (.9), and the first not (.4)."""
    dice = random.Random(1)
    return [
        [Response(0.0, None, (n // 2 % 3,), float(dice.random() < (0.9 if n % 2 else 0.4))) for n in range(12)]
        for _ in range(students)
    ]


def test_the_head_learns_what_the_filter_does_not_look_at() -> None:
    """Practice in a row flatters: the head expects .9 and .4 in the end, the filter alone something between."""
    with_head, alone = OnlinePass(), OnlinePass()
    *students, last = practised_in_pairs(200)
    for student in students:
        with_head.student(student)
        alone.learn(student)
    chances = with_head.student(last)
    logits = alone.learn(last)
    assert np.mean(chances[3::2]) - np.mean(chances[2::2]) > 0.3
    assert abs(np.mean(logits[3::2]) - np.mean(logits[2::2])) < 0.5


def test_the_head_touches_no_shared_term() -> None:
    with_head, alone, watched = OnlinePass(), OnlinePass(), OnlinePass()
    for student in classroom(30) + practised_in_pairs(10):
        with_head.student(student)
        alone.learn(student)
        list(watched.watched(student))
    assert with_head.snapshot(version=1) == alone.snapshot(version=1) == watched.snapshot(version=1)


def test_items_and_skills_that_separate_students_less_are_found() -> None:
    """Item 1 is answered by ability, item 2 by a coin: the slope of the first must end above that of the second."""
    online = OnlinePass()
    dice = random.Random(5)
    for _ in range(400):
        ability = dice.gauss(0.0, 2.0)
        chances = {1: 1 / (1 + np.exp(-ability)), 2: 0.5, 3: 1 / (1 + np.exp(-ability))}
        items = [3, 3, 3, *dice.sample([1, 2], 2)]
        online.learn([Response(0.0, item, (item,), float(dice.random() < chances[item])) for item in items])
    snapshot = online.snapshot(version=1)
    assert snapshot.items[1][2] > 0.1 > -0.1 > snapshot.items[2][2]
    assert snapshot.skills[1][4] > snapshot.skills[2][4]


@given(st.integers(0, 20), st.floats(-40.0, 40.0), st.floats(0.0, 50.0))
def test_the_head_expects_a_probability(times: int, mean: float, variance: float) -> None:
    head = NextResponseHead()
    head.start_student()
    for n in range(times + 1):
        response = Response(0.0, n % 3, (n % 2, 7), float(n % 2), 1.0 if n % 5 else 0.5)
        assert 0.0 < head.expect(response, mean, variance) < 1.0


def test_a_curve_straightens_a_vain_forecaster_and_keeps_its_order() -> None:
    """Forecasts twice as extreme as the truth: the error must fall by more than half, ranks hardly change."""
    dice = np.random.default_rng(2)
    truth = dice.normal(0.0, 1.0, 20_000)
    outcomes = (dice.random(20_000) < 1 / (1 + np.exp(-truth))).astype(float)
    vain = 1 / (1 + np.exp(-2.0 * truth))
    curve = Calibration()
    fitted = np.array([curve.follow(2.0 * z, y) for z, y in zip(truth.tolist(), outcomes.tolist(), strict=True)])
    assert (ece(outcomes[10_000:], fitted[10_000:]) or 1) < 0.5 * (ece(outcomes[10_000:], vain[10_000:]) or 0)
    assert auc(outcomes[10_000:], fitted[10_000:]) == pytest.approx(
        auc(outcomes[10_000:], vain[10_000:]) or 0, abs=0.005
    )


def test_a_curve_is_a_probability_at_both_ends() -> None:
    curve = Calibration()
    for logit in (-30.0, -3.0, 0.0, 3.0, 30.0):
        for outcome in (0.0, 1.0, None):
            assert 0.0 < curve.follow(logit, outcome) < 1.0
