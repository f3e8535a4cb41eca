"""Beliefs against what came next: how many of the next five responses on a skill were right."""

from __future__ import annotations

from collections.abc import Sequence

from learning.mastery.beliefs import SkillBelief
from learning.mastery.shared_parameters import HALF
from learning.mastery.state import Response

WINDOW = 5

NextFiveRow = tuple[float, float, int]
"""Mean and variance of the skill's logit as it was believed before the first of five responses; how many were right."""


class NextFive:
    """Collects, for each student and skill, five responses at a time with what was believed before the first."""

    def __init__(self) -> None:
        self.rows: list[NextFiveRow] = []
        self._open: dict[int, tuple[float, float, list[float]]] = {}

    def start_student(self) -> None:
        """Begin a new student; what is not five responses yet is dropped."""
        self._open = {}

    def add(self, response: Response, beliefs: Sequence[SkillBelief]) -> None:
        """Count a response for each of its skills, of which this was believed before; weak evidence does not count."""
        outcome = response.outcome
        if outcome is None or response.weight < 1.0:
            return
        for belief in beliefs:
            window = self._open.get(belief.skill)
            if window is None:
                mean = belief.ability + belief.offset - belief.difficulty
                variance = belief.ability_variance + belief.offset_variance + belief.difficulty_variance
                window = self._open[belief.skill] = (mean, variance, [])
            mean, variance, outcomes = window
            outcomes.append(outcome)
            if len(outcomes) == WINDOW:
                self.rows.append((mean, variance, sum(y >= HALF for y in outcomes)))
                del self._open[belief.skill]
