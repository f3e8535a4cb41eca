"""What `souschef doctor` reads: the server, the catalogue, and each source's traffic."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session, func, select

from models.access import public_rights, schools
from models.events import sequence_gaps
from models.events.unread import Unread, list_unread
from models.rows import execute, load_sql
from models.tables import DoorCount, Fact


def students(
    session: Session, *, ref: str | None = None, class_ref: str | None = None, school: str | None = None
) -> dict[int, list[int]]:
    """Return the ids of the active students who fit every name, by their school's id; without a name all of them.

    Raises:
        UnresolvedSchoolError: no such school, or a name without a school where there are several.
    """
    owner = schools.resolve(session, school).id if ref or class_ref or school else None
    statement = """
        SELECT person.school_id, person.id FROM souschef.person
         WHERE person.role = 'student' AND person.active
           AND (CAST(:ref AS text) IS NULL OR person.ref = :ref)
           AND (CAST(:school AS bigint) IS NULL OR person.school_id = :school)
           AND (CAST(:class AS text) IS NULL OR EXISTS (
             SELECT FROM souschef.current_enrolment AS current JOIN souschef.class ON class.id = current.class_id
              WHERE current.student_id = person.id AND class.ref = :class))
         ORDER BY person.school_id, person.id
    """
    found: dict[int, list[int]] = {}
    parameters = {"ref": ref, "class": class_ref, "school": owner}
    for school_id, student in execute(session, statement, parameters):
        found.setdefault(school_id, []).append(student)
    return found


def waiting_for_refresh(session: Session, among: Collection[int]) -> set[int]:
    """Return those of these students who wait for a refresh, or whose state rests on an older snapshot."""
    statement = """
        SELECT student_id FROM souschef.learner_state AS state
         WHERE student_id = ANY(CAST(:students AS bigint[]))
           AND (refresh_due OR snapshot_version < (
             SELECT max(version) FROM souschef.snapshot WHERE snapshot.school_id = state.school_id))
    """
    return set(execute(session, statement, {"students": list(among)}).scalars())


@dataclass(frozen=True, slots=True)
class Server:
    """Properties of the database server."""

    version: int
    """As the server numbers it: 150004 is 15.4."""
    durable: bool
    """Whether a commit survives a crash of the machine."""
    encoding: str
    clock_ahead_seconds: float | None
    """How far `souschef.clock()` is set ahead; None where it is not, which is how it should be."""
    ahead_of_us_seconds: float = 0.0
    """How far the server's clock is ahead of this machine's."""
    exempt: bool = False
    """Whether our login is a superuser or has BYPASSRLS: then row security between schools does not apply."""
    creates_roles: bool = False
    """Whether our login has CREATEROLE. Before PostgreSQL 16 it can then grant itself the right to run programs."""
    open_to_all: bool = False
    """Whether every login may take advisory locks, or make large objects and temporary tables, without limit."""


@dataclass(frozen=True, slots=True)
class CatalogueIssue:
    """Something that a school's catalogue or roster lacks."""

    school: str
    what: str
    count: int
    examples: tuple[str, ...]
    """Up to three refs."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one source has sent, and the outcomes."""

    name: str
    school: str
    format: str
    surveys: tuple[str, ...]
    revoked: bool
    silent_seconds: float | None
    """Since the last event that was stored; None where there never was any."""
    received: Mapping[str, int]
    """Events by the API's answer: accepted, duplicate, or why it was not stored."""
    outcomes: Mapping[tuple[str, str], int]
    """Stored events by (state, code); the code is "" where there is none."""
    facts: Mapping[str, int]
    """Facts by kind."""
    assessments: int
    """Stored assessment events that were applied."""
    with_items: int
    """Those of them with a result on a single item."""
    unaligned: int
    """Different items that were answered and are aligned to no skill."""
    holes: tuple[sequence_gaps.SequenceGap, ...] = ()
    """Gaps in its numbers, where it numbers its events."""
    unread: tuple[Unread, ...] = ()
    """What it sends that is not read, by name."""

    def codes(self, state: str) -> dict[str, int]:
        """Return the events in one state by their code."""
        return {code: count for (found, code), count in sorted(self.outcomes.items()) if found == state}


