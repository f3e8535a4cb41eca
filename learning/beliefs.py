"""What is believed of one student about one skill, and what follows from it.

Every other part of `learning` and the tables see a student's knowledge only through these values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

F = 1.3
"""Default factor on a belief's variance: the filter is a little too sure of itself (`Parameters.gap_variance_factor`)."""


@dataclass(frozen=True, slots=True)
class SkillBelief:
    """A student's standing on one skill at one moment, as Gaussians in logits.

    `ability` is the general level (bias and ability), `offset` what is special about this skill,
    `difficulty` the skill's own; expected success on an average item has the logit
    `ability + offset - difficulty`.
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


class Standing(StrEnum):
    """Whether a skill is below its target: beyond doubt, not, or not known well enough to say."""

    GAP = "gap"
    MET = "met"
    UNSURE = "unsure"


class Level(StrEnum):
    """Mastery in words."""

    ATTEMPTED = "attempted"
    FAMILIAR = "familiar"
    PROFICIENT = "proficient"
    MASTERED = "mastered"


@dataclass(frozen=True, slots=True)
class Prediction:
    """Expected success on a material, in [0, 1], with an 80 % interval."""

    probability: float
    low: float
    high: float


def mastery(belief: SkillBelief) -> float:
    """Return the expected success, in (0, 1), on an average item of the skill."""
    raise NotImplementedError


def interval(belief: SkillBelief, *, share: float = 0.8, factor: float = F) -> tuple[float, float]:
    """Return the bounds, in [0, 1], between which mastery lies with probability `share`."""
    raise NotImplementedError


def gap_probability(belief: SkillBelief, target: float = 0.8, *, factor: float = F) -> float:
    """Return the probability, in [0, 1], that mastery is below `target`."""
    raise NotImplementedError


def standing(belief: SkillBelief, target: float = 0.8, *, sure: float = 0.8, factor: float = F) -> Standing:
    """Return gap where P(gap) >= `sure`, met where it is <= 1 - `sure`, unsure between: ask more."""
    raise NotImplementedError


def level(value: float, *, bounds: tuple[float, float, float] = (0.5, 0.7, 0.8)) -> Level:
    """Return a mastery's level: attempted < 0.5 <= familiar < 0.7 <= proficient < 0.8 <= mastered."""
    raise NotImplementedError


def predicted_success(
    beliefs: Sequence[SkillBelief], difficulty: float = 0.0, *, sharing: float = 0.74, factor: float = F
) -> Prediction:
    """Return the expected success on a material that practises the skills of `beliefs`.

    `difficulty` is in logits relative to the skills' own: 0 is an average item of theirs, 1 is harder.
    """
    raise NotImplementedError
