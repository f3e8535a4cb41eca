"""Say what would become of events, without storing anything: understood, parked, ignored or refused, and why.

`POST /events?dry_run=true` and `souschef parked list` ask here. The steps are those of `apply_events`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

import orjson
from sqlmodel import Session

from lms import canonical_fields, canonical_overrides, formats, unread
from lms.facts import EventKind, Fact, Ignored, Order, PayloadError, Retraction, SourceRules
from models import catalogue, clock
from models.access.sources import Sender
from models.events import inbox
from models.events.inbox import BatchOutcome, ClaimedEvent
from tasks.pipeline.apply_events import FUTURE_TOLERANCE
from tasks.pipeline.build_facts import FactBuilder
from tasks.pipeline.find_schools import keep_own
from tasks.pipeline.overrides import affected_students
from tasks.pipeline.resolve_names import (
    ITEM_FACTS,
    SKILL_FACTS,
    TOPIC_FACTS,
    ResolvedNames,
    UnknownNameError,
    resolve_material,
    resolve_names,
)

OWN = "canonical"


class Ending(StrEnum):
    """How an event would end."""

    APPLIED = "applied"
    DUPLICATE = "duplicate"
    IGNORED = "ignored"
    PARKED = "parked"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name in an event that the school has not loaded."""

    kind: str
    """student, item, skill, survey, topic, class, material or order."""
    name: str
    called: str = ""
    """What people call it, where the sender says."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What would become of one event."""

    outcome: Ending
    code: str = ""
    pointer: str = ""
    detail: str = ""
    unknown: tuple[UnknownName, ...] = ()
    unread_fields: tuple[str, ...] = ()
    """Fields that nobody reads: of our own format alone, whose fields are all known."""
    facts: tuple[dict[str, Any], ...] = ()
    """What was understood: kind, student, subject, outcome."""


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict without what is empty."""
    return {name: value for name, value in asdict(verdict).items() if value or name == "outcome"}


@dataclass(frozen=True, slots=True)
class _Event:
    content: object
    claimed: ClaimedEvent
    rules: SourceRules


def check(session: Session, sender: Sender, events: Sequence[object]) -> list[Verdict]:
    """Return the verdict on each event, in their order; nothing is stored."""
    envelopes = [formats.envelope(sender.format, event, rules=sender.rules) for event in events]
    stored = inbox.keys_there(session, sender.source_id, {each.key for each in envelopes})
    now = clock.now(session)
    verdicts: list[Verdict] = []
    waiting: dict[int, _Event] = {}
    seen: set[bytes] = set()
    for number, (event, envelope) in enumerate(zip(events, envelopes, strict=True)):
        if envelope.kind is None:
            verdicts.append(_ignored(sender.format, event, envelope.reason))
        elif envelope.key in stored | seen:
            detail = "an event of this id has come already"
            verdicts.append(Verdict(Ending.DUPLICATE, detail=detail))
        else:
            waiting[number] = _Event(event, _claimed(sender, number, now), sender.rules)
            verdicts.append(Verdict(Ending.APPLIED))
        seen.add(envelope.key)
        if envelope.kind is EventKind.ORDER:
            verdicts[number] = _order(session, sender.school_id, waiting.pop(number, None)) or verdicts[number]
    for number, verdict in of_claimed(session, sender.school_id, list(waiting.values())).items():
        verdicts[number] = verdict
    return [_with_unread_fields(sender.format, each) for each in zip(events, verdicts, strict=True)]


def of_claimed(session: Session, school_id: int, events: Sequence[_Event]) -> dict[int, Verdict]:
    """Return the verdict on each event of students by its id; one that another school has is judged there."""
    verdicts: dict[int, Verdict] = {}
    parsed: dict[int, tuple[Fact, ...] | Retraction] = {}
    for each in events:
        found = _parse(each)
        if isinstance(found, Verdict):
            verdicts[each.claimed.id] = found
        else:
            parsed[each.claimed.id] = found
    outcome = BatchOutcome()
    own = keep_own(session, school_id, [each.claimed for each in events], parsed, outcome)
    verdicts |= {number: Verdict(Ending.PARKED, code) for number, code in outcome.parked.items()}
    by_school = {school_id: own}
    for number, school in outcome.moved.items():
        by_school.setdefault(school, {})[number] = parsed[number]
    for school, theirs in by_school.items():
        verdicts |= _build(session, school, [each for each in events if each.claimed.id in theirs], theirs)
    return verdicts


def _parse(event: _Event) -> tuple[Fact, ...] | Retraction | Verdict:
    try:
        found = formats.format_named(event.claimed.format).parse(event.content, rules=event.rules)
    except PayloadError as error:
        return Verdict(Ending.QUARANTINED, error.code, error.pointer, error.detail)
    return _ignored(event.claimed.format, event.content, found.reason) if isinstance(found, Ignored) else found


def _build(
    session: Session, school_id: int, events: Sequence[_Event], parsed: dict[int, tuple[Fact, ...] | Retraction]
) -> dict[int, Verdict]:
    facts = [fact for found in parsed.values() if not isinstance(found, Retraction) for fact in found]
    withdrawn_from = {found.student for found in parsed.values() if isinstance(found, Retraction) and found.student}
    builder = FactBuilder(
        names=resolve_names(session, school_id, facts, students=withdrawn_from),
        materials=catalogue.load(session, school_id),
        latest=clock.now(session) + FUTURE_TOLERANCE,
    )
    return {each.claimed.id: _verdict(builder, each, parsed[each.claimed.id]) for each in events}


def _verdict(builder: FactBuilder, event: _Event, parsed: tuple[Fact, ...] | Retraction) -> Verdict:
    unknown = tuple(dict.fromkeys(_unknown(builder, event, parsed)))
    understood = () if isinstance(parsed, Retraction) else tuple(map(_summary, parsed))
    try:
        if isinstance(parsed, Retraction):
            builder.retraction(event.claimed, parsed)
            return Verdict(Ending.APPLIED)
        builder.unread.clear()
        built, reason = builder.build(event.claimed, parsed)
    except UnknownNameError as error:
        return Verdict(Ending.PARKED, error.code, detail="it waits for a load", unknown=unknown, facts=understood)
    except PayloadError as error:
        return Verdict(Ending.QUARANTINED, error.code, error.pointer, error.detail, facts=understood)
    names = ", ".join(name for _, _, name in builder.unread)
    if built:
        return Verdict(Ending.APPLIED, facts=understood, detail=f"not read: {names}" if names else "")
    return Verdict(Ending.IGNORED, reason, detail=names, facts=understood)


def _unknown(builder: FactBuilder, event: _Event, parsed: tuple[Fact, ...] | Retraction) -> Iterator[UnknownName]:
    names = builder.names
    for fact in (parsed,) if isinstance(parsed, Retraction) else parsed:
        if fact.student and fact.student not in names.students:
            yield UnknownName("student", fact.student)
        if isinstance(fact, Fact):
            yield from _unknown_subject(builder, event.claimed.format, fact, names)


def _unknown_subject(builder: FactBuilder, format_name: str, fact: Fact, names: ResolvedNames) -> Iterator[UnknownName]:
    subject = fact.subject
    if fact.kind == ITEM_FACTS[0] and "assignment" not in fact.value:
        if not any(name in names.items or name in names.material_items for name in subject):
            yield UnknownName("item", _item_name(format_name, subject), subject[-1] if len(subject) > 1 else "")
    elif fact.kind in SKILL_FACTS and not any(name in names.skills for name in subject):
        yield UnknownName("skill", subject[0], subject[-1] if len(subject) > 1 else "")
    survey = str(fact.value.get("survey", ""))
    if survey and survey not in builder.materials.questionnaires:
        yield UnknownName("survey", survey)
    if fact.kind in TOPIC_FACTS and fact.value["topic"] not in builder.materials.topic_ids:
        yield UnknownName("topic", fact.value["topic"])


def _item_name(format_name: str, subject: tuple[str, ...]) -> str:
    """Return the name to align: the most precise one that an edited question keeps.

    Moodle's first name is of the question's version; the last but one has its quiz before it, so that two quizzes that
    each have a `Q1` are two items.
    """
    several = 3
    return subject[-2] if format_name == "moodle" and len(subject) >= several else subject[0]


def _summary(fact: Fact) -> dict[str, Any]:
    summary = {
        "kind": fact.kind.value,
        "student": fact.student,
        "subject": list(fact.subject),
        "outcome": fact.outcome,
    }
    return {name: value for name, value in summary.items() if value not in (None, [])}


def _ignored(format_name: str, event: object, reason: str) -> Verdict:
    name = unread.name_of(formats.format_named(format_name).door, event, reason)
    detail = name
    if format_name == OWN and reason == unread.IGNORED and name:
        near = canonical_fields.nearest_type(name)
        detail = f"there is no type {name}" + (f"; did you mean {near}?" if near else "")
    elif reason == unread.NOT_COLLECTED:
        detail = f"the source may not send the survey {name}"
    return Verdict(Ending.IGNORED, reason, detail=detail)


def _order(session: Session, school_id: int, event: _Event | None) -> Verdict | None:
    """Return the verdict on a teacher override; None for a duplicate."""
    if event is None:
        return None
    try:
        order = canonical_overrides.parse(event.content, rules=event.rules)
    except PayloadError as error:
        return Verdict(Ending.QUARANTINED, error.code, error.pointer, error.detail)
    unknown = order_names(session, school_id, order)
    return Verdict(Ending.PARKED, f"unknown_{unknown.kind}", unknown=(unknown,)) if unknown else None


def order_names(session: Session, school_id: int, order: Order) -> UnknownName | None:
    """Return the first name of an override that the school has not loaded."""
    try:
        affected_students(session, school_id, order)
        resolve_material(session, school_id, order.material)
    except UnknownNameError as error:
        return UnknownName(error.code.removeprefix("unknown_"), error.name)
    return None


def _claimed(sender: Sender, number: int, now: dt.datetime) -> ClaimedEvent:
    return ClaimedEvent(
        id=number,
        source_id=sender.source_id,
        format=sender.format,
        surveys=sender.rules.surveys,
        zone=None,
        received_at=now,
        shard=0,
        payload="",
        attempts=0,
    )


def _with_unread_fields(format_name: str, event_and_verdict: tuple[object, Verdict]) -> Verdict:
    event, verdict = event_and_verdict
    if format_name != OWN or not isinstance(event, dict):
        return verdict
    return replace(verdict, unread_fields=tuple(canonical_fields.unread_fields(event)))


def names_waited_for(session: Session, school_id: int, events: Iterable[ClaimedEvent]) -> dict[int, Verdict]:
    """Return the verdict on each parked event by its id, as of now: `unknown` is what it waits for."""
    stored = [_Event(orjson.loads(event.payload), event, event.rules) for event in events if event.payload]
    kinds = {each.claimed.id: formats.envelope(each.claimed.format, each.content, rules=each.rules) for each in stored}
    orders = [each for each in stored if kinds[each.claimed.id].kind is EventKind.ORDER]
    found = of_claimed(session, school_id, [each for each in stored if each not in orders])
    return found | {each.claimed.id: _order(session, school_id, each) or Verdict(Ending.APPLIED) for each in orders}
