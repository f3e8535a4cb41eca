"""Several statements in one message to the database, and one wait for all of their rows.

A page reads a handful of short statements that do not depend on each other. Sent one by one, each is a message, a wait
and a switch between two processes, which costs more than most of the statements themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeVar

import psycopg
from sqlalchemy import Dialect, text
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session

from models.rows import maker

T = TypeVar("T")
_DIALECT: Dialect = PGDialect_psycopg()  # type: ignore[no-untyped-call] # SQLAlchemy's has no types


class Query(NamedTuple, Generic[T]):
    """A statement as `rows.fetch` takes it, with the type that its rows become."""

    row_type: Callable[..., T]
    statement: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Sent(Generic[T]):
    """A statement that was sent; its rows can be read after the block of `together`."""

    row_type: Callable[..., T]
    cursor: psycopg.Cursor[tuple[Any, ...]]

    def all(self) -> list[T]:
        """Return a value of each row."""
        make = maker(self.row_type, tuple(column.name for column in self.cursor.description or ()))
        return [make(row) for row in self.cursor.fetchall()]


class Together:
    """Sends statements in the order in which they are given; each sees what those before it have written."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def send(self, query: Query[T]) -> Sent[T]:
        """Send one more statement."""
        cursor = self._connection.cursor()
        cursor.execute(_driver_text(query.statement).encode(), query.parameters)
        return Sent(query.row_type, cursor)


@contextmanager
def together(session: Session) -> Iterator[Together]:
    """Send statements in one message, in the session's transaction; their rows are there after the block.

    Raises:
        DBAPIError: the database refuses one of them, or went away; none after it was run.
    """
    connection: Any = session.connection().connection.driver_connection
    try:
        with connection.pipeline():
            yield Together(connection)
    except psycopg.Error as error:
        raise DBAPIError.instance(None, None, error, psycopg.Error, dialect=_DIALECT) from error


@lru_cache(maxsize=128)
def _driver_text(statement: str) -> str:
    """Return a statement with its parameters as the driver writes them."""
    return str(text(statement).compile(dialect=_DIALECT))
