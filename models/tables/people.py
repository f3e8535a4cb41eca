"""People, classes, enrolments, and the names that senders use."""

import datetime as dt
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, PrimaryKeyConstraint, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.tables.columns import OrmBase, enum_check, identity, references, table_args, text_column, timestamptz


class Role(StrEnum):
    """The role of a person in a school or a class."""

    STUDENT = "student"
    TEACHER = "teacher"
    STAFF = "staff"


class AliasKind(StrEnum):
    """What an alias is a name of."""

    PERSON = "person"
    CLASS = "class"
    ITEM = "item"
    SKILL = "skill"
    MATERIAL_ITEM = "material_item"


class Person(OrmBase, table=True):
    """One row is one person of a school; a student in three classes is one row."""

    __tablename__ = "person"
    __table_args__ = table_args(UniqueConstraint("school_id", "ref"), enum_check("role", Role))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    ref: str = Field(sa_column=text_column())
    role: str = Field(sa_column=text_column())
    given_name: str | None = Field(default=None, sa_column=text_column(null=True))
    family_name: str | None = Field(default=None, sa_column=text_column(null=True))
    grade: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    reading_level: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    language: str | None = Field(default=None, sa_column=text_column(null=True))
    interests_enabled: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default="true"))
    active: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default="true"))


class PersonMerge(OrmBase, table=True):
    """One row is one student who was joined with another one, and all that undoes it; a day later it is deleted."""

    __tablename__ = "person_merge"
    __table_args__ = table_args(Index("ix_person_merge_school_id", "school_id", "old_ref"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    person_id: int = Field(sa_column=references("person"))
    """Whose everything is now."""
    old_ref: str = Field(sa_column=text_column())
    document: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    """The person's row, their enrolments, and the ids of the rows that moved, by table."""
    author: str = Field(sa_column=text_column())
    reason: str = Field(sa_column=text_column())
    merged_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))


class Class(OrmBase, table=True):
    """One row is one class (a section of a course)."""

    __tablename__ = "class"
    __table_args__ = table_args(UniqueConstraint("school_id", "ref"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    ref: str = Field(sa_column=text_column())
    title: str = Field(sa_column=text_column())
    grade: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    language: str | None = Field(default=None, sa_column=text_column(null=True))
    """Of its pages (`souschef language`); null leaves it to each browser and the school."""


class Enrolment(OrmBase, table=True):
    """One row is a period in which a person was in a class; leaving the class ends it."""

    __tablename__ = "enrolment"
    __table_args__ = table_args(
        PrimaryKeyConstraint("class_id", "person_id", "began_at"),
        enum_check("role", Role),
        Index("ix_enrolment_person_id", "person_id"),
        Index("ix_enrolment_began_at", "began_at"),
        Index("ix_enrolment_ended_at", "ended_at"),
    )

    school_id: int = Field(sa_column=references("school"))
    class_id: int = Field(sa_column=references("class"))
    person_id: int = Field(sa_column=references("person"))
    role: str = Field(sa_column=text_column())
    began_at: dt.datetime = Field(sa_column=timestamptz())
    ended_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    left_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    """When a roster took the person out of the class; null where the period ends by its date, or does not."""


class Alias(OrmBase, table=True):
    """One row is one name by which senders call a person, class, item or skill, and the id of what they mean."""

    __tablename__ = "alias"
    __table_args__ = table_args(PrimaryKeyConstraint("school_id", "kind", "name"), enum_check("kind", AliasKind))

    school_id: int = Field(sa_column=references("school"))
    kind: str = Field(sa_column=text_column())
    name: str = Field(sa_column=text_column())
    target_id: int = Field(sa_column=Column(BigInteger, nullable=False))
