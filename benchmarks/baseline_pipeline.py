"""The pipeline that Souschef is measured against: Celery and SQLModel as a careful team would use them.

One task an event, one transaction a task. Careful means: the API commits the events before it publishes their ids;
tasks are acknowledged late and come back when a worker is lost; the student is locked, a fact that is there already is
no second one, and an event is marked done in the commit of its effect. What is missing beside Souschef: nothing sends a
message again that Redis has lost, nothing ends a poison task, and no two events share any work.

It has the same tables, calls the same parsers, learner model and decision, and reads what a decision rests on with the
same queries. Run by `benchmarks/pipeline.py` as `uvicorn benchmarks.baseline_pipeline:api` and
`celery -A benchmarks.baseline_pipeline worker`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from functools import lru_cache
from typing import Annotated, Any

import orjson
from celery import Celery, signals
from fastapi import FastAPI, HTTPException, Request
from fastapi.params import Depends
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from sqlalchemy import Engine
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, create_engine, select

from config.settings import settings
from lms import formats, strict_json
from lms.facts import Fact, FactKind, SourceRules
from models.access import sources
from models.events.facts import BEGINNING, END, EVIDENCE_KINDS, FactPosition
from models.events.incoming import shard_of
from models.students import states as learner_states
from models.tables import Alias, Assignment, Change, Decision, Feed, Inbox, Interest, LearnerState, SkillGap
from models.tables import Fact as FactRow
from models.tables.people import AliasKind
from tasks.pipeline import publish
from tasks.pipeline.decide import decide_for
from tasks.pipeline.load_inputs import DecisionInputs, load_inputs
from tasks.pipeline.publish import StudentDecision
from tasks.pipeline.update_states import update_states

NO_SURVEYS = SourceRules(surveys=frozenset())
OPEN = ("proposed", "assigned", "started")

celery = Celery("plain", broker=os.environ.get("SOUSCHEF_BROKER_URL"))
celery.conf.update(
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=4,
    task_ignore_result=True,
    worker_send_task_events=True,  # as ours, for Flower
    task_send_sent_event=True,
    broker_connection_retry_on_startup=True,
    worker_concurrency=settings().worker_concurrency,
)
api = FastAPI()
basic = HTTPBasic()


@lru_cache(maxsize=1)
def engine() -> Engine:
    """Return this process's engine."""
    return create_engine(settings().database_url_text(), pool_size=5, max_overflow=15)


@signals.worker_process_init.connect  # type: ignore[untyped-decorator] # Celery ships no types
def _own_connections(**_: Any) -> None:  # noqa: ANN401 - whatever Celery passes
    engine.cache_clear()


@api.get("/health")
def health() -> dict[str, str]:
    """Say that the API is there."""
    return {"status": "ok"}


@api.post("/xapi/statements")
async def take(request: Request, login: Annotated[HTTPBasicCredentials, Depends(basic)]) -> list[int]:
    """Store a request's events, commit, and publish a task for each."""
    from starlette.concurrency import run_in_threadpool

    return await run_in_threadpool(store, await request.body(), login)


def store(body: bytes, login: HTTPBasicCredentials) -> list[int]:
    """Store the events that are new and publish their ids; return them."""
    with Session(engine()) as session:
        secret_key = settings().secret_key_bytes()
        sender = sources.authenticate(session, key=login.username, secret=login.password, secret_key=secret_key)
        if sender is None:
            raise HTTPException(401)
        rows = []
        for event in strict_json.read(body):
            envelope = formats.envelope(sender.format, event, rules=sender.rules)
            if envelope.kind is not None:
                names = {
                    "school_id": sender.school_id,
                    "source_id": sender.source_id,
                    "shard": shard_of(envelope.student),
                }
                rows.append(
                    {**names, "key": envelope.key, "kind": envelope.kind.value, "payload": strict_json.write(event)}
                )
        ids: list[int] = []
        if rows:
            statement = insert(Inbox).values(rows).on_conflict_do_nothing().returning(col(Inbox.id))
            ids = [inbox_id for inbox_id in session.scalars(statement) if inbox_id is not None]
        session.commit()
    for inbox_id in ids:
        apply_event.delay(inbox_id)
    return ids


@celery.task(name="apply_event")  # type: ignore[untyped-decorator] # Celery ships no types
def apply_event(inbox_id: int) -> str:
    """Apply one event: fact, state, decision, publication, all in one transaction."""
    with Session(engine()) as session:
        event = session.get(Inbox, inbox_id, with_for_update=True)
        if event is None or event.state != "pending":
            return "done before"
        found = formats.format_named("moodle").parse(orjson.loads(event.payload), rules=NO_SURVEYS)
        event.state = _apply(session, event, found) if isinstance(found, tuple) else "dropped"
        event.attempts += 1
        event.finished_at = dt.datetime.now(dt.UTC)
        session.commit()
        return event.state


def _apply(session: Session, event: Inbox, found: tuple[Fact, ...]) -> str:
    for fact in found:
        student = _resolve_alias(session, event.school_id, AliasKind.PERSON, fact.student)
        if student is None:
            return "parked"
        mark = _record(session, event, fact, student)
        if mark is not None:
            _refresh(session, event.school_id, student, mark)
    return "done"


def _resolve_alias(session: Session, school_id: int, kind: AliasKind, *names: str) -> int | None:
    rows = session.exec(
        select(Alias).where(Alias.school_id == school_id, Alias.kind == kind, col(Alias.name).in_(names))
    )
    targets = {row.name: row.target_id for row in rows}
    return next((targets[name] for name in names if name in targets), None)


