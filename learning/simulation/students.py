"""Simulated students: completing, answering, learning and forgetting, for all students at once in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.simulation.classroom import ITEMS, LEVELS, MASTERY_LOGIT, Classroom, Floats, Ints

COMPLETION_CHANCE = 0.75
"""Chance that an assignment of no interest is done on a day."""
BEST_SUCCESS = 0.7
"""Success at which practice teaches most (desirable difficulty); `WIDTH` is how fast that falls on either side."""
WIDTH = 0.22
UNREADY_SHARE = 0.25
"""Share of learning that is left where a prerequisite is missing completely."""
UNREADABLE_LOGITS = 0.7
"""Logits that a text above the student's reading level costs; it also halves learning."""
QUIZ_ITEMS = 8


class Students:
    """The students of a class, whose true skills change from day to day."""

    def __init__(self, classroom: Classroom) -> None:
        self.classroom = classroom
        self.true_skill = classroom.true_skill.copy()
        self.initial_skill = classroom.true_skill.copy()

    def mastered(self, among: Ints | None = None) -> Ints:
        """Return how many skills, of all or of some, each student has mastered, (students,)."""
        skill = self.true_skill if among is None else self.true_skill[:, among]
        return np.asarray((skill >= MASTERY_LOGIT).sum(axis=1), dtype=np.int64)

    def success(self) -> Floats:
        """Return the true success on an average item of each skill, (students, skills)."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.true_skill)))

    def initial_success(self) -> Floats:
        """Return `success` as it was on the first day."""
        return np.asarray(1.0 / (1.0 + np.exp(-self.initial_skill)))

    def completes(self, context: Ints, draws: Floats) -> NDArray[np.bool_]:
        """Return which students do their assignment today, (students,); context -1 is no assignment."""
        liked = self._interest(context)
        return (context >= 0) & (draws < COMPLETION_CHANCE + self.classroom.scenario.willingness * (2 * liked - 1))

    def answers(self, skill: Ints, level: Ints, context: Ints, draws: Floats) -> NDArray[np.bool_]:
        """Return which items each student answers correctly, (students, items)."""
        return np.asarray(draws < self.success_probability(skill, level, context)[:, None])

    def success_probability(self, skill: Ints, level: Ints, context: Ints) -> Floats:
        """Return the true probability of success on an item, (students,)."""
        logit = self.true_skill[np.arange(len(skill)), skill] - np.asarray(LEVELS)[level]
        logit = logit - UNREADABLE_LOGITS * self._too_hard_to_read(context)
        logit = logit - self.classroom.scenario.distraction * self._distracted(context)
        return np.asarray(1.0 / (1.0 + np.exp(-logit)))

    def practise(self, who: NDArray[np.bool_], skill: Ints, level: Ints, context: Ints) -> None:
        """Let the students `who` did their assignment learn from it."""
        scenario, chance = self.classroom.scenario, self.success_probability(skill, level, context)
        fitting = np.exp(-(((chance - BEST_SUCCESS) / WIDTH) ** 2))
        effort = (
            1.0 + scenario.effort * (2 * self._interest(context) - 1) - scenario.distraction * self._distracted(context)
        )
        effort = effort * np.where(self._too_hard_to_read(context), 0.5, 1.0)
        gain = self.classroom.learning_rate * fitting * effort * self._readiness(skill)
        self.true_skill[np.flatnonzero(who), skill[who]] += gain[who]

    def forget(self) -> None:
        """Forget one day's share of what was learned since the start."""
        self.true_skill -= self.classroom.scenario.daily_forgetting * (self.true_skill - self.initial_skill)

    def quiz(self, draws: Floats, skills: Ints) -> NDArray[np.bool_]:
        """Return which items of a quiz, neutral and average, each student answers correctly, (students, skills)."""
        return np.asarray(draws < 1.0 / (1.0 + np.exp(-self.true_skill[:, skills])))

    def _interest(self, context: Ints) -> Floats:
        return np.asarray(self.classroom.true_interest[np.arange(len(context)), np.maximum(context, 0)])

    def _distracted(self, context: Ints) -> NDArray[np.bool_]:
        return self.classroom.weak & (context > 0) & (self._interest(context) > 0.6)  # noqa: PLR2004 - clearly liked

    def _too_hard_to_read(self, context: Ints) -> NDArray[np.bool_]:
        limit = self.classroom.reading_level + 1
        return np.asarray(self.classroom.context_reading_level[np.maximum(context, 0)] > limit)

    def _readiness(self, skill: Ints) -> Floats:
        """Return the share of learning that the true prerequisites allow: the weakest one decides."""
        ready = np.ones(len(skill))
        for student, practised in enumerate(skill):
            for need in self.classroom.prerequisites[practised]:
                mastery = 1.0 / (1.0 + np.exp(-3.0 * (self.true_skill[student, need] - 0.4)))
                ready[student] = min(ready[student], UNREADY_SHARE + (1 - UNREADY_SHARE) * mastery)
        return ready


def random_draws(seed: int, *, students: int, rounds: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the random numbers of completion, answers, events and quizzes by day and student, for all policies."""
    rng = np.random.default_rng((seed, 1))
    shape = (rounds, students)
    return rng.random(shape), rng.random((*shape, ITEMS)), rng.random((*shape, 3)), rng.random((*shape, QUIZ_ITEMS))
