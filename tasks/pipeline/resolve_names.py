"""Look up in a school what events call people and things: students, classes, items, skills, materials, assignments."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlmodel import Session

from lms.facts import Fact, FactKind
from models import catalogue
from models.assignments import activity
from models.assignments.activity import OfferedAssignment
from models.students import people
from models.students.people import Student
from models.tables.people import AliasKind

ITEM_FACTS = (FactKind.ITEM_RESULT, FactKind.ATTEMPT_GRADED)
ASSIGNMENT_FACTS = (FactKind.ASSIGNMENT_PICKED, FactKind.ASSIGNMENT_STARTED, FactKind.ASSIGNMENT_DONE)
MAY_NAME_ASSIGNMENT = (FactKind.ITEM_RESULT, FactKind.HELP_REQUESTED, FactKind.ASSIGNMENT_DECLINED)
TOPIC_FACTS = (FactKind.INTEREST_FEEDBACK, FactKind.INTEREST_VETO)
SKILL_FACTS = (FactKind.SKILL_RESULT, FactKind.WISH)
MAX_ID_DIGITS = 18
"""As many as fit into a bigint."""


class UnknownNameError(Exception):
    """An event names a person or thing that the school has not loaded yet."""

    def __init__(self, code: str, name: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.name = name


@dataclass(frozen=True, slots=True)
class ResolvedNames:
    """What the names in a batch of facts mean in this school: name -> id."""

    students: Mapping[str, Student]
    items: Mapping[str, int]
    material_items: Mapping[str, int]
    """Names under which an LMS reports answers to a material's own questions -> the material's id."""
    skills: Mapping[str, int]
    classes: Mapping[str, int]
    offers: Mapping[int, OfferedAssignment]
    """By assignment id."""


def resolve_names(
    session: Session, school_id: int, facts: Iterable[Fact], *, students: Iterable[str] = ()
) -> ResolvedNames:
    """Look up every name in these facts, and of more students, with one query for each kind of name."""
    facts = list(facts)
    persons = people.resolve_names(session, school_id, AliasKind.PERSON, {*students, *(fact.student for fact in facts)})
    loaded = people.load_students(session, set(persons.values()))
    items = {name for fact in facts if fact.kind in ITEM_FACTS for name in fact.subject}
    skills = {name for fact in facts if fact.kind in SKILL_FACTS for name in fact.subject}
    classes = {fact.class_ref for fact in facts if fact.class_ref is not None}
    assignments = {assignment_id(fact) for fact in facts if fact.kind in (*ASSIGNMENT_FACTS, *MAY_NAME_ASSIGNMENT)}
    return ResolvedNames(
        students={name: loaded[person] for name, person in persons.items()},
        items=people.resolve_names(session, school_id, AliasKind.ITEM, items),
        material_items=people.resolve_names(session, school_id, AliasKind.MATERIAL_ITEM, items),
        skills=people.resolve_names(session, school_id, AliasKind.SKILL, skills),
        classes=people.resolve_names(session, school_id, AliasKind.CLASS, classes),
        offers=activity.find_offers(session, {number for number in assignments if number is not None}),
    )


def resolve_name(session: Session, school_id: int, kind: AliasKind, name: str | None, *, code: str) -> int | None:
    """Return the id for a name; None for None.

    Raises:
        UnknownNameError: with `code`.
    """
    if name is None:
        return None
    number = people.resolve_names(session, school_id, kind, {name}).get(name)
    if number is None:
        raise UnknownNameError(code, name)
    return number


def resolve_material(session: Session, school_id: int, ref: str | None) -> int | None:
    """Return the id of a material; None for None.

    Raises:
        UnknownNameError: `unknown_material`.
    """
    if ref is None:
        return None
    number = catalogue.material_id(session, school_id, ref)
    if number is None:
        raise UnknownNameError("unknown_material", ref)
    return number


def assignment_id(fact: Fact) -> int | None:
    """Return the id of the assignment that a fact is about; None where it holds no id of ours."""
    text = str(fact.value.get("assignment", ""))
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MAX_ID_DIGITS else None
