"""The fields of our own events, type by type: what `docs/events.md` and the JSON Schemas are made from.

`lms.canonical` is the parser; a test holds that it reads these fields and no others, and wants what is needed here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from lms.facts import FactKind, OrderVerb

_REF: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 1000}
_TEXT: dict[str, Any] = {"type": "string"}
_TIME: dict[str, Any] = {"type": "string", "format": "date-time"}
_PLACE: dict[str, Any] = {"type": "integer", "minimum": 0}
_SHARE: dict[str, Any] = {"type": "number", "minimum": 0}
_NUMBER: dict[str, Any] = {"type": "number"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_NAMES: dict[str, Any] = {"oneOf": [_REF, {"type": "array", "items": _REF, "minItems": 1}]}
_ANSWER: dict[str, Any] = {"type": ["number", "string", "boolean", "array"]}
_ASSIGNMENT: dict[str, Any] = {"type": ["string", "integer"]}


def _one_of(*words: str) -> dict[str, Any]:
    return {"type": "string", "enum": list(words)}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event."""

    name: str
    schema: Mapping[str, Any]
    meaning: str
    needed: bool = False


@dataclass(frozen=True, slots=True)
class EventType:
    """One type of event."""

    name: str
    about: str
    fields: tuple[Field, ...]
    example: Mapping[str, Any]
    """What stands beside type, id, at and student."""
    one_of: tuple[tuple[str, ...], ...] = ()
    """Groups of fields of which one has to be there."""
    student_needed: bool = True


def _must(name: str, schema: Mapping[str, Any], meaning: str) -> Field:
    return Field(name, schema, meaning, needed=True)


COMMON = (
    _must("type", _TEXT, "The type of the event: one of the headings below."),
    _must("id", _REF, "The sender's own id, unique within the source and type. The same one twice is one event."),
    _must("at", _TIME, "When it happened, in ISO 8601. Without a zone it is in the source's."),
)
STUDENT = Field("student", _REF, "The student, by a name that the roster has; space around a name does not count.")
CLASS = Field("class", _REF, "The class, by a name that the roster has.")
ANYWHERE = (
    CLASS,
    Field("attempt", _REF, "The attempt, or survey response, that it is part of."),
    Field("sequence", {"type": ["integer", "string"]}, "Sorts events of the same time."),
    Field("revised_at", _TIME, "When this version was made; of two results the later version counts."),
    Field("number", _PLACE, "1, 2, 3, ... over all that the source sends: a number that stays missing is reported."),
)
_OUTCOME = (
    Field("outcome", _SHARE, "How right it was, from 0 to 1, no percentage. Absent or null is unknown, never wrong."),
    Field("points", _NUMBER, "The points, with `of`, in the place of `outcome`."),
    Field("of", _NUMBER, "The points that could be had."),
)
_REPLACES = Field("replaces", _REF, "The id of the result that a regrade replaces.")
_POSITION = Field("position", _PLACE, "Where it stood in the menu, from 0.")
_WHICH = _must("assignment", _ASSIGNMENT, "The `assignment_id` of `lms.assignments`.")
_TOPIC = _must("topic", _REF, "The topic's code. The event waits for a topic that is not loaded.")


def _on_assignment(kind: FactKind, about: str) -> EventType:
    return EventType(kind.value, about, (_WHICH, _POSITION), {"assignment": "812"})


