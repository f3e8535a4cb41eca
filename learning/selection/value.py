"""The value of practising a skill now, 0 to 10,000, and how well a material's difficulty fits."""

from __future__ import annotations

from typing import NamedTuple

from learning.mastery.beliefs import GapStatus
from learning.mastery.wording import ENOUGH_ANSWERS
from learning.selection.context import DecisionContext, SkillView
from learning.selection.fixed_point import SCALE
from learning.selection.hard_rules import is_due_for_review, needs_more_contexts
from learning.selection.policy_fixed import DAY_SECONDS

MIN_VALUE = 300
"""Every admissible skill has a value, so that shares of it are defined."""
GAP_WEIGHT = 6_500
UNLOCKS_WEIGHT = 1_500
REVIEW_WEIGHT = 500
INFORMATION_WEIGHT = 500
CONTEXTS_WEIGHT = 500
DUE_WEIGHT = 2_500
"""Weights of the parts of a skill's value, out of 10,000.

Source: the simulated classroom, see `docs/decisions/0040-nearest-gap-first.md`.
"""
WIDE_GAP_DISCOUNT = 9_000
"""How much less the widest gap counts than one that a single task may close, in 1/10,000."""
MAX_SKILL_WEIGHT = 2 * SCALE
DUE_WITHIN_SECONDS = 7 * DAY_SECONDS
HALF_INFORMATION_EVIDENCE = 300
"""Evidence, in hundredths, at which a further answer is half as informative."""
REPETITION_DISCOUNT = 500
REPEAT_SHARE = 6_000
"""Another skill comes before a second slot of one where it is worth at least this share of it."""
MAX_REPETITIONS = 4
"""Each recent or open use of a skill lowers its value by `REPETITION_DISCOUNT`, up to `MAX_REPETITIONS` times.

So practice is interleaved.
"""
REFERENCE_DISTANCE = 1_500
LOSS_AT_REFERENCE_DISTANCE = 3_000
"""Loss of value at a reference distance of predicted success from the target; it grows with the square."""


class SkillValue(NamedTuple):
    """A skill's value by its parts."""

    total: int
    gap: int
    unlocks: int
    review: int
    information: int
    contexts: int
    due: int
    unit: int


def gap_part(ctx: DecisionContext, skill: int, view: SkillView) -> int:
    """Gap x curriculum weight: the probability of a gap, and how much of it one task may close.

    The nearest gap counts most: widest first, a class starts everything and finishes nothing.
    """
    probability = gap_probability_by_dependents(ctx, skill, view)
    weight = min(round(ctx.catalogue.skills[skill].weight * SCALE), MAX_SKILL_WEIGHT)
    near = SCALE - WIDE_GAP_DISCOUNT * view.shortfall // SCALE
    return GAP_WEIGHT * probability // SCALE * near // SCALE * weight // SCALE


def gap_probability_by_dependents(ctx: DecisionContext, skill: int, view: SkillView) -> int:
    """Return the probability of a gap, less where it is not likely and something that rests on the skill goes well.

    A student who surely does what needs a skill can hardly lack it, whatever the few answers on it were.
    """
    if view.gap_status is GapStatus.GAP:
        return view.gap_probability
    probability = view.gap_probability
    for dependent, _ in ctx.catalogue.unlocks.get(skill, ()):
        above = ctx.skill_view(dependent)
        if above and above.gap_status is GapStatus.MET and above.belief.responses >= ENOUGH_ANSWERS:
            probability = min(probability, above.gap_probability)
    return probability


def unlocks_part(ctx: DecisionContext, skill: int, view: SkillView) -> int:
    """Gaps in scope that build on the skill, at once or later; they count in full while they wait for it."""
    if view.mastery >= ctx.policy.mastery_target:
        return 0
    waiting = SCALE // 4 if ctx.is_ready(skill) else SCALE
    return UNLOCKS_WEIGHT * ctx.shortfall_above(skill) // SCALE * waiting // SCALE


def review_part(ctx: DecisionContext, skill: int, view: SkillView) -> int:
    """Review, where retention has fallen."""
    if not is_due_for_review(ctx, skill):
        return 0
    return REVIEW_WEIGHT * min(2 * (SCALE - view.belief.retention), SCALE) // SCALE


def information_part(_: DecisionContext, __: int, view: SkillView) -> int:
    """Information of a further answer: most where a gap is as likely as not and evidence is low."""
    uncertainty = 4 * view.gap_probability * (SCALE - view.gap_probability) // SCALE
    return (
        INFORMATION_WEIGHT
        * uncertainty
        // SCALE
        * HALF_INFORMATION_EVIDENCE
        // (HALF_INFORMATION_EVIDENCE + view.belief.evidence)
    )


def contexts_part(ctx: DecisionContext, skill: int, _: SkillView) -> int:
    """New contexts, where the skill was practised in too few to be sure that it transfers."""
    return CONTEXTS_WEIGHT if needs_more_contexts(ctx, skill) else 0


def due_part(ctx: DecisionContext, skill: int, view: SkillView) -> int:
    """The class's due date is near, and mastery is not surely at its target."""
    due = (ctx.inputs.scope or {}).get(skill)
    if due is None or view.gap_status is GapStatus.MET or due - ctx.inputs.as_of > DUE_WITHIN_SECONDS:
        return 0
    return DUE_WEIGHT


def unit_part(ctx: DecisionContext, skill: int, view: SkillView) -> int:
    """The class works on the skill now, as far as dates of opening say: it sets no due dates."""
    return DUE_WEIGHT if skill in ctx.inputs.unit and view.gap_status is not GapStatus.MET else 0


def skill_value(ctx: DecisionContext, skill: int) -> SkillValue | None:
    """Return a skill's value by its parts, before the discount for repetition; None without a belief."""
    view = ctx.skill_view(skill)
    if view is None:
        return None
    parts = (
        gap_part(ctx, skill, view),
        unlocks_part(ctx, skill, view),
        review_part(ctx, skill, view),
        information_part(ctx, skill, view),
        contexts_part(ctx, skill, view),
        due_part(ctx, skill, view),
        unit_part(ctx, skill, view),
    )
    return SkillValue(min(MIN_VALUE + sum(parts), SCALE), *parts)


def less_repetition(value: int, repeats: int) -> int:
    """Return a value less the discount for repetition."""
    return value * (SCALE - REPETITION_DISCOUNT * min(repeats, MAX_REPETITIONS)) // SCALE


def difficulty_fit(success: int, *, target: int) -> int:
    """Return how well a predicted success fits the target, in [0, 10,000]: it falls with the square of the distance."""
    distance = success - target
    return max(SCALE - LOSS_AT_REFERENCE_DISTANCE * distance * distance // (REFERENCE_DISTANCE * REFERENCE_DISTANCE), 0)


def nearest_fit(success: int, *, target: int) -> int:
    """Return a fit that falls with the distance and never to 0: where no material fits, the nearest is still best."""
    return SCALE * REFERENCE_DISTANCE // (REFERENCE_DISTANCE + abs(success - target))
