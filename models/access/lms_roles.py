"""Create and audit the PostgreSQL role of a school's LMS: it reads the contract, writes the outbox and nothing else."""

import datetime as dt
import hashlib
import re
import secrets
from dataclasses import dataclass

from psycopg import sql
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ProgrammingError
from sqlmodel import Session

from config.errors import OperatorError
from models.access import schools
from models.rows import execute, fetch
from models.tables import Login

PREFIX = "souschef_lms_"
MAX_NAME_LENGTH = 63 - len(PREFIX)
"""PostgreSQL truncates longer names without an error."""
MAX_CONNECTIONS = 20
IDLE_TIMEOUT = "10min"
"""A transaction that an LMS leaves open keeps dead rows of every table from being vacuumed."""
CLIENT_CHECK = "10s"
"""How soon a query ends whose client is gone; by default never before it has a row to send."""

_SETTINGS = {"idle_in_transaction_session_timeout": IDLE_TIMEOUT, "client_connection_check_interval": CLIENT_CHECK}


class InvalidLoginError(OperatorError):
    """The role of a school's LMS cannot be created or rotated."""


@dataclass(frozen=True, slots=True)
class LmsCredential:
    """The credential of an LMS, shown once; its password is not stored."""

    school: str
    role: str
    url: str
    rotated: bool
    """Whether the role had a password before, which is void from now on."""


@dataclass(frozen=True, slots=True)
class LmsRoleAudit:
    """What the role of one school's LMS may do."""

    school: str
    role: str
    there: bool
    enough: bool
    """It may log in, read every view and write to the outbox."""
    too_much: bool
    """It bypasses row security, or may read more than the contract."""


def create_or_rotate(session: Session, school: str, *, url: str) -> LmsCredential:
    """Create the role of a school's LMS, or give it a new password; the old one is void at once.

    Args:
        session: an open transaction of a role that may create roles.
        school: the school's ref.
        url: the database's address, from which host, port and database are taken.

    Raises:
        UnresolvedSchoolError: no such school.
        InvalidLoginError: no right to create roles, or a role of that name belongs to another database.
    """
    owner = schools.resolve(session, school)
    login = session.get(Login, owner.id)
    role = role_of(school) if login is None else login.role
    exists = _exists(session, role)
    if exists and login is None:
        raise InvalidLoginError(
            f"There is already a role {role}, which is not of this database but perhaps of another installation.",
            f"Rename it, or drop it where nobody uses it: DROP ROLE {role}.",
        )
    password = secrets.token_urlsafe(32)
    _write_role(session, role, password, new=not exists)
    _grant(session, role)
    execute(
        session,
        """
            INSERT INTO souschef.lms_login (school_id, role) VALUES (:school, :role)
            ON CONFLICT (school_id) DO UPDATE SET rotated_at = (SELECT souschef.clock())
        """,
        {"school": owner.id, "role": role},
    )
    return LmsCredential(school, role, _address(make_url(url), role, password), exists)


def password_ages(session: Session) -> list[tuple[str, str, dt.timedelta]]:
    """Return (school ref, role, age of its password) of every LMS's login, oldest first."""
    statement = """
        SELECT school.ref, role, (SELECT souschef.clock()) - rotated_at
          FROM souschef.lms_login JOIN souschef.school ON school.id = school_id ORDER BY 3 DESC, 1
    """
    return [(school, role, age) for school, role, age in execute(session, statement)]


def audit_roles(session: Session) -> list[LmsRoleAudit]:
    """Return what the role of every LMS may do, by school: roles belong to the server, and no dump contains them."""
    statement = """
        SELECT school.ref AS school, login.role, role.oid IS NOT NULL AS there,
               role.oid IS NOT NULL AND role.rolcanlogin AND has_schema_privilege(role.oid, 'lms', 'USAGE')
                 AND has_column_privilege(role.oid, 'lms.event_outbox', 'event', 'INSERT')
                 AND (SELECT bool_and(has_table_privilege(role.oid, view.oid, 'SELECT'))
                        FROM pg_class AS view WHERE relnamespace = 'lms'::regnamespace AND relkind = 'v') AS enough,
               role.oid IS NOT NULL
                 AND (rolsuper OR rolbypassrls OR rolcreaterole
                      OR has_schema_privilege(role.oid, 'souschef', 'USAGE')) AS too_much
          FROM souschef.lms_login AS login JOIN souschef.school ON school.id = login.school_id
          LEFT JOIN pg_roles AS role ON role.rolname = login.role
         ORDER BY school.ref
    """
    return fetch(session, LmsRoleAudit, statement)


def role_of(school: str) -> str:
    """Return the name of a school's role: its ref where that is a plain name, else its plain letters and a digest."""
    if re.fullmatch(r"[a-z0-9_]+", school) and len(school) <= MAX_NAME_LENGTH:
        return PREFIX + school
    plain = re.sub(r"[^a-z0-9]+", "_", school.lower())[: MAX_NAME_LENGTH - 9].strip("_")
    return f"{PREFIX}{plain}_{hashlib.sha256(school.encode()).hexdigest()[:8]}"


def _exists(session: Session, role: str) -> bool:
    found = execute(session, "SELECT FROM pg_roles WHERE rolname = :role", {"role": role})
    return found.first() is not None


def _write_role(session: Session, role: str, password: str, *, new: bool) -> None:
    driver = session.connection().connection.driver_connection
    if driver is None:
        raise InvalidLoginError("The database's connection is gone.", "Try again.")
    # Hashed here, so that the server's log of statements never holds a password.
    verifier = driver.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode()
    statement = sql.SQL(
        "{verb} ROLE {role} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT NOREPLICATION NOBYPASSRLS "
        "CONNECTION LIMIT {most} PASSWORD {verifier}"
    ).format(
        verb=sql.SQL("CREATE" if new else "ALTER"),
        role=sql.Identifier(role),
        most=sql.Literal(MAX_CONNECTIONS),
        verifier=sql.Literal(verifier),
    )
    try:
        with session.begin_nested():
            session.connection().exec_driver_sql(statement.as_string(driver).replace("%", "%%"))
            for name, value in _SETTINGS.items():
                session.connection().exec_driver_sql(f"ALTER ROLE \"{role}\" SET {name} = '{value}'")
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != "42501":
            raise
        raise InvalidLoginError(
            "The database's user may not create roles.",
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
