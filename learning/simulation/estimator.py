"""What the teaching side knows of the students: the production learner model, fed with the events that arrive."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from learning.beliefs import SkillBelief, mastery
from learning.mastery import LearnerState, Response, beliefs, fold
from learning.simulation.classroom import Classroom, Floats


class Estimator:
    """One learner state a student; beliefs are looked up again once evidence has come."""

    def __init__(self, classroom: Classroom) -> None:
        self.classroom = classroom
        self.relevant = sorted(classroom.catalogue.relevant(int(s) + 1 for s in classroom.scope))
        self.states = [LearnerState.new() for _ in range(classroom.students)]
        self.known: list[dict[int, SkillBelief]] = [{} for _ in range(classroom.students)]
        self.newest: list[float | None] = [None] * classroom.students
        self.mastery = np.full((classroom.students, len(classroom.needs)), 0.5)
        """Believed mastery when it was looked at last, (students, skills)."""
        self._moved = set(range(classroom.students))

    def hear(self, student: int, responses: Sequence[Response], *, at: float) -> None:
        """Fold in what has arrived at `at`."""
        self.states[student] = fold(self.states[student], responses, snapshot=self.classroom.snapshot)
        self.newest[student] = at
        self.known[student] = {}
        self._moved.add(student)

    def look(self, student: int, *, at: float) -> dict[int, SkillBelief]:
        """Return what is believed of the skills in scope and of all that they rest on."""
        if not self.known[student]:
            found = beliefs(self.states[student], self.relevant, snapshot=self.classroom.snapshot, as_of=at)
            self.known[student] = found
        return self.known[student]

    def look_at_all(self, *, at: float) -> Floats:
        """Return believed mastery of all students, (students, skills)."""
        for student in self._moved:
            for skill, belief in self.look(student, at=at).items():
                self.mastery[student, skill - 1] = mastery(belief)
        self._moved.clear()
        return self.mastery
