"""Update states, choose and publish for a few students of one school, in one transaction."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlmodel import Session

from learning import selection
from models.assignments.store import ChangeRow
from models.events.facts import FactPosition
from models.students.states import StateRow
from tasks.pipeline import shadow
from tasks.pipeline.load_inputs import DecisionInputs, load_inputs
from tasks.pipeline.publish import StudentDecision, publish_round
from tasks.pipeline.student_inputs import student_inputs
from tasks.pipeline.update_states import update_states


def decide(
    session: Session,
    school_id: int,
    *,
    states: Mapping[int, StateRow],
    touched: Mapping[int, FactPosition | None],
    changes: Sequence[ChangeRow] = (),
) -> Counter[str]:
    """Update the states, choose and publish for the students of `states`, whose rows the caller has locked.

    Args:
        session: the transaction of the whole effect.
        school_id: the school of the students.
        states: the locked rows.
        touched: the earliest position that was written for each student; None where nothing was (a refresh).
        changes: changes of their assignments that were already made, to be published with the rest.

    Returns:
        Counts: students, assigned, withdrawn, kept, and nothing (students without an assignment).
    """
    inputs = load_inputs(session, school_id, states)
    updated = update_states(session, school_id, states, touched=touched, versions=inputs.versions)
    decisions = [decide_for(inputs, updated[student]) for student in sorted(states)]
    counts = publish_round(session, school_id, inputs, decisions, earlier=changes)
    shadow.decide_again(session, school_id, inputs, decisions)
    return counts


def decide_for(inputs: DecisionInputs, row: StateRow) -> StudentDecision:
    """Choose for one student whose state is up to date; nothing is written."""
    student = student_inputs(inputs, row)
    school = inputs.policies[None].policy
    decision = selection.choose_lists(
        student.context,
        student.lists,
        catalogue=inputs.materials.catalogue,
        max_open=school.max_open,
        tie_break_key=school.tie_break_key,
        as_of=inputs.as_of.timestamp(),
        placement=student.placed.placement,
        record_unchanged=False,
    )
    return StudentDecision(row, student.beliefs, decision, student.placed.order_lists)
