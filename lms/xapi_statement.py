"""What all xAPI formats share: the reading of a statement, and of a survey's answers in it.

Source: xAPI 1.0.3, part 2 (statements) and part 3 (a missing `timestamp` is the time of storing; `id` is the client's
or the store's).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from lms.facts import Envelope, EventKind, Fact, FactKind, Ignored, PayloadError, Retraction, SourceRules
from lms.json_fields import (
    ROUNDING,
    content_digest,
    digest,
    get_path,
    key_of,
    localized_text,
    mapping,
    names,
    number,
    parse_datetime,
    score_fraction,
    text_at,
    valid_ref,
)
from lms.survey_answers import from_interaction
from lms.values import immutable

ANSWERED = "http://adlnet.gov/expapi/verbs/answered"
_ALTERABLE = frozenset({"id", "authority", "stored", "timestamp", "version", "attachments"})
COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
GRADING = frozenset(
    {
        COMPLETED,
        "http://adlnet.gov/expapi/verbs/passed",
        "http://adlnet.gov/expapi/verbs/failed",
        "http://adlnet.gov/expapi/verbs/scored",
        "https://w3id.org/xapi/tla/verbs/scored",
        "https://w3id.org/xapi/dod-isd/verbs/completed",
    }
)
EXTERNAL_ID = "https://w3id.org/learning-analytics/learning-management-system/external-id"
_COURSE_TYPES = ("/course", "/courses")
SURVEY_TYPES = ("/feedback", "/survey", "/questionnaire")
_GUESTS = frozenset({"guest", "anonymous", "anonymoususer", "anonymous-user", "anonymous_user"})
_GUEST_NAMES = frozenset({"guest", "guest user"})
_ACCOUNTLESS = ("mbox", "mbox_sha1sum", "openid")


@immutable
class Statement:
    """A statement's fields, checked as far as every parser needs them."""

    id: str | None
    student: str
    home: str
    verb: str
    object_id: str
    definition: Mapping[str, Any]
    result: Mapping[str, Any]
    around: tuple[Mapping[str, Any], ...]
    """What the activity belongs to, nearest first."""
    around_types: tuple[str, ...]
    """The type of each activity around it, or ""."""
    occurred_at: datetime

    def first_around(self, *types: str) -> Mapping[str, Any] | None:
        """Return the nearest activity around it whose type ends with one of these, or None."""
        for activity, own in zip(self.around, self.around_types, strict=True):
            if own.endswith(types):
                return activity
        return None


def read(statement: object, *, rules: SourceRules) -> Statement:
    """Check the fields that every parser needs.

    Raises:
        PayloadError: `schema`, `bad_time`, `bad_unicode`.
    """
    top = mapping(statement, "")
    student = student_of(top)
    if not student:
        raise PayloadError("schema", "/actor", "no account, mbox or openid")
    around = context_activities(top)
    return Statement(
        id=text_at(top, "id"),
        student=valid_ref(student, "/actor"),
        home=text_at(top, "actor", "account", "homePage") or "",
        verb=valid_ref(get_path(top, "verb", "id"), "/verb/id"),
        object_id=valid_ref(get_path(top, "object", "id"), "/object/id"),
        definition=_definition(top.get("object")),
        result=mapping(top.get("result") or {}, "/result"),
        around=around,
        around_types=types_of(around),
        occurred_at=parse_datetime(top.get("timestamp"), "/timestamp", rules=rules),
    )


def with_receipt(statement: object, *, received_at: Callable[[], datetime], key: bytes | None) -> object:
    """Give a statement without a timestamp the time of storing and, with a key, one without an id the id of the answer.

    Source: xAPI 1.0.3, part 2, 2.4.1 and 2.4.7.
    """
    if not isinstance(statement, Mapping):
        return statement
    added: dict[str, str] = {}
    if "timestamp" not in statement:
        added["timestamp"] = received_at().isoformat()
    if key is not None and "id" not in statement:
        added["id"] = id_of(statement, key)
    return {**statement, **added} if added else statement


