"""Grow a district along one axis: copy the students that are there, with all that is stored of them."""

from __future__ import annotations

import psycopg

from benchmarks.environment import plain_url
from tasks.refresh import refresh_assignments

COPIED = {
    "learner_state": "student_id", "state_checkpoint": "student_id", "skill_gap": "student_id",
    "interest": "student_id", "fact": "student_id", "enrolment": "person_id",
}  # fmt: skip
"""What is copied with a student, and the column that says whose it is."""
OWN_NAMES = {"fact": "key", "learner_state": "last_key", "state_checkpoint": "last_key"}
"""Columns in which two rows must differ, and the state's name of its last fact with them."""


def students(url: str, count: int) -> None:
    """Copy students until there are `count`: they are on the roster, have a past, and send nothing."""
    with psycopg.connect(plain_url(url)) as connection:
        there = connection.execute("SELECT count(*) FROM souschef.learner_state").fetchone()
        copies = count // there[0] - 1 if there else 0
        connection.execute(
            """CREATE TEMP TABLE copied AS
               SELECT person.id AS old, nextval(pg_get_serial_sequence('souschef.person', 'id')) AS new, number
                 FROM souschef.person JOIN souschef.learner_state ON student_id = person.id,
                      generate_series(1, %s) AS number""",
            [copies],
        )
        _copy(connection, "person", whose="id", own="ref")
        connection.execute(
            """INSERT INTO souschef.alias (school_id, kind, name, target_id)
               SELECT school_id, kind, name || '~' || number, new FROM souschef.alias
                 JOIN copied ON target_id = old WHERE kind = 'person'"""
        )
        for table, whose in COPIED.items():
            _copy(connection, table, whose=whose, own=OWN_NAMES.get(table))


def _copy(connection: psycopg.Connection[tuple[object, ...]], table: str, *, whose: str, own: str | None) -> None:
    columns = [
        str(name)
        for (name,) in connection.execute(
            """SELECT column_name FROM information_schema.columns WHERE table_schema = 'souschef' AND table_name = %s
                  AND (column_name <> 'id' OR %s = 'id')""",
            [table, whose],
        )
    ]
    values = [
        "copied.new" if name == whose else f"old.{name} || '~' || number" if name == own else f"old.{name}"
        for name in columns
    ]
    statement = (
        f"INSERT INTO souschef.{table} ({', '.join(columns)}) OVERRIDING SYSTEM VALUE "  # noqa: S608 - names of the schema
        f"SELECT {', '.join(values)} FROM souschef.{table} AS old JOIN copied ON old.{whose} = copied.old"
    )
    connection.execute(statement.encode())


def facts(url: str, count: int) -> None:
    """Copy each student's facts into the past until there are about `count` of each, and update the states."""
    with psycopg.connect(plain_url(url)) as connection:
        row = connection.execute(
            "SELECT count(*) / greatest(1, count(DISTINCT student_id)) FROM souschef.fact"
        ).fetchone()
        copies = count // int(row[0]) - 1 if row else 0
        connection.execute(
            """INSERT INTO souschef.fact (school_id, student_id, source_id, kind, key, occurred_at, sequence, class_id,
                      item_id, skill_id, attempt, outcome, weight, revised_at, value, recorded_at)
               SELECT school_id, student_id, source_id, kind, key || '~' || number,
                      occurred_at - number * interval '7 hours', sequence, class_id, item_id, skill_id,
                      attempt || '~' || number, outcome, weight, revised_at, value, recorded_at
                 FROM souschef.fact, generate_series(1, %s) AS number""",
            [copies],
        )
        connection.execute("UPDATE souschef.learner_state SET refresh_due = true")
        ids = [int(row[0]) for row in connection.execute("SELECT student_id FROM souschef.learner_state")]
    refresh_assignments(ids)
