"""What the pure functions of the decision read of one student whose state is up to date."""

from collections.abc import Mapping
from dataclasses import dataclass

from learning.mastery import model
from learning.mastery.beliefs import SkillBelief
from learning.selection import ClassList, ListFrame, StudentContext, TeacherOverrides
from models.events.facts import BEGINNING
from models.students.states import StateRow
from tasks.pipeline.lists import ListsOfStudent, list_memory, lists_of
from tasks.pipeline.load_inputs import DecisionInputs


@dataclass(frozen=True, slots=True)
class StudentInputs:
    """What the pure functions of the decision read of one student."""

    context: StudentContext
    """What all lists share."""
    lists: tuple[ClassList, ...]
    placed: ListsOfStudent
    beliefs: Mapping[int, SkillBelief]


def student_inputs(inputs: DecisionInputs, row: StateRow) -> StudentInputs:
    """Return what the decision for one student reads; the state is up to date."""
    state = model.LearnerState.from_bytes(row.state)
    placed = lists_of(inputs, row)
    related = {frame.class_id: inputs.related_skills[frame.class_id] | set(state.skills) for frame in placed.frames}
    versions = inputs.versions
    beliefs = model.beliefs(
        state,
        sorted(set(state.skills).union(*related.values())),
        snapshot=versions.snapshot,
        parameters=versions.parameters,
        as_of=inputs.as_of.timestamp(),
    )
    lists = tuple(_class_list(inputs, row, placed, frame, beliefs, related[frame.class_id]) for frame in placed.frames)
    return StudentInputs(_student_context(inputs, row, responses=state.responses), lists, placed, beliefs)


def _class_list(
    inputs: DecisionInputs,
    row: StateRow,
    student: ListsOfStudent,
    frame: ListFrame,
    beliefs: Mapping[int, SkillBelief],
    related: frozenset[int],
) -> ClassList:
    class_id = frame.class_id
    return ClassList(
        class_id=class_id,
        policy=inputs.policies[class_id].policy,
        scope=frame.scope,
        beliefs=beliefs if len(related) == len(beliefs) else {skill: beliefs[skill] for skill in sorted(related)},
        overrides=TeacherOverrides(tuple(student.orders[class_id])),
        open_assignments=tuple(student.open[class_id]),
        completion_rate=inputs.completion_rates.get((row.student_id, class_id)),
        memory=list_memory(row.carry, class_id),
        is_closing=frame.is_closing,
    )


def _student_context(inputs: DecisionInputs, row: StateRow, *, responses: float) -> StudentContext:
    """Return what all lists of a student share."""
    number = row.student_id
    student, recent = inputs.students[number], inputs.recent_answers[number]
    return StudentContext(
        student_id=number,
        beliefs={},
        responses=responses,
        interests=inputs.interests[number],
        interest_switch=student.interests_enabled,
        reading_level=student.reading_level if student.reading_level is not None else student.grade,
        language=student.language,
        history=inputs.history[number],
        answer_counts=recent.counts,
        evidence_until=None if row.last == BEGINNING else row.last[0].timestamp(),
        cited_facts=recent.cited,
        wish=inputs.wishes.get(number),
    )
