"""Load a bundle of files into a school: one transaction, only differences, nothing where anything is wrong.

What files leave out stays, with these exceptions: who is no longer in a class has left it (their time there is kept),
and of a skill, item, material or class that a file names, it tells all prerequisites, alignments, skills and scope.
"""

import time

from sqlalchemy import text
from sqlmodel import Session, select

from config.errors import Exit, Mendable
from lms.files.bundle import Bundle
from models import database, inbox, learners, tombstones
from models.load_report import Difference, FilesWrong, LoadReport
from models.loading_catalogue import load_curriculum, load_materials, load_surveys
from models.loading_links import load_links
from models.loading_lock import LoadUnderWay, take_school, take_time
from models.loading_people import load_people
from models.tables import Alias, School
from models.underway import TABLES, Progress, Underway
from models.upserting import Written

__all__ = ["Difference", "FilesWrong", "LoadReport", "LoadUnderWay", "Progress", "SchoolUnclear", "load", "wake_late"]

CATALOGUE = frozenset(
    {"skill", "prerequisite", "topic", "item", "alignment", "scope", "material", "material skill", "questionnaire"}
)
"""The kinds that decisions are made from: a change of one is a new version of the catalogue."""
LATE_SECONDS = 30.0


class SchoolUnclear(Mendable):
    """It is not said, or not known, which school the files are for."""

    exit_code = Exit.WRONG_INPUT


def load(
    session: Session,
    school: str | None,
    bundle: Bundle,
    *,
    consent: str | None = None,
    drop_cycles: bool = False,
    progress: Progress = lambda _kind, _done, _total: None,
) -> LoadReport:
    """Write what differs; wake the events that waited for it, and mark the students whom it concerns for a refresh.

    Args:
        session: the one transaction; the caller commits it, or rolls it back for a dry run.
        school: the school's ref; None: that of the files, or the only one there is.
        bundle: what the files hold.
        consent: who consented to questions in protected categories and when; it is kept with the questionnaire.
        drop_cycles: leave out prerequisites that close a circle, and list them.
        progress: told how far each kind is.

    Raises:
        FilesWrong: there are problems; the transaction must not be committed.
        SchoolUnclear: no school is named, or none of that name is there.
        LoadUnderWay: the school is being loaded by somebody else.
    """
    _raise_problems(bundle)
    take_time(session)
    ref, name = _named_school(session, school, bundle)
    if len(bundle.schools) > 1:
        bundle = bundle.of_school(ref)
    report = LoadReport(ref, read_as=bundle.read_as)
    school_id = _school(session, ref, name, report)
    take_school(session, school_id, ref)
    bundle, report.erased = tombstones.leave_out(session, school_id, bundle)
    under = Underway(session, school_id, bundle, report=report, progress=progress)
    people = load_people(under)
    load_curriculum(under)
    _aliases(under)
    load_links(under, drop_circles=drop_cycles)
    load_materials(under)
    _material_aliases(under)
    load_surveys(under, consent=consent)
    _raise_problems(bundle)
    _wake(under, people)
    return report


def _raise_problems(bundle: Bundle) -> None:
    if bundle.problems:
        ordered = sorted(bundle.problems, key=lambda problem: (problem.file, problem.line))
        raise FilesWrong(ordered, untold=bundle.untold)


def _named_school(session: Session, wanted: str | None, bundle: Bundle) -> tuple[str, str | None]:
    """Return the ref of the school that is meant, and its name where the files tell it."""
    told = [row for row in bundle.schools.values() if wanted in {None, row.ref, row.identifier}]
    if len(told) == 1:
        return told[0].ref, told[0].name
    listed = ", ".join(bundle.schools)
    if bundle.schools:
        said = f"The files hold {len(bundle.schools)} schools ({listed})" + (
            f", and {wanted} is none of them." if wanted else "."
        )
        raise SchoolUnclear(said, "Name one of them with --school.")
    known = list(session.exec(select(School.ref)).all())
    if wanted is None and len(known) == 1:
        return known[0], None
    if wanted in known:
        return str(wanted), None
    said = f"There is no school {wanted}." if wanted else f"There are {len(known)} schools, and the files name none."
    raise SchoolUnclear(said, "Load a roster with orgs.csv first, or name a school that is there with --school.")


