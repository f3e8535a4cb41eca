"""A skill with a gap comes before one at its target, and gets its nearest material where none fits."""

from __future__ import annotations

from collections.abc import Collection
from collections.abc import Set as AbstractSet

from learning.mastery.beliefs import GapStatus
from learning.selection.builder import DecisionBuilder
from learning.selection.candidates import Candidate, CandidateSearch
from learning.selection.context import DecisionContext
from learning.selection.decision import Trigger
from learning.selection.fallbacks import relaxations_for
from learning.selection.fixed_point import SCALE
from learning.selection.hard_rules import (
    is_active,
    language_matches,
    licence_allowed,
    not_forbidden,
    not_vetoed,
    reading_level_fits,
    skill_set_allowed,
)
from learning.selection.material_index import MaterialRow
from learning.selection.value import REPEAT_SHARE


def best_for_slot(
    builder: DecisionBuilder, search: CandidateSearch, *, instead_of: int | None = None
) -> list[Candidate]:
    """Return the candidates for one more slot, or for the slot `instead_of`: each skill once, gaps before the rest.

    The first place goes by value, the next ones to likely gaps at the root (`roots_of`), until they have half of
    the list. A skill with a likely gap gets another slot only where no other skill is worth nearly as much, and a skill
    without one gets no second. No skill at its target gets one while a skill with a gap has none: so what a gap has
    gives way to its own kind only, while anything at its target is open. A skill that is open on another list comes
    last.
    """
    ctx = builder.ctx
    own = None if instead_of is None else builder.unchanged[instead_of].assignment.skill
    apart = ctx.scope_apart(own)
    found = _each_skill_once(builder, search, apart, instead_of=instead_of)
    if found or apart is ctx.scope or instead_of is not None:
        return found
    return _each_skill_once(builder, search, ctx.scope)


def _each_skill_once(
    builder: DecisionBuilder, search: CandidateSearch, scope: AbstractSet[int], *, instead_of: int | None = None
) -> list[Candidate]:
    opened = builder.open_skills(instead_of=instead_of)
    taken = scope & opened
    waiting = waiting_gaps(builder, instead_of=instead_of)
    # What is replaced may be the only material of its gap, which waits then.
    own = None if instead_of is None else builder.unchanged[instead_of].assignment.skill
    replaces_gap = own in builder.ready_gaps()
    if replaces_gap and own not in opened and opened & skills_at_target(builder.ctx):
        # The gap would wait while a skill at its target has a slot.
        return search.best_candidates(scope & {own, *waiting})
    roots_first = opened and 2 * open_roots(builder, instead_of=instead_of) < builder.ctx.policy.slots
    if roots_first and (roots := search.best_candidates(scope & roots_of(builder.ctx, waiting))):
        return roots
    skills = scope - skills_at_target(builder.ctx) if waiting or replaces_gap else scope
    others = search.best_candidates(skills - taken)
    # One slot is enough for a skill without a likely gap, whatever else there is.
    gaps = {skill for skill in taken if has_likely_gap(builder.ctx, skill)}
    again = search.best_candidates(gaps) if gaps else []
    if again and (not others or others[0].value * SCALE < again[0].value * REPEAT_SHARE):
        # Interest may still prefer another skill within the tolerance.
        return search.sort_by_value(others + again)
    return others


def skills_at_target(ctx: DecisionContext) -> frozenset[int]:
    """Return the skills in scope that are surely at their target."""
    return frozenset(
        skill for skill in ctx.scope if (view := ctx.skill_view(skill)) and view.gap_status is GapStatus.MET
    )


def has_likely_gap(ctx: DecisionContext, skill: int) -> bool:
    """Whether a skill has a likely gap."""
    view = ctx.skill_view(skill)
    return view is not None and view.gap_status is GapStatus.GAP


def roots_of(ctx: DecisionContext, gaps: Collection[int]) -> frozenset[int]:
    """Return those of these skills with a gap that rest on no other likely gap, directly or not."""
    needs_of = {skill: ctx.catalogue.with_needs([skill]) - {skill} for skill in gaps}
    return frozenset(skill for skill, needs in needs_of.items() if not any(has_likely_gap(ctx, need) for need in needs))


def open_roots(builder: DecisionBuilder, *, instead_of: int | None = None) -> int:
    """Return how many likely gaps at the root have a slot."""
    gaps = [skill for skill in builder.open_skills(instead_of=instead_of) if has_likely_gap(builder.ctx, skill)]
    return len(roots_of(builder.ctx, gaps))


