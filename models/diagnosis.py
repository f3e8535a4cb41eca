"""What the doctor reads: the server, the work that waits, the catalogue, and each source's own traffic."""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from models import numbers


def students(
    session: Session, *, ref: str | None = None, class_ref: str | None = None, school: str | None = None
) -> dict[int, list[int]]:
    """Return the ids of the active students who fit every name that is given, by their school's id."""
    statement = text("""
        SELECT person.school_id, person.id FROM souschef.person
          JOIN souschef.school ON school.id = person.school_id
         WHERE person.role = 'student' AND person.active
           AND (CAST(:ref AS text) IS NULL OR person.ref = :ref)
           AND (CAST(:school AS text) IS NULL OR school.ref = :school)
           AND (CAST(:class AS text) IS NULL OR EXISTS (
             SELECT FROM souschef.enrolment JOIN souschef.class ON class.id = enrolment.class_id
              WHERE enrolment.person_id = person.id AND enrolment.role = 'student' AND class.ref = :class
                AND (enrolment.ended_at IS NULL OR enrolment.ended_at > (SELECT souschef.clock()))))
         ORDER BY person.school_id, person.id
    """)
    found: dict[int, list[int]] = {}
    parameters = {"ref": ref, "class": class_ref, "school": school}
    for school_id, student in session.connection().execute(statement, parameters):
        found.setdefault(school_id, []).append(student)
    return found


def waiting_for_refresh(session: Session, among: Collection[int]) -> set[int]:
    """Return which of these students wait for a refresh, or were last folded with terms no longer in force."""
    statement = text("""
        SELECT student_id FROM souschef.learner_state AS state
         WHERE student_id = ANY(CAST(:students AS bigint[]))
           AND (refresh_due OR snapshot_version < (
             SELECT max(version) FROM souschef.snapshot WHERE snapshot.school_id = state.school_id))
    """)
    return set(session.connection().execute(statement, {"students": list(among)}).scalars())


