"""The figures that others judge us by: worked by hand, and checked against what they must be by construction."""

import numpy as np
import pytest

from learning.fitting.metrics import (
    Windows,
    auc,
    count_chances,
    coverage,
    ece,
    fit_factor,
    log_loss,
    reliability,
    scores,
)


def test_auc_counts_pairs_and_ties_half() -> None:
    # right .8 and .4 against wrong .4 and .1: 3 pairs won, 1 tied of 4: 3.5 / 4
    assert auc(np.array([1.0, 1, 0, 0]), np.array([0.8, 0.4, 0.4, 0.1])) == 0.875


def test_auc_of_one_kind_is_none() -> None:
    assert auc(np.ones(3), np.array([0.1, 0.2, 0.3])) is None


def test_log_loss_is_the_mean_surprise() -> None:
    # -(ln .8 + ln .6) / 2 = (.2231 + .5108) / 2 = .3670
    assert log_loss(np.array([1.0, 0.0]), np.array([0.8, 0.4])) == pytest.approx(0.3670, abs=1e-4)
    assert log_loss(np.array([1.0]), np.array([0.0])) == pytest.approx(27.631, abs=1e-3)  # -ln 1e-12


def test_calibration_error_weighs_bins_by_their_mass() -> None:
    # bins (.1, .2) and (.8, .9): |.15 - .5| and |.85 - 1| at half the mass each: .25
    outcomes, expected = np.array([0.0, 1, 1, 1]), np.array([0.1, 0.2, 0.8, 0.9])
    assert ece(outcomes, expected, bins=2) == pytest.approx(0.25)
    assert [count for *_, count in reliability(outcomes, expected, bins=2)] == [2, 2]


def test_nothing_scores_as_nothing() -> None:
    assert scores(np.array([]), np.array([])).auc is None
    none = np.array([])
    assert coverage(Windows(none, none, none, np.array([], dtype=np.int64)), 1.0) is None


def windows(count: int, *, true_factor: float) -> Windows:
    """Windows whose truth spreads `true_factor` times as much as is said."""
    dice = np.random.default_rng(5)
    mean, variance = dice.normal(0.5, 1.0, count), dice.uniform(0.2, 1.0, count)
    truth = dice.normal(mean, np.sqrt(true_factor * variance))
    return Windows(mean, variance, np.zeros(count), dice.binomial(5, 1 / (1 + np.exp(-truth))))


def test_chances_of_a_certain_skill_are_binomial() -> None:
    # logit 0, no variance: 1/32, 5/32, 10/32, 10/32, 5/32, 1/32
    certain = Windows(np.zeros(1), np.zeros(1), np.zeros(1), np.zeros(1, dtype=np.int64))
    assert count_chances(certain, 1.0)[0] == pytest.approx(np.array([1, 5, 10, 10, 5, 1]) / 32)


def test_an_honest_interval_covers_what_it_says_and_a_vain_one_less() -> None:
    """20,000 windows: the standard error of a share of .8 is .003."""
    assert coverage(windows(20_000, true_factor=1.0), 1.0) == pytest.approx(0.8, abs=0.012)
    vain = coverage(windows(20_000, true_factor=3.0), 1.0)
    assert vain is not None
    assert vain < 0.76


@pytest.mark.full
def test_the_factor_that_made_the_windows_is_found() -> None:
    assert fit_factor(windows(20_000, true_factor=2.0)) == pytest.approx(2.0, rel=0.15)
