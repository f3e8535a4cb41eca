"""An index of materials by skills, context and difficulty, so that a decision never scans the catalogue."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from learning.selection.fixed_point import SHRINKAGE_SCALE, hash64, sigmoid


class MaterialRow(NamedTuple):
    """A material as a decision reads it; numbers in 1/10,000, times in seconds since 1970.

    A tuple for speed. Records store it by position: fields keep their order.
    """

    id: int
    skills: tuple[int, ...]
    difficulty: int
    context: str | None
    depth: str
    reading_level: int | None
    minutes: int
    language: str
    licence: str | None
    active_from: int | None
    active_until: int | None


class SuccessModel(NamedTuple):
    """A student's success on materials of some skills: the mean logit, and the shrinkage by its uncertainty."""

    mean_logit: int
    shrinkage: int

    def success_at(self, difficulty: int) -> int:
        """Return the predicted success at a difficulty, in 1/10,000."""
        return sigmoid((self.mean_logit - difficulty) * self.shrinkage // SHRINKAGE_SCALE)

    def difficulty_for(self, logit: int) -> int:
        """Return the difficulty at which the predicted success has this logit."""
        return self.mean_logit - logit * SHRINKAGE_SCALE // self.shrinkage


@dataclass(frozen=True, slots=True)
class DifficultyIndex:
    """Materials that practise the same skills, in tiers of equal difficulty; within a tier in the order of a hash."""

    difficulties: tuple[int, ...]
    tiers: tuple[tuple[MaterialRow, ...], ...]

    def find_nearest(
        self,
        success_model: SuccessModel,
        *,
        target: int,
        target_logit: int,
        band: tuple[int, int],
        accept: Callable[[MaterialRow], bool],
    ) -> tuple[MaterialRow, int] | None:
        """Return the accepted material whose predicted success in `band` is nearest to `target`, and that success.

        The order is total (distance, easier first, hash), so that an index without the other materials, as in a
        record, gives the same answer.
        """
        low, high = band
        difficulties, tiers = self.difficulties, self.tiers
        mean, shrinkage, end = success_model.mean_logit, success_model.shrinkage, len(self.difficulties)
        right = bisect_left(difficulties, success_model.difficulty_for(target_logit))
        left = right - 1
        # Inlined `success_at` of the tier on either side, because a decision calls this a hundred times.
        easier = sigmoid((mean - difficulties[left]) * shrinkage // SHRINKAGE_SCALE) if left >= 0 else high + 1
        harder = sigmoid((mean - difficulties[right]) * shrinkage // SHRINKAGE_SCALE) if right < end else low - 1
        while easier <= high or harder >= low:
            if easier <= high and (harder < low or abs(easier - target) <= abs(harder - target)):
                tier, success = tiers[left], easier
                left -= 1
                easier = sigmoid((mean - difficulties[left]) * shrinkage // SHRINKAGE_SCALE) if left >= 0 else high + 1
            else:
                tier, success = tiers[right], harder
                right += 1
                harder = (
                    sigmoid((mean - difficulties[right]) * shrinkage // SHRINKAGE_SCALE) if right < end else low - 1
                )
            if low <= success <= high:
                for entry in tier:
                    if accept(entry):
                        return entry, success
        return None


ContextKey = tuple[str | None, str]
"""(context, depth)."""
NEUTRAL_KEY: ContextKey = (None, "neutral")


@dataclass(frozen=True, slots=True)
class SkillSetIndex:
    """The materials that practise the same skills: all together, and by context and depth."""

    skills: tuple[int, ...]
    all_materials: DifficultyIndex
    by_context: Mapping[ContextKey, DifficultyIndex]


MaterialIndex = Mapping[int, tuple[SkillSetIndex, ...]]
"""Skill sets by the skill that their materials are for."""


def build_index(entries: Iterable[MaterialRow]) -> MaterialIndex:
    """Build the index of all materials; their order does not matter."""
    by_skills: dict[tuple[int, ...], list[MaterialRow]] = {}
    for entry in entries:
        by_skills.setdefault(entry.skills, []).append(entry)
    by_first_skill: dict[int, list[SkillSetIndex]] = {}
    for skills in sorted(by_skills):
        by_first_skill.setdefault(skills[0], []).append(_skill_set_index(skills, by_skills[skills]))
    return {skill: tuple(skill_sets) for skill, skill_sets in by_first_skill.items()}


def _skill_set_index(skills: tuple[int, ...], entries: list[MaterialRow]) -> SkillSetIndex:
    by_context: dict[ContextKey, list[MaterialRow]] = {}
    for entry in entries:
        by_context.setdefault((entry.context, entry.depth), []).append(entry)
    keys = sorted(by_context, key=lambda key: (key[0] or "", key[1]))
    return SkillSetIndex(skills, _difficulty_index(entries), {key: _difficulty_index(by_context[key]) for key in keys})


def _difficulty_index(entries: list[MaterialRow]) -> DifficultyIndex:
    by_difficulty: dict[int, list[MaterialRow]] = {}
    for entry in entries:
        by_difficulty.setdefault(entry.difficulty, []).append(entry)
    difficulties = tuple(sorted(by_difficulty))
    tiers = tuple(tuple(sorted(by_difficulty[d], key=lambda entry: hash64(entry.id))) for d in difficulties)
    return DifficultyIndex(difficulties, tiers)
