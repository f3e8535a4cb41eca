"""Set policies and the scope of a class: at once for the students concerned, or as a dry run."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlmodel import Session

from learning.selection import Policy, PolicyError, policy_meanings
from models import clock
from models.access import school_time
from models.assignments import overrides, policies
from models.assignments.policies import PolicyDocument
from models.privacy import audit
from models.students import people
from models.tables.people import AliasKind
from tasks.pipeline.overrides import RefusedError, parse_deadline, unknown_name
from tasks.pipeline.preview import StudentPreview, preview_change
from tasks.pipeline.resolve_names import UnknownNameError, resolve_name

SCHOOL_ONLY = frozenset({"max_open"})
"""Settings that bind all lists of a student together."""
RESERVED_SETTINGS = frozenset({"version", "tie_key", "variance_factor"})
"""Not for teachers: the first two make decisions repeatable, the last belongs to the learner model."""


@dataclass(frozen=True, slots=True)
class Authorship:
    """Who sets something, why, and the login or source it came through."""

    author: str
    reason: str
    through: str

    def __post_init__(self) -> None:
        """Refuse a change without an author or a reason."""
        if not self.author.strip() or not self.reason.strip():
            raise RefusedError("Author and reason are required.", "Give --by and --reason.")


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """What was set, or would be."""

    students: Sequence[int]
    """The students concerned; they are marked for a refresh."""
    previews: Sequence[StudentPreview]
    """Only in a dry run."""


@dataclass(frozen=True, slots=True)
class ScopeTimes:
    """When a skill is open to a class, as a person or a tool writes it; None: from now on, without an end."""

    opens: str | None = None
    due: str | None = None
    closes: str | None = None


def set_policy(
    session: Session,
    school_id: int,
    values: Mapping[str, object],
    *,
    by: Authorship,
    class_ref: str | None = None,
    until: str | None = None,
    dry_run: bool = False,
) -> PolicyChange:
    """Set settings of a class, or of the school; None removes a setting.

    Raises:
        RefusedError: a name is unknown, or a value is out of its range; nothing was written.
    """
    class_id = _resolve(session, school_id, AliasKind.CLASS, class_ref, code="unknown_class")
    now = clock.now(session)
    before = policies.load_policy(session, school_id, class_id, lock=not dry_run)
    document = {name: value for name, value in {**before.document, **values}.items() if value is not None}
    ends = {name: value for name, value in before.until.items() if name in document and name not in values}
    if until is not None:
        end = _future(until, now=now, zone=school_time.zone_of(session, school_id))
        ends |= dict.fromkeys((name for name in values if name in document), end.isoformat())
    validate_settings(values, document)
    if class_id is not None and SCHOOL_ONLY & values.keys():
        names = ", ".join(sorted(SCHOOL_ONLY & values.keys()))
        raise RefusedError(f"{names} can only be set for the whole school.", "Set it without --class.")
    author = {"author": by.author, "reason": by.reason}
    set_by = {name: author if name in values else before.set_by[name] for name in document}
    after = PolicyDocument(document, ends, set_by)
    return _apply_change(
        session,
        school_id,
        _students(session, school_id, class_id),
        lambda: policies.save_policy(session, school_id, class_id, after, **author),
        by=by,
        action="policy",
        dry_run=dry_run,
    )


def open_skill(
    session: Session,
    school_id: int,
    class_ref: str,
    skill: str,
    *,
    by: Authorship,
    times: ScopeTimes = ScopeTimes(),
    dry_run: bool = False,
) -> PolicyChange:
    """Open a skill to a class, now or later.

    Raises:
        RefusedError: there is no such class or skill, or a time cannot be parsed.
    """
    class_id, skill_id = _class_and_skill(session, school_id, class_ref, skill)
    now = clock.now(session)
    zone = school_time.zone_of(session, school_id)
    opens_at = now if times.opens is None else parse_deadline(times.opens, now=now, zone=zone, start_of_day=True)
    closes_at = None if times.closes is None else _future(times.closes, now=now, zone=zone)
    due_at = None if times.due is None else parse_deadline(times.due, now=now, zone=zone)

    def change() -> None:
        policies.open_skill(
            session,
            school_id,
            class_id,
            skill_id,
            author=by.author,
            reason=by.reason,
            opens_at=opens_at,
            closes_at=closes_at,
            due_at=due_at,
        )

    students = overrides.affected_students(session, classes=[class_id], students=())
    return _apply_change(session, school_id, students, change, by=by, action="scope open", dry_run=dry_run)


def close_skill(
    session: Session,
    school_id: int,
    class_ref: str,
    skill: str,
    *,
    by: Authorship,
    closes: str | None = None,
    dry_run: bool = False,
) -> PolicyChange:
    """Close a skill to a class, now or later.

    Raises:
        RefusedError: there is no such class or skill, or it never was in the class's scope.
    """
    class_id, skill_id = _class_and_skill(session, school_id, class_ref, skill)
    now = clock.now(session)
    zone = school_time.zone_of(session, school_id)
    closes_at = now if closes is None else parse_deadline(closes, now=now, zone=zone)

    def change() -> None:
        closed = policies.close_skill(
            session, class_id, skill_id, author=by.author, reason=by.reason, closes_at=closes_at
        )
        if not closed:
            raise RefusedError(f"The skill {skill} is not in the scope of {class_ref}.", "See souschef scope list.")

    students = overrides.affected_students(session, classes=[class_id], students=())
    return _apply_change(session, school_id, students, change, by=by, action="scope close", dry_run=dry_run)


def in_force(session: Session, school_id: int, class_ref: str | None) -> dict[str, dict[str, Any]]:
    """Return every setting of a class, or of the school: value, level, end, author and reason.

    Raises:
        RefusedError: there is no such class.
    """
    class_id = _resolve(session, school_id, AliasKind.CLASS, class_ref, code="unknown_class")
    found = {
        name: {"value": value, "from": "shipped"}
        for name, value in Policy().document().items()
        if name not in RESERVED_SETTINGS
    }
    for level, owner in (("school", None), ("class", class_id)):
        if level == "school" or class_id is not None:
            stored = policies.load_policy(session, school_id, owner)
            for name, value in stored.document.items():
                author = stored.set_by[name]
                details = {"until": stored.until.get(name), "by": author["author"], "reason": author["reason"]}
                found[name] = {"value": value, "from": level, **details}
    return found


def parse_setting(text: str) -> tuple[str, object]:
    """Return the name and value of NAME=VALUE; None for an empty value.

    Raises:
        RefusedError: there is no name or no sign.
    """
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise RefusedError(f"{text} is not a setting.", "Write NAME=VALUE, as in tolerance=0; NAME= removes it.")
    words = {"": None, "on": True, "off": False, "true": True, "false": False}
    if value.lower() in words:
        return name, words[value.lower()]
    try:
        return name, orjson.loads(value)
    except orjson.JSONDecodeError:
        return name, value


def scope(session: Session, school_id: int, class_ref: str | None) -> list[policies.OpenSkill]:
    """Return the scope of a class, or of all classes.

    Raises:
        RefusedError: there is no such class.
    """
    class_id = _resolve(session, school_id, AliasKind.CLASS, class_ref, code="unknown_class")
    return policies.list_scope(session, school_id, class_id=class_id)


def _apply_change(
    session: Session,
    school_id: int,
    students: Sequence[int],
    change: Callable[[], None],
    *,
    by: Authorship,
    action: str,
    dry_run: bool,
) -> PolicyChange:
    previews: list[StudentPreview] = []
    if dry_run:
        with session.begin_nested() as savepoint:
            previews = preview_change(session, school_id, students, change)
            savepoint.rollback()
    else:
        change()
        policies.mark_students_due(session, list(students))
    logged_action = f"{action}, dry run" if dry_run else action
    audit.record(session, author=f"{by.author}, {by.through}", action=logged_action, students=students)
    return PolicyChange(students, previews)


BANDS = frozenset({"band", "thin_band", "wide_band"})


def validate_settings(values: Mapping[str, object], document: Mapping[str, Any]) -> None:
    """Refuse settings that are unknown, out of their range, or not for a teacher.

    Raises:
        RefusedError: one is.
    """
    for name in values:
        if name in RESERVED_SETTINGS:
            raise RefusedError(f"{name} is not for a teacher to set.")
    if not isinstance(document.get("licences", []), list):
        raise RefusedError("licences is a list.", 'Write licences=["CC0"].')
    # A relaxed band that an earlier version stored too narrow must not stand in the way of another setting.
    check = Policy.from_document if BANDS & values.keys() else Policy.from_stored
    try:
        check(document)
    except PolicyError as error:
        raise RefusedError(*policy_meanings.explain(error)) from None
    except (TypeError, OverflowError):
        raise RefusedError("A setting has a value of the wrong type.", "See souschef policy show.") from None


def _future(text: str, *, now: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    deadline = parse_deadline(text, now=now, zone=zone)
    if deadline <= now:
        raise RefusedError(f"{deadline:%Y-%m-%d %H:%M}Z is in the past.", "Give a later time.")
    return deadline


def _class_and_skill(session: Session, school_id: int, class_ref: str, skill: str) -> tuple[int, int]:
    class_id = _resolve(session, school_id, AliasKind.CLASS, class_ref, code="unknown_class")
    skill_id = _resolve(session, school_id, AliasKind.SKILL, skill, code="unknown_skill")
    if class_id is None or skill_id is None:
        raise RefusedError("A scope is for one class and one skill.", "Give both.")
    return class_id, skill_id


def _resolve(session: Session, school_id: int, kind: AliasKind, name: str | None, *, code: str) -> int | None:
    try:
        return resolve_name(session, school_id, kind, name, code=code)
    except UnknownNameError as error:
        raise unknown_name(error) from None


def _students(session: Session, school_id: int, class_id: int | None) -> list[int]:
    if class_id is None:
        return people.students_of(session, school_id)
    return overrides.affected_students(session, classes=[class_id], students=())
