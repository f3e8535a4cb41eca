"""Deliberate faults in the decision, each with the law that must catch it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

from learning.selection import (
    builder,
    candidates,
    context,
    decide,
    gaps_first,
    hard_rules,
    inputs,
    interest_choice,
    record,
    stability,
    student_decision,
)
from learning.selection.decision import Trigger
from learning.selection.fixed_point import text_hash64
from learning.selection.value import SkillValue, skill_value


class Mutant(NamedTuple):
    """One fault: `replacement` stands in for the attribute `name` of `owner`."""

    law: str
    fault: str
    owner: Any
    name: str
    replacement: Callable[..., Any]


def _always(*_: object, **__: object) -> bool:
    return True


def _with_interest(ctx: context.DecisionContext, skill: int) -> SkillValue | None:
    """The classic failure: interest as one more weight in a skill's value."""
    value = skill_value(ctx, skill)
    highest = max((interest for interest, _ in ctx.inputs.interests.values()), default=0)
    return value and value._replace(total=value.total + highest * (skill % 3))


def _with_title(ctx: context.DecisionContext, skill: int) -> SkillValue | None:
    value = skill_value(ctx, skill)
    return value and value._replace(total=value.total + text_hash64(ctx.catalogue.skills[skill].title) % 1_000)


def _least_liked_first(of: inputs.Inputs) -> dict[Any, int]:
    return {key: 20_000 - score for key, score in reversed(_interest_scores(of).items())}


def _by_interest(ctx: context.DecisionContext, key: Any) -> tuple[Any, ...]:
    return -ctx.interest_scores.get(key, 0), False, 0, repr(key)


def _beyond_tolerance(ctx: context.DecisionContext, search: Any, pool: list[Any], *, explore: bool = False) -> Any:
    ctx.policy = ctx.policy._replace(interest_tolerance=ctx.policy.interest_tolerance or 1_500)
    return _choose_context(ctx, search, pool, explore=explore)


def _ready_at_all(ctx: context.DecisionContext, skill: int) -> bool:
    view = ctx.skill_view(skill)
    return view is not None and view.mastery >= ctx.policy.readiness_threshold


def _only_of_index(ctx: context.DecisionContext, material: int) -> Any:
    return ctx.catalogue.entries.get(material)


def _counted_hash(*_: int) -> int:
    return next(_counter) * 7919 % 104_729


def _fewer_materials(used: Any) -> Any:
    whole = _catalogue_record(used)
    return whole | {"materials": whole["materials"][1:]}


def _unsorted(values: Any, **_: object) -> list[Any]:
    return list(values)


_counter = itertools.count()
_interest_scores = context._interest_scores
_choose_context = interest_choice.choose_context
_catalogue_record = record._catalogue_record
_to_fixed_point = inputs.to_fixed_point

