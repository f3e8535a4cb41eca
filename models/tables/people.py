"""People, classes and who was in which when; and what senders call them."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, PrimaryKeyConstraint, UniqueConstraint
from sqlmodel import Field

from models.tables.base import Table, identity, in_schema, moment, one_of, plain_text, references


class Role(StrEnum):
    """What somebody is in a school or a class."""

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


class Person(Table, table=True):
    """One row is one person of a school; a student in three classes is one row."""

    __tablename__ = "person"
    __table_args__ = in_schema(UniqueConstraint("school_id", "ref"), one_of("role", Role))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    ref: str = Field(sa_column=plain_text())
    role: str = Field(sa_column=plain_text())
    given_name: str | None = Field(default=None, sa_column=plain_text(null=True))
    family_name: str | None = Field(default=None, sa_column=plain_text(null=True))
    grade: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    reading_level: float | None = Field(default=None, sa_column=Column(Float, nullable=True))
    language: str | None = Field(default=None, sa_column=plain_text(null=True))
    interests_enabled: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default="true"))
    active: bool = Field(default=True, sa_column=Column(Boolean, nullable=False, server_default="true"))


class Class(Table, table=True):
    """One row is one class (a section of a course)."""

    __tablename__ = "class"
    __table_args__ = in_schema(UniqueConstraint("school_id", "ref"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    ref: str = Field(sa_column=plain_text())
    title: str = Field(sa_column=plain_text())
    grade: float | None = Field(default=None, sa_column=Column(Float, nullable=True))


class Enrolment(Table, table=True):
    """One row is a stretch of time in which a person was in a class; leaving ends it and keeps it."""

    __tablename__ = "enrolment"
    __table_args__ = in_schema(
        PrimaryKeyConstraint("class_id", "person_id", "began_at"),
        one_of("role", Role),
        Index("ix_enrolment_person_id", "person_id"),
    )

    school_id: int = Field(sa_column=references("school"))
    class_id: int = Field(sa_column=references("class"))
    person_id: int = Field(sa_column=references("person"))
    role: str = Field(sa_column=plain_text())
    began_at: dt.datetime = Field(sa_column=moment())
    ended_at: dt.datetime | None = Field(default=None, sa_column=moment(null=True))


class Alias(Table, table=True):
    """One row is one name by which senders call a person, class, item or skill, and the id of what they mean."""

    __tablename__ = "alias"
    __table_args__ = in_schema(PrimaryKeyConstraint("school_id", "kind", "name"), one_of("kind", AliasKind))

    school_id: int = Field(sa_column=references("school"))
    kind: str = Field(sa_column=plain_text())
    name: str = Field(sa_column=plain_text())
    target_id: int = Field(sa_column=Column(BigInteger, nullable=False))
