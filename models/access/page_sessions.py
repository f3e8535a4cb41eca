"""Who has a page open: sessions, and who a launch is about."""

import datetime as dt
import hmac
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields

from sqlalchemy import update
from sqlmodel import Session, col, select

from models import clock
from models.access import lti_courses, lti_unknown
from models.access.lti import digest
from models.rows import among, change, execute
from models.students import people
from models.tables import Class, PageSession, Person
from models.tables.pages import PageRole
from models.tables.people import AliasKind

BY_LINK = "link-"
"""How the launch of a session begins that a signed link has opened: there is no course to go back to."""
HOURS = 8
"""How long a page stays open."""
CLAIM_MINUTES = 5
"""How long a session waits for the window that opens it, where the frame's cookie was lost."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session: what stands in its address, and what only its cookie holds."""

    launch: str
    secret: str


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whose page is open, and what they may see."""

    session_id: int
    launch: str
    school_id: int
    school_ref: str
    person_id: int
    person_ref: str
    role: PageRole
    class_id: int | None
    class_ref: str | None
    course_id: int | None
    """The course whose class the teacher still has to say."""
    frames: tuple[str, ...]
    """Origins that may show the page in a frame."""
    languages: tuple[str | None, ...]
    """What was chosen on the page, the person's own, the class's: the first one counts."""
    school_language: str
    time_zone: str | None
    """The school's, in which its pages show times; None is UTC."""


def open_session(  # noqa: PLR0913 - the columns of a row
    session: Session,
    *,
    school_id: int,
    person_id: int,
    role: PageRole,
    class_id: int | None = None,
    registration_id: int | None = None,
    link_id: int | None = None,
    course_id: int | None = None,
    waiting: bool = False,
    storage_mark: bytes | None = None,
) -> Opened:
    """Open a person's pages; one that is `waiting` for its window lasts only minutes until it is claimed.

    `storage_mark`: the digest of the secret with which it can be claimed, where the browser has that secret already.
    `course_id`: the course whose class the teacher still has to say.
    """
    lasting = dt.timedelta(minutes=CLAIM_MINUTES) if waiting else dt.timedelta(hours=HOURS)
    launch = ("" if link_id is None else BY_LINK) + secrets.token_urlsafe(12)
    opened = Opened(launch, secrets.token_urlsafe(32))
    session.add(
        PageSession(
            school_id=school_id,
            launch=opened.launch,
            mark=storage_mark or digest(opened.secret),
            person_id=person_id,
            role=role,
            class_id=class_id,
            registration_id=registration_id,
            link_id=link_id,
            course_id=course_id,
            expires_at=clock.now(session) + lasting,
        )
    )
    session.flush()
    return opened


def claim(session: Session, launch: str, secret: str) -> Opened | None:
    """Give a waiting session to the window that knows its secret, under a new secret: it can be claimed once."""
    statement = """
        UPDATE souschef.page_session
           SET mark = :new, expires_at = (SELECT souschef.clock()) + make_interval(hours => :h)
         WHERE launch = :launch AND mark = :mark AND expires_at > (SELECT souschef.clock())
    """
    opened = Opened(launch, secrets.token_urlsafe(32))
    parameters = {"launch": launch, "mark": digest(secret), "new": digest(opened.secret), "h": HOURS}
    return opened if execute(session, statement, parameters).rowcount == 1 else None


def visitor(session: Session, launch: str, secret: str) -> Visitor | None:
    """Return whose page a session has open; None where it has ended, or the secret is not its own."""
    statement = """
        SELECT s.id AS session_id, s.launch, s.mark, s.school_id, school.ref AS school_ref, s.person_id,
               person.ref AS person_ref, s.role, s.class_id, class.ref AS class_ref,
               s.course_id, coalesce(registration.frames, '[]') AS frames, school.language AS school_language,
               school.timezone AS time_zone,
               ARRAY[s.language, person.language, coalesce(class.language, now_in.language)] AS languages
          FROM souschef.page_session AS s
          JOIN souschef.school ON school.id = s.school_id
          JOIN souschef.person ON person.id = s.person_id AND person.active
          LEFT JOIN souschef.class ON class.id = s.class_id
          LEFT JOIN souschef.lti_registration AS registration ON registration.id = s.registration_id
          LEFT JOIN LATERAL (
            SELECT own.language FROM souschef.current_enrolment AS current
              JOIN souschef.class AS own ON own.id = current.class_id
             WHERE s.role = 'student' AND current.student_id = person.id
             ORDER BY current.began_at DESC, current.class_id LIMIT 1) AS now_in ON true
         WHERE s.launch = :launch AND s.expires_at > (SELECT souschef.clock())
    """
    row = execute(session, statement, {"launch": launch}).mappings().one_or_none()
    if row is None or not hmac.compare_digest(bytes(row["mark"]), digest(secret)):
        return None
    values = {each.name: row[each.name] for each in fields(Visitor)}
    lists = {"frames": tuple(row["frames"]), "languages": tuple(row["languages"])}
    return Visitor(**{**values, **lists, "role": PageRole(row["role"])})


