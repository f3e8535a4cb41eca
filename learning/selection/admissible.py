"""The hard rules: what fails one is never assigned by the machine, and each can say so to a teacher."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from learning.beliefs import Standing
from learning.selection.case import Case
from learning.selection.shelves import Entry


class Waivers(NamedTuple):
    """What a rung of the ladder, or a teacher, sets aside."""

    wide: bool = False
    """H3 with the wide band."""
    reuse: bool = False
    """H6: used lately is no hindrance, but for the very last attempts."""
    neutral: bool = False
    """Neutral materials only, whenever they were used."""
    beyond_scope: bool = False
    """H1: a prerequisite outside the class's scope."""
    teacher: bool = False
    """H1's scope, H2 and H4: the teacher asks for it."""


NO_WAIVERS = Waivers()
REUSE_AFTER = 5
"""Attempts after which the ladder lets a material come again."""


def in_scope(case: Case, skill: int) -> bool:
    """H1: the class is at this skill."""
    return skill in case.scope


def all_in_scope(case: Case, skills: tuple[int, ...]) -> bool:
    """H1: the class is at the skill that a material is for, and at the others too unless they are ready."""
    return skills[0] in case.scope and others_in_scope(case, skills)


def others_in_scope(case: Case, skills: tuple[int, ...]) -> bool:
    """H1: what a material practises besides is in scope too, or ready."""
    return all(skill in case.scope or case.ready(skill) for skill in skills[1:])


def active(case: Case, entry: Entry) -> bool:
    """H1: the material is in its active window."""
    begun = entry.active_from is None or entry.active_from <= case.inputs.as_of
    return begun and (entry.active_until is None or case.inputs.as_of < entry.active_until)


def language_fits(case: Case, entry: Entry) -> bool:
    """H1: the material is in the student's language."""
    return entry.language == case.inputs.language


def licence_allowed(case: Case, entry: Entry) -> bool:
    """H1: the school may use material under this licence."""
    return case.rules.licences is None or (entry.licence or "") in case.rules.licences


def prerequisites_ready(case: Case, skills: tuple[int, ...]) -> bool:
    """H2: every strong prerequisite is ready, or the material practises it itself."""
    needs = case.catalogue.needs
    return all(need in skills or case.ready(need) for skill in skills for need in needs.get(skill, ()))


def band(case: Case, skill: int, *, wide: bool = False) -> tuple[int, int]:
    """H3: between which predicted successes a material of this skill fits."""
    if wide:
        return case.rules.wide_band
    view = case.view(skill)
    return case.rules.thin_band if view is None or view.thin else case.rules.band


def level_fits(case: Case, entry: Entry, *, wide: bool = False) -> bool:
    """H3: neither too easy nor too hard."""
    success = case.success(entry)
    low, high = band(case, entry.skills[0], wide=wide)
    return success is not None and low <= success <= high


def below_target(case: Case, skill: int) -> bool:
    """H4, first reason: mastery is not surely at its target."""
    view = case.view(skill)
    return view is not None and view.standing is not Standing.MET


def wants_contexts(case: Case, skill: int) -> bool:
    """H4, second reason: the skill was not yet seen in enough contexts."""
    return len(case.inputs.past.seen.get(skill, ())) < case.rules.contexts_wanted


def due_for_review(case: Case, skill: int) -> bool:
    """H4, third reason: what was known may be fading."""
    view = case.view(skill)
    return view is not None and view.belief.retention < case.rules.review_below


def needed(case: Case, skill: int) -> bool:
    """H4: below target, seen in too few contexts, or due for review."""
    if case.view(skill) is None:
        return False
    # What is true most often and found out most cheaply comes first.
    return wants_contexts(case, skill) or below_target(case, skill) or due_for_review(case, skill)


def not_forbidden(case: Case, entry: Entry) -> bool:
    """H5: no teacher forbids it, or a skill that it practises."""
    if entry.id in case.forbidden_materials:
        return False
    return not case.forbidden_skills or case.forbidden_skills.isdisjoint(entry.skills)


def not_vetoed(case: Case, entry: Entry) -> bool:
    """H5: the student does not refuse its context."""
    return entry.context not in case.inputs.vetoes


def readable(case: Case, entry: Entry) -> bool:
    """H5: it reads at most a little harder than the student does."""
    if entry.reading is None or case.inputs.reading is None:
        return True
    return entry.reading <= case.inputs.reading + case.rules.reading_allowance


def not_used_lately(case: Case, entry: Entry) -> bool:
    """H6: it was not among the last attempts."""
    return entry.id not in case.recent


def not_just_used(case: Case, entry: Entry) -> bool:
    """H6 on the ladder: it was not among the very last attempts."""
    return entry.id not in case.inputs.past.materials[-REUSE_AFTER:]


