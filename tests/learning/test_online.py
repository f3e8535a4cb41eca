"""The pass that learns the shared terms."""

import random
from dataclasses import replace

import numpy as np
import pytest

from learning.calibration import Calibration
from learning.mastery import Response
from learning.online import OnlinePass, online_pass
from learning.scores import auc, ece
from learning.snapshot import Snapshot

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
    assert all(variance < 0.1 for _, variance in snapshot.items.values())
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


def test_blocked_practice_is_learned_to_flatter() -> None:
    """Where the second answer in a row on a skill is nearly always right, the effect rises above 0."""
    online = OnlinePass()
    dice = random.Random(1)
    for _ in range(200):
        rows = [Response(0.0, None, (n // 2 % 3,), float(dice.random() < (0.9 if n % 2 else 0.4))) for n in range(12)]
        online.student(rows)
    assert online.snapshot(version=1).blocked[0] > 0.5


def test_a_curve_straightens_a_vain_forecaster_and_keeps_its_order() -> None:
    """Forecasts twice as extreme as the truth: the error must fall by more than half, ranks hardly change."""
    dice = np.random.default_rng(2)
    truth = dice.normal(0.0, 1.0, 20_000)
    outcomes = (dice.random(20_000) < 1 / (1 + np.exp(-truth))).astype(float)
    vain = 1 / (1 + np.exp(-2.0 * truth))
    curve = Calibration()
    told = np.array([curve.follow(2.0 * z, y) for z, y in zip(truth.tolist(), outcomes.tolist(), strict=True)])
    assert (ece(outcomes[10_000:], told[10_000:]) or 1) < 0.5 * (ece(outcomes[10_000:], vain[10_000:]) or 0)
    assert auc(outcomes[10_000:], told[10_000:]) == pytest.approx(auc(outcomes[10_000:], vain[10_000:]) or 0, abs=0.005)


def test_a_curve_is_a_probability_at_both_ends() -> None:
    curve = Calibration()
    for logit in (-30.0, -3.0, 0.0, 3.0, 30.0):
        for outcome in (0.0, 1.0, None):
            assert 0.0 < curve.follow(logit, outcome) < 1.0
