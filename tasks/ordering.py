"""Give a teacher's order at once, or show what it would change: one transaction, kept or rolled back."""

import datetime as dt
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlmodel import Session

from config.errors import Exit, Mendable
from lms.canonical_orders import DAYS
from lms.facts import Order, OrderVerb
from models import audit, clock, orders, people
from models.tables.people import AliasKind
from tasks.orders import UnknownName, carry_out, material, named, settle
from tasks.rehearsal import Unmet, Would, rehearse, unmet

YEARS = range(2000, 2200)
"""What a calendar may say."""
UNKNOWN = {
    "unknown_student": "There is no student {}.",
    "unknown_class": "There is no class {}.",
    "unknown_material": "There is no material {}.",
    "unknown_skill": "There is no skill {}.",
    "unknown_order": "There is no order {}.",
}
SAFETY = frozenset({"H1.active", "H5.forbidden"})
"""Rules above every order: what is not in use, or what a teacher has ruled out, is not assigned."""


class Refused(Mendable):
    """An order that makes no sense, or that would break a rule of safety."""

    exit_code = Exit.WRONG_INPUT


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an order did, or would do."""

    key: str
    expires_at: dt.datetime | None
    students: Sequence[Would]


def give(session: Session, school_id: int, order: Order, *, through: str, dry_run: bool = False) -> Outcome:
    """Carry out an order and decide anew for all whom it concerns; in a dry run everything is rolled back.

    Either way the access log notes its author and what it came `through`: a login, a source.

    Raises:
        Refused: nothing was written: a name is unknown, it has ended already, or no student may be given this.
    """
    try:
        students = whom(session, school_id, order)
        _refuse_the_past(session, order)
        lines = _rehearsed(session, school_id, order, students)
    except UnknownName as missing:
        raise Refused(UNKNOWN[missing.code].format(missing.name), "Refs are those of the loaded files.") from None
    if not dry_run:
        carry_out(session, school_id, order)
        settle(session, school_id, students, [order])
    action = f"{order.verb.value}, dry run" if dry_run else order.verb.value
    audit.record(session, author=f"{order.author}, {through}", action=action, students=students)
    return Outcome(order.key, order.expires_at, lines)


def check(session: Session, school_id: int, order: Order) -> None:
    """Do nothing where an order could be given: all that it names is loaded, and it has not ended.

    Raises:
        Refused: it could not.
    """
    try:
        whom(session, school_id, order)
        named(session, school_id, AliasKind.SKILL, order.skill, code="unknown_skill")
        material(session, school_id, order.material)
    except UnknownName as missing:
        raise Refused(UNKNOWN[missing.code].format(missing.name), "Refs are those of the loaded files.") from None
    _refuse_the_past(session, order)


def _rehearsed(session: Session, school_id: int, order: Order, students: Sequence[int]) -> list[Would]:
    def change() -> None:
        carry_out(session, school_id, order)
        if order.verb is OrderVerb.APPROVE:
            orders.approve(session, school_id, [order.key])

    with session.begin_nested() as rehearsal:
        lines = rehearse(session, school_id, students, change)
        _refuse_the_unsafe(session, school_id, order, lines)
        rehearsal.rollback()
    return lines


def whom(session: Session, school_id: int, order: Order) -> list[int]:
    """Return the students whom an order concerns now.

    Raises:
        UnknownName: it addresses nobody who is known.
    """
    if order.verb is OrderVerb.REVOKE:
        found = orders.addressee(session, school_id, order.key)
        if found is None:
            raise UnknownName("unknown_order", order.key)
        class_id, student_id = found
    else:
        class_id = named(session, school_id, AliasKind.CLASS, order.class_ref, code="unknown_class")
        student_id = named(session, school_id, AliasKind.PERSON, order.student, code="unknown_student")
    if student_id is not None:
        return orders.concerned(session, classes=(), students=[student_id])
    return orders.concerned(session, classes=[] if class_id is None else [class_id], students=())


def _refuse_the_past(session: Session, order: Order) -> None:
    if order.expires_at is not None and order.expires_at <= clock.now(session):
        raise Refused(f"The order ends at {order.expires_at:%Y-%m-%d %H:%M}Z, which is past.", "Give a later --until.")


def _refuse_the_unsafe(session: Session, school_id: int, order: Order, lines: Sequence[Would]) -> None:
    """Refuse what would be met for nobody, because a rule forbids it that stands above every order."""
    mine = next((each.number for each in orders.listed(session, school_id) if each.key == order.key), None)
    codes = [{each.code: each.because for each in line.unmet if each.order == mine} for line in lines]
    if codes and all(SAFETY & set(each) for each in codes):
        because = next(each[code] for each in codes for code in sorted(each) if code in SAFETY)
        raise Refused(f"This cannot be ordered: {because}.", "See souschef order list.")


def order(  # noqa: PLR0913 - what an order says
    session: Session,
    verb: OrderVerb,
    *,
    author: str,
    reason: str,
    key: str | None = None,
    student: str | None = None,
    class_ref: str | None = None,
    material: str | None = None,
    skill: str | None = None,
    until: str | None = None,
) -> Order:
    """Return an order that is given now, with a key of its own where it has none; it ends by itself.

    Raises:
        Refused: it says too little, too much, or ends at a time that cannot be read.
    """
    now = clock.now(session)
    if verb is not OrderVerb.REVOKE:
        _refuse_the_unclear(verb, student, class_ref, material, skill, reason=reason)
    return Order(
        verb=verb,
        key=key or f"o-{secrets.token_hex(4)}",
        author=author,
        given_at=now,
        student=student,
        class_ref=class_ref,
        material=material,
        skill=skill,
        reason=reason,
        expires_at=None if verb in (OrderVerb.REVOKE, OrderVerb.APPROVE) else ending(until, now=now),
    )


def ending(until: str | None, *, now: dt.datetime, first: bool = False) -> dt.datetime:
    """Return when something ends: a day (its end, UTC), a moment, or days from now as in "14d"; `DAYS` without any.

    With `first` when it begins: a day's beginning.

    Raises:
        Refused: it cannot be read.
    """
    if until is None:
        return now + dt.timedelta(days=DAYS)
    try:
        if until.endswith("d") and until[:-1].isdecimal():
            moment = now + dt.timedelta(days=int(until[:-1]))
        elif len(until) == len("2026-12-01"):
            time = dt.time.min if first else dt.time(23, 59, 59)
            moment = dt.datetime.combine(dt.date.fromisoformat(until), time, tzinfo=dt.UTC)
        else:
            moment = dt.datetime.fromisoformat(until)
    except (ValueError, OverflowError):
        raise Refused(f"{until} is no time.", "Write 2026-12-01, 2026-12-01T14:00Z or 14d.") from None
    if moment.year not in YEARS:
        raise Refused(f"{until} is too far away.", "Write 2026-12-01, 2026-12-01T14:00Z or 14d.")
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def standing(
    session: Session, school_id: int, *, student: str | None = None, class_ref: str | None = None, past: bool = False
) -> tuple[list[orders.Given], list[Unmet]]:
    """Return the orders of a school, a class or a student, and which of them cannot be met now for whom.

    Raises:
        Refused: there is no such student or class.
    """
    try:
        class_id = named(session, school_id, AliasKind.CLASS, class_ref, code="unknown_class")
        student_id = named(session, school_id, AliasKind.PERSON, student, code="unknown_student")
    except UnknownName as missing:
        raise Refused(UNKNOWN[missing.code].format(missing.name), "Refs are those of the loaded files.") from None
    found = orders.listed(session, school_id, class_id=class_id, student_id=student_id, past=past)
    return found, failing(session, school_id, found, student_id=student_id)


def failing(
    session: Session, school_id: int, found: Sequence[orders.Given], *, student_id: int | None = None
) -> list[Unmet]:
    """Return which of these orders cannot be met now, for whom and why."""
    asked = {each.number for each in found if each.standing == "in force" and each.order in ("pin", "must_do")}
    whom_ = orders.of_orders(session, asked)
    if student_id is not None:
        whom_ = [student_id] if student_id in whom_ else []
    return [each for each in unmet(session, school_id, whom_) if each.order in asked]


def unmet_of(session: Session, students: Sequence[int]) -> list[Unmet]:
    """Return the orders in force that cannot be met now for these students, by school."""
    found: dict[int, list[int]] = {}
    for student, school_id in people.schools_of(session, orders.ordered(session, students)).items():
        found.setdefault(school_id, []).append(student)
    return [each for school_id, those in sorted(found.items()) for each in unmet(session, school_id, those)]


def _refuse_the_unclear(verb: OrderVerb, *names: str | None, reason: str) -> None:
    student, class_ref, material, skill = names
    if (student is None) == (class_ref is None):
        raise Refused("An order is for one student or for one class.", "Give --student or --class.")
    if material is not None and skill is not None:
        raise Refused("An order is about one material or one skill.", "Give --material or --skill.")
    if verb not in (OrderVerb.HOLD, OrderVerb.APPROVE) and material is None and skill is None:
        raise Refused(f"What to {verb.value.replace('_', '-')}?", "Give --material or --skill.")
    if not reason.strip():
        raise Refused("An order needs a reason.", "Give --reason.")
