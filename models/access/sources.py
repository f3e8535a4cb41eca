"""Sources, their settings, and their credentials, which are derived and not stored.

A secret is HMAC-SHA256 of the installation's secret key over the source's id and generation: a copy of the database
gives no access, and signed webhooks, which need the secret itself and not a hash, work without a stored one.
"""

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from config.time_zones import UnknownTimeZoneError, time_zone
from lms.facts import SourceRules
from lms.formats import FORMATS
from models import clock
from models.access import schools, source_keys
from models.access.schools import SchoolKey
from models.rows import execute
from models.tables import School, Source

PAGES = "souschef-pages"
"""The name of the source of our own pages."""
COMMAND_LINE = "souschef-command-line"
"""The name of the source of a teacher's overrides that are set at the command line."""
ROTATION_GRACE = dt.timedelta(days=7)


class SourceNotFoundError(ValueError):
    """There is no such source."""


class SourceExistsError(ValueError):
    """There is already a source of that name, with another format or revoked."""

    def __init__(self, source: Source) -> None:
        what = "was revoked" if source.revoked_at is not None else f"has the format {source.format}"
        super().__init__(f"There is a source {source.name} already, and it {what}: choose another name.")
        self.name = source.name


@dataclass(frozen=True, slots=True)
class Sender:
    """An authenticated source, as the API needs it."""

    source_id: int
    school_id: int
    name: str
    format: str
    rules: SourceRules


@dataclass(frozen=True, slots=True)
class Credential:
    """What an operator configures a sender with; printed once."""

    source: str
    school: str
    format: str
    key: str
    secret: str

    @property
    def webhook_secret(self) -> str:
        """Return the secret as the libraries of Standard Webhooks read it: `whsec_` and the base64 of the key.

        Source: Standard Webhooks 1.0, "Signature scheme".
        """
        return f"whsec_{base64.b64encode(self.secret.encode()).decode()}"


def add(
    session: Session,
    name: str,
    *,
    format: str,  # noqa: A002 - the word that operators and the table use
    secret_key: bytes,
    school: str | None = None,
    surveys: Collection[str] = (),
) -> Credential:
    """Add a source, or add surveys to one that exists; return its credential, which stays the same.

    Args:
        session: an open transaction.
        name: unique in the school.
        format: a name in `lms.formats`.
        secret_key: the installation's.
        school: the school's ref; may be left out where there is one school.
        surveys: the survey ids that may be read.

    Raises:
        UnresolvedSchoolError: no such school, or several and no ref.
        SourceExistsError: it exists with another format, or is revoked.
    """
    owner = schools.resolve(session, school)
    source = session.exec(select(Source).where(Source.school_id == owner.id, Source.name == name)).one_or_none()
    if source is None:
        source = Source(school_id=owner.id, name=name, format=format, surveys=sorted(surveys))
    elif source.format != format or source.revoked_at is not None:
        raise SourceExistsError(source)
    else:
        source.surveys = sorted(set(source.surveys) | set(surveys))
    session.add(source)
    session.flush()
    return _credential(source, school=owner.ref, secret_key=secret_key)


def exists(session: Session, name: str, *, school: str | None = None) -> bool:
    """Whether a school has a source of this name.

    Raises:
        UnresolvedSchoolError: no such school, or several and no ref.
    """
    owner = schools.resolve(session, school)
    found = select(Source.id).where(Source.school_id == owner.id, Source.name == name)
    return session.exec(found).first() is not None


def rotate(session: Session, name: str, *, secret_key: bytes, school: str | None = None) -> Credential:
    """Give a source a new secret; the old one stays valid for a week, so that no event is refused meanwhile."""
    source, owner = find_source(session, name, school=school)
    source.generation += 1
    source.previous_until = clock.now(session) + ROTATION_GRACE
    session.add(source)
    session.flush()
    return _credential(source, school=owner.ref, secret_key=secret_key)


def revoke(session: Session, name: str, *, school: str | None = None) -> None:
    """Refuse a source from now on; its facts stay."""
    source, _ = find_source(session, name, school=school)
    source.revoked_at = clock.now(session)
    session.add(source)
    session.flush()


