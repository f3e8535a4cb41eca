"""What all tables share: their schema, the names of their constraints and a few column types."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, DateTime, ForeignKey, Identity, MetaData, Text, text
from sqlmodel import SQLModel

SCHEMA = "souschef"

NAMING = {
    # Alembic can only drop what has a name, so every constraint gets one before the first table is declared.
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class OrmBase(SQLModel):
    """The parent of every table."""

    metadata = MetaData(schema=SCHEMA, naming_convention=NAMING)


def identity() -> Column[int]:
    """Return a bigint key that only the database hands out."""
    return Column(BigInteger, Identity(always=False), primary_key=True)


def references(table: str, *, key: bool = False, null: bool = False) -> Column[int]:
    """Return a bigint column with a foreign key to the id of `table`."""
    target = ForeignKey(f"{SCHEMA}.{table}.id", ondelete="CASCADE")
    return Column(BigInteger, target, primary_key=key, nullable=null)


def school_column() -> Column[int]:
    """Return the column that says whose school a row is, where its person or source is checked to be of that school.

    It has no foreign key: on rows that are written by the thousand, every transaction would lock the school's one row.
    """
    return Column(BigInteger, nullable=False)


def unchecked_reference(table: str, *, null: bool = False) -> Column[int]:
    """Return a bigint column with an id of `table` and no foreign key.

    For rows that are written by the thousand: a trigger on `table` refuses to delete a row that is referenced
    (migration 0011).
    """
    return Column(BigInteger, nullable=null, info={"names": table})


def timestamptz(*, null: bool = False, now: bool = False) -> Column[datetime]:
    """Return a column for a moment in time, with its zone; `now` fills it from `souschef.clock()`."""
    default = text(f"{SCHEMA}.clock()") if now else None
    return Column(DateTime(timezone=True), nullable=null, server_default=default)


def text_column(*, key: bool = False, null: bool = False, default: str | None = None) -> Column[str]:
    """Return a text column."""
    return Column(Text, primary_key=key, nullable=null, server_default=default)


def enum_check(column: str, values: Iterable[str]) -> CheckConstraint:
    """Return the check that `column` holds one of these values."""
    allowed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({allowed})", name=f"{column}_known")


def probability(*columns: str) -> tuple[CheckConstraint, ...]:
    """Return checks that each column lies in [0, 1]; BETWEEN also refuses NaN, which equals itself in PostgreSQL."""
    return tuple(CheckConstraint(f"{column} BETWEEN 0 AND 1", name=f"{column}_is_probability") for column in columns)


def table_args(*parts: Any) -> tuple[Any, ...]:  # noqa: ANN401 - SQLAlchemy's own type of table arguments
    """Return table arguments that put the table into our schema."""
    return (*parts, {"schema": SCHEMA})
