"""Load people, classes and enrolments."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import or_
from sqlmodel import col, func, select

from lms.files.problem import SourceLocation
from lms.files.rows import EnrolmentRow
from models import clock
from models.access import school_time
from models.bulk_upsert import UpsertResult
from models.imports.session import ImportSession
from models.rows import fetch
from models.students.enrolments import Changes, EnrolmentPeriod, RosterEntry, reconcile
from models.tables import Class, Enrolment, Person

ENDING_SHARE = 0.3
"""A roster that ends more of a school's enrolments than this share, and more than `FEW_ENDING`, needs `--new-term`."""
FEW_ENDING = 20


def load_people(load: ImportSession) -> set[int]:
    """Write people, classes and enrolments; return the ids of people with any change."""
    existing = load.ids("person")
    people = [row for row in load.bundle.people.values() if not row.deleted or row.ref in existing]
    columns = ("ref", "role", "given_name", "family_name", "grade", "active")
    rows = [(row.ref, {name: getattr(row, name) for name in columns}) for row in people]
    written = load.write("person", Person, rows)
    classes = [row for row in load.bundle.classes.values() if not row.deleted]
    load.write("class", Class, [(row.ref, {"ref": row.ref, "title": row.title, "grade": row.grade}) for row in classes])
    ids = load.ids("person")
    return {ids[ref] for ref in written.changed} | (_enrolments(load) if "enrolment" in load.bundle.spoken else set())


def _enrolments(load: ImportSession) -> set[int]:
    """Reconcile the classes in the files; return the ids of people who joined, left or moved."""
    wanted = _all_wanted(load)
    described = {load.ids("class").get(ref) for ref in load.bundle.classes}
    classes = sorted({row.class_id for row in wanted} | {number for number in described if number is not None})
    whole = "enrollments" not in load.bundle.deltas
    now = clock.now(load.session)
    stored = _stored(load, classes, but=_unread(load))
    changes = reconcile(stored, wanted, now=now, whole=whole)
    _guard(load, stored, changes, now=now)
    _move(load, changes.moved)
    names = {kind: load.refs(kind) for kind in ("class", "person")}
    zone = school_time.zone_of(load.session, load.school_id)
    labels = {each: _label(each, names, zone) for each in (*changes.current, *changes.ended)}
    left = set(changes.ended)
    rows = [(name, _row(each) | {"left_at": each.ended_at if each in left else None}) for each, name in labels.items()]
    written = load.write("enrolment", Enrolment, rows, key=("class_id", "person_id", "began_at"))
    ended = {labels[each] for each in changes.ended}
    moved = {_label(replace(old, began_at=began), names, zone) for old, began in changes.moved}
    changed = ({*written.changed} | moved) - ended
    result = UpsertResult(written.new, tuple(sorted(changed)), len(changes.current))
    load.report.add("enrolment", result, ended=sorted(ended))
    touched = {*result.new, *changed, *ended}
    return {each.person_id for each, name in labels.items() if name in touched}


def _all_wanted(load: ImportSession) -> list[RosterEntry]:
    """Return all rows with ids; no period occurs twice, also where the files use several names of one person.

    What stands under a former ref too is no fault of the files, and nobody's to correct.
    """
    found: list[RosterEntry] = []
    begins: dict[tuple[int, int], set[dt.datetime | None]] = {}
    for row in sorted(load.bundle.enrolments, key=lambda row: row.person in load.former_refs):
        wanted = _wanted(load, row)
        if wanted is None:
            continue
        seen = begins.setdefault((wanted.class_id, wanted.person_id), set())
        if not wanted.deleted:
            if row.began_at in seen or (seen and None in {row.began_at, *seen}):
                if row.person not in load.former_refs:
                    wrong = f"{row.person!r} is in {row.class_ref!r} by another row too, under another name or date"
                    load.leave_out(row.at, "", wrong, "Remove one of them, or give each its own beginDate.")
                continue
            seen.add(row.began_at)
        found.append(wanted)
    return found


