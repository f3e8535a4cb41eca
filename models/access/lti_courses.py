"""Courses of a platform from which Souschef was opened: where their services are, and which class is meant."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from config.errors import Exit, OperatorError
from models import clock
from models.access import lti
from models.access.lti import Platform
from models.rows import change, execute
from models.tables import LtiCourse

MOST = 5_000
"""Courses of one registration."""
KEPT_DAYS = 400
"""A course that nobody has opened for so long is forgotten: a school year with its holidays."""
MAX_TITLE = 200


class NoSuchCourseError(OperatorError):
    """There is no course with this number, or its platform is revoked."""

    exit_code = Exit.WRONG_INPUT


@dataclass(frozen=True, slots=True)
class Seen:
    """What a launch says of the course that it comes from."""

    name: str
    """The platform's id of the course."""
    title: str
    sourced_id: str
    members_url: str
    items_url: str


@dataclass(frozen=True, slots=True)
class Course:
    """A course, its platform, and its class here."""

    id: int
    platform: Platform
    school_ref: str
    name: str
    title: str
    sourced_id: str
    class_id: int | None
    class_ref: str | None
    members_url: str
    items_url: str
    item_url: str

    @property
    def own_name(self) -> str:
        """The name that the platform itself has for the course, which no other platform can claim."""
        return f"{self.platform.issuer}|{self.name}"


def note(session: Session, platform: Platform, seen: Seen) -> int | None:
    """Write down where a course's services are; return its number, or None where the platform has too many courses."""
    statement = """
        INSERT INTO souschef.lti_course AS old
               (school_id, registration_id, name, title, sourced_id, members_url, items_url)
        SELECT :school, :registration, :name, :title, :sourced_id, :members_url, :items_url
         WHERE (SELECT count(*) FROM souschef.lti_course WHERE registration_id = :registration) < :most
            OR EXISTS (SELECT FROM souschef.lti_course WHERE registration_id = :registration AND name = :name)
        ON CONFLICT (registration_id, name) DO UPDATE
           SET title = excluded.title, sourced_id = excluded.sourced_id, seen_at = excluded.seen_at,
               members_url = excluded.members_url, items_url = excluded.items_url,
               item_url = CASE WHEN old.items_url = excluded.items_url THEN old.item_url ELSE '' END
         WHERE (old.title, old.sourced_id, old.members_url, old.items_url)
                 <> (excluded.title, excluded.sourced_id, excluded.members_url, excluded.items_url)
            OR old.seen_at < excluded.seen_at - interval '1 day'
    """
    parameters = {
        "school": platform.school_id,
        "registration": platform.id,
        "name": seen.name,
        "title": seen.title[:MAX_TITLE],
        "sourced_id": seen.sourced_id,
        "members_url": seen.members_url,
        "items_url": seen.items_url,
        "most": MOST,
    }
    execute(session, statement, parameters)
    found = select(LtiCourse.id).where(LtiCourse.registration_id == platform.id, LtiCourse.name == seen.name)
    return session.exec(found).one_or_none()


def set_class(session: Session, course: int, class_id: int) -> None:
    """Note which class a course is."""
    differs = col(LtiCourse.class_id).is_distinct_from(class_id)
    change(session, update(LtiCourse).where(col(LtiCourse.id) == course, differs).values(class_id=class_id))


def set_class_named(session: Session, course: Course) -> None:
    """Note which class a course is, by its own name."""
    statement = """
        UPDATE souschef.lti_course SET class_id = a.target_id FROM souschef.alias AS a
         WHERE lti_course.id = :course AND a.school_id = lti_course.school_id AND a.kind = 'class' AND a.name = :name
    """
    execute(session, statement, {"course": course.id, "name": course.own_name})


def find(session: Session, number: int) -> Course:
    """Return a course by its number.

    Raises:
        NoSuchCourseError: there is none, or its platform is revoked.
    """
    found = _courses(session, "c.id = :number", {"number": number})
    if not found:
        raise NoSuchCourseError(f"There is no course {number}.", "`souschef lti list` shows them.")
    return found[0]


def with_scores(session: Session) -> list[Course]:
    """Return the courses whose platform is sent the number of tasks done, as far as it has a gradebook for them."""
    condition = "r.scores_enabled AND c.items_url <> '' AND c.class_id IS NOT NULL"
    return _courses(session, condition, {})


