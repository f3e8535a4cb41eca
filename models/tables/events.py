"""The inbox, the facts that it became, and what could not become any."""

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
from models.tables.base import (
    Table,
    identity,
    in_schema,
    moment,
    names,
    one_of,
    owner,
    plain_text,
    probability,
    references,
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
    """Not applied yet; a worker holds it while `leased_until` lies ahead."""
    DONE = "done"
    """Applied, in the same commit as its effect."""
    PARKED = "parked"
    """It names somebody or something that the school has not loaded yet; a load wakes it."""
    QUARANTINED = "quarantined"
    """It makes no sense, or broke its worker too often; a person decides."""
    DROPPED = "dropped"
    """Understood, and nothing to keep."""


class Inbox(Table, table=True):
    """One row is one event as a source sent it; the key makes a resend the same row.

    The row is the truth and the broker's message only a doorbell: a row that is pending and not leased is work,
    whether or not anybody rang.
    """

    __tablename__ = "inbox"
    __table_args__ = in_schema(
        UniqueConstraint("source_id", "key"),
        one_of("kind", EventKind),
        one_of("state", InboxState),
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
    school_id: int = Field(sa_column=owner())
    source_id: int = Field(sa_column=names("source"))
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    kind: str = Field(sa_column=plain_text())
    shard: int = Field(sa_column=Column(SmallInteger, nullable=False))
    payload: str = Field(sa_column=plain_text())
    state: str = Field(default=InboxState.PENDING, sa_column=plain_text(default="pending"))
    code: str | None = Field(default=None, sa_column=plain_text(null=True))
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    received_at: dt.datetime | None = Field(default=None, sa_column=moment(now=True))
    next_attempt_at: dt.datetime | None = Field(default=None, sa_column=moment(now=True))
    leased_until: dt.datetime | None = Field(default=None, sa_column=moment(null=True))
    finished_at: dt.datetime | None = Field(default=None, sa_column=moment(null=True))
    request_id: str | None = Field(default=None, sa_column=plain_text(null=True))
    task_id: str | None = Field(default=None, sa_column=plain_text(null=True))


class Quarantine(Table, table=True):
    """One row says why an event stands in quarantine, where in it the fault lies, and never what it holds."""

    __tablename__ = "quarantine"
    __table_args__ = in_schema()

    inbox_id: int = Field(sa_column=references("inbox", key=True))
    school_id: int = Field(sa_column=references("school"))
    code: str = Field(sa_column=plain_text())
    pointer: str = Field(default="", sa_column=plain_text(default=""))
    quarantined_at: dt.datetime | None = Field(default=None, sa_column=moment(now=True))


class Fact(Table, table=True):
    """One row is one thing that happened to one student; a state is a fold over these rows and nothing else.

    (`occurred_at`, `sequence`, `key`) orders a student's facts whatever the order of arrival; `sequence` and `key`
    sort as bytes. A fact sent again has the same key; a later `revised_at` replaces it.
    """

    __tablename__ = "fact"
    __table_args__ = in_schema(
        UniqueConstraint("source_id", "key"),
        one_of("kind", FactKind),
        *probability("outcome"),
        CheckConstraint("weight BETWEEN 0 AND 10", name="weight_sane"),
        Index("ix_fact_student", "student_id", "occurred_at"),
        Index("ix_fact_inbox_id", "inbox_id"),
        Index("ix_fact_total", "student_id", "attempt", postgresql_where=text("kind = 'attempt_graded'")),
        Index("ix_fact_interest", "student_id", postgresql_where=text(OF_INTERESTS)),
    )

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=owner())
    student_id: int = Field(sa_column=references("person"))
    source_id: int = Field(sa_column=names("source"))
    kind: str = Field(sa_column=plain_text())
    key: str = Field(sa_column=Column(Text(collation="C"), nullable=False))
    occurred_at: dt.datetime = Field(sa_column=moment())
    sequence: str = Field(default="", sa_column=Column(Text(collation="C"), nullable=False, server_default=""))
    class_id: int | None = Field(default=None, sa_column=names("class", null=True))
    item_id: int | None = Field(default=None, sa_column=names("item", null=True))
    skill_id: int | None = Field(default=None, sa_column=names("skill", null=True))
    attempt: str | None = Field(default=None, sa_column=plain_text(null=True))
    outcome: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    weight: float = Field(default=1.0, sa_column=Column(Float, nullable=False, server_default="1"))
    revised_at: dt.datetime | None = Field(default=None, sa_column=moment(null=True))
    value: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    inbox_id: int | None = Field(
        default=None,
        # The raw event may be gone long before the fact that it became.
        sa_column=Column(BigInteger, nullable=True),
    )
    recorded_at: dt.datetime | None = Field(default=None, sa_column=moment(now=True))