def voiding(statement: object) -> Retraction:
    """Return what a statement with the verb `voided` withdraws: the one that its object refers to.

    Whom that was about it does not say. A statement that voids another cannot be voided itself: nothing came of it.

    Source: xAPI 1.0.3, part 2, 2.3.2 Voiding.

    Raises:
        PayloadError: `schema`.
    """
    target = mapping(get_path(statement, "object"), "/object")
    if target.get("objectType") != "StatementRef":
        raise PayloadError("schema", "/object/objectType", "a StatementRef is due")
    return Retraction(statement=valid_ref(target.get("id"), "/object/id"))


def id_of(statement: object, key: bytes) -> str:
    """Return a statement's own id, or one that follows from its key, so that a resend gets the same.

    It is marked as a version 5 UUID, since clients refuse one without a version.
    """
    if own := text_at(statement, "id"):
        with suppress(ValueError):
            return str(uuid.UUID(own))
    return str(uuid.UUID(bytes=key, version=5))


def student_of(statement: object) -> str:
    """Return `homePage|account name`, or the mbox or openid of an actor without an account; "" where there is none.

    A name is the school's, which files give without the space around it.
    """
    account = get_path(statement, "actor", "account")
    home, name = get_path(account, "homePage"), get_path(account, "name")
    if isinstance(home, str) and isinstance(name, str) and home and (own := name.strip()):
        return f"{home}|{own}"
    found = (get_path(statement, "actor", field) for field in _ACCOUNTLESS)
    return next((value.strip() for value in found if isinstance(value, str) and value), "")


def is_guest(statement: object) -> bool:
    """Whether the actor is an account that many share: a guest's, or the anonymous one. Its evidence is nobody's."""
    account = get_path(statement, "actor", "account", "name")
    whole = account if isinstance(account, str) else text_at(statement, "actor", "mbox") or ""
    name = whole.removeprefix("mailto:").partition("@")[0].strip().lower()
    if name in _GUESTS:
        return True
    # Moodle's own guest has the first number of a site, and a name that is the site's word for one.
    return name == "1" and (text_at(statement, "actor", "name") or "").strip().lower() in _GUEST_NAMES


def envelope_of_special(statement: object, key: bytes) -> Envelope | None:
    """Return the envelope of what every format of xAPI treats alike: a voiding, and whatever a guest does."""
    if text_at(statement, "verb", "id") == VOIDED:
        return Envelope(EventKind.ASSESSMENT, key_for(statement), student_of(statement))
    return Envelope(None, key, student_of(statement), "anonymous") if is_guest(statement) else None


def parse_special(statement: object) -> Retraction | Ignored | None:
    """Return what a voiding withdraws, or why what a guest does holds nothing; None for every other statement.

    Raises:
        PayloadError: `schema`.
    """
    if text_at(statement, "verb", "id") == VOIDED:
        return voiding(statement)
    return Ignored("anonymous") if is_guest(statement) else None


def activities(statement: object, role: str) -> tuple[Mapping[str, Any], ...]:
    """Return the context activities of a role; a single one may stand without its list."""
    found = get_path(statement, "context", "contextActivities", role)
    if found is None:
        return ()
    several = found if isinstance(found, list) else [found]
    return tuple([each for each in several if type(each) is dict and isinstance(each.get("id"), str)])


def context_activities(statement: object) -> tuple[Mapping[str, Any], ...]:
    """Return what a statement's activity belongs to, nearest first; older senders list all of it as grouping."""
    return (*activities(statement, "parent"), *activities(statement, "grouping"))


def type_of(activity: object) -> str:
    """Return an activity's type, or ""."""
    definition = activity.get("definition") if type(activity) is dict else None
    value = definition.get("type") if type(definition) is dict else None
    return value if isinstance(value, str) else ""


