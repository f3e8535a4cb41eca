"""What operators and teachers read: one class at a glance, one student, one assignment, the state of the pipeline."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from models import figures, tallies


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One student of a class: where they stand, what they like, what they were given and why."""

    student: str
    name: str
    gap_skill: str | None
    """The skill whose mastery lies furthest below its target, of those in scope."""
    gap_title: str | None
    mastery: float | None
    responses: int
    interests: tuple[str, ...]
    """Up to three topics that are surely liked, the most liked first."""
    assignment: int | None
    """The one for the deepest gap where there is one, else the first."""
    material: str | None
    skill: str | None
    contexts: tuple[str | None, ...]
    """Of the menu: the default's first; None is no theme."""
    open_slots: int
    state: str | None
    because_gap: str
    because_interest: str
    reason: str
    nothing: str | None
    nothing_sentence: str


def class_lines(session: Session, *, school: str | None = None, class_ref: str | None = None) -> list[ClassLine]:
    """Return a line a student, by name; of one school or class where one is named."""
    statement = text("""
        SELECT person.ref, coalesce(concat_ws(' ', person.given_name, person.family_name), person.ref),
               gap.ref, gap.title, gap.mastery, coalesce(state.facts, 0),
               (SELECT coalesce(array_agg(title ORDER BY value * confidence DESC, title), '{}') FROM (
                  SELECT topic.title, value, confidence
                    FROM souschef.interest JOIN souschef.topic ON topic.id = topic_id
                   WHERE student_id = person.id AND NOT vetoed AND value >= 0.6 AND confidence >= 0.3
                   ORDER BY value * confidence DESC, topic.title LIMIT 3) AS liked),
               given.id, given.title, given.skill, coalesce(given.contexts, '{}'), coalesce(given.slots, 0),
               given.state,
               coalesce(given.because_gap, ''), coalesce(given.because_interest, ''), coalesce(given.reason, ''),
               state.nothing, coalesce(state.nothing_sentence, '')
          FROM souschef.person
          JOIN souschef.school ON school.id = person.school_id
          LEFT JOIN souschef.learner_state AS state ON state.student_id = person.id
          LEFT JOIN LATERAL (
            SELECT skill.ref, skill.title, skill_gap.mastery FROM souschef.skill_gap
              JOIN souschef.skill ON skill.id = skill_id
             WHERE student_id = person.id AND gap > 0 ORDER BY gap DESC, skill.ref LIMIT 1) AS gap ON true
          LEFT JOIN LATERAL (
            SELECT a.id, material.title, skill.ref AS skill, a.state, a.because_gap, a.because_interest, a.reason,
                   (SELECT array_agg(m.context ORDER BY menu.menu_position) FROM souschef.assignment AS menu
                      JOIN souschef.material AS m ON m.id = menu.material_id
                     WHERE menu.student_id = a.student_id AND menu.slot = a.slot
                       AND menu.state IN ('proposed', 'assigned', 'started')) AS contexts,
                   count(*) OVER () AS slots
              FROM souschef.assignment AS a
              JOIN souschef.material ON material.id = a.material_id
              JOIN souschef.skill ON skill.id = a.skill_id
             WHERE a.student_id = person.id AND a.menu_position = 0
               AND a.state IN ('proposed', 'assigned', 'started')
             ORDER BY skill.ref IS NOT DISTINCT FROM gap.ref DESC, a.slot LIMIT 1) AS given ON true
         WHERE person.role = 'student' AND person.active
           AND (CAST(:school AS text) IS NULL OR school.ref = :school)
           AND (CAST(:class AS text) IS NULL OR EXISTS (
             SELECT FROM souschef.enrolment JOIN souschef.class ON class.id = enrolment.class_id
              WHERE enrolment.person_id = person.id AND class.ref = :class
                AND (enrolment.ended_at IS NULL OR enrolment.ended_at > (SELECT souschef.clock()))))
         ORDER BY person.family_name, person.given_name, person.ref
    """)
    rows = session.connection().execute(statement, {"school": school, "class": class_ref})
    return [_class_line(tuple(row)) for row in rows]


def _class_line(row: tuple[Any, ...]) -> ClassLine:
    ref, name, gap, title, mastery, facts, likes, assignment, material, skill, contexts, *rest = row
    likes, contexts = tuple(likes), tuple(contexts)
    return ClassLine(ref, name, gap, title, mastery, facts, likes, assignment, material, skill, contexts, *rest)


def fates(session: Session, *, source: str | None = None) -> dict[str, dict[str, int]]:
    """Return what became of everything that came to the doors, of one source or of all.

    Each event has one fate: accepted (it had its effect), duplicate, ignored (by reason), quarantined, parked (by code)
    or pending. Below each fate the counts by reason; the sum over all is what was sent.
    """
    statement = text("""
        SELECT fate, reason, sum(count)::bigint FROM (
          SELECT source_id, CASE outcome WHEN 'duplicate' THEN 'duplicate' ELSE 'ignored' END AS fate,
                 outcome AS reason, count FROM souschef.door_count WHERE outcome <> 'accepted'
          UNION ALL
          SELECT source_id, CASE state WHEN 'done' THEN 'accepted' WHEN 'dropped' THEN 'ignored' ELSE state END,
                 coalesce(code, state), 1 FROM souschef.inbox) AS each
          JOIN souschef.source ON source.id = source_id
         WHERE CAST(:source AS text) IS NULL OR source.name = :source
         GROUP BY fate, reason ORDER BY fate, reason
    """)
    found: dict[str, dict[str, int]] = {}
    for fate, reason, count in session.connection().execute(statement, {"source": source}):
        found.setdefault(fate, {})[reason] = count
    return found