def credential(session: Session, name: str, *, secret_key: bytes, school: str | None = None) -> Credential:
    """Return the current credential of a source, for commands that send on its behalf."""
    source, owner = find_source(session, name, school=school)
    return _credential(source, school=owner.ref, secret_key=secret_key)


def find_source(session: Session, name: str, *, school: str | None = None) -> tuple[Source, SchoolKey]:
    """Return a source and its school.

    Raises:
        SourceNotFoundError: there is none of this name.
        UnresolvedSchoolError: no such school, or several and no ref.
    """
    owner = schools.resolve(session, school)
    source = session.exec(select(Source).where(Source.school_id == owner.id, Source.name == name)).one_or_none()
    if source is None:
        raise SourceNotFoundError(
            f"School {owner.ref} has no source named {name}.", "`souschef source list` prints their names."
        )
    return source, owner


def list_sources(session: Session) -> list[tuple[str, Source]]:
    """Return (school ref, source) of every source, by school and name."""
    statement = select(School.ref, Source).where(Source.school_id == School.id).order_by(School.ref, Source.name)
    return list(session.exec(statement).all())


def credential_ages(session: Session) -> list[tuple[str, str, dt.timedelta]]:
    """Return (school ref, source, age of its secret) of every source that is not revoked, oldest first."""
    now = clock.now(session)
    ages = [
        (school, source.name, now - made)
        for school, source in list_sources(session)
        if (made := _made_at(source)) is not None
    ]
    return sorted(ages, key=lambda each: (-each[2], each[:2]))


def _made_at(source: Source) -> dt.datetime | None:
    """Return when a source's secret was made: with the source, or at its last rotation."""
    if source.revoked_at is not None:
        return None
    return source.created_at if source.previous_until is None else source.previous_until - ROTATION_GRACE


def sender_of_pages(session: Session, school_id: int) -> Sender:
    """Return the source under which Souschef's own pages write what students do."""
    return _own_sender(session, school_id, PAGES)


def sender_of_command_line(session: Session, school_id: int) -> Sender:
    """Return the source under which the command line writes a teacher's overrides."""
    return _own_sender(session, school_id, COMMAND_LINE)


def _own_sender(session: Session, school_id: int, name: str) -> Sender:
    """Return one of our own sources; it is made at its first use, also if two make it at once."""
    wanted = select(Source).where(Source.school_id == school_id, Source.name == name)
    source = session.exec(wanted).one_or_none()
    if source is None:
        new = {"school_id": school_id, "name": name, "format": "canonical", "settings": {}}
        session.exec(insert(Source).values(new).on_conflict_do_nothing())
        source = session.exec(wanted).one()
    return sender_of(source)


def authenticate(session: Session, *, key: str, secret: str, secret_key: bytes) -> Sender | None:
    """Return the sender whose key and secret these are, or None."""
    number = source_keys.source_of(key)
    if number is None:
        return None
    # A row of the same columns: each request asks, and to make the object takes longer than to ask.
    statement = "SELECT * FROM souschef.source WHERE id = :id"
    source: Any = execute(session, statement, {"id": number}).one_or_none()
    if source is None:
        return None
    matches = [
        hmac.compare_digest(live.encode(), secret.encode()) for live in live_secrets(session, source, secret_key)
    ]
    return sender_of(source) if any(matches) else None


def webhook_candidates(
    session: Session, *, formats: Collection[str], secret_key: bytes
) -> list[tuple[Sender, list[str]]]:
    """Return every live source of the formats with its live secrets, for a signature that names no key."""
    wanted = select(Source).where(col(Source.format).in_(formats), col(Source.revoked_at).is_(None))
    rows = session.exec(wanted).all()
    return [(sender_of(source), live_secrets(session, source, secret_key)) for source in rows]


def live_settings(session: Session, *, formats: Collection[str]) -> list[tuple[Sender, dict[str, Any]]]:
    """Return every live source of the formats with its settings, for a signature whose keys they name."""
    wanted = select(Source).where(col(Source.format).in_(formats), col(Source.revoked_at).is_(None))
    return [(sender_of(source), source.settings) for source in session.exec(wanted).all()]


