"""Set a rule, open or close a skill: at once for all whom it concerns, or in a dry run for nobody."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import orjson
from sqlmodel import Session

from learning.selection import Policy, PolicyError
from models import audit, clock, orders, people, rulings
from models.rulings import Settings
from models.tables.people import AliasKind
from tasks.ordering import UNKNOWN, Refused, ending
from tasks.orders import UnknownName, named
from tasks.rehearsal import Would, rehearse

OURS = frozenset({"version", "tie_key", "variance_factor"})
"""Settings that are not a teacher's: the first two keep decisions repeatable, the last belongs to the learner model."""


@dataclass(frozen=True, slots=True)
class Act:
    """Who sets something, why, and what it came through."""

    author: str
    reason: str
    through: str

    def __post_init__(self) -> None:
        """Refuse an act without an author or a reason."""
        if not self.author.strip() or not self.reason.strip():
            raise Refused("Whoever sets a rule says who and why.", "Give --by and --reason.")


@dataclass(frozen=True, slots=True)
class Ruled:
    """What was set, or would be."""

    students: Sequence[int]
    """Whom it concerns; they are marked for a refresh."""
    would: Sequence[Would]
    """What would change for them; only in a dry run."""


def set_policy(
    session: Session,
    school_id: int,
    told: Mapping[str, object],
    *,
    act: Act,
    class_ref: str | None = None,
    until: str | None = None,
    dry_run: bool = False,
) -> Ruled:
    """Set rules of a class, or of the school; None takes a setting back to what it was without.

    Raises:
        Refused: a name is unknown, or a value is out of its range; nothing was written.
    """
    class_id = _id(session, school_id, AliasKind.CLASS, class_ref, code="unknown_class")
    now = clock.now(session)
    before = rulings.settings(session, school_id, class_id, lock=not dry_run)
    document = {name: value for name, value in {**before.document, **told}.items() if value is not None}
    ends = {name: value for name, value in before.until.items() if name in document and name not in told}
    if until is not None:
        at = _later(until, now=now)
        ends |= dict.fromkeys((name for name in told if name in document), at.isoformat())
    _check(told, document)
    after = Settings(document, ends, act.author, act.reason)
    return _rule(
        session,
        school_id,
        _students(session, school_id, class_id),
        lambda: rulings.put(session, school_id, class_id, after),
        act=act,
        action="policy",
        dry_run=dry_run,
    )


def open_skill(  # noqa: PLR0913 - what an order says
    session: Session,
    school_id: int,
    class_ref: str,
    skill: str,
    *,
    act: Act,
    opens: str | None = None,
    due: str | None = None,
    closes: str | None = None,
    dry_run: bool = False,
) -> Ruled:
    """Open a skill to a class, at once or later, until it is closed.

    Raises:
        Refused: there is no such class or skill, or a time cannot be read.
    """
    class_id, skill_id = _class_and_skill(session, school_id, class_ref, skill)
    now = clock.now(session)
    times = {
        "opens_at": now if opens is None else ending(opens, now=now, first=True),
        "closes_at": None if closes is None else _later(closes, now=now),
        "due_at": None if due is None else ending(due, now=now),
    }

    def change() -> None:
        rulings.open_skill(
            session,
            school_id,
            class_id,
            skill_id,
            author=act.author,
            reason=act.reason,
            **times,  # type: ignore[arg-type] # opens_at is never None
        )

    students = orders.concerned(session, classes=[class_id], students=())
    return _rule(session, school_id, students, change, act=act, action="scope open", dry_run=dry_run)


def close_skill(
    session: Session,
    school_id: int,
    class_ref: str,
    skill: str,
    *,
    act: Act,
    closes: str | None = None,
    dry_run: bool = False,
) -> Ruled:
    """Close a skill to a class, at once or later.

    Raises:
        Refused: there is no such class or skill, or it never was in the class's scope.
    """
    class_id, skill_id = _class_and_skill(session, school_id, class_ref, skill)
    now = clock.now(session)
    at = now if closes is None else ending(closes, now=now)

    def change() -> None:
        if not rulings.close_skill(session, class_id, skill_id, author=act.author, reason=act.reason, closes_at=at):
            raise Refused(f"The skill {skill} is not in the scope of {class_ref}.", "See souschef scope list.")

    students = orders.concerned(session, classes=[class_id], students=())
    return _rule(session, school_id, students, change, act=act, action="scope close", dry_run=dry_run)


