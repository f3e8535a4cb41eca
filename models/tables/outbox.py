"""What an LMS that writes SQL has handed over, and the logins with which schools read the contract."""

import datetime as dt

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from models.tables.base import Table, identity, in_schema, moment, plain_text, references


class Outbox(Table, table=True):
    """One row is one event that waits to be taken into the inbox, or that was refused and says so with a code.

    Written through the view `lms.event_outbox` only; what has been taken is gone from here.
    """

    __tablename__ = "event_outbox"
    __table_args__ = in_schema(
        CheckConstraint("octet_length(event) <= 1048576", name="event_below_one_mib"),
        CheckConstraint("octet_length(source) <= 500", name="source_is_a_name"),
        Index("ix_event_outbox_waiting", "id", postgresql_where=text("code IS NULL")),
        Index("ix_event_outbox_refused", "inserted_at", postgresql_where=text("code IS NOT NULL")),
    )

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    source: str = Field(sa_column=plain_text())
    event: str = Field(sa_column=plain_text())
    code: str | None = Field(default=None, sa_column=plain_text(null=True))
    pointer: str | None = Field(default=None, sa_column=plain_text(null=True))
    inserted_at: dt.datetime | None = Field(default=None, sa_column=moment(now=True))


class Login(Table, table=True):
    """One row is the PostgreSQL role with which one school's LMS reads the contract; its password is not kept."""

    __tablename__ = "lms_login"
    __table_args__ = in_schema(UniqueConstraint("role"))

    school_id: int = Field(sa_column=references("school", key=True))
    role: str = Field(sa_column=plain_text())
    rotated_at: dt.datetime | None = Field(default=None, sa_column=moment(now=True))
