"""The protocol, the fairness figures and the report, on a small made-up log."""

import json
import random

import numpy as np
import pytest

from learning.evaluation import EvaluationError, evaluate, held_out_log_loss
from learning.evaluation_report import report
from learning.fairness import by_group, mastered
from learning.parameters import SHIPPED
from learning.response_log import ResponseLog, parse_log

HEADER = "student,seq,item,skills,correct,timestamp_s,split,region\n"


def made_up(students: int = 60, *, seed: int = 1, test_share: int = 3) -> ResponseLog:
    """Students of differing ability on two skills of six items; a Rasch model answers."""
    dice = random.Random(seed)
    lines = [HEADER]
    for number in range(students):
        ability = dice.gauss(0.7, 1.0)
        split = "test" if number % test_share == 0 else "train"
        for seq in range(30):
            item = dice.randrange(12)
            right = int(dice.random() < 1 / (1 + np.exp(item / 6 - 1 - ability)))
            lines.append(f"s{number},{seq},i{item},k{item % 2},{right},,{split},{'ab'[number % 2]}\n")
    return parse_log(lines, groups=("region",))


LOG = made_up()


def test_only_test_students_are_scored_and_each_response_once() -> None:
    result = evaluate(LOG)
    assert len(result.students) == 20
    assert len(result.outcomes) == len(result.expected) == 600
    assert (result.train_students, result.train_responses) == (40, 1200)
    assert result.microseconds_per_response is None
    assert result.seen.tolist() == [*range(30)] * 20


def test_the_log_of_the_train_students_changes_what_is_expected() -> None:
    """So shared terms do learn through them."""
    alone = ResponseLog(tuple(s for s in LOG.students if not s.train), LOG.skills, LOG.items, LOG.groups)
    assert evaluate(alone).expected[0] != evaluate(LOG).expected[0]
    assert held_out_log_loss(LOG, parameters=SHIPPED) != held_out_log_loss(alone, parameters=SHIPPED)


def test_the_held_out_log_loss_is_the_evaluations() -> None:
    whole = report(evaluate(LOG), LOG)["log_loss"]
    assert held_out_log_loss(LOG, parameters=SHIPPED) == pytest.approx(whole)


def test_the_cost_is_counted_by_the_callers_clock() -> None:
    # a clock that moves on by one second a call: 60 students in 60 s over 1,800 responses
    ticks = iter(range(10_000))
    assert evaluate(LOG, clock=lambda: float(next(ticks))).microseconds_per_response == pytest.approx(1e6 * 60 / 1800)


def test_progress_is_told_of_every_student_twice() -> None:
    told: list[int] = []
    evaluate(LOG, progress=told.append)
    assert sum(told) == 2 * 60


def test_a_log_without_test_students_has_nothing_to_score() -> None:
    rows = [HEADER, "a,1,p,x,1,,train,n\n", "b,1,p,x,1,,train,n\n"]
    with pytest.raises(EvaluationError, match="0 test students"):
        evaluate(parse_log(rows))
    unknown = [HEADER, "a,1,p,x,1,,train,n\n", "b,1,p,x,,,test,n\n"]
    with pytest.raises(EvaluationError, match="no known outcome"):
        evaluate(parse_log(unknown))


def test_the_report_has_the_promised_keys_and_is_json() -> None:
    figures = report(evaluate(LOG), LOG)
    promised = {"auc", "log_loss", "ece", "first_five_auc", "first_five_ece", "interval_coverage"}
    promised |= {"microseconds_per_response", "responses", "students"}
    assert promised <= figures.keys()
    assert json.loads(json.dumps(figures, allow_nan=False))["students"] == 20
    # better than chance on answers by a Rasch model, worse than a perfect forecaster
    assert 0.6 < figures["auc"] < 0.95
    assert sum(row["responses"] for row in figures["by_seen"]) == 600
    assert sum(row["responses"] for row in figures["by_skill"]) == 600
    assert {row["skill"] for row in figures["by_skill"]} == {"k0", "k1"}


def test_one_response_is_reported_without_figures_it_cannot_have() -> None:
    figures = report(evaluate(one := parse_log([HEADER, "a,1,,x,1,,test,n\n"])), one)
    assert figures["auc"] is None
    assert figures["interval_coverage"] is None
    assert figures["responses"] == 1


def test_slow_and_fast_are_told_apart_by_five_responses_that_are_then_left_out() -> None:
    result = evaluate(LOG)
    slow, fast, a, b = by_group(result, LOG.groups)
    assert (slow.value, fast.value, a.value, b.value) == ("slow", "fast", "a", "b")
    assert slow.students + fast.students == 20
    assert slow.scores.responses + fast.scores.responses == 20 * 25
    assert (slow.scores.actual or 0) < (fast.scores.actual or 0)
    assert a.scores.responses + b.scores.responses == 600
    assert a.students == 10


def test_mastered_decisions_are_counted_where_mastery_reaches_the_target() -> None:
    result = evaluate(LOG)
    everything, nothing = mastered(result, target=0.0), mastered(result, target=1.0)
    assert everything.decisions == 600
    assert everything.next_right == pytest.approx(result.outcomes.mean())
    assert nothing.decisions == 0
    assert nothing.next_right is None
    some = mastered(result)
    assert (some.expected or 1) >= 0.8
