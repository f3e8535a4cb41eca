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
from learning.selection.material_index import MaterialRow
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

    All materials of these skills are looked at, so that it does not matter which the decision has met: a replay has the
    one that is returned here.
    """
    last, first_entry = 0, None
    not_ready, no_level = (_OBSTACLES.index(r) for r in (NoAssignmentReason.NOT_READY, NoAssignmentReason.NO_LEVEL))
    for skill_set in (skill_set for skill in skills for skill_set in ctx.catalogue.index.get(skill, ())):
        is_ready = not ctx.forbidden_skills.isdisjoint(skill_set.skills) or skill_set_allowed(ctx, skill_set.skills)
        if not is_ready and last >= not_ready:
            continue
        for tier in skill_set.all_materials.tiers:
            # All materials of a tier are equally hard.
            if last >= no_level and not level_fits(ctx, tier[0], relaxed=True):
                continue
            for entry in tier:
                obstacle = _OBSTACLES.index(_obstacle_of(ctx, entry, is_ready=is_ready))
                if obstacle > last:
                    last, first_entry = obstacle, entry
                if last == len(_OBSTACLES) - 1:
                    return last, first_entry
    return last, first_entry


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
