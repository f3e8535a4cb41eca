"""Passes over arrays and response by response: the same figures, to the last bit."""

import pytest

from learning.fitting.log_pass import LogPasses
from learning.fitting.response_log import LoggedStudent
from learning.mastery.parameters import SHIPPED
from tests.learning.mastery.histories import random_histories


@pytest.fixture(scope="module")
def students() -> list[LoggedStudent]:
    histories = enumerate(random_histories(30))
    return [LoggedStudent(str(number), True, tuple(history)) for number, history in histories]


def test_both_ways_expect_and_believe_the_same(students: list[LoggedStudent]) -> None:
    found = []
    for over_arrays in (False, True):
        passes = LogPasses(students, over_arrays=over_arrays)
        one = passes.begin(SHIPPED)
        logits = one.logits(passes.group(students[:10])).tolist()
        filtered = [list(each) for each in one.filtered(passes.group(students[10:20]))]
        watched = [list(each) for each in one.watched(passes.group(students[20:]))]
        found.append((logits, filtered, watched))
    assert found[0] == found[1]
    assert [len(part) for part in found[0][1]] == [len(student.responses) for student in students[10:20]]


def test_a_group_of_other_passes_is_refused(students: list[LoggedStudent]) -> None:
    group = LogPasses(students, over_arrays=False).group(students)
    with pytest.raises(TypeError):
        LogPasses(students, over_arrays=True).begin(SHIPPED).logits(group)
