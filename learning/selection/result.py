"""Build the decision: its sentences, reason codes, catalogue needs, and record."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from learning.selection.builder import DecisionBuilder, SlotDraft
from learning.selection.candidates import Candidate, CandidateSearch
from learning.selection.catalogue import Depth
from learning.selection.context import DecisionContext
from learning.selection.decision import (
    CatalogueNeed,
    Decision,
    Fallback,
    FilledSlot,
    MenuOption,
    NoAssignmentReason,
    UnchangedSlot,
)
from learning.selection.explanations import (
    NO_ASSIGNMENT_SENTENCES,
    Explainer,
    because_interest,
    because_interest_unchanged,
)
from learning.selection.fallbacks import no_assignment_reason
from learning.selection.fixed_point import SCALE
from learning.selection.inputs import MICROSECONDS
from learning.selection.interest_choice import interest_score
from learning.selection.material_index import MaterialRow
from learning.selection.policy import OverrideKind
from learning.selection.stability import SlotStatus
from learning.selection.student import AssignmentState, DecisionMemory
from learning.selection.value import skill_value

_APPROVING_KINDS = frozenset({OverrideKind.PIN, OverrideKind.MUST_DO})
_CATALOGUE_REASONS = {
    NoAssignmentReason.NO_MATERIAL,
    NoAssignmentReason.NO_LEVEL,
    NoAssignmentReason.USED_UP,
    NoAssignmentReason.NOT_READY,
}
"""Reasons for no assignment that further materials would remove."""

STRETCH = "stretch"
"""A step into the next grade, as nothing in the class's scope is below target."""
WISHED = "student.wish"
"""The student wants this skill next, and nothing else is better by more than the tolerance."""


def build_decision(builder: DecisionBuilder) -> tuple[Decision, dict[str, Any]]:
    """Return the decision of a builder, still without its record, and its outcome as the record stores it."""
    ctx = builder.ctx
    explainer = Explainer(ctx)
    filled = tuple(_filled_slot(ctx, draft, explainer) for draft in builder.drafts)
    unchanged = tuple(_unchanged_slot(builder, status) for _, status in sorted(builder.unchanged.items()))
    no_assignment = None if filled or unchanged else no_assignment_reason(ctx)
    needs = (*_catalogue_needs(builder, no_assignment), *_missing_levels(builder))
    memory = _memory(builder)
    outcome = {
        "chosen": [_slot_record(ctx, draft, slot) for draft, slot in zip(builder.drafts, filled, strict=True)],
        "kept": [(slot.slot, slot.materials, slot.state.value, slot.reason) for slot in unchanged],
        "withdrawn": [(w.slot, w.material, w.trigger.value, w.detail) for w in builder.withdrawals],
        "nothing": no_assignment and no_assignment.value,
        "needs": [(need.skill, need.context, round(need.price * SCALE)) for need in needs],
        "unmet": [(unmet.override_id, unmet.reason) for unmet in builder.unmet_overrides],
        "carry": (
            memory.choice_count,
            memory.better_counts,
            memory.replaced_materials,
            memory.evidence_counted_until,
            memory.liked_topics,
        ),
    }
    state_changes = any(_state_changes(builder.unchanged[slot.slot], slot) for slot in unchanged)
    decision = Decision(
        student_id=ctx.inputs.student_id,
        filled_slots=filled,
        unchanged_slots=tuple(_explained(builder, slot, explainer) for slot in unchanged),
        withdrawals=tuple(builder.withdrawals),
        no_assignment_reason=no_assignment,
        no_assignment_sentence=NO_ASSIGNMENT_SENTENCES[no_assignment] if no_assignment else "",
        catalogue_needs=needs,
        unmet_overrides=tuple(builder.unmet_overrides),
        memory=memory,
        has_changes=bool(filled or builder.withdrawals or state_changes),
        class_id=ctx.inputs.class_id,
    )
    return decision, outcome


