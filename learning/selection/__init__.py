"""The decision: skills decide what to practise, interest chooses within a tolerance, a teacher overrides both.

`choose` is a pure function of a student's context (beliefs, interests, history, open assignments), the catalogue, the
policy, the class's scope and the teacher's overrides, at one moment. `decide` goes through these steps in order:

1. *Inputs* (`inputs`): everything becomes integers in 1/10,000 (`fixed_point`), interests only with the switch on. From
   here on there are no floats, so that every machine comes to the same decision.
2. *Stability* (`stability`): an unattempted assignment stays unless a named trigger fires: attempted, teacher, a rule
   broken, something better by more than the hysteresis in two refreshes with newer evidence, or expired.
3. *Teacher overrides* (`teacher_overrides`): must-dos and pins come first, above the hard rules, and the record names
   the rules that they break.
4. *Candidates* (`candidates`): a skill in scope that is needed gets a value (`value`): the gap weighted by the
   curriculum and by how near it is, what it unlocks, review, information, new contexts, less repetition. Of its
   materials those that pass the hard rules (`hard_rules`) and whose predicted success is nearest to 0.75 are found in
   sorted indexes (`material_index`): the catalogue is never scanned. Value times fit is a candidate's value.
5. *Context* (`interest_choice`): among candidates within the tolerance of the best, the highest interest x confidence
   x depth wins; where no interest is clear, a neutral material. The value given up is the price of interest. At
   tolerance 0 interest decides nothing. Every eighth choice tries the least-known context.
6. *Menu* (`interest_choice`): up to three alternates of the same skill, equally hard, each in another context.
7. *Fallbacks* (`fallbacks`, `gaps_first`): where a student, or a ready skill with a gap, would have nothing at all,
   rules are relaxed one after the other: wider band, reuse, neutral, the weakest prerequisite, the nearest material.
   Each is named; if none helps, the reason for no assignment is. No skill at its target gets a slot before such a gap.
8. *Record* (`record`, `result`): the inputs with the part of the catalogue that the decision rests on, and the outcome
   with the best candidates, the best by skill alone, the runner-up and why it lost. `replay` decides again from a
   record alone, byte for byte. And two sentences that a teacher can read (`explanations`).

A student has a list for each class (`ClassList`): `choose_lists` decides them one after the other, each with what is
open on the others among its inputs (`lists`), after `placement` has said which open work and overrides belong to which.
`choose` is the decision for one list alone.

Each hard rule is a small named function; `hard_rules.broken_rules` lists those that any material breaks for a student,
each with a sentence, and so answers "why not this one?". The laws that hold are in `tests/learning/selection/laws.py`.
"""

from learning.selection.catalogue import (
    Catalogue,
    CatalogueError,
    Depth,
    Material,
    Prerequisite,
    Skill,
    Strength,
    Topic,
)
from learning.selection.decision import (
    CatalogueNeed,
    Decision,
    Fallback,
    FilledSlot,
    MenuOption,
    NoAssignmentReason,
    Placement,
    StudentLists,
    Trigger,
    UnchangedSlot,
    UnmetOverride,
    Withdrawal,
)
from learning.selection.placement import ListFrame, OpenSlot, OrderForStudent, in_order, place_open_work, place_orders
from learning.selection.policy import ClassScope, OverrideKind, Policy, PolicyError, TeacherOverride, TeacherOverrides
from learning.selection.student import (
    AnswerCounts,
    AssignmentState,
    CompletionRate,
    CurrentAssignment,
    DecisionMemory,
    InterestLike,
    MaterialAttempt,
    StudentContext,
)
from learning.selection.student_decision import ClassList, choose, choose_lists, replay

__all__ = [
    "AnswerCounts",
    "AssignmentState",
    "Catalogue",
    "CatalogueError",
    "CatalogueNeed",
    "ClassList",
    "ClassScope",
    "CompletionRate",
    "CurrentAssignment",
    "Decision",
    "DecisionMemory",
    "Depth",
    "Fallback",
    "FilledSlot",
    "InterestLike",
    "ListFrame",
    "Material",
    "MaterialAttempt",
    "MenuOption",
    "NoAssignmentReason",
    "OpenSlot",
    "OrderForStudent",
    "OverrideKind",
    "Placement",
    "Policy",
    "PolicyError",
    "Prerequisite",
    "Skill",
    "Strength",
    "StudentContext",
    "StudentLists",
    "TeacherOverride",
    "TeacherOverrides",
    "Topic",
    "Trigger",
    "UnchangedSlot",
    "UnmetOverride",
    "Withdrawal",
    "choose",
    "choose_lists",
    "in_order",
    "place_open_work",
    "place_orders",
    "replay",
]
