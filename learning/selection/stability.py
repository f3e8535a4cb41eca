"""Stability: an unattempted assignment stays unless a named trigger fires."""

from __future__ import annotations

from typing import NamedTuple

from learning.selection.context import DecisionContext
from learning.selection.decision import Trigger, Withdrawal
from learning.selection.fixed_point import SCALE
from learning.selection.hard_rules import RULES, RULES_FOR_OPEN_WORK, is_needed, is_stretch, level_fits, outside_needs
from learning.selection.inputs import FixedAssignment, FixedOverride
from learning.selection.material_index import MaterialRow
from learning.selection.policy import OverrideKind
from learning.selection.student import AssignmentState
from learning.selection.value import difficulty_fit, less_repetition, skill_value


class SlotStatus(NamedTuple):
    """Whether an open slot stays, with what materials, and why."""

    assignment: FixedAssignment
    materials: tuple[int, ...]
    """The materials of the menu that stay; empty where the slot becomes free."""
    reason: str
    withdrawals: tuple[Withdrawal, ...]
    is_protected: bool = False
    """It is started or a teacher override keeps it, so nothing replaces it."""

    @property
    def stays(self) -> bool:
        """Whether neither age nor something better replaces it."""
        return self.is_protected or self.assignment.is_nearest


def slot_status(ctx: DecisionContext, assignment: FixedAssignment) -> SlotStatus:
    """Return whether an open slot stays, which materials of its menu stay, and why."""
    # The whole menu goes into the record: what a decision asks of it later may depend on any of its materials.
    entry, *_ = (entry_of(ctx, material) for material in assignment.materials)
    if assignment.attempted_materials is not None:
        return _withdraw_all(assignment, Trigger.ATTEMPTED, "")
    if assignment.materials[0] in ctx.forbidden_materials or assignment.skill in ctx.forbidden_skills:
        return _withdraw_all(assignment, Trigger.TEACHER, "forbid")
    if assignment.state == AssignmentState.STARTED:
        return SlotStatus(assignment, assignment.materials, "started", (), is_protected=True)
    if kind := protecting_override(ctx, assignment):
        return SlotStatus(assignment, assignment.materials, f"teacher.{kind}", (), is_protected=True)
    code = broken_rule(ctx, entry, is_nearest=assignment.is_nearest) if entry else "H1.active"
    if code or entry is None:
        return _withdraw_all(assignment, Trigger.RULE_BROKEN, code)
    return _without_broken_alternates(ctx, assignment, entry)


def entry_of(ctx: DecisionContext, material: int) -> MaterialRow | None:
    """Return the catalogue's entry of an assigned material, and mark it for the record."""
    entry = ctx.catalogue.entries.get(material)
    if entry is not None:
        ctx.record_entry(entry)
    return entry


def protecting_override(ctx: DecisionContext, assignment: FixedAssignment) -> str:
    """Return the kind of the teacher override that keeps a slot as it is, or ""."""
    for override in ctx.inputs.overrides:
        if override.kind == OverrideKind.FORBID or override.is_done:
            continue
        # What a teacher assigns leaves another menu for a slot of its own, so it keeps only the slot that it heads.
        guarded = assignment.materials if override.kind == OverrideKind.HOLD else assignment.materials[:1]
        applies = override.material in guarded if override.material is not None else override.skill == assignment.skill
        if applies or _holds_everything(override):
            return override.kind
    return ""


def is_on_hold(ctx: DecisionContext) -> bool:
    """Whether everything stays as it is, since a teacher holds it or the list is closing: nothing new is assigned."""
    return ctx.inputs.is_closing or any(_holds_everything(override) for override in ctx.inputs.overrides)


def _holds_everything(override: FixedOverride) -> bool:
    return override.kind == OverrideKind.HOLD and override.material is None and override.skill is None


def broken_rule(ctx: DecisionContext, entry: MaterialRow, *, is_nearest: bool) -> str:
    """Return the code of the rule that ends an open assignment, or "".

    Difficulty is checked in the relaxed band, certainty of prerequisites with more doubt, and a prerequisite that a
    skill in scope waits for counts as in scope, so that an assignment does not come and go with every answer. So does
    the next grade while nothing is below target. The nearest material of a skill where none fits was assigned whatever
    its difficulty.
    """
    skill = entry.skills[0]
    if not (skill in ctx.scope or is_stretch(ctx, skill) or skill in missing_prerequisites(ctx)):
        return "H1.scope"
    if not is_nearest and not level_fits(ctx, entry, relaxed=True):
        return "H3.level"
    if not all(ctx.stays_ready(need) for need in outside_needs(ctx, entry.skills)):
        return "H2.prerequisite"
    return next((rule.code for rule in RULES if rule.code in RULES_FOR_OPEN_WORK and not rule.holds(ctx, entry)), "")


