"""The storage alone: the rows that a run has written, written again by COPY, batch by batch, by as many writers."""

from __future__ import annotations

import threading
import time

import psycopg
from psycopg import sql

from benchmarks.pipeline_ground import Ground, plain_url

SOURCE, TARGET = "run_souschef", "run_storage"
WRITERS = 2
EVENTS_A_BATCH = 500
TABLES = {
    "inbox": "id", "fact": "id", "learner_state": "student_id", "skill_gap": "student_id", "decision": "id",
    "assignment": "id", "change": "number",
}  # fmt: skip
"""In an order in which each row finds what it refers to, with the column that its rows are dealt out by."""


def measure(ground: Ground, *, events: int) -> float:
    """Return events a second at which all that a run has left behind can be written without thinking."""
    source = plain_url(ground.chosen.database_url_text(), SOURCE)
    target = plain_url(ground.copy(TARGET).database_url_text())
    batches = max(1, events // EVENTS_A_BATCH)
    parts = _read(source, batches=batches)
    started = time.monotonic()
    # What refers to rows of other batches goes after them: parents first over all batches, then the rest.
    turns = [threading.Barrier(WRITERS) for _ in TABLES]
    writers = [
        threading.Thread(target=_write, args=(target, parts, writer, turns), name=f"writer-{writer}")
        for writer in range(WRITERS)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    return events / (time.monotonic() - started)


def _read(url: str, *, batches: int) -> dict[str, list[bytes]]:
    """Return the rows of each table as so many slices in COPY's binary form."""
    found: dict[str, list[bytes]] = {}
    with psycopg.connect(url, autocommit=True) as connection:
        for table, column in TABLES.items():
            slices = []
            for number in range(batches):
                question = sql.SQL(
                    "COPY (SELECT * FROM souschef.{} WHERE {} % {} = {}) TO STDOUT (FORMAT binary)"
                ).format(sql.Identifier(table), sql.Identifier(column), sql.Literal(batches), sql.Literal(number))
                with connection.cursor().copy(question) as copy:
                    slices.append(b"".join(bytes(block) for block in copy))
            found[table] = slices
    return found


def _write(url: str, parts: dict[str, list[bytes]], writer: int, turns: list[threading.Barrier]) -> None:
    with psycopg.connect(url) as connection:
        for (table, slices), turn in zip(parts.items(), turns, strict=True):
            statement = sql.SQL("COPY souschef.{} FROM STDIN (FORMAT binary)").format(sql.Identifier(table))
            for part in slices[writer::WRITERS]:
                with connection.cursor().copy(statement) as copy:
                    copy.write(part)
                connection.commit()
            turn.wait()
