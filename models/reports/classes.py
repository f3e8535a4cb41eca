"""What a teacher reads of a class: each student's line, who could work together, and what the catalogue lacks."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping
from sqlmodel import Session

from learning.mastery.wording import Evidence, skill_status
from learning.selection import AnswerCounts
from learning.selection.explanations import sentence_of
from learning.selection.groups import MenuChoice
from models.assignments.activity import ORDER_OF_WORK
from models.assignments.decision_inputs import RecentAnswers, own_target, recent_answers
from models.reports import override_pages
from models.rows import execute, fetch, load_sql
from models.students.people import DISPLAY_NAME

IN_CLASS = """
    person.school_id = :school AND (CAST(:class AS bigint) IS NULL OR EXISTS (
      SELECT FROM souschef.current_enrolment AS current
       WHERE current.student_id = person.id AND current.class_id = :class))
"""


@dataclass(frozen=True, slots=True)
class Titles:
    """Display names by ref."""

    students: dict[str, str]
    skills: dict[str, str]
    materials: dict[str, str]
    topics: dict[str, str]
    rests: dict[str, tuple[str, ...]]
    """By skill: the titles of the skills that build on it, those of the class's scope first."""


@dataclass(frozen=True, slots=True)
class ClassMenus:
    """The open menus of a class."""

    seats: list[MenuChoice]
    titles: Titles
    student_ids: set[int]
    """Of all students with an open menu."""


def menus(session: Session, school_id: int, class_id: int) -> ClassMenus:
    """Return the open menus of a class, whose students are identified by their refs."""
    statement = f"""
        SELECT person.id, person.ref AS student, {DISPLAY_NAME} AS name,
               skill.ref AS skill, skill.title AS skill_title, coalesce(material.context, '') AS context,
               material.ref AS material, material.title AS material_title, coalesce(gap.mastery, 0) AS mastery,
               coalesce(gap.low, 0) AS low, coalesce(gap.high, 1) AS high, open.menu_position
          FROM souschef.assignment AS open
          JOIN souschef.person ON person.id = open.student_id
          JOIN souschef.material ON material.id = open.material_id
          JOIN souschef.skill ON skill.id = open.skill_id
          LEFT JOIN souschef.skill_gap AS gap ON gap.student_id = person.id AND gap.skill_id = skill.id
         WHERE open.state IN ('proposed', 'assigned', 'started') AND person.active AND {IN_CLASS}
           AND coalesce(open.class_id, :class) = :class
         ORDER BY person.ref, open.slot, open.menu_position
    """  # noqa: S608 - the condition is a constant
    rows = execute(session, statement, {"school": school_id, "class": class_id}).all()
    titles = Titles(
        students={row.student: row.name for row in rows},
        skills={row.skill: row.skill_title for row in rows},
        materials={row.material: row.material_title for row in rows},
        topics=override_pages.topics(session, school_id),
        rests=resting_on(session, class_id, {row.skill for row in rows}),
    )
    seats = [
        MenuChoice(row.student, row.skill, row.context, row.material, row.mastery, row.low, row.high, row.menu_position)
        for row in rows
    ]
    return ClassMenus(seats, titles, {row.id for row in rows})