def _filled_slot(ctx: DecisionContext, draft: SlotDraft, explainer: Explainer) -> FilledSlot:
    is_proposal = draft.override is None and (ctx.policy.needs_approval or ctx.inputs.scope is None)
    first = draft.menu[0]
    return FilledSlot(
        slot=draft.slot,
        skill=first.skill,
        state=AssignmentState.PROPOSED if is_proposal else AssignmentState.ASSIGNED,
        menu=tuple(MenuOption(c.entry.id, c.entry.context, c.predicted_success / SCALE) for c in draft.menu),
        reasons=_reasons(ctx, draft),
        fallbacks=draft.fallbacks,
        because_gap=explainer.filled(draft),
        because_interest=because_interest(ctx, draft),
        value=first.value,
        price=draft.choice.price / SCALE if draft.choice else 0.0,
    )


def _reasons(ctx: DecisionContext, draft: SlotDraft) -> tuple[str, ...]:
    """Return the reason codes: the teacher override, or the parts of the value, the weightiest first."""
    codes = []
    value = skill_value(ctx, draft.menu[0].skill)
    if draft.override is not None:
        codes += [f"teacher.{draft.override.kind}", *(f"despite.{code}" for code in draft.broken_rules)]
    elif value is not None:
        # The names of the parts are reason codes, which are stored.
        parts = [(-part, name) for name, part in zip(value._fields[1:], value[1:], strict=True) if part]
        codes += [STRETCH] if draft.menu[0].skill in ctx.inputs.stretch else []
        codes += [name for _, name in sorted(parts)]
    if draft.choice is not None and draft.menu[0].skill == ctx.inputs.wish:
        codes.append(WISHED)
    if draft.choice is not None:
        codes.append(f"context.{draft.choice.reason.value}")
    if ctx.inputs.responses < ctx.policy.low_evidence_student:
        codes.append("finding_out")
    return tuple(codes)


def _unchanged_slot(builder: DecisionBuilder, status: SlotStatus) -> UnchangedSlot:
    ctx, slot = builder.ctx, status.assignment.slot
    state = AssignmentState(status.assignment.state)
    assigns = ctx.inputs.scope is not None and not ctx.policy.needs_approval
    approved = slot in builder.approved_slots or _is_approved(ctx, status)
    if state is AssignmentState.PROPOSED and (assigns or approved):
        state = AssignmentState.ASSIGNED
    return UnchangedSlot(slot, status.materials, state, status.reason)


def _is_approved(ctx: DecisionContext, status: SlotStatus) -> bool:
    """Whether a teacher assigns this very material, and so has approved it."""
    return any(
        override.kind in _APPROVING_KINDS and not override.is_done and override.material == status.materials[0]
        for override in ctx.inputs.overrides
    )


def _explained(builder: DecisionBuilder, slot: UnchangedSlot, explainer: Explainer) -> UnchangedSlot:
    ctx, is_nearest = builder.ctx, builder.unchanged[slot.slot].assignment.is_nearest
    entry = ctx.catalogue.entries.get(slot.materials[0])
    if entry is None:
        return slot
    return replace(
        slot,
        because_gap=explainer.unchanged(entry.skills[0], is_nearest=is_nearest),
        because_interest=because_interest_unchanged(ctx, entry.context),
    )


def _state_changes(status: SlotStatus, slot: UnchangedSlot) -> bool:
    return status.assignment.state != slot.state.value


def _memory(builder: DecisionBuilder) -> DecisionMemory:
    inputs, window = builder.ctx.inputs, builder.ctx.policy.reuse_window
    until = inputs.evidence_until if builder.has_new_evidence else inputs.memory.evidence_counted_until
    return DecisionMemory(
        choice_count=builder.choice_count,
        better_counts=tuple(sorted(builder.better_counts.items())),
        replaced_materials=tuple(builder.replaced_materials)[-window:] if window else (),
        evidence_counted_until=None if until is None else until / MICROSECONDS,
        liked_topics=builder.liked_topics,
    )


