"""What is believed of one student about one skill, and what follows from it.

Every other part of `learning` and the tables see a student's knowledge only through these values.
"""

from __future__ import annotations

from dataclasses import dataclass


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
