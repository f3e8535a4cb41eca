"""Who has a student's or teacher's page open, and the links that open one without an LMS."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field

from models.tables.columns import OrmBase, enum_check, identity, references, table_args, text_column, timestamptz


class PageRole(StrEnum):
    """Which pages somebody sees."""

    STUDENT = "student"
    TEACHER = "teacher"
    HEAD = "head"
    """All classes of the school, in numbers; by a signed link only."""


class PageLink(OrmBase, table=True):
    """One row is one signed link to a person's pages; its secret is derived from the secret key and the row's id."""

    __tablename__ = "page_link"
    __table_args__ = table_args(enum_check("role", PageRole), Index("ix_page_link_person_id", "person_id"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    person_id: int = Field(sa_column=references("person"))
    role: str = Field(sa_column=text_column())
    class_id: int | None = Field(default=None, sa_column=references("class", null=True))
    author: str = Field(sa_column=text_column())
    created_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
    expires_at: dt.datetime = Field(sa_column=timestamptz())
    revoked_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))


class PageSession(OrmBase, table=True):
    """One row is one open launch or link: the launch id stands in the address, the other half is a cookie.

    `mark` is the digest of the cookie, so a copy of the database opens no page.
    """

    __tablename__ = "page_session"
    __table_args__ = table_args(
        UniqueConstraint("launch"),
        enum_check("role", PageRole),
        Index("ix_page_session_person_id", "person_id"),
        Index("ix_page_session_expires_at", "expires_at"),
    )

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    launch: str = Field(sa_column=text_column())
    mark: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    person_id: int = Field(sa_column=references("person"))
    role: str = Field(sa_column=text_column())
    class_id: int | None = Field(default=None, sa_column=references("class", null=True))
    registration_id: int | None = Field(default=None, sa_column=references("lti_registration", null=True))
    link_id: int | None = Field(default=None, sa_column=references("page_link", null=True))
    course_id: int | None = Field(default=None, sa_column=references("lti_course", null=True))
    """The course whose class the teacher still has to say."""
    language: str | None = Field(default=None, sa_column=text_column(null=True))
    """What its visitor has chosen on the page; null leaves it to the settings and the browser."""
    created_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
    expires_at: dt.datetime = Field(sa_column=timestamptz())
