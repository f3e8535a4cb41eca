"""The students: what they do with an assignment, what they answer, what they learn and forget; all at once in NumPy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from learning.simulation.classroom import ITEMS, LEVELS, MASTERED, Classroom, Floats, Ints

WILLING = 0.75
"""Chance that an assignment without any appeal is done on a day."""
BEST = 0.7
"""Success at which practice teaches most (desirable difficulty), and how fast that falls off on either side."""
WIDTH = 0.22
UNREADY = 0.25
"""What is left of learning where a prerequisite is wholly missing."""
UNREADABLE = 0.7
"""Logits that a text above the student's reading level costs; it halves what is learned."""
QUIZ = 8


class Students:
    """A class in the course of its days: the true skills move."""

    def __init__(self, classroom: Classroom) -> None:
        self.classroom = classroom
        self.theta = classroom.theta.copy()
        self.start = classroom.theta.copy()

    def mastered(self) -> Ints:
        """Return how many skills each student truly has, (students,)."""
        return np.asarray((self.theta >= MASTERED).sum(axis=1), dtype=np.int64)

    def willing(self, context: Ints, dice: Floats) -> NDArray[np.bool_]:
        """Return who does the assignment today; -1 is no assignment."""
        liked = self._liked(context)
        return (context >= 0) & (dice < WILLING + self.classroom.world.willing * (2 * liked - 1))

    def answer(self, skill: Ints, level: Ints, context: Ints, dice: Floats) -> NDArray[np.bool_]:
        """Return who answers which item right, (students, items)."""
        return np.asarray(dice < self.success(skill, level, context)[:, None])

    def success(self, skill: Ints, level: Ints, context: Ints) -> Floats:
        """Return the true chance of success on an item, (students,)."""
        logit = self.theta[np.arange(len(skill)), skill] - np.asarray(LEVELS)[level]
        logit = logit - UNREADABLE * self._too_hard_to_read(context)
        logit = logit - self.classroom.world.distracts * self._distracted(context)
        return np.asarray(1.0 / (1.0 + np.exp(-logit)))

    def practise(self, who: NDArray[np.bool_], skill: Ints, level: Ints, context: Ints) -> None:
        """Let those who did their assignment learn from it."""
        world, chance = self.classroom.world, self.success(skill, level, context)
        fitting = np.exp(-(((chance - BEST) / WIDTH) ** 2))
        effort = 1.0 + world.effort * (2 * self._liked(context) - 1) - world.distracts * self._distracted(context)
        effort = effort * np.where(self._too_hard_to_read(context), 0.5, 1.0)
        gain = self.classroom.rate * fitting * effort * self._readiness(skill)
        self.theta[np.flatnonzero(who), skill[who]] += gain[who]

    def forget(self) -> None:
        """Let a day take its share of what was learned since the start."""
        self.theta -= self.classroom.world.forgetting * (self.theta - self.start)

    def quiz(self, dice: Floats, skills: Ints) -> NDArray[np.bool_]:
        """Return the answers to a quiz of neutral average items on some skills, (students, skills)."""
        return np.asarray(dice < 1.0 / (1.0 + np.exp(-self.theta[:, skills])))

    def _liked(self, context: Ints) -> Floats:
        return np.asarray(self.classroom.interest[np.arange(len(context)), np.maximum(context, 0)])

    def _distracted(self, context: Ints) -> NDArray[np.bool_]:
        return self.classroom.weak & (context > 0) & (self._liked(context) > 0.6)  # noqa: PLR2004 - clearly liked

    def _too_hard_to_read(self, context: Ints) -> NDArray[np.bool_]:
        room = self.classroom.reading + 1
        return np.asarray(self.classroom.material_reading[np.maximum(context, 0)] > room)

    def _readiness(self, skill: Ints) -> Floats:
        """Return how much the true prerequisites let through: the least of them counts."""
        ready = np.ones(len(skill))
        for student, its in enumerate(skill):
            for need in self.classroom.needs[its]:
                has = 1.0 / (1.0 + np.exp(-3.0 * (self.theta[student, need] - 0.4)))
                ready[student] = min(ready[student], UNREADY + (1 - UNREADY) * has)
        return ready


def dice(seed: int, *, students: int, rounds: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Return the dice that all policies share: done, answers, events and quizzes, by round and student."""
    rng = np.random.default_rng((seed, 1))
    shape = (rounds, students)
    return rng.random(shape), rng.random((*shape, ITEMS)), rng.random((*shape, 3)), rng.random((*shape, QUIZ))
