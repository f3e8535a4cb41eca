"""What is believed of one student about one skill, and what follows from it.

Every other part of `learning` and the tables see a student's knowledge only through these values.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from statistics import NormalDist
from typing import NamedTuple

DEFAULT_VARIANCE_FACTOR = 2.0
"""Default factor on a belief's variance, which is too sure of itself (`Parameters.gap_variance_factor`)."""


class SkillBelief(NamedTuple):
    """A student's standing on one skill at one moment, as Gaussians in logits.

    `ability` is the general level (bias and ability), `offset` what is special about this skill,
    `difficulty` the skill's own; success on an item drawn from the skill's has the logit
    `ability + offset - difficulty`. That is flatter than the logit of success on any single item, which the filter
    keeps: items differ, and so do a student's days (`docs/decisions/0020-mastery-over-items.md`). A tuple, because each
    round makes one for every skill of every student.
    """

    skill: int
    ability: float
    ability_variance: float
    offset: float
    offset_variance: float
    difficulty: float
    difficulty_variance: float
    responses: int
    """How many graded responses on this very skill stand behind it; 0 means estimated from general ability."""
    evidence: float
    """Evidence weight: the responses, weak ones (totals, skill results) counted by their weight."""
    last_at: float | None
    """Seconds since 1970 of the last evidence on this skill."""
    retention: float
    """Probability in [0, 1] that what was known at `last_at` is still there; 1.0 where there is no evidence."""


PROBIT = math.pi / 8.0
_NORMAL = NormalDist()
_NEAR_EDGE = 1e-6
"""Bounds of 0 and 1 were rounded: they are read as this near to them."""


class BeliefError(ValueError):
    """A belief was asked about with a target, share or difficulty out of range, or about no skill at all."""

    def __init__(self, name: str, value: object) -> None:
        super().__init__(f"{name} cannot be {value!r}")
        self.name = name
        self.value = value


class GapStatus(StrEnum):
    """Whether a skill is below its target: likely, surely not, or not known well enough to say."""

    GAP = "gap"
    MET = "met"
    UNSURE = "unsure"


class MasteryLevel(StrEnum):
    """Mastery in words."""

    ATTEMPTED = "attempted"
    FAMILIAR = "familiar"
    PROFICIENT = "proficient"
    MASTERED = "mastered"


_LEVELS = tuple(MasteryLevel)


@dataclass(frozen=True, slots=True)
class Prediction:
    """Expected success on a material, in [0, 1], with an 80 % interval."""

    probability: float
    low: float
    high: float


def mastery(belief: SkillBelief) -> float:
    """Return the expected success, in [0, 1], on an item drawn from the skill's.

    `sigmoid(mu / sqrt(1 + pi v / 8))`. Today's form and the memory of an item are not in `mu`, for a streak or a
    remembered item is not mastery.
    """
    mean, variance = _standing_logit(belief)
    return _expected(mean, variance)


def bounded_by_untouched(belief: SkillBelief, untouched_variance: float) -> SkillBelief:
    """Return the belief with its offset lowered to where its mastery is that of the skill untouched, if it is above.

    Untouched means: offset 0 with `untouched_variance`. It is for a skill on which nothing has been earned yet.
    """
    level = belief.ability - belief.difficulty
    rest = belief.ability_variance + belief.difficulty_variance
    own = math.sqrt(1.0 + PROBIT * (rest + belief.offset_variance))
    untouched = math.sqrt(1.0 + PROBIT * (rest + untouched_variance))
    bound = level * (own / untouched - 1.0)
    return belief._replace(offset=bound) if belief.offset > bound else belief


def interval(
    belief: SkillBelief, *, share: float = 0.8, factor: float = DEFAULT_VARIANCE_FACTOR
) -> tuple[float, float]:
    """Return the bounds, in [0, 1], between which the success rate lies with probability `share`.

    Raises:
        BeliefError: `share` is not between 0 and 1.
    """
    mean, variance = _standing_logit(belief)
    half = _quantile("share", share) * math.sqrt(factor * variance)
    return sigmoid(mean - half), sigmoid(mean + half)


def gap_probability(belief: SkillBelief, target: float = 0.8, *, factor: float = DEFAULT_VARIANCE_FACTOR) -> float:
    """Return the probability, in [0, 1], that the success rate is below `target`: `Phi((logit t - mu) / sqrt(f v))`.

    Raises:
        BeliefError: `target` is not between 0 and 1.
    """
    if not 0.0 < target < 1.0:
        raise BeliefError("target", target)
    mean, variance = _standing_logit(belief)
    wanted = math.log(target / (1.0 - target))
    spread = math.sqrt(factor * variance)
    if spread == 0.0:
        return 1.0 if mean < wanted else 0.0
    return _NORMAL.cdf((wanted - mean) / spread)