def _catalogue_needs(builder: DecisionBuilder, no_assignment: NoAssignmentReason | None) -> tuple[CatalogueNeed, ...]:
    """Return what the catalogue lacks: the best-liked context for a skill, or any fitting material at all."""
    ctx = builder.ctx
    ctx.minutes_left = None
    # What is open on another list is in the catalogue: it is not lacking.
    ctx.open_materials -= {*ctx.inputs.others.materials, *ctx.inputs.others.ordered}
    search = CandidateSearch(ctx)
    if no_assignment in _CATALOGUE_REASONS:
        skills = search.rank_skills(ctx.scope)
        skill = next((skill for value, skill in skills if not search.best_of_skill(skill, value)), None)
        return () if skill is None else (CatalogueNeed(skill, "", 1.0),)
    ranked = [(-interest_score(ctx, topic), topic) for topic in ctx.inputs.interests if topic not in ctx.inputs.vetoes]
    if ctx.policy.interest_tolerance == 0 or not ranked or min(ranked)[0] == 0:
        return ()
    best, topic = min(ranked)
    prices: dict[int, int] = {}
    for default, menu in _open_menus(builder):
        price = -best - interest_score(ctx, default.context, default.depth)
        skill = default.skills[0]
        if price <= 0 or topic in {entry.context for entry in menu}:
            continue
        if not any(search.best_of_skill(skill, SCALE, (topic, depth.value)) for depth in Depth):
            prices[skill] = max(price, prices.get(skill, 0))
    return tuple(CatalogueNeed(skill, topic, price / SCALE) for skill, price in sorted(prices.items()))


def _missing_levels(builder: DecisionBuilder) -> Iterator[CatalogueNeed]:
    """Yield a need for each open assignment that is only the nearest, as no material of its skill fits."""
    skills = {status.assignment.skill for status in builder.unchanged.values() if status.assignment.is_nearest}
    skills |= {draft.menu[0].skill for draft in builder.drafts if Fallback.NEAREST in draft.fallbacks}
    for skill in sorted(skills):
        yield CatalogueNeed(skill, "", 1.0)


def _open_menus(builder: DecisionBuilder) -> Iterator[tuple[MaterialRow, list[MaterialRow]]]:
    """Yield the default and the whole menu of every open slot, unchanged or filled."""
    entries = builder.ctx.catalogue.entries
    for status in builder.unchanged.values():
        if status.materials[0] in entries:
            menu = [entries[material] for material in status.materials if material in entries]
            yield entries[status.materials[0]], menu
    for draft in builder.drafts:
        yield draft.menu[0].entry, [candidate.entry for candidate in draft.menu]


def _slot_record(ctx: DecisionContext, draft: SlotDraft, slot: FilledSlot) -> dict[str, Any]:
    """Return a filled slot as the record stores it, with the runner-up and why it lost."""
    choice = draft.choice
    record: dict[str, Any] = {
        "slot": draft.slot,
        "skill": slot.skill,
        "state": slot.state.value,
        "menu": [_candidate_record(ctx, candidate) for candidate in draft.menu],
        "reasons": slot.reasons,
        "rungs": [fallback.value for fallback in slot.fallbacks],
        "gap": slot.because_gap,
        "interest": slot.because_interest,
        "value": slot.value,
        "order": draft.override.id if draft.override else None,
    }
    if choice is not None:
        record |= {
            "price": choice.price,
            "skill_only": _candidate_record(ctx, choice.best),
            "runner_up": None if choice.runner_up is None else _candidate_record(ctx, choice.runner_up),
            "runner_up_lost": choice.runner_up_reason,
            "candidates": [_candidate_record(ctx, candidate) for candidate in draft.best_candidates],
        }
    return record


def _candidate_record(ctx: DecisionContext, candidate: Candidate) -> tuple[int, int, str | None, int, int, int]:
    """Return (material, skill, context, predicted success, value, interest score) of a candidate."""
    entry = candidate.entry
    return (
        entry.id,
        entry.skills[0],
        entry.context,
        candidate.predicted_success,
        candidate.value,
        interest_score(ctx, entry.context, entry.depth),
    )
