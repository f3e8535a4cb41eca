"""Assignments with their reasons and the evidence behind them."""

import datetime as dt
from dataclasses import dataclass

import orjson
from sqlalchemy import RowMapping
from sqlmodel import Session, select

from models.access import school_time
from models.assignments.decision_inputs import own_target
from models.rows import execute, fetch, load_sql
from models.students.people import DISPLAY_NAME
from models.tables import Decision

MAX_ANSWERS = 8
"""As many as explanations quote."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """The default of one open slot, with both reasons and their evidence."""

    student: str
    name: str
    material: str
    skill: str
    """Its title, as it reads in a sentence."""
    because_gap: str
    because_interest: str
    reason: str
    """Codes, by which pages distinguish kinds of explanations; not for readers."""
    mastery: float | None
    low: float | None
    high: float | None
    target: float | None
    answers: int
    recent: tuple[tuple[dt.date, float], ...]
    """The last answers on the skill at the time of the decision, the latest first: the day there, and 1 for right."""
    topic: str | None
    interest: float | None
    confidence: float | None
    price: float
    """The share of the best skill value that was given up for interest."""
    predicted_success: float
    difficulty_known: bool
    learned_difficulty: float | None
    """Of the material: what it rests on."""


def explanations(session: Session, school_id: int, *, class_id: int | None = None) -> dict[int, list[Explanation]]:
    """Return the explanations of a school or a class by student id, ordered by the student's ref and slot."""
    statement = load_sql("explanations", display_name=DISPLAY_NAME)
    target = own_target(session, school_id, class_id)
    parameters = {"school": school_id, "class": class_id, "most": MAX_ANSWERS, "target": target}
    found: dict[int, list[Explanation]] = {}
    zone = school_time.zone_of(session, school_id)
    for row in execute(session, statement, parameters).mappings():
        found.setdefault(row["id"], []).append(_explanation(row, zone))
    return found


def _explanation(row: RowMapping, zone: dt.tzinfo) -> Explanation:
    columns = {name: value for name, value in row.items() if name not in {"id", "slot", "record", "recent"}}
    days = tuple((dt.datetime.fromtimestamp(float(at), tz=zone).date(), float(right)) for at, right in row["recent"])
    return Explanation(**columns, recent=days, price=price_of_interest(row["record"], row["slot"]))


def price_of_interest(record: str, slot: int) -> float:
    """Return the price of interest of a slot, in [0, 1], from the record of its decision."""
    outcome = orjson.loads(record)["outcome"]
    # The first version of the record holds one list.
    slots = [each for decided in outcome.get("lists", [outcome]) for each in decided["chosen"]]
    return next((each.get("price", 0) / 10_000 for each in slots if each["slot"] == slot), 0.0)


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
    difficulty_known: bool
    """Whether the school gives the material's difficulty."""
    learned_difficulty: float | None


def explained(session: Session, assignment: int) -> Explained | None:
    """Return one assignment by its id, or None."""
    statement = """
        SELECT a.id AS assignment, person.ref AS student, material.ref AS material, material.title, material.url,
               material.text AS task, skill.ref AS skill, material.context, a.state, a.slot, a.menu_position,
               a.because_gap, a.because_interest, a.predicted_success, a.reason, a.version, decision.id AS decision,
               decision.digest, decision.record, material.difficulty_known, material.learned_difficulty
          FROM souschef.assignment AS a
          JOIN souschef.person ON person.id = a.student_id
          JOIN souschef.material ON material.id = a.material_id
          JOIN souschef.skill ON skill.id = a.skill_id
          JOIN souschef.decision ON decision.id = a.decision_id
         WHERE a.id = :id
    """
    found = fetch(session, Explained, statement, {"id": assignment})
    return found[0] if found else None


def record_of(session: Session, decision: int) -> str | None:
    """Return a decision's record as it was stored, or None."""
    return session.exec(select(Decision.record).where(Decision.id == decision)).one_or_none()
