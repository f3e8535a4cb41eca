"""Load everything that decisions for a few students of one school read."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlmodel import Session

from learning import selection
from learning.interests import vector as interest
from learning.interests.vector import Interest
from models import catalogue, clock
from models.assignments import decision_inputs
from models.events import facts
from models.students import model_versions, people
from models.students.memberships import Memberships, load_memberships
from models.students.model_versions import ModelVersions
from models.students.people import Student
from models.students.states import StateRow


@dataclass(frozen=True, slots=True)
class DecisionInputs:
    """What decisions read, loaded at once."""

    materials: catalogue.SchoolCatalogue
    versions: ModelVersions
    read_at: dt.datetime
    """When loading started: what starts or ends later is not included."""
    as_of: dt.datetime
    students: Mapping[int, Student]
    memberships: Mapping[int, Memberships]
    policies: Mapping[int | None, decision_inputs.ClassPolicy]
    """By class id, also of classes that were left while something of them is open; None is the school's."""
    related_skills: Mapping[int | None, frozenset[int]]
    """By class id: the skills whose beliefs a decision for its list needs."""
    overrides: Mapping[int, tuple[selection.OrderForStudent, ...]]
    open: Mapping[int, list[decision_inputs.OpenRow]]
    history: Mapping[int, tuple[selection.MaterialAttempt, ...]]
    completion_rates: Mapping[tuple[int, int | None], selection.CompletionRate]
    """By student and class."""
    recent_answers: Mapping[int, decision_inputs.RecentAnswers]
    interests: Mapping[int, Mapping[str, Interest]]
    wishes: Mapping[int, int]
    """The skill that a student wants next, by student."""


def load_inputs(session: Session, school_id: int, states: Mapping[int, StateRow]) -> DecisionInputs:
    """Load what the decisions for these students read."""
    read_at = clock.now(session)
    students = people.load_students(session, states)
    memberships = load_memberships(session, students)
    open_rows = decision_inputs.open_assignments(session, students)
    versions = model_versions.in_force(session, school_id)
    factor = versions.variance_factor
    policies = {
        class_id: replace(row, policy=replace(row.policy, variance_factor=factor))
        for class_id, row in decision_inputs.class_policies(
            session, school_id, _classes(memberships, open_rows)
        ).items()
    }
    pace_days = max(row.policy.completion_rate_days for row in policies.values())
    materials = catalogue.load(session, school_id)
    # The hour, not the second: two refreshes within an hour with the same evidence decide the same.
    as_of = read_at.replace(minute=0, second=0, microsecond=0) + dt.timedelta(hours=1)
    return DecisionInputs(
        materials=materials,
        versions=versions,
        read_at=read_at,
        as_of=as_of,
        students=students,
        memberships=memberships,
        policies=policies,
        related_skills={
            class_id: _related_skills(materials.catalogue, row.scope) for class_id, row in policies.items()
        },
        overrides=decision_inputs.overrides_in_force(
            session, {student: memberships[student].now for student in students}
        ),
        open=open_rows,
        history=decision_inputs.history(session, students),
        completion_rates=decision_inputs.completion_rates(session, students, days=pace_days),
        recent_answers=decision_inputs.recent_answers(session, students),
        interests=_interests(session, students, materials, as_of=as_of),
        wishes=decision_inputs.wishes(session, students),
    )


def _related_skills(catalogue: selection.Catalogue, scope: selection.ClassScope | None) -> frozenset[int]:
    """Return the skills whose beliefs a decision needs: those of the scope, and of the next grade above it."""
    if scope is None:
        return catalogue.related_skills(None)
    return catalogue.related_skills({*scope.due, *catalogue.next_grade_skills(scope.due)})


def _classes(
    memberships: Mapping[int, Memberships], open_rows: Mapping[int, list[decision_inputs.OpenRow]]
) -> set[int | None]:
    """Return the classes that matter, and None for the school: its policy bounds all lists together."""
    own = {class_id for each in memberships.values() for class_id in (*each.now, *each.closing)}
    return {None, *own, *(row.class_id for rows in open_rows.values() for row in rows)}


def _interests(
    session: Session, students: Mapping[int, Student], materials: catalogue.SchoolCatalogue, *, as_of: dt.datetime
) -> dict[int, dict[str, Interest]]:
    """Return each student's interest vector; empty where interests are switched off."""
    vectors = {}
    topics = sorted(materials.topic_ids)
    for student, rows in facts.load_interest_facts(session, students).items():
        evidence = [
            interest.evidence_from(
                row.kind.value,
                at=row.position[0].timestamp(),
                key=row.position[2],
                attempt=row.attempt,
                value=row.value,
            )
            for row in rows
        ]
        usable = [each for each in evidence if each is not None]
        switch = students[student].interests_enabled
        vectors[student] = (
            interest.interest_vector(usable, topics=topics, as_of=as_of.timestamp(), switch=switch) if switch else {}
        )
    return vectors
