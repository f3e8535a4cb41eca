"""Search the best-fitting materials of every skill worth practising, of any context or of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import itemgetter
from typing import NamedTuple

from learning.selection.context import DecisionContext, Memo
from learning.selection.fixed_point import SCALE, SHRINKAGE_SCALE
from learning.selection.hard_rules import (
    ANY_SUCCESS,
    NO_RELAXATION,
    Relaxation,
    entry_allowed,
    skill_allowed,
    skill_set_allowed,
    success_band,
)
from learning.selection.material_index import ContextKey, DifficultyIndex, MaterialRow, SkillSetIndex, SuccessModel
from learning.selection.value import difficulty_fit, less_repetition, nearest_fit, skill_value


class Candidate(NamedTuple):
    """An admissible material with its predicted success and its value: skill value x difficulty fit."""

    entry: MaterialRow
    predicted_success: int
    value: int

    @property
    def skill(self) -> int:
        """The skill that the material is for."""
        return self.entry.skills[0]


EASIEST_LOGIT = 100 * SCALE
"""Logit of predicted success that no material reaches, so that the easiest is nearest to it."""
_VALUE = itemgetter(Candidate._fields.index("value"))
MaterialFit = tuple[MaterialRow, int, int]
"""(material, predicted success, difficulty fit)."""


class CandidateSearch:
    """Search candidates under one relaxation of the rules; results are cached until a material is taken."""

    __slots__ = ("_candidates", "_fits", "_limits", "_skill_sets", "_skill_values", "ctx", "relaxation")

    def __init__(self, ctx: DecisionContext, relaxation: Relaxation = NO_RELAXATION) -> None:
        self.ctx = ctx
        self.relaxation = relaxation
        self._fits: dict[tuple[int, ContextKey | None], list[MaterialFit]] = {}
        self._candidates: dict[tuple[int, ContextKey | None], tuple[int, list[Candidate]]] = {}
        """The skill value and the candidates that follow from it, by skill and context key."""
        self._skill_values = Memo(partial(_skill_value, ctx, relaxation))
        self._skill_sets: dict[int, list[tuple[SkillSetIndex, SuccessModel]]] = {}
        self._limits: tuple[frozenset[str], int | None] | None = None

    def rank_skills(self, skills: Iterable[int]) -> list[tuple[int, int]]:
        """Return (value, skill) of the allowed skills, best first; no candidate's value exceeds its skill's."""
        ctx = self.ctx
        limits = ctx.overused_contexts(), ctx.minutes_left
        if self._limits != limits:
            self._limits = limits
            self._fits.clear()
            self._candidates.clear()
        value_of, recent = self._skill_values, ctx.recent_skills
        # Negative, so that plain tuples sort best first; a sort key would cost a call for each skill of each search.
        ranked = sorted(
            (-less_repetition(value, recent.count(skill)) if skill in recent else -value, skill)
            for skill in skills
            if (value := value_of[skill])
        )
        return [(-value, skill) for value, skill in ranked]

    def highest_value(self, skills: Iterable[int]) -> int:
        """Return the highest value of the allowed skills; 0 where none is allowed."""
        value_of, recent = self._skill_values, self.ctx.recent_skills
        return max(
            (
                less_repetition(value, recent.count(skill)) if skill in recent else value
                for skill in skills
                if (value := value_of[skill])
            ),
            default=0,
        )

    def best_in_scope(self) -> list[Candidate]:
        """Return the best candidates in scope; a skill that is open on another list only where there is no other."""
        apart = self.ctx.scope_apart()
        found = self.best_candidates(apart)
        return found if found or apart is self.ctx.scope else self.best_candidates(self.ctx.scope)

    def best_candidates(self, skills: Iterable[int]) -> list[Candidate]:
        """Return the best candidate of every skill that may be within the tolerance of the best of all, best first.

        Skills are searched by falling value, which bounds their candidates' values: the search ends where no further
        skill can be within the tolerance.
        """
        share = SCALE - self.ctx.policy.interest_tolerance
        best = 0
        candidates: list[Candidate] = []
        for bound, skill in self.rank_skills(skills):
            if bound * SCALE < best * share:
                break
            of_skill = self.best_of_skill(skill, bound)
            for candidate in of_skill:
                best = max(best, candidate.value)
            candidates += of_skill
        return self.sort_by_value(candidates)

    def best_of_skill(self, skill: int, value: int, key: ContextKey | None = None) -> list[Candidate]:
        """Return the best candidate of each skill set for a skill of this value; of one context key or of all."""
        cached = self._candidates.get((skill, key))
        if cached is not None and cached[0] == value:
            return cached[1]
        fits = self._fits.get((skill, key))
        if fits is None:
            fits = self._fits[skill, key] = self._find_fits(skill, key)
        # A material whose difficulty is so far off that its value is 0 is no candidate.
        candidates = [Candidate(e, success, value * fit // SCALE) for e, success, fit in fits if value * fit >= SCALE]
        self._candidates[skill, key] = value, candidates
        return candidates

    def best_of_context(self, key: ContextKey, candidates: list[Candidate]) -> list[Candidate]:
        """Return the best candidates of one context and depth for the skills of these candidates, best first."""
        bounds = self.rank_skills({candidate.skill for candidate in candidates})
        return self.sort_by_value(
            [candidate for bound, skill in bounds for candidate in self.best_of_skill(skill, bound, key)]
        )

    def sort_by_value(self, candidates: list[Candidate]) -> list[Candidate]:
        """Return candidates by falling value, ties by the keyed hash of their ids."""
        if len({candidate.value for candidate in candidates}) == len(candidates):
            return sorted(candidates, key=_VALUE, reverse=True)
        tie = self.ctx.material_tie_break
        return sorted(candidates, key=lambda c: (-c.value, tie(c.entry.id), c.entry.id))

    def forget_skill(self, skill: int) -> None:
        """Drop the cache of a skill of which a material has been taken."""
        for cached in [cached for cached in self._fits if cached[0] == skill]:
            del self._fits[cached]
            self._candidates.pop(cached, None)

    def _find_fits(self, skill: int, key: ContextKey | None) -> list[MaterialFit]:
        indexes = (
            (skill_set.all_materials if key is None else skill_set.by_context.get(key), success_model)
            for skill_set, success_model in self.skill_sets(skill)
        )
        fits = (self.find_fit(index, success_model, skill) for index, success_model in indexes if index)
        return [fit for fit in fits if fit]

    def skill_sets(self, skill: int) -> list[tuple[SkillSetIndex, SuccessModel]]:
        """Return the allowed skill sets that are for a skill, each with its success model."""
        if skill not in self._skill_sets:
            ctx = self.ctx
            allowed = (
                s for s in ctx.catalogue.index.get(skill, ()) if skill_set_allowed(ctx, s.skills, self.relaxation)
            )
            self._skill_sets[skill] = [
                (skill_set, model) for skill_set in allowed if (model := ctx.success_model(skill_set.skills))
            ]
        return self._skill_sets[skill]

    def find_fit(self, index: DifficultyIndex, success_model: SuccessModel, skill: int) -> MaterialFit | None:
        """Return the best fit of an index, and mark its material for the record."""
        ctx, relaxation = self.ctx, self.relaxation
        target, logit = ctx.policy.target_success, ctx.policy.target_success_logit
        if relaxation.nearest and skill in ctx.inputs.history.difficulty_limits:
            target, logit = SCALE, EASIEST_LOGIT
        nearest = index.find_nearest(
            success_model,
            target=target,
            target_logit=logit,
            band=self.band(skill),
            accept=lambda entry: entry_allowed(ctx, entry, relaxation),
        )
        if nearest is None:
            return None
        ctx.record_entry(nearest[0])
        fit = nearest_fit if relaxation.nearest else difficulty_fit
        return nearest[0], nearest[1], fit(nearest[1], target=target)

    def band(self, skill: int) -> tuple[int, int]:
        """Return the predicted success within which materials of a skill are searched."""
        if self.relaxation.nearest:
            return ANY_SUCCESS
        return success_band(self.ctx, skill, relaxed=self.relaxation.relaxed_band)

    def alternates(self, candidate: Candidate, rank: Callable[[ContextKey], tuple[object, ...]]) -> Iterator[Candidate]:
        """Yield materials as hard as the candidate in other contexts, by the rank of their context keys.

        Lazily, because a menu seldom needs all of them.
        """
        ctx, policy, skill = self.ctx, self.ctx.policy, candidate.skill
        low, high = self.band(skill)
        within = (
            max(low, candidate.predicted_success - policy.menu_spread),
            min(high, candidate.predicted_success + policy.menu_spread),
        )
        own = ctx.success_model(candidate.entry.skills)
        if own is None:
            return
        skill_sets = self.skill_sets(skill)
        ranked = [
            (rank(key), n, key)
            for n, (skill_set, _) in enumerate(skill_sets)
            for key in skill_set.by_context
            if key[0] != candidate.entry.context
        ]
        ranked.sort(key=itemgetter(0, 1))
        for _, n, key in ranked:
            skill_set, success_model = skill_sets[n]
            nearest = skill_set.by_context[key].find_nearest(
                success_model,
                target=candidate.predicted_success,
                target_logit=(own.mean_logit - candidate.entry.difficulty) * own.shrinkage // SHRINKAGE_SCALE,
                band=within,
                accept=lambda entry: entry_allowed(ctx, entry, self.relaxation),
            )
            if nearest:
                ctx.record_entry(nearest[0])
                yield Candidate(nearest[0], nearest[1], candidate.value)


def _skill_value(ctx: DecisionContext, relaxation: Relaxation, skill: int) -> int:
    value = skill_value(ctx, skill) if skill_allowed(ctx, skill, relaxation) else None
    return value.total if value else 0
