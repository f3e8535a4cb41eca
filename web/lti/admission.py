"""Whom the school lets in: a verified launch becomes a known person and class, or a line in `souschef lti unknown`."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session

from models.access import lti, lti_courses, lti_unknown, page_sessions
from models.access.lti import Platform
from models.access.page_sessions import Opened
from models.tables import Person
from models.tables.lti import UnknownKind
from models.tables.pages import PageRole
from models.tables.people import Role
from web.lti.claims import DEEP_LINKING_REQUEST, Launch
from web.lti.names import (
    Seen,
    class_names,
    own_class_name,
    own_name,
    person_ending,
    person_names,
    seen_as,
)


@dataclass(frozen=True, slots=True)
class Admitted:
    """Who may see which pages."""

    person_id: int
    role: PageRole
    class_id: int | None
    frames: tuple[str, ...]
    course_id: int | None = None
    """The course whose class the teacher has to say."""


def admit(session: Session, platform: Platform, launch: Launch) -> Admitted | str:
    """Return who may see what; or the code of the refusal, where what is unknown has been written down."""
    if not lti.is_admitted(session, platform.id, launch.deployment):
        _note(session, platform, UnknownKind.DEPLOYMENT, launch.deployment)
        return "unknown_deployment"
    seen = seen_as(launch)
    if seen is None or (launch.message_type == DEEP_LINKING_REQUEST and seen is not Seen.TEACHER):
        return "no_role"
    if seen is Seen.PREVIEW:
        return "preview"
    course_id = _note_course(session, platform, launch)
    names = person_names(launch, platform.product, match_emails=platform.match_emails)
    ending = person_ending(launch, platform.product)
    person = page_sessions.person(session, platform.school_id, names, ending=ending)
    if person is None:
        _note(session, platform, UnknownKind.PERSON, own_name(launch))
        return "unknown_person"
    if seen is Seen.STUDENT:
        return _student(platform, person)
    return _teacher(session, platform, launch, person, course_id=course_id)


def _student(platform: Platform, person: Person) -> Admitted | str:
    """Admit a student. A teacher who looks at the course as a student does launches as one, under his own name."""
    if person.role != Role.STUDENT:
        return "preview"
    return Admitted(int(person.id or 0), PageRole.STUDENT, None, platform.frames)


def _teacher(
    session: Session, platform: Platform, launch: Launch, person: Person, *, course_id: int | None
) -> Admitted | str:
    if person.role == Role.STUDENT:
        return "no_role"
    number = int(person.id or 0)
    class_id = _class(session, platform, launch, number)
    if class_id is not None and course_id is not None:
        lti_courses.set_class(session, course_id, class_id)
    if class_id is not None or launch.message_type == DEEP_LINKING_REQUEST:
        return Admitted(number, PageRole.TEACHER, class_id, platform.frames)
    if course_id is not None and page_sessions.classes_taught(session, number):
        return Admitted(number, PageRole.TEACHER, None, platform.frames, course_id)
    return "unknown_class"


def open_page(
    session: Session, platform: Platform, admitted: Admitted, *, waiting: bool, storage_mark: bytes | None = None
) -> Opened:
    """Open a session for somebody who was let in."""
    return page_sessions.open_session(
        session,
        school_id=platform.school_id,
        person_id=admitted.person_id,
        role=admitted.role,
        class_id=admitted.class_id,
        registration_id=platform.id,
        course_id=admitted.course_id,
        waiting=waiting,
        storage_mark=storage_mark,
    )


def _class(session: Session, platform: Platform, launch: Launch, teacher_id: int) -> int | None:
    """Return the class of the course; by its label, which a teacher may change, only one that the teacher has."""
    found = page_sessions.class_named(session, platform.school_id, class_names(launch, platform.product))
    label = launch.context.get("label")
    if found is None and label is not None:
        labelled = page_sessions.class_named(session, platform.school_id, [label])
        found = labelled if labelled in page_sessions.classes_taught(session, teacher_id).values() else None
    if found is None and (own := own_class_name(launch)) is not None:
        title = launch.context.get("title") or label or ""
        _note(session, platform, UnknownKind.CLASS, own, label=title)
    return found


def _note_course(session: Session, platform: Platform, launch: Launch) -> int | None:
    course = launch.context.get("id")
    if course is None:
        return None
    seen = lti_courses.Seen(
        name=course,
        title=launch.context.get("title") or launch.context.get("label") or "",
        sourced_id=launch.lis.get("course_section_sourcedid", ""),
        members_url=launch.members_url,
        items_url=launch.items_url,
    )
    return lti_courses.note(session, platform, seen)


def _note(session: Session, platform: Platform, kind: UnknownKind, name: str, *, label: str = "") -> None:
    lti_unknown.note(session, platform.school_id, platform.id, kind, name, label=label)
