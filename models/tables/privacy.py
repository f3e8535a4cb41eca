"""Erasures and tombstones, the access log and its pseudonyms, and retention periods."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, LargeBinary, PrimaryKeyConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.tables.columns import OrmBase, identity, references, school_column, table_args, text_column, timestamptz


class Erasure(OrmBase, table=True):
    """One row says that a student was erased, when, by whom and why; not which student.

    The marks of the tombstones are made with `key`. It is stored here and not with the secret key, because workers
    check tombstones and have no access to what events are signed with.
    """

    __tablename__ = "erasure"
    __table_args__ = table_args()

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    author: str = Field(sa_column=text_column())
    reason: str = Field(sa_column=text_column())
    erased_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))


class Tombstone(OrmBase, table=True):
    """One row is a keyed hash of one name of an erased student: data under that name is not recorded."""

    __tablename__ = "tombstone"
    __table_args__ = table_args(PrimaryKeyConstraint("school_id", "mark"))

    school_id: int = Field(sa_column=references("school"))
    mark: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    erasure_id: int = Field(sa_column=references("erasure"))


class Pseudonym(OrmBase, table=True):
    """One row is the name of a student in the access log; without the row, nobody can tell whom the log means."""

    __tablename__ = "pseudonym"
    __table_args__ = table_args()

    student_id: int = Field(sa_column=references("person", key=True))
    school_id: int = Field(sa_column=school_column())
    token: str = Field(sa_column=text_column())


class Access(OrmBase, table=True):
    """One row says who read or changed what of whom; `hash` covers the row and the hash before it."""

    __tablename__ = "access"
    __table_args__ = table_args(PrimaryKeyConstraint("school_id", "number"))

    school_id: int = Field(sa_column=school_column())
    number: int = Field(sa_column=Column(BigInteger, nullable=False))
    at: dt.datetime = Field(sa_column=timestamptz())
    author: str = Field(sa_column=text_column())
    action: str = Field(sa_column=text_column())
    subjects: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    """The pseudonyms of the students."""
    detail: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AccessHead(OrmBase, table=True):
    """One row is where a school's access log ends, and where it begins since its oldest rows were pruned."""

    __tablename__ = "access_head"
    __table_args__ = table_args()

    school_id: int = Field(sa_column=references("school", key=True))
    last_number: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    last_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    pruned_number: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    pruned_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Retention(OrmBase, table=True):
    """One row is a retention period that differs from the default; null is for ever."""

    __tablename__ = "retention"
    __table_args__ = table_args(
        PrimaryKeyConstraint("school_id", "kind"), CheckConstraint("days > 0", name="some_time")
    )

    school_id: int = Field(sa_column=references("school"))
    kind: str = Field(sa_column=text_column())
    days: int | None = Field(default=None, sa_column=Column(Integer, nullable=True))
