"""Schools, their sources, and the clock that all SQL reads."""

import datetime as dt
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Index,
    Integer,
    Interval,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE, JSONB
from sqlmodel import Field

from models.tables.columns import OrmBase, identity, references, table_args, text_column, timestamptz


class School(OrmBase, table=True):
    """One row is one school; its `ref` is its name in files and commands."""

    __tablename__ = "school"
    __table_args__ = table_args(UniqueConstraint("ref"))

    id: int | None = Field(default=None, sa_column=identity())
    ref: str = Field(sa_column=text_column())
    name: str = Field(sa_column=text_column())
    language: str = Field(default="en", sa_column=text_column(default="en"))
    timezone: str | None = Field(default=None, sa_column=text_column(null=True))
    """The tz database's name of the zone whose days its dates are; null: nobody has said, and they are UTC's."""
    interests_enabled: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default="true"))
    catalogue_version: int = Field(default=1, sa_column=Column(BigInteger, nullable=False, server_default="1"))
    created_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))


class Source(OrmBase, table=True):
    """One row is one sender with a credential of its own; the school comes from the credential, never from a payload.

    The secret is derived from the installation's secret key and `generation`, so none is stored. A rotation raises
    `generation`; the one before stays good until `previous_until`.
    """

    __tablename__ = "source"
    __table_args__ = table_args(UniqueConstraint("school_id", "name"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    name: str = Field(sa_column=text_column())
    format: str = Field(sa_column=text_column())
    surveys: list[str] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )
    settings: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    generation: int = Field(default=1, sa_column=Column(BigInteger, nullable=False, server_default="1"))
    previous_until: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    created_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
    revoked_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))


class SourceSchool(OrmBase, table=True):
    """One row is one more school that a source serves, beside the one that it belongs to."""

    __tablename__ = "source_school"
    __table_args__ = table_args()

    source_id: int = Field(sa_column=references("source", key=True))
    school_id: int = Field(sa_column=references("school", key=True))


class DoorCount(OrmBase, table=True):
    """One row counts what came from a source on one day with one outcome (accepted, duplicate, ignored: why)."""

    __tablename__ = "door_count"
    __table_args__ = table_args()

    source_id: int = Field(sa_column=references("source", key=True))
    day: dt.date = Field(sa_column=Column(Date, primary_key=True))
    outcome: str = Field(sa_column=text_column(key=True))
    school_id: int = Field(sa_column=references("school"))
    count: int = Field(sa_column=Column(BigInteger, nullable=False))


class Unread(OrmBase, table=True):
    """One row counts the events of a source that were not read, by the verb, type, survey or question."""

    __tablename__ = "unread"
    __table_args__ = table_args()

    source_id: int = Field(sa_column=references("source", key=True))
    reason: str = Field(sa_column=text_column(key=True))
    name: str = Field(sa_column=text_column(key=True))
    school_id: int = Field(sa_column=references("school"))
    count: int = Field(sa_column=Column(BigInteger, nullable=False))
    first_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
    last_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))


def _ranges() -> Column[Any]:
    return Column(INT8MULTIRANGE, nullable=False, server_default=text("'{}'::int8multirange"))


class SourceNumber(OrmBase, table=True):
    """One row says which consecutive numbers of a source that numbers its events have come, as ranges."""

    __tablename__ = "source_number"
    __table_args__ = table_args()

    source_id: int = Field(sa_column=references("source", key=True))
    school_id: int = Field(sa_column=references("school"))
    seen: Any = Field(default=None, sa_column=_ranges())
    missing: Any = Field(default=None, sa_column=_ranges())
    """What was missing between the first and the last at the last sweep that found a change."""
    named: Any = Field(default=None, sa_column=_ranges())
    """What was still missing a sweep later: reported until it comes or the numbers begin again."""
    swept_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))


class FileFinding(OrmBase, table=True):
    """One row is one thing that the last load of a file left out or could not read; the next load replaces it."""

    __tablename__ = "file_finding"
    __table_args__ = table_args(
        CheckConstraint("severity IN ('row', 'notice')", name="severity_known"),
        Index("ix_file_finding_school_id", "school_id", "file"),
    )

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    file: str = Field(sa_column=text_column())
    line: int = Field(sa_column=Column(Integer, nullable=False))
    """From 1; 0 is the file."""
    place: str = Field(sa_column=text_column())
    """The column, or a JSON pointer."""
    severity: str = Field(sa_column=text_column())
    wrong: str = Field(sa_column=text_column())
    hint: str = Field(sa_column=text_column())
    rows: int = Field(sa_column=Column(Integer, nullable=False))
    """How many rows it is about."""
    found_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))


class ClockOffset(OrmBase, table=True):
    """At most one row: how far `souschef.clock()` runs ahead of the machine's time; tests and the demo set it."""

    __tablename__ = "clock_offset"
    __table_args__ = table_args(CheckConstraint("single", name="only_one_row"))

    single: bool = Field(default=True, sa_column=Column(Boolean, primary_key=True, server_default="true"))
    ahead: dt.timedelta = Field(sa_column=Column(Interval, nullable=False))