def types_of(around: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the type of each activity, or ""."""
    return tuple(map(type_of, around))


def external_id(activity: object) -> str | None:
    """Return the id that the school gave an activity in its LMS (a course's or quiz's ID number)."""
    return text_at(activity, "definition", "extensions", EXTERNAL_ID) or None


def class_of(it: Statement) -> str | None:
    """Return the course as the school knows it: its external id where given, else its IRI."""
    course = it.first_around(*_COURSE_TYPES)
    return None if course is None else valid_ref(external_id(course) or course["id"], "/context/contextActivities")


def is_survey(statement: object, around_types: Iterable[str]) -> bool:
    """Whether a statement belongs to a survey: its object or one of what is around it is one."""
    own = type_of(get_path(statement, "object"))
    return own.endswith(SURVEY_TYPES) or any(each.endswith(SURVEY_TYPES) for each in around_types)


def survey_of(statement: object, rules: SourceRules) -> str | None:
    """Return the survey's name as the school allowed it, or None where it is not allowed."""
    for activity in (*context_activities(statement), get_path(statement, "object")):
        if type_of(activity).endswith(SURVEY_TYPES):
            for name in (external_id(activity), get_path(activity, "id")):
                if isinstance(name, str) and name in rules.surveys:
                    return name
    return None


def outcome_of(result: Mapping[str, Any]) -> float | None:
    """Return the share of the points: from the score, else from `success`; None is unknown.

    A score that cannot be read does not discard the `success` beside it.

    Raises:
        PayloadError: `score_range`, or `schema` where `success` is no boolean.
    """
    score = result.get("score")
    if isinstance(score, Mapping) and (score.get("scaled") is not None or {"raw", "max"} <= score.keys()):
        try:
            return _share_of_score(score)
        except PayloadError:
            if result.get("success") is None:
                raise
    return success_of(result)


def _share_of_score(score: Mapping[str, Any]) -> float | None:
    if score.get("raw") is not None and score.get("max") is not None:
        return score_fraction(score["raw"], score["max"], minimum=score.get("min"), pointer="/result/score")
    if score.get("scaled") is None:
        return None
    scaled = number(score["scaled"], "/result/score/scaled")
    if abs(scaled) > 1 + ROUNDING:
        raise PayloadError("score_range", "/result/score/scaled")
    return min(1.0, max(0.0, scaled))


def success_of(result: Mapping[str, Any]) -> float | None:
    """Return 1 or 0 from `success`; None where it is absent.

    Raises:
        PayloadError: `schema`.
    """
    match result.get("success"):
        case None:
            return None
        case bool(success):
            return float(success)
        case _:
            raise PayloadError("schema", "/result/success")


def survey_facts(it: Statement, *, survey: str, escaped: bool = False) -> tuple[Fact, ...] | Ignored:
    """Return the answer to one survey question; no answer where the sender has garbled it."""
    answer = from_interaction(it.definition, it.result, escaped=escaped)
    if answer is None:
        return Ignored("no_answer")
    when = it.occurred_at.isoformat()
    return (
        Fact(
            kind=FactKind.SURVEY_ANSWER,
            key=key_of("answer", survey, it.student, when, it.object_id),
            student=it.student,
            occurred_at=it.occurred_at,
            sequence=it.object_id,
            statement=it.id,
            class_ref=class_of(it),
            subject=names(it.object_id, localized_text(it.definition.get("name"))),
            attempt=key_of(survey, it.student, when),
            value={"survey": survey, **answer},
        ),
    )


def key_for(statement: object) -> bytes:
    """The id names a statement; where a sender uses one id for everything, the rest still tells them apart."""
    own = text_at(statement, "id")
    if own is not None:
        student, verb = student_of(statement), get_path(statement, "verb", "id")
        return digest("xapi", own.lower(), student, verb, get_path(statement, "object", "id"))
    return content_digest(statement)


def resend_identity(statement: object) -> object:
    """Return what an LRS may not alter, without what a later version of a sender describes better.

    Source: xAPI 1.0.3, 2.3.1 Statement Immutability and Exceptions.
    """
    top = {name: value for name, value in mapping(statement, "").items() if name not in _ALTERABLE}
    context = get_path(statement, "context")
    if isinstance(context, Mapping):
        top["context"] = {name: value for name, value in context.items() if name != "extensions"}
    return {**top, "object": get_path(statement, "object", "id"), "verb": get_path(statement, "verb", "id")}


def _definition(activity: object) -> Mapping[str, Any]:
    return mapping(get_path(activity, "definition") or {}, "/object/definition")
