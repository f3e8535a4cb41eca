"""Decisions and assignments, policies and teacher overrides, and the feed of changes that the LMS reads."""

import datetime as dt
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

from learning.selection.policy import OverrideKind
from learning.selection.student import AssignmentState
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

FINAL_STATES = ("done", "withdrawn")
"""States of an assignment that is no longer open."""
APPROVE = "approve"
"""A teacher override that is applied at once, and so never in force: `revoked_at` is `given_at`."""


class Policy(OrmBase, table=True):
    """One row is the policy of a school, or of a class where `class_id` is not null."""

    __tablename__ = "policy"
    __table_args__ = table_args(UniqueConstraint("school_id", "class_id", postgresql_nulls_not_distinct=True))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    class_id: int | None = Field(default=None, sa_column=references("class", null=True))
    document: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    version: int = Field(default=1, sa_column=Column(BigInteger, nullable=False, server_default="1"))
    author: str = Field(default="", sa_column=text_column(default=""))
    changed_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
    reason: str = Field(default="", sa_column=text_column(default=""))
    until: dict[str, str] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    """By setting: when it ends, as ISO 8601; one without an entry stays."""
    set_by: dict[str, dict[str, str]] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    """By setting: `author` and `reason` of who set it; the row's own are of the last change."""
    shadow: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    """Settings that are tried: the same inputs are decided with them too, and nothing of it is published."""


class Order(OrmBase, table=True):
    """One row is one teacher override for a student, or for a whole class where `student_id` is null.

    `key` is the sender's id of it: an override that is sent twice is one row, and is revoked by its key.
    """

    __tablename__ = "teacher_order"
    __table_args__ = table_args(
        enum_check("kind", (*OverrideKind, APPROVE)),
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
    key: str = Field(sa_column=text_column())
    kind: str = Field(sa_column=text_column())
    material_id: int | None = Field(default=None, sa_column=references("material", null=True))
    skill_id: int | None = Field(default=None, sa_column=references("skill", null=True))
    author: str = Field(sa_column=text_column())
    reason: str = Field(sa_column=text_column())
    given_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
    expires_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    revoked_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))


class Decision(OrmBase, table=True):
    """One row is one decision with all its inputs, as the bytes that a replay must reproduce."""

    __tablename__ = "decision"
    __table_args__ = table_args(Index("ix_decision_student_id", "student_id"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=school_column())
    student_id: int = Field(sa_column=references("person"))
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    record: str = Field(sa_column=text_column())
    digest: str = Field(sa_column=text_column())
    as_of: dt.datetime = Field(sa_column=timestamptz())
    decided_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))


class Assignment(OrmBase, table=True):
    """One row is one material offered to one student; rows of one slot are a menu, position 0 its default."""

    __tablename__ = "assignment"
    __table_args__ = table_args(
        enum_check("state", (*AssignmentState, *FINAL_STATES)),
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
        Index("ix_assignment_reported", "school_id", postgresql_where=text("attempted_at IS NOT NULL")),
    )

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=school_column())
    student_id: int = Field(sa_column=references("person"))
    class_id: int | None = Field(default=None, sa_column=unchecked_reference("class", null=True))
    slot: int = Field(sa_column=Column(Integer, nullable=False))
    menu_position: int = Field(sa_column=Column(Integer, nullable=False))
    material_id: int = Field(sa_column=unchecked_reference("material"))
    skill_id: int = Field(sa_column=unchecked_reference("skill"))
    state: str = Field(sa_column=text_column())
    because_gap: str = Field(sa_column=text_column())
    because_interest: str = Field(sa_column=text_column())
    predicted_success: float = Field(sa_column=Column(Float, nullable=False))
    attempted_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    """When an attempt on the material was first seen."""
    outcome: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    """Share of the points of that attempt, in [0, 1]; null is unknown."""
    reason: str = Field(default="", sa_column=text_column(default=""))
    """Reason codes of the decision; for a withdrawn one, the trigger."""
    evidence_until: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    decision_id: int = Field(sa_column=references("decision"))
    assigned_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
    ended_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))


class CatalogueNeed(OrmBase, table=True):
    """One row says that a student needs a skill in a context for which the catalogue has no fitting material."""

    __tablename__ = "catalogue_need"
    __table_args__ = table_args(PrimaryKeyConstraint("student_id", "skill_id", "context"), *probability("price"))

    school_id: int = Field(sa_column=school_column())
    student_id: int = Field(sa_column=references("person"))
    skill_id: int = Field(sa_column=references("skill"))
    context: str = Field(sa_column=text_column())
    """The topic wanted; "" where no material of the skill fits at all."""
    price: float = Field(sa_column=Column(Float, nullable=False))
    """Interest forgone, in [0, 1]."""


class Feed(OrmBase, table=True):
    """One row is the last number given in a school's change feed.

    The row is locked from when a transaction takes numbers until it commits, so numbers appear in order and without
    gaps: a reader that has seen N never misses one below it.
    """

    __tablename__ = "feed"
    __table_args__ = table_args()

    school_id: int = Field(sa_column=references("school", key=True))
    last_number: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))


class Change(OrmBase, table=True):
    """One row says that what is published of one student has changed.

    Rows of an erased student lose `student_id`. They keep their numbers, so that the feed has no gaps, and the
    assignments' ids, by which the LMS finds what to delete.
    """

    __tablename__ = "change"
    __table_args__ = table_args(PrimaryKeyConstraint("school_id", "number"))

    school_id: int = Field(sa_column=school_column())
    number: int = Field(sa_column=Column(BigInteger, nullable=False))
    student_id: int | None = Field(default=None, sa_column=references("person", null=True))
    assignment_id: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    kind: str = Field(sa_column=text_column())
    state: str = Field(sa_column=text_column())
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    changed_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
    task_id: str | None = Field(default=None, sa_column=text_column(null=True))
