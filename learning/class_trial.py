"""A comparison of two policies by class: who gets which, and what so many classes can show before it starts.

Classes, not students, are assigned, as students of one class learn together; so the number of classes decides what can
be seen. Source: Donner and Klar 2000, "Design and Analysis of Cluster Randomization Trials in Health Research".
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from statistics import NormalDist

from learning.selection.fixed_point import hash64, text_hash64

LEVEL = 0.05
"""Of a two-sided test."""
POWER = 0.8
BETWEEN, WITHIN = 0.6, 0.5
"""Shares of the variance between classes and within them that a pretest explains."""
_QUANTILES = NormalDist().inv_cdf(1 - LEVEL / 2) + NormalDist().inv_cdf(POWER)


@dataclass(frozen=True, slots=True)
class ClassTrial:
    """How a comparison is laid out."""

    students_a_class: float
    """On average."""
    correlation: float = 0.1
    """Of two students of one class (ICC), in [0, 1]: the share of variance that lies between classes."""
    has_pretest: bool = False

    def _variance(self) -> float:
        """Return the variance of a class's mean, in squared standard deviations of a student."""
        between = self.correlation * (1 - BETWEEN * self.has_pretest)
        within = (1 - self.correlation) * (1 - WITHIN * self.has_pretest)
        return between + within / self.students_a_class

    def smallest_effect(self, classes: int) -> float:
        """Return the least difference, in standard deviations, that `classes` in each arm see with power .8."""
        return _QUANTILES * math.sqrt(2 * self._variance() / classes)

    def classes_needed(self, effect: float) -> int:
        """Return how many classes each arm needs for a difference of so many standard deviations."""
        return math.ceil(2 * self._variance() * (_QUANTILES / effect) ** 2)


def assign_arms(classes: Collection[int], *, key: int, name: str) -> dict[int, bool]:
    """Return for each class whether it gets the new policy: every second one in the order of a keyed hash.

    The key and the trial's name decide, so nobody can choose; the arms differ by one class at most.
    """
    order = sorted(classes, key=lambda each: (hash64(key, text_hash64(name), each), each))
    return {class_id: place % 2 == 1 for place, class_id in enumerate(order)}
