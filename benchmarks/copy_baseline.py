"""The storage alone: the rows that a run has written, written again by COPY, batch by batch, by as many writers.

With `steps` an event's row is written as it was on its way: accepted, claimed in a commit of its own before the work,
done with its effect. That is what it costs to lose nothing and to end what kills its worker, before anything is
computed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from benchmarks.environment import BenchmarkEnvironment, plain_url

SOURCE, TARGET = "run_souschef", "run_storage"
WRITERS = 2
EVENTS_A_BATCH = 500
TABLES = {
    "inbox": "id", "fact": "id", "learner_state": "student_id", "skill_gap": "student_id", "decision": "id",
    "assignment": "id", "change": "number",
}  # fmt: skip
"""In an order in which each row finds what it refers to, with the column that its rows are dealt out by."""
ACCEPTED = {
    "state": "'pending'::text", "code": "NULL::text", "attempts": "0", "task_id": "NULL::text",
    "leased_until": "NULL::timestamptz", "finished_at": "NULL::timestamptz",
}  # fmt: skip
"""What of an event's row is otherwise before anybody has worked on it."""
CLAIM = """
    UPDATE souschef.inbox SET attempts = attempts + 1, leased_until = now() + interval '30 seconds', task_id = 'none'
     WHERE id = ANY(%s)
"""
FINISH = "UPDATE souschef.inbox SET state = 'done', leased_until = NULL, finished_at = now() WHERE id = ANY(%s)"


@dataclass(slots=True)
class Parts:
    """What is to be written, in as many slices as there are batches."""

    tables: dict[str, list[bytes]]
    """COPY's binary form, by table."""
    events: list[list[int]]
    """The inbox ids of each slice."""


def measure(environment: BenchmarkEnvironment, *, events: int, steps: bool = False) -> float:
    """Return events a second at which all that a run has left behind can be written without thinking."""
    source = plain_url(environment.settings.database_url_text(), SOURCE)
    target = plain_url(environment.copy(TARGET).database_url_text())
    batches = max(1, events // EVENTS_A_BATCH)
    parts = _read(source, batches=batches, steps=steps)
    with psycopg.connect(target) as connection:  # the load has marked everybody for a first decision
        connection.execute("DELETE FROM souschef.learner_state")
    started = time.monotonic()
    # What refers to rows of other batches goes after them: parents first over all batches, then the rest.
    turns = [threading.Barrier(WRITERS) for _ in TABLES]
    writers = [
        threading.Thread(target=_write, args=(target, parts, writer, turns, steps), name=f"writer-{writer}")
        for writer in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return events / (time.monotonic() - started)


def _read(url: str, *, batches: int, steps: bool) -> Parts:
    """Return the rows of each table as so many slices."""
    found: dict[str, list[bytes]] = {}
    with psycopg.connect(url, autocommit=True) as connection:
        for table, column in TABLES.items():
            columns = _columns(connection, table, otherwise=ACCEPTED if steps and table == "inbox" else {})
            slices = []
            for number in range(batches):
                question = sql.SQL(
                    "COPY (SELECT {} FROM souschef.{} WHERE {} % {} = {}) TO STDOUT (FORMAT binary)"
                ).format(
                    columns, sql.Identifier(table), sql.Identifier(column), sql.Literal(batches), sql.Literal(number)
                )
                with connection.cursor().copy(question) as copy:
                    slices.append(b"".join(bytes(block) for block in copy))
            found[table] = slices
        ids: list[list[int]] = [[] for _ in range(batches)]
        for (event,) in connection.execute("SELECT id FROM souschef.inbox ORDER BY id"):
            ids[event % batches].append(event)
    return Parts(found, ids)


def _columns(
    connection: psycopg.Connection[tuple[Any, ...]], table: str, *, otherwise: Mapping[str, LiteralString]
) -> sql.Composed:
    names = connection.execute(
        """SELECT attname::text FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
            ORDER BY attnum""",
        [f"souschef.{table}"],
    ).fetchall()
    return sql.SQL(", ").join(
        sql.SQL(otherwise[name]) if name in otherwise else sql.Identifier(name) for (name,) in names
    )


def _write(url: str, parts: Parts, writer: int, turns: list[threading.Barrier], steps: bool) -> None:  # noqa: FBT001 - a thread's argument
    mine = range(writer, len(parts.events), WRITERS)
    with psycopg.connect(url) as connection:
        for (table, slices), turn in zip(parts.tables.items(), turns, strict=True):
            statement = sql.SQL("COPY souschef.{} FROM STDIN (FORMAT binary)").format(sql.Identifier(table))
            for number in mine:
                with connection.cursor().copy(statement) as copy:
                    copy.write(slices[number])
                if steps and table == "fact":
                    connection.execute(FINISH, [parts.events[number]])
                connection.commit()
            for number in mine if steps and table == "inbox" else ():
                connection.execute(CLAIM, [parts.events[number]])
                connection.commit()
            turn.wait()
