"""Our own events as JSON: what no other format carries, and all else for LMSs that would rather speak it.

    {"type": "assignment_picked", "id": "7f3a", "student": "s01", "at": "2026-11-22T05:32:28Z", "assignment": "812"}

Every event has `type`, `id` (unique within the source and type), `at` (ISO 8601; without a zone it is the source's) and
`student`; `class`, `attempt` and `sequence` are optional. A sender may number its events as it sends them (`number`: 1,
2, 3, ...): a hole that stays is named to the operator. Unknown fields are never stored. What each type has beside them:

    assignment_picked | assignment_started | assignment_done   assignment, position?
    interest_feedback       topic, direction (more | less)
    interest_veto           topic, vetoed? (true)
    survey_answer           survey, subject, kind, answer, position?, options?
    consent                 survey, given
    item_result             subject (one name or several, the most precise first) | assignment (whose material was
                            answered), outcome | points + of, try? (1; a later try is kept as practice, with weight 0)
    skill_result            subject, outcome | points + of
    attempt_graded          subject, outcome | points + of, scope? (attempt | gradebook)
    help_requested          assignment?
    withdrawal              withdraws (the id of the event whose fact does not count any more), of (its type)
    assignment_declined     assignment, why? (too_hard | too_easy | theme | other): another task; one swap a task
    wish                    subject (a skill), wished? (true): this skill next, among what is as good for the student
    order                   order (pin | forbid | must_do | hold | approve | revoke), author, student | class,
                            material?, skill?, reason?, expires_at? (else 28 days after `at`), revokes (the id of the
                            order that is taken back)

A regrade has an id of its own, `replaces` (the id of the result) and `revised_at`. A withdrawal may come before what it
withdraws; a regrade with a later `revised_at` counts again.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lms.facts import Envelope, EventKind, Fact, FactKind, Ignored, Parsed, PayloadError, Retraction, SourceRules
from lms.json_fields import (
    MAX_TEXT,
    ROUNDING,
    content_digest,
    digest,
    key_of,
    mapping,
    number,
    number_or_none,
    parse_datetime,
    postgres_text,
    score_fraction,
    text_at,
    valid_name,
    valid_ref,
)

ORDER = "order"
WITHDRAWAL = "withdrawal"
_ASSESSMENT = frozenset({FactKind.ITEM_RESULT, FactKind.ATTEMPT_GRADED, FactKind.SKILL_RESULT})
_WITH_ASSESSMENTS = _ASSESSMENT | {
    FactKind.ASSIGNMENT_PICKED,
    FactKind.ASSIGNMENT_STARTED,
    FactKind.ASSIGNMENT_DONE,
    FactKind.ASSIGNMENT_DECLINED,
}
"""What a student does with tasks comes with the answers, in its order: an answer and the end of its task make one
decision, and a decision that comes late finds the next task begun."""
_MAY_NAME_NONE = frozenset({FactKind.ITEM_RESULT, FactKind.HELP_REQUESTED})
_SURVEY = frozenset({FactKind.SURVEY_ANSWER, FactKind.CONSENT})
_KIND_OF: dict[str, EventKind] = {
    **{kind.value: EventKind.CHOICE for kind in FactKind},
    **{kind.value: EventKind.ASSESSMENT for kind in _WITH_ASSESSMENTS},
    **{kind.value: EventKind.SURVEY for kind in _SURVEY},
    ORDER: EventKind.ORDER,
    WITHDRAWAL: EventKind.ASSESSMENT,
}
_ANSWERS = ("rating", "choice", "choices", "ranking", "text", "number", "boolean")
_DIRECTIONS = ("more", "less")
_WHY_DECLINED = ("too_hard", "too_easy", "theme", "other")
_ABOUT_SKILL = frozenset({FactKind.WISH})
_MAX_PLACE = 10**15


def envelope(event: object, *, rules: SourceRules) -> Envelope:
    """Read from the type where an event belongs."""
    type_name, own = text_at(event, "type"), text_at(event, "id")
    student = (text_at(event, "student") or "").strip()
    key = content_digest(event) if own is None else key_by_id(type_name, own)
    number = _number(event)
    if type_name is None:
        # It makes no sense: the worker will say so with a code.
        return Envelope(EventKind.ASSESSMENT, key, student, number=number)
    kind = _KIND_OF.get(type_name)
    if kind is None:
        return Envelope(None, key, student, "ignored", number=number)
    if kind is EventKind.SURVEY and text_at(event, "survey") not in rules.surveys:
        return Envelope(None, key, student, "not_collected", number=number)
    return Envelope(kind, key, student, number=number)


def key_by_id(type_name: str | None, own: str) -> bytes:
    """Return the key of an event of this type with an id of its own."""
    return digest("canonical", type_name, own)


def _number(event: object) -> int | None:
    value = event.get("number") if isinstance(event, Mapping) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_PLACE else None


def resend_identity(event: object) -> object:
    """Return what a resend keeps: everything."""
    return event


def parse(event: object, *, rules: SourceRules) -> Parsed:
    """Return the fact of one event, or the one that it withdraws; an order is none, see `canonical_orders`.

    Raises:
        PayloadError: it cannot be understood.
    """
    top = mapping(event, "")
    type_name = valid_ref(top.get("type"), "/type")
    if type_name not in _KIND_OF:
        return Ignored("ignored")
    if type_name == ORDER:
        return Ignored("order")
    if top.get("number") is not None and _number(top) is None:
        raise PayloadError("schema", "/number", "a whole number is due")
    if type_name == WITHDRAWAL:
        return _withdrawal(top, rules)
    kind = FactKind(type_name)
    if kind in _SURVEY and text_at(top, "survey") not in rules.surveys:
        return Ignored("not_collected")
    value, outcome = _content(kind, top)
    moment = top.get("revised_at")
    fact = Fact(
        kind=kind,
        key=key_of(kind.value, _fact_name(kind, top)),
        student=valid_name(top.get("student"), "/student"),
        occurred_at=parse_datetime(top.get("at"), "/at", rules=rules),
        sequence=_sequence(top),
        class_ref=None if top.get("class") is None else valid_name(top["class"], "/class"),
        subject=_subject(kind, top),
        attempt=None if top.get("attempt") is None else valid_ref(top["attempt"], "/attempt"),
        outcome=outcome,
        weight=0.0 if value.get("scope") == "gradebook" or value.get("try", 1) > 1 else 1.0,
        revised_at=None if moment is None else parse_datetime(moment, "/revised_at", rules=rules),
        value=value,
    )
    return (fact,)


def _withdrawal(top: Mapping[str, Any], rules: SourceRules) -> Retraction:
    of = top.get("of")
    if not isinstance(of, str) or of not in set(FactKind):
        raise PayloadError("schema", "/of", "the type of the withdrawn event is due")
    return Retraction(
        key=key_of(of, valid_ref(top.get("withdraws"), "/withdraws")),
        student=valid_name(top.get("student"), "/student"),
        revised_at=parse_datetime(top.get("at"), "/at", rules=rules),
    )


def _content(kind: FactKind, top: Mapping[str, Any]) -> tuple[dict[str, Any], float | None]:
    """Return what is peculiar to the kind, and the outcome where it has one."""
    match kind:
        case FactKind.ITEM_RESULT | FactKind.SKILL_RESULT:
            return _result(kind, top), _outcome(top)
        case FactKind.ATTEMPT_GRADED:
            scope = top.get("scope", "attempt")
            if scope not in ("attempt", "gradebook"):
                raise PayloadError("schema", "/scope")
            points, most = number_or_none(top.get("points"), "/points"), number_or_none(top.get("of"), "/of")
            return {"scope": scope, "raw": points, "max": most}, _outcome(top)
        case FactKind.SURVEY_ANSWER:
            return {"survey": top["survey"], **_answer(top)}, None
        case FactKind.CONSENT:
            return {"survey": top["survey"], "given": _flag(top.get("given"), "/given")}, None
        case FactKind.INTEREST_FEEDBACK | FactKind.INTEREST_VETO:
            return _interest(kind, top), None
        case _:
            return _statement(kind, top), None


def _statement(kind: FactKind, top: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a student says of a task or a skill, or does with a task."""
    if kind is FactKind.WISH:
        return {"wished": _flag(top.get("wished", True), "/wished")}
    if kind is not FactKind.ASSIGNMENT_DECLINED:
        return _assignment(kind, top)
    why = top.get("why", "other")
    if why not in _WHY_DECLINED:
        raise PayloadError("schema", "/why")
    return {**_assignment(kind, top), "why": why}


