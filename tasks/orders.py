"""Teachers' orders: put in force, or taken back, and the students whom they concern are decided for anew."""

from collections import Counter
from collections.abc import Collection, Iterable

import orjson
from sqlmodel import Session

from lms import canonical_orders
from lms.facts import Order, OrderVerb, PayloadError
from models import audit, catalogue, inbox, learners, orders, roster, tombstones
from models.inbox import Claimed, Ending
from models.orders import OrderRow
from models.tables.people import AliasKind
from tasks.decide import decide


class UnknownName(Exception):  # noqa: N818 - not a failure: the order waits
    """The order names somebody or something that the school has not loaded yet."""

    def __init__(self, code: str, name: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.name = name


def apply_orders(session: Session, school_id: int, events: list[Claimed]) -> Counter[str]:
    """Apply a batch of one school's orders within the caller's transaction; return counts."""
    ending = Ending()
    classes: set[int] = set()
    students: set[int] = set()
    carried: list[tuple[Claimed, Order, list[tuple[int | None, int | None]]]] = []
    for event in events:
        try:
            order = canonical_orders.parse(orjson.loads(event.payload))
            concerned = carry_out(session, school_id, order)
            carried.append((event, order, concerned))
            for class_id, student_id in concerned:
                if class_id is not None:
                    classes.add(class_id)
                if student_id is not None:
                    students.add(student_id)
        except UnknownName as missing:
            ending.parked[event.id] = missing.code
        except PayloadError as error:
            ending.quarantined[event.id] = (error.code, error.pointer)
        else:
            ending.done.append(event.id)
    tombstones.drop(session, school_id, events, ending)
    counts = Counter(ending.counts())
    whom = orders.concerned(session, classes=classes, students=students)
    if whom:
        counts += settle(session, school_id, whom, [order for _, order, concerned in carried if concerned])
    _note(session, carried)
    inbox.finish(session, events, ending)
    return counts


def settle(session: Session, school_id: int, students: Collection[int], given: Iterable[Order]) -> Counter[str]:
    """Decide anew for those whom orders that were carried out concern; what is approved is assigned first."""
    states = learners.lock(session, school_id, students)
    approved = orders.approve(session, school_id, [each.key for each in given if each.verb is OrderVerb.APPROVE])
    return decide(session, school_id, states=states, touched=dict.fromkeys(states), changes=approved)


def _note(session: Session, carried: Iterable[tuple[Claimed, Order, list[tuple[int | None, int | None]]]]) -> None:
    """Write into the access log who ordered what for whom."""
    for event, order, concerned in carried:
        classes = {class_id for class_id, _ in concerned if class_id is not None}
        students = {student_id for _, student_id in concerned if student_id is not None}
        whom = orders.concerned(session, classes=classes, students=students)
        author = f"{order.author}, source {event.source_id}"
        audit.record(session, author=author, action=order.verb.value, students=whom, detail={"event": event.id})


def carry_out(session: Session, school_id: int, order: Order) -> list[tuple[int | None, int | None]]:
    """Give or revoke an order; return (class id, student id) of whom it concerns, nothing where nothing changed.

    Raises:
        UnknownName: it names what the school has not loaded, or an order that was never given.
    """
    if order.verb is OrderVerb.REVOKE:
        concerned = orders.revoke(session, school_id, order.key)
        if concerned is None:
            raise UnknownName("unknown_order", order.key)
        return [concerned]
    row = OrderRow(
        key=order.key,
        kind=order.verb.value,
        author=order.author,
        reason=order.reason,
        given_at=order.given_at,
        expires_at=order.expires_at,
        class_id=named(session, school_id, AliasKind.CLASS, order.class_ref, code="unknown_class"),
        student_id=named(session, school_id, AliasKind.PERSON, order.student, code="unknown_student"),
        material_id=material(session, school_id, order.material),
        skill_id=named(session, school_id, AliasKind.SKILL, order.skill, code="unknown_skill"),
    )
    given = orders.give(session, school_id, row)
    return [(None if row.student_id else row.class_id, row.student_id)] if given else []


def named(session: Session, school_id: int, kind: AliasKind, name: str | None, *, code: str) -> int | None:
    """Return the id that a name stands for; None for none.

    Raises:
        UnknownName: with `code`.
    """
    if name is None:
        return None
    found = roster.resolve(session, school_id, kind, {name}).get(name)
    if found is None:
        raise UnknownName(code, name)
    return found


def material(session: Session, school_id: int, ref: str | None) -> int | None:
    """Return the id of a material; None for none.

    Raises:
        UnknownName: there is none of this ref.
    """
    if ref is None:
        return None
    found = catalogue.material_id(session, school_id, ref)
    if found is None:
        raise UnknownName("unknown_material", ref)
    return found