def context_not_worn(case: Case, context: str | None) -> bool:
    """H6: with it, its context is at most its share of the last attempts; neutral is no context."""
    if context is None:
        return True
    return context not in case.worn()


def room(case: Case) -> tuple[int, int]:
    """H7: how many assignments, and how many minutes of them, may lie open for this student."""
    rules, pace = case.rules, case.inputs.pace
    if pace is None or pace.days < rules.pace_days:
        return rules.slots, rules.minutes_open
    most = max(min(pace.completed, rules.slots), min(rules.least_open, rules.slots))
    return most, max(min(pace.minutes, rules.minutes_open), rules.least_minutes)


def short_enough(case: Case, entry: Entry) -> bool:
    """H7: there is time for it beside what lies open."""
    return case.minutes_left is None or entry.minutes <= case.minutes_left


def not_open(case: Case, entry: Entry) -> bool:
    """It is not assigned already."""
    return entry.id not in case.open_materials


def not_stuck(case: Case, entry: Entry) -> bool:
    """L15: after several failures in a row on a skill, only what is easier than each of them."""
    ceilings = case.inputs.past.ceilings
    return not ceilings or all(skill not in ceilings or entry.difficulty < ceilings[skill] for skill in entry.skills)


class Rule(NamedTuple):
    """A hard rule by its code, with the sentence that answers "why not this one?"."""

    code: str
    because: str
    holds: Callable[[Case, Entry], bool]


RULES: tuple[Rule, ...] = (
    Rule("H1.scope", "The class is not at this skill now.", lambda case, entry: all_in_scope(case, entry.skills)),
    Rule("H1.active", "It is not in use at this time.", active),
    Rule("H1.language", "It is in another language.", language_fits),
    Rule("H1.licence", "Its licence is not one that the school allows.", licence_allowed),
    Rule(
        "H2.prerequisite",
        "Something that it builds on is not secure yet.",
        lambda case, entry: prerequisites_ready(case, entry.skills),
    ),
    Rule("H3.level", "It would be too easy or too hard.", level_fits),
    Rule("H4.need", "The skill is secure and not due again.", lambda case, entry: needed(case, entry.skills[0])),
    Rule("H5.forbidden", "A teacher has ruled it out.", not_forbidden),
    Rule("H5.veto", "The student does not want its theme.", not_vetoed),
    Rule("H5.reading", "It reads too hard.", readable),
    Rule("H6.reuse", "It was used a short while ago.", not_used_lately),
    Rule(
        "H6.context",
        "Its theme has come up too often of late.",
        lambda case, entry: context_not_worn(case, entry.context),
    ),
    Rule("L15.stuck", "It is as hard as what went wrong several times in a row.", not_stuck),
)
KEEPING = frozenset(
    {"H1.active", "H1.language", "H1.licence", "H2.prerequisite", "H4.need", "H5.forbidden", "H5.veto", "H5.reading"}
)
"""The rules that go on binding what is assigned already; scope and level do in a wider sense."""


def broken(case: Case, entry: Entry) -> tuple[Rule, ...]:
    """Return the hard rules that a material breaks for this student now: the answer to "why not this one?"."""
    return tuple(rule for rule in RULES if not rule.holds(case, entry))


def skill_allowed(case: Case, skill: int, waivers: Waivers = NO_WAIVERS) -> bool:
    """Return whether materials for a skill are to be looked at: what can be told without looking at any."""
    if case.view(skill) is None or skill in case.forbidden_skills:
        return False
    if waivers.teacher:
        return True
    return (waivers.beyond_scope or in_scope(case, skill)) and needed(case, skill)


def group_allowed(case: Case, skills: tuple[int, ...], waivers: Waivers = NO_WAIVERS) -> bool:
    """Return whether materials that practise these skills are: scope, prerequisites, orders."""
    if not case.forbidden_skills.isdisjoint(skills) or case.outlook(skills) is None:
        return False
    if waivers.teacher:
        return True
    scoped = others_in_scope(case, skills) if waivers.beyond_scope else all_in_scope(case, skills)
    return scoped and prerequisites_ready(case, skills)


def entry_allowed(case: Case, entry: Entry, waivers: Waivers = NO_WAIVERS) -> bool:
    """Return whether one material is, of a group that is allowed."""
    if entry.id in case.open_materials or not not_forbidden(case, entry):
        return False
    if waivers.neutral and entry.context is not None:
        return False
    if not (waivers.neutral or not_used_lately(case, entry) or (waivers.reuse and not_just_used(case, entry))):
        return False
    return (
        not_vetoed(case, entry)
        and context_not_worn(case, entry.context)
        and language_fits(case, entry)
        and licence_allowed(case, entry)
        and readable(case, entry)
        and short_enough(case, entry)
        and active(case, entry)
        and not_stuck(case, entry)
    )