MUTANTS: tuple[Mutant, ...] = (
    Mutant("L1", "attempts count in the order of arrival", inputs, "sorted", _unsorted),
    Mutant("L2", "every refresh counts, with or without new evidence", builder, "has_new_evidence", _always),
    Mutant(
        "L3",
        "H1: scope is ignored",
        student_decision,
        "to_fixed_point",
        lambda student, **kwargs: _to_fixed_point(student, **(kwargs | {"scope": None})),
    ),
    Mutant("L3", "H1: the scope of further skills is ignored", hard_rules, "others_in_scope", _always),
    Mutant("L3", "H1: the active window is ignored", hard_rules, "is_active", _always),
    Mutant("L3", "H1: the language is ignored", hard_rules, "language_matches", _always),
    Mutant("L3", "H1: the licence is ignored", hard_rules, "licence_allowed", _always),
    Mutant("L3", "H2: prerequisites are ignored", hard_rules, "prerequisites_are_ready", _always),
    Mutant(
        "L3",
        "H3: the band is the relaxed one for everybody",
        candidates,
        "success_band",
        lambda ctx, *_, **__: ctx.policy.relaxed_band,
    ),
    Mutant(
        "L3",
        "H4: a skill at its target is still practised",
        hard_rules,
        "is_needed",
        lambda ctx, skill: ctx.skill_view(skill) is not None,
    ),
    Mutant("L3", "H5: vetoes are ignored", hard_rules, "not_vetoed", _always),
    Mutant("L3", "H5: the reading level is ignored", hard_rules, "reading_level_fits", _always),
    Mutant("L3", "H6: recently used materials come again", hard_rules, "not_used_recently", _always),
    Mutant(
        "L3",
        "H6: what was replaced comes back at once",
        hard_rules,
        "not_used_recently",
        lambda ctx, entry: entry.id not in ctx.inputs.history.materials,
    ),
    Mutant("L3 contexts", "H6: one context may come for ever", hard_rules, "context_not_overused", _always),
    Mutant("L3 pace", "H7: the student's pace is ignored", builder, "open_limit", lambda _: (9, 900)),
    Mutant("L4", "interest chooses outside the tolerance", interest_choice, "within_tolerance", lambda *args: args[2]),
    Mutant("L4", "a tolerance of 0 is ignored", builder, "choose_context", _beyond_tolerance),
    Mutant("L4", "a menu at tolerance 0 is in the order of interest", interest_choice, "_menu_rank", _by_interest),
    Mutant("L4 wish", "a wish is not heard", interest_choice, "wished", lambda _, near_best: near_best),
    Mutant(
        "L4 wish",
        "a wish is fulfilled at any price",
        builder,
        "choose_context",
        lambda ctx, search, pool, **more: _choose_context(ctx, search, interest_choice.wished(ctx, pool), **more),
    ),
    Mutant("L5", "interest is one more weight", candidates, "skill_value", _with_interest),
    Mutant("L6", "the less liked context is chosen", context, "_interest_scores", _least_liked_first),
    Mutant(
        "L6",
        "higher mastery is less ready",
        context.DecisionContext,
        "is_ready",
        lambda ctx, skill: bool((view := ctx.skill_view(skill)) and view.mastery < 6000),
    ),
    Mutant("L7", "pins and must-dos are ignored", decide, "apply_overrides", lambda _: None),
    Mutant("L7", "holds are ignored", stability, "protecting_override", lambda *_: ""),
    Mutant(
        "L7",
        "forbidden materials are still allowed",
        candidates,
        "entry_allowed",
        lambda ctx, entry, _: entry.id not in ctx.open_materials,
    ),
    Mutant("L8", "an assignment is withdrawn without a reason", stability, "broken_rule", lambda *_, **__: "H3.level"),
    Mutant(
        "L8",
        "an assignment is replaced at once, on no evidence",
        decide,
        "replace_with_better",
        lambda builder, _: [builder.withdraw(slot, Trigger.BETTER) for slot in list(builder.unchanged)],
    ),
    Mutant("L10", "a skill's title has a weight", candidates, "skill_value", _with_title),
    Mutant("L13", "ties are broken at random", context, "hash64", _counted_hash),
    Mutant("L13", "a record lacks a material", record, "_catalogue_record", _fewer_materials),
    Mutant(
        "L14", "interests are read without consent", inputs, "permitted_interests", lambda student: student.interests
    ),
    Mutant("L15", "failures in a row change nothing", hard_rules, "not_stuck", _always),
    Mutant(
        "L3", "H2: a prerequisite is ready by its mastery alone", context.DecisionContext, "is_ready", _ready_at_all
    ),
    Mutant("L16", "a gap waits for what is at its target", gaps_first, "waiting_gaps", lambda *_, **__: []),
    Mutant("L18", "a gap at the root waits for what is worth more", gaps_first, "roots_of", lambda *_: frozenset()),
    Mutant("L13", "a record lacks a menu's alternates", stability, "entry_of", _only_of_index),
)
