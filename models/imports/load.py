"""Load a bundle of files into a school: one transaction, only differences, nothing if there is a fatal problem.

A row that cannot be loaded is left out and listed, as far as the limits allow.

What the files leave out stays, with two exceptions: a person who is no longer in a class has left it (the enrolment
ends and is kept), and for a skill, item, material or class in the files, they contain all its prerequisites,
alignments, skills and scope.
"""

import time
from functools import cache, partial

from sqlalchemy import update
from sqlmodel import Session, col, select

from config.settings import settings
from lms.files.bundle import Bundle
from lms.files.problem import Problem, Severity
from models import engine
from models.access import school_time, schools
from models.access.schools import UnresolvedSchoolError
from models.assignments import default_scope
from models.bulk_upsert import UpsertResult
from models.events import inbox
from models.imports import file_checks, file_findings
from models.imports.curriculum import load_curriculum, load_materials, load_surveys
from models.imports.identity import recognise_people
from models.imports.links import load_links
from models.imports.people import load_people
from models.imports.session import (
    TABLES,
    Difference,
    ImportSession,
    InvalidFilesError,
    Limits,
    LoadReport,
    Progress,
)
from models.locks import LoadInProgressError, lift_timeouts, lock_school
from models.privacy import tombstones
from models.rows import among, change, execute, not_null
from models.students import states
from models.tables import Alias, LearnerState, School

__all__ = [
    "Difference",
    "InvalidFilesError",
    "Limits",
    "LoadInProgressError",
    "LoadReport",
    "Progress",
    "load",
    "wake_late_events",
]

CATALOGUE = frozenset(
    {"skill", "prerequisite", "topic", "item", "alignment", "scope", "material", "material skill", "questionnaire"}
    | {"time zone"}
)
"""The kinds that decisions read: a change of one makes a new version of the catalogue."""
OLD_TRANSACTION_SECONDS = 30.0


def load(
    session: Session,
    school: str | None,
    bundle: Bundle,
    *,
    consent: str | None = None,
    drop_cycles: bool = False,
    timezone: str | None = None,
    limits: Limits = Limits(),  # noqa: B008 - a frozen value
    progress: Progress = lambda _kind, _done, _total: None,
) -> LoadReport:
    """Write what differs; make parked events due again, and mark affected students for a refresh.

    Args:
        session: the one transaction; the caller commits it, or rolls it back for a dry run.
        school: the school's ref; None: the one of the files, or the only one that there is.
        bundle: the content of the files.
        consent: who consented to questions in protected categories and when; it is stored with the questionnaire.
        drop_cycles: leave out prerequisites that close a cycle, and list them.
        timezone: the tz database's name of the school's time zone; None: as it is.
        limits: what may be left out or ended without asking.
        progress: called with kind, rows done and rows in all.

    Raises:
        InvalidFilesError: there are fatal problems, or too many rows to leave out; the caller must not commit.
        UnresolvedSchoolError: the school is not given and not the only one, or does not exist.
        LoadInProgressError: another process is loading the school.
        UnknownTimeZoneError: there is no such time zone.
    """
    lift_timeouts(session)
    ref, name = _named_school(session, school, bundle)
    if len(bundle.schools) > 1:
        bundle = bundle.of_school(ref)
    _check(session, ref, bundle, limits, cycles=not drop_cycles)
    report = LoadReport(ref, read_as=bundle.read_as)
    school_id = _school(session, ref, name, report)
    lock_school(session, school_id, ref)
    bundle, report.erased = tombstones.without_erased(session, school_id, bundle)
    _set_zone(session, school_id, bundle, timezone, report)
    bundle = bundle.in_zone(school_time.zone_of(session, school_id))
    current = ImportSession(session, school_id, bundle, report=report, progress=progress, limits=limits)
    people = _write_all(current, drop_cycles=drop_cycles, consent=consent)
    _refuse(current.bundle, limits)
    _tell(current.bundle, report)
    file_findings.save(session, school_id, current.bundle)
    _mark_affected(current, people)
    return report


def _check(session: Session, ref: str, bundle: Bundle, limits: Limits, *, cycles: bool) -> None:
    """Refuse files with problems before anything is written, and name all their problems together."""
    if _excess(bundle, limits) or bundle.findings.fatal:
        stored = cache(partial(_stored_names, session, ref))
        file_checks.note_all(bundle, stored=stored, cycles=cycles)
    _refuse(bundle, limits)


