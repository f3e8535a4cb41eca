"""Apply teacher overrides: put them in force or revoke them, then decide again for the students concerned."""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import orjson
from sqlmodel import Session

from lms import canonical_overrides
from lms.facts import Order, OrderVerb, PayloadError
from models.assignments import overrides
from models.assignments.overrides import NewOverride
from models.events import inbox
from models.events.inbox import BatchOutcome, ClaimedEvent
from models.privacy import audit, tombstones
from models.students import states as learner_states
from models.tables.people import AliasKind
from tasks.pipeline.decide import decide
from tasks.pipeline.resolve_names import UnknownNameError, resolve_material, resolve_name

OverrideTarget = tuple[int | None, int | None]
"""(class id, student id): whom an override is for, one of them."""


@dataclass(frozen=True, slots=True)
class _AppliedOverride:
    event: ClaimedEvent
    override: Order
    targets: list[OverrideTarget]
    """Empty where nothing changed."""


def apply_overrides(session: Session, school_id: int, events: list[ClaimedEvent]) -> Counter[str]:
    """Apply a batch of one school's overrides within the caller's transaction; return counts."""
    outcome = BatchOutcome()
    applied: list[_AppliedOverride] = []
    for event in events:
        try:
            override = canonical_overrides.parse(orjson.loads(event.payload), rules=event.rules)
            applied.append(_AppliedOverride(event, override, store_override(session, school_id, override)))
        except UnknownNameError as error:
            outcome.parked[event.id] = error.code
        except PayloadError as error:
            outcome.quarantined[event.id] = (error.code, error.pointer)
        else:
            outcome.done.append(event.id)
    tombstones.drop_events(session, school_id, events, outcome)
    counts = Counter(outcome.counts())
    students = _students_of(session, [target for each in applied for target in each.targets])
    if students:
        counts += decide_again(session, school_id, students, [each.override for each in applied if each.targets])
    for each in applied:
        _log_access(session, each)
    inbox.finish(session, events, outcome)
    return counts


def decide_again(session: Session, school_id: int, students: Collection[int], new: Iterable[Order]) -> Counter[str]:
    """Decide again for the students of new overrides; what a teacher approved is assigned first."""
    states = learner_states.load_for_update(session, school_id, students)
    keys = [override.key for override in new if override.verb is OrderVerb.APPROVE]
    approved = overrides.approve(session, school_id, keys)
    return decide(session, school_id, states=states, touched=dict.fromkeys(states), changes=approved)


def store_override(session: Session, school_id: int, override: Order) -> list[OverrideTarget]:
    """Store or revoke an override; return its target, nothing where nothing changed.

    Raises:
        UnknownNameError: it names what the school has not loaded, or revokes an override that does not exist.
    """
    if override.verb is OrderVerb.REVOKE:
        target = overrides.revoke(session, school_id, override.key)
        if target is None:
            raise UnknownNameError("unknown_order", override.key)
        return [target]
    row = NewOverride(
        key=override.key,
        kind=override.verb.value,
        author=override.author,
        reason=override.reason,
        given_at=override.given_at,
        expires_at=override.expires_at,
        class_id=resolve_name(session, school_id, AliasKind.CLASS, override.class_ref, code="unknown_class"),
        student_id=resolve_name(session, school_id, AliasKind.PERSON, override.student, code="unknown_student"),
        material_id=resolve_material(session, school_id, override.material),
        skill_id=resolve_name(session, school_id, AliasKind.SKILL, override.skill, code="unknown_skill"),
    )
    is_new = overrides.insert_override(session, school_id, row)
    return [(None if row.student_id else row.class_id, row.student_id)] if is_new else []


def _students_of(session: Session, targets: Iterable[OverrideTarget]) -> list[int]:
    targets = list(targets)
    classes = {class_id for class_id, _ in targets if class_id is not None}
    students = {student_id for _, student_id in targets if student_id is not None}
    return overrides.affected_students(session, classes=classes, students=students)


def _log_access(session: Session, applied: _AppliedOverride) -> None:
    """Write into the access log who set what for whom."""
    override, event = applied.override, applied.event
    author = f"{override.author}, source {event.source_id}"
    students = _students_of(session, applied.targets)
    audit.record(session, author=author, action=override.verb.value, students=students, detail={"event": event.id})
