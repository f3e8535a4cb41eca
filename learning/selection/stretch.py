"""Stretch: one slot for the next grade, where a student has nothing below target."""

from __future__ import annotations

from learning.selection.builder import DecisionBuilder
from learning.selection.candidates import CandidateSearch
from learning.selection.context import DecisionContext
from learning.selection.hard_rules import Relaxation, has_skill_below_target, is_at_target

OUTSIDE_SCOPE = Relaxation(outside_scope=True)
"""The next grade is outside the class's scope; every other rule holds."""


def fill_stretch(builder: DecisionBuilder, *, slot: int) -> bool:
    """Fill a slot with the next grade's skill whose prerequisites are at target; return whether there is one.

    A list has one such slot, and none while any skill in scope is below its target: then an unattempted one is
    withdrawn too (`stability.broken_rule`).
    """
    ctx = builder.ctx
    if not ctx.inputs.stretch or builder.open_skills() & ctx.inputs.stretch or has_skill_below_target(ctx):
        return False
    skills = [skill for skill in sorted(ctx.inputs.stretch) if _is_next(ctx, skill)]
    search = CandidateSearch(ctx, OUTSIDE_SCOPE)
    candidates = search.best_candidates(skills)
    if candidates:
        builder.fill_slot(search, candidates, slot=slot)
    return bool(candidates)


def _is_next(ctx: DecisionContext, skill: int) -> bool:
    if skill in ctx.inputs.others.skills:
        return False
    return all(is_at_target(ctx, need) for need in ctx.catalogue.prerequisites.get(skill, ()))
