"""What a fairness report compares, by student: slots, next answers, themes, prices, and what reads too hard."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from sqlalchemy import RowMapping
from sqlmodel import Session

from learning.fairness import Figure, Need
from models.reports.explanations import price_of_interest
from models.rows import execute, load_sql

NEXT_ANSWERS = 5
ENOUGH_ANSWERS = 3
"""Next answers from which a slot says whether it was in the band."""
BAND = (0.6, 0.9)
RELAXED = frozenset({"rung:wider_band", "rung:reuse", "rung:neutral_context", "rung:weakest_prerequisite",
                     "rung:nearest_material"})  # fmt: skip


def student_figures(
    session: Session, students: Sequence[int], *, class_id: int | None, days: int, reading_allowance: float
) -> dict[int, dict[Figure, float]]:
    """Return each student's figures over the slots of the last days; work that a teacher ordered is left out."""
    values: dict[int, dict[Figure, list[float]]] = defaultdict(lambda: defaultdict(list))
    parameters: dict[str, Any] = {"students": list(students), "class": class_id}
    slots = {**parameters, "days": days, "most": NEXT_ANSWERS}
    for row in execute(session, load_sql("fairness_slots"), slots).mappings():
        codes = row["reason"].split()
        if not any(code.startswith("teacher.") for code in codes):
            for figure, value in _slot_figures(row, codes).items():
                values[row["student_id"]][figure].append(value)
    found = {student: {figure: fmean(of) for figure, of in figures.items()} for student, figures in values.items()}
    for student, blocked in _reading_blocked(session, {**parameters, "allowance": reading_allowance}).items():
        found.setdefault(student, {})[Figure.READING_BLOCKED] = blocked
    return found


def _slot_figures(row: RowMapping, codes: list[str]) -> dict[Figure, float]:
    figures = {
        Figure.LIKED_THEME: float("context.interest" in codes),
        Figure.LADDER: float(not RELAXED.isdisjoint(codes)),
        Figure.PRICE: price_of_interest(row["record"], row["slot"]),
        Figure.DAYS_UNCHANGED: row["days"],
    }
    if row["answers"] >= ENOUGH_ANSWERS:
        figures[Figure.IN_BAND] = float(BAND[0] <= row["points"] / row["answers"] <= BAND[1])
    return figures


def _reading_blocked(session: Session, parameters: dict[str, Any]) -> dict[int, float]:
    """Return by student the share of materials of the open skills that read too hard; none where nothing is known."""
    statement = """
        SELECT person.id, avg((material.reading_level
                               > coalesce(person.reading_level, person.grade) + :allowance)::int)::float8 AS blocked
          FROM souschef.person
          JOIN souschef.current_enrolment AS current ON current.student_id = person.id
          JOIN souschef.scope ON scope.class_id = current.class_id
           AND coalesce(scope.opens_at <= (SELECT souschef.clock()), true)
           AND coalesce(scope.closes_at > (SELECT souschef.clock()), true)
          JOIN souschef.material_skill AS link ON link.skill_id = scope.skill_id AND link.position = 0
          JOIN souschef.material ON material.id = link.material_id
           AND coalesce(material.active_from <= (SELECT souschef.clock()), true)
           AND coalesce(material.active_until > (SELECT souschef.clock()), true)
         WHERE person.id = ANY(CAST(:students AS bigint[])) AND material.reading_level IS NOT NULL
           AND (CAST(:class AS bigint) IS NULL OR current.class_id = :class)
         GROUP BY person.id
    """
    rows = execute(session, statement, parameters)
    return {row.id: row.blocked for row in rows if row.blocked is not None}


def catalogue_needs(session: Session, students: Sequence[int]) -> dict[int, set[Need]]:
    """Return what the catalogue lacks for each student: (skill's title, theme's title; "" is any)."""
    statement = """
        SELECT need.student_id, skill.title, coalesce(topic.title, need.context) AS theme
          FROM souschef.catalogue_need AS need
          JOIN souschef.skill ON skill.id = need.skill_id
          LEFT JOIN souschef.topic ON topic.school_id = need.school_id AND topic.ref = need.context
         WHERE need.student_id = ANY(CAST(:students AS bigint[]))
    """
    found: dict[int, set[Need]] = defaultdict(set)
    for row in execute(session, statement, {"students": list(students)}):
        found[row.student_id].add((row.title, row.theme))
    return found
