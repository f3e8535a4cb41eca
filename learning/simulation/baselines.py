"""Other ways to decide, for all students at once: what published systems do, on the same beliefs and materials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from learning.simulation.classroom import CONTEXTS, LEVELS, TOPICS, Classroom, Floats, Ints

MIDDLE = 1
"""The average level."""


@dataclass
class View:
    """What a baseline sees on one day."""

    classroom: Classroom
    look: Callable[[], Floats]
    """Asks what is believed today."""
    interest: Floats
    """As the survey told it, (students, contexts); neutral first, at a half."""
    skill: Ints
    """Last done, (students,); -1 at first."""
    level: Ints
    share: Floats
    """Of the last assignment's items, how many were right."""
    day: int
    days: int
    rng: np.random.Generator
    place: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    """Where in the course each student is: for policies that go through it."""

    @property
    def count(self) -> int:
        """How many students there are."""
        return self.classroom.students

    @property
    def mastery(self) -> Floats:
        """Believed mastery, (students, skills)."""
        return self.look()


Choice = tuple[Ints, Ints, Ints]
"""(skill, level, context) of each student."""
Baseline = Callable[[View], Choice]


def believed_interest(classroom: Classroom) -> Floats:
    """Return the interest that the survey told, (students, contexts)."""
    told = np.asarray([[known[topic].value for topic in TOPICS] for known in classroom.told])
    return np.concatenate([np.full((len(told), 1), 0.5), told], axis=1)


def _middle(view: View) -> Ints:
    return np.full(view.count, MIDDLE)


def _any_context(view: View) -> Ints:
    return view.rng.integers(0, len(CONTEXTS), view.count)


def random_in_scope(view: View) -> Choice:
    """Any material in scope."""
    count = view.count
    skill = view.classroom.scope[view.rng.integers(0, len(view.classroom.scope), count)]
    return skill, view.rng.integers(0, len(LEVELS), count), _any_context(view)


def lockstep(view: View) -> Choice:
    """The class goes through the scope together, a skill after the other, with plain average tasks."""
    order = view.classroom.order
    skill = order[min(view.day * len(order) // view.days, len(order) - 1)]
    return np.full(view.count, skill), _middle(view), np.zeros(view.count, dtype=np.int64)


def lowest_mastery(view: View) -> Choice:
    """The skill believed lowest, average tasks in any context (OATutor's default heuristic)."""
    scope = view.classroom.scope
    return scope[np.argmin(view.mastery[:, scope], axis=1)], _middle(view), _any_context(view)


def _logit(p: Floats) -> Floats:
    return np.asarray(np.log(p / (1 - p)))


def _best_of_grid(view: View, by_skill: Floats, *, interest: float) -> Choice:
    """Return the argmax over scope x levels x contexts of by_skill + fit of level + interest."""
    known = _logit(np.clip(view.mastery[:, view.classroom.scope], 0.02, 0.98))
    distance = np.abs(known[:, :, None] - np.asarray(LEVELS)[None, None, :])
    score = by_skill[:, :, None] - 0.5 * distance
    grid = score[:, :, :, None] + interest * view.interest[:, None, None, :]
    grid = grid + view.rng.random(grid.shape) * 1e-6
    best = grid.reshape(len(grid), -1).argmax(axis=1)
    skill, level, context = np.unravel_index(best, grid.shape[1:])
    return view.classroom.scope[skill], np.asarray(level), np.asarray(context)


def weighted_sum(interest: float) -> Baseline:
    """Return ALOSI's sum of remediation, readiness, continuity and level, with interest as one more weight.

    Source: Rosen et al. 2018, "Adaptive Learning Open Source Initiative for MOOC experimentation".
    """

    def choose(view: View) -> Choice:
        scope = view.classroom.scope
        remediation = np.maximum(0.8 - view.mastery[:, scope], 0.0)
        readiness = np.zeros_like(remediation)
        for column, skill in enumerate(scope):
            for need in view.classroom.catalogue.needs[int(skill) + 1]:
                readiness[:, column] += np.minimum(view.mastery[:, need - 1] - 0.6, 0.0)
        continuity = (scope[None, :] == view.skill[:, None]).astype(np.float64)
        return _best_of_grid(view, 2.0 * remediation + 2.0 * readiness + 0.3 * continuity, interest=interest)

    return choose


def utilities(view: View) -> Choice:
    """Competencies by utility of lacking mastery, met prerequisites and confidence; tasks by level (after Artemis)."""
    scope = view.classroom.scope
    lacking = np.where(view.mastery[:, scope] < 0.8, 0.8 - view.mastery[:, scope], 0.0)  # noqa: PLR2004 - the target
    met = np.ones_like(lacking)
    for column, skill in enumerate(scope):
        needs = [need - 1 for need in view.classroom.catalogue.needs[int(skill) + 1]]
        if needs:
            met[:, column] = (view.mastery[:, needs] >= 0.8).mean(axis=1)  # noqa: PLR2004 - the target
    started = (scope[None, :] == view.skill[:, None]) * 0.25
    column = np.argmax(np.where(lacking > 0, 1.0 * met + 0.5 * lacking + started, -1.0), axis=1)
    skill = scope[column]
    known = view.mastery[np.arange(len(skill)), skill]
    return skill, np.digitize(known, [0.5, 0.75]), _any_context(view)


def thresholds(view: View) -> Choice:
    """Go on at 0.8 of the points, repeat at 0.5, else easier; in the order of the course (mastery paths)."""
    order = view.classroom.order
    done = view.skill >= 0
    view.place = np.where(done & (view.share >= 0.8), view.place + 1, view.place) % len(order)  # noqa: PLR2004 - rule
    level = np.where(~done | (view.share >= 0.5), MIDDLE, 0)  # noqa: PLR2004 - the rule's threshold
    return order[view.place], level, np.zeros(view.count, dtype=np.int64)


def interest_only(view: View) -> Choice:
    """Any skill in scope, in the context that is liked best."""
    skill, _, _ = random_in_scope(view)
    return skill, _middle(view), view.interest.argmax(axis=1)


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
