"""The hard rules: a material that breaks one is never assigned automatically; each has a sentence for teachers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from learning.mastery.beliefs import GapStatus
from learning.selection.context import DecisionContext
from learning.selection.fixed_point import SCALE
from learning.selection.material_index import MaterialRow


class Relaxation(NamedTuple):
    """Which rules a fallback, or a teacher, relaxes."""

    relaxed_band: bool = False
    """H3 with the relaxed band."""
    reuse: bool = False
    """H6 for the last few attempts only."""
    neutral_only: bool = False
    """Neutral materials only, and these without H6."""
    outside_scope: bool = False
    """Without H1's scope, for a prerequisite outside the class's scope."""
    by_teacher: bool = False
    """Without H1's scope, H2 and H4: the teacher asks for it."""
    nearest: bool = False
    """Without H3 and L15: the nearest material, after failures the easiest."""
    any_use: bool = False
    """Without H6."""


NO_RELAXATION = Relaxation()
ANY_SUCCESS = (0, SCALE)
MIN_ATTEMPTS_BEFORE_REUSE = 5
"""Attempts after which a fallback may use a material again."""


def in_scope(ctx: DecisionContext, skill: int) -> bool:
    """H1: the skill is in the class's scope."""
    return skill in ctx.scope


def all_in_scope(ctx: DecisionContext, skills: tuple[int, ...]) -> bool:
    """H1: the skill that a material is for is in scope, and its other skills are in scope or ready."""
    return skills[0] in ctx.scope and others_in_scope(ctx, skills)


def others_in_scope(ctx: DecisionContext, skills: tuple[int, ...]) -> bool:
    """H1: the other skills that a material practises are in scope or ready."""
    return all(skill in ctx.scope or ctx.is_ready(skill) for skill in skills[1:])


def is_active(ctx: DecisionContext, entry: MaterialRow) -> bool:
    """H1: the material is in its active window."""
    has_begun = entry.active_from is None or entry.active_from <= ctx.inputs.as_of
    return has_begun and (entry.active_until is None or ctx.inputs.as_of < entry.active_until)


def language_matches(ctx: DecisionContext, entry: MaterialRow) -> bool:
    """H1: the material is in the student's language."""
    return entry.language == ctx.inputs.language


def licence_allowed(ctx: DecisionContext, entry: MaterialRow) -> bool:
    """H1: the school allows this licence."""
    return ctx.policy.licences is None or (entry.licence or "") in ctx.policy.licences


def prerequisites_are_ready(ctx: DecisionContext, skills: tuple[int, ...]) -> bool:
    """H2: every strong prerequisite is ready, or the material practises it itself."""
    return all(ctx.is_ready(need) for need in outside_needs(ctx, skills))


def outside_needs(ctx: DecisionContext, skills: tuple[int, ...]) -> list[int]:
    """Return the strong prerequisites of skills that are not among them."""
    return [need for skill in skills for need in ctx.catalogue.prerequisites.get(skill, ()) if need not in skills]


def success_band(ctx: DecisionContext, skill: int, *, relaxed: bool = False) -> tuple[int, int]:
    """H3: return the lowest and highest predicted success at which a material of this skill fits."""
    if relaxed:
        return ctx.policy.relaxed_band
    view = ctx.skill_view(skill)
    return ctx.policy.low_evidence_band if view is None or view.has_low_evidence else ctx.policy.success_band


def level_fits(ctx: DecisionContext, entry: MaterialRow, *, relaxed: bool = False) -> bool:
    """H3: the material is neither too easy nor too hard."""
    success = ctx.predict_success(entry)
    low, high = success_band(ctx, entry.skills[0], relaxed=relaxed)
    return success is not None and low <= success <= high


def below_target(ctx: DecisionContext, skill: int) -> bool:
    """H4, first reason: mastery is not surely at the target."""
    view = ctx.skill_view(skill)
    return view is not None and view.gap_status is not GapStatus.MET


def needs_more_contexts(ctx: DecisionContext, skill: int) -> bool:
    """H4, second reason: the skill was practised in too few contexts."""
    return len(ctx.inputs.history.contexts_by_skill.get(skill, ())) < ctx.policy.min_contexts