def choose_language(session: Session, session_id: int, language: str) -> None:
    """Keep the language that a visitor has chosen on a page."""
    change(session, update(PageSession).where(col(PageSession.id) == session_id).values(language=language))


def of_browser(session: Session, cookies: Mapping[str, str]) -> list[PageSession]:
    """Return the sessions whose secrets a browser holds, the newest first."""
    wanted = select(PageSession).where(col(PageSession.launch).in_(sorted(cookies)))
    found = [row for row in session.exec(wanted).all() if row.mark == digest(cookies[row.launch])]
    return sorted(found, key=lambda row: row.id or 0, reverse=True)


def end(session: Session, launches: Collection[str]) -> None:
    """End sessions at once."""
    for row in session.exec(select(PageSession).where(col(PageSession.launch).in_(sorted(launches)))).all():
        session.delete(row)
    session.flush()


def forget_ended(session: Session, school_id: int) -> int:
    """Delete a school's sessions, links and invitations whose time is over; return how many."""
    count = 0
    for table in ("page_session", "page_link", "lti_invite"):
        statement = f"""
            DELETE FROM souschef.{table} WHERE school_id = :school AND expires_at < (SELECT souschef.clock())
        """  # noqa: S608 - our own names
        count += execute(session, statement, {"school": school_id}).rowcount
    return count


def person(session: Session, school_id: int, names: Sequence[str], *, ending: str | None = None) -> Person | None:
    """Return the active person of a launch by its names: its own (`issuer|subject`) first, then stronger ones.

    `ending`: how one more name of the person ends. A name of its own that is new is learned from the others; it never
    moves to another person. None where no name is known, or two mean
    different people.
    """
    ids = people.resolve_names(session, school_id, AliasKind.PERSON, names)
    if ending is not None and names[0] not in ids:
        ids |= people.names_ending(session, school_id, ending)
    if len(set(ids.values())) != 1:
        return None
    [found] = set(ids.values())
    if names[0] not in ids and not lti_unknown.learn(session, school_id, AliasKind.PERSON, names[0], found):
        return None
    row = session.get(Person, found)
    return row if row is not None and row.active else None


def class_named(session: Session, school_id: int, names: Sequence[str]) -> int | None:
    """Return the class that the first ids of several names means."""
    ids = people.resolve_names(session, school_id, AliasKind.CLASS, names)
    return next((ids[name] for name in names if name in ids), None)


def choose_class(session: Session, session_id: int, course_id: int, class_id: int) -> None:
    """Let a teacher's session, and its course from now on, be of a class."""
    own = update(PageSession).where(col(PageSession.id) == session_id)
    change(session, own.values(class_id=class_id, course_id=None))
    lti_courses.set_class(session, course_id, class_id)


def classes_taught(session: Session, person_id: int) -> dict[str, int]:
    """Return the classes, by ref, that somebody teaches now, as the roster says."""
    statement = """
        SELECT DISTINCT class.ref, class.id FROM souschef.enrolment JOIN souschef.class ON class.id = class_id
         WHERE person_id = :person AND role <> 'student' AND began_at <= (SELECT souschef.clock())
           AND (ended_at IS NULL OR ended_at > (SELECT souschef.clock())) ORDER BY class.ref
    """
    return dict(execute(session, statement, {"person": person_id}).all())


def titles_taught(session: Session, person_id: int) -> dict[str, str]:
    """Return the titles of the classes, by ref, that somebody teaches now, as the roster says."""
    taught = select(Class.ref, Class.title).where(among(Class.id, classes_taught(session, person_id).values()))
    return dict(session.exec(taught.order_by(Class.title, Class.ref)).all())
