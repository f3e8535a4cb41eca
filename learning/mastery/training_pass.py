"""The nightly pass: all students' responses once through the filter, which learns the items and skills as it goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from learning.mastery.beliefs import SkillBelief
from learning.mastery.constants import Constants, constants
from learning.mastery.filter import FilterState, update
from learning.mastery.model import belief_of
from learning.mastery.next_response import NextResponseHead
from learning.mastery.parameters import SHIPPED, Parameters
from learning.mastery.shared_parameters import Shared, Update, learn_shared
from learning.mastery.snapshot import Snapshot
from learning.mastery.state import LearnerState, Response


class PredictedResponse(NamedTuple):
    """One response, and what was believed and expected before it."""

    response: Response
    beliefs: list[SkillBelief]
    """Of each of its skills."""
    untouched: list[SkillBelief]
    """The same, had the student never practised the skill."""
    logit: float
    """The logit that the filter alone expected."""
    expected: float


class FilteredResponse(NamedTuple):
    """One response, what was believed before it, and the logit that the filter alone expected."""

    response: Response
    beliefs: list[SkillBelief]
    logit: float


class OnlinePass:
    """The filter with its shared terms learning too, one student after another, and a head behind it."""

    __slots__ = ("_constants", "_head", "_shared", "responses")

    def __init__(self, parameters: Parameters = SHIPPED) -> None:
        self._constants: Constants = constants(parameters)
        self._shared = Shared(Snapshot.prior(parameters))
        self._head = NextResponseHead()
        self.responses = 0

    def learn(self, responses: Iterable[Response]) -> list[float]:
        """Take in all responses of a new student; return the logits that the filter alone expected."""
        state = FilterState(LearnerState.new(), self._constants)
        return [self._update(state, response)[2] for response in responses]

    def student(self, responses: Iterable[Response]) -> list[float]:
        """Take in all responses of a new student; return the outcome expected before each, in (0, 1).

        This is what the head expects, effects of the moment included; it learns too, and costs as much as the filter.
        """
        state = FilterState(LearnerState.new(), self._constants)
        self._head.start_student()
        return [self._expect(response, self._update(state, response)) for response in responses]

    def _expect(self, response: Response, done: Update) -> float:
        return self._head.expect(response, done[0], done[1])

    def filtered(self, responses: Iterable[Response]) -> Iterator[FilteredResponse]:
        """Take in all responses of a new student as `learn` does; yield what was believed before each."""
        state = FilterState(LearnerState.new(), self._constants)
        for response in responses:
            beliefs = self._beliefs(state, response)
            yield FilteredResponse(response, beliefs, self._update(state, response)[2])

    def watched(self, responses: Iterable[Response]) -> Iterator[PredictedResponse]:
        """Take in all responses of a new student as `student` does; yield what was believed before each."""
        state = FilterState(LearnerState.new(), self._constants)
        self._head.start_student()
        for response in responses:
            beliefs, untouched = self._beliefs(state, response), self._untouched(state, response)
            done = self._update(state, response)
            expected = self._expect(response, done)
            yield PredictedResponse(response, beliefs, untouched, done[2], expected)

    def _beliefs(self, state: FilterState, response: Response) -> list[SkillBelief]:
        at, memories = response.at, state.skills
        shared, constant = self._shared, self._constants
        return [belief_of(skill, memories.get(skill), state, shared, constant, as_of=at) for skill in response.skills]

    def _untouched(self, state: FilterState, response: Response) -> list[SkillBelief]:
        shared, constant = self._shared, self._constants
        return [belief_of(skill, None, state, shared, constant, as_of=response.at) for skill in response.skills]

    def _update(self, state: FilterState, response: Response) -> Update:
        done = update(state, response, self._shared, self._constants)
        if done[4]:
            learn_shared(self._shared, response, done, self._constants)
            self.responses += 1
        return done

    def snapshot(self, *, version: int, variance_factor: float | None = None) -> Snapshot:
        """Return what has been learned so far."""
        return self._shared.snapshot(version=version, variance_factor=variance_factor)


def online_pass(
    students: Iterable[Iterable[Response]], *, previous: Snapshot, parameters: Parameters = SHIPPED
) -> Snapshot:
    """Return a new snapshot, one version above `previous`, learned from the responses of all students.

    Each inner iterable is one student's responses in order. The pass starts at the prior and not at `previous`, so that
    no response counts twice; the order of the students is the caller's and should not change from night to night.
    """
    online = OnlinePass(parameters)
    for responses in students:
        online.learn(responses)
    return online.snapshot(version=previous.version + 1)