def live_secrets(session: Session, source: Source, secret_key: bytes) -> list[str]:
    """Return the secrets that are valid now: none when revoked, two in the week after a rotation."""
    if source.revoked_at is not None:
        return []
    live = [secret(source, source.generation, secret_key)]
    if source.previous_until is not None and source.generation > 1 and source.previous_until > clock.now(session):
        live.append(secret(source, source.generation - 1, secret_key))
    return live


def secret(source: Source, generation: int, secret_key: bytes) -> str:
    """Return the secret of one generation of a source: 43 characters, URL-safe."""
    message = f"souschef source {source.id} generation {generation}".encode()
    return base64.urlsafe_b64encode(hmac.new(secret_key, message, hashlib.sha256).digest()).decode().rstrip("=")


def zone_of(name: str | None) -> dt.tzinfo:
    """Return the time zone of a source's times that name none; UTC where none is set."""
    return dt.UTC if name is None else time_zone(name)


def sender_of(source: Source) -> Sender:
    """Return the sender of a source's row."""
    rules = SourceRules(frozenset(source.surveys), zone_of(source.settings.get("timezone")))
    return Sender(_id(source.id), source.school_id, source.name, source.format, rules)


def _credential(source: Source, *, school: str, secret_key: bytes) -> Credential:
    key = source_keys.key_of(source.id)
    return Credential(source.name, school, source.format, key, secret(source, source.generation, secret_key))


def _id(value: int | None) -> int:
    if value is None:  # Only a row that was never flushed has none.
        raise SourceNotFoundError("The source is not in the database yet.")
    return value


class InvalidSourceSettingError(ValueError):
    """There is no setting of this name, or its value is invalid."""


def change_settings(
    session: Session, name: str, settings: Sequence[str], *, school: str | None = None
) -> dict[str, Any]:
    """Change settings of a source, each given as KEY=VALUE, and return all of them; an empty value removes one.

    Raises:
        InvalidSourceSettingError: nothing was changed.
        SourceNotFoundError: no such source.
    """
    new = dict(_parse_setting(each) for each in settings)
    source, _ = find_source(session, name, school=school)
    wrong = sorted(key for key in new if source.format not in SETTINGS[key][0])
    if wrong:
        raise InvalidSourceSettingError(f"A source of the format {source.format} has no setting {', '.join(wrong)}.")
    merged = {**source.settings, **new}
    source.settings = {key: value for key, value in merged.items() if value is not None}
    session.add(source)
    session.flush()
    return source.settings


def _parse_setting(setting: str) -> tuple[str, Any]:
    key, equals, value = setting.partition("=")
    if not equals:
        raise InvalidSourceSettingError(
            f"{setting} is no setting: write KEY=VALUE, such as jwks_url=https://keys.example/jwks."
        )
    if key not in SETTINGS:
        raise InvalidSourceSettingError(f"There is no setting {key}; there are {', '.join(sorted(SETTINGS))}.")
    return key, SETTINGS[key][1](value) if value else None


def _parse_jwks_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname, parts.port
        (host or "").encode("idna").decode("idna")  # a host that no name server could know is refused
    except ValueError:
        host = None
    if host is None or parts.scheme != "https" or parts.username is not None or any(map(str.isspace, value)):
        raise InvalidSourceSettingError(
            "jwks_url must be an https:// address: anyone who can change the key set could sign any event."
        )
    return value


def _parse_accounts(value: str) -> list[str]:
    found = sorted({name.strip() for name in value.split(",")} - {""})
    if not found:
        raise InvalidSourceSettingError("root_accounts names no account: write their UUIDs, separated by commas.")
    return found


def _parse_timezone(value: str) -> str:
    try:
        return time_zone(value).key
    except UnknownTimeZoneError as error:
        raise InvalidSourceSettingError(str(error)) from None


SETTINGS: Mapping[str, tuple[tuple[str, ...], Callable[[str], Any]]] = {
    "timezone": (tuple(FORMATS), _parse_timezone),
    "jwks_url": (("canvas",), _parse_jwks_url),
    "root_accounts": (("canvas",), _parse_accounts),
}
"""Name -> (formats that have it, parser of its value)."""
