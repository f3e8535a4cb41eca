"""Load people, classes, and who was in which when."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lms.files.rows import EnrolmentRow
from models import clock
from models.enrolments import Stretch, Wanted, reconcile
from models.tables import Class, Enrolment, Person
from models.underway import Underway
from models.upserting import Written


def load_people(load: Underway) -> set[int]:
    """Write people, classes and enrolments; return the ids of people of whom anything changed."""
    known = load.ids("person")
    people = [row for row in load.bundle.people.values() if not row.deleted or row.ref in known]
    columns = ("ref", "role", "given_name", "family_name", "grade", "active")
    rows = [(row.ref, {name: getattr(row, name) for name in columns}) for row in people]
    written = load.write("person", Person, rows)
    classes = [row for row in load.bundle.classes.values() if not row.deleted]
    load.write("class", Class, [(row.ref, {"ref": row.ref, "title": row.title, "grade": row.grade}) for row in classes])
    ids = load.ids("person")
    return {ids[ref] for ref in written.changed} | (_enrolments(load) if "enrolment" in load.bundle.spoken else set())


def _enrolments(load: Underway) -> set[int]:
    """Bring the classes that the files speak of in line; return the ids of people who joined, left or moved."""
    wanted = _all_wanted(load)
    described = {load.ids("class").get(ref) for ref in load.bundle.classes}
    classes = sorted({row.class_id for row in wanted} | {number for number in described if number is not None})
    whole = "enrollments" not in load.bundle.deltas
    changes = reconcile(_there(load, classes), wanted, now=clock.now(load.session), whole=whole)
    _move(load, changes.moved)
    names = {kind: load.refs(kind) for kind in ("class", "person")}
    called = {each: _called(each, names) for each in (*changes.kept, *changes.ended)}
    rows = [(name, _row(each)) for each, name in called.items()]
    written = load.write("enrolment", Enrolment, rows, key=("class_id", "person_id", "began_at"))
    ended = {called[each] for each in changes.ended}
    moved = {_called(replace(old, began_at=began), names) for old, began in changes.moved}
    changed = ({*written.changed} | moved) - ended
    told = Written(written.new, tuple(sorted(changed)), len(changes.kept))
    load.report.tell("enrolment", told, ended=sorted(ended))
    touched = {*told.new, *changed, *ended}
    return {each.person_id for each, name in called.items() if name in touched}


def _all_wanted(load: Underway) -> list[Wanted]:
    """Return all rows by ids; no stretch comes twice, also where the files use several names of somebody."""
    found: list[Wanted] = []
    begins: dict[tuple[int, int], set[dt.datetime | None]] = {}
    for row in load.bundle.enrolments:
        wanted = _wanted(load, row)
        if wanted is None:
            continue
        known = begins.setdefault((wanted.class_id, wanted.person_id), set())
        if not wanted.deleted:
            if row.began_at in known or (known and None in {row.began_at, *known}):
                wrong = f"{row.person!r} is in {row.class_ref!r} by another row too"
                load.bundle.note(row.at, "", wrong, "Remove one of them, or give each its own beginDate.")
                continue
            known.add(row.began_at)
        found.append(wanted)
    return found


def _move(load: Underway, moved: list[tuple[Stretch, dt.datetime]]) -> None:
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


def _wanted(load: Underway, row: EnrolmentRow) -> Wanted | None:
    """Return what a row says by ids; None, with the problem noted, where it names somebody unknown."""
    described = load.bundle.classes.get(row.class_ref)
    deleted = row.deleted or (described is not None and described.deleted)
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
    return Wanted(
        class_id=class_id,
        person_id=person_id,
        role=row.role,
        began_at=row.began_at,
        ended_at=ended_at if row.began_at is None or ended_at is None else max(ended_at, row.began_at),
        usual_began_at=None if usual is None else usual.began_at,
        deleted=deleted,
    )


def _there(load: Underway, classes: list[int]) -> list[Stretch]:
    statement = """
        SELECT class_id, person_id, role, began_at, ended_at FROM souschef.enrolment
         WHERE school_id = :school AND class_id = ANY(CAST(:classes AS bigint[]))
    """
    return [Stretch(*row) for row in load.execute(statement, classes=classes)]


def _row(each: Stretch) -> Mapping[str, Any]:
    return {
        "class_id": each.class_id,
        "person_id": each.person_id,
        "began_at": each.began_at,
        "role": each.role,
        "ended_at": each.ended_at,
    }


def _called(each: Stretch, names: Mapping[str, Mapping[int, str]]) -> str:
    return f"{names['person'][each.person_id]} in {names['class'][each.class_id]} from {each.began_at:%Y-%m-%d}"