def is_due_for_review(ctx: DecisionContext, skill: int) -> bool:
    """H4, third reason: retention has fallen below the threshold."""
    view = ctx.skill_view(skill)
    return view is not None and view.belief.retention < ctx.policy.review_threshold


def is_needed(ctx: DecisionContext, skill: int) -> bool:
    """H4: the skill is below target, practised in too few contexts, or due for review."""
    if ctx.skill_view(skill) is None:
        return False
    # The cheapest and most often true condition comes first.
    return needs_more_contexts(ctx, skill) or below_target(ctx, skill) or is_due_for_review(ctx, skill)


def is_at_target(ctx: DecisionContext, skill: int) -> bool:
    """Whether a skill is believed to be at its target, and likely is."""
    view = ctx.skill_view(skill)
    return view is not None and view.mastery >= ctx.policy.mastery_target and view.gap_status is not GapStatus.GAP


def has_skill_below_target(ctx: DecisionContext) -> bool:
    """Whether any skill in scope is below its target, or nothing is believed of any: the next grade has to wait."""
    skills = [skill for skill in sorted(ctx.scope) if ctx.skill_view(skill)]
    return not skills or not all(is_at_target(ctx, skill) for skill in skills)


def is_stretch(ctx: DecisionContext, skill: int) -> bool:
    """H1 for the next grade: it counts as in scope while nothing in scope is below target."""
    return skill in ctx.inputs.stretch and not has_skill_below_target(ctx)


def not_forbidden(ctx: DecisionContext, entry: MaterialRow) -> bool:
    """H5: no teacher forbids the material or one of its skills."""
    if entry.id in ctx.forbidden_materials:
        return False
    return not ctx.forbidden_skills or ctx.forbidden_skills.isdisjoint(entry.skills)


def not_vetoed(ctx: DecisionContext, entry: MaterialRow) -> bool:
    """H5: the student has not vetoed the context."""
    return entry.context not in ctx.inputs.vetoes


def reading_level_fits(ctx: DecisionContext, entry: MaterialRow) -> bool:
    """H5: the text is at most a little harder than the student's reading level."""
    if entry.reading_level is None or ctx.inputs.reading_level is None:
        return True
    return entry.reading_level <= ctx.inputs.reading_level + ctx.policy.reading_allowance


def not_used_recently(ctx: DecisionContext, entry: MaterialRow) -> bool:
    """H6: the material was not used in recent attempts."""
    return entry.id not in ctx.recent_materials


def not_among_last_attempts(ctx: DecisionContext, entry: MaterialRow) -> bool:
    """H6 in a fallback: the material was not used in the last few attempts."""
    return entry.id not in ctx.inputs.history.materials[-MIN_ATTEMPTS_BEFORE_REUSE:]


def context_not_overused(ctx: DecisionContext, context: str | None) -> bool:
    """H6: with this material, its context stays within its share of recent attempts; neutral has no limit."""
    if context is None:
        return True
    return context not in ctx.overused_contexts()


def open_limit(ctx: DecisionContext) -> tuple[int, int]:
    """H7: return how many assignments, and how many minutes of them, may be open for this student."""
    policy, rate = ctx.policy, ctx.inputs.completion_rate
    if rate is None or rate.days < policy.completion_rate_days:
        return policy.slots, policy.max_open_minutes
    assignments = max(min(rate.assignments, policy.slots), min(policy.min_open, policy.slots))
    return assignments, max(min(rate.minutes, policy.max_open_minutes), policy.min_open_minutes)


def short_enough(ctx: DecisionContext, entry: MaterialRow) -> bool:
    """H7: the material fits into the minutes that are left."""
    return ctx.minutes_left is None or entry.minutes <= ctx.minutes_left


def not_stuck(ctx: DecisionContext, entry: MaterialRow) -> bool:
    """L15: after several failures in a row on a skill, the material is easier than each of them."""
    limits = ctx.inputs.history.difficulty_limits
    return not limits or all(skill not in limits or entry.difficulty < limits[skill] for skill in entry.skills)


