"""Who is in a course of an LMS: read page by page, and turned into a roster for the usual load."""

from __future__ import annotations

from lms import memberships
from lms.files.memberships import CourseNames, CourseRoster, own_name, roster
from lms.memberships import Member, MembershipsError
from models import engine
from models.access import lti_courses, lti_unknown
from models.access.lti_courses import Course
from models.tables.lti import UnknownKind
from tasks.lti import services
from tasks.lti.services import ServiceError

MEDIA = "application/vnd.ims.lti-nrps.v2.membershipcontainer+json"
MAX_PAGES = 100
MAX_MEMBERS = 5_000
"""No course that one class works in has more; a platform that goes on for ever is not waited for."""


def read(course: Course) -> list[Member]:
    """Return everyone whom a platform lists in a course.

    Raises:
        ServiceError: the platform has no such service for the course, or it fails.
    """
    platform = course.platform
    if not course.members_url:
        raise ServiceError(platform, "scope")
    access = services.authorize(platform, services.MEMBERS_SCOPE)
    found: list[Member] = []
    address: str | None = course.members_url
    for _ in range(MAX_PAGES):
        if address is None:
            return found
        answer = services.get(access, address, media=MEDIA)
        try:
            found += memberships.parse(answer.document)
        except MembershipsError:
            raise ServiceError(platform, "content") from None
        if len(found) > MAX_MEMBERS:
            break
        address = answer.next_url
    if address is None:
        return found
    raise ServiceError(platform, "too_many")


def as_roster(course: Course, members: list[Member]) -> CourseRoster:
    """Return members as a roster: people whom the school knows by any of their names stay the people that they are."""
    platform = course.platform
    others = [course.sourced_id] if course.sourced_id else []
    if platform.product == "moodle":
        others.append(f"{platform.issuer}/course/view.php?id={course.name}")
    names = {name for member in members for name in (own_name(platform.issuer, member), member.sourced_id) if name}
    with engine.transaction() as session:
        existing = lti_courses.known_people(session, platform.school_id, names)
        own = course.class_ref or lti_courses.known_class(session, platform.school_id, [course.own_name, *others])
    course_names = CourseNames(platform.issuer, course.own_name, course.title, own, tuple(others))
    return roster(course_names, members, existing)


def unknown(course: Course, members: list[Member]) -> list[str]:
    """Note those members whom the school does not know, as their own launch would; return their names."""
    platform = course.platform
    own_names = {
        own_name(platform.issuer, member): member.sourced_id
        for member in members
        if member.is_active and (member.is_student or member.is_teacher)
    }
    with engine.transaction() as session:
        existing = lti_courses.known_people(
            session, platform.school_id, {*own_names, *(n for n in own_names.values() if n)}
        )
        missing = [own for own, sourced_id in own_names.items() if own not in existing and sourced_id not in existing]
        for name in missing:
            lti_unknown.note(session, platform.school_id, platform.id, UnknownKind.PERSON, name)
    return missing
