"""Open edX's event-routing-backends (recorded shapes: 5.x to 9.x) as facts.

A checked problem is one `evaluated` statement, or where it has several questions a GroupActivity and one statement a
question, each of which points at the group's statement. The weighted `attempted` statement of the same answer is
another pipe for the same evidence, so it is left alone. `objectType` is GroupActivity, which xAPI does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lms import xapi_statement as xapi
from lms.facts import Envelope, EventKind, Fact, FactKind, Ignored, Parsed, SourceRules
from lms.json_fields import get_path, key_of, localized_text, names, text_at, valid_ref

EVALUATED = "https://w3id.org/xapi/acrossx/verbs/evaluated"
ATTEMPT_ID = "http://id.tincanapi.com/extension/attempt-id"
_QUESTION_TYPES = ("/cmi.interaction", "/question")
_XBLOCK = "/xblock/"
_COURSE = "/course/"


def envelope(statement: object, *, rules: SourceRules) -> Envelope:  # noqa: ARG001 - a format's shape
    """Read from the verb where a statement belongs; all but a checked problem and a voiding is noise."""
    verb = text_at(statement, "verb", "id")
    key, student = xapi.key_for(statement), xapi.student_of(statement)
    special = xapi.envelope_of_special(statement, key)
    if special is not None:
        return special
    if verb is not None and verb != EVALUATED:
        return Envelope(None, key, student, "ignored")
    # Without a verb it makes no sense, and the worker will say so with a code.
    return Envelope(EventKind.ASSESSMENT, key, student)


def parse(statement: object, *, rules: SourceRules) -> Parsed:
    """Return the facts of one statement, or what it voids.

    Raises:
        PayloadError: it cannot be understood.
    """
    special = xapi.parse_special(statement)
    if special is not None:
        return special
    it = xapi.read(statement, rules=rules)
    if it.verb != EVALUATED or not str(it.definition.get("type", "")).endswith(_QUESTION_TYPES):
        return Ignored("ignored")
    if get_path(statement, "object", "objectType") == "GroupActivity":
        return Ignored("parts_follow")
    return (_item_result(it, statement),)


def _item_result(it: xapi.Statement, statement: object) -> Fact:
    problem = _problem(it)
    number = _attempt_number(it.definition)
    # The parts of one check share the statement that they point at; a single question is its own.
    whole = text_at(statement, "context", "statement", "id") or text_at(statement, "id") or it.occurred_at.isoformat()
    which = number or whole
    return Fact(
        kind=FactKind.ITEM_RESULT,
        key=key_of("item", it.student, it.object_id, which),
        student=it.student,
        occurred_at=it.occurred_at,
        sequence=f"{which.zfill(12) if number else which}.{it.object_id}",
        statement=it.id,
        class_ref=_course(it),
        subject=names(it.object_id, _usage_key(it.object_id), localized_text(it.definition.get("name"))),
        attempt=key_of(problem, it.student, which),
        outcome=xapi.outcome_of(it.result),
        value={"assessment": problem},
    )


def _problem(it: xapi.Statement) -> str:
    """Return the problem that a question is part of, or the question where it is the whole problem."""
    for activity in it.around:
        if activity.get("objectType") == "GroupActivity":
            return valid_ref(activity["id"], "/context/contextActivities/parent")
    return it.object_id


def _attempt_number(definition: Mapping[str, Any]) -> str | None:
    found = get_path(definition, "extensions", ATTEMPT_ID)
    return str(found) if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def _usage_key(address: str) -> str | None:
    """Return `block-v1:...`, by which course exports name a problem."""
    return address.rsplit(_XBLOCK, 1)[1] if _XBLOCK in address else None


def _course(it: xapi.Statement) -> str | None:
    """Return `course-v1:...`, by which rosters name a course run."""
    found = xapi.class_of(it)
    return found.rsplit(_COURSE, 1)[1] or found if found and _COURSE in found else found
