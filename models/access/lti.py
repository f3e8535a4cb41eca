"""Platforms that may launch a school's pages: invitations, registrations, deployments, and logins that wait."""

import datetime as dt
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import delete, update
from sqlmodel import Session, col, select

from config.errors import Exit, OperatorError
from models import clock
from models.rows import change, execute, fetch_dict
from models.tables import LtiDeployment, LtiInvite, LtiRegistration, LtiState, PageSession

INVITE_HOURS = 24
INVITE_ATTEMPTS = 10
"""How often an invitation may be tried: a mistyped platform address must not cost a new invitation."""
STATE_MINUTES = 10


class NoSuchRegistrationError(OperatorError):
    """There is no registration with this number."""

    exit_code = Exit.WRONG_INPUT


class AlreadyRegisteredError(ValueError):
    """The platform has given us a client id that it has given before."""


@dataclass(frozen=True, slots=True)
class Invite:
    """An invitation that may still be used."""

    id: int
    school_id: int
    private_allowed: bool
    scores_enabled: bool


@dataclass(frozen=True, slots=True)
class Endpoints:
    """What a platform says of itself when it is registered."""

    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    product: str
    frames: tuple[str, ...]
    """Origins that may show our pages in a frame."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A registered platform, as a login, a launch and its services need it."""

    id: int
    school_id: int
    issuer: str
    client_id: str
    auth_url: str
    token_url: str
    jwks_url: str
    product: str
    frames: tuple[str, ...]
    private_allowed: bool
    scores_enabled: bool
    """Whether the number of tasks that each student did this week is sent to it."""
    match_emails: bool
    """Whether people may be known by their e-mail address."""


@dataclass(frozen=True, slots=True)
class Login:
    """A login that its launch has ended."""

    platform: Platform
    nonce: str
    target: str
    storage_mark: bytes | None
    """The digest of what the browser keeps in the platform's storage, where the platform has one."""


def digest(secret: str) -> bytes:
    """Return what is stored of a random secret: its SHA-256."""
    return hashlib.sha256(secret.encode()).digest()


def invite(session: Session, school_id: int, *, private_allowed: bool = False, scores_enabled: bool = False) -> str:
    """Make an invitation, which registers one platform within a day; return its secret, which is not stored."""
    secret = secrets.token_urlsafe(24)
    until = clock.now(session) + dt.timedelta(hours=INVITE_HOURS)
    session.add(
        LtiInvite(
            school_id=school_id,
            mark=digest(secret),
            private_allowed=private_allowed,
            scores_enabled=scores_enabled,
            expires_at=until,
        )
    )
    session.flush()
    return secret


def try_invite(session: Session, secret: str) -> Invite | None:
    """Count an attempt to use an invitation; None where it was used, has expired or was tried too often."""
    statement = """
        UPDATE souschef.lti_invite SET attempts = attempts + 1
         WHERE mark = :mark AND used_at IS NULL AND expires_at > (SELECT souschef.clock()) AND attempts < :most
        RETURNING id, school_id, private_allowed, scores_enabled
    """
    found = execute(session, statement, {"mark": digest(secret), "most": INVITE_ATTEMPTS}).one_or_none()
    return None if found is None else Invite(**found._mapping)  # noqa: SLF001 - SQLAlchemy's public name for it


def register(session: Session, invitation: Invite, endpoints: Endpoints, *, deployment: str | None) -> int | None:
    """Store a registration and use its invitation up; None where another request has used it meanwhile.

    Raises:
        AlreadyRegisteredError: the platform gave a client id twice.
    """
    unused = col(LtiInvite.id) == invitation.id, col(LtiInvite.used_at).is_(None)
    if change(session, update(LtiInvite).where(*unused).values(used_at=clock.NOW)) != 1:
        return None
    return add(
        session,
        invitation.school_id,
        endpoints,
        deployment,
        private_allowed=invitation.private_allowed,
        scores_enabled=invitation.scores_enabled,
    )


def add(
    session: Session,
    school_id: int,
    endpoints: Endpoints,
    deployment: str | None,
    *,
    private_allowed: bool = False,
    scores_enabled: bool = False,
) -> int:
    """Store a registration, with its first deployment where the platform named one; return its number.

    Raises:
        AlreadyRegisteredError: the platform gave a client id twice.
    """
    there = select(LtiRegistration.id).where(
        LtiRegistration.issuer == endpoints.issuer, LtiRegistration.client_id == endpoints.client_id
    )
    if session.exec(there).first() is not None:
        raise AlreadyRegisteredError(f"{endpoints.issuer} has registered the client id {endpoints.client_id} before.")
    values = {each.name: getattr(endpoints, each.name) for each in fields(endpoints)}
    row = LtiRegistration(
        school_id=school_id,
        private_allowed=private_allowed,
        scores_enabled=scores_enabled,
        **{**values, "frames": list(endpoints.frames)},
    )
    session.add(row)
    session.flush()
    number = int(row.id or 0)
    if deployment is not None:
        admit(session, number, school_id, deployment)
    return number


def admit(session: Session, registration: int, school_id: int, deployment: str) -> None:
    """Admit a deployment of a platform."""
    if session.get(LtiDeployment, (registration, deployment)) is None:
        session.add(LtiDeployment(registration_id=registration, name=deployment, school_id=school_id))
        session.flush()