def _interest(kind: FactKind, top: Mapping[str, Any]) -> dict[str, Any]:
    topic = valid_name(top.get("topic"), "/topic")
    if kind is FactKind.INTEREST_VETO:
        return {"topic": topic, "vetoed": _flag(top.get("vetoed", True), "/vetoed")}
    if top.get("direction") not in _DIRECTIONS:
        raise PayloadError("schema", "/direction")
    return {"topic": topic, "direction": top["direction"]}


def _assignment(kind: FactKind, top: Mapping[str, Any]) -> dict[str, Any]:
    """Return which assignment is meant, and where it stood; help may be asked for without one."""
    number = top.get("assignment")
    if number is None and kind in _MAY_NAME_NONE:
        return {}
    assignment = str(number) if isinstance(number, int) and not isinstance(number, bool) else number
    value: dict[str, Any] = {"assignment": valid_ref(assignment, "/assignment")}
    if top.get("position") is not None:
        value["position"] = _place(top["position"], "/position")
    return value


def _result(kind: FactKind, top: Mapping[str, Any]) -> dict[str, Any]:
    """Return which assignment an answer is to and the number of the try, where the event has them."""
    if kind is FactKind.SKILL_RESULT:
        return {}
    value = _assignment(kind, top)
    if top.get("try") is not None:
        value["try"] = _place(top["try"], "/try")
    return value


