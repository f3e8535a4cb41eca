"""Who may send: sources, and the credentials that are derived rather than stored.

A secret is HMAC-SHA256 of the installation's secret key over the source's id and generation, so a copy of the database
opens no door, and signed webhooks (which need the secret itself, not a hash) work without keeping any.
"""

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session, col, select

from lms.facts import SourceRules
from models import clock
from models.tables import School, Source

KEY_PREFIX = "souschef-"
LONGEST_KEY = 28
ROTATION_GRACE = dt.timedelta(days=7)


class SourceUnknown(ValueError):  # noqa: N818 - it is told as what is wrong
    """There is no such source, or no such school."""


class SourceTaken(ValueError):  # noqa: N818 - it is told as what is wrong
    """There is a source of that name already, which speaks another format or was revoked."""

    def __init__(self, source: Source) -> None:
        what = "was revoked" if source.revoked_at is not None else f"speaks {source.format}"
        super().__init__(f"There is a source {source.name} already, and it {what}: choose another name.")
        self.name = source.name


@dataclass(frozen=True, slots=True)
class Sender:
    """An authenticated source, as the door needs it."""

    source_id: int
    school_id: int
    name: str
    format: str
    rules: SourceRules


@dataclass(frozen=True, slots=True)
class Credential:
    """What a sender is configured with; printed once."""

    source: str
    school: str
    format: str
    key: str
    secret: str


def add(
    session: Session,
    name: str,
    *,
    format: str,  # noqa: A002 - the word that operators and the table use
    secret_key: bytes,
    school: str | None = None,
    surveys: Collection[str] = (),
) -> Credential:
    """Make a source and return its credential; where it exists, let it send these surveys too, and keep its credential.

    Args:
        session: an open transaction.
        name: unique in the school.
        format: a name in `lms.formats`.
        secret_key: the installation's.
        school: the school's ref; may be left out where there is one school.
        surveys: the survey ids that may be read.

    Raises:
        SourceUnknown: no such school, or several and none named.
        SourceTaken: it exists, and speaks another format or was revoked.
    """
    owner = school_of(session, school)
    source = session.exec(select(Source).where(Source.school_id == owner.id, Source.name == name)).one_or_none()
    if source is None:
        source = Source(school_id=_id(owner.id), name=name, format=format, surveys=sorted(surveys))
    elif source.format != format or source.revoked_at is not None:
        raise SourceTaken(source)
    else:
        source.surveys = sorted(set(source.surveys) | set(surveys))
    session.add(source)
    session.flush()
    return _credential(source, school=owner.ref, secret_key=secret_key)


def is_there(session: Session, name: str, *, school: str | None = None) -> bool:
    """Whether a school has a source of this name.

    Raises:
        SourceUnknown: no such school, or several and none named.
    """
    owner = school_of(session, school)
    found = select(Source.id).where(Source.school_id == owner.id, Source.name == name)
    return session.exec(found).first() is not None


def rotate(session: Session, name: str, *, secret_key: bytes, school: str | None = None) -> Credential:
    """Give a source a new secret; the old one stays good for a week, so that no event is refused meanwhile."""
    source, owner = named(session, name, school=school)
    source.generation += 1
    source.previous_until = clock.now(session) + ROTATION_GRACE
    session.add(source)
    session.flush()
    return _credential(source, school=owner.ref, secret_key=secret_key)


def revoke(session: Session, name: str, *, school: str | None = None) -> None:
    """Close the door for a source, at once; its facts stay."""
    source, _ = named(session, name, school=school)
    source.revoked_at = clock.now(session)
    session.add(source)
    session.flush()


def credential(session: Session, name: str, *, secret_key: bytes, school: str | None = None) -> Credential:
    """Return the credential in force of a source, for commands that send on its behalf."""
    source, owner = named(session, name, school=school)
    return _credential(source, school=owner.ref, secret_key=secret_key)


def named(session: Session, name: str, *, school: str | None = None) -> tuple[Source, School]:
    """Return a source and its school.

    Raises:
        SourceUnknown: there is none of this name.
    """
    owner = school_of(session, school)
    source = session.exec(select(Source).where(Source.school_id == owner.id, Source.name == name)).one_or_none()
    if source is None:
        raise SourceUnknown(f"School {owner.ref} has no source named {name}.")
    return source, owner


