"""What a first task of each skill is worth to a student now: the values from which a plan for a class is made."""

from __future__ import annotations

from dataclasses import replace

from learning.selection.builder import DecisionBuilder
from learning.selection.candidates import CandidateSearch
from learning.selection.catalogue import Catalogue
from learning.selection.context import DecisionContext
from learning.selection.gaps_first import skills_at_target, waiting_gaps
from learning.selection.stability import is_on_hold
from learning.selection.student import StudentContext
from learning.selection.student_decision import ClassList, inputs_of


def first_task_values(
    student: StudentContext, each: ClassList, *, catalogue: Catalogue, as_of: float
) -> dict[int, int]:
    """Return by skill the value (0 to 10,000) of its best admissible material, as if nothing were open on this list.

    Only what the machine itself might assign counts: every hard rule holds, and no skill at its target is among them
    while a skill with a gap could have a task. Empty where nothing is admissible, or a teacher holds everything.
    """
    inputs = inputs_of(student, replace(each, open_assignments=()), catalogue=catalogue, as_of=as_of)
    ctx = DecisionContext(inputs, catalogue)
    builder = DecisionBuilder.start(ctx)
    if is_on_hold(ctx):
        return {}
    skills = ctx.scope - skills_at_target(ctx) if waiting_gaps(builder) else ctx.scope
    search = CandidateSearch(ctx)
    best = {
        skill: max((candidate.value for candidate in search.best_of_skill(skill, bound)), default=0)
        for bound, skill in search.rank_skills(skills)
    }
    return {skill: value for skill, value in sorted(best.items()) if value > 0}
