"""The benchmark's own arithmetic; the run itself needs a package index and a quarter of an hour."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.mastery import Row, markdown, ours, ratios, row_of
from learning.response_log import parse_log


def test_first_five_are_the_responses_with_fewer_than_five_before() -> None:
    # outcomes right where expected high, but for the sixth response, which is turned
    seen = np.array([0.0, 1, 2, 3, 4, 5])
    outcomes, expected = np.array([0.0, 1, 0, 1, 1, 0]), np.array([0.1, 0.9, 0.2, 0.8, 0.7, 0.95])
    row = row_of("ours", (seen, outcomes, expected), 1.0, {})
    assert row.first_five_auc == 1.0
    # of 3 right and 3 wrong, the turned one (.95) beats all three right: 6 of 9 pairs are won
    assert row.auc == pytest.approx(6 / 9)


def test_our_own_line_is_measured_on_the_test_students() -> None:
    lines = ["student,seq,item,skills,correct,split\n"]
    for student in range(12):
        split = "test" if student < 4 else "train"
        lines += [f"{student},{n},i{n % 5},a;b,{(student + n) % 2},{split}\n" for n in range(12)]
    (row,) = ours(parse_log(lines))
    assert row.auc is not None
    assert row.extra["microseconds_per_response"] > 0
    assert row.extra["update_with_load_and_store_microseconds"] > row.extra["update_microseconds"] / 12
    assert "| Souschef, as shipped |" in markdown([row], {}, command="x", data=Path("a.csv"))


def test_ratios_compare_like_with_like() -> None:
    def row(model: str, **extra: float) -> Row:
        return Row(model, None, None, None, None, None, 0.0, extra)

    mine = row("Souschef, as shipped", update_microseconds=5.0, predict_microseconds=2.0, microseconds_per_response=6.0)
    theirs = row(
        "pyBKT",
        roster_update_microseconds=150.0,
        predict_microseconds=60.0,
        predict_one_student_microseconds=8000.0,
    )
    assert ratios([theirs, mine]) == {
        "roster_update_ratio": 30.0,
        "predict_in_bulk_ratio": 10.0,
        "predict_one_student_ratio": 4000.0,
    }
    assert ratios([mine]) == {}
