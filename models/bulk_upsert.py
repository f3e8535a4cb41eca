"""Upsert many rows: COPY them into a temporary table, then insert or update those that differ."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import Table
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Session

PROGRESS_EVERY = 2_000


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One row to write, and its label in reports."""

    label: str
    values: tuple[Any, ...]
    """In the order of the columns."""


@dataclass(frozen=True, slots=True)
class UpsertResult:
    """The labels of rows that were inserted or updated; all others were there already."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    total: int = 0


def upsert(
    session: Session,
    table: Any,  # noqa: ANN401 - a SQLModel class
    rows: Sequence[LabelledRow],
    *,
    columns: Sequence[str],
    key: Sequence[str],
    progress: Callable[[int], None] = lambda _: None,
) -> UpsertResult:
    """Insert rows, and update those whose other columns differ.

    Args:
        session: an open transaction.
        table: the SQLModel class.
        rows: no two with the same key.
        columns: the names of a row's values; other columns are not changed.
        key: the columns that identify a row; they have a unique constraint.
        progress: called with the number of rows sent so far.
    """
    if not rows:
        return UpsertResult()
    target: Table = table.__table__
    connection = session.connection().connection.driver_connection
    with cast("psycopg.Connection", connection).cursor() as cursor:
        _copy(cursor, target, rows, columns=columns, progress=progress)
        cursor.execute(_merge(target, columns, key))
        done = cursor.fetchall()
        cursor.execute("DROP TABLE pg_temp.incoming")
    return UpsertResult(
        new=tuple(label for label, inserted in done if inserted),
        changed=tuple(label for label, inserted in done if not inserted),
        total=len(rows),
    )


def _copy(
    cursor: psycopg.Cursor,
    target: Table,
    rows: Iterable[LabelledRow],
    *,
    columns: Sequence[str],
    progress: Callable[[int], None],
) -> None:
    # A temporary table: COPY cannot leave out what is there already, and is refused where row security is forced.
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    make = sql.SQL(
        "CREATE TEMPORARY TABLE incoming ON COMMIT DROP AS SELECT {}, NULL::text AS label FROM {} WITH NO DATA"
    )
    cursor.execute(make.format(names, _qualified(target)))
    documents = [number for number, name in enumerate(columns) if isinstance(target.c[name].type, JSONB)]
    with cursor.copy(sql.SQL("COPY pg_temp.incoming ({}, label) FROM STDIN").format(names)) as copy:
        for number, row in enumerate(rows, start=1):
            values = list(row.values)
            for place in documents:
                values[place] = Jsonb(values[place])
            copy.write_row((*values, row.label))
            if number % PROGRESS_EVERY == 0:
                progress(number)
    cursor.execute("ANALYZE pg_temp.incoming")


def _merge(target: Table, columns: Sequence[str], key: Sequence[str]) -> sql.Composed:
    others = [name for name in columns if name not in key]
    selected, keys = (sql.SQL(", ").join(map(sql.Identifier, names)) for names in (columns, key))
    conflict: sql.Composable = sql.SQL("DO NOTHING")
    if others:
        updates = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in others)
        conflict = sql.SQL("DO UPDATE SET {}").format(updates)
    # What is there already is left out first: a conflict locks its row even where nothing differs, and so writes it.
    return sql.SQL("""
        WITH written AS (
          INSERT INTO {target} ({selected})
          SELECT {selected} FROM pg_temp.incoming
           WHERE NOT EXISTS (SELECT FROM {target} AS old WHERE {same}) ORDER BY {keys}
          ON CONFLICT ({keys}) {conflict} RETURNING {keys}, xmax = 0 AS inserted)
        SELECT label, inserted FROM written JOIN pg_temp.incoming USING ({keys}) ORDER BY label
    """).format(target=_qualified(target), selected=selected, keys=keys, conflict=conflict, same=_same(key, others))


def _same(key: Sequence[str], others: Sequence[str]) -> sql.Composed:
    pairs = [(name, "=") for name in key] + [(name, "IS NOT DISTINCT FROM") for name in others]
    return sql.SQL(" AND ").join(
        sql.SQL("{} {} {}").format(sql.Identifier("old", name), sql.SQL(sign), sql.Identifier("incoming", name))
        for name, sign in pairs
    )


def _qualified(target: Table) -> sql.Identifier:
    return sql.Identifier(str(target.schema), target.name)