def in_force(session: Session, school_id: int, class_ref: str | None) -> dict[str, dict[str, Any]]:
    """Return every setting of a class, or of the school: its value, where it comes from, until when, by whom and why.

    Raises:
        Refused: there is no such class.
    """
    class_id = _id(session, school_id, AliasKind.CLASS, class_ref, code="unknown_class")
    found = {
        each.name: {"value": getattr(Policy(), each.name), "from": "shipped"}
        for each in fields(Policy)
        if each.name not in OURS
    }
    for level, owner in (("school", None), ("class", class_id)):
        if level == "school" or class_id is not None:
            set_ = rulings.settings(session, school_id, owner)
            for name, value in set_.document.items():
                about = {"until": set_.until.get(name), "by": set_.author, "reason": set_.reason}
                found[name] = {"value": value, "from": level, **about}
    return found


def read(pair: str) -> tuple[str, object]:
    """Return the name and value of NAME=VALUE; nothing after the sign is None.

    Raises:
        Refused: it is no such pair.
    """
    name, sign, said = pair.partition("=")
    if not sign or not name:
        raise Refused(f"{pair} is no setting.", "Write NAME=VALUE, as in tolerance=0; NAME= takes it back.")
    words = {"": None, "on": True, "off": False, "true": True, "false": False}
    if said.lower() in words:
        return name, words[said.lower()]
    try:
        return name, orjson.loads(said)
    except orjson.JSONDecodeError:
        return name, said


def scope(session: Session, school_id: int, class_ref: str | None) -> list[rulings.OpenSkill]:
    """Return the scope of a class, or of all classes.

    Raises:
        Refused: there is no such class.
    """
    class_id = _id(session, school_id, AliasKind.CLASS, class_ref, code="unknown_class")
    return rulings.scope(session, school_id, class_id=class_id)


def _rule(
    session: Session,
    school_id: int,
    students: Sequence[int],
    change: Callable[[], None],
    *,
    act: Act,
    action: str,
    dry_run: bool,
) -> Ruled:
    would: list[Would] = []
    if dry_run:
        with session.begin_nested() as rehearsal:
            would = rehearse(session, school_id, students, change)
            rehearsal.rollback()
    else:
        change()
        rulings.mark(session, list(students))
    said = f"{action}, dry run" if dry_run else action
    audit.record(session, author=f"{act.author}, {act.through}", action=said, students=students)
    return Ruled(students, would)


def _check(told: Mapping[str, object], document: Mapping[str, Any]) -> None:
    for name in told:
        if name in OURS:
            raise Refused(f"{name} is not for a teacher to set.")
    if not isinstance(document.get("licences", []), list):
        raise Refused("licences is a list.", 'Write licences=["CC0"].')
    try:
        Policy.from_document(document)
    except PolicyError as error:
        raise Refused(f"{error}.", "See souschef policy show.") from None
    except (TypeError, OverflowError):
        raise Refused("A setting is of the wrong kind.", "See souschef policy show.") from None


def _later(when: str, *, now: dt.datetime) -> dt.datetime:
    at = ending(when, now=now)
    if at <= now:
        raise Refused(f"{at:%Y-%m-%d %H:%M}Z is past.", "Give a later time.")
    return at


def _class_and_skill(session: Session, school_id: int, class_ref: str, skill: str) -> tuple[int, int]:
    class_id = _id(session, school_id, AliasKind.CLASS, class_ref, code="unknown_class")
    skill_id = _id(session, school_id, AliasKind.SKILL, skill, code="unknown_skill")
    if class_id is None or skill_id is None:
        raise Refused("A scope is of a class and a skill.", "Give both.")
    return class_id, skill_id


def _id(session: Session, school_id: int, kind: AliasKind, name: str | None, *, code: str) -> int | None:
    try:
        return named(session, school_id, kind, name, code=code)
    except UnknownName as missing:
        raise Refused(UNKNOWN[missing.code].format(missing.name), "Refs are those of the loaded files.") from None


def _students(session: Session, school_id: int, class_id: int | None) -> list[int]:
    if class_id is None:
        return people.students_of(session, school_id)
    return orders.concerned(session, classes=[class_id], students=())
