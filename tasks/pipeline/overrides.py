"""Validate, preview and submit teacher overrides: every one becomes an event, which a worker applies."""

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from config.errors import Exit, OperatorError
from lms import canonical_overrides, local_time
from lms.canonical_overrides import DAYS
from lms.facts import EventKind, Order, OrderVerb
from models import clock
from models.access import school_time
from models.access.sources import Sender
from models.assignments import overrides
from models.privacy import audit
from models.students import people
from models.tables.people import AliasKind
from tasks.pipeline.apply_overrides import store_override
from tasks.pipeline.preview import StudentPreview, Unmet, find_unmet, preview_change
from tasks.pipeline.record_events import record
from tasks.pipeline.resolve_names import UnknownNameError, resolve_name

SECOND = dt.timedelta(seconds=1)
YEARS = range(2000, 2200)
"""Years that are accepted in a deadline."""
UNKNOWN = {
    "unknown_student": "There is no student {}.",
    "unknown_class": "There is no class {}.",
    "unknown_material": "There is no material {}.",
    "unknown_skill": "There is no skill {}.",
    "unknown_order": "There is no order {}.",
}
SAFETY = frozenset({"H1.active", "H5.forbidden"})
"""Rules above every override: what is not in use, or what a teacher has ruled out, is not assigned."""
FORMATS_OF_TIME = "Write 2026-12-01, 2026-12-01T14:00Z or 14d."


class RefusedError(OperatorError):
    """A teacher's change is refused: it is incomplete, ambiguous, too late, or against a safety rule."""

    exit_code = Exit.WRONG_INPUT


@dataclass(frozen=True, slots=True)
class OverrideDraft:
    """An override as a person or a tool writes it, with refs and a deadline as text."""

    verb: OrderVerb
    author: str
    reason: str = ""
    key: str | None = None
    """Of the override itself, or of the one to revoke; None: a new one is made."""
    student: str | None = None
    class_ref: str | None = None
    material: str | None = None
    skill: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True)
class OverrideEffect:
    """What an override changed, or would change."""

    key: str
    expires_at: dt.datetime | None
    students: Sequence[StudentPreview]


@dataclass(frozen=True, slots=True)
class Submission:
    """An override that was recorded, and what it changes when a worker applies it."""

    effect: OverrideEffect
    students: Sequence[int]
    """Whom it concerns now, by id."""
    events: Sequence[int]
    """Its event's inbox id; empty if the same event was recorded before."""


def preview(session: Session, school_id: int, override: Order, *, through: str) -> OverrideEffect:
    """Return what an override would change; nothing but the access log is written.

    The access log records the author and the login or source it came `through`.

    Raises:
        RefusedError: a name is unknown, it has ended, or a safety rule forbids it for everybody.
    """
    students, previews = validate(session, school_id, override)
    author = f"{override.author}, {through}"
    audit.record(session, author=author, action=f"{override.verb.value}, dry run", students=students)
    return OverrideEffect(override.key, override.expires_at, previews)


def submit(session: Session, sender: Sender, override: Order) -> Submission:
    """Validate an override and record it as an event; a worker applies it after the caller's commit and notification.

    The API, the pages and the command line have no other way to set, approve or revoke one.

    Raises:
        RefusedError: nothing was written: a name is unknown, it has ended, or a safety rule forbids it for everybody.
    """
    return submit_all(session, sender, [override])


def submit_all(session: Session, sender: Sender, orders: Sequence[Order]) -> Submission:
    """Validate and record overrides together, in one transaction: all of them, or none. The key is the first one's.

    Raises:
        RefusedError: nothing was written: one of them is refused.
    """
    students, previews = validate_all(session, sender.school_id, orders)
    _, recorded = record(session, sender, [canonical_overrides.write(order) for order in orders])
    effect = OverrideEffect(orders[0].key, orders[0].expires_at, previews)
    return Submission(effect, students, recorded.accepted.get(EventKind.ORDER, []))