def waiting_gaps(builder: DecisionBuilder, *, instead_of: int | None = None) -> list[int]:
    """Return the skills with a gap that have no slot and could have one, the lowest mastery first."""
    ctx = builder.ctx
    taken = builder.open_skills(instead_of=instead_of) | set(ctx.inputs.others.skills)
    return [skill for skill in builder.ready_gaps() if skill not in taken and _has_material(ctx, skill)]


def _has_material(ctx: DecisionContext, skill: int) -> bool:
    """Whether H1, H2 and H5 allow a material of a skill that is not open."""
    for skill_set in ctx.catalogue.index.get(skill, ()):
        if skill_set_allowed(ctx, skill_set.skills):
            for tier in skill_set.all_materials.tiers:
                for entry in tier:
                    if _is_allowed(ctx, entry):
                        ctx.record_entry(entry)
                        return True
    return False


def _is_allowed(ctx: DecisionContext, entry: MaterialRow) -> bool:
    return (
        entry.id not in ctx.open_materials
        and is_active(ctx, entry)
        and language_matches(ctx, entry)
        and licence_allowed(ctx, entry)
        and not_forbidden(ctx, entry)
        and not_vetoed(ctx, entry)
        and reading_level_fits(ctx, entry)
    )


def fill_for_gap(builder: DecisionBuilder, skills: list[int], *, slot: int) -> bool:
    """Fill a slot with the nearest material of the first of these skills that has any; return whether one has."""
    for search, candidates in relaxations_for(builder.ctx, skills):
        if candidates:
            builder.fill_slot(search, candidates, slot=slot)
            return True
    return False


def gaps_for_last_place(builder: DecisionBuilder, search: CandidateSearch) -> list[int]:
    """Return the waiting skills with a gap of which no material fits, the lowest mastery first.

    None while no gap at the root has a slot and something fits one: that comes first.
    """
    waiting = waiting_gaps(builder)
    values = {skill: value for value, skill in search.rank_skills(waiting)}
    unfit = [skill for skill in waiting if skill in values and not search.best_of_skill(skill, values[skill])]
    if unfit and not open_roots(builder) and search.best_candidates(roots_of(builder.ctx, waiting) - set(unfit)):
        return []
    return unfit


def give_way_to_gaps(builder: DecisionBuilder, search: CandidateSearch) -> None:
    """Let unattempted assignments give way to skills with a likely gap that wait.

    Those of skills at their target do as long as any gap waits. Where no gap at the root has a slot, one more does for
    a root that something fits: the least valuable of those without a likely gap, on a list that has several.
    """
    while gaps := waiting_gaps(builder):
        at_target = skills_at_target(builder.ctx)
        slot = _least_valuable(builder, at_target)
        if slot is None or not _give_way(builder, search, slot, gaps, nearest=True):
            break
    roots = roots_of(builder.ctx, gaps)
    if not roots or builder.open_count() == 1 or open_roots(builder):
        return
    slot = _least_valuable(builder, {skill for skill in builder.ctx.scope if not has_likely_gap(builder.ctx, skill)})
    if slot is not None:
        _give_way(builder, search, slot, [gap for gap in gaps if gap in roots], nearest=False)


def _least_valuable(builder: DecisionBuilder, skills: AbstractSet[int]) -> int | None:
    """Return the slot with the lowest value of those of these skills that nothing keeps."""
    ranked = [
        (builder.slot_value(slot), slot)
        for slot, status in sorted(builder.unchanged.items())
        if not status.stays and status.assignment.skill in skills
    ]
    return min(ranked)[1] if ranked else None


def _give_way(builder: DecisionBuilder, search: CandidateSearch, slot: int, gaps: list[int], *, nearest: bool) -> bool:
    """Replace a slot by one of these gaps, with `nearest` by what does not fit too; return whether anything did."""
    builder.exclude(slot)
    builder.update_minutes_left(instead_of=slot)
    candidates = search.best_candidates(gaps)
    relaxed = relaxations_for(builder.ctx, gaps) if nearest and not candidates else ()
    by, found = next(((by, found) for by, found in relaxed if found), (search, candidates))
    if not found:
        builder.restore(slot)
        return False
    builder.withdraw(slot, Trigger.GAP_FIRST)
    builder.fill_slot(by, found, slot=slot)
    return True
