"""The decision for one student: all lists at once, and the record from which it can be decided again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from learning.mastery.beliefs import SkillBelief
from learning.selection.builder import DecisionBuilder
from learning.selection.catalogue import Catalogue
from learning.selection.decide import decide_list
from learning.selection.decision import Decision, Placement, StudentLists
from learning.selection.inputs import Inputs, to_fixed_point
from learning.selection.lists import decide_lists, list_order
from learning.selection.policy import ClassScope, Policy, TeacherOverrides
from learning.selection.record import read_record, write_record
from learning.selection.result import build_decision
from learning.selection.student import CompletionRate, CurrentAssignment, DecisionMemory, StudentContext

NOTHING_PLACED = Placement()


@dataclass(frozen=True, slots=True)
class ClassList:
    """One list of a student: what its class has in force, what is open on it, and what its last decision left."""

    class_id: int | None
    """None: the student has no class with a scope."""
    policy: Policy
    scope: ClassScope | None
    beliefs: Mapping[int, SkillBelief]
    """By skill: for `Catalogue.related_skills(scope)`, and what the student has practised."""
    overrides: TeacherOverrides = field(default_factory=TeacherOverrides)
    open_assignments: tuple[CurrentAssignment, ...] = ()
    completion_rate: CompletionRate | None = None
    memory: DecisionMemory = field(default_factory=DecisionMemory)
    is_closing: bool = False
    """The student has just left the class: what is open may be finished, and nothing is added."""


def choose(
    student: StudentContext,
    *,
    catalogue: Catalogue,
    policy: Policy,
    scope: ClassScope | None,
    overrides: TeacherOverrides,
    as_of: float,
) -> Decision:
    """Choose what one student with one list is assigned at `as_of` (seconds since 1970), and say why.

    A pure function: equal arguments give equal decisions, on any machine. Without a scope every skill is in scope, and
    assignments are proposed only.
    """
    inputs = to_fixed_point(student, catalogue=catalogue, policy=policy, scope=scope, overrides=overrides, as_of=as_of)
    return _finish(inputs.student_id, [decide_list(inputs, catalogue)], NOTHING_PLACED, as_of=inputs.as_of).lists[0]


def choose_lists(
    student: StudentContext,
    lists: Sequence[ClassList],
    *,
    catalogue: Catalogue,
    max_open: int,
    tie_break_key: int,
    as_of: float,
    placement: Placement = NOTHING_PLACED,
    record_unchanged: bool = True,
) -> StudentLists:
    """Choose for all lists of one student at `as_of` (seconds since 1970).

    A pure function, like `choose`. The student's own open assignments, completion rate and memory are not read: each
    list has its own.

    Args:
        student: what all lists share.
        lists: in any order; without any, nothing is open.
        catalogue: the school's.
        max_open: how many assignments may be open on all lists together.
        tie_break_key: the school's key of the hash that orders the lists.
        as_of: the moment of the decision.
        placement: what enrolment did to open work before; it goes into the record.
        record_unchanged: whether to write the record of a decision that changes nothing; else it is "". None is stored.
    """
    ordered = sorted(lists, key=lambda each: list_order(student.student_id, each.class_id, key=tie_break_key))
    inputs = [inputs_of(student, each, catalogue=catalogue, as_of=as_of) for each in ordered]
    builders = decide_lists(inputs, catalogue, max_open=max_open)
    return _finish(student.student_id, builders, placement, as_of=int(as_of), record_unchanged=record_unchanged)


def replay(record: str) -> str:
    """Decide again from the inputs in a record alone; the result equals the record, byte for byte.

    Each list is decided again by itself: what was open on the others is among its inputs.

    Raises:
        OldEngineError: another version of the decision wrote it.
        RecordError: the text is not a record.
    """
    read = read_record(record)
    builders = [decide_list(inputs, catalogue, recorded=True) for inputs, catalogue in read.lists]
    return _finish(read.student_id, builders, read.placement, as_of=read.as_of).record


def inputs_of(student: StudentContext, each: ClassList, *, catalogue: Catalogue, as_of: float) -> Inputs:
    """Return the inputs of the decision for one list, without what is open on the student's others."""
    own = replace(
        student,
        beliefs=each.beliefs,
        open_assignments=each.open_assignments,
        completion_rate=each.completion_rate,
        memory=each.memory,
    )
    inputs = to_fixed_point(
        own, catalogue=catalogue, policy=each.policy, scope=each.scope, overrides=each.overrides, as_of=as_of
    )
    return replace(inputs, class_id=each.class_id, is_closing=each.is_closing)


def _finish(
    student_id: int,
    builders: Sequence[DecisionBuilder],
    placement: Placement,
    *,
    as_of: int,
    record_unchanged: bool = True,
) -> StudentLists:
    built = [build_decision(builder) for builder in builders]
    unrecorded = StudentLists(student_id, tuple(decision for decision, _ in built), placement, "", "")
    if not record_unchanged and not unrecorded.has_changes:
        return unrecorded
    record, digest = write_record(
        student_id,
        [builder.ctx for builder in builders],
        [outcome for _, outcome in built],
        placement=placement,
        as_of=as_of,
    )
    decisions = tuple(replace(decision, record=record, digest=digest) for decision, _ in built)
    return StudentLists(student_id, decisions, placement, record, digest)