def validate(session: Session, school_id: int, override: Order) -> tuple[list[int], list[StudentPreview]]:
    """Return the students of an override and what it would change for each; nothing is written.

    Raises:
        RefusedError: a name is unknown, it has ended, or a safety rule forbids it for everybody.
    """
    return validate_all(session, school_id, [override])


def validate_all(session: Session, school_id: int, orders: Sequence[Order]) -> tuple[list[int], list[StudentPreview]]:
    """Return the students of some overrides and what they would change together; nothing is written.

    Raises:
        RefusedError: a name is unknown, one has ended, or a safety rule forbids one for everybody.
    """
    try:
        students = sorted({student for order in orders for student in affected_students(session, school_id, order)})
        for order in orders:
            _require_future_end(session, order)
        return students, _preview(session, school_id, orders, students)
    except UnknownNameError as error:
        raise unknown_name(error) from None


def unknown_name(error: UnknownNameError) -> RefusedError:
    """Return the refusal of a name that the school has not loaded."""
    return RefusedError(UNKNOWN[error.code].format(error.name), "Refs are those of the loaded files.")


def _preview(
    session: Session, school_id: int, orders: Sequence[Order], students: Sequence[int]
) -> list[StudentPreview]:
    def change() -> None:
        for order in orders:
            store_override(session, school_id, order)
            if order.verb is OrderVerb.APPROVE:
                overrides.approve(session, school_id, [order.key])

    with session.begin_nested() as savepoint:
        previews = preview_change(session, school_id, students, change)
        _require_safe(session, school_id, orders, previews)
        savepoint.rollback()
    return previews


def affected_students(session: Session, school_id: int, override: Order) -> list[int]:
    """Return the students of an override now.

    Raises:
        UnknownNameError: its student, its class, or the override that it revokes is unknown.
    """
    if override.verb is OrderVerb.REVOKE:
        target = overrides.override_target(session, school_id, override.key)
        if target is None:
            raise UnknownNameError("unknown_order", override.key)
        class_id, student_id = target
    else:
        class_id = resolve_name(session, school_id, AliasKind.CLASS, override.class_ref, code="unknown_class")
        student_id = resolve_name(session, school_id, AliasKind.PERSON, override.student, code="unknown_student")
    if student_id is not None:
        return overrides.affected_students(session, classes=(), students=[student_id])
    return overrides.affected_students(session, classes=[] if class_id is None else [class_id], students=())


def build_override(session: Session, school_id: int, draft: OverrideDraft) -> Order:
    """Return the override of a draft, dated now, with a key and a deadline.

    Raises:
        RefusedError: the draft is incomplete or ambiguous, or its deadline cannot be parsed.
    """
    now = clock.now(session)
    if draft.verb is not OrderVerb.REVOKE:
        require_complete(draft)
    endless = draft.verb in (OrderVerb.REVOKE, OrderVerb.APPROVE)
    return Order(
        verb=draft.verb,
        key=draft.key or f"o-{secrets.token_hex(4)}",
        author=draft.author,
        given_at=now,
        student=draft.student,
        class_ref=draft.class_ref,
        material=draft.material,
        skill=draft.skill,
        reason=draft.reason,
        expires_at=None
        if endless
        else parse_deadline(draft.until, now=now, zone=school_time.zone_of(session, school_id)),
    )


def parse_deadline(text: str | None, *, now: dt.datetime, zone: dt.tzinfo, start_of_day: bool = False) -> dt.datetime:
    """Return the time of a deadline: a day, a time, or days from now as in "14d"; `DAYS` from now for None.

    A day means its last second at the school, with `start_of_day` its start; a time without a zone is the school's.

    Raises:
        RefusedError: it cannot be parsed.
    """
    if text is None:
        return now + dt.timedelta(days=DAYS)
    try:
        if text.endswith("d") and text[:-1].isdecimal():
            deadline = now + dt.timedelta(days=int(text[:-1]))
        elif len(text) == len("2026-12-01"):
            day = dt.date.fromisoformat(text)
            deadline = local_time.start_of_day(day, zone) if start_of_day else local_time.end_of_day(day, zone) - SECOND
        else:
            deadline = dt.datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise RefusedError(f"{text} is not a time.", FORMATS_OF_TIME) from None
    if deadline.year not in YEARS:
        raise RefusedError(f"{text} is too far away.", FORMATS_OF_TIME)
    return local_time.as_utc(deadline, zone)


