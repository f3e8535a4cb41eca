"""The nightly pass: all students' responses once through the filter, which learns the items and skills as it goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from learning.calibration import Calibration
from learning.constants import Constants, constants
from learning.filter import Learner, recall, step
from learning.parameters import SHIPPED, Parameters
from learning.shared import Shared, learn_shared
from learning.snapshot import Snapshot
from learning.state import LearnerState, Response


class Standing(NamedTuple):
    """What was believed of a student on one skill just before a response."""

    skill: int
    practices: int
    mean: float
    """The skill's logit on an average item, without form and item memory."""
    variance: float


class Watched(NamedTuple):
    """One response, and what was believed before it."""

    response: Response
    standings: list[Standing]
    expected: float


class OnlinePass:
    """The filter with its shared terms learning too, one student after another, and a calibration curve behind it."""

    __slots__ = ("_curve", "_known", "_shared", "responses")

    def __init__(self, parameters: Parameters = SHIPPED) -> None:
        self._known: Constants = constants(parameters)
        self._shared = Shared(Snapshot.prior(parameters))
        self._curve = Calibration()
        self.responses = 0

    @property
    def noise(self) -> float:
        """Variance of a single response's logit around its skill's."""
        return self._known.noise

    def student(self, responses: Iterable[Response]) -> list[float]:
        """Take in all responses of a new student; return the outcome expected before each, in (0, 1)."""
        learner = Learner(LearnerState.new(), self._known)
        return [self._expect(learner, response) for response in responses]

    def watched(self, responses: Iterable[Response]) -> Iterator[Watched]:
        """Take in all responses of a new student; yield what was believed before each."""
        learner = Learner(LearnerState.new(), self._known)
        for response in responses:
            standings = _standings(learner, response, self._shared, self._known)
            yield Watched(response, standings, self._expect(learner, response))

    def _expect(self, learner: Learner, response: Response) -> float:
        seen = step(learner, response, self._shared, self._known)
        if not seen[2]:
            return self._curve.follow(seen[0], None)
        learn_shared(self._shared, response, seen, self._known)
        self.responses += 1
        return self._curve.follow(seen[0], response.outcome if response.weight >= 1.0 else None)

    def snapshot(self, *, version: int) -> Snapshot:
        """Return what has been learned so far."""
        return self._shared.snapshot(version=version)


def _standings(learner: Learner, response: Response, shared: Shared, known: Constants) -> list[Standing]:
    level = shared.bias + learner.ability
    spread = shared.bias_variance + learner.ability_variance
    terms, *_ = recall(learner, response, shared, known)
    return [
        Standing(
            skill,
            memory.practices if memory else 0,
            level + offset - difficulty[0],
            spread + variance + difficulty[1],
        )
        for skill, memory, offset, variance, difficulty, *_ in terms
    ]


def online_pass(
    students: Iterable[Iterable[Response]], *, previous: Snapshot, parameters: Parameters = SHIPPED
) -> Snapshot:
    """Return a new snapshot, one version above `previous`, learned from the responses of all students.

    Each inner iterable is one student's responses in order. The pass starts at the prior and not at `previous`, so that
    no response counts twice; the order of the students is the caller's and should not change from night to night.
    """
    online = OnlinePass(parameters)
    for responses in students:
        online.student(responses)
    return online.snapshot(version=previous.version + 1)
