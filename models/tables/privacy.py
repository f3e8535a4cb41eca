"""What is kept so that who was erased stays erased, who has looked at whom, and how long a school keeps what."""

import datetime as dt
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, LargeBinary, PrimaryKeyConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.tables.base import Table, identity, in_schema, moment, owner, plain_text, references


class Erasure(Table, table=True):
    """One row says that somebody was erased, when, by whom and why; not who it was.

    `key` is what the marks of their tombstones are made with. It lies here and not beside the secret key, because
    workers look for tombstones and are not trusted with what events are signed with.
    """

    __tablename__ = "erasure"
    __table_args__ = in_schema()

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    key: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    author: str = Field(sa_column=plain_text())
    reason: str = Field(sa_column=plain_text())
    erased_at: dt.datetime | None = Field(default=None, sa_column=moment(now=True))


class Tombstone(Table, table=True):
    """One row is a keyed hash of one name of somebody who was erased: what comes under that name is not taken in."""

    __tablename__ = "tombstone"
    __table_args__ = in_schema(PrimaryKeyConstraint("school_id", "mark"))

    school_id: int = Field(sa_column=references("school"))
    mark: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    erasure_id: int = Field(sa_column=references("erasure"))


class Pseudonym(Table, table=True):
    """One row is the name of a student in the access log; without the row, nobody can tell whom the log means."""

    __tablename__ = "pseudonym"
    __table_args__ = in_schema()

    student_id: int = Field(sa_column=references("person", key=True))
    school_id: int = Field(sa_column=owner())
    token: str = Field(sa_column=plain_text())


class Access(Table, table=True):
    """One row says who read or changed what of whom; `hash` covers the row and the hash before it."""

    __tablename__ = "access"
    __table_args__ = in_schema(PrimaryKeyConstraint("school_id", "number"))

    school_id: int = Field(sa_column=owner())
    number: int = Field(sa_column=Column(BigInteger, nullable=False))
    at: dt.datetime = Field(sa_column=moment())
    author: str = Field(sa_column=plain_text())
    action: str = Field(sa_column=plain_text())
    subjects: list[str] = Field(sa_column=Column(JSONB, nullable=False))
    """The pseudonyms of the students."""
    detail: dict[str, Any] = Field(
        default_factory=dict, sa_column=Column(JSONB, nullable=False, server_default=text("'{}'::jsonb"))
    )
    hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class AccessHead(Table, table=True):
    """One row is where a school's access log ends, and where it begins since its oldest rows were pruned."""

    __tablename__ = "access_head"
    __table_args__ = in_schema()

    school_id: int = Field(sa_column=references("school", key=True))
    last_number: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    last_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    pruned_number: int = Field(default=0, sa_column=Column(BigInteger, nullable=False, server_default="0"))
    pruned_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))


class Retention(Table, table=True):
    """One row is how long a school keeps one kind of thing, where it is not as shipped; null is for ever."""

    __tablename__ = "retention"
    __table_args__ = in_schema(PrimaryKeyConstraint("school_id", "kind"), CheckConstraint("days > 0", name="some_time"))

    school_id: int = Field(sa_column=references("school"))
    kind: str = Field(sa_column=plain_text())
    days: int | None = Field(default=None, sa_column=Column(Integer, nullable=True))
