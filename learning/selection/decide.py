"""The decision for one list of a student from beginning to end, step by step."""

from __future__ import annotations

from collections.abc import Iterator

from learning.selection.builder import DecisionBuilder
from learning.selection.candidates import Candidate, CandidateSearch
from learning.selection.catalogue import Catalogue
from learning.selection.context import DecisionContext
from learning.selection.decision import Trigger
from learning.selection.fallbacks import relaxations
from learning.selection.fixed_point import SCALE
from learning.selection.gaps_first import (
    best_for_slot,
    fill_for_gap,
    gaps_for_last_place,
    give_way_to_gaps,
    has_likely_gap,
    waiting_gaps,
)
from learning.selection.inputs import Inputs
from learning.selection.liked_theme import give_way_to_liked
from learning.selection.stability import current_value, has_newer_evidence_than, is_expired, is_on_hold
from learning.selection.stretch import fill_stretch
from learning.selection.teacher_overrides import apply_overrides, fulfil_by_chosen


def decide_list(inputs: Inputs, catalogue: Catalogue, *, recorded: bool = False) -> DecisionBuilder:
    """Decide on the fixed-point inputs of one list, new or read from a record.

    A pure function: what is open on the student's other lists is among the inputs.
    """
    ctx = DecisionContext(inputs, catalogue, recorded=recorded)
    builder = DecisionBuilder.start(ctx)
    apply_overrides(builder)
    withdraw_surplus(builder)
    if not is_on_hold(ctx):
        search = CandidateSearch(ctx)
        fill_slots(builder, search)
        apply_fallbacks(builder)
        give_way_to_gaps(builder, search)
        replace_expired(builder, search)
        replace_with_better(builder, search)
        # What was replaced may have been the slot of a gap.
        give_way_to_gaps(builder, search)
        # A replacement may take fewer minutes and so leave room for another assignment.
        fill_slots(builder, search)
        # While a gap waited, only it could replace what was left past its limit; it may have a free slot now.
        replace_expired(builder, search)
        # After all that decides on skills, so that it changes nothing but themes, and their minutes.
        give_way_to_liked(builder, search)
        fill_slots(builder, search)
        fulfil_by_chosen(builder)
    return builder


def withdraw_surplus(builder: DecisionBuilder) -> None:
    """Withdraw the least valuable assignments beyond the list's share of the student's limit; protected ones stay."""
    others = builder.ctx.inputs.others
    while others.must_fit and others.max_open is not None and builder.open_count() > others.max_open:
        slot = builder.least_valuable_slot()
        if slot is None:
            return
        builder.exclude(slot)
        builder.withdraw(slot, Trigger.MAX_OPEN)


def fill_slots(builder: DecisionBuilder, search: CandidateSearch) -> None:
    """Fill the free slots, one after the other; only a skill with a gap gets what does not fit.

    The last one is for the next grade, where nothing is below target.
    """
    while builder.has_room():
        builder.update_minutes_left()
        slot = builder.first_free_slot()
        # The last place is for the deepest gap, where nothing fits it and something else is open already.
        is_last = builder.open_count() > 0 and builder.room() == 1 and not builder.has_nearest()
        if is_last and fill_for_gap(builder, gaps_for_last_place(builder, search), slot=slot):
            continue
        if builder.open_count() > 0 and builder.room() == 1 and fill_stretch(builder, slot=slot):
            continue
        candidates = best_for_slot(builder, search)
        if candidates:
            builder.fill_slot(search, candidates, slot=slot)
        elif fill_stretch(builder, slot=slot):
            continue
        elif not fill_for_gap(builder, waiting_gaps(builder), slot=slot):
            return


def apply_fallbacks(builder: DecisionBuilder) -> None:
    """Where nothing would be open, fill one slot from the first fallback that has candidates."""
    if builder.open_count():
        return
    for search, candidates in relaxations(builder.ctx):
        if candidates:
            builder.fill_slot(search, candidates, slot=builder.first_free_slot())
            return


def replace_expired(builder: DecisionBuilder, search: CandidateSearch) -> None:
    """Replace assignments that were left unattempted past the limit, where there is an alternative."""
    replaced = True
    # One replacement may leave the minutes that another one needs.
    while replaced:
        replaced = False
        for slot in sorted(builder.unchanged):
            status = builder.unchanged[slot]
            if not status.stays and is_expired(builder.ctx, status.assignment):
                candidates = replacement_candidates(builder, search, slot)
                if candidates:
                    builder.withdraw(slot, Trigger.HOLD_LIMIT)
                    builder.fill_slot(search, candidates, slot=slot)
                    replaced = True
                else:
                    builder.restore(slot)


def replacement_candidates(builder: DecisionBuilder, search: CandidateSearch, slot: int) -> list[Candidate]:
    """Exclude an unchanged slot and return what could replace it."""
    builder.exclude(slot)
    return candidates_instead_of(builder, search, slot)


def candidates_instead_of(builder: DecisionBuilder, search: CandidateSearch, slot: int) -> list[Candidate]:
    """Return what could replace an excluded slot."""
    builder.update_minutes_left(instead_of=slot)
    return best_for_slot(builder, search, instead_of=slot)


def replace_with_better(builder: DecisionBuilder, search: CandidateSearch) -> None:
    """Replace assignments where another was better by more than the hysteresis, often enough in a row."""
    ranked = [
        (builder.slot_value(slot), slot)
        for slot, status in sorted(builder.unchanged.items())
        if not status.stays and status.assignment.skill not in builder.ctx.inputs.stretch
    ]
    builder.better_counts = {
        slot: count for slot, count in builder.better_counts.items() if slot in {other for _, other in ranked}
    }
    for _, slot in sorted(ranked) if builder.has_new_evidence else ():
        if has_newer_evidence_than(builder.ctx, builder.unchanged[slot].assignment):
            _replace_one_with_better(builder, search, slot)


def _skills_for(builder: DecisionBuilder, slot: int) -> Iterator[int]:
    """Yield the skills of which `best_for_slot` may return a material instead of this slot's, and others perhaps."""
    opened = builder.open_skills(instead_of=slot)
    return (skill for skill in builder.ctx.scope if skill not in opened or has_likely_gap(builder.ctx, skill))


def _replace_one_with_better(builder: DecisionBuilder, search: CandidateSearch, slot: int) -> None:
    policy = builder.ctx.policy
    builder.exclude(slot)
    to_beat = current_value(builder.ctx, builder.unchanged[slot].assignment) * (SCALE + policy.hysteresis)
    candidates = []
    # No material is worth more than its skill, and most slots are worth as much as any: their materials need no search.
    if search.highest_value(_skills_for(builder, slot)) * SCALE > to_beat:
        candidates = candidates_instead_of(builder, search, slot)
    if not candidates or candidates[0].value * SCALE <= to_beat:
        builder.better_counts.pop(slot, None)
        builder.restore(slot)
        return
    builder.better_counts[slot] = builder.better_counts.get(slot, 0) + 1
    if builder.better_counts[slot] < policy.replacement_patience:
        builder.restore(slot)
        return
    builder.withdraw(slot, Trigger.BETTER)
    builder.fill_slot(search, candidates, slot=slot)
