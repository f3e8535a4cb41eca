"""By which names a school may know the person and the class of a launch: never by a person's own name.

By e-mail address only where the school has switched it on for the platform. Which names a platform's events use for the
same person differs from product to product; each product's are listed here.
"""

from __future__ import annotations

import re
from enum import StrEnum

from web.lti.claims import INSTRUCTOR, LEARNER, TEST_USER, Launch

CANVAS_FIELDS = ("canvas_user_uuid", "canvas_user_global_id", "canvas_user_sis_id")
"""Custom fields that we ask Canvas for; `$...` in the registration says what fills them."""
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
LONG_ID = re.compile(r"[0-9a-zA-Z-]{20,64}")
"""An id that nobody chooses: long enough that no other address ends with it by chance."""


class Seen(StrEnum):
    """As what somebody launches."""

    STUDENT = "student"
    TEACHER = "teacher"
    PREVIEW = "preview"
    """A student whom the LMS made up: nothing is shown, and nothing recorded."""


def seen_as(launch: Launch) -> Seen | None:
    """Return as what somebody launches, by exact roles of the course; None for everybody else.

    An administrator of the institution is no teacher of this course, and an observer no student.
    """
    if TEST_USER in launch.roles:
        return Seen.PREVIEW
    if INSTRUCTOR in launch.roles:
        return Seen.TEACHER
    return Seen.STUDENT if LEARNER in launch.roles else None


def own_name(launch: Launch) -> str:
    """Return the name that the platform itself has for the person, which no other platform can claim."""
    return f"{launch.issuer}|{launch.subject}"


def person_names(launch: Launch, product: str, *, match_emails: bool = False) -> list[str]:
    """Return the person's names: the platform's own first, then those that a roster may know.

    Custom fields are read from Canvas alone, where the tool's registration fills them: elsewhere a course's author may
    write what he likes into them. Open edX names people by username in rosters, and by two different UUIDs in events
    and launches: its export of `external_user_ids` joins them. Brightspace's number is the school records' own.
    """
    names = [own_name(launch), launch.lis.get("person_sourcedid")]
    match product:
        case "canvas":
            names += [launch.custom.get(field) for field in CANVAS_FIELDS]
        case "openedx":
            names += [launch.subject if UUID.fullmatch(launch.subject) else None, launch.username]
        case "desire2learn" | "brightspace":
            names.append(launch.organisation_id)
    if match_emails:
        names.append(launch.email)
    return list(dict.fromkeys(name for name in names if name))


def person_ending(launch: Launch, product: str) -> str | None:
    """Return how a name of the person ends: in Blackboard's events the last segment of an actor's address is the id."""
    return f"/{launch.subject}" if product == "blackboard" and LONG_ID.fullmatch(launch.subject) else None


def own_class_name(launch: Launch) -> str | None:
    """Return the name that the platform itself has for the course; None where it names none."""
    course = launch.context.get("id")
    return None if course is None else f"{launch.issuer}|{course}"


def class_names(launch: Launch, product: str) -> list[str]:
    """Return the names of the class that only the platform or its administrators give, the surest first."""
    course = launch.context.get("id")
    names = [own_class_name(launch), launch.lis.get("course_section_sourcedid")]
    if course is not None and product == "moodle":
        names.append(f"{launch.issuer}/course/view.php?id={course}")
    elif course is not None:
        names.append(course)
    return [name for name in names if name]
