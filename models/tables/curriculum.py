"""What is taught and with what: skills, items, materials, topics, questionnaires, and what a class is at."""

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Column, Float, Index, Integer, PrimaryKeyConstraint, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.tables.base import Table, identity, in_schema, moment, one_of, plain_text, references


class Strength(StrEnum):
    """How much a skill needs another: a strong prerequisite gates, a weak one advises."""

    STRONG = "strong"
    WEAK = "weak"


class Depth(StrEnum):
    """Whether a material's context carries the mathematics (structural) or dresses it (cosmetic)."""

    STRUCTURAL = "structural"
    COSMETIC = "cosmetic"
    NEUTRAL = "neutral"


class Skill(Table, table=True):
    """One row is one skill of a school's curriculum; `title` reads as part of a sentence."""

    __tablename__ = "skill"
    __table_args__ = in_schema(
        UniqueConstraint("school_id", "ref"), CheckConstraint("weight > 0", name="weight_positive")
    )

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    ref: str = Field(sa_column=plain_text())
    title: str = Field(sa_column=plain_text())
    grade: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    strand: str | None = Field(default=None, sa_column=plain_text(null=True))
    weight: float = Field(default=1.0, sa_column=Column(Float, nullable=False, server_default="1"))


class Prerequisite(Table, table=True):
    """One row says that `skill_id` needs `needs_id`; the graph has no cycles."""

    __tablename__ = "prerequisite"
    __table_args__ = in_schema(
        PrimaryKeyConstraint("skill_id", "needs_id"),
        CheckConstraint("skill_id <> needs_id", name="not_itself"),
        one_of("strength", Strength),
    )

    school_id: int = Field(sa_column=references("school"))
    skill_id: int = Field(sa_column=references("skill"))
    needs_id: int = Field(sa_column=references("skill"))
    strength: str = Field(default=Strength.STRONG, sa_column=plain_text(default="strong"))


class Item(Table, table=True):
    """One row is one question of an LMS; senders' names for it stand in `alias`."""

    __tablename__ = "item"
    __table_args__ = in_schema(UniqueConstraint("school_id", "ref"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    ref: str = Field(sa_column=plain_text())


class Alignment(Table, table=True):
    """One row is one cell of the Q-matrix: this item asks for this skill."""

    __tablename__ = "alignment"
    __table_args__ = in_schema(PrimaryKeyConstraint("item_id", "skill_id"))

    school_id: int = Field(sa_column=references("school"))
    item_id: int = Field(sa_column=references("item"))
    skill_id: int = Field(sa_column=references("skill"))
    weight: float = Field(default=1.0, sa_column=Column(Float, nullable=False, server_default="1"))
    difficulty: float | None = Field(default=None, sa_column=Column(Float, nullable=True))


class Topic(Table, table=True):
    """One row is one topic of interest; its phrases are what free text is compared with."""

    __tablename__ = "topic"
    __table_args__ = in_schema(UniqueConstraint("school_id", "ref"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    ref: str = Field(sa_column=plain_text())
    title: str = Field(sa_column=plain_text())
    phrases: list[str] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb"))
    )


class Material(Table, table=True):
    """One row is something that can be assigned; `context` is the topic it is dressed in, null is neutral."""

    __tablename__ = "material"
    __table_args__ = in_schema(
        UniqueConstraint("school_id", "ref"),
        one_of("depth", Depth),
        CheckConstraint("difficulty BETWEEN -6 AND 6", name="difficulty_in_logits"),
        CheckConstraint("minutes BETWEEN 1 AND 600", name="minutes_sane"),
    )

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    ref: str = Field(sa_column=plain_text())
    title: str = Field(sa_column=plain_text())
    url: str = Field(sa_column=plain_text())
    difficulty: float = Field(sa_column=Column(Float, nullable=False))
    context: str | None = Field(default=None, sa_column=plain_text(null=True))
    depth: str = Field(default=Depth.NEUTRAL, sa_column=plain_text(default="neutral"))
    reading_level: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    minutes: int = Field(default=10, sa_column=Column(Integer, nullable=False, server_default="10"))
    language: str = Field(default="en", sa_column=plain_text(default="en"))
    licence: str | None = Field(default=None, sa_column=plain_text(null=True))
    active_from: dt.datetime | None = Field(default=None, sa_column=moment(null=True))
    active_until: dt.datetime | None = Field(default=None, sa_column=moment(null=True))
    twin: str | None = Field(default=None, sa_column=plain_text(null=True))
    text: str | None = Field(default=None, sa_column=plain_text(null=True))
    answer: str | None = Field(default=None, sa_column=plain_text(null=True))


class MaterialSkill(Table, table=True):
    """One row is one skill that a material practises; position 0 is the one that it is for."""

    __tablename__ = "material_skill"
    __table_args__ = in_schema(
        PrimaryKeyConstraint("material_id", "position"),
        Index("ix_material_skill_skill_id", "skill_id"),
    )

    school_id: int = Field(sa_column=references("school"))
    material_id: int = Field(sa_column=references("material"))
    position: int = Field(sa_column=Column(Integer, nullable=False))
    skill_id: int = Field(sa_column=references("skill"))


class Questionnaire(Table, table=True):
    """One row is one survey as the school loaded it: questions, options, and the topics that they speak of."""

    __tablename__ = "questionnaire"
    __table_args__ = in_schema(UniqueConstraint("school_id", "ref"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    ref: str = Field(sa_column=plain_text())
    document: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class Scope(Table, table=True):
    """One row opens a skill to a class for a time; only skills in scope are assigned."""

    __tablename__ = "scope"
    __table_args__ = in_schema(
        PrimaryKeyConstraint("class_id", "skill_id"),
        Index("ix_scope_opens_at", "opens_at"),
        Index("ix_scope_closes_at", "closes_at"),
    )

    school_id: int = Field(sa_column=references("school"))
    class_id: int = Field(sa_column=references("class"))
    skill_id: int = Field(sa_column=references("skill"))
    opens_at: dt.datetime | None = Field(default=None, sa_column=moment(null=True))
    closes_at: dt.datetime | None = Field(default=None, sa_column=moment(null=True))
    due_at: dt.datetime | None = Field(default=None, sa_column=moment(null=True))
    author: str = Field(default="", sa_column=plain_text(default=""))
    """Who opened or closed it last by an order; "" where a file did."""
    reason: str = Field(default="", sa_column=plain_text(default=""))