def _school(session: Session, ref: str, name: str | None, report: LoadReport) -> int:
    """Return the id of a school, made or renamed where the files say so."""
    connection = session.connection()
    if name is not None:
        made = text("""
            INSERT INTO souschef.school AS old (ref, name) VALUES (:ref, :name)
            ON CONFLICT (ref) DO UPDATE SET name = excluded.name WHERE old.name <> excluded.name
            RETURNING xmax = 0
        """)
        new = connection.execute(made, {"ref": ref, "name": name}).scalar()
        report.tell("school", Written((ref,) if new is True else (), (ref,) if new is False else (), 1))
    found = text("SELECT id FROM souschef.school WHERE ref = :ref")
    return int(connection.execute(found, {"ref": ref}).scalar_one())


def _aliases(load: Underway) -> None:
    """Write all names but those of materials."""
    _write_aliases(load, {"person": "person", "class": "class", "skill": "skill", "item": "item"}, told="name")


def _material_aliases(load: Underway) -> None:
    """Write by which items materials are known to the LMS."""
    _write_aliases(load, {"material_item": "material"}, told="material's item")


def _write_aliases(load: Underway, kinds: dict[str, str], *, told: str) -> None:
    rows = []
    for (kind, name), row in load.bundle.aliases.items():
        if kind not in kinds:
            continue
        ids = load.ids(kinds[kind])
        target = ids.get(row.ref)
        if target is None:
            continue  # A person or class that is deleted, and was never loaded.
        if kind in TABLES and ids.get(name, target) != target:
            wrong = f"{name!r} is the ref of another {kind}, so it cannot be a name of {row.ref!r}"
            load.bundle.note(row.at, "", wrong, "Give one of them another name: a name means one thing.")
            continue
        rows.append(
            (name if name == row.ref else f"{name} for {row.ref}", {"kind": kind, "name": name, "target_id": target})
        )
    load.write(told, Alias, rows, key=("school_id", "kind", "name"))


def wake_late(report: LoadReport) -> int:
    """Wake events that were parked by workers who had looked before a load was committed; return how many.

    Whoever began before now is given time to end: half a minute, longer than any task lasts. Students of whom such a
    worker heard for the first time, so that the load could not see them, are marked for a refresh.
    """
    statement = text("""
        SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'souschef worker' AND xact_start < :now
           AND pid <> pg_backend_pid()
    """)
    with database.transaction() as session:
        now, ours = session.connection().execute(text("SELECT statement_timestamp(), (SELECT souschef.clock())")).one()
    until = time.monotonic() + LATE_SECONDS
    while time.monotonic() < until:
        with database.transaction() as session:
            if not session.connection().execute(statement, {"now": now}).scalar_one():
                break
        time.sleep(0.1)
    with database.transaction() as session:
        found = session.connection().execute(
            text("SELECT id FROM souschef.school WHERE ref = :r"), {"r": report.school}
        )
        school_id = int(found.scalar_one())
        if report.touches(CATALOGUE):
            learners.mark_due(session, school_id=school_id, refreshed_before=ours)
        return inbox.unpark(session, school_id=school_id)


def _wake(load: Underway, people: set[int]) -> None:
    """Let everything that is older than this load be looked at again."""
    if not load.report.any:
        return
    # In the order in which workers lock them too, so that neither waits for the other in a circle.
    load.execute("""
        SELECT FROM souschef.learner_state WHERE school_id = :school AND NOT refresh_due ORDER BY student_id FOR UPDATE
    """)
    if load.report.touches(CATALOGUE):
        load.execute("UPDATE souschef.school SET catalogue_version = catalogue_version + 1 WHERE id = :school")
        load.report.refreshed = learners.mark_due(load.session, school_id=load.school_id)
    else:
        marked = load.execute(
            """
            UPDATE souschef.learner_state SET refresh_due = true
             WHERE school_id = :school AND NOT refresh_due AND student_id = ANY(CAST(:people AS bigint[]))
            """,
            people=sorted(people),
        )
        load.report.refreshed = marked.rowcount
    load.report.unparked = inbox.unpark(load.session, school_id=load.school_id)
