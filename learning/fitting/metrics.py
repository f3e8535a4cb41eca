"""How good probabilities are: discrimination, calibration, and whether intervals hold what they promise.

Shapes: `outcomes` and `expected` are `(responses,)`; outcomes in [0, 1], expected in (0, 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from learning.fitting.next_five import WINDOW, NextFiveRow

Floats = NDArray[np.float64]

BINS = 15
TINY = 1e-12


@dataclass(frozen=True, slots=True)
class Scores:
    """The figures of one group of responses; None where the group is too small or all of one kind."""

    responses: int
    auc: float | None
    log_loss: float | None
    ece: float | None
    expected: float | None
    """Mean expected outcome."""
    actual: float | None
    """Mean outcome; a model that flatters has `expected` above it."""


def scores(outcomes: Floats, expected: Floats) -> Scores:
    """Return all figures of a group of responses."""
    if not len(outcomes):
        return Scores(0, None, None, None, None, None)
    return Scores(
        len(outcomes),
        auc(outcomes, expected),
        log_loss(outcomes, expected),
        ece(outcomes, expected),
        float(expected.mean()),
        float(outcomes.mean()),
    )


def auc(outcomes: Floats, expected: Floats) -> float | None:
    """Return the chance that a right response was expected more than a wrong one, ties half; right is y >= 0.5.

    None where all responses are of one kind. Source: Hanley and McNeil 1982, by the Mann-Whitney rank sum.
    """
    right = outcomes >= 0.5  # noqa: PLR2004 - half of the points
    positives = int(right.sum())
    negatives = len(right) - positives
    if not positives or not negatives:
        return None
    _, places, counts = np.unique(expected, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2.0)[places]
    return float((ranks[right].sum() - positives * (positives + 1) / 2.0) / (positives * negatives))


def log_loss(outcomes: Floats, expected: Floats) -> float | None:
    """Return the mean of `-y ln p - (1 - y) ln(1 - p)`, in nats."""
    if not len(outcomes):
        return None
    safe = np.clip(expected, TINY, 1.0 - TINY)
    return float(-np.mean(outcomes * np.log(safe) + (1.0 - outcomes) * np.log1p(-safe)))


def reliability(outcomes: Floats, expected: Floats, *, bins: int = BINS) -> list[tuple[float, float, int]]:
    """Return (mean expected, mean outcome, responses) of bins of equal mass, from the least expected to the most."""
    order = np.argsort(expected, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return [(float(expected[part].mean()), float(outcomes[part].mean()), len(part)) for part in parts]


def ece(outcomes: Floats, expected: Floats, *, bins: int = BINS) -> float | None:
    """Return the expected calibration error over bins of equal mass. Source: Naeini et al. 2015."""
    if not len(outcomes):
        return None
    gaps = [abs(share - was) * count for share, was, count in reliability(outcomes, expected, bins=bins)]
    return sum(gaps) / len(outcomes)


@dataclass(frozen=True, slots=True)
class Windows:
    """Moments at which the next five responses on one skill are known: shape `(windows,)` each."""

    mean: Floats
    """The skill's logit, as believed before the first of the five."""
    variance: Floats
    noise: Floats
    """Variance of a single response's logit around it: the items' deviations."""
    right: NDArray[np.int64]
    """How many of the five were right."""

    @classmethod
    def of(cls, rows: Sequence[NextFiveRow]) -> Windows:
        """Return the windows that `NextFive` has collected; beliefs are of items at large, so there is no noise."""
        table = np.array(rows, dtype=np.float64).reshape(-1, 3)
        return cls(table[:, 0], table[:, 1], np.zeros(len(table)), table[:, 2].astype(np.int64))


FACTOR_SPREAD = 0.1
_NODES: Any = np.polynomial.hermite_e.hermegauss(41)


def count_chances(windows: Windows, factor: float) -> Floats:
    """Return the chance of 0 to 5 right of five, shape `(windows, 6)`, where variances are `factor` times as large.

    The skill's logit is integrated out by Gauss-Hermite quadrature, a single response's noise by the probit constant.
    """
    nodes, weights = _NODES[0], _NODES[1] / _NODES[1].sum()
    logits = windows.mean[:, None] + np.sqrt(factor * windows.variance)[:, None] * nodes
    chance = 1.0 / (1.0 + np.exp(-logits / np.sqrt(1.0 + np.pi * windows.noise[:, None] / 8.0)))
    ways = (1, 5, 10, 10, 5, 1)
    return np.stack(
        [ways[k] * ((chance**k * (1.0 - chance) ** (WINDOW - k)) @ weights) for k in range(WINDOW + 1)], axis=1
    )


def coverage(windows: Windows, factor: float, *, share: float = 0.8, seed: int = 0) -> float | None:
    """Return the share of windows whose number right fell inside the central interval of `share`: `share` if honest.

    By the randomised probability integral transform: a count between two bounds is inside by the part of its chance
    that is. Source: Czado, Gneiting and Held 2009, "Predictive model assessment for count data".
    """
    if not len(windows.right):
        return None
    chances = count_chances(windows, factor)
    rows = np.arange(len(windows.right))
    below = np.cumsum(chances, axis=1)[rows, windows.right] - chances[rows, windows.right]
    place = below + np.random.default_rng(seed).random(len(rows)) * chances[rows, windows.right]
    edge = (1.0 - share) / 2.0
    return float(np.mean((place >= edge) & (place <= 1.0 - edge)))


@dataclass(frozen=True, slots=True)
class NextFiveScores:
    """How well the number right of the next five was expected; None where there was none."""

    log_loss: float | None
    """Mean negative logarithm of the chance of the count that came."""
    ece: float | None
    """Of the expected share right, over bins of equal mass."""


def next_five_scores(windows: Windows, factor: float) -> NextFiveScores:
    """Return how well beliefs, their variances `factor` times as large, expected the counts."""
    if not len(windows.right):
        return NextFiveScores(None, None)
    rows = np.arange(len(windows.right))
    chances = np.maximum(count_chances(windows, factor)[rows, windows.right], TINY)
    expected = count_chances(windows, 1.0) @ np.arange(WINDOW + 1) / WINDOW
    return NextFiveScores(float(-np.log(chances).mean()), ece(windows.right / WINDOW, expected))


def fit_factor(windows: Windows, *, prior: float | None = None) -> float:
    """Return the factor on the variances, from 0.25 to 8, under which the counts that came were likeliest.

    With a `prior`, its logarithm is a Gaussian around that of `prior` with a standard deviation of 0.1, so that a small
    log moves it little: windows of one student share an ability, and say less than as many students would.
    """
    grid = np.exp(np.linspace(np.log(0.25), np.log(8.0), 51))
    rows = np.arange(len(windows.right))
    losses = np.array([-np.log(np.maximum(count_chances(windows, f)[rows, windows.right], TINY)).sum() for f in grid])
    if prior is not None:
        losses += ((np.log(grid) - np.log(prior)) / FACTOR_SPREAD) ** 2 / 2.0
    return float(grid[int(np.argmin(losses))])