def _set_zone(session: Session, school_id: int, bundle: Bundle, timezone: str | None, report: LoadReport) -> None:
    """Set the zone that is named; without one, that of the files for a school that has none."""
    ref = report.school
    if timezone is None and ref in bundle.schools and ref in school_time.schools_without_zone(session):
        timezone = bundle.schools[ref].timezone
    if timezone is not None:
        changed = school_time.set_zone(session, school_id, timezone)
        report.add("time zone", UpsertResult((), (timezone,) if changed else (), 1))


def _write_all(load: ImportSession, *, drop_cycles: bool, consent: str | None) -> set[int]:
    """Write each kind after those that it names; return the ids of people with any change."""
    recognise_people(load)
    people = load_people(load)
    load_curriculum(load)
    _aliases(load)
    load_links(load, drop_cycles=drop_cycles)
    load_materials(load)
    _material_aliases(load)
    load_surveys(load, consent=consent)
    return people


def _refuse(bundle: Bundle, limits: Limits) -> None:
    """Refuse the files for a fatal problem, or for more rows to leave out than the limits allow."""
    findings, excess = bundle.findings, _excess(bundle, limits)
    if findings.fatal or excess:
        rows = sorted(findings.problems, key=lambda each: (each.severity is not Severity.FATAL, each.file, each.line))
        raise InvalidFilesError([*excess, *rows], untold=findings.untold)


def _excess(bundle: Bundle, limits: Limits) -> list[Problem]:
    return bundle.findings.excess(0 if limits.strict else limits.max_bad_rows)


def _stored_names(session: Session, school: str, kind: str) -> frozenset[str]:
    """Return the refs and other names of a kind that a school has loaded; none where there is no such school."""
    statement = f"""
        SELECT loaded.ref FROM souschef.{TABLES[kind].__tablename__} AS loaded
          JOIN souschef.school ON school.id = loaded.school_id
         WHERE school.ref = :school
        UNION SELECT alias.name FROM souschef.alias JOIN souschef.school ON school.id = alias.school_id
         WHERE school.ref = :school AND alias.kind = :kind
    """  # noqa: S608 - a table's name
    return frozenset(execute(session, statement, {"school": school, "kind": kind}).scalars())


def _tell(bundle: Bundle, report: LoadReport) -> None:
    """Put what is left out into the report."""
    report.left_out = sorted(bundle.problems, key=lambda each: (each.file, each.line))
    report.left_out_of = bundle.findings.left_out_of()
    report.notices = sorted(bundle.notices, key=lambda each: (each.file, each.line))


def _named_school(session: Session, wanted: str | None, bundle: Bundle) -> tuple[str, str | None]:
    """Return the ref of the school, and its name if the files contain it."""
    if len(bundle.schools) > 1:
        wanted = wanted or settings().school or None
    matches = [row for row in bundle.schools.values() if wanted in {None, row.ref, row.identifier}]
    if len(matches) == 1:
        return matches[0].ref, matches[0].name
    if bundle.schools:
        refs = ", ".join(bundle.schools)
        message = f"The files contain {len(bundle.schools)} schools ({refs})" + (
            f", and {wanted} is none of them." if wanted else "."
        )
        raise UnresolvedSchoolError(message, "Name one of them with --school.")
    return schools.resolve(session, wanted).ref, None


def _school(session: Session, ref: str, name: str | None, report: LoadReport) -> int:
    """Return the id of a school, inserted or renamed if the files contain its name."""
    if name is not None:
        made = """
            INSERT INTO souschef.school AS old (ref, name) VALUES (:ref, :name)
            ON CONFLICT (ref) DO UPDATE SET name = excluded.name WHERE old.name <> excluded.name
            RETURNING xmax = 0
        """
        new = execute(session, made, {"ref": ref, "name": name}).scalar()
        report.add("school", UpsertResult((ref,) if new is True else (), (ref,) if new is False else (), 1))
    return _school_id(session, ref)


def _school_id(session: Session, ref: str) -> int:
    return session.exec(select(not_null(School.id)).where(School.ref == ref)).one()


