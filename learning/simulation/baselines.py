"""Baselines: how published systems decide, on the same beliefs and materials, for all students at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from learning.simulation.classroom import CONTEXTS, LEVELS, TOPICS, Classroom, Floats, Ints

AVERAGE_LEVEL = 1
"""Index of the average difficulty in `LEVELS`."""


@dataclass
class BaselineView:
    """What a baseline sees on one day."""

    classroom: Classroom
    read_mastery: Callable[[], Floats]
    """Return the estimated mastery of today, (students, skills)."""
    interest: Floats
    """Interest by the survey, (students, contexts); neutral is first and 0.5."""
    last_skill: Ints
    """Skill of the last completed assignment, (students,); -1 at first."""
    last_level: Ints
    last_share: Floats
    """Share of the last assignment's items that were correct, (students,)."""
    day: int
    days: int
    rng: np.random.Generator
    course_position: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Each student's position in the course, for policies that go through it, (students,)."""

    @property
    def scope(self) -> Ints:
        """The skills in scope that are open today."""
        return self.classroom.open_skills(self.day)

    @property
    def student_count(self) -> int:
        """Number of students."""
        return self.classroom.student_count

    @property
    def mastery(self) -> Floats:
        """Estimated mastery, (students, skills)."""
        return self.read_mastery()


Choice = tuple[Ints, Ints, Ints]
"""(skill, level, context) of each student."""
Baseline = Callable[[BaselineView], Choice]


def survey_interest(classroom: Classroom) -> Floats:
    """Return the interest by the survey, (students, contexts)."""
    by_topic = np.asarray([[interests[topic].value for topic in TOPICS] for interests in classroom.survey_interests])
    return np.concatenate([np.full((len(by_topic), 1), 0.5), by_topic], axis=1)


def _average_level(view: BaselineView) -> Ints:
    return np.full(view.student_count, AVERAGE_LEVEL)


def _any_context(view: BaselineView) -> Ints:
    return view.rng.integers(0, len(CONTEXTS), view.student_count)


def random_in_scope(view: BaselineView) -> Choice:
    """Choose any material in scope."""
    count = view.student_count
    skill = view.scope[view.rng.integers(0, len(view.scope), count)]
    return skill, view.rng.integers(0, len(LEVELS), count), _any_context(view)


def lockstep(view: BaselineView) -> Choice:
    """Take the class through the scope skill by skill, with neutral materials of average difficulty."""
    order = view.classroom.skill_order
    skill = order[min(view.day * len(order) // view.days, len(order) - 1)]
    return np.full(view.student_count, skill), _average_level(view), np.zeros(view.student_count, dtype=np.int64)


def lowest_mastery(view: BaselineView) -> Choice:
    """Choose the skill of lowest mastery, average difficulty, any context (OATutor's default heuristic)."""
    scope = view.scope
    return scope[np.argmin(view.mastery[:, scope], axis=1)], _average_level(view), _any_context(view)


def _logit(p: Floats) -> Floats:
    return np.asarray(np.log(p / (1 - p)))


def _best_of_grid(view: BaselineView, by_skill: Floats, *, interest: float) -> Choice:
    """Return the argmax over scope x levels x contexts of by_skill + fit of level + interest."""
    mastery_logit = _logit(np.clip(view.mastery[:, view.scope], 0.02, 0.98))
    distance = np.abs(mastery_logit[:, :, None] - np.asarray(LEVELS)[None, None, :])
    score = by_skill[:, :, None] - 0.5 * distance
    grid = score[:, :, :, None] + interest * view.interest[:, None, None, :]
    grid = grid + view.rng.random(grid.shape) * 1e-6
    best = grid.reshape(len(grid), -1).argmax(axis=1)
    skill, level, context = np.unravel_index(best, grid.shape[1:])
    return view.scope[skill], np.asarray(level), np.asarray(context)


def weighted_sum(interest: float) -> Baseline:
    """Return ALOSI's sum of remediation, readiness, continuity and level, with interest as one more weight.

    Source: Rosen et al. 2018, "Adaptive Learning Open Source Initiative for MOOC experimentation".
    """

    def choose(view: BaselineView) -> Choice:
        scope = view.scope
        remediation = np.maximum(0.8 - view.mastery[:, scope], 0.0)
        readiness = np.zeros_like(remediation)
        for column, skill in enumerate(scope):
            for need in view.classroom.catalogue.prerequisites[int(skill) + 1]:
                readiness[:, column] += np.minimum(view.mastery[:, need - 1] - 0.6, 0.0)
        continuity = (scope[None, :] == view.last_skill[:, None]).astype(np.float64)
        return _best_of_grid(view, 2.0 * remediation + 2.0 * readiness + 0.3 * continuity, interest=interest)

    return choose


def utilities(view: BaselineView) -> Choice:
    """Choose by the utility of missing mastery and ready prerequisites, and difficulty by mastery (after Artemis)."""
    scope = view.scope
    lacking = np.where(view.mastery[:, scope] < 0.8, 0.8 - view.mastery[:, scope], 0.0)  # noqa: PLR2004 - the target
    met = np.ones_like(lacking)
    for column, skill in enumerate(scope):
        needs = [need - 1 for need in view.classroom.catalogue.prerequisites[int(skill) + 1]]
        if needs:
            met[:, column] = (view.mastery[:, needs] >= 0.8).mean(axis=1)  # noqa: PLR2004 - the target
    started = (scope[None, :] == view.last_skill[:, None]) * 0.25
    column = np.argmax(np.where(lacking > 0, 1.0 * met + 0.5 * lacking + started, -1.0), axis=1)
    skill = scope[column]
    mastery = view.mastery[np.arange(len(skill)), skill]
    return skill, np.digitize(mastery, [0.5, 0.75]), _any_context(view)


def thresholds(view: BaselineView) -> Choice:
    """Go on from 0.8 of the points, repeat from 0.5, else go easier, in the order of the course (mastery paths)."""
    order = view.classroom.skill_order
    done = view.last_skill >= 0
    passed = done & (view.last_share >= 0.8)  # noqa: PLR2004 - the rule's threshold
    view.course_position = np.where(passed, view.course_position + 1, view.course_position) % len(order)
    level = np.where(~done | (view.last_share >= 0.5), AVERAGE_LEVEL, 0)  # noqa: PLR2004 - the rule's threshold
    return order[view.course_position], level, np.zeros(view.student_count, dtype=np.int64)


def interest_only(view: BaselineView) -> Choice:
    """Choose any skill in scope, in the context of highest interest."""
    skill, _, _ = random_in_scope(view)
    return skill, _average_level(view), view.interest.argmax(axis=1)


BASELINES: dict[str, Baseline] = {
    "random": random_in_scope,
    "lockstep": lockstep,
    "lowest_mastery": lowest_mastery,
    "weighted_0": weighted_sum(0.0),
    "weighted_1": weighted_sum(1.0),
    "weighted_3": weighted_sum(3.0),
    "utilities": utilities,
    "thresholds": thresholds,
    "interest_only": interest_only,
}