def list_courses(session: Session) -> list[Mapping[str, Any]]:
    """Return every course with its registration's number, its class's ref and how its services fared."""
    statement = """
        SELECT c.id, c.registration_id, school.ref AS school, c.name, c.title, class.ref AS class, c.failure,
               c.failed_at, c.members_url <> '' AS has_members, c.items_url <> '' AS has_scores, c.seen_at
          FROM souschef.lti_course AS c
          JOIN souschef.school ON school.id = c.school_id
          LEFT JOIN souschef.class ON class.id = c.class_id ORDER BY c.id
    """
    return [dict(row) for row in execute(session, statement).mappings()]


@dataclass(frozen=True, slots=True)
class CourseStatus:
    """How the services of a platform's courses work, all together."""

    has_members: bool
    """Whether any course lists its members."""
    failure: str
    """The code with which a service failed last; "" where all work."""
    failed: int
    """Of how many courses a service failed last."""


def statuses(session: Session) -> dict[int, CourseStatus]:
    """Return how the services of each registration's courses work; one without any course is left out."""
    statement = """
        SELECT registration_id, bool_or(members_url <> ''), coalesce(max(failure), ''),
               count(*) FILTER (WHERE failure <> '')
          FROM souschef.lti_course GROUP BY registration_id
    """
    return {number: CourseStatus(*rest) for number, *rest in execute(session, statement).all()}


def note_failure(session: Session, course: int, code: str) -> None:
    """Note with which code a service of a course failed; "" after it worked."""
    statement = """
        UPDATE souschef.lti_course
           SET failure = :code, failed_at = CASE WHEN :code = '' THEN NULL ELSE (SELECT souschef.clock()) END
         WHERE id = :course AND (failure <> :code OR :code <> '')
    """
    execute(session, statement, {"course": course, "code": code})


def set_item(session: Session, course: int, address: str) -> None:
    """Note where our column of a course's gradebook is; "" where it has gone."""
    change(session, update(LtiCourse).where(col(LtiCourse.id) == course).values(item_url=address))


def forget_old(session: Session, school_id: int) -> int:
    """Delete courses that nobody has opened for `KEPT_DAYS`; return how many."""
    old = col(LtiCourse.seen_at) < clock.NOW - dt.timedelta(days=KEPT_DAYS)
    return change(session, delete(LtiCourse).where(col(LtiCourse.school_id) == school_id, old))


def known_people(session: Session, school_id: int, names: Collection[str]) -> dict[str, tuple[str, str]]:
    """Return (ref, role) of each person by those of their names that are among `names`."""
    statement = """
        SELECT alias.name, person.ref, person.role FROM souschef.alias
          JOIN souschef.person ON person.id = alias.target_id
         WHERE alias.school_id = :school AND alias.kind = 'person' AND alias.name = ANY(CAST(:names AS text[]))
    """
    rows = execute(session, statement, {"school": school_id, "names": sorted(names)}).all()
    return {name: (ref, role) for name, ref, role in rows}


def known_class(session: Session, school_id: int, names: Sequence[str]) -> str | None:
    """Return the ref of the class that the first known of several names means."""
    statement = """
        SELECT alias.name, class.ref FROM souschef.alias JOIN souschef.class ON class.id = alias.target_id
         WHERE alias.school_id = :school AND alias.kind = 'class' AND alias.name = ANY(CAST(:names AS text[]))
    """
    found = dict(execute(session, statement, {"school": school_id, "names": list(names)}).all())
    return next((found[name] for name in names if name in found), None)


def _courses(session: Session, condition: str, parameters: Mapping[str, Any]) -> list[Course]:
    statement = f"""
        SELECT c.id, c.registration_id, school.ref AS school_ref, c.name, c.title, c.sourced_id, c.class_id,
               class.ref AS class_ref, c.members_url, c.items_url, c.item_url
          FROM souschef.lti_course AS c
          JOIN souschef.lti_registration AS r ON r.id = c.registration_id AND r.revoked_at IS NULL
          JOIN souschef.school ON school.id = c.school_id
          LEFT JOIN souschef.class ON class.id = c.class_id
         WHERE {condition} ORDER BY c.seen_at DESC, c.id
    """  # noqa: S608 - conditions of this module
    platforms = {platform.id: platform for platform in lti.live(session)}
    rows = [dict(row) for row in execute(session, statement, dict(parameters)).mappings()]
    return [Course(platform=platforms[row.pop("registration_id")], **row) for row in rows]
