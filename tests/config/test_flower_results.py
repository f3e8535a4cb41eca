"""What a task did, as the sentence that Flower shows before its counts."""

from types import SimpleNamespace

import pytest

from config.flower_results import NOTHING, sentence, with_sentence


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({}, NOTHING),
        ({"applied": 9, "students": 1, "assigned": 2, "item_result": 9}, "1 student, 9 answers: 2 new assignments."),
        ({"applied": 9, "students": 1, "kept": 4, "item_result": 9}, "1 student, 9 answers: 4 kept."),
        (
            {"applied": 1, "students": 1, "assigned": 1, "withdrawn": 1},
            "1 student, 1 event: 1 new assignment, 1 withdrawn.",
        ),
        ({"quarantined": 1, "applied": 3, "students": 2}, "2 students, 3 events: 1 in quarantine."),
        ({"parked": 3}, "3 wait for a load."),
        ({"parked": 1}, "1 waits for a load."),
        (
            {"students": 120, "of": 500, "assigned": 7, "nothing": 2},
            "120 of 500 students: 7 new assignments, 2 without work.",
        ),
        ({"notified": 0}, "Nothing was waiting."),
        ({"notified": 1200}, "1,200 events or students sent again."),
        ({"skipped": "another is running"}, "Skipped: another is running."),
        ({"snapshots": 1}, "Done."),
    ],
)
def test_counts_become_a_sentence(counts: dict[str, int | str], shown: str) -> None:
    assert sentence(counts) == shown


def test_the_counts_stay_behind_the_sentence_and_other_results_stay_as_they_are() -> None:
    assert with_sentence(SimpleNamespace(result="{'parked': 3}")).result == "3 wait for a load. {'parked': 3}"
    assert with_sentence(SimpleNamespace(result="{}")).result == NOTHING
    for other in (None, "...", "{'cut off': ", "[1]"):
        assert with_sentence(SimpleNamespace(result=other)).result == other