def gap_status(
    belief: SkillBelief,
    target: float = 0.8,
    *,
    likely: float = 0.7,
    sure: float = 0.8,
    factor: float = DEFAULT_VARIANCE_FACTOR,
) -> GapStatus:
    """Return gap where P(gap) >= `likely`, met where it is <= 1 - `sure`, unsure between: ask more.

    Raises:
        BeliefError: `target` is not between 0 and 1, or `likely` or `sure` not between 0.5 and 1.
    """
    return _status_of(gap_probability(belief, target, factor=factor), likely=likely, sure=sure)


def gap_status_between(low: float, high: float, target: float, *, likely: float, sure: float) -> GapStatus:
    """Return the status for another target from the bounds, in [0, 1], of an 80 % interval (`interval`).

    The interval is that of a Gaussian in logits, so its bounds are enough to compute P(gap) again.

    Raises:
        BeliefError: the bounds are not in [0, 1] or do not rise, or as `gap_status`.
    """
    if not 0.0 <= low <= high <= 1.0:
        raise BeliefError("bounds", (low, high))
    if not 0.0 < target < 1.0:
        raise BeliefError("target", target)
    left, right, wanted = (_logit(min(max(each, _NEAR_EDGE), 1.0 - _NEAR_EDGE)) for each in (low, high, target))
    mean, spread = (left + right) / 2.0, (right - left) / 2.0 / _quantile("share", 0.8)
    probability = float(mean < wanted) if spread == 0.0 else _NORMAL.cdf((wanted - mean) / spread)
    return _status_of(probability, likely=likely, sure=sure)


def _status_of(probability: float, *, likely: float, sure: float) -> GapStatus:
    for name, share in (("likely", likely), ("sure", sure)):
        if not 0.5 <= share <= 1.0:  # noqa: PLR2004 - below a half both would hold at once
            raise BeliefError(name, share)
    if probability >= likely:
        return GapStatus.GAP
    return GapStatus.MET if probability <= 1.0 - sure else GapStatus.UNSURE


def _logit(share: float) -> float:
    return math.log(share / (1.0 - share))


def mastery_level(value: float, *, bounds: tuple[float, float, float] = (0.5, 0.7, 0.8)) -> MasteryLevel:
    """Return a mastery's level: attempted < 0.5 <= familiar < 0.7 <= proficient < 0.8 <= mastered.

    Raises:
        BeliefError: `value` is not in [0, 1], or the bounds do not rise.
    """
    if not 0.0 <= value <= 1.0:
        raise BeliefError("value", value)
    if not bounds[0] <= bounds[1] <= bounds[2]:
        raise BeliefError("bounds", bounds)
    return _LEVELS[bisect_right(bounds, value)]


def predicted_success(
    beliefs: Sequence[SkillBelief],
    difficulty: float = 0.0,
    *,
    sharing: float = 0.74,
    factor: float = DEFAULT_VARIANCE_FACTOR,
) -> Prediction:
    """Return the expected success on a material that practises the skills of `beliefs`, all of one student.

    `difficulty` is in logits relative to the skills' own: 0 is as hard as their items are on average. Of `c` skills
    each counts `1 / c ** sharing`, as in the filter.

    Raises:
        BeliefError: there is no belief, or the difficulty is not a finite number.
    """
    if not beliefs:
        raise BeliefError("beliefs", beliefs)
    if not math.isfinite(difficulty):
        raise BeliefError("difficulty", difficulty)
    count = len(beliefs)
    share, part = 1.0 / count**sharing, 1.0 / count
    mean = beliefs[0].ability - difficulty
    variance = beliefs[0].ability_variance
    for belief in beliefs:
        mean += share * belief.offset - part * belief.difficulty
        variance += share * share * belief.offset_variance + part * part * belief.difficulty_variance
    half = _quantile("share", 0.8) * math.sqrt(factor * variance)
    return Prediction(_expected(mean, variance), sigmoid(mean - half), sigmoid(mean + half))


def sigmoid(logit: float) -> float:
    """Return 1 / (1 + exp(-logit)), without overflow at either end."""
    if logit >= 0.0:
        return 1.0 / (1.0 + math.exp(-logit))
    odds = math.exp(logit)
    return odds / (1.0 + odds)


def _standing_logit(belief: SkillBelief) -> tuple[float, float]:
    mean = belief.ability + belief.offset - belief.difficulty
    return mean, belief.ability_variance + belief.offset_variance + belief.difficulty_variance


def _expected(mean: float, variance: float) -> float:
    """Return the mean of a logistic over a Gaussian (MacKay 1992)."""
    return sigmoid(mean / math.sqrt(1.0 + PROBIT * variance))


@lru_cache(maxsize=64)
def _quantile(name: str, share: float) -> float:
    """Return how many standard deviations either side hold `share` of a Gaussian."""
    if not 0.0 < share < 1.0:
        raise BeliefError(name, share)
    return _NORMAL.inv_cdf(0.5 + share / 2.0)