def waiting(session: Session) -> int:
    """Return how many events are pending and students due for a refresh."""
    statement = text("""
        SELECT (SELECT count(*) FROM souschef.inbox WHERE state = 'pending')
             + (SELECT count(*) FROM souschef.learner_state WHERE refresh_due)
    """)
    return int(session.connection().execute(statement).scalar_one())


def snapshots(session: Session) -> int:
    """Return how many snapshots of item and skill difficulties the nights have published."""
    return int(session.connection().execute(text("SELECT count(*) FROM souschef.snapshot")).scalar_one())


def rung_share(session: Session) -> dict[str, int]:
    """Return how many slots are open, and how many of them needed the ladder."""
    statement = text("""
        SELECT count(*), count(*) FILTER (WHERE reason LIKE '%rung:%') FROM souschef.assignment
         WHERE menu_position = 0 AND state IN ('proposed', 'assigned', 'started')
    """)
    slots, laddered = session.connection().execute(statement).one()
    return {"slots": slots, "laddered": laddered}


def status(session: Session) -> dict[str, Any]:
    """Return what an operator asks first: backlog, oldest age, states, last event, last refresh."""
    statement = text("""
        SELECT (SELECT count(*) FROM souschef.inbox WHERE state = 'pending'),
               (SELECT coalesce(extract(epoch FROM (SELECT souschef.clock()) - min(received_at)), 0)::double precision
                  FROM souschef.inbox WHERE state = 'pending'),
               (SELECT count(*) FROM souschef.inbox WHERE state = 'parked'),
               (SELECT count(*) FROM souschef.inbox WHERE state = 'quarantined'),
               (SELECT max(received_at) FROM souschef.inbox),
               (SELECT max(refreshed_at) FROM souschef.learner_state),
               (SELECT count(*) FROM souschef.learner_state WHERE refresh_due),
               (SELECT count(*) FROM souschef.person WHERE role = 'student' AND active),
               (SELECT count(*) FROM souschef.assignment
                 WHERE menu_position = 0 AND state IN ('proposed', 'assigned', 'started'))
    """)
    names = ("backlog", "oldest_seconds", "parked", "quarantined", "last_event_at", "last_refresh_at", "stale_students")
    row = session.connection().execute(statement).one()
    found = dict(zip((*names, "students", "open_slots"), row, strict=True))
    now = figures.figures(session)
    found |= {"parked_by_code": now.parked, "quarantined_by_code": now.quarantined, "sweep_seconds": now.sweep_seconds}
    found["number_holes"] = now.holes
    found["visible_95_in_100_within_seconds"] = tallies.within(now.visible, share=0.95)
    return {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in found.items()}


@dataclass(frozen=True, slots=True)
class Explained:
    """One assignment with both reasons and the record of its decision."""

    assignment: int
    student: str
    material: str
    title: str
    url: str
    task: str | None
    skill: str
    context: str | None
    state: str
    slot: int
    menu_position: int
    because_gap: str
    because_interest: str
    predicted_success: float
    reason: str
    version: int
    decision: int
    digest: str
    record: str


def explained(session: Session, assignment: int) -> Explained | None:
    """Return one assignment by its id, or None."""
    statement = text("""
        SELECT a.id, person.ref, material.ref, material.title, material.url, material.text, skill.ref, material.context,
               a.state, a.slot, a.menu_position, a.because_gap, a.because_interest, a.predicted_success, a.reason,
               a.version, decision.id, decision.digest, decision.record
          FROM souschef.assignment AS a
          JOIN souschef.person ON person.id = a.student_id
          JOIN souschef.material ON material.id = a.material_id
          JOIN souschef.skill ON skill.id = a.skill_id
          JOIN souschef.decision ON decision.id = a.decision_id
         WHERE a.id = :id
    """)
    row = session.connection().execute(statement, {"id": assignment}).one_or_none()
    return None if row is None else Explained(*row)


def record_of(session: Session, decision: int) -> str | None:
    """Return a decision's record as it was stored, or None."""
    statement = text("SELECT record FROM souschef.decision WHERE id = :id")
    found = session.connection().execute(statement, {"id": decision}).scalar_one_or_none()
    return None if found is None else str(found)


def student(session: Session, ref: str, *, school: str | None = None) -> dict[str, Any] | None:
    """Return all that is published of one student, through the views that the LMS reads; None if there is none."""
    parameters = {"ref": ref, "school": school}
    where = "student_ref = :ref AND (CAST(:school AS text) IS NULL OR school = :school)"
    connection = session.connection()
    known = connection.execute(
        text("""
            SELECT person.ref, coalesce(state.nothing_sentence, ''), coalesce(state.version, 0)
              FROM souschef.person JOIN souschef.school ON school.id = person.school_id
              LEFT JOIN souschef.learner_state AS state ON state.student_id = person.id
             WHERE person.ref = :ref AND (CAST(:school AS text) IS NULL OR school.ref = :school)
        """),
        parameters,
    ).first()
    if known is None:
        return None
    found: dict[str, Any] = {"student_ref": known[0], "nothing_because": known[1], "version": known[2]}
    for view, order in (
        ("skill_gaps", "gap DESC, skill"),
        ("interests", "interest * confidence DESC, topic"),
        ("assignments", "slot, menu_position, assignment_id"),
    ):
        rows = connection.execute(text(f"SELECT * FROM lms.{view} WHERE {where} ORDER BY {order}"), parameters)  # noqa: S608 - both names are our own
        found[view] = [
            {name: value.isoformat() if isinstance(value, dt.datetime) else value for name, value in row.items()}
            for row in rows.mappings()
        ]
    return found
