"""Is the model as right for some students as for others? Calibration and the mastered decision, group by group."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.fitting.evaluation import FIRST, Evaluation
from learning.fitting.metrics import Scores, scores

MASTERED = 0.8


@dataclass(frozen=True, slots=True)
class Mastered:
    """What became of the moments at which a skill was called mastered; None where there was none."""

    decisions: int
    share: float
    """The part of all moments at which the skill was called mastered."""
    expected: float | None
    """Mean mastery that was published at those moments."""
    next_right: float | None
    """How often the next response on the skill was right."""
    missed: float | None
    """Of the moments not called mastered, how often the next response was right all the same."""


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """One group of students: how well responses are expected, and how far its mastered decisions hold."""

    column: str
    value: str
    students: int
    scores: Scores
    mastered: Mastered


def by_group(evaluation: Evaluation, columns: tuple[str, ...] = ()) -> list[GroupFigures]:
    """Return the figures of slow and fast learners, and of each value of each column that the log was asked for.

    Slow and fast are separated without the model: by whether a student's first five responses were right less often
    than the median student's. Those five are left out of the figures, for a group chosen by an outcome is not judged
    on that same outcome.
    """
    found = []
    for column, value, members, start in _groups(evaluation, columns):
        responses = members[evaluation.student] & (evaluation.seen >= start)
        moments = members[evaluation.decisions.student]
        if start:
            moments &= evaluation.decisions.seen >= start
        found.append(
            GroupFigures(
                column,
                value,
                int(members.sum()),
                scores(evaluation.outcomes[responses], evaluation.expected[responses]),
                mastered(evaluation, moments),
            )
        )
    return found


def mastered(evaluation: Evaluation, moments: NDArray[np.bool_] | None = None, *, target: float = MASTERED) -> Mastered:
    """Return how the mastered decisions (mastery >= `target`) at `moments` held on the next response of the skill."""
    decisions = evaluation.decisions
    included = np.ones(len(decisions.outcomes), dtype=bool) if moments is None else moments
    called = included & (decisions.mastery >= target)
    others = included & ~called
    count = int(called.sum())
    return Mastered(
        count,
        count / max(1, int(included.sum())),
        float(decisions.mastery[called].mean()) if count else None,
        float(decisions.outcomes[called].mean()) if count else None,
        float(decisions.outcomes[others].mean()) if others.any() else None,
    )


def _groups(evaluation: Evaluation, columns: tuple[str, ...]) -> Iterator[tuple[str, str, NDArray[np.bool_], int]]:
    """Yield column, value, which students are in the group, and how many first responses of each are left out."""
    first = evaluation.seen < FIRST
    count = len(evaluation.students)
    right = np.bincount(evaluation.student[first], evaluation.outcomes[first], count)
    first_answers = np.bincount(evaluation.student[first], minlength=count)
    share = right / np.maximum(1, first_answers)
    slow = share < np.median(share[first_answers > 0])
    yield "pace", "slow", slow & (first_answers > 0), FIRST
    yield "pace", "fast", ~slow & (first_answers > 0), FIRST
    for place, column in enumerate(columns):
        values = np.array([student.groups[place] for student in evaluation.students])
        for value in sorted(set(values.tolist())):
            yield column, value, values == value, 0
