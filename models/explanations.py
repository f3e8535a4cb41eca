"""Assignments with their reasons and the evidence behind them, for a page that a teacher reads."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import text
from sqlmodel import Session

MOST_ANSWERS = 8
"""As many as the sentences quote."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """One open default with both reasons and what they rest on."""

    student: str
    name: str
    material: str
    skill: str
    """As it reads in a sentence."""
    because_gap: str
    because_interest: str
    reason: str
    """The codes, by which pages tell kinds of explanations apart; not for readers."""
    mastery: float | None
    low: float | None
    high: float | None
    target: float | None
    answers: int
    recent: tuple[tuple[dt.date, float], ...]
    """The last answers on the skill at the time of the decision, the latest first: the day, and 1 for right."""
    topic: str | None
    interest: float | None
    confidence: float | None
    price: float
    """The share of the best skill value that was given up for interest."""
    predicted_success: float


def explanations(session: Session, *, class_ref: str | None = None, school: str | None = None) -> list[Explanation]:
    """Return every open default, by student and slot; of one class or school where one is named."""
    statement = text("""
        SELECT person.ref, coalesce(concat_ws(' ', person.given_name, person.family_name), person.ref),
               material.title, skill.title, a.because_gap, a.because_interest, a.reason,
               gap.mastery, gap.low, gap.high, gap.target, coalesce(gap.responses, 0),
               topic.title, interest.value, interest.confidence, a.predicted_success, a.slot, decision.record,
               (SELECT coalesce(array_agg(ARRAY[extract(epoch FROM occurred_at), outcome] ORDER BY n), '{}') FROM (
                  SELECT fact.occurred_at, fact.outcome,
                         row_number() OVER (ORDER BY fact.occurred_at DESC, sequence DESC, fact.key DESC) AS n
                    FROM souschef.fact JOIN souschef.alignment ON alignment.item_id = fact.item_id
                   WHERE fact.student_id = person.id AND fact.kind = 'item_result' AND fact.outcome IS NOT NULL
                     AND alignment.skill_id = a.skill_id AND fact.occurred_at <= decision.as_of
                   ORDER BY n LIMIT :most) AS last)
          FROM souschef.assignment AS a
          JOIN souschef.person ON person.id = a.student_id
          JOIN souschef.school ON school.id = person.school_id
          JOIN souschef.material ON material.id = a.material_id
          JOIN souschef.skill ON skill.id = a.skill_id
          JOIN souschef.decision ON decision.id = a.decision_id
          LEFT JOIN souschef.skill_gap AS gap ON gap.student_id = person.id AND gap.skill_id = skill.id
          LEFT JOIN souschef.topic ON topic.school_id = school.id AND topic.ref = material.context
          LEFT JOIN souschef.interest ON interest.student_id = person.id AND interest.topic_id = topic.id
         WHERE a.state IN ('proposed', 'assigned', 'started') AND a.menu_position = 0
           AND (CAST(:school AS text) IS NULL OR school.ref = :school)
           AND (CAST(:class AS text) IS NULL OR EXISTS (
             SELECT FROM souschef.enrolment JOIN souschef.class ON class.id = enrolment.class_id
              WHERE enrolment.person_id = person.id AND class.ref = :class
                AND (enrolment.ended_at IS NULL OR enrolment.ended_at > (SELECT souschef.clock()))))
         ORDER BY person.ref, a.slot
    """)
    rows = session.connection().execute(statement, {"school": school, "class": class_ref, "most": MOST_ANSWERS})
    return [_explanation(tuple(row)) for row in rows]


def _explanation(row: tuple[Any, ...]) -> Explanation:
    *plain, topic, interest, confidence, success, slot, record, recent = row
    days = tuple((dt.datetime.fromtimestamp(float(at), tz=dt.UTC).date(), float(right)) for at, right in recent)
    values = (*plain, days, topic, interest, confidence, _price(record, slot), success)
    return Explanation(*values)


def _price(record: str, slot: int) -> float:
    chosen = orjson.loads(record)["outcome"]["chosen"]
    return next((one.get("price", 0) / 10_000 for one in chosen if one["slot"] == slot), 0.0)