TYPES: Sequence[EventType] = (
    EventType(
        "item_result",
        "An answer to one question. It counts for every skill that the question is aligned to.",
        (
            Field("subject", _NAMES, "The question: one name, or several with the most precise first."),
            Field("assignment", _ASSIGNMENT, "Instead of `subject`: the assignment whose material was answered."),
            *_OUTCOME,
            Field("try", _PLACE, "The number of the try; a later one than 1 is practice and no evidence."),
            _POSITION,
            _REPLACES,
        ),
        {"subject": "4.NF.A.1 q01", "outcome": 1},
        one_of=(("subject", "assignment"),),
    ),
    EventType(
        "skill_result",
        "A result on a skill as a whole, where the sender knows no questions.",
        (_must("subject", _NAMES, "The skill, by its code or another name."), *_OUTCOME, _REPLACES),
        {"subject": "4.NF.A.1", "outcome": 0.5},
    ),
    EventType(
        "attempt_graded",
        "The total of an attempt at a test: weak evidence where no single answers came.",
        (
            _must("subject", _NAMES, "The test."),
            *_OUTCOME,
            Field("scope", _one_of("attempt", "gradebook"), "`gradebook`: a grade that is no evidence."),
            _REPLACES,
        ),
        {"subject": "quiz 4", "points": 7, "of": 10},
    ),
    EventType(
        "survey_answer",
        "An answer to one question of a survey that the source may send (`souschef source add --survey`).",
        (
            _must("survey", _REF, "The survey's id."),
            _must("subject", _NAMES, "The question, as the questionnaire names it."),
            _must(
                "kind",
                _one_of("rating", "choice", "choices", "ranking", "text", "number", "boolean"),
                "How it was answered.",
            ),
            _must("answer", _ANSWER, "A number for rating and number, a list of texts for choices and ranking, ..."),
            Field("position", _PLACE, "Of the answer among the options, from 0."),
            Field("options", _PLACE, "How many options there are."),
        ),
        {"survey": "interests-24", "subject": "q-animals", "kind": "rating", "answer": 4},
    ),
    EventType(
        "consent",
        "A student's consent to a survey, or its withdrawal.",
        (_must("survey", _REF, "The survey's id."), _must("given", _FLAG, "Whether it is given.")),
        {"survey": "interests-24", "given": True},
    ),
    _on_assignment(FactKind.ASSIGNMENT_PICKED, "A student chose this material of a menu."),
    _on_assignment(FactKind.ASSIGNMENT_STARTED, "A student opened the material."),
    _on_assignment(FactKind.ASSIGNMENT_DONE, "A student says that it is done."),
    EventType(
        "assignment_declined",
        "A student wants another task; one swap a task.",
        (_WHICH, _POSITION, Field("why", _one_of("too_hard", "too_easy", "theme", "other"), "`other` if absent.")),
        {"assignment": "812", "why": "too_hard"},
    ),
    EventType(
        "help_requested",
        "A student asks for help, which the teacher's page shows.",
        (Field("assignment", _ASSIGNMENT, "With which assignment."), _POSITION),
        {"assignment": "812"},
    ),
    EventType(
        "wish",
        "A student wants a skill next: it comes first among what is as good for the student.",
        (
            _must("subject", _NAMES, "The skill."),
            Field("wished", _FLAG, "`false` takes the wish back; `true` if absent."),
        ),
        {"subject": "4.NF.A.1"},
    ),
    EventType(
        "interest_feedback",
        "A student wants more or less of a theme.",
        (_TOPIC, _must("direction", _one_of("more", "less"), "More of it, or less.")),
        {"topic": "space", "direction": "more"},
    ),
    EventType(
        "interest_veto",
        "A student does not want to see a theme at all.",
        (_TOPIC, Field("vetoed", _FLAG, "`false` takes the veto back; `true` if absent.")),
        {"topic": "space"},
    ),
    EventType(
        "withdrawal",
        "An earlier event does not count any more; it may come before what it withdraws.",
        (
            _must("withdraws", _REF, "The id of that event."),
            _must("of", _one_of(*(kind.value for kind in FactKind)), "Its type."),
        ),
        {"withdraws": "7f3a", "of": "item_result"},
    ),
    EventType(
        "order",
        "A teacher override. `POST /orders` is the same with a preview.",
        (
            _must("order", _one_of(*(verb.value for verb in OrderVerb)), "What is ordered; `revoke` takes one back."),
            _must("author", _REF, "The teacher."),
            Field("material", _REF, "About this material; `pin`, `must_do` and `forbid` want this or `skill`."),
            Field("skill", _REF, "About this skill."),
            Field("reason", _TEXT, "Why; without a student's name."),
            Field("expires_at", _TIME, "When it ends; 28 days after `at` if absent."),
            Field("revokes", _REF, "The id of the order that `revoke` takes back."),
        ),
        {"order": "pin", "author": "tmorgan", "material": "halves-1", "reason": "as agreed"},
        one_of=(("student", "class"),),
        student_needed=False,
    ),
)
BY_NAME: Mapping[str, EventType] = {each.name: each for each in TYPES}


def fields_of(event_type: EventType) -> tuple[Field, ...]:
    """Return every field of a type, those that all types share first."""
    student = Field(STUDENT.name, STUDENT.schema, STUDENT.meaning, needed=event_type.student_needed)
    return (*COMMON, student, *event_type.fields, *ANYWHERE)


def example_of(event_type: EventType) -> dict[str, Any]:
    """Return an event of a type that the parser takes."""
    head = {"type": event_type.name, "id": "7f3b", "at": "2026-11-22T05:32:28Z", "student": "s01"}
    return {**head, **event_type.example}


def schema_of(event_type: EventType) -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of a type; null stands for what is absent where a field is not needed."""
    properties: dict[str, Any] = {}
    for field in fields_of(event_type):
        schema = {**field.schema, "description": field.meaning}
        properties[field.name] = schema if field.needed else {"anyOf": [schema, {"type": "null"}]}
    properties["type"] = {"const": event_type.name, "description": event_type.about}
    schema = {
        "title": event_type.name,
        "type": "object",
        "required": [field.name for field in fields_of(event_type) if field.needed],
        "properties": properties,
        "examples": [example_of(event_type)],
    }
    choices = [{"anyOf": [{"required": [name]} for name in group]} for group in event_type.one_of]
    return schema | ({"allOf": choices} if choices else {})


def unread_fields(event: Mapping[str, Any]) -> list[str]:
    """Return the fields of an event that nobody reads, each with the one that may be meant; [] for an unknown type."""
    event_type = BY_NAME.get(str(event.get("type")))
    if event_type is None:
        return []
    names = [field.name for field in fields_of(event_type)]
    return [_meant(name, names) for name in event if name not in names]


def nearest_type(name: str) -> str | None:
    """Return the type that a misspelt one may mean."""
    return next(iter(get_close_matches(name, BY_NAME, n=1)), None)


def _meant(name: str, names: Sequence[str]) -> str:
    near = get_close_matches(name, names, n=1)
    return f"{name} (did you mean {near[0]}?)" if near else name
