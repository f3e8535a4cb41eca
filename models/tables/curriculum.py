"""What is taught and with what: skills, items, materials, topics, questionnaires, and what a class is at."""

import datetime as dt
from typing import Any

from sqlalchemy import (
    Boolean,
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

from learning.selection.catalogue import Depth, Strength
from models.tables.columns import OrmBase, enum_check, identity, references, table_args, text_column, timestamptz


class Skill(OrmBase, table=True):
    """One row is one skill of a school's curriculum; both titles read as part of a sentence."""

    __tablename__ = "skill"
    __table_args__ = table_args(
        UniqueConstraint("school_id", "ref"), CheckConstraint("weight > 0", name="weight_positive")
    )

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    ref: str = Field(sa_column=text_column())
    title: str = Field(sa_column=text_column())
    grade: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    strand: str | None = Field(default=None, sa_column=text_column(null=True))
    weight: float = Field(default=1.0, sa_column=Column(Float, nullable=False, server_default="1"))
    student_title: str | None = Field(default=None, sa_column=text_column(null=True))
    """In a student's own words; null: as `title`."""


class Prerequisite(OrmBase, table=True):
    """One row says that `skill_id` needs `needs_id`; the graph has no cycles."""

    __tablename__ = "prerequisite"
    __table_args__ = table_args(
        PrimaryKeyConstraint("skill_id", "needs_id"),
        CheckConstraint("skill_id <> needs_id", name="not_itself"),
        enum_check("strength", Strength),
    )

    school_id: int = Field(sa_column=references("school"))
    skill_id: int = Field(sa_column=references("skill"))
    needs_id: int = Field(sa_column=references("skill"))
    strength: str = Field(default=Strength.STRONG, sa_column=text_column(default="strong"))


class Item(OrmBase, table=True):
    """One row is one question of an LMS; senders' names for it stand in `alias`."""

    __tablename__ = "item"
    __table_args__ = table_args(UniqueConstraint("school_id", "ref"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    ref: str = Field(sa_column=text_column())


class Alignment(OrmBase, table=True):
    """One row is one cell of the Q-matrix: this item asks for this skill."""

    __tablename__ = "alignment"
    __table_args__ = table_args(PrimaryKeyConstraint("item_id", "skill_id"))

    school_id: int = Field(sa_column=references("school"))
    item_id: int = Field(sa_column=references("item"))
    skill_id: int = Field(sa_column=references("skill"))
    weight: float = Field(default=1.0, sa_column=Column(Float, nullable=False, server_default="1"))
    difficulty: float | None = Field(default=None, sa_column=Column(Float, nullable=True))


class Topic(OrmBase, table=True):
    """One row is one topic of interest; its phrases are what free text is compared with."""

    __tablename__ = "topic"
    __table_args__ = table_args(UniqueConstraint("school_id", "ref"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    ref: str = Field(sa_column=text_column())
    title: str = Field(sa_column=text_column())
    phrases: list[str] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )


class Material(OrmBase, table=True):
    """One row is something that can be assigned; `context` is the topic it is dressed in, null is neutral."""

    __tablename__ = "material"
    __table_args__ = table_args(
        UniqueConstraint("school_id", "ref"),
        enum_check("depth", Depth),
        CheckConstraint("difficulty BETWEEN -6 AND 6", name="difficulty_in_logits"),
        CheckConstraint("minutes BETWEEN 1 AND 600", name="minutes_sane"),
    )

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    ref: str = Field(sa_column=text_column())
    title: str = Field(sa_column=text_column())
    url: str = Field(sa_column=text_column())
    difficulty: float = Field(sa_column=Column(Float, nullable=False))
    """In logits relative to its skills' own; 0 where the school gives none, which `difficulty_known` says."""
    difficulty_known: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default=text("true")))
    learned_difficulty: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    """What the answers to its items say, where the school gives none; the nightly task writes it."""
    context: str | None = Field(default=None, sa_column=text_column(null=True))
    depth: str = Field(default=Depth.NEUTRAL, sa_column=text_column(default="neutral"))
    reading_level: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    minutes: int = Field(default=10, sa_column=Column(Integer, nullable=False, server_default="10"))
    language: str = Field(default="en", sa_column=text_column(default="en"))
    licence: str | None = Field(default=None, sa_column=text_column(null=True))
    active_from: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    active_until: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    twin: str | None = Field(default=None, sa_column=text_column(null=True))
    text: str | None = Field(default=None, sa_column=text_column(null=True))
    answer: str | None = Field(default=None, sa_column=text_column(null=True))


class MaterialSkill(OrmBase, table=True):
    """One row is one skill that a material practises; position 0 is the one that it is for."""

    __tablename__ = "material_skill"
    __table_args__ = table_args(
        PrimaryKeyConstraint("material_id", "position"),
        Index("ix_material_skill_skill_id", "skill_id"),
    )

    school_id: int = Field(sa_column=references("school"))
    material_id: int = Field(sa_column=references("material"))
    position: int = Field(sa_column=Column(Integer, nullable=False))
    skill_id: int = Field(sa_column=references("skill"))


class Questionnaire(OrmBase, table=True):
    """One row is one survey as the school loaded it: questions, options, and the topics that they speak of."""

    __tablename__ = "questionnaire"
    __table_args__ = table_args(UniqueConstraint("school_id", "ref"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    ref: str = Field(sa_column=text_column())
    document: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class Scope(OrmBase, table=True):
    """One row opens a skill to a class for a time; only skills in scope are assigned."""

    __tablename__ = "scope"
    __table_args__ = table_args(
        PrimaryKeyConstraint("class_id", "skill_id"),
        Index("ix_scope_opens_at", "opens_at"),
        Index("ix_scope_closes_at", "closes_at"),
    )

    school_id: int = Field(sa_column=references("school"))
    class_id: int = Field(sa_column=references("class"))
    skill_id: int = Field(sa_column=references("skill"))
    opens_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    closes_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    due_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    author: str = Field(default="", sa_column=text_column(default=""))
    """Who opened or closed it last by an order; "" where a file did."""
    reason: str = Field(default="", sa_column=text_column(default=""))