def _move(load: ImportSession, moved: list[tuple[EnrolmentPeriod, dt.datetime]]) -> None:
    load.execute(
        """
        UPDATE souschef.enrolment SET began_at = new.moved_to
          FROM unnest(CAST(:classes AS bigint[]), CAST(:people AS bigint[]), CAST(:began AS timestamptz[]),
                      CAST(:moved_to AS timestamptz[])) AS new(class_id, person_id, began_at, moved_to)
         WHERE enrolment.class_id = new.class_id AND enrolment.person_id = new.person_id
           AND enrolment.began_at = new.began_at AND enrolment.school_id = :school
        """,
        classes=[old.class_id for old, _ in moved],
        people=[old.person_id for old, _ in moved],
        began=[old.began_at for old, _ in moved],
        moved_to=[began for _, began in moved],
    )


def _wanted(load: ImportSession, row: EnrolmentRow) -> RosterEntry | None:
    """Return a row with ids; None where a name is unknown, and the row one to leave out."""
    described = load.bundle.classes.get(row.class_ref)
    person = load.bundle.people.get(row.person)
    gone = (described is not None and described.deleted) or (person is not None and person.deleted)
    deleted = row.deleted or gone
    if row.person in load.bundle.relatives or (
        deleted and not (row.class_ref in load.ids("class") and row.person in load.ids("person"))
    ):
        return None
    class_id = load.find("class", row.class_ref, row.at, "classSourcedId")
    person_id = load.find("person", row.person, row.at, "userSourcedId")
    if class_id is None or person_id is None:
        return None
    usual = None if described is None else described.usual
    ended_at = row.ended_at or (None if usual is None else usual.ended_at)
    return RosterEntry(
        class_id=class_id,
        person_id=person_id,
        role=row.role,
        began_at=row.began_at,
        ended_at=ended_at if row.began_at is None or ended_at is None else max(ended_at, row.began_at),
        usual_began_at=None if usual is None else usual.began_at,
        deleted=deleted,
    )


def _unread(load: ImportSession) -> set[tuple[int | None, int | None]]:
    """Return (class, person) of rows that were left out: they end nothing."""
    return {
        (load.find_id("class", class_ref), load.find_id("person", person))
        for class_ref, person in load.bundle.unread_enrolments
    }


def _guard(load: ImportSession, stored: list[EnrolmentPeriod], changes: Changes, *, now: dt.datetime) -> None:
    """Refuse a roster that would end so many enrolments that it is rather cut off or of another year."""
    if load.limits.new_term:
        return
    ends = col(Enrolment.ended_at)
    is_open = or_(ends.is_(None), ends > func.greatest(now, Enrolment.began_at))
    open_ones = select(func.count()).select_from(Enrolment).where(Enrolment.school_id == load.school_id, is_open)
    going_on = load.session.exec(open_ones).one()
    after = {(each.class_id, each.person_id) for each in changes.current if each.is_open(now)}
    before = {(old.class_id, old.person_id) for old in stored if old.is_open(now)}
    ending = len(before - after)
    if ending > FEW_ENDING and ending > ENDING_SHARE * going_on:
        wrong = f"it would end {ending:,} of {going_on:,} enrolments"
        hint = "If it is complete and a new term begins, load it with --new-term; else export it again."
        load.bundle.note(SourceLocation(_roster_file(load)), "", wrong, hint)


def _roster_file(load: ImportSession) -> str:
    return next((name for name in load.bundle.files if name.lower().endswith("enrollments.csv")), "enrollments.csv")


def _stored(
    load: ImportSession, classes: list[int], *, but: set[tuple[int | None, int | None]]
) -> list[EnrolmentPeriod]:
    statement = """
        SELECT class_id, person_id, role, began_at, ended_at FROM souschef.enrolment
         WHERE school_id = :school AND class_id = ANY(CAST(:classes AS bigint[]))
    """
    rows = fetch(load.session, EnrolmentPeriod, statement, {"school": load.school_id, "classes": classes})
    return [row for row in rows if (row.class_id, row.person_id) not in but]


def _row(each: EnrolmentPeriod) -> dict[str, Any]:
    return {
        "class_id": each.class_id,
        "person_id": each.person_id,
        "began_at": each.began_at,
        "role": each.role,
        "ended_at": each.ended_at,
    }


def _label(each: EnrolmentPeriod, names: Mapping[str, Mapping[int, str]], zone: dt.tzinfo) -> str:
    began = each.began_at.astimezone(zone).date().isoformat()
    return f"{names['person'][each.person_id]} in {names['class'][each.class_id]} from {began}"