def resting_on(session: Session, class_id: int, skills: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return by skill the titles of the skills that build on it, those of the class's scope first."""
    statement = """
        SELECT base.ref, array_agg(above.title ORDER BY scope.skill_id IS NULL, above.grade, above.ref) AS titles
          FROM souschef.class
          JOIN souschef.skill AS base ON base.school_id = class.school_id
          JOIN souschef.prerequisite ON prerequisite.needs_id = base.id
          JOIN souschef.skill AS above ON above.id = prerequisite.skill_id
          LEFT JOIN souschef.scope ON scope.class_id = class.id AND scope.skill_id = above.id
         WHERE class.id = :class AND base.ref = ANY(CAST(:skills AS text[])) GROUP BY base.ref
    """
    rows = execute(session, statement, {"class": class_id, "skills": sorted(skills)})
    return {row.ref: tuple(row.titles) for row in rows}


@dataclass(frozen=True, slots=True)
class CatalogueGap:
    """A material worth adding: a skill in a context that students want and the catalogue lacks."""

    rank: int
    """1 would help most: by students x price."""
    school: str
    skill: str
    title: str
    context: str
    """The context wanted; "" where no material of the skill fits at all."""
    students: int
    price: float
    """Interest that each of them forgoes on average, in [0, 1]; 1 where nothing fits."""


def catalogue_gaps(session: Session, school_id: int, *, class_id: int | None = None) -> list[CatalogueGap]:
    """Return what the catalogue lacks for a school or a class, in the order of the view that the LMS reads."""
    statement = f"""
        SELECT rank() OVER (ORDER BY sum(need.price) DESC, skill.ref, need.context) AS rank, school.ref AS school,
               skill.ref AS skill, skill.title, need.context, count(*) AS students, avg(need.price) AS price
          FROM souschef.catalogue_need AS need
          JOIN souschef.person ON person.id = need.student_id
          JOIN souschef.school ON school.id = need.school_id
          JOIN souschef.skill ON skill.id = need.skill_id
         WHERE {IN_CLASS}
         GROUP BY school.ref, skill.ref, skill.title, need.context
         ORDER BY sum(need.price) DESC, skill.ref, need.context
    """  # noqa: S608 - the condition is a constant
    return fetch(session, CatalogueGap, statement, {"school": school_id, "class": class_id})


@dataclass(frozen=True, slots=True)
class ClassLine:
    """One student of a class: the largest gap, interests, and an assignment with its reasons."""

    student: str
    name: str
    gap_skill: str | None
    """The skill whose mastery lies furthest below its target, of those in scope."""
    gap_title: str | None
    mastery: float | None
    low: float | None
    high: float | None
    """The bounds of the 80 % interval around it."""
    status: str
    """How the student stands on it, as people read it; "" where no skill lies below its target, and on pages."""
    responses: int
    interests: tuple[str, ...]
    """Up to three topics that the student surely likes, the most liked first."""
    assignment: int | None
    """The one for the largest gap if there is one, else the first; or the student's task of now."""
    material: str | None
    skill: str | None
    contexts: tuple[str | None, ...]
    """Of the menu, the default's first; None is neutral."""
    open_slots: int
    state: str | None
    because_gap: str
    because_interest: str
    reason: str
    nothing: str | None
    nothing_sentence: str


GAP_FIRST = "skill.ref IS NOT DISTINCT FROM gap.ref DESC, a.slot"
SEEN_FIRST = f"a.state = 'proposed', {ORDER_OF_WORK}"


_OF_SCHOOL = {
    "nothing_in_class": "NULL",
    "skill_of_class": "true",
    "task_of_class": "true",
    "student_of_class": "true",
}
_OF_CLASS = {
    "nothing_in_class": "state.carry #>> ARRAY['lists', CAST(CAST(:class AS bigint) AS text), 'nothing']",
    # A class sees the skills that it works on, by its own target; a class without a scope sees all.
    "skill_of_class": """(NOT EXISTS (SELECT FROM souschef.scope WHERE class_id = :class)
            OR skill_gap.skill_id IN (SELECT scope.skill_id FROM souschef.scope WHERE class_id = :class))""",
    "task_of_class": "coalesce(a.class_id, :class) = :class",
    "student_of_class": """person.id IN (
     SELECT current.student_id FROM souschef.current_enrolment AS current WHERE current.class_id = :class)""",
}
"""What differs between the lines of a school and those of a class: with both in one statement, the server would plan it
at each use, which takes longer than to run it."""


def class_lines(session: Session, school_id: int, *, class_id: int | None = None) -> dict[int, ClassLine]:
    """Return a line for each student of a school, or of one class, by their id; ordered by name."""
    rows = _rows(session, school_id, class_id, target=own_target(session, school_id, class_id))
    answers = recent_answers(session, [row["id"] for row in rows])
    return {row["id"]: _class_line(row, _status(row, answers[row["id"]])) for row in rows}


def page_lines(
    session: Session, school_id: int, *, class_id: int, target: float, now: bool = False
) -> dict[int, ClassLine]:
    """Return the lines of a class for a page, by the class's mastery target; it shows no status in words.

    `now`: with the assignment that comes first on the student's own page, in the place of the one for the largest gap.
    """
    rows = _rows(session, school_id, class_id, target=target, order=SEEN_FIRST if now else GAP_FIRST)
    return {row["id"]: _class_line(row, "") for row in rows}


def _rows(
    session: Session, school_id: int, class_id: int | None, *, target: float | None, order: str = GAP_FIRST
) -> Sequence[RowMapping]:
    parts = _OF_SCHOOL if class_id is None else _OF_CLASS
    statement = load_sql("class_lines", display_name=DISPLAY_NAME, order=order, **parts)
    parameters: dict[str, object] = {"school": school_id, "target": target}
    parameters |= {} if class_id is None else {"class": class_id}
    return execute(session, statement, parameters).mappings().all()


_FOR_STATUS = {"gap_skill_id", "standing", "gap_target", "gap_responses"}


def _class_line(row: RowMapping, status: str) -> ClassLine:
    columns = {name: value for name, value in row.items() if name != "id" and name not in _FOR_STATUS}
    lists = {name: tuple(row[name]) for name in ("interests", "contexts")}
    return ClassLine(**columns | lists, status=status, nothing_sentence=sentence_of(row["nothing"]))


def _status(row: RowMapping, answers: RecentAnswers) -> str:
    if row["gap_skill_id"] is None:
        return ""
    last = answers.counts.get(row["gap_skill_id"], AnswerCounts(0, 0))
    evidence = Evidence(row["mastery"], row["gap_target"], row["gap_responses"], right=last.correct, marked=last.total)
    return skill_status(row["standing"], evidence).value