@dataclass(frozen=True, slots=True)
class Server:
    """What the database server says of itself."""

    version: int
    """As the server numbers it: 150004 is 15.4."""
    durable: bool
    """Whether a commit that was answered survives a crash of the machine."""
    encoding: str
    clock_ahead_seconds: float | None
    """How far `souschef.clock()` is set ahead; None where it is not, which is how it should be."""
    ahead_of_us_seconds: float = 0.0
    """How far the server's clock is ahead of this machine's."""
    exempt: bool = False
    """Whether our login is a superuser or has BYPASSRLS: no fence between schools binds it."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that a school's catalogue or roster lacks."""

    school: str
    what: str
    count: int
    examples: tuple[str, ...]
    """Up to three refs."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """What one source has sent, and what became of it."""

    name: str
    school: str
    format: str
    surveys: tuple[str, ...]
    revoked: bool
    silent_seconds: float | None
    """Since the last event that was stored; None where there never was any."""
    at_door: Mapping[str, int]
    """Events by what the door did with them: accepted, duplicate, or why it was not stored."""
    fates: Mapping[tuple[str, str], int]
    """Stored events by (state, code); the code is "" where there is none."""
    facts: Mapping[str, int]
    """Facts by kind."""
    assessments: int
    """Stored assessment events that were applied."""
    with_items: int
    """Those of them with a result on a single item."""
    unaligned: int
    """Different items that were answered and are aligned to no skill."""
    holes: tuple[numbers.Hole, ...] = ()
    """What is missing of its numbers, where it numbers its events."""

    def codes(self, state: str) -> dict[str, int]:
        """Return the events in one state by their code."""
        return {code: count for (found, code), count in sorted(self.fates.items()) if found == state}


def server(session: Session) -> Server:
    """Return what the server says of itself; the clock of a database without our schema counts as not set."""
    connection = session.connection()
    asked = text("""
        SELECT current_setting('server_version_num')::integer,
               current_setting('fsync') = 'on' AND current_setting('synchronous_commit') <> 'off'
                 AND current_setting('full_page_writes') = 'on',
               current_setting('server_encoding'), to_regclass('souschef.clock_offset') IS NOT NULL,
               (SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = session_user)
    """)
    version, durable, encoding, ours, exempt = connection.execute(asked).one()
    ahead, apart = None, 0.0
    if ours:
        clocks = text("""
            SELECT extract(epoch FROM (SELECT souschef.clock()))::double precision,
                   (SELECT extract(epoch FROM ahead)::double precision FROM souschef.clock_offset)
        """)
        now, ahead = connection.execute(clocks).one()
        apart = now - (ahead or 0.0) - time.time()
    return Server(version, durable, encoding, ahead, apart, exempt)


def gaps(session: Session) -> list[Gap]:
    """Return what is lacking in each school, and how much of it; nothing is left out that is not there."""
    statement = text("""
        WITH lacking AS (
          SELECT school_id, 'scope_without_material' AS what, ref FROM souschef.skill
           WHERE NOT EXISTS (SELECT FROM souschef.material_skill AS m WHERE m.skill_id = skill.id AND m.position = 0)
             AND EXISTS (SELECT FROM souschef.scope WHERE scope.skill_id = skill.id)
          UNION ALL
          SELECT school_id, 'skill_without_material', ref FROM souschef.skill
           WHERE NOT EXISTS (SELECT FROM souschef.material_skill AS m WHERE m.skill_id = skill.id AND m.position = 0)
             AND NOT EXISTS (SELECT FROM souschef.scope WHERE scope.skill_id = skill.id)
          UNION ALL
          SELECT school_id, 'material_without_skill', ref FROM souschef.material
           WHERE NOT EXISTS (SELECT FROM souschef.material_skill AS m WHERE m.material_id = material.id)
          UNION ALL
          SELECT school_id, 'item_without_skill', ref FROM souschef.item
           WHERE NOT EXISTS (SELECT FROM souschef.alignment WHERE alignment.item_id = item.id)
          UNION ALL
          SELECT school_id, 'class_without_scope', ref FROM souschef.class
           WHERE NOT EXISTS (SELECT FROM souschef.scope WHERE scope.class_id = class.id)
             AND EXISTS (SELECT FROM souschef.enrolment WHERE enrolment.class_id = class.id AND role = 'student'
                            AND (ended_at IS NULL OR ended_at > (SELECT souschef.clock())))
          UNION ALL
          SELECT school_id, 'student_without_class', ref FROM souschef.person
           WHERE role = 'student' AND active
             AND NOT EXISTS (SELECT FROM souschef.enrolment
                              WHERE person_id = person.id AND enrolment.role = 'student'
                                AND began_at <= (SELECT souschef.clock())
                                AND (ended_at IS NULL OR ended_at > (SELECT souschef.clock()))))
        SELECT school.ref, what, count(*), (array_agg(lacking.ref ORDER BY lacking.ref))[1:3]
          FROM lacking JOIN souschef.school ON school.id = school_id
         GROUP BY school.ref, what ORDER BY school.ref, what
    """)
    return [Gap(school, what, n, tuple(refs)) for school, what, n, refs in session.connection().execute(statement)]


def traffic(session: Session, name: str, *, school: str | None = None) -> list[Traffic]:
    """Return what the sources of a name have sent: one for each school that has such a source."""
    statement = text("""
        SELECT source.id, source.name, school.ref, format, surveys, revoked_at IS NOT NULL,
               (SELECT extract(epoch FROM (SELECT souschef.clock()) - max(received_at))::double precision
                  FROM souschef.inbox WHERE source_id = source.id),
               (SELECT count(*) FROM souschef.inbox
                 WHERE source_id = source.id AND kind = 'assessment' AND state = 'done'),
               (SELECT count(DISTINCT inbox_id) FROM souschef.fact
                 WHERE source_id = source.id AND kind = 'item_result' AND inbox_id IS NOT NULL),
               (SELECT count(DISTINCT item_id) FROM souschef.fact
                 WHERE source_id = source.id AND item_id IS NOT NULL
                   AND NOT EXISTS (SELECT FROM souschef.alignment WHERE alignment.item_id = fact.item_id))
          FROM souschef.source JOIN souschef.school ON school.id = source.school_id
         WHERE source.name = :name AND (CAST(:school AS text) IS NULL OR school.ref = :school)
         ORDER BY school.ref
    """)
    rows = session.connection().execute(statement, {"name": name, "school": school}).all()
    return [_traffic(session, tuple(row)) for row in rows]


def _traffic(session: Session, row: tuple[Any, ...]) -> Traffic:
    source, name, school, form, surveys, revoked, silent, assessments, with_items, unaligned = row
    connection, parameters = session.connection(), {"source": source}
    door = text("SELECT outcome, sum(count)::bigint FROM souschef.door_count WHERE source_id = :source GROUP BY 1")
    fates = text("""
        SELECT state, coalesce(code, ''), count(*) FROM souschef.inbox WHERE source_id = :source GROUP BY 1, 2
    """)
    facts = text("SELECT kind, count(*) FROM souschef.fact WHERE source_id = :source GROUP BY 1")
    return Traffic(
        name=name,
        school=school,
        format=form,
        surveys=tuple(surveys),
        revoked=revoked,
        silent_seconds=silent,
        at_door={outcome: count for outcome, count in connection.execute(door, parameters)},  # noqa: C416 - dict() of rows is typed as rows
        fates={(state, code): count for state, code, count in connection.execute(fates, parameters)},
        facts={kind: count for kind, count in connection.execute(facts, parameters)},  # noqa: C416 - see above
        assessments=assessments,
        with_items=with_items,
        unaligned=unaligned,
        holes=tuple(numbers.holes(session, source_id=source)),
    )