def missing_prerequisites(ctx: DecisionContext) -> frozenset[int]:
    """Return the prerequisites, direct or not, that are not ready and that needed skills in scope wait for."""
    missing: set[int] = set()
    pending = [skill for skill in sorted(ctx.scope) if is_needed(ctx, skill)]
    while pending:
        for prerequisite in ctx.catalogue.prerequisites.get(pending.pop(), ()):
            if prerequisite not in missing and ctx.skill_view(prerequisite) and not ctx.is_ready(prerequisite):
                missing.add(prerequisite)
                pending.append(prerequisite)
    return frozenset(missing)


def _withdraw_all(assignment: FixedAssignment, trigger: Trigger, detail: str) -> SlotStatus:
    attempted = assignment.attempted_materials or ()
    withdrawals = tuple(
        Withdrawal(assignment.slot, material, trigger, "done" if material in attempted else detail)
        for material in assignment.materials
    )
    return SlotStatus(assignment, (), "", withdrawals)


def _without_broken_alternates(ctx: DecisionContext, assignment: FixedAssignment, entry: MaterialRow) -> SlotStatus:
    """Return a slot that stays, without the alternates that break a rule by now."""
    materials: list[int] = [assignment.materials[0]]
    withdrawals: list[Withdrawal] = []
    for material in assignment.materials[1:]:
        code = _rule_broken_by_alternate(ctx, material)
        if code == "H5.forbidden":
            withdrawals.append(Withdrawal(assignment.slot, material, Trigger.TEACHER, "forbid"))
        elif code:
            withdrawals.append(Withdrawal(assignment.slot, material, Trigger.RULE_BROKEN, code))
        else:
            materials.append(material)
    reason = "kept" if level_fits(ctx, entry) else "wider_band"
    return SlotStatus(assignment, tuple(materials), reason, tuple(withdrawals))


def without_ordered_elsewhere(ctx: DecisionContext, status: SlotStatus) -> SlotStatus:
    """Return a slot without the alternates that a teacher assigned on another list, where they get their own slot."""
    ordered = ctx.inputs.others.ordered
    leaving = [material for material in status.materials[1:] if material in ordered]
    if not leaving:
        return status
    withdrawals = [Withdrawal(status.assignment.slot, material, Trigger.TEACHER, "own_slot") for material in leaving]
    return status._replace(
        materials=tuple(material for material in status.materials if material not in leaving),
        withdrawals=(*status.withdrawals, *withdrawals),
    )


def _rule_broken_by_alternate(ctx: DecisionContext, material: int) -> str:
    entry = entry_of(ctx, material)
    if entry is None:
        return "H1.active"
    codes = ("H1.active", "H5.forbidden", "H5.veto")
    return next((rule.code for rule in RULES if rule.code in codes and not rule.holds(ctx, entry)), "")


def is_expired(ctx: DecisionContext, assignment: FixedAssignment) -> bool:
    """Whether an assignment was left unattempted past the limit, so that another is tried."""
    return ctx.inputs.as_of - assignment.assigned_at > ctx.policy.hold_limit_seconds


def current_value(ctx: DecisionContext, assignment: FixedAssignment) -> int:
    """Return the value of an excluded slot today: its own use must not count as repetition."""
    entry = ctx.catalogue.entries[assignment.materials[0]]
    value, success = skill_value(ctx, entry.skills[0]), ctx.predict_success(entry)
    if value is None or success is None:
        return 0
    fresh = less_repetition(value.total, ctx.recent_skills.count(entry.skills[0]))
    return fresh * difficulty_fit(success, target=ctx.policy.target_success) // SCALE


def has_new_evidence(ctx: DecisionContext) -> bool:
    """Whether evidence is newer than at the last refresh that counted, so that this one counts."""
    newest, counted = ctx.inputs.evidence_until, ctx.inputs.memory.evidence_counted_until
    return newest is not None and (counted is None or newest > counted)


def has_newer_evidence_than(ctx: DecisionContext, assignment: FixedAssignment) -> bool:
    """Whether evidence is newer than what an assignment was based on."""
    newest = ctx.inputs.evidence_until
    return newest is not None and (assignment.evidence_until is None or newest > assignment.evidence_until)
