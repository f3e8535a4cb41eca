"""People: find them by ref or alias, load what the pipeline needs of them, and their display names."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session, col, select

from config.errors import WrongInputError
from models.access.schools import SchoolKey
from models.rows import among, execute, fetch, not_null
from models.tables import Alias, Class, Material, Person
from models.tables.people import AliasKind, Role

DISPLAY_NAME = "coalesce(nullif(concat_ws(' ', person.given_name, person.family_name), ''), person.ref)"
"""SQL: how people see a person of `souschef.person`; the ref of one whose roster has no names."""


class UnknownRefError(WrongInputError):
    """The school has no student, or no class, of this ref."""


@dataclass(frozen=True, slots=True)
class Student:
    """What the pipeline needs to know of a person."""

    id: int
    ref: str
    role: str
    interests_enabled: bool
    """Both the school's switch and the student's own."""
    grade: float | None
    reading_level: float | None
    language: str
    at_school: bool
    """An active student; others get no assignment."""


def load_students(session: Session, ids: Collection[int]) -> dict[int, Student]:
    """Return the people with these ids."""
    statement = """
        SELECT person.id, person.ref, person.role,
               person.interests_enabled AND school.interests_enabled AS interests_enabled, person.grade,
               person.reading_level, coalesce(person.language, school.language) AS language,
               person.role = 'student' AND person.active AS at_school
          FROM souschef.person
          JOIN souschef.school ON school.id = person.school_id
         WHERE person.id = ANY(CAST(:ids AS bigint[]))
    """
    return {student.id: student for student in fetch(session, Student, statement, {"ids": list(ids)})}


def students_of(session: Session, school_id: int) -> list[int]:
    """Return the ids of a school's active students, whether or not they are in a class."""
    active = Person.school_id == school_id, Person.role == Role.STUDENT, col(Person.active)
    found = session.exec(select(Person.id).where(*active).order_by(col(Person.id)))
    return [student for student in found if student is not None]


def schools_of(session: Session, ids: Collection[int]) -> dict[int, int]:
    """Return the school's id of each active student among `ids`; others are left out."""
    active = Person.role == Role.STUDENT, col(Person.active)
    found = select(not_null(Person.id), Person.school_id).where(among(Person.id, ids), *active)
    return dict(session.exec(found).all())


def schools_of_people(session: Session, ids: Collection[int]) -> dict[int, int]:
    """Return the school's id of each person among `ids`, also of those who have left."""
    return dict(session.exec(select(not_null(Person.id), Person.school_id).where(among(Person.id, ids))).all())


def find_student(session: Session, school: SchoolKey, ref: str) -> int:
    """Return the id of a school's student.

    Raises:
        UnknownRefError: the school has no student of this ref.
    """
    person = Person.ref == ref, Person.school_id == school.id, Person.role == Role.STUDENT
    found = session.exec(select(Person.id).where(*person)).one_or_none()
    if found is None:
        raise UnknownRefError(f"School {school.ref} has no student {ref}.", "The roster's sourcedId is meant.")
    return found


def find_class(session: Session, school: SchoolKey, ref: str) -> int:
    """Return the id of a school's class.

    Raises:
        UnknownRefError: the school has no class of this ref.
    """
    found = session.exec(select(Class.id).where(Class.ref == ref, Class.school_id == school.id)).one_or_none()
    if found is None:
        raise UnknownRefError(f"School {school.ref} has no class {ref}.", "Load a roster: souschef load PATH.")
    return found


def student_names(session: Session, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return (ref, name) by a person's id."""
    statement = f"SELECT id, ref, {DISPLAY_NAME} FROM souschef.person WHERE id = ANY(CAST(:ids AS bigint[]))"  # noqa: S608 - a constant
    return {row[0]: (row[1], row[2]) for row in execute(session, statement, {"ids": list(ids)})}


def class_refs(session: Session, ids: Collection[int | None]) -> dict[int, str]:
    """Return the ref by a class's id."""
    return dict(session.exec(select(not_null(Class.id), Class.ref).where(among(Class.id, ids))).all())


def material_titles(session: Session, ids: Collection[int]) -> dict[int, tuple[str, str]]:
    """Return (ref, title) by a material's id."""
    found = session.exec(select(not_null(Material.id), Material.ref, Material.title).where(among(Material.id, ids)))
    return {number: (ref, title) for number, ref, title in found}


def names_ending(session: Session, school_id: int, ending: str) -> dict[str, int]:
    """Return the people's names of a school that end with a text, with their ids."""
    of_people = Alias.school_id == school_id, Alias.kind == AliasKind.PERSON
    ends = col(Alias.name).endswith(ending, autoescape=True)
    return dict(session.exec(select(Alias.name, Alias.target_id).where(*of_people, ends)).all())


def resolve_names(session: Session, school_id: int, kind: str, names: Collection[str]) -> dict[str, int]:
    """Return the id of each name of a kind (`models.tables.people.AliasKind`) in a school, without unknown names."""
    if not names:
        return {}
    statement = """
        SELECT name, target_id FROM souschef.alias
         WHERE school_id = :school AND kind = :kind AND name = ANY(CAST(:names AS text[]))
    """
    parameters = {"school": school_id, "kind": str(kind), "names": sorted(names)}
    return dict(execute(session, statement, parameters).all())