def _answer(top: Mapping[str, Any]) -> dict[str, Any]:
    kind, answer = top.get("kind"), top.get("answer")
    if not isinstance(kind, str) or kind not in _ANSWERS:
        raise PayloadError("schema", "/kind")
    match kind, answer:
        case (("rating" | "number"), int() | float()) if not isinstance(answer, bool) and math.isfinite(answer):
            stored: Any = answer
        case (("choice" | "text"), str()):
            stored = postgres_text(answer, "/answer")[:MAX_TEXT]
        case (("choices" | "ranking"), list()) if all(isinstance(each, str) for each in answer):
            stored = [postgres_text(each, "/answer")[:MAX_TEXT] for each in answer]
        case "boolean", bool():
            stored = answer
        case _:
            raise PayloadError("answer_range", "/answer")
    places = {name: _place(top[name], f"/{name}") for name in ("position", "options") if top.get(name) is not None}
    return {"kind": kind, "answer": stored, **places}


def _outcome(top: Mapping[str, Any]) -> float | None:
    """Return `outcome` in [0, 1], or `points` of `of`; null or absent is unknown, never wrong.

    An outcome above 1 is a percentage, in which 50 would count as right; extra credit comes as points.

    Raises:
        PayloadError: `score_range`.
    """
    if top.get("points") is not None and top.get("of") is not None:
        return score_fraction(top["points"], top["of"], pointer="")
    if top.get("outcome") is None:
        return None
    outcome = number(top["outcome"], "/outcome")
    if not 0 <= outcome <= 1 + ROUNDING:
        raise PayloadError("score_range", "/outcome")
    return min(1.0, outcome)


def _subject(kind: FactKind, top: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the item, skill, question or topic; those of a result have to be there."""
    value = top.get("subject")
    several = [value] if isinstance(value, str) else value
    if several is None and kind is FactKind.ITEM_RESULT and top.get("assignment") is not None:
        return ()
    if several is None and kind not in _ASSESSMENT | _ABOUT_SKILL and kind is not FactKind.SURVEY_ANSWER:
        return ()
    if not isinstance(several, list) or not several:
        raise PayloadError("schema", "/subject", "a name or a list of names is due")
    read = valid_ref if kind is FactKind.SURVEY_ANSWER else valid_name  # a questionnaire names questions to the letter
    return tuple(read(each, f"/subject/{place}") for place, each in enumerate(several))


def _fact_name(kind: FactKind, top: Mapping[str, Any]) -> str:
    """Return what two versions of one fact share: a regrade may name the result that it replaces."""
    replaced = top.get("replaces")
    if replaced is not None and kind in _ASSESSMENT:
        return valid_ref(replaced, "/replaces")
    return valid_ref(top.get("id"), "/id")


def _sequence(top: Mapping[str, Any]) -> str:
    value = top.get("sequence")
    if value is None:
        return ""
    return f"{_place(value, '/sequence'):015d}" if isinstance(value, int) else valid_ref(value, "/sequence")


def _place(value: object, pointer: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MAX_PLACE:
        raise PayloadError("answer_range", pointer)
    return value


def _flag(value: object, pointer: str) -> bool:
    if not isinstance(value, bool):
        raise PayloadError("schema", pointer, "true or false is due")
    return value