def server(session: Session) -> Server:
    """Return the server's properties; the clock of a database without our schema counts as not set."""
    asked = """
        SELECT current_setting('server_version_num')::integer,
               current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off'
                 AND current_setting('full_page_writes') = 'on',
               current_setting('server_encoding'), to_regclass('souschef.clock_offset') IS NOT NULL,
               role.exempt, role.creates
          FROM (SELECT rolsuper OR rolbypassrls AS exempt, rolcreaterole AS creates
                  FROM pg_roles WHERE rolname = session_user) AS role
    """
    version, durable, encoding, ours, exempt, creates = execute(session, asked).one()
    ahead, apart = None, 0.0
    if ours:
        clocks = """
            SELECT extract(epoch FROM (SELECT souschef.clock()))::double precision,
                   (SELECT extract(epoch FROM ahead)::double precision FROM souschef.clock_offset)
        """
        now, ahead = execute(session, clocks).one()
        apart = now - (ahead or 0.0) - time.time()
    open_to_all = bool(execute(session, public_rights.TOO_MUCH).scalar_one())
    return Server(version, durable, encoding, ahead, apart, exempt, creates, open_to_all)


def catalogue_issues(session: Session) -> list[CatalogueIssue]:
    """Return what each school's catalogue or roster lacks, and how much."""
    statement = load_sql("catalogue_issues")
    return [CatalogueIssue(school, what, n, tuple(refs)) for school, what, n, refs in execute(session, statement)]


def traffic(session: Session, name: str, *, school: str | None = None) -> Traffic | None:
    """Return the traffic of a school's source; None where it has no source of this name.

    Raises:
        UnresolvedSchoolError: no such school, or several and no ref.
    """
    owner = schools.resolve(session, school)
    statement = """
        SELECT id, format, surveys, revoked_at IS NOT NULL AS revoked,
               (SELECT extract(epoch FROM (SELECT souschef.clock()) - max(received_at))::double precision
                  FROM souschef.inbox WHERE source_id = source.id) AS silent_seconds,
               (SELECT count(*) FROM souschef.inbox
                 WHERE source_id = source.id AND kind = 'assessment' AND state = 'done') AS assessments,
               (SELECT count(DISTINCT inbox_id) FROM souschef.fact
                 WHERE source_id = source.id AND kind = 'item_result' AND inbox_id IS NOT NULL) AS with_items,
               (SELECT count(DISTINCT item_id) FROM souschef.fact
                 WHERE source_id = source.id AND item_id IS NOT NULL
                   AND NOT EXISTS (SELECT FROM souschef.alignment WHERE alignment.item_id = fact.item_id)) AS unaligned
          FROM souschef.source WHERE name = :name AND school_id = :school
    """
    row = execute(session, statement, {"name": name, "school": owner.id}).one_or_none()
    return None if row is None else _traffic(session, row, name=name, school=owner.ref)


def _traffic(session: Session, row: Row[Any], *, name: str, school: str) -> Traffic:
    by_outcome = select(DoorCount.outcome, func.sum(DoorCount.count)).where(DoorCount.source_id == row.id)
    received = session.exec(by_outcome.group_by(DoorCount.outcome)).all()
    outcomes = """
        SELECT state, coalesce(code, ''), count(*) FROM souschef.inbox WHERE source_id = :source GROUP BY 1, 2
    """
    facts = select(Fact.kind, func.count()).where(Fact.source_id == row.id).group_by(Fact.kind)
    return Traffic(
        name=name,
        school=school,
        format=row.format,
        surveys=tuple(row.surveys),
        revoked=row.revoked,
        silent_seconds=row.silent_seconds,
        received={outcome: int(count) for outcome, count in received},
        outcomes={(state, code): count for state, code, count in execute(session, outcomes, {"source": row.id})},
        facts=dict(session.exec(facts).all()),
        assessments=row.assessments,
        with_items=row.with_items,
        unaligned=row.unaligned,
        holes=tuple(sequence_gaps.sequence_gaps(session, source_id=row.id)),
        unread=tuple(list_unread(session, row.id)),
    )
