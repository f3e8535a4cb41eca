"""What is assigned and why, what a teacher ordered, and the feed of changes that the LMS reads."""

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
    PrimaryKeyConstraint,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

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


class AssignmentState(StrEnum):
    """Where an assignment stands; the last two are history."""

    PROPOSED = "proposed"
    ASSIGNED = "assigned"
    STARTED = "started"
    DONE = "done"
    WITHDRAWN = "withdrawn"


class OrderKind(StrEnum):
    """What a teacher ordered."""

    PIN = "pin"
    FORBID = "forbid"
    MUST_DO = "must_do"
    HOLD = "hold"
    APPROVE = "approve"
    """Done at once, and so never in force: `revoked_at` is `given_at`."""


class Policy(Table, table=True):
    """One row is one set of rules in force for a school, or for a class where `class_id` is given."""

    __tablename__ = "policy"
    __table_args__ = in_schema(UniqueConstraint("school_id", "class_id", postgresql_nulls_not_distinct=True))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    class_id: int | None = Field(default=None, sa_column=references("class", null=True))
    document: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    version: int = Field(default=1, sa_column=Column(BigInteger, nullable=False, server_default="1"))
    author: str = Field(default="", sa_column=plain_text(default=""))
    changed_at: dt.datetime | None = Field(default=None, sa_column=moment(now=True))
    reason: str = Field(default="", sa_column=plain_text(default=""))
    until: dict[str, str] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    """By setting: when it ends, as ISO 8601; what is not named stays."""


class Order(Table, table=True):
    """One row is one teacher's order for a student, or for a whole class where `student_id` is null.

    `key` is its giver's name for it: the same order given twice is one row, and taking it back names it.
    """

    __tablename__ = "teacher_order"
    __table_args__ = in_schema(
        one_of("kind", OrderKind),
        UniqueConstraint("school_id", "key"),
        CheckConstraint("class_id IS NOT NULL OR student_id IS NOT NULL", name="has_addressee"),
        Index("ix_teacher_order_student_id", "student_id"),
        Index("ix_teacher_order_class_id", "class_id"),
        Index("ix_teacher_order_expires_at", "expires_at"),
    )

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    class_id: int | None = Field(default=None, sa_column=references("class", null=True))
    student_id: int | None = Field(default=None, sa_column=references("person", null=True))
    key: str = Field(sa_column=plain_text())
    kind: str = Field(sa_column=plain_text())
    material_id: int | None = Field(default=None, sa_column=references("material", null=True))
    skill_id: int | None = Field(default=None, sa_column=references("skill", null=True))
    author: str = Field(sa_column=plain_text())
    reason: str = Field(sa_column=plain_text())
    given_at: dt.datetime | None = Field(default=None, sa_column=moment(now=True))
    expires_at: dt.datetime | None = Field(default=None, sa_column=moment(null=True))
    revoked_at: dt.datetime | None = Field(default=None, sa_column=moment(null=True))


class Decision(Table, table=True):
    """One row is one decision with everything that it rested on, as the bytes that a replay must give again."""

    __tablename__ = "decision"
    __table_args__ = in_schema(Index("ix_decision_student_id", "student_id"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=owner())
    student_id: int = Field(sa_column=references("person"))
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    record: str = Field(sa_column=plain_text())
    digest: str = Field(sa_column=plain_text())
    as_of: dt.datetime = Field(sa_column=moment())
    decided_at: dt.datetime | None = Field(default=None, sa_column=moment(now=True))


class Assignment(Table, table=True):
    """One row is one material offered to one student; rows of one slot are a menu, position 0 its default."""

    __tablename__ = "assignment"
    __table_args__ = in_schema(
        one_of("state", AssignmentState),
        *probability("predicted_success", "outcome"),
        Index(
            "uq_assignment_open_place",
            "student_id",
            "slot",
            "menu_position",
            unique=True,
            postgresql_where=text("state IN ('proposed', 'assigned', 'started')"),
        ),
        Index("ix_assignment_student_id", "student_id"),
        Index("ix_assignment_decision_id", "decision_id"),
    )

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=owner())
    student_id: int = Field(sa_column=references("person"))
    class_id: int | None = Field(default=None, sa_column=names("class", null=True))
    slot: int = Field(sa_column=Column(Integer, nullable=False))
    menu_position: int = Field(sa_column=Column(Integer, nullable=False))
    material_id: int = Field(sa_column=names("material"))
    skill_id: int = Field(sa_column=names("skill"))
    state: str = Field(sa_column=plain_text())
    because_gap: str = Field(sa_column=plain_text())
    because_interest: str = Field(sa_column=plain_text())
    predicted_success: float = Field(sa_column=Column(Float, nullable=False))
    attempted_at: dt.datetime | None = Field(default=None, sa_column=moment(null=True))
    """When an attempt on the material was first seen."""
    outcome: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    """Share of the points of that attempt, in [0, 1]; null is unknown."""
    reason: str = Field(default="", sa_column=plain_text(default=""))
    """Reason codes of the decision; for a withdrawn one, the trigger."""
    evidence_until: dt.datetime | None = Field(default=None, sa_column=moment(null=True))
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    decision_id: int = Field(sa_column=references("decision"))
    assigned_at: dt.datetime | None = Field(default=None, sa_column=moment(now=True))
    ended_at: dt.datetime | None = Field(default=None, sa_column=moment(null=True))


class CatalogueNeed(Table, table=True):
    """One row says that a student needs a skill in a context for which the catalogue has no fitting material."""

    __tablename__ = "catalogue_need"
    __table_args__ = in_schema(PrimaryKeyConstraint("student_id", "skill_id", "context"), *probability("price"))

    school_id: int = Field(sa_column=owner())
    student_id: int = Field(sa_column=references("person"))
    skill_id: int = Field(sa_column=references("skill"))
    context: str = Field(sa_column=plain_text())
    """The topic wanted; "" where no material of the skill fits at all."""
    price: float = Field(sa_column=Column(Float, nullable=False))
    """Interest forgone, in [0, 1]."""


class Feed(Table, table=True):
    """One row is the last number given in a school's change feed.

    The row is locked from the moment a transaction takes numbers until it commits, so numbers appear in order and
    without holes: a reader that has seen N never misses one below it.
    """

    __tablename__ = "feed"
    __table_args__ = in_schema()

    school_id: int = Field(sa_column=references("school", key=True))
    last_number: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))


class Change(Table, table=True):
    """One row says that what is published of one student has changed.

    Who was erased has no rows elsewhere, and none here either: their lines keep their numbers, so that the feed has no
    holes, and the assignments' ids, by which the LMS finds what to drop.
    """

    __tablename__ = "change"
    __table_args__ = in_schema(PrimaryKeyConstraint("school_id", "number"))

    school_id: int = Field(sa_column=owner())
    number: int = Field(sa_column=Column(BigInteger, nullable=False))
    student_id: int | None = Field(default=None, sa_column=references("person", null=True))
    assignment_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    kind: str = Field(sa_column=plain_text())
    state: str = Field(sa_column=plain_text())
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    changed_at: dt.datetime | None = Field(default=None, sa_column=moment(now=True))
    task_id: str | None = Field(default=None, sa_column=plain_text(null=True))
