"""Resolve a school: by its ref, its name or their beginning; or the only one that there is."""

from dataclasses import dataclass

from sqlalchemy import update
from sqlmodel import Session, col, select

from config.errors import Exit, OperatorError
from config.settings import settings
from models.rows import change
from models.tables import School

MAX_LISTED = 20
"""As many schools as an error lists."""


@dataclass(frozen=True, slots=True)
class SchoolKey:
    """A school's id, and the ref by which people and files name it."""

    id: int
    ref: str


class UnresolvedSchoolError(OperatorError):
    """No school fits, or there are several and no ref was given."""

    exit_code = Exit.WRONG_INPUT


def resolve(session: Session, ref: str | None) -> SchoolKey:
    """Return the school of this ref; without a ref, that of SOUSCHEF_SCHOOL, or the only school.

    Raises:
        UnresolvedSchoolError: there is no such school, or there are several and no ref was given.
    """
    schools = all_schools(session)
    ref = ref or settings().school or None
    matches = _matches(session, schools, ref)
    if len(matches) == 1:
        return matches[0]
    if not schools:
        missing = "There is no school yet." if ref is None else f"There is no school {ref}, nor any other."
        raise UnresolvedSchoolError(missing, "Load a roster first: souschef load PATH.")
    if matches and ref is not None:
        raise UnresolvedSchoolError(f"{ref} may mean {_list(matches)}.", "Type the ref of one of them.")
    if ref is not None:
        raise UnresolvedSchoolError(f"There is no school {ref}, only {_list(schools)}.", "Name one of these.")
    found = f"There are {len(schools)} schools: {_list(schools)}."
    raise UnresolvedSchoolError(found, "Name one with --school, or in SOUSCHEF_SCHOOL.")


def raise_catalogue_version(session: Session, school_id: int) -> None:
    """Count a change of what a school teaches: workers load its catalogue again."""
    later = col(School.catalogue_version) + 1
    change(session, update(School).where(col(School.id) == school_id).values(catalogue_version=later))


def _matches(session: Session, schools: list[SchoolKey], typed: str | None) -> list[SchoolKey]:
    """Return the schools that a word may mean: of this ref, else of this name, else of this beginning."""
    if typed is None or any(school.ref == typed for school in schools):
        return [school for school in schools if typed in {None, school.ref}]
    names: dict[int | None, str] = dict(session.exec(select(School.id, School.name)).all())
    wanted = typed.casefold()
    whole = [school for school in schools if names[school.id].casefold() == wanted]
    return whole or [
        school
        for school in schools
        if any(text.casefold().startswith(wanted) for text in (school.ref, names[school.id]))
    ]


def all_schools(session: Session) -> list[SchoolKey]:
    """Return all schools by ref."""
    rows = session.exec(select(School.id, School.ref).order_by(col(School.ref)))
    return [SchoolKey(id_, ref) for id_, ref in rows if id_ is not None]


_refs: dict[tuple[str, int], str] = {}
"""The ref by (database, school id): a school keeps its ref."""


def ref_of(session: Session, school_id: int) -> str:
    """Return a school's ref, for logs; "" if there is no such school."""
    key = (session.connection().engine.url.render_as_string(hide_password=True), school_id)
    if key not in _refs:
        found = session.exec(select(School.ref).where(School.id == school_id)).first()
        if found is None:
            return ""
        _refs[key] = found
    return _refs[key]


def all_ids(session: Session) -> list[int]:
    """Return the ids of all schools."""
    return [id_ for id_ in session.exec(select(School.id).order_by(col(School.id))) if id_ is not None]


def _list(schools: list[SchoolKey]) -> str:
    refs = ", ".join(school.ref for school in schools[:MAX_LISTED])
    more = len(schools) - MAX_LISTED
    return f"{refs} and {more} more" if more > 0 else refs
