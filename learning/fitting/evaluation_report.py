"""An evaluation as plain numbers by name: what `souschef evaluate --json` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from learning.fitting.evaluation import FIRST, Evaluation
from learning.fitting.fairness import by_group, mastered
from learning.fitting.metrics import coverage, log_loss, next_five_scores, reliability, scores
from learning.fitting.response_log import ResponseLog

ROUNDING = 1e-12
"""Two ways to compute one probability may differ by this."""

SEEN_BOUNDS = (0, 1, 2, 5, 10, 20, 50, 100, 200)
"""Responses already seen are counted in groups that start here."""


def report(evaluation: Evaluation, log: ResponseLog) -> dict[str, Any]:
    """Return all figures, JSON-ready; a figure that cannot be had of so few responses is None."""
    whole = scores(evaluation.outcomes, evaluation.expected)
    first = evaluation.seen < FIRST
    few = scores(evaluation.outcomes[first], evaluation.expected[first])
    cold = scores(evaluation.cold.outcomes, evaluation.cold.expected)
    next_five = next_five_scores(evaluation.windows, evaluation.shipped_factor)
    return {
        "auc": whole.auc,
        "log_loss": whole.log_loss,
        "ece": whole.ece,
        "filter_log_loss": log_loss(evaluation.outcomes, 1.0 / (1.0 + np.exp(-evaluation.filter_logits))),
        "first_five_auc": few.auc,
        "first_five_ece": few.ece,
        "cold_responses": cold.responses,
        "cold_log_loss": cold.log_loss,
        "cold_ece": cold.ece,
        "next_five_log_loss": next_five.log_loss,
        "next_five_ece": next_five.ece,
        "only_wrong_moments": int(evaluation.decisions.only_wrong.sum()),
        "only_wrong_above_untouched": only_wrong_above_untouched(evaluation),
        "interval_coverage": evaluation.interval_coverage,
        "microseconds_per_response": evaluation.microseconds_per_response,
        "responses": whole.responses,
        "students": len(evaluation.students),
        "train_responses": evaluation.train_responses,
        "train_students": evaluation.train_students,
        "interval_factor": evaluation.factor,
        "interval_coverage_as_set": coverage(evaluation.windows, evaluation.shipped_factor),
        "interval_factor_as_set": evaluation.shipped_factor,
        "mastered": asdict(mastered(evaluation)),
        "groups": [asdict(group) for group in by_group(evaluation, log.groups)],
        "by_seen": by_seen(evaluation),
        "by_skill": by_skill(evaluation, log),
        "reliability": reliability(evaluation.outcomes, evaluation.expected),
    }


def only_wrong_above_untouched(evaluation: Evaluation) -> int:
    """Return at how many moments a skill that was only answered wrong was believed above the same skill untouched.

    It must be 0, whatever the parameters are.
    """
    decisions = evaluation.decisions
    above = decisions.mastery > decisions.untouched + ROUNDING
    return int((above & decisions.only_wrong).sum())


def by_seen(evaluation: Evaluation) -> list[dict[str, Any]]:
    """Return the figures by how many responses of the student had been seen before."""
    rows = []
    place = np.searchsorted(SEEN_BOUNDS, evaluation.seen, side="right") - 1
    for index, bound in enumerate(SEEN_BOUNDS):
        in_group = place == index
        if in_group.any():
            figures = scores(evaluation.outcomes[in_group], evaluation.expected[in_group])
            rows.append({"seen_from": bound, **asdict(figures)})
    return rows


def by_skill(evaluation: Evaluation, log: ResponseLog) -> list[dict[str, Any]]:
    """Return the figures of mastery against the next response, by skill, most responses first."""
    decisions = evaluation.decisions
    mastery = decisions.mastery
    order = np.argsort(decisions.skill, kind="stable")
    skills, starts = np.unique(decisions.skill[order], return_index=True)
    rows = []
    for skill, part in zip(skills.tolist(), np.split(order, starts[1:]), strict=False):
        rows.append({"skill": log.skills[skill], **asdict(scores(decisions.outcomes[part], mastery[part]))})
    return sorted(rows, key=lambda row: -row["responses"])
