"""Signed links that open a person's pages without an LMS."""

import base64
import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

from sqlmodel import Session, select

from config.errors import Exit, OperatorError
from models import clock
from models.access import page_sessions
from models.rows import execute
from models.students import people
from models.tables import PageLink, PageSession, Person
from models.tables.pages import PageRole
from models.tables.people import AliasKind, Role

MAX_HOURS = 24 * 14


class LinkRefusedError(OperatorError):
    """The link cannot be made, or is not there."""

    exit_code = Exit.WRONG_INPUT


def make(  # each is one word of the command
    session: Session,
    school_id: int,
    ref: str,
    *,
    role: PageRole,
    hours: int,
    author: str,
    secret_key: bytes,
    class_ref: str | None = None,
) -> tuple[PageLink, str]:
    """Make a link to somebody's pages; return it and its token.

    Raises:
        LinkRefusedError: there is no such person of this role, no such class, or the hours make no sense.
    """
    if not 1 <= hours <= MAX_HOURS:
        raise LinkRefusedError(f"A link cannot be valid for {hours} hours.", f"Choose 1 to {MAX_HOURS}.")
    found = people.resolve_names(session, school_id, AliasKind.PERSON, [ref])
    whose = session.get(Person, found[ref]) if ref in found else None
    if whose is None or not whose.active or (whose.role == Role.STUDENT) != (role is PageRole.STUDENT):
        raise LinkRefusedError(f"There is no {role} {ref}.", "The roster's sourcedId is meant.")
    class_id = None if role is not PageRole.TEACHER else _class_of(session, int(whose.id or 0), class_ref)
    until = clock.now(session) + dt.timedelta(hours=hours)
    link = PageLink(
        school_id=school_id, person_id=int(whose.id or 0), role=role, class_id=class_id, author=author, expires_at=until
    )
    session.add(link)
    session.flush()
    return link, f"{link.id}.{_signature(int(link.id or 0), secret_key)}"


def live(session: Session, token: str, *, secret_key: bytes) -> PageLink | None:
    """Return the live link of a token; None where it is not signed by us, has expired or was revoked."""
    number, _, signature = token.partition(".")
    if not (number.isascii() and number.isdecimal() and len(number) <= 18):  # noqa: PLR2004 - fits bigint
        return None
    if not hmac.compare_digest(_signature(int(number), secret_key).encode(), signature.encode()):
        return None
    link = session.get(PageLink, int(number))
    in_time = link is not None and link.revoked_at is None and link.expires_at > clock.now(session)
    return link if in_time else None


def list_links(session: Session) -> list[Mapping[str, Any]]:
    """Return every link with its school and person, the latest first."""
    statement = """
        SELECT link.id, school.ref AS school, person.ref AS person, link.role, link.author, link.created_at,
               link.expires_at, link.revoked_at
          FROM souschef.page_link AS link
          JOIN souschef.school ON school.id = link.school_id
          JOIN souschef.person ON person.id = link.person_id ORDER BY link.id DESC
    """
    return [dict(row) for row in execute(session, statement).mappings()]


def revoke(session: Session, number: int) -> PageLink:
    """End a link, and every page that it has opened.

    Raises:
        LinkRefusedError: there is none.
    """
    link = session.get(PageLink, number)
    if link is None:
        raise LinkRefusedError(f"There is no link {number}.", "`souschef link list` shows them.")
    link.revoked_at = link.revoked_at or clock.now(session)
    session.add(link)
    for row in session.exec(select(PageSession).where(PageSession.link_id == number)).all():
        session.delete(row)
    session.flush()
    return link


def teachers(session: Session, school_id: int) -> list[str]:
    """Return the refs of a school's teachers who have one class now, so that a link to it needs no other word."""
    statement = """
        SELECT person.ref FROM souschef.person
          JOIN souschef.enrolment ON enrolment.person_id = person.id AND enrolment.role <> 'student'
         WHERE person.school_id = :school AND person.active AND person.role <> 'student'
           AND enrolment.began_at <= (SELECT souschef.clock())
           AND (enrolment.ended_at IS NULL OR enrolment.ended_at > (SELECT souschef.clock()))
         GROUP BY person.ref HAVING count(DISTINCT enrolment.class_id) = 1 ORDER BY person.ref
    """
    return list(execute(session, statement, {"school": school_id}).scalars())


def _class_of(session: Session, person_id: int, ref: str | None) -> int:
    taught = page_sessions.classes_taught(session, person_id)
    if ref is None and len(taught) == 1:
        return next(iter(taught.values()))
    if ref not in taught:
        refs = ", ".join(taught) or "none"
        raise LinkRefusedError(f"The roster names these classes of this teacher: {refs}.", "Name one with --class.")
    return taught[ref]


def _signature(number: int, secret_key: bytes) -> str:
    signed = hmac.new(secret_key, f"souschef page link {number}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(signed).decode().rstrip("=")
