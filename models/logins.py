"""The PostgreSQL role with which one school's LMS reads the contract and writes the outbox, and can do nothing else."""

import datetime as dt
import hashlib
import re
import secrets
from dataclasses import dataclass

from psycopg import sql
from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session, select

from config.errors import Mendable
from models.tables import Login, School

PREFIX = "souschef_lms_"
LONGEST = 63 - len(PREFIX)
"""PostgreSQL cuts longer names off in silence."""
CONNECTIONS = 20
FORGOTTEN, FORGOTTEN_AFTER = "idle_in_transaction_session_timeout", "10min"
"""A transaction that an LMS forgot would keep dead rows of every table from being cleared away as long as it stood."""


class LoginRefused(Mendable):
    """A school's login cannot be made or rotated."""


@dataclass(frozen=True, slots=True)
class Given:
    """A login as it is shown once; its password is kept nowhere."""

    school: str
    role: str
    url: str
    rotated: bool
    """Whether there was one before, whose password is void from now on."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What the login of one school's LMS may."""

    school: str
    role: str
    there: bool
    enough: bool
    """It may log in, read every view and write to the outbox."""
    too_much: bool
    """No fence between schools binds it, or it may look behind the contract."""


def give(session: Session, school: str, *, url: str) -> Given:
    """Make the login of a school, or give it a new password; the old one is void at once.

    Args:
        session: an open transaction of a role that may make roles.
        school: the school's ref.
        url: the database's address, from which host, port and database are taken.

    Raises:
        LoginRefused: no such school, no right to make roles, or a role of that name that is not of this database.
    """
    owner = session.exec(select(School).where(School.ref == school)).one_or_none()
    if owner is None or owner.id is None:
        raise LoginRefused(f"There is no school {school}.", "See `souschef load`.")
    login = session.get(Login, owner.id)
    role = role_of(school) if login is None else login.role
    exists = _exists(session, role)
    if exists and login is None:
        raise LoginRefused(
            f"A role {role} is there already and not of this database, perhaps of another installation.",
            f"Rename it, or drop it where nobody uses it: DROP ROLE {role}.",
        )
    password = secrets.token_urlsafe(32)
    _write_role(session, role, password, new=not exists)
    _grant(session, role)
    session.connection().execute(
        text("""
            INSERT INTO souschef.lms_login (school_id, role) VALUES (:school, :role)
            ON CONFLICT (school_id) DO UPDATE SET rotated_at = (SELECT souschef.clock())
        """),
        {"school": owner.id, "role": role},
    )
    return Given(school, role, _address(make_url(url), role, password), exists)


def ages(session: Session) -> list[tuple[str, str, dt.timedelta]]:
    """Return (school ref, role, age of its password) of every LMS's login, oldest first."""
    statement = text("""
        SELECT school.ref, role, (SELECT souschef.clock()) - rotated_at
          FROM souschef.lms_login JOIN souschef.school ON school.id = school_id ORDER BY 3 DESC, 1
    """)
    return [(school, role, age) for school, role, age in session.connection().execute(statement)]


def judged(session: Session) -> list[Judged]:
    """Return what every LMS's login may in truth, by school: roles are the server's, and in no dump of a database."""
    statement = text("""
        SELECT school.ref, login.role, role.oid IS NOT NULL,
               role.oid IS NOT NULL AND role.rolcanlogin AND has_schema_privilege(role.oid, 'lms', 'USAGE')
                 AND has_column_privilege(role.oid, 'lms.event_outbox', 'event', 'INSERT')
                 AND (SELECT bool_and(has_table_privilege(role.oid, view.oid, 'SELECT'))
                        FROM pg_class AS view WHERE relnamespace = 'lms'::regnamespace AND relkind = 'v'),
               role.oid IS NOT NULL
                 AND (rolsuper OR rolbypassrls OR rolcreaterole OR has_schema_privilege(role.oid, 'souschef', 'USAGE'))
          FROM souschef.lms_login AS login JOIN souschef.school ON school.id = login.school_id
          LEFT JOIN pg_roles AS role ON role.rolname = login.role
         ORDER BY school.ref
    """)
    return [Judged(*row) for row in session.connection().execute(statement)]


def role_of(school: str) -> str:
    """Return the name of a school's role: its ref where that is a plain name, else what is plain of it and a digest."""
    if re.fullmatch(r"[a-z0-9_]+", school) and len(school) <= LONGEST:
        return PREFIX + school
    plain = re.sub(r"[^a-z0-9]+", "_", school.lower())[: LONGEST - 9].strip("_")
    return f"{PREFIX}{plain}_{hashlib.sha256(school.encode()).hexdigest()[:8]}"


def _exists(session: Session, role: str) -> bool:
    found = session.connection().execute(text("SELECT FROM pg_roles WHERE rolname = :role"), {"role": role})
    return found.first() is not None


def _write_role(session: Session, role: str, password: str, *, new: bool) -> None:
    driver = session.connection().connection.driver_connection
    if driver is None:
        raise LoginRefused("The database's connection is gone.", "Try again.")
    # Encrypted here, so that the server's log of statements never holds a password.
    verifier = driver.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    statement = sql.SQL(
        "{verb} ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS "
        "CONNECTION LIMIT {most} PASSWORD {verifier}"
    ).format(
        verb=sql.SQL("CREATE" if new else "ALTER"),
        role=sql.Identifier(role),
        most=sql.Literal(CONNECTIONS),
        verifier=sql.Literal(verifier),
    )
    try:
        with session.begin_nested():
            session.connection().exec_driver_sql(statement.as_string(driver).replace("%", "%%"))
            session.connection().exec_driver_sql(f"ALTER ROLE \"{role}\" SET {FORGOTTEN} = '{FORGOTTEN_AFTER}'")
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":
            raise
        raise LoginRefused(
            "The database's user may not make roles.",
            "Give it the right (ALTER ROLE ... CREATEROLE), or run this command as a user that has it.",
        ) from None


def _grant(session: Session, role: str) -> None:
    for right in (
        "USAGE ON SCHEMA lms",
        "SELECT ON ALL TABLES IN SCHEMA lms",
        "INSERT (school, source, event) ON lms.event_outbox",
    ):
        session.connection().exec_driver_sql(f'GRANT {right} TO "{role}"')


def _address(url: URL, role: str, password: str) -> str:
    return url.set(drivername="postgresql", username=role, password=password).render_as_string(hide_password=False)
