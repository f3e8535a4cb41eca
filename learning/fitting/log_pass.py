"""Passes of the filter over one log again and again: over arrays where Numba is installed, else response by response.

Both ways give the same figures, to the last bit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from learning.fitting import machine_code
from learning.fitting.array_pass import ArrayPass, LogColumns, StudentColumns
from learning.fitting.metrics import Floats
from learning.fitting.response_log import LoggedStudent
from learning.mastery.next_response import NextResponseHead
from learning.mastery.parameters import Parameters
from learning.mastery.training_pass import FilteredResponse, OnlinePass, PredictedResponse


@dataclass(frozen=True, slots=True)
class StudentGroup:
    """Students of a log who pass one after another."""

    students: Sequence[LoggedStudent]
    columns: StudentColumns | None
    """Their responses as arrays, where passes run over arrays."""


class LogPasses:
    """Prepares students of one log once, and begins passes over them."""

    def __init__(self, students: Sequence[LoggedStudent], *, over_arrays: bool | None = None) -> None:
        """Prepare for passes over these students, over arrays or not; None is the faster way."""
        fast = machine_code.COMPILED if over_arrays is None else over_arrays
        self._columns = LogColumns(students) if fast else None

    def group(self, students: Sequence[LoggedStudent]) -> StudentGroup:
        """Return some of the students, in the order in which they pass."""
        return StudentGroup(students, None if self._columns is None else self._columns.of(students))

    def begin(self, parameters: Parameters) -> LogPass:
        """Return a pass that begins at the prior."""
        return LogPass(OnlinePass(parameters) if self._columns is None else ArrayPass(self._columns, parameters))


class LogPass:
    """One pass, to which groups are added one after another."""

    def __init__(self, inner: OnlinePass | ArrayPass) -> None:
        self._inner = inner
        self._head = NextResponseHead()

    def logits(self, group: StudentGroup) -> Floats:
        """Let students pass; return the logits that the filter expected, shape `(responses,)`."""
        if isinstance(self._inner, ArrayPass):
            return self._inner.add(_columns(group)).logits
        learned = [logit for student in group.students for logit in self._inner.learn(student.responses)]
        return np.array(learned, dtype=np.float64)

    def filtered(self, group: StudentGroup) -> Iterator[Iterable[FilteredResponse]]:
        """Let students pass; yield for each what was believed before each response, to be read before the next."""
        if isinstance(self._inner, ArrayPass):
            yield from self._filtered(self._inner, group)
        else:
            for student in group.students:
                yield self._inner.filtered(student.responses)

    def watched(self, group: StudentGroup) -> Iterator[Iterable[PredictedResponse]]:
        """Let students pass; yield for each what was believed and expected before each response, in the same way."""
        if isinstance(self._inner, ArrayPass):
            yield from self._watched(self._inner, group)
        else:
            for student in group.students:
                yield self._inner.watched(student.responses)

    def _filtered(self, arrays: ArrayPass, group: StudentGroup) -> Iterator[Iterable[FilteredResponse]]:
        done, number = arrays.add(_columns(group), with_beliefs=True), 0
        logits = done.logits.tolist()
        for student in group.students:
            yield [
                FilteredResponse(response, done.beliefs_of(place, response), logits[place])
                for place, response in enumerate(student.responses, start=number)
            ]
            number += len(student.responses)

    def _watched(self, arrays: ArrayPass, group: StudentGroup) -> Iterator[Iterable[PredictedResponse]]:
        done, number = arrays.add(_columns(group), with_beliefs=True), 0
        expected = done.expected.tolist()
        for student in group.students:
            self._head.start_student()
            predicted = []
            for place, response in enumerate(student.responses, start=number):
                mean, variance, logit = expected[place]
                beliefs, untouched = done.beliefs_of(place, response), done.untouched_of(place, response)
                chance = self._head.expect(response, mean, variance)
                predicted.append(PredictedResponse(response, beliefs, untouched, logit, chance))
            yield predicted
            number += len(student.responses)


def _columns(group: StudentGroup) -> StudentColumns:
    if group.columns is None:
        raise TypeError("the group was not prepared for passes over arrays")
    return group.columns
