"""Fallbacks in a fixed order for when nothing is admissible, and the reason for no assignment."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from learning.mastery.beliefs import GapStatus
from learning.selection.candidates import Candidate, CandidateSearch
from learning.selection.context import DecisionContext
from learning.selection.decision import Fallback, NoAssignmentReason
from learning.selection.hard_rules import (
    Relaxation,
    context_not_overused,
    is_active,
    is_needed,
    language_matches,
    level_fits,
    licence_allowed,
    not_among_last_attempts,
    not_forbidden,
    not_stuck,
    not_used_recently,
    not_vetoed,
    prerequisites_are_ready,
    reading_level_fits,
    skill_set_allowed,
)
from learning.selection.material_index import DifficultyIndex, MaterialRow, SkillSetIndex
from learning.selection.stability import is_on_hold, missing_prerequisites

RELAXED_BAND = Relaxation(relaxed_band=True)
REUSE = Relaxation(relaxed_band=True, reuse=True)
NEUTRAL = Relaxation(relaxed_band=True, reuse=True, neutral_only=True)
PREREQUISITE = (Relaxation(outside_scope=True), Relaxation(outside_scope=True, relaxed_band=True, reuse=True))
FOR_A_GAP = (
    RELAXED_BAND,
    Relaxation(nearest=True),
    REUSE,
    Relaxation(nearest=True, reuse=True),
    NEUTRAL,
    Relaxation(nearest=True, any_use=True),
)
"""How a material is searched for a skill of which none fits: the wider band first, what was used lately last."""


def relaxations(ctx: DecisionContext) -> Iterator[tuple[CandidateSearch, list[Candidate]]]:
    """Yield the search of each relaxation and its candidates, in the order of the fallbacks."""
    for relaxation in (RELAXED_BAND, REUSE, NEUTRAL):
        search = CandidateSearch(ctx, relaxation)
        yield search, search.best_in_scope()
    for skill in weakest_prerequisites(ctx):
        for relaxation in PREREQUISITE:
            search = CandidateSearch(ctx, relaxation)
            yield search, search.best_candidates([skill])
    yield from relaxations_for(ctx, ready_skills(ctx, (GapStatus.GAP, GapStatus.UNSURE)))
    yield from relaxations_for(ctx, weakest_prerequisites(ctx), outside_scope=True)


def relaxations_for(
    ctx: DecisionContext, skills: list[int], *, outside_scope: bool = False
) -> Iterator[tuple[CandidateSearch, list[Candidate]]]:
    """Yield the search of each relaxation for a single skill and its candidates, skill by skill."""
    for skill in skills:
        for relaxation in FOR_A_GAP:
            search = CandidateSearch(ctx, relaxation._replace(outside_scope=outside_scope))
            yield search, search.best_candidates([skill])


def ready_skills(ctx: DecisionContext, statuses: Collection[GapStatus]) -> list[int]:
    """Return the skills in scope of these statuses whose prerequisites are ready, the lowest mastery first."""
    views = ((skill, ctx.skill_view(skill)) for skill in ctx.scope if skill not in ctx.forbidden_skills)
    found = sorted((view.mastery, skill) for skill, view in views if view and view.gap_status in statuses)
    return [skill for _, skill in found if prerequisites_are_ready(ctx, (skill,))]


def weakest_prerequisites(ctx: DecisionContext) -> list[int]:
    """Return the missing prerequisites, the lowest mastery first."""
    views = ((skill, ctx.skill_view(skill)) for skill in missing_prerequisites(ctx))
    return [skill for _, skill in sorted((view.mastery, skill) for skill, view in views if view)]


def fallbacks_of(ctx: DecisionContext, menu: list[Candidate], relaxation: Relaxation) -> tuple[Fallback, ...]:
    """Return the fallbacks that a menu needs: the rules that it breaks without a relaxation."""
    used = {Fallback.NEAREST} if relaxation.nearest else set()
    for candidate in menu:
        entry = candidate.entry
        if not level_fits(ctx, entry) and not relaxation.nearest:
            used.add(Fallback.WIDER_BAND)
        used_lately = not not_used_recently(ctx, entry)
        if relaxation.nearest and (used_lately or not context_not_overused(ctx, entry.context)):
            used.add(Fallback.REUSE)
        elif used_lately:
            used.add(Fallback.REUSE if not_among_last_attempts(ctx, entry) else Fallback.NEUTRAL)
        if entry.skills[0] not in ctx.scope | ctx.inputs.stretch:
            used.add(Fallback.PREREQUISITE)
    return tuple(fallback for fallback in Fallback if fallback in used)


_OBSTACLES = (
    NoAssignmentReason.NO_MATERIAL,
    NoAssignmentReason.NOT_READY,
    NoAssignmentReason.NOT_WANTED,
    NoAssignmentReason.NO_LEVEL,
    NoAssignmentReason.USED_UP,
)


def no_assignment_reason(ctx: DecisionContext) -> NoAssignmentReason:
    """Return the reason for no assignment: the last obstacle that any material in scope gets to."""
    if is_on_hold(ctx):
        return NoAssignmentReason.ON_HOLD
    if ctx.inputs.scope is not None and not ctx.inputs.scope:
        return NoAssignmentReason.NOTHING_OPEN
    skills = [skill for skill in sorted(ctx.scope) if ctx.skill_view(skill)]
    if not skills:
        return NoAssignmentReason.NO_BELIEF
    needed = [skill for skill in skills if is_needed(ctx, skill)]
    if not needed:
        return NoAssignmentReason.ALL_MET
    if _fits_but_is_open_elsewhere(ctx):
        return NoAssignmentReason.OPEN_ELSEWHERE
    obstacle, entry = _last_obstacle(ctx, needed)
    if entry:
        ctx.record_entry(entry)
    return _OBSTACLES[obstacle]


def _fits_but_is_open_elsewhere(ctx: DecisionContext) -> bool:
    """Whether something would fit, were it not open on another list of the student; then others count as not open."""
    elsewhere = {*ctx.inputs.others.materials, *ctx.inputs.others.ordered}
    if not elsewhere:
        return False
    ctx.open_materials -= elsewhere
    if CandidateSearch(ctx).best_candidates(ctx.scope):
        return True
    return any(candidates for _, candidates in relaxations(ctx))


def _last_obstacle(ctx: DecisionContext, skills: list[int]) -> tuple[int, MaterialRow | None]:
    """Return the position of the last obstacle that any material of these skills gets to, and the first such material.

    Of each index only the easiest, the hardest and the best-fitting material are checked, and only where they can get
    further than those before.
    """
    last, first_entry = 0, None
    for skill_set in (skill_set for skill in skills for skill_set in ctx.catalogue.index.get(skill, ())):
        is_ready = not ctx.forbidden_skills.isdisjoint(skill_set.skills) or skill_set_allowed(ctx, skill_set.skills)
        if not is_ready and last >= _OBSTACLES.index(NoAssignmentReason.NOT_READY):
            continue
        for index in skill_set.by_context.values():
            at_level = _entry_at_level(ctx, skill_set, index)
            if at_level is None and last >= _OBSTACLES.index(NoAssignmentReason.NO_LEVEL):
                continue
            for entry in (index.tiers[0][0], index.tiers[-1][0], at_level):
                obstacle = _OBSTACLES.index(_obstacle_of(ctx, entry, is_ready=is_ready)) if entry else 0
                if obstacle > last:
                    last, first_entry = obstacle, entry
    # A replay finds the materials of the record only, so what is in it counts here too.
    for entry in [entry for _, entry in sorted(ctx.recorded_entries.items()) if entry.skills[0] in skills]:
        is_ready = not ctx.forbidden_skills.isdisjoint(entry.skills) or skill_set_allowed(ctx, entry.skills)
        obstacle = _OBSTACLES.index(_obstacle_of(ctx, entry, is_ready=is_ready))
        if obstacle > last:
            last, first_entry = obstacle, entry
    return last, first_entry


def _entry_at_level(ctx: DecisionContext, skill_set: SkillSetIndex, index: DifficultyIndex) -> MaterialRow | None:
    success_model = ctx.success_model(skill_set.skills)
    nearest = success_model and index.find_nearest(
        success_model,
        target=ctx.policy.target_success,
        target_logit=ctx.policy.target_success_logit,
        band=ctx.policy.relaxed_band,
        accept=lambda entry: not_stuck(ctx, entry) and is_active(ctx, entry),
    )
    return nearest[0] if nearest else None


def _obstacle_of(ctx: DecisionContext, entry: MaterialRow, *, is_ready: bool) -> NoAssignmentReason:
    """Return the first obstacle that a material fails at; `is_ready` is about its skill set."""
    if not (is_active(ctx, entry) and language_matches(ctx, entry) and licence_allowed(ctx, entry)):
        return NoAssignmentReason.NO_MATERIAL
    if not is_ready:
        return NoAssignmentReason.NOT_READY
    if not (not_forbidden(ctx, entry) and not_vetoed(ctx, entry) and reading_level_fits(ctx, entry)):
        return NoAssignmentReason.NOT_WANTED
    if not (level_fits(ctx, entry, relaxed=True) and not_stuck(ctx, entry)):
        return NoAssignmentReason.NO_LEVEL
    return NoAssignmentReason.USED_UP
