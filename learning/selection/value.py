"""What practising a skill is worth to a student now, 0 to 10,000, and how well a material's level fits."""

from __future__ import annotations

from typing import NamedTuple

from learning.beliefs import Standing
from learning.selection.admissible import due_for_review, wants_contexts
from learning.selection.case import Case, View
from learning.selection.fixed import SCALE
from learning.selection.rules import DAY

FLOOR = 300
"""Any admissible skill is worth something, so that shares of it mean something."""
GAP = 6_500
UNLOCKS = 1_000
REVIEW = 1_500
INFORMATION = 500
CONTEXTS = 500
DUE = 1_000
"""The weights of the parts, of 10,000.

Source: the simulated classroom, see `docs/decisions/0040-nearest-gap-first.md`.
"""
FAR = 9_000
"""So much less counts the widest gap than one that a task may close."""
MOST_WEIGHT = 2 * SCALE
DUE_WITHIN = 7 * DAY
SURE_AFTER = 300
"""Evidence (in hundredths) at which a further answer tells half as much."""
REPEATED = 500
MOST_REPEATED = 4
"""Each recent or open use of a skill takes so much of its value, so many times at most: practice interleaves."""
EDGE = 1_500
AT_EDGE = 3_000
"""Predicted success so far from the ideal takes so much of the value; twice as far, four times as much."""


class Worth(NamedTuple):
    """A skill's value by its parts."""

    total: int
    gap: int
    unlocks: int
    review: int
    information: int
    contexts: int
    due: int


def gap_part(case: Case, skill: int, view: View) -> int:
    """Gap x curriculum weight: how likely there is a gap, and how much of it one task may close.

    The nearest gap counts most: from the widest first, the class starts everything and finishes nothing.
    """
    weight = min(round(case.catalogue.skills[skill].weight * SCALE), MOST_WEIGHT)
    near = SCALE - FAR * view.shortfall // SCALE
    return GAP * view.gap // SCALE * near // SCALE * weight // SCALE


def unlocks_part(case: Case, skill: int, view: View) -> int:
    """What it opens: the gaps in scope that rest on it, whole while they wait for it."""
    if view.mastery >= case.rules.target:
        return 0
    opened = 0
    for dependent, share in case.catalogue.unlocks.get(skill, ()):
        if dependent in case.scope and (beyond := case.view(dependent)):
            opened += share * beyond.shortfall // SCALE
    waiting = SCALE if view.mastery < case.rules.ready else SCALE // 4
    return UNLOCKS * min(opened, SCALE) // SCALE * waiting // SCALE


def review_part(case: Case, skill: int, view: View) -> int:
    """Review, where what was known may be fading."""
    if not due_for_review(case, skill):
        return 0
    return REVIEW * min(2 * (SCALE - view.belief.retention), SCALE) // SCALE


def information_part(_: Case, __: int, view: View) -> int:
    """What an answer would tell: most where a gap is as likely as not and little has been seen."""
    doubt = 4 * view.gap * (SCALE - view.gap) // SCALE
    return INFORMATION * doubt // SCALE * SURE_AFTER // (SURE_AFTER + view.belief.evidence)


def contexts_part(case: Case, skill: int, _: View) -> int:
    """A skill seen in too few contexts is not yet known to carry over."""
    return CONTEXTS if wants_contexts(case, skill) else 0


def due_part(case: Case, skill: int, view: View) -> int:
    """The class's date comes near, and the skill is not surely there."""
    due = (case.inputs.scope or {}).get(skill)
    if due is None or view.standing is Standing.MET or due - case.inputs.as_of > DUE_WITHIN:
        return 0
    return DUE


def worth(case: Case, skill: int) -> Worth | None:
    """Return a skill's value by its parts, before repetition; None where nothing is believed of it."""
    view = case.view(skill)
    if view is None:
        return None
    parts = (
        gap_part(case, skill, view),
        unlocks_part(case, skill, view),
        review_part(case, skill, view),
        information_part(case, skill, view),
        contexts_part(case, skill, view),
        due_part(case, skill, view),
    )
    return Worth(min(FLOOR + sum(parts), SCALE), *parts)


def interleaved(value: int, repeats: int) -> int:
    """Return a value less what repetition takes."""
    return value * (SCALE - REPEATED * min(repeats, MOST_REPEATED)) // SCALE


def fit(success: int, *, ideal: int) -> int:
    """Return how well a predicted success fits, in [0, 10,000]: 10,000 at the ideal, falling with the square."""
    distance = success - ideal
    return max(SCALE - AT_EDGE * distance * distance // (EDGE * EDGE), 0)
