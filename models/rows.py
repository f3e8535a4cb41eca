"""Run SQL, and map its rows to values by the names of their columns.

Short statements stand beside the function that runs them, those of 20 lines and more in `models/sql`, one file each.
Plain statements on one table are SQLModel's (`select`, `update`, `delete`) instead, except on the way of an event,
where text costs less CPU. A list of ids is PostgreSQL's `= ANY(array)` in both: one statement for lists of any length.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from string import Template
from typing import Any, Protocol, TypeVar, cast

from sqlalchemy import ARRAY, ColumnElement, CursorResult, Delete, Insert, Update, any_, literal, text
from sqlmodel import Session

SQL = Path(__file__).parent / "sql"
NO_PARAMETERS: Mapping[str, Any] = {}

T = TypeVar("T")


class _HasId(Protocol):
    id: int | None


_text = lru_cache(maxsize=512)(text)
"""Statements are parsed once in a process."""


def execute(
    session: Session, statement: str, parameters: Mapping[str, Any] = NO_PARAMETERS
) -> CursorResult[*tuple[Any, ...]]:
    """Run a statement; each `:name` in it is a parameter."""
    return session.connection().execute(_text(statement), parameters)


def fetch(
    session: Session, row_type: Callable[..., T], statement: str, parameters: Mapping[str, Any] = NO_PARAMETERS
) -> list[T]:
    """Run a statement and make a value of each row, whose columns have the names of the type's fields.

    Many rows are made fastest where the columns stand in the order of the fields.
    """
    result = execute(session, statement, parameters)
    make = maker(row_type, tuple(result.keys()))
    return [make(row) for row in result.all()]


def fetch_groups(
    session: Session, row_type: type[T], statement: str, parameters: Mapping[str, Any] = NO_PARAMETERS
) -> Iterator[tuple[Any, T]]:
    """Run a statement whose first column says to whom a row belongs; yield that and the value, made as by `fetch`."""
    result = execute(session, statement, parameters)
    make = maker(row_type, tuple(result.keys())[1:])
    for row in result.all():
        yield row[0], make(row[1:])


def maker(row_type: Callable[..., T], names: tuple[str, ...]) -> Callable[[Sequence[Any]], T]:
    """Return what makes a value of this type of a row with columns of these names."""
    if names == getattr(row_type, "__match_args__", ())[: len(names)]:
        return lambda row: row_type(*row)
    return lambda row: row_type(**dict(zip(names, row, strict=True)))


def columns_of(rows: Sequence[object], names: Iterable[str]) -> dict[str, list[Any]]:
    """Return the values of rows column by column, as a statement takes them that unnests arrays."""
    return {name: list(map(attrgetter(name), rows)) for name in names}


def fetch_dict(session: Session, statement: str, parameters: Mapping[str, Any] = NO_PARAMETERS) -> dict[Any, Any]:
    """Run a statement of two columns, and return the second by the first."""
    return {key: value for key, value in execute(session, statement, parameters)}  # noqa: C416 - dict() of rows is typed as rows


def change(session: Session, statement: Insert | Update | Delete) -> int:
    """Run a typed statement that writes; return how many rows it wrote. Objects that were read before do not follow."""
    return session.connection().execute(statement).rowcount


def among(column: T, values: Collection[T]) -> ColumnElement[bool]:
    """Return the condition that a column is one of some values: `column = ANY(array)`."""
    expression = cast("ColumnElement[T]", column)
    return expression == any_(literal(list(values), ARRAY(expression.type)))


def not_null(column: T | None) -> T:
    """Return a column that is null in new objects only, as ids are, with the type that it has in stored rows."""
    return cast("T", column)


def inserted_id(session: Session, row: _HasId) -> int:
    """Insert a row and return the id that the database has given it."""
    session.add(row)
    session.flush()
    if row.id is None:
        raise TypeError(f"{type(row).__name__} has no id after its insert")
    return row.id


@lru_cache(maxsize=64)
def load_sql(name: str, **parts: str) -> str:
    """Return the statement of a file in `models/sql`; each `$name` in it becomes the part of that name."""
    return Template((SQL / f"{name}.sql").read_text(encoding="utf-8")).substitute(parts)