def _record(session: Session, event: Inbox, fact: Fact, student: int) -> FactPosition | None:
    """Insert a fact; return from where to update the student's state, or None where the fact is there already."""
    item = None
    if fact.kind is FactKind.ITEM_RESULT:
        item = _resolve_alias(session, event.school_id, AliasKind.ITEM, *fact.subject)
    course = (
        None if fact.class_ref is None else _resolve_alias(session, event.school_id, AliasKind.CLASS, fact.class_ref)
    )
    row = {
        "school_id": event.school_id, "student_id": student, "source_id": event.source_id, "kind": fact.kind.value,
        "key": fact.key, "occurred_at": fact.occurred_at, "sequence": fact.sequence, "class_id": course,
        "item_id": item, "attempt": fact.attempt, "outcome": fact.outcome, "weight": fact.weight,
        "revised_at": fact.revised_at, "value": dict(fact.value), "inbox_id": event.id,
    }  # fmt: skip
    if session.connection().execute(insert(FactRow).values(row).on_conflict_do_nothing()).rowcount == 0:
        return None
    return (fact.occurred_at, fact.sequence, fact.key) if fact.kind in EVIDENCE_KINDS else END


def _refresh(session: Session, school_id: int, student: int, mark: FactPosition) -> None:
    states = learner_states.load_for_update(session, school_id, [student])
    inputs = load_inputs(session, school_id, states)
    after = update_states(session, school_id, states, touched={student: mark}, versions=inputs.versions)[student]
    decided = decide_for(inputs, after)
    changes = [*_gaps(session, school_id, inputs, decided), *_interests(session, school_id, inputs, decided)]
    if decided.decision.has_changes:
        changes += _assignments(session, school_id, inputs, decided)
    _save(session, decided, changed=bool(changes))
    if changes:
        _announce(session, school_id, changes)


def _gaps(session: Session, school_id: int, inputs: DecisionInputs, decided: StudentDecision) -> list[Change]:
    student = decided.state.student_id
    rows = {row.skill_id: row for row in session.exec(select(SkillGap).where(SkillGap.student_id == student))}
    changed = False
    for new in publish.gap_rows(inputs, decided):
        changed |= _upsert(session, SkillGap, rows.get(new.skill_id), new, school_id)
    return [_change(decided, "gaps", "changed")] if changed else []


def _interests(session: Session, school_id: int, inputs: DecisionInputs, decided: StudentDecision) -> list[Change]:
    student = decided.state.student_id
    rows = {row.topic_id: row for row in session.exec(select(Interest).where(Interest.student_id == student))}
    changed = False
    for new in publish.interest_rows(inputs, decided):
        changed |= _upsert(session, Interest, rows.get(new.topic_id), new, school_id)
    return [_change(decided, "interests", "changed")] if changed else []


def _upsert(session: Session, kind: type[Any], row: Any, new: Any, school_id: int) -> bool:  # noqa: ANN401 - two tables
    values = new._asdict()
    if row is None:
        session.add(kind(school_id=school_id, **values))
        return True
    envelope = {name: value for name, value in values.items() if name != "version" and getattr(row, name) != value}
    for name, value in (envelope | {"version": new.version}).items() if envelope else ():
        setattr(row, name, value)
    return bool(envelope)


def _assignments(session: Session, school_id: int, inputs: DecisionInputs, decided: StudentDecision) -> list[Change]:
    made = publish.decision_row(inputs, decided)
    decision = Decision(school_id=school_id, **dataclasses.asdict(made))
    session.add(decision)
    session.flush()
    changes = []
    now = dt.datetime.now(dt.UTC)
    for assignment_id, state, why, version in publish.closed_assignments(inputs, decided):
        row = session.get_one(Assignment, assignment_id)
        if row.state in OPEN:
            row.state, row.reason, row.version, row.ended_at = state, why, version, now
            changes.append(_change(decided, "assignment", state, assignment_id))
    session.flush()
    for assignment_id, state, version in publish.new_states(inputs, decided):
        row = session.get_one(Assignment, assignment_id)
        row.state, row.version = state, version
        changes.append(_change(decided, "assignment", state, assignment_id))
    placed = [
        Assignment(school_id=school_id, **dataclasses.asdict(new))
        for new in publish.new_assignments(inputs, decided, decision.id or 0)
    ]
    session.add_all(placed)
    session.flush()
    return [*changes, *(_change(decided, "assignment", row.state, row.id) for row in placed)]


def _save(session: Session, decided: StudentDecision, *, changed: bool) -> None:
    new = publish.state_row(decided, changed=changed)
    row = session.get_one(LearnerState, new.student_id)
    row.state, row.snapshot_version, row.parameters_version = new.state, new.snapshot_version, new.parameters_version
    row.facts, row.version, row.carry = new.facts, new.version, dict(new.carry)
    row.last_at = None if new.last == BEGINNING else new.last[0]
    row.last_sequence, row.last_key = new.last[1], new.last[2]
    row.nothing, row.nothing_sentence = new.nothing, new.nothing_sentence
    row.refreshed_at = dt.datetime.now(dt.UTC)


def _announce(session: Session, school_id: int, changes: list[Change]) -> None:
    session.flush()
    feed = session.get(Feed, school_id, with_for_update=True)
    if feed is None:
        feed = Feed(school_id=school_id, last_number=0)
        session.add(feed)
    for change in changes:
        feed.last_number += 1
        change.school_id, change.number = school_id, feed.last_number
    session.add_all(changes)


def _change(decided: StudentDecision, kind: str, state: str, assignment_id: int | None = None) -> Change:
    version, student = decided.state.version + 1, decided.state.student_id
    return Change(
        school_id=0, number=0, student_id=student, assignment_id=assignment_id, kind=kind, state=state, version=version
    )
