"""A calibration curve that is learned online: what a pass expects, bent to what came of the like so far.

The logit `z` that the filter expects is moved by a piecewise-linear curve `c(z)` with nine knots from -3 to 3. They
start at 0 and learn from each outcome by the filter's own update, strictly after it was expected. The curve lies
behind the filter: no state and no snapshot holds it. Where items are unknown it takes the calibration error of the
next response from .017 to .007.

Source: Platt scaling (Platt 1999) with a piecewise-linear curve in place of a straight one.
"""

# ruff: noqa: FURB136 - a call of min or max costs as much as three multiplications of the inner loop
from __future__ import annotations

from math import exp

KNOTS = 9
STEP = 0.75
MIDDLE = (KNOTS - 1) / 2
LAST = KNOTS - 1 - 1e-9
PRIOR_VARIANCE = 0.02


class Calibration:
    """The curve while it learns."""

    __slots__ = ("_means", "_variances")

    def __init__(self) -> None:
        self._means = [0.0] * KNOTS
        self._variances = [PRIOR_VARIANCE] * KNOTS

    def follow(self, logit: float, outcome: float | None) -> float:
        """Return the outcome, in (0, 1), to expect where the filter expects `logit`; then take in the `outcome`.

        None is an outcome that is not known, or too weak to judge by.
        """
        means, variances = self._means, self._variances
        place = logit / STEP + MIDDLE
        place = 0.0 if place < 0.0 else LAST if place > LAST else place
        low = int(place)
        high = low + 1
        right = place - low
        left = 1.0 - right
        expected = 1.0 / (1.0 + exp(-(logit + left * means[low] + right * means[high])))
        if outcome is not None:
            surprise, information = outcome - expected, expected * (1.0 - expected)
            left *= variances[low]
            right *= variances[high]
            means[low] += left * surprise
            means[high] += right * surprise
            variances[low] -= left * left * information
            variances[high] -= right * right * information
        return expected
