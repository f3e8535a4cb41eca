"""The benchmark's own arithmetic; the run itself needs a package index and a quarter of an hour."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.mastery import Row, markdown, missed, ours, ratios, row_of
from learning.fitting.response_log import parse_log


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


def test_a_published_target_that_is_missed_is_named() -> None:
    figures: dict[str, Any] = {"responses": 58266, "students": 623, "auc": 0.789, "ece": 0.006, "first_five_ece": 0.033}
    figures |= {"interval_coverage": 0.8, "mastered": {"next_right": 0.84, "expected": 0.85}}
    figures |= {"cold_log_loss": 0.58, "cold_ece": 0.018, "next_five_ece": 0.03, "interval_coverage_as_set": 0.8}
    figures |= {"only_wrong_above_untouched": 0}
    assert missed(figures) == []
    worse = figures | {"auc": 0.78, "mastered": {"next_right": 0.80, "expected": 0.85}}
    assert missed(worse) == [
        "auc is 0.78, not from 0.787 to 1.0",
        "after mastery 0.050 more or less came right than was expected",
    ]


def test_effects_of_the_moment_inside_beliefs_are_caught_where_the_auc_is_as_good() -> None:
    """What was measured with all effects inside the filter: the same AUC, and beliefs off by .12 where it was .024."""
    figures: dict[str, Any] = {"responses": 58266, "students": 623, "auc": 0.789, "ece": 0.006, "first_five_ece": 0.033}
    figures |= {"interval_coverage": 0.8, "mastered": {"next_right": 0.84, "expected": 0.85}}
    figures |= {"cold_log_loss": 0.61, "cold_ece": 0.12, "next_five_ece": 0.03, "interval_coverage_as_set": 0.8}
    figures |= {"only_wrong_above_untouched": 3}
    assert [sentence.split(" is ")[0] for sentence in missed(figures)] == [
        "cold_log_loss",
        "cold_ece",
        "only_wrong_above_untouched",
    ]
