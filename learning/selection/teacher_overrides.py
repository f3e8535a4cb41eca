"""Teacher overrides come first: must-dos and pins are assigned before any automatic choice (H9)."""

from __future__ import annotations

from dataclasses import replace

from learning.selection.builder import DecisionBuilder, SlotDraft
from learning.selection.candidates import Candidate, CandidateSearch
from learning.selection.context import DecisionContext
from learning.selection.decision import Fallback, Trigger, UnmetOverride, Withdrawal
from learning.selection.fixed_point import SCALE
from learning.selection.hard_rules import Relaxation, broken_rules, is_active
from learning.selection.inputs import FixedOverride
from learning.selection.policy import OverrideKind
from learning.selection.stability import entry_of
from learning.selection.student import AssignmentState
from learning.selection.value import difficulty_fit, skill_value

NO_MATERIAL = "no_material"
"""The code of an override of a skill that has no material for the student."""
_KINDS_IN_ORDER = (OverrideKind.MUST_DO, OverrideKind.PIN)
_RELAXATIONS = (Relaxation(by_teacher=True), Relaxation(by_teacher=True, relaxed_band=True, reuse=True))


def apply_overrides(builder: DecisionBuilder) -> None:
    """Fill slots with what teachers assign, must-dos first, and list the overrides that cannot be met."""
    builder.ctx.minutes_left = None
    for kind in _KINDS_IN_ORDER:
        for override in builder.ctx.inputs.overrides:
            if override.kind == kind and not override.is_done and not _is_fulfilled(builder, override):
                _apply_one(builder, override)


def fulfil_by_chosen(builder: DecisionBuilder) -> None:
    """Let what was chosen since fulfil an override that found no material, as the next decision would find it done.

    Where nothing fits a skill with a gap, its nearest material is chosen after the overrides.
    """
    unmet = {each.override_id for each in builder.unmet_overrides if each.reason == NO_MATERIAL}
    for override in builder.ctx.inputs.overrides:
        if override.id not in unmet:
            continue
        of_skill = [place for place, draft in enumerate(builder.drafts) if draft.menu[0].skill == override.skill]
        if of_skill and builder.drafts[of_skill[0]].override is None:
            builder.drafts[of_skill[0]] = replace(builder.drafts[of_skill[0]], override=override)
            builder.unmet_overrides.remove(UnmetOverride(override.id, NO_MATERIAL))


def _is_fulfilled(builder: DecisionBuilder, override: FixedOverride) -> bool:
    if override.material is None:
        return _has_slot_of_skill(builder, override)
    if override.material in builder.ctx.inputs.others.materials:
        return True  # A material is open once, on whichever list.
    unchanged = any(status.materials[0] == override.material for status in builder.unchanged.values())
    return unchanged or any(draft.menu[0].entry.id == override.material for draft in builder.drafts)


def _has_slot_of_skill(builder: DecisionBuilder, override: FixedOverride) -> bool:
    """Whether the skill has a slot that the student sees; a proposal becomes one, and only one does."""
    if any(draft.menu[0].skill == override.skill and draft.override for draft in builder.drafts):
        return True
    of_skill = [slot for slot, status in builder.unchanged.items() if status.assignment.skill == override.skill]
    seen = [slot for slot in of_skill if builder.unchanged[slot].assignment.state != AssignmentState.PROPOSED]
    if of_skill and not seen:
        builder.approved_slots.add(min(of_skill))
    return bool(of_skill)


def _apply_one(builder: DecisionBuilder, override: FixedOverride) -> None:
    reason = obstacle(builder.ctx, override)
    if reason:
        builder.unmet_overrides.append(UnmetOverride(override.id, reason))
    elif override.material is not None:
        _assign_material(builder, override, override.material)
    else:
        _assign_skill(builder, override)


def obstacle(ctx: DecisionContext, override: FixedOverride) -> str:
    """Return the code of what even a teacher cannot override, or ""."""
    if override.material is None:
        has_belief = override.skill is not None and ctx.skill_view(override.skill) is not None
        return "H5.forbidden" if override.skill in ctx.forbidden_skills else "" if has_belief else "no_belief"
    entry = entry_of(ctx, override.material)
    if entry is None or not is_active(ctx, entry):
        return "H1.active"
    if override.material in ctx.forbidden_materials or not ctx.forbidden_skills.isdisjoint(entry.skills):
        return "H5.forbidden"
    return "no_belief" if ctx.predict_success(entry) is None else ""


def _assign_material(builder: DecisionBuilder, override: FixedOverride, material: int) -> None:
    """Assign this material, whatever hard rules it breaks; the record lists them."""
    ctx = builder.ctx
    entry = ctx.catalogue.entries[material]
    _remove_from_menus(builder, material)
    success, value = ctx.predict_success(entry), skill_value(ctx, entry.skills[0])
    fit = difficulty_fit(success or 0, target=ctx.policy.target_success)
    candidate = Candidate(entry, success or 0, value.total * fit // SCALE if value else 0)
    codes = tuple(rule.code for rule in broken_rules(ctx, entry))
    slot = _make_room(builder)
    builder.drafts.append(
        SlotDraft(slot, (candidate,), None, (), (Fallback.TEACHER,), override=override, broken_rules=codes)
    )
    ctx.add_menu([entry])


def _remove_from_menus(builder: DecisionBuilder, material: int) -> None:
    """Remove a material from the menus on which it is an alternate: it gets its own slot."""
    builder.drafts[:] = [
        replace(draft, menu=(draft.menu[0], *(each for each in draft.menu[1:] if each.entry.id != material)))
        for draft in builder.drafts
    ]
    for slot, status in builder.unchanged.items():
        if material in status.materials[1:]:
            others = tuple(other for other in status.materials if other != material)
            builder.unchanged[slot] = status._replace(materials=others)
            builder.withdrawals.append(Withdrawal(slot, material, Trigger.TEACHER, "own_slot"))
            return


def _assign_skill(builder: DecisionBuilder, override: FixedOverride) -> None:
    """Assign the best-fitting material of the skill, whether or not the skill is in scope, needed or ready."""
    for relaxation in _RELAXATIONS:
        search = CandidateSearch(builder.ctx, relaxation)
        candidates = search.best_candidates([override.skill] if override.skill is not None else [])
        if candidates:
            builder.fill_slot(search, candidates, slot=_make_room(builder), override=override)
            return
    builder.unmet_overrides.append(UnmetOverride(override.id, NO_MATERIAL))


def _make_room(builder: DecisionBuilder) -> int:
    """Return a slot for a teacher override: a free one, the least valuable one, or one more than the limit."""
    if not builder.has_room():
        slot = builder.least_valuable_slot()
        if slot is not None:
            builder.exclude(slot)
            builder.withdraw(slot, Trigger.TEACHER, "made_room")
    return builder.first_free_slot()
