"""Apply a batch of events: parse, resolve names, record facts, then decide for the students concerned."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import orjson
from sqlmodel import Session

from lms import formats
from lms.facts import Fact, FactKind, Ignored, PayloadError, Retraction
from models import catalogue, clock
from models.access import source_schools
from models.assignments import activity
from models.assignments.store import ChangeRow
from models.events import facts, inbox, payloads, unread
from models.events.facts import BEGINNING, END, FactPosition, NewFact, WrittenFact
from models.events.inbox import BatchOutcome, ClaimedEvent
from models.events.retractions import NewRetraction
from models.privacy import interest_switch, tombstones
from models.students import states as learner_states
from models.students.states import StateRow
from tasks.pipeline import retract
from tasks.pipeline.build_facts import FactBuilder
from tasks.pipeline.decide import decide
from tasks.pipeline.find_schools import keep_own
from tasks.pipeline.lists import rest
from tasks.pipeline.resolve_names import ASSIGNMENT_FACTS, UnknownNameError, resolve_names

FUTURE_TOLERANCE = dt.timedelta(minutes=5)
"""An event further ahead of the database's clock than this is quarantined."""


def apply_events(session: Session, school_id: int, events: list[ClaimedEvent]) -> Counter[str]:
    """Apply a batch of one school's events within the caller's transaction; return counts."""
    outcome = BatchOutcome()
    new, withdrawn = _read(session, school_id, events, outcome)
    source_schools.move_events(session, events, outcome.moved)
    events = [event for event in events if event.id not in outcome.moved]
    tombstones.drop_events(session, school_id, events, outcome)
    payloads.clear_payloads(session, [event for event, code in outcome.dropped.items() if code == interest_switch.CODE])
    # An event that is read again replaces its facts, unless it is parked or quarantined now.
    read_again = {event.id for event in events if event.again} & {*outcome.done, *outcome.dropped}
    new, gone = retract.withdraw(session, school_id, new, withdrawn, read_again=read_again, outcome=outcome)
    stale = facts.find_stale(session, read_again, new) | {fact.id: fact.student_id for fact in gone}
    states = learner_states.load_for_update(session, school_id, {fact.student_id for fact in new} | set(stale.values()))
    retracted = facts.retract(session, stale)
    written = facts.record(session, school_id, new)
    recorded = [each.fact for each in written]
    counts = Counter(outcome.counts()) + Counter(fact.kind.value for fact in recorded) + Counter(retracted=len(gone))
    totals = facts.totals_of_results(session, recorded)
    touched = facts.earliest(map(_change, written), retracted.items(), totals.items())
    if touched:
        declined = _decline(session, recorded)
        changes = _update_assignments(session, recorded) + retract.update_assignments(session, gone)
        changes += [each.change for each in declined]
        affected = {student: _with_rest(states[student], declined) for student in touched}
        counts += decide(session, school_id, states=affected, touched=touched, changes=changes)
    inbox.finish(session, events, outcome)
    return counts


def _read(
    session: Session, school_id: int, events: list[ClaimedEvent], outcome: BatchOutcome
) -> tuple[list[NewFact], list[NewRetraction]]:
    """Return the facts of a batch and what it withdraws, and record in `outcome` how each event ends."""
    parsed = keep_own(session, school_id, events, dict(_parse_all(events, outcome)), outcome)
    read = [fact for found in parsed.values() if not isinstance(found, Retraction) for fact in found]
    withdrawn_from = {found.student for found in parsed.values() if isinstance(found, Retraction) and found.student}
    builder = FactBuilder(
        names=resolve_names(session, school_id, read, students=withdrawn_from),
        materials=catalogue.load(session, school_id),
        latest=clock.now(session) + FUTURE_TOLERANCE,
    )
    new: list[NewFact] = []
    withdrawn: list[NewRetraction] = []
    for event in events:
        found = parsed.get(event.id)
        if isinstance(found, Retraction):
            withdrawn += _build_retraction(builder, event, found, outcome)
        elif found is not None:
            new += _build(builder, event, found, outcome)
    for source_id in sorted({source for source, _, _ in builder.unread}):
        names = {(reason, name): n for (source, reason, name), n in builder.unread.items() if source == source_id and n}
        unread.count(session, school_id, source_id, names)
    return new, withdrawn


def _parse_all(
    events: Iterable[ClaimedEvent], outcome: BatchOutcome
) -> Iterator[tuple[int, tuple[Fact, ...] | Retraction]]:
    for event in events:
        try:
            found = formats.format_named(event.format).parse(orjson.loads(event.payload), rules=event.rules)
        except PayloadError as error:
            outcome.quarantined[event.id] = (error.code, error.pointer)
            continue
        if isinstance(found, Ignored):
            outcome.dropped[event.id] = found.reason
        else:
            yield event.id, found


def _build(builder: FactBuilder, event: ClaimedEvent, parsed: tuple[Fact, ...], outcome: BatchOutcome) -> list[NewFact]:
    try:
        built, reason = builder.build(event, parsed)
    except UnknownNameError as error:
        outcome.parked[event.id] = error.code
        return []
    except PayloadError as error:
        outcome.quarantined[event.id] = (error.code, error.pointer)
        return []
    if built:
        outcome.done.append(event.id)
    else:
        outcome.dropped[event.id] = reason
    return built


def _build_retraction(
    builder: FactBuilder, event: ClaimedEvent, parsed: Retraction, outcome: BatchOutcome
) -> list[NewRetraction]:
    try:
        built = builder.retraction(event, parsed)
    except UnknownNameError as error:
        outcome.parked[event.id] = error.code
        return []
    outcome.done.append(event.id)
    if built.student_id is None:
        outcome.anonymous.append(event.id)
    return [built]


def _change(written: WrittenFact) -> tuple[int, FactPosition]:
    """Return whose evidence a fact changed, and from which position on: `END` for a fact that is no evidence."""
    evidence = facts.is_evidence(written.fact) or written.since == BEGINNING  # which may have replaced evidence
    return written.fact.student_id, written.since if evidence else END


def _decline(session: Session, new: Sequence[NewFact]) -> list[activity.Declined]:
    """Withdraw the menus whose tasks students have declined; each task is swapped once."""
    asked = {fact.value["assignment"] for fact in new if fact.kind is FactKind.ASSIGNMENT_DECLINED}
    return activity.decline(session, sorted(asked))


def _with_rest(state: StateRow, declined: Iterable[activity.Declined]) -> StateRow:
    """Return a state after which what the student has declined does not come back at once."""
    for each in declined:
        if each.change.student_id == state.student_id:
            state = replace(state, carry=rest(state.carry, each.class_id, each.material_id))
    return state


def _update_assignments(session: Session, new: Sequence[NewFact]) -> list[ChangeRow]:
    """Mark the assignments that facts are about as started or attempted; return the changes for the feed."""
    assignments = {fact.value["assignment"] for fact in new if fact.kind in ASSIGNMENT_FACTS}
    answered = {
        (fact.student_id, fact.value["material"])
        for fact in new
        if fact.kind is FactKind.ITEM_RESULT and "material" in fact.value
    }
    return activity.apply_student_activity(session, assignments | activity.newest_offers(session, answered))
