"""Our own events as JSON: what no other format carries, and all else for LMSs that would rather speak it.

    {"type": "assignment_picked", "id": "7f3a", "student": "s01", "at": "2026-11-22T05:32:28Z", "assignment": "812"}

Every event has `type`, `id` (unique within the source and type), `at` (ISO 8601 with a zone) and `student`; `class`,
`attempt` and `sequence` may be told. A sender may number its events as it sends them (`number`: 1, 2, 3, ...): a hole
that stays is named to the operator. Unknown fields are never stored. What each type has beside them:

    assignment_picked | assignment_started | assignment_done   assignment, position?
    interest_feedback       topic, direction (more | less)
    interest_veto           topic, vetoed? (true)
    survey_answer           survey, subject, kind, answer, position?, options?
    consent                 survey, given
    item_result             subject (one name or several, the most precise first), outcome | points + of
    skill_result            subject, outcome | points + of
    attempt_graded          subject, outcome | points + of, scope? (attempt | gradebook)
    order                   order (pin | forbid | must_do | hold | approve | revoke), author, student | class,
                            material?, skill?, reason?, expires_at? (else 28 days after `at`), revokes (the id of the
                            order that is taken back)

A regrade has an id of its own, `replaces` (the id of the result) and `revised_at`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lms.facts import Envelope, EventKind, Fact, FactKind, Ignored, PayloadError, SourceRules
from lms.fields import (
    MAX_TEXT,
    content_digest,
    digest,
    instant,
    key_of,
    mapping,
    number,
    number_or_none,
    ref,
    share,
    storable,
    text_at,
)

ORDER = "order"
_ASSESSMENT = frozenset({FactKind.ITEM_RESULT, FactKind.ATTEMPT_GRADED, FactKind.SKILL_RESULT})
_SURVEY = frozenset({FactKind.SURVEY_ANSWER, FactKind.CONSENT})
_KIND_OF: dict[str, EventKind] = {
    **{kind.value: EventKind.CHOICE for kind in FactKind},
    **{kind.value: EventKind.ASSESSMENT for kind in _ASSESSMENT},
    **{kind.value: EventKind.SURVEY for kind in _SURVEY},
    ORDER: EventKind.ORDER,
}
_ANSWERS = ("rating", "choice", "choices", "ranking", "text", "number", "boolean")
_DIRECTIONS = ("more", "less")
_MAX_PLACE = 10**15


def envelope(event: object, *, rules: SourceRules) -> Envelope:
    """Read from the type where an event belongs."""
    named, own = text_at(event, "type"), text_at(event, "id")
    student = text_at(event, "student") or ""
    key = content_digest(event) if own is None else digest("canonical", named, own)
    number = _number(event)
    if named is None:
        # It makes no sense: the worker will say so with a code.
        return Envelope(EventKind.ASSESSMENT, key, student, number=number)
    kind = _KIND_OF.get(named)
    if kind is None:
        return Envelope(None, key, student, "ignored", number=number)
    if kind is EventKind.SURVEY and text_at(event, "survey") not in rules.surveys:
        return Envelope(None, key, student, "not_collected", number=number)
    return Envelope(kind, key, student, number=number)


def _number(event: object) -> int | None:
    told = event.get("number") if isinstance(event, Mapping) else None
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 <= told <= _MAX_PLACE else None


def kept(event: object) -> object:
    """Return what a resend keeps: everything."""
    return event


def parse(event: object, *, rules: SourceRules) -> tuple[Fact, ...] | Ignored:
    """Return the fact of one event; an order is none, see `canonical_orders`.

    Raises:
        PayloadError: it cannot be understood.
    """
    top = mapping(event, "")
    named = ref(top.get("type"), "/type")
    if named not in _KIND_OF:
        return Ignored("ignored")
    if named == ORDER:
        return Ignored("order")
    if top.get("number") is not None and _number(top) is None:
        raise PayloadError("schema", "/number", "a whole number is due")
    kind = FactKind(named)
    if kind in _SURVEY and text_at(top, "survey") not in rules.surveys:
        return Ignored("not_collected")
    value, outcome = _content(kind, top)
    moment = top.get("revised_at")
    fact = Fact(
        kind=kind,
        key=key_of(kind.value, _fact_name(kind, top)),
        student=ref(top.get("student"), "/student"),
        occurred_at=instant(top.get("at"), "/at"),
        sequence=_sequence(top),
        class_ref=None if top.get("class") is None else ref(top["class"], "/class"),
        subject=_subject(kind, top),
        attempt=None if top.get("attempt") is None else ref(top["attempt"], "/attempt"),
        outcome=outcome,
        weight=0.0 if value.get("scope") == "gradebook" else 1.0,
        revised_at=None if moment is None else instant(moment, "/revised_at"),
        value=value,
    )
    return (fact,)


def _content(kind: FactKind, top: Mapping[str, Any]) -> tuple[dict[str, Any], float | None]:
    """Return what is peculiar to the kind, and the outcome where it has one."""
    match kind:
        case FactKind.ITEM_RESULT | FactKind.SKILL_RESULT:
            return {}, _outcome(top)
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
            return _assignment(top), None


def _interest(kind: FactKind, top: Mapping[str, Any]) -> dict[str, Any]:
    topic = ref(top.get("topic"), "/topic")
    if kind is FactKind.INTEREST_VETO:
        return {"topic": topic, "vetoed": _flag(top.get("vetoed", True), "/vetoed")}
    if top.get("direction") not in _DIRECTIONS:
        raise PayloadError("schema", "/direction")
    return {"topic": topic, "direction": top["direction"]}


def _assignment(top: Mapping[str, Any]) -> dict[str, Any]:
    told = top.get("assignment")
    named = str(told) if isinstance(told, int) and not isinstance(told, bool) else told
    value: dict[str, Any] = {"assignment": ref(named, "/assignment")}
    if top.get("position") is not None:
        value["position"] = _place(top["position"], "/position")
    return value


def _answer(top: Mapping[str, Any]) -> dict[str, Any]:
    kind, answer = top.get("kind"), top.get("answer")
    if not isinstance(kind, str) or kind not in _ANSWERS:
        raise PayloadError("schema", "/kind")
    match kind, answer:
        case (("rating" | "number"), int() | float()) if not isinstance(answer, bool) and math.isfinite(answer):
            kept: Any = answer
        case (("choice" | "text"), str()):
            kept = storable(answer, "/answer")[:MAX_TEXT]
        case (("choices" | "ranking"), list()) if all(isinstance(each, str) for each in answer):
            kept = [storable(each, "/answer")[:MAX_TEXT] for each in answer]
        case "boolean", bool():
            kept = answer
        case _:
            raise PayloadError("answer_range", "/answer")
    places = {name: _place(top[name], f"/{name}") for name in ("position", "options") if top.get(name) is not None}
    return {"kind": kind, "answer": kept, **places}


def _outcome(top: Mapping[str, Any]) -> float | None:
    """Return `outcome` in [0, 1], or `points` of `of`; null or absent is unknown, never wrong."""
    if top.get("points") is not None and top.get("of") is not None:
        return share(top["points"], top["of"], pointer="")
    if top.get("outcome") is None:
        return None
    outcome = number(top["outcome"], "/outcome")
    if outcome < 0:
        raise PayloadError("score_range", "/outcome")
    return min(1.0, outcome)


def _subject(kind: FactKind, top: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the item, skill, question or topic; those of a result have to be there."""
    told = top.get("subject")
    several = [told] if isinstance(told, str) else told
    if several is None and kind not in _ASSESSMENT and kind is not FactKind.SURVEY_ANSWER:
        return ()
    if not isinstance(several, list) or not several:
        raise PayloadError("schema", "/subject", "a name or a list of names is due")
    return tuple(ref(each, f"/subject/{place}") for place, each in enumerate(several))


def _fact_name(kind: FactKind, top: Mapping[str, Any]) -> str:
    """Return what two versions of one fact share: a regrade may name the result that it replaces."""
    replaced = top.get("replaces")
    if replaced is not None and kind in _ASSESSMENT:
        return ref(replaced, "/replaces")
    return ref(top.get("id"), "/id")


def _sequence(top: Mapping[str, Any]) -> str:
    told = top.get("sequence")
    if told is None:
        return ""
    return f"{_place(told, '/sequence'):015d}" if isinstance(told, int) else ref(told, "/sequence")


def _place(value: object, pointer: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _MAX_PLACE:
        raise PayloadError("answer_range", pointer)
    return value


def _flag(value: object, pointer: str) -> bool:
    if not isinstance(value, bool):
        raise PayloadError("schema", pointer, "true or false is due")
    return value