class Rule(NamedTuple):
    """A hard rule with its code and the sentence that answers "why not this one?"."""

    code: str
    sentence: str
    holds: Callable[[DecisionContext, MaterialRow], bool]


RULES: tuple[Rule, ...] = (
    Rule("H1.scope", "The class is not at this skill now.", lambda ctx, entry: all_in_scope(ctx, entry.skills)),
    Rule("H1.active", "It is not in use at this time.", is_active),
    Rule("H1.language", "It is in another language.", language_matches),
    Rule("H1.licence", "Its licence is not one that the school allows.", licence_allowed),
    Rule(
        "H2.prerequisite",
        "Something that it builds on is not secure yet.",
        lambda ctx, entry: prerequisites_are_ready(ctx, entry.skills),
    ),
    Rule("H3.level", "It would be too easy or too hard.", level_fits),
    Rule("H4.need", "The skill is secure and not due again.", lambda ctx, entry: is_needed(ctx, entry.skills[0])),
    Rule("H5.forbidden", "A teacher has ruled it out.", not_forbidden),
    Rule("H5.veto", "The student does not want its theme.", not_vetoed),
    Rule("H5.reading", "It reads too hard.", reading_level_fits),
    Rule("H6.reuse", "It was used a short while ago.", not_used_recently),
    Rule(
        "H6.context",
        "Its theme has come up too often recently.",
        lambda ctx, entry: context_not_overused(ctx, entry.context),
    ),
    Rule("L15.stuck", "It is as hard as what went wrong several times in a row.", not_stuck),
)
RULES_FOR_OPEN_WORK = frozenset(
    {"H1.active", "H1.language", "H1.licence", "H4.need", "H5.forbidden", "H5.veto", "H5.reading"}
)
"""Codes of the rules that open assignments must still meet; scope, prerequisites and level: in a relaxed form."""


def broken_rules(ctx: DecisionContext, entry: MaterialRow) -> tuple[Rule, ...]:
    """Return the hard rules that a material breaks for this student now; they answer "why not this one?"."""
    return tuple(rule for rule in RULES if not rule.holds(ctx, entry))


def skill_allowed(ctx: DecisionContext, skill: int, relaxation: Relaxation = NO_RELAXATION) -> bool:
    """Whether materials for a skill may be assigned, as far as the skill alone decides."""
    if ctx.skill_view(skill) is None or skill in ctx.forbidden_skills:
        return False
    if relaxation.by_teacher:
        return True
    return (relaxation.outside_scope or in_scope(ctx, skill)) and is_needed(ctx, skill)


def skill_set_allowed(ctx: DecisionContext, skills: tuple[int, ...], relaxation: Relaxation = NO_RELAXATION) -> bool:
    """Whether materials that practise these skills may be assigned: scope, prerequisites, teacher overrides."""
    if not ctx.forbidden_skills.isdisjoint(skills) or ctx.success_model(skills) is None:
        return False
    if relaxation.by_teacher:
        return True
    is_in_scope = others_in_scope(ctx, skills) if relaxation.outside_scope else all_in_scope(ctx, skills)
    return is_in_scope and prerequisites_are_ready(ctx, skills)


def entry_allowed(ctx: DecisionContext, entry: MaterialRow, relaxation: Relaxation = NO_RELAXATION) -> bool:
    """Whether a material of an allowed skill set may be assigned."""
    if entry.id in ctx.open_materials or not not_forbidden(ctx, entry):
        return False
    if relaxation.neutral_only and entry.context is not None:
        return False
    if not (
        relaxation.neutral_only
        or relaxation.any_use
        or not_used_recently(ctx, entry)
        or (relaxation.reuse and not_among_last_attempts(ctx, entry))
    ):
        return False
    return (
        not_vetoed(ctx, entry)
        and (relaxation.any_use or context_not_overused(ctx, entry.context))
        and language_matches(ctx, entry)
        and licence_allowed(ctx, entry)
        and reading_level_fits(ctx, entry)
        and short_enough(ctx, entry)
        and is_active(ctx, entry)
        and (relaxation.nearest or not_stuck(ctx, entry))
    )