def list_overrides(
    session: Session, school_id: int, *, student: str | None = None, class_ref: str | None = None, past: bool = False
) -> tuple[list[overrides.TeacherOverrideRow], list[Unmet]]:
    """Return the overrides of a school, a class or a student, and those that cannot be met now.

    Raises:
        RefusedError: there is no such student or class.
    """
    try:
        class_id = resolve_name(session, school_id, AliasKind.CLASS, class_ref, code="unknown_class")
        student_id = resolve_name(session, school_id, AliasKind.PERSON, student, code="unknown_student")
    except UnknownNameError as error:
        raise unknown_name(error) from None
    rows = overrides.list_overrides(session, school_id, class_id=class_id, student_id=student_id, past=past)
    return rows, _unmet_overrides(session, school_id, rows, student_id=student_id)


def _unmet_overrides(
    session: Session, school_id: int, rows: Sequence[overrides.TeacherOverrideRow], *, student_id: int | None
) -> list[Unmet]:
    in_force = {row.number for row in rows if row.standing == "in force" and row.order in ("pin", "must_do")}
    students = overrides.students_of_overrides(session, in_force)
    if student_id is not None:
        students = [student_id] if student_id in students else []
    return [unmet for unmet in find_unmet(session, school_id, students) if unmet.order in in_force]


def unmet_for_students(session: Session, students: Sequence[int]) -> list[Unmet]:
    """Return the overrides in force that cannot be met now for these students, school by school."""
    by_school: dict[int, list[int]] = {}
    for student, school_id in people.schools_of(session, overrides.students_with_overrides(session, students)).items():
        by_school.setdefault(school_id, []).append(student)
    return [unmet for school_id, ids in sorted(by_school.items()) for unmet in find_unmet(session, school_id, ids)]


def _require_future_end(session: Session, override: Order) -> None:
    if override.expires_at is not None and override.expires_at <= clock.now(session):
        raise RefusedError(
            f"The order ends at {override.expires_at:%Y-%m-%d %H:%M}Z, which is past.", "Give a later --until."
        )


def _require_safe(
    session: Session, school_id: int, orders: Sequence[Order], previews: Sequence[StudentPreview]
) -> None:
    """Refuse an override that could be met for nobody, because a safety rule forbids it."""
    numbers = {row.key: row.number for row in overrides.list_overrides(session, school_id)}
    for order in orders:
        # Several overrides are each for a student by ref; one alone concerns all.
        own = [each for each in previews if len(orders) == 1 or each.student == order.student]
        number = numbers.get(order.key)
        unmet = [{each.code: each.because for each in preview.unmet if each.order == number} for preview in own]
        if unmet and all(SAFETY & set(codes) for codes in unmet):
            because = next(codes[code] for codes in unmet for code in sorted(codes) if code in SAFETY)
            raise RefusedError(f"This cannot be ordered: {because}.", "See souschef override list.")


def require_complete(draft: OverrideDraft) -> None:
    """Check that an override is for somebody, and about one thing where its kind wants one.

    Raises:
        RefusedError: it is incomplete or ambiguous.
    """
    if draft.student is None and draft.class_ref is None:
        raise RefusedError("An order is for a student, or for a class.", "Give --student or --class. Both: its list.")
    if draft.material is not None and draft.skill is not None:
        raise RefusedError("An order is about one material or one skill.", "Give --material or --skill.")
    for_everything = draft.verb in (OrderVerb.HOLD, OrderVerb.APPROVE)
    if not for_everything and draft.material is None and draft.skill is None:
        raise RefusedError(
            f"{draft.verb.value.replace('_', '-')} needs a material or a skill.", "Give --material or --skill."
        )
    if not draft.reason.strip():
        raise RefusedError("An order needs a reason.", "Give --reason.")
