"""Schools, what may send to them, and the clock that all SQL asks."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, Interval, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, JSONB
from sqlmodel import Field

from models.tables.base import Table, identity, in_schema, moment, plain_text, references


class School(Table, table=True):
    """One row is one school; its `ref` is how files and commands name it."""

    __tablename__ = "school"
    __table_args__ = in_schema(UniqueConstraint("ref"))

    id: int | None = Field(default=None, sa_column=identity())
    ref: str = Field(sa_column=plain_text())
    name: str = Field(sa_column=plain_text())
    language: str = Field(default="en", sa_column=plain_text(default="en"))
    interests_enabled: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default="true"))
    catalogue_version: int = Field(default=1, sa_column=Column(BigInteger, nullable=False, server_default="1"))
    created_at: dt.datetime | None = Field(default=None, sa_column=moment(now=True))


class Source(Table, table=True):
    """One row is one sender with a credential of its own; the school comes from the credential, never from a payload.

    The secret is derived from the installation's secret key and `generation`, so none is stored. A rotation raises
    `generation`; the one before stays good until `previous_until`.
    """

    __tablename__ = "source"
    __table_args__ = in_schema(UniqueConstraint("school_id", "name"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    name: str = Field(sa_column=plain_text())
    format: str = Field(sa_column=plain_text())
    surveys: list[str] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    settings: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    generation: int = Field(default=1, sa_column=Column(BigInteger, nullable=False, server_default="1"))
    previous_until: dt.datetime | None = Field(default=None, sa_column=moment(null=True))
    created_at: dt.datetime | None = Field(default=None, sa_column=moment(now=True))
    revoked_at: dt.datetime | None = Field(default=None, sa_column=moment(null=True))


class DoorCount(Table, table=True):
    """One row counts what came from a source on one day with one outcome (accepted, duplicate, ignored: why)."""

    __tablename__ = "door_count"
    __table_args__ = in_schema()

    source_id: int = Field(sa_column=references("source", key=True))
    day: dt.date = Field(sa_column=Column(Date, primary_key=True))
    outcome: str = Field(sa_column=plain_text(key=True))
    school_id: int = Field(sa_column=references("school"))
    count: int = Field(sa_column=Column(BigInteger, nullable=False))


def _ranges() -> Column[Any]:
    return Column(INT8MULTIRANGE, nullable=False, server_default=text("'{}'::int8multirange"))


class SourceNumber(Table, table=True):
    """One row says which consecutive numbers of a source that numbers its events have come, as ranges."""

    __tablename__ = "source_number"
    __table_args__ = in_schema()

    source_id: int = Field(sa_column=references("source", key=True))
    school_id: int = Field(sa_column=references("school"))
    seen: Any = Field(default=None, sa_column=_ranges())
    missing: Any = Field(default=None, sa_column=_ranges())
    """What was missing between the first and the last at the last sweep that found a change."""
    named: Any = Field(default=None, sa_column=_ranges())
    """What was still missing a sweep later: it is told, until it comes or the numbers begin anew."""
    swept_at: dt.datetime | None = Field(default=None, sa_column=moment(null=True))


class ClockOffset(Table, table=True):
    """At most one row: how far `souschef.clock()` runs ahead of the machine's time; tests and the demo set it."""

    __tablename__ = "clock_offset"
    __table_args__ = in_schema(CheckConstraint("single", name="only_one_row"))

    single: bool = Field(default=True, sa_column=Column(Boolean, primary_key=True, server_default="true"))
    ahead: dt.timedelta = Field(sa_column=Column(Interval, nullable=False))
