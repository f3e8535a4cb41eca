"""The nightly pass: all students' responses once through the filter, which learns the items and skills as it goes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from learning.filter import Constants, Learner, Shared, constants, learn_shared, step
from learning.parameters import SHIPPED, Parameters
from learning.snapshot import Gaussian, Snapshot
from learning.state import LearnerState, Response


class OnlinePass:
    """The filter with its shared terms learning too, one student after another."""

    __slots__ = ("_items", "_known", "_shared", "_skills", "responses")

    def __init__(self, parameters: Parameters = SHIPPED) -> None:
        self._known: Constants = constants(parameters)
        self._skills: dict[int, Gaussian] = {}
        self._items: dict[int, Gaussian] = {}
        self._shared = Shared((parameters.bias, parameters.bias_variance), self._skills, self._items)
        self.responses = 0

    def student(self, responses: Iterable[Response]) -> Iterator[tuple[Learner, float]]:
        """Yield, for each response of a new student, the learner after it and the outcome expected before it."""
        known, shared = self._known, self._shared
        learner = Learner(LearnerState.new(), known)
        for response in responses:
            expected, surprise, information = step(learner, response, shared, known)
            if information:
                learn_shared(shared, response, surprise, information, known)
                self.responses += 1
            yield learner, expected

    def snapshot(self, *, version: int) -> Snapshot:
        """Return what has been learned so far."""
        return Snapshot(version, (self._shared.bias, self._shared.bias_variance), dict(self._skills), dict(self._items))


def online_pass(
    students: Iterable[Iterable[Response]], *, previous: Snapshot, parameters: Parameters = SHIPPED
) -> Snapshot:
    """Return a new snapshot, one version above `previous`, learned from the responses of all students.

    Each inner iterable is one student's responses in order. The pass starts at the prior and not at `previous`, so that
    no response counts twice; the order of the students is the caller's and should not change from night to night.
    """
    online = OnlinePass(parameters)
    for responses in students:
        for _ in online.student(responses):
            pass
    return online.snapshot(version=previous.version + 1)
