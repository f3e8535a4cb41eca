"""Who is in a course of an LMS, as its Names and Role Provisioning Service lists them.

Source: LTI Advantage NRPS 2.0; Moodle's short role names as seen on the wire.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lms.json_fields import get_path, text_at

VOCABULARY = "http://purl.imsglobal.org/vocab/lis/v2/membership#"
MAX_TEXT = 255


class MembershipsError(ValueError):
    """The answer is no list of members."""


@dataclass(frozen=True, slots=True)
class Member:
    """One person in a course."""

    id: str
    """The platform's id, which is the subject of the person's launches."""
    is_teacher: bool
    is_student: bool
    is_active: bool
    sourced_id: str | None
    """The roster's name of the person, as the platform knows it."""
    given_name: str | None
    family_name: str | None


def parse(document: object) -> list[Member]:
    """Return the members of one page of a membership container.

    Raises:
        MembershipsError: it is none, or a member has no id.
    """
    rows = get_path(document, "members")
    if not isinstance(rows, list):
        raise MembershipsError("The answer has no members.")
    return [_member(row) for row in rows]


def _member(row: object) -> Member:
    name = _short(row, "user_id")
    if name is None:
        raise MembershipsError("A member has no user_id.")
    found = get_path(row, "roles")
    roles = {each.removeprefix(VOCABULARY) for each in (found if isinstance(found, list) else []) if _is_text(each)}
    sourced_id = _short(row, "lis_person_sourcedid")
    return Member(
        id=name,
        is_teacher="Instructor" in roles,
        is_student="Learner" in roles,
        is_active=(text_at(row, "status") or "Active") == "Active",
        sourced_id=None if sourced_id is None or sourced_id.startswith("$") else sourced_id,
        given_name=_short(row, "given_name"),
        family_name=_short(row, "family_name"),
    )


def _short(row: object, field: str) -> str | None:
    found = text_at(row, field) if isinstance(row, Mapping) else None
    usable = found is not None and 0 < len(found.strip()) <= MAX_TEXT and found.isprintable()
    return found.strip() if usable and found is not None else None


def _is_text(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, str)
