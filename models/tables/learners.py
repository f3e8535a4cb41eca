"""Learner states, what is published of them, and the shared versions of the model."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, PrimaryKeyConstraint, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.tables.columns import (
    OrmBase,
    probability,
    references,
    school_column,
    table_args,
    text_column,
    timestamptz,
    unchecked_reference,
)


class LearnerState(OrmBase, table=True):
    """One row is one student's state: a pure function of the facts, the snapshot and the parameters that it names.

    (`last_at`, `last_sequence`, `last_key`) is the last fact in the state: a newer one is added, for an older
    one the state is computed again. `version` only rises, and is the version of what was last published.
    """

    __tablename__ = "learner_state"
    __table_args__ = table_args(
        Index("ix_learner_state_due", "school_id", "student_id", postgresql_where=text("refresh_due"))
    )

    student_id: int = Field(sa_column=references("person", key=True))
    school_id: int = Field(sa_column=school_column())
    state: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    snapshot_version: int = Field(sa_column=Column(BigInteger, nullable=False))
    parameters_version: int = Field(sa_column=Column(BigInteger, nullable=False))
    facts: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    last_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    last_sequence: str = Field(default="", sa_column=text_column(default=""))
    last_key: str = Field(default="", sa_column=text_column(default=""))
    version: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    refresh_due: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default="false"))
    carry: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    """State between decisions (`learning.selection.DecisionMemory`)."""
    nothing: str | None = Field(default=None, sa_column=text_column(null=True))
    """Why nothing is assigned, as a code; null where something is."""
    nothing_sentence: str = Field(default="", sa_column=text_column(default=""))
    refreshed_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))


class StateCheckpoint(OrmBase, table=True):
    """One row is one student's state after their first `facts` facts, of which `last_*` is the last; at most three.

    Where a fact before the newest one changes, the state is computed again from the newest checkpoint before it
    (`docs/decisions/0023-checkpoints.md`). A checkpoint of other versions than its state's is of no use.
    """

    __tablename__ = "state_checkpoint"
    __table_args__ = table_args(PrimaryKeyConstraint("student_id", "facts"))

    school_id: int = Field(sa_column=school_column())
    student_id: int = Field(sa_column=references("person"))
    facts: int = Field(sa_column=Column(Integer, nullable=False))
    state: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    snapshot_version: int = Field(sa_column=Column(BigInteger, nullable=False))
    parameters_version: int = Field(sa_column=Column(BigInteger, nullable=False))
    last_at: dt.datetime = Field(sa_column=timestamptz())
    last_sequence: str = Field(sa_column=Column(Text(collation="C"), nullable=False))
    last_key: str = Field(sa_column=Column(Text(collation="C"), nullable=False))


class SkillGap(OrmBase, table=True):
    """One row is what is published of one student's skill."""

    __tablename__ = "skill_gap"
    __table_args__ = table_args(
        PrimaryKeyConstraint("student_id", "skill_id"),
        *probability("mastery", "low", "high", "target", "gap", "retention"),
    )

    school_id: int = Field(sa_column=school_column())
    student_id: int = Field(sa_column=references("person"))
    skill_id: int = Field(sa_column=unchecked_reference("skill"))
    mastery: float = Field(sa_column=Column(Float, nullable=False))
    low: float = Field(sa_column=Column(Float, nullable=False))
    high: float = Field(sa_column=Column(Float, nullable=False))
    target: float = Field(sa_column=Column(Float, nullable=False))
    gap: float = Field(sa_column=Column(Float, nullable=False))
    retention: float = Field(sa_column=Column(Float, nullable=False))
    level: str = Field(sa_column=text_column())
    standing: str = Field(sa_column=text_column())
    responses: int = Field(sa_column=Column(Integer, nullable=False))
    evidence_until: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    version: int = Field(sa_column=Column(BigInteger, nullable=False))


class Interest(OrmBase, table=True):
    """One row is what is published of one student's interest in one topic."""

    __tablename__ = "interest"
    __table_args__ = table_args(
        PrimaryKeyConstraint("student_id", "topic_id"),
        *probability("value", "confidence"),
    )

    school_id: int = Field(sa_column=school_column())
    student_id: int = Field(sa_column=references("person"))
    topic_id: int = Field(sa_column=references("topic"))
    value: float = Field(sa_column=Column(Float, nullable=False))
    confidence: float = Field(sa_column=Column(Float, nullable=False))
    vetoed: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default="false"))
    asked_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    updated_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    version: int = Field(sa_column=Column(BigInteger, nullable=False))


class Snapshot(OrmBase, table=True):
    """One row is one version of a school's item and skill difficulties; the highest version is in force."""

    __tablename__ = "snapshot"
    __table_args__ = table_args(PrimaryKeyConstraint("school_id", "version"))

    school_id: int = Field(sa_column=references("school"))
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    responses: int = Field(sa_column=Column(BigInteger, nullable=False))
    created_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))


class Parameters(OrmBase, table=True):
    """One row is one version of a school's fitted parameters; none means the shipped ones are in force."""

    __tablename__ = "parameters"
    __table_args__ = table_args(PrimaryKeyConstraint("school_id", "version"))

    school_id: int = Field(sa_column=references("school"))
    version: int = Field(sa_column=Column(BigInteger, nullable=False))
    document: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    active: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default="true"))
    created_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