def _aliases(load: ImportSession) -> None:
    """Write all aliases except those of materials."""
    _write_aliases(load, {"person": "person", "class": "class", "skill": "skill", "item": "item"}, label="name")


def _material_aliases(load: ImportSession) -> None:
    """Write the items by which the LMS knows materials."""
    _write_aliases(load, {"material_item": "material"}, label="material's item")


def _write_aliases(load: ImportSession, kinds: dict[str, str], *, label: str) -> None:
    rows = []
    for (kind, name), row in load.bundle.aliases.items():
        if kind not in kinds:
            continue
        ids = load.ids(kinds[kind])
        target = ids.get(row.ref)
        if target is None:
            continue  # A person or class that is deleted and was never loaded.
        if kind in TABLES and ids.get(name, target) != target:
            wrong = f"{name!r} is the ref of another {kind}, and so no name of {row.ref!r}"
            load.bundle.notice(row.at, "", wrong, "Give one of them another name: a name means one thing.")
            continue
        rows.append(
            (name if name == row.ref else f"{name} for {row.ref}", {"kind": kind, "name": name, "target_id": target})
        )
    shared = [key for key in load.bundle.names.shared if key[0] in kinds and key not in load.bundle.aliases]
    load.write(label, Alias, rows, key=("school_id", "kind", "name"), ended=_remove_aliases(load, shared))


def _remove_aliases(load: ImportSession, names: list[tuple[str, str]]) -> list[str]:
    """Delete names that are not unique any more; return those that were there."""
    statement = """
        DELETE FROM souschef.alias USING unnest(CAST(:kinds AS text[]), CAST(:names AS text[])) AS gone(kind, name)
         WHERE alias.school_id = :school AND alias.kind = gone.kind AND alias.name = gone.name
        RETURNING alias.name
    """
    if not names:
        return []
    rows = load.execute(statement, kinds=[kind for kind, _ in names], names=[name for _, name in names])
    return sorted(rows.scalars())


def wake_late_events(report: LoadReport) -> int:
    """Make events due again that workers parked because they had read before a load was committed; return how many.

    Transactions that began before now get half a minute to end, longer than any task lasts. Students whom such a worker
    saw for the first time, so that the load could not see them, are marked for a refresh.
    """
    statement = """
        SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'souschef worker' AND xact_start < :now
           AND pid <> pg_backend_pid()
    """
    with engine.transaction() as session:
        now, ours = execute(session, "SELECT statement_timestamp(), (SELECT souschef.clock())").one()
    until = time.monotonic() + OLD_TRANSACTION_SECONDS
    while time.monotonic() < until:
        with engine.transaction() as session:
            if not execute(session, statement, {"now": now}).scalar_one():
                break
        time.sleep(0.1)
    with engine.transaction() as session:
        school_id = _school_id(session, report.school)
        if report.touches(CATALOGUE):
            states.mark_due(session, school_id=school_id, refreshed_before=ours)
        return inbox.unpark(session, school_id=school_id)


def _mark_affected(load: ImportSession, people: set[int]) -> None:
    """Mark students whose assignments are older than this load, and make parked events due."""
    if not load.report.any:
        return
    # In the order in which workers lock them too, so that they never deadlock.
    load.execute("""
        SELECT FROM souschef.learner_state WHERE school_id = :school AND NOT refresh_due ORDER BY student_id FOR UPDATE
    """)
    if load.report.touches(CATALOGUE):
        of_school = update(School).where(col(School.id) == load.school_id)
        change(load.session, of_school.values(catalogue_version=col(School.catalogue_version) + 1))
        load.report.refreshed = states.mark_due(load.session, school_id=load.school_id)
    else:
        theirs = col(LearnerState.school_id) == load.school_id, among(LearnerState.student_id, sorted(people))
        marked = update(LearnerState).where(*theirs, ~col(LearnerState.refresh_due)).values(refresh_due=True)
        load.report.refreshed = change(load.session, marked)
    load.report.first = states.begin_enrolled(load.session, load.school_id)
    load.report.refreshed += load.report.first
    load.report.default_scopes = default_scope.list_defaults(load.session, load.school_id)
    load.report.unscoped = default_scope.list_unscoped(load.session, load.school_id)
    load.report.unparked = inbox.unpark(load.session, school_id=load.school_id)