def is_admitted(session: Session, registration: int, deployment: str) -> bool:
    """Whether the school has admitted a deployment."""
    return session.get(LtiDeployment, (registration, deployment)) is not None


def platform(session: Session, issuer: str, client_id: str | None) -> Platform | None:
    """Return the live registration of an issuer and client id; without a client id, the only one of the issuer."""
    wanted = select(LtiRegistration).where(LtiRegistration.issuer == issuer, col(LtiRegistration.revoked_at).is_(None))
    if client_id is not None:
        wanted = wanted.where(LtiRegistration.client_id == client_id)
    found = session.exec(wanted.limit(2)).all()
    return _platform(found[0]) if len(found) == 1 else None


def begin_login(  # the columns of a row
    session: Session, of: Platform, *, state: str, nonce: str, target: str, storage_mark: bytes | None = None
) -> None:
    """Store a login that waits for its launch, and drop those that have waited too long."""
    change(session, delete(LtiState).where(col(LtiState.expires_at) < clock.NOW))
    session.add(
        LtiState(
            mark=digest(state),
            school_id=of.school_id,
            registration_id=of.id,
            nonce=nonce,
            target=target,
            storage_mark=storage_mark,
            expires_at=clock.now(session) + dt.timedelta(minutes=STATE_MINUTES),
        )
    )
    session.flush()


def end_login(session: Session, state: str) -> Login | None:
    """Delete the login of a state and return it: the second launch with the same state finds none.

    The caller commits before it believes anything, so that a launch which is refused later is used up, too.
    """
    statement = """
        DELETE FROM souschef.lti_state WHERE mark = :mark
        RETURNING registration_id, nonce, target, storage_mark, expires_at > (SELECT souschef.clock()) AS in_time
    """
    found = execute(session, statement, {"mark": digest(state)}).one_or_none()
    if found is None or not found.in_time:
        return None
    row = session.get_one(LtiRegistration, found.registration_id)
    if row.revoked_at is not None:
        return None
    mark = None if found.storage_mark is None else bytes(found.storage_mark)
    return Login(_platform(row), found.nonce, found.target, mark)


def set_switches(session: Session, registration: int, *, scores: bool | None, emails: bool | None) -> None:
    """Switch on or off what a registration does beside launches; None leaves a switch as it is.

    Raises:
        NoSuchRegistrationError: there is none.
    """
    row = session.get(LtiRegistration, registration)
    if row is None:
        raise NoSuchRegistrationError(f"There is no registration {registration}.", "`souschef lti list` shows them.")
    row.scores_enabled = row.scores_enabled if scores is None else scores
    row.match_emails = row.match_emails if emails is None else emails
    session.add(row)
    session.flush()


def live(session: Session, school_id: int | None = None) -> list[Platform]:
    """Return the platforms of a school, or of all, that are registered and not revoked."""
    wanted = select(LtiRegistration).where(col(LtiRegistration.revoked_at).is_(None)).order_by(col(LtiRegistration.id))
    if school_id is not None:
        wanted = wanted.where(LtiRegistration.school_id == school_id)
    return [_platform(row) for row in session.exec(wanted).all()]


def open_invitations(session: Session) -> dict[str, int]:
    """Return how many invitations can still be used, by the school's ref."""
    statement = """
        SELECT school.ref, count(*) FROM souschef.lti_invite JOIN souschef.school ON school.id = school_id
         WHERE used_at IS NULL AND expires_at > (SELECT souschef.clock()) GROUP BY school.ref ORDER BY school.ref
    """
    return fetch_dict(session, statement)


def list_platforms(session: Session) -> list[Mapping[str, Any]]:
    """Return every registration, with its school and the deployments that are admitted."""
    statement = """
        SELECT r.id, school.ref AS school, r.product, r.issuer, r.client_id, r.created_at, r.revoked_at,
               r.scores_enabled, r.match_emails,
               ARRAY(SELECT name FROM souschef.lti_deployment AS d WHERE d.registration_id = r.id ORDER BY name)
                 AS deployments
          FROM souschef.lti_registration AS r JOIN souschef.school ON school.id = r.school_id ORDER BY r.id
    """
    return [dict(row) for row in execute(session, statement).mappings()]


def revoke(session: Session, registration: int) -> str:
    """End a registration, and every page that it has opened; return its issuer.

    Raises:
        NoSuchRegistrationError: there is none.
    """
    row = session.get(LtiRegistration, registration)
    if row is None:
        raise NoSuchRegistrationError(f"There is no registration {registration}.", "`souschef lti list` shows them.")
    row.revoked_at = row.revoked_at or clock.now(session)
    session.add(row)
    for each in session.exec(select(PageSession).where(PageSession.registration_id == registration)).all():
        session.delete(each)
    session.flush()
    return row.issuer


def has_registration(session: Session, school_id: int) -> bool:
    """Whether a school has registered a platform, or has invited one."""
    statement = """
        SELECT EXISTS (SELECT FROM souschef.lti_registration WHERE school_id = :school AND revoked_at IS NULL)
            OR EXISTS (SELECT FROM souschef.lti_invite WHERE school_id = :school)
    """
    return bool(execute(session, statement, {"school": school_id}).scalar_one())


def _platform(row: LtiRegistration) -> Platform:
    values = {each.name: getattr(row, each.name) for each in fields(Platform)}
    return Platform(**{**values, "frames": tuple(row.frames)})
