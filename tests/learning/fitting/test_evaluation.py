"""The protocol, the fairness figures and the report, on a small made-up log."""

import json
import random
from dataclasses import replace

import numpy as np
import pytest

from learning.fitting.evaluation import EvaluationError, evaluate
from learning.fitting.evaluation_report import only_wrong_above_untouched, report
from learning.fitting.fairness import by_group, mastered
from learning.fitting.response_log import ResponseLog, parse_log

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


def test_the_cost_is_counted_by_the_callers_clock() -> None:
    # a clock that moves on by one second a call: 60 students in 60 s over 1,800 responses
    ticks = iter(range(10_000))
    assert evaluate(LOG, clock=lambda: float(next(ticks))).microseconds_per_response == pytest.approx(1e6 * 60 / 1800)


def test_progress_is_reported_of_every_student_twice() -> None:
    counts: list[int] = []
    evaluate(LOG, progress=counts.append)
    assert sum(counts) == 2 * 60


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
    promised |= {"microseconds_per_response", "responses", "students", "cold_log_loss", "cold_ece"}
    promised |= {"next_five_log_loss", "next_five_ece", "only_wrong_above_untouched", "interval_coverage_as_set"}
    assert promised <= figures.keys()
    assert json.loads(json.dumps(figures, allow_nan=False))["students"] == 20
    # better than chance on answers by a Rasch model, worse than a perfect forecaster
    assert 0.6 < figures["auc"] < 0.95
    assert sum(row["responses"] for row in figures["by_seen"]) == 600
    assert sum(row["responses"] for row in figures["by_skill"]) == 600
    assert {row["skill"] for row in figures["by_skill"]} == {"k0", "k1"}


def test_cold_responses_are_those_that_share_no_skill_with_the_one_before() -> None:
    # skills by response: x, x, y, xy, z: the first x, y and z are cold, xy shares y with the one before
    rows = [HEADER, *(f"a,{n},,{skills},1,,test,n\n" for n, skills in enumerate(["x", "x", "y", "x;y", "z"]))]
    assert evaluate(parse_log(rows)).cold.outcomes.tolist() == [1.0, 1.0, 1.0]


def test_moments_after_nothing_but_wrong_answers_are_counted_and_never_above_untouched() -> None:
    """x: wrong, wrong, right, wrong. Only wrong ones came before the 2nd and the 3rd; one right before the 4th."""
    rows = [HEADER, *(f"a,{n},,x,{right},,test,n\n" for n, right in enumerate([0, 0, 1, 0]))]
    decisions = evaluate(parse_log(rows)).decisions
    assert decisions.only_wrong.tolist() == [False, True, True, False]
    figures = report(result := evaluate(LOG), LOG)
    assert figures["only_wrong_moments"] == int(result.decisions.only_wrong.sum()) > 20
    assert figures["only_wrong_above_untouched"] == 0
    # The gate sees it where it is so: with the two turned round, all moments that differ are above.
    turned = replace(result.decisions, mastery=result.decisions.untouched, untouched=result.decisions.mastery)
    assert only_wrong_above_untouched(replace(result, decisions=turned)) > 0


def test_belief_figures_see_effects_that_do_not_belong_in_beliefs() -> None:
    """The mutant: beliefs that are as sure of the next response as the head is lose on cold responses."""
    result = evaluate(LOG)
    honest = report(result, LOG)
    vain = np.clip(1.5 * (result.cold.expected - 0.5) + 0.5, 0.01, 0.99)
    worse = report(replace(result, cold=replace(result.cold, expected=vain)), LOG)
    assert worse["cold_log_loss"] > honest["cold_log_loss"]
    assert worse["cold_ece"] > honest["cold_ece"]
    assert worse["auc"] == honest["auc"]


def test_one_response_is_reported_without_figures_it_cannot_have() -> None:
    figures = report(evaluate(one := parse_log([HEADER, "a,1,,x,1,,test,n\n"])), one)
    assert figures["auc"] is None
    assert figures["interval_coverage"] is None
    assert figures["responses"] == 1


def test_slow_and_fast_are_distinguished_by_five_responses_that_are_then_left_out() -> None:
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
