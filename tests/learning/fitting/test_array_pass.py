"""The filter over arrays gives what the filter gives, to the last bit, with Numba and without."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from learning.fitting import machine_code
from learning.fitting.array_pass import ArrayPass, LogColumns, PassedResponses
from learning.fitting.response_log import LoggedStudent
from learning.mastery.parameters import SHIPPED
from learning.mastery.state import ITEMS_KEPT, Response
from learning.mastery.training_pass import OnlinePass
from tests.learning.mastery.histories import random_histories

OTHERS = replace(SHIPPED, log_skill=0.5, log_practice=-0.5, sharing=0.9, gain_wrong=0.6, item_slope_variance=0.4)
"""Parameters under which variances meet their bounds and slopes move."""


def students_of(histories: Sequence[Sequence[Response]]) -> list[LoggedStudent]:
    return [LoggedStudent(str(number), True, tuple(history)) for number, history in enumerate(histories)]


def passed(students: list[LoggedStudent], parameters: object = SHIPPED) -> tuple[ArrayPass, PassedResponses]:
    columns = LogColumns(students)
    arrays = ArrayPass(columns, parameters)  # type: ignore[arg-type] # parameters
    return arrays, arrays.add(columns.of(students), with_beliefs=True)


@pytest.mark.parametrize("parameters", [SHIPPED, OTHERS], ids=["shipped", "others"])
def test_logits_beliefs_and_the_snapshot_are_the_filters_own(parameters: object) -> None:
    students = students_of(random_histories(60))
    arrays, found = passed(students, parameters)
    online, alone = OnlinePass(parameters), OnlinePass(parameters)  # type: ignore[arg-type] # parameters
    number = 0
    for student in students:
        logits = alone.learn(student.responses)
        for response, logit, expected in zip(student.responses, logits, online.watched(student.responses), strict=True):
            assert found.logits[number] == logit == expected.logit
            assert found.beliefs_of(number, response) == expected.beliefs
            assert found.untouched_of(number, response) == expected.untouched
            number += 1
    assert number == len(found.logits) > 500
    assert arrays.snapshot(version=3).to_bytes() == alone.snapshot(version=3).to_bytes()
    assert arrays.responses == alone.responses


def test_the_oldest_item_memories_are_forgotten_as_the_filter_forgets_them() -> None:
    """More items than a state holds, some of them met again before and after they were forgotten."""
    order = [*range(ITEMS_KEPT), 3, *range(ITEMS_KEPT, ITEMS_KEPT + 9), 0, 3, 5, ITEMS_KEPT, *range(12)]
    history = [Response(float(n), item, (item % 3,), float(item % 2)) for n, item in enumerate(order)]
    students = students_of([history, history[::-1]])
    arrays, found = passed(students)
    online = OnlinePass()
    assert found.logits.tolist() == [logit for student in students for logit in online.learn(student.responses)]
    assert arrays.snapshot(version=1).to_bytes() == online.snapshot(version=1).to_bytes()


def test_students_may_come_in_several_calls() -> None:
    students = students_of(random_histories(20))
    columns = LogColumns(students)
    arrays = ArrayPass(columns)
    parts = [arrays.add(columns.of(students[:7])).logits, arrays.add(columns.of(students[7:])).logits]
    assert np.concatenate(parts).tolist() == passed(students)[1].logits.tolist()


def test_a_fault_of_one_rounding_would_be_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant: offsets in double precision; compiled functions do not see a replaced one, so Python runs it."""
    if machine_code.COMPILED:
        pytest.skip("Numba has compiled the functions: the mutant runs where it is not installed")
    students = students_of(random_histories(20))
    before = passed(students)[1].logits.tolist()
    monkeypatch.setattr(np, "float32", float)
    assert passed(students)[1].logits.tolist() != before
