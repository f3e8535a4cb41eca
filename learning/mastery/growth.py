"""How a student's mastery of skills has moved, with its uncertainty: what was believed of them step by step."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from math import ceil
from operator import attrgetter
from typing import NamedTuple

from learning.mastery.beliefs import interval, mastery
from learning.mastery.forgetting import DAY
from learning.mastery.model import LearnerState, Response, beliefs, fold
from learning.mastery.parameters import Parameters
from learning.mastery.snapshot import Snapshot

WEEK = 7 * DAY


class GrowthPoint(NamedTuple):
    """What was believed of the skill at one moment."""

    at: float
    """Seconds since 1970."""
    mastery: float
    low: float
    high: float
    """The bounds of the 80 % interval around it."""
    responses: int
    """How many responses on the skill stood behind it."""


def growth(
    responses: Sequence[Response],
    skills: Collection[int],
    *,
    snapshot: Snapshot,
    parameters: Parameters,
    variance_factor: float,
    step_seconds: float = WEEK,
) -> dict[int, list[GrowthPoint]]:
    """Return by skill a point for each step from the first response to the last, which are in order.

    There is none where there is no response. All points are read with the same snapshot, so that a difference between
    two of them is the student's.
    """
    points: dict[int, list[GrowthPoint]] = {skill: [] for skill in skills}
    if not responses:
        return points
    state, place = LearnerState.new(), 0
    first, last = responses[0].at, responses[-1].at
    steps = max(0, ceil((last - first) / step_seconds) - 1)
    for at in (*(first + step_seconds * (step + 1) for step in range(steps)), last):
        until = bisect_right(responses, at, key=attrgetter("at"))
        state = fold(state, responses[place:until], snapshot=snapshot, parameters=parameters)
        place = until
        believed = beliefs(state, skills, snapshot=snapshot, parameters=parameters, as_of=at)
        for skill, belief in believed.items():
            bounds = interval(belief, factor=variance_factor)
            points[skill].append(GrowthPoint(at, mastery(belief), *bounds, belief.responses))
    return points