def listed(session: Session) -> list[tuple[str, Source]]:
    """Return (school ref, source) of every source, by school and name."""
    statement = select(School.ref, Source).where(Source.school_id == School.id).order_by(School.ref, Source.name)
    return list(session.exec(statement).all())


def ages(session: Session) -> list[tuple[str, str, dt.timedelta]]:
    """Return (school ref, source, age) of the secret in force of every source that is not revoked, oldest first."""
    now = clock.now(session)
    found = [
        (school, source.name, now - made)
        for school, source in listed(session)
        if (made := _made_at(source)) is not None
    ]
    return sorted(found, key=lambda each: (-each[2], each[:2]))


def _made_at(source: Source) -> dt.datetime | None:
    """Return when a source's secret was made: with the source, or at its last rotation."""
    if source.revoked_at is not None:
        return None
    return source.created_at if source.previous_until is None else source.previous_until - ROTATION_GRACE


def authenticate(session: Session, *, key: str, secret: str, secret_key: bytes) -> Sender | None:
    """Return the sender whose key and secret these are, or None."""
    if not key.startswith(KEY_PREFIX) or not key[len(KEY_PREFIX) :].isdecimal() or len(key) > LONGEST_KEY:
        return None
    source = session.get(Source, int(key[len(KEY_PREFIX) :]))
    if source is None:
        return None
    good = [hmac.compare_digest(live.encode(), secret.encode()) for live in live_secrets(session, source, secret_key)]
    return _sender(source) if any(good) else None


def webhook_candidates(
    session: Session, *, formats: Collection[str], secret_key: bytes
) -> list[tuple[Sender, list[str]]]:
    """Return every live source of the formats with its live secrets, for a signature that names no key."""
    wanted = select(Source).where(col(Source.format).in_(formats), col(Source.revoked_at).is_(None))
    rows = session.exec(wanted).all()
    return [(_sender(source), live_secrets(session, source, secret_key)) for source in rows]


def live_secrets(session: Session, source: Source, secret_key: bytes) -> list[str]:
    """Return the secrets that open the door now: none when revoked, two within the grace of a rotation."""
    if source.revoked_at is not None:
        return []
    live = [secret(source, source.generation, secret_key)]
    if source.previous_until is not None and source.generation > 1:
        now = clock.now(session)
        if source.previous_until > now:
            live.append(secret(source, source.generation - 1, secret_key))
    return live


def secret(source: Source, generation: int, secret_key: bytes) -> str:
    """Return the secret of one generation of a source: 43 characters, URL-safe."""
    message = f"souschef source {source.id} generation {generation}".encode()
    return base64.urlsafe_b64encode(hmac.new(secret_key, message, hashlib.sha256).digest()).decode().rstrip("=")


def _sender(source: Source) -> Sender:
    rules = SourceRules(surveys=frozenset(source.surveys))
    return Sender(_id(source.id), source.school_id, source.name, source.format, rules)


def _credential(source: Source, *, school: str, secret_key: bytes) -> Credential:
    key = f"{KEY_PREFIX}{source.id}"
    return Credential(source.name, school, source.format, key, secret(source, source.generation, secret_key))


def school_of(session: Session, ref: str | None) -> School:
    """Return the school of this ref; without one the only school that there is.

    Raises:
        SourceUnknown: there is none, or several and none is named.
    """
    schools = session.exec(select(School) if ref is None else select(School).where(School.ref == ref)).all()
    if len(schools) == 1:
        return schools[0]
    if ref is not None:
        raise SourceUnknown(f"There is no school {ref}: load a roster first.")
    if not schools:
        raise SourceUnknown("There is no school yet: load a roster first.")
    raise SourceUnknown(f"There are {len(schools)} schools: name one with --school.")


def _id(value: int | None) -> int:
    if value is None:  # Only a row that was never flushed has none.
        raise SourceUnknown("The row is not in the database yet.")
    return value
