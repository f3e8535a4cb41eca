"""The nightly pass: all students' responses once through the filter, which learns the items and skills as it goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from learning.filter import Constants, Learner, Shared, constants, learn_shared, recall, step
from learning.parameters import SHIPPED, Parameters
from learning.snapshot import Snapshot
from learning.state import LearnerState, Response


class Standing(NamedTuple):
    """What was believed of a student on one skill just before a response."""

    skill: int
    practices: int
    mean: float
    """The skill's logit on an average item, without form and item memory."""
    variance: float


class OnlinePass:
    """The filter with its shared terms learning too, one student after another."""

    __slots__ = ("_known", "_shared", "responses")

    def __init__(self, parameters: Parameters = SHIPPED) -> None:
        self._known: Constants = constants(parameters)
        self._shared = Shared(Snapshot.prior(parameters))
        self.responses = 0

    @property
    def noise(self) -> float:
        """Variance of a single response's logit around its skill's."""
        return self._known.noise

    def student(self, responses: Iterable[Response]) -> list[float]:
        """Take in all responses of a new student; return the outcome expected before each."""
        known, shared = self._known, self._shared
        learner = Learner(LearnerState.new(), known)
        outcomes: list[float] = []
        for response in responses:
            seen = step(learner, response, shared, known)
            if seen[2]:
                learn_shared(shared, response, seen, known)
                self.responses += 1
            outcomes.append(seen[0])
        return outcomes

    def watched(self, responses: Iterable[Response]) -> Iterator[tuple[Response, float, list[Standing]]]:
        """Yield each response of a new student with the outcome expected of it and the standings before it."""
        known, shared = self._known, self._shared
        learner = Learner(LearnerState.new(), known)
        for response in responses:
            standings = _standings(learner, response, shared, known)
            seen = step(learner, response, shared, known)
            if seen[2]:
                learn_shared(shared, response, seen, known)
                self.responses += 1
            yield response, seen[0], standings

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
