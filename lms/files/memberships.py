"""A course's members as a roster: the same rows that files hold, for the same load.

People and classes that another roster has described keep what it says; here they only get the platform's name for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lms.files.bundle import Bundle
from lms.files.problem import SourceLocation
from lms.files.rows import ClassRow, EnrolmentRow, PersonRow, SessionRow
from lms.memberships import Member


@dataclass(frozen=True, slots=True)
class CourseNames:
    """A course, as its platform and the school's roster call it."""

    issuer: str
    own: str
    """The platform's own name of the course."""
    title: str
    ref: str | None
    """The class that the school has for it already; None where it has none."""
    others: tuple[str, ...]
    """More names that senders use for the course."""


@dataclass(frozen=True, slots=True)
class CourseRoster:
    """What a load needs, and whom it leaves out, each with the reason."""

    bundle: Bundle
    left_out: tuple[str, ...]


def roster(course: CourseNames, members: Iterable[Member], existing: Mapping[str, tuple[str, str]]) -> CourseRoster:
    """Return a course's members as a bundle.

    Args:
        course: the course.
        members: everyone whom the platform lists.
        existing: (ref, role) of a person by each name that the school knows.
    """
    bundle, left_out = Bundle(), []
    at = SourceLocation(f"course {course.own}")
    bundle.spoken.add("enrolment")
    class_ref = course.ref or course.own
    if class_ref == course.own:
        bundle.classes[class_ref] = ClassRow(
            class_ref, course.title or class_ref, None, SessionRow(None, None), deleted=False, school=None, at=at
        )
    else:
        bundle.deltas.add("enrollments")  # Another roster says who has left this class.
    for name in (class_ref, course.own, *course.others):
        bundle.call("class", name, class_ref, at)
    for member in members:
        if member.is_active and (member.is_teacher or member.is_student):
            problem = _add(bundle, course, member, existing=existing, class_ref=class_ref, at=at)
            left_out += [problem] if problem else []
    bundle.names.settle()
    return CourseRoster(bundle, tuple(left_out))


def own_name(issuer: str, member: Member) -> str:
    """Return the name that the platform itself has for a person: the same as in a launch."""
    return f"{issuer}|{member.id}"


def _add(  # the parts of one roster
    bundle: Bundle,
    course: CourseNames,
    member: Member,
    *,
    existing: Mapping[str, tuple[str, str]],
    class_ref: str,
    at: SourceLocation,
) -> str:
    """Add one member; return why it is left out, or ""."""
    own = own_name(course.issuer, member)
    meant = {existing[name] for name in (own, member.sourced_id) if name is not None and name in existing}
    role = "teacher" if member.is_teacher else "student"
    if len(meant) > 1:
        return f"{own}: its names mean {' and '.join(sorted(ref for ref, _ in meant))}"
    if meant and (next(iter(meant))[1] == "student") != (role == "student"):
        return f"{own}: a {role} in the LMS, and a {next(iter(meant))[1]} in the roster"
    ref = next(iter(meant))[0] if meant else member.sourced_id or own
    if ("person", ref) in bundle.names.first:
        return f"{own}: the LMS lists {ref} twice"
    if not meant or ref == own:
        bundle.people[ref] = PersonRow(
            ref, role, member.given_name, member.family_name, None, active=True, deleted=False, schools=(), at=at
        )
    for name in (ref, own, member.sourced_id):
        bundle.call("person", name, ref, at)
    bundle.enrolments.append(EnrolmentRow(class_ref, ref, role, None, None, deleted=False, at=at))
    return ""
