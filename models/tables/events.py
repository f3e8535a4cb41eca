"""The inbox, quarantine, facts, and counters for dashboards."""

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from lms.facts import EventKind, FactKind
from models.tables.columns import (
    OrmBase,
    enum_check,
    identity,
    probability,
    references,
    school_column,
    table_args,
    text_column,
    timestamptz,
    unchecked_reference,
)

INTEREST_KINDS = (
    FactKind.SURVEY_ANSWER,
    FactKind.ASSIGNMENT_PICKED,
    FactKind.ASSIGNMENT_DONE,
    FactKind.INTEREST_FEEDBACK,
    FactKind.INTEREST_VETO,
)
OF_INTERESTS = f"kind IN ({', '.join(repr(kind.value) for kind in INTEREST_KINDS)})"
"""As SQL, word for word as the index has it: a server finds them by an index only where it need not prove more."""


class InboxState(StrEnum):
    """Where an event stands."""

    PENDING = "pending"
    """Not applied yet; a worker has leased it while `leased_until` lies ahead."""
    DONE = "done"
    """Applied, in the same commit as its effect."""
    PARKED = "parked"
    """It contains a name that the school has not loaded yet; a load makes it pending again."""
    QUARANTINED = "quarantined"
    """It cannot be processed, or failed too often; an operator decides."""
    DROPPED = "dropped"
    """Valid, but nothing of it is stored."""


class Inbox(OrmBase, table=True):
    """One row is one event as a source sent it; the key makes a resend the same row.

    The row is the truth, and the broker's message only a notification: a row that is pending and not leased is work,
    with or without a message.
    """

    __tablename__ = "inbox"
    __table_args__ = table_args(
        UniqueConstraint("source_id", "key"),
        enum_check("kind", EventKind),
        enum_check("state", InboxState),
        Index(
            "ix_inbox_due",
            "school_id",
            "kind",
            "id",
            postgresql_where=text("state = 'pending'"),
        ),
        Index("ix_inbox_parked", "school_id", "code", postgresql_where=text("state = 'parked'")),
    )

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=school_column())
    source_id: int = Field(sa_column=unchecked_reference("source"))
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    kind: str = Field(sa_column=text_column())
    shard: int = Field(sa_column=Column(SmallInteger, nullable=False))
    payload: str = Field(sa_column=text_column())
    state: str = Field(default=InboxState.PENDING, sa_column=text_column(default="pending"))
    code: str | None = Field(default=None, sa_column=text_column(null=True))
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    received_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
    next_attempt_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
    leased_until: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    finished_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    request_id: str | None = Field(default=None, sa_column=text_column(null=True))
    task_id: str | None = Field(default=None, sa_column=text_column(null=True))


class Quarantine(OrmBase, table=True):
    """One row says why an event is quarantined and where in it the error is, without its content."""

    __tablename__ = "quarantine"
    __table_args__ = table_args()

    inbox_id: int = Field(sa_column=references("inbox", key=True))
    school_id: int = Field(sa_column=references("school"))
    code: str = Field(sa_column=text_column())
    pointer: str = Field(default="", sa_column=text_column(default=""))
    quarantined_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))


class Fact(OrmBase, table=True):
    """One row is one thing that happened to one student; a state is computed from these rows and nothing else.

    (`occurred_at`, `sequence`, `key`) orders a student's facts whatever the order of arrival; `sequence` and `key`
    sort as bytes. A fact sent again has the same key; a later `revised_at` replaces it.
    """

    __tablename__ = "fact"
    __table_args__ = table_args(
        UniqueConstraint("source_id", "key"),
        enum_check("kind", FactKind),
        *probability("outcome"),
        CheckConstraint("weight BETWEEN 0 AND 10", name="weight_sane"),
        Index("ix_fact_student", "student_id", "occurred_at"),
        Index("ix_fact_inbox_id", "inbox_id"),
        Index("ix_fact_statement", "source_id", "statement", postgresql_where=text("statement IS NOT NULL")),
        Index("ix_fact_total", "student_id", "attempt", postgresql_where=text("kind = 'attempt_graded'")),
        Index("ix_fact_interest", "student_id", postgresql_where=text(OF_INTERESTS)),
    )

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=school_column())
    student_id: int = Field(sa_column=references("person"))
    source_id: int = Field(sa_column=unchecked_reference("source"))
    kind: str = Field(sa_column=text_column())
    key: str = Field(sa_column=Column(Text(collation="C"), nullable=False))
    occurred_at: dt.datetime = Field(sa_column=timestamptz())
    sequence: str = Field(default="", sa_column=Column(Text(collation="C"), nullable=False, server_default=""))
    class_id: int | None = Field(default=None, sa_column=unchecked_reference("class", null=True))
    item_id: int | None = Field(default=None, sa_column=unchecked_reference("item", null=True))
    skill_id: int | None = Field(default=None, sa_column=unchecked_reference("skill", null=True))
    attempt: str | None = Field(default=None, sa_column=text_column(null=True))
    outcome: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    weight: float = Field(default=1.0, sa_column=Column(Float, nullable=False, server_default="1"))
    revised_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    value: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    statement: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """A digest of the id of the xAPI statement that says it."""
    inbox_id: int | None = Field(
        default=None,
        # The raw event may be gone long before the fact that it became.
        sa_column=Column(BigInteger, nullable=True),
    )
    recorded_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))


class Retraction(OrmBase, table=True):
    """One row says that a source has withdrawn a fact, or all facts of an xAPI statement, also those to come.

    `key` is a digest of the fact's key or of the statement's id, so that it names nobody.
    """

    __tablename__ = "retraction"
    __table_args__ = table_args(Index("ix_retraction_student_id", "student_id"))

    source_id: int = Field(sa_column=references("source", key=True))
    key: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    school_id: int = Field(sa_column=references("school"))
    student_id: int | None = Field(default=None, sa_column=references("person", null=True))
    """Null: its event does not say whom it is about."""
    revised_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    """Versions of the fact that were made later stand; null: none stands."""
    inbox_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    recorded_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))


class Tally(OrmBase, table=True):
    """One row is one connection's part of a total, so that workers do not wait for each other."""

    __tablename__ = "tally"
    __table_args__ = table_args()

    name: str = Field(sa_column=text_column(key=True))
    label: str = Field(sa_column=text_column(key=True))
    shard: int = Field(sa_column=Column(Integer, primary_key=True, autoincrement=False))
    value: float = Field(sa_column=Column(Float, nullable=False))
