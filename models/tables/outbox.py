"""What an LMS that writes SQL has handed over, and the logins with which schools read the contract."""

import datetime as dt

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from models.tables.columns import OrmBase, identity, references, table_args, text_column, timestamptz


class Outbox(OrmBase, table=True):
    """One row is one event that waits to be taken into the inbox, or that was refused and says so with a code.

    Written through the view `lms.event_outbox` only; what has been taken is gone from here.
    """

    __tablename__ = "event_outbox"
    __table_args__ = table_args(
        CheckConstraint("octet_length(event) <= 1048576", name="event_below_one_mib"),
        CheckConstraint("octet_length(source) <= 500", name="source_is_a_name"),
        Index("ix_event_outbox_of_school", "school_id", "id", postgresql_where=text("code IS NULL")),
        Index("ix_event_outbox_refused", "inserted_at", postgresql_where=text("code IS NOT NULL")),
        Index("ix_event_outbox_unknown", "school_id", "source", "id", postgresql_where=text("code = 'unknown_source'")),
    )

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    source: str = Field(sa_column=text_column())
    event: str = Field(sa_column=text_column())
    code: str | None = Field(default=None, sa_column=text_column(null=True))
    pointer: str | None = Field(default=None, sa_column=text_column(null=True))
    inserted_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))


class Login(OrmBase, table=True):
    """One row is the PostgreSQL role with which one school's LMS reads the contract; its password is not kept."""

    __tablename__ = "lms_login"
    __table_args__ = table_args(UniqueConstraint("role"))

    school_id: int = Field(sa_column=references("school", key=True))
    role: str = Field(sa_column=text_column())
    rotated_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
