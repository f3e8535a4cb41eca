"""What ties a school to the platforms (LMSs) that launch its pages by LTI 1.3."""

import datetime as dt
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from models.tables.columns import OrmBase, enum_check, identity, references, table_args, text_column, timestamptz


class UnknownKind(StrEnum):
    """What a platform named that the school does not know."""

    DEPLOYMENT = "deployment"
    PERSON = "person"
    CLASS = "class"


class LtiKey(OrmBase, table=True):
    """One row is one RSA key of a school's tool; the newest signs, a retired one stays published for a day.

    `pem` is encrypted with a password that is derived from the installation's secret key.
    """

    __tablename__ = "lti_key"
    __table_args__ = table_args()

    kid: str = Field(sa_column=text_column(key=True))
    """The key's thumbprint, RFC 7638."""
    school_id: int = Field(sa_column=references("school"))
    pem: str = Field(sa_column=text_column())
    created_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
    retired_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))


class LtiInvite(OrmBase, table=True):
    """One row is one registration address; it registers one platform, and `mark` is the digest of its secret part."""

    __tablename__ = "lti_invite"
    __table_args__ = table_args(UniqueConstraint("mark"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    mark: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    private_allowed: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default="false"))
    scores_enabled: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default="false"))
    attempts: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default="0"))
    created_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
    expires_at: dt.datetime = Field(sa_column=timestamptz())
    used_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))


class LtiRegistration(OrmBase, table=True):
    """One row is one platform that may launch a school's pages, under the client id that it gave us."""

    __tablename__ = "lti_registration"
    __table_args__ = table_args(UniqueConstraint("issuer", "client_id"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    issuer: str = Field(sa_column=text_column())
    client_id: str = Field(sa_column=text_column())
    auth_url: str = Field(sa_column=text_column())
    token_url: str = Field(sa_column=text_column())
    jwks_url: str = Field(sa_column=text_column())
    product: str = Field(default="", sa_column=text_column(default=""))
    """The platform's product family, such as moodle or canvas; "" is unknown."""
    frames: list[str] = Field(
        default_factory=list, sa_column=Column(JSONB, nullable=False, server_default=sql("'[]'::jsonb"))
    )
    """Origins that may show our pages in a frame."""
    private_allowed: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default="false"))
    scores_enabled: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default="false"))
    """Whether the number of tasks that each student did this week is sent to the LMS."""
    match_emails: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default="false"))
    """Whether people may be known by their e-mail address, which the school then has in its roster."""
    created_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
    revoked_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))


class LtiDeployment(OrmBase, table=True):
    """One row is one deployment of a platform that the school has admitted."""

    __tablename__ = "lti_deployment"
    __table_args__ = table_args(PrimaryKeyConstraint("registration_id", "name"))

    registration_id: int = Field(sa_column=references("lti_registration"))
    name: str = Field(sa_column=text_column())
    school_id: int = Field(sa_column=references("school"))
    created_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))


class LtiState(OrmBase, table=True):
    """One row is one login that waits for its launch; the launch deletes it, so no token is accepted twice."""

    __tablename__ = "lti_state"
    __table_args__ = table_args(Index("ix_lti_state_expires_at", "expires_at"))

    mark: bytes = Field(sa_column=Column(LargeBinary, primary_key=True))
    """The digest of the state."""
    school_id: int = Field(sa_column=references("school"))
    registration_id: int = Field(sa_column=references("lti_registration"))
    nonce: str = Field(sa_column=text_column())
    target: str = Field(sa_column=text_column())
    storage_mark: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    """The digest of what the browser keeps in the platform's storage, where the platform has one."""
    expires_at: dt.datetime = Field(sa_column=timestamptz())


class LtiUnknown(OrmBase, table=True):
    """One row is a deployment, person or class that a platform named in a valid launch and the school does not know."""

    __tablename__ = "lti_unknown"
    __table_args__ = table_args(
        UniqueConstraint("registration_id", "kind", "name"),
        enum_check("kind", UnknownKind),
    )

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    registration_id: int = Field(sa_column=references("lti_registration"))
    kind: str = Field(sa_column=text_column())
    name: str = Field(sa_column=text_column())
    """The deployment's id, or `issuer|id` of a person or class, as the alias will be called."""
    label: str = Field(default="", sa_column=text_column(default=""))
    """What the platform calls a class; "" for a person, whose name is not asked for."""
    count: int = Field(default=1, sa_column=Column(BigInteger, nullable=False, server_default="1"))
    first_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
    last_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))


class LtiCourse(OrmBase, table=True):
    """One row is one course of a platform that somebody opened Souschef from: its services, and its class here."""

    __tablename__ = "lti_course"
    __table_args__ = table_args(UniqueConstraint("registration_id", "name"))

    id: int | None = Field(default=None, sa_column=identity())
    school_id: int = Field(sa_column=references("school"))
    registration_id: int = Field(sa_column=references("lti_registration"))
    name: str = Field(sa_column=text_column())
    """The platform's id of the course."""
    title: str = Field(default="", sa_column=text_column(default=""))
    sourced_id: str = Field(default="", sa_column=text_column(default=""))
    """The roster's name of the class, as the platform knows it; "" where it does not."""
    class_id: int | None = Field(default=None, sa_column=references("class", null=True))
    members_url: str = Field(default="", sa_column=text_column(default=""))
    """Where the platform lists who is in the course; "" where it does not."""
    items_url: str = Field(default="", sa_column=text_column(default=""))
    """Where the platform lists the columns of the course's gradebook; "" where it does not."""
    item_url: str = Field(default="", sa_column=text_column(default=""))
    """Our own column there; "" before the first score."""
    failure: str = Field(default="", sa_column=text_column(default=""))
    """The code with which a service failed last; "" after it worked."""
    failed_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(null=True))
    seen_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
    """When somebody last opened Souschef there, to the day."""


class LtiScore(OrmBase, table=True):
    """One row is what was last sent to a platform of a student in a course: how many tasks of which week are done."""

    __tablename__ = "lti_score"
    __table_args__ = table_args(
        PrimaryKeyConstraint("course_id", "person_id"), Index("ix_lti_score_person_id", "person_id")
    )

    course_id: int = Field(sa_column=references("lti_course"))
    person_id: int = Field(sa_column=references("person"))
    school_id: int = Field(sa_column=references("school"))
    week: dt.date = Field(sa_column=Column(Date, nullable=False))
    """The week's Monday."""
    done: int = Field(sa_column=Column(Integer, nullable=False))
    sent_at: dt.datetime | None = Field(default=None, sa_column=timestamptz(now=True))
