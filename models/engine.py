"""The process's database engine, and transactions on it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import StrEnum
from functools import lru_cache, partial
from select import POLLIN, poll
from typing import Any
from weakref import WeakKeyDictionary

from psycopg import errors
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import InvalidatePoolError, OperationalError, ProgrammingError
from sqlmodel import Session

from config.errors import Exit, OperatorError
from config.settings import settings
from models.arrays import ArrayDumper
from models.pooler import Connector
from models.rows import execute


class DatabaseUnreachableError(OperatorError):
    """The database does not answer."""

    exit_code = Exit.DATABASE_UNREACHABLE


class MigrationsMissingError(OperatorError):
    """The database lacks migrations that this version of Souschef needs."""

    exit_code = Exit.MIGRATIONS_MISSING

    def __init__(self) -> None:
        super().__init__("The database lacks migrations.", "Run `souschef migrate`.")


class DatabaseRefusedError(OperatorError):
    """The database's user may not do what Souschef does."""

    exit_code = Exit.DATABASE_UNREACHABLE

    def __init__(self, error: ProgrammingError) -> None:
        first = str(error.orig).strip().splitlines()[0]
        super().__init__(
            f"The database refuses its user: {first}.",
            "Name the owner of the database and of all in it in SOUSCHEF_DATABASE_URL; docker-compose.yml makes one.",
        )


CONNECT_ARGS = {
    "connect_timeout": 3,
    "tcp_user_timeout": 8_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""A broken network is noticed within about ten seconds, not after the kernel's quarter of an hour."""
UNDEFINED_ERRORS = (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction, errors.InvalidSchemaName)
"""Errors of a database that lacks migrations: all SQL is written for the newest."""

TOO_LARGE = "54"
"""Class of SQLSTATEs for an index entry, a statement or a row beyond what PostgreSQL takes."""

LIMITS = {
    "lock_timeout": "5000",
    "client_connection_check_interval": "2000",
    "idle_in_transaction_session_timeout": "60000",
    # A host that is cut off says no goodbye: else the server would hold its locks for the minute of the line above.
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "timezone": "UTC",
    "search_path": "public",
    # Compiling a statement that reads some hundred rows takes longer than the statement.
    "jit": "off",
}
"""Settings of every connection; timeouts in milliseconds, those of TCP in seconds."""

_engines: list[Engine] = []
connectors: WeakKeyDictionary[Engine, Connector] = WeakKeyDictionary()


@lru_cache(maxsize=4)
def engine_for(url: str, *, role: str = "worker") -> Engine:
    """Return the process's engine for `url`, opened at the first use.

    A worker's statement may take 25 s, so that none outlives its task; the API stops after 4 s and answers 503. A lost
    client is noticed within 2 s, so that the locks of a killed worker are released.
    """
    sizes: dict[str, Any] = (
        {"pool_size": 16, "max_overflow": 0} if role == "door" else {"pool_size": 2, "max_overflow": 2}
    )
    limits = {**LIMITS, "statement_timeout": "4000" if role == "door" else "25000"}
    engine = create_engine(
        url,
        **sizes,
        hide_parameters=True,
        connect_args={"application_name": f"souschef {role}", **CONNECT_ARGS},
    )
    connectors[engine] = Connector(limits)
    connectors[engine].attach(engine)
    event.listen(engine, "connect", _send_arrays_in_binary)
    event.listen(engine, "checkout", partial(_check_connection, engine))
    _engines.append(engine)
    return engine


def _send_arrays_in_binary(connection: Any, _record: object) -> None:  # noqa: ANN401 - SQLAlchemy's wrapper has no type
    """Send arrays in binary: in text form, Python would escape every quote of every payload."""
    connection.adapters.register_dumper(list, ArrayDumper)


def _check_connection(engine: Engine, connection: Any, _record: object, _proxy: object) -> None:  # noqa: ANN401 - see above
    """Let the pool open new connections where the server has closed this one.

    A closed socket is readable, and an idle one has nothing to read: so only where there is something, or a pooler
    stands between, is the server asked, which takes as long as a statement.

    Raises:
        InvalidatePoolError: it is closed.
    """
    readable = poll()
    try:
        readable.register(connection.fileno(), POLLIN)
        if connectors[engine].pooled or readable.poll(0):
            engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error:
        raise InvalidatePoolError from None


class Reads(StrEnum):
    """What a transaction that writes nothing sees."""

    ONE_MOMENT = "REPEATABLE READ"
    """All its statements see the same moment of the database."""
    ONE_STATEMENT = "AUTOCOMMIT"
    """It is one statement, which needs no BEGIN and COMMIT around it: each costs as much as a short statement."""


@contextmanager
def transaction(*, role: str = "worker", url: str | None = None, reads: Reads | None = None) -> Iterator[Session]:
    """Open one transaction: commit at the end, roll back on any exception; with `reads` it only reads.

    Raises:
        DatabaseUnreachableError: there is no server, no such database, or the login is refused.
        MigrationsMissingError: the database lacks a table, column or function.
        DatabaseRefusedError: its user lacks a privilege.
    """
    engine = engine_for(url or settings().database_url_text(), role=role)
    try:
        connection = engine.connect()
    except OperationalError as error:
        raise unreachable(error) from None
    # A pooler needs the transaction, for its limits.
    if reads is not None and not (reads is Reads.ONE_STATEMENT and connectors[engine].pooled):
        connection.execution_options(isolation_level=reads.value, postgresql_readonly=True)
    with translate_db_errors(), connection, Session(bind=connection) as session:
        yield session
        _commit(session)


def execute_with_commit(session: Session, statement: str, parameters: Mapping[str, Any]) -> None:
    """Run a statement that writes one row for many, such as a count, in one message with the commit of `transaction`.

    Others wait for such a row until the commit. Sent one after the other, statement and commit have this process
    between them, and of its threads one runs at a time: sixteen that count wait for each other three times as long.
    """
    session.connection()  # begins the transaction, whose rollback forgets the statement
    session.info.setdefault(_WITH_COMMIT, []).append((statement, parameters))


_WITH_COMMIT = "statements with the commit"


def _commit(session: Session) -> None:
    statements = session.info.pop(_WITH_COMMIT, ())
    if not statements:
        session.commit()
        return
    session.flush()
    driver: Any = session.connection().connection.driver_connection
    try:
        with driver.pipeline():
            for statement, parameters in statements:
                execute(session, statement, parameters)
            session.commit()
    except BaseException:
        # A commit that failed has ended the transaction for SQLAlchemy, not for the server.
        with suppress(errors.Error):
            driver.rollback()
        raise


@event.listens_for(Session, "after_rollback")
def _forget_statements(session: Session) -> None:
    session.info.pop(_WITH_COMMIT, None)


@contextmanager
def translate_db_errors() -> Iterator[None]:
    """Translate driver errors about missing migrations and missing privileges into errors for operators.

    Raises:
        MigrationsMissingError: the database lacks a table, column or function.
        DatabaseRefusedError: its user lacks a privilege.
    """
    try:
        yield
    except ProgrammingError as error:
        if isinstance(error.orig, UNDEFINED_ERRORS):
            raise MigrationsMissingError from error
        if isinstance(error.orig, errors.InsufficientPrivilege):
            raise DatabaseRefusedError(error) from error
        raise


def force_custom_plan(session: Session) -> None:
    """Plan each statement of this transaction for its own parameters.

    A prepared statement that has run a few times keeps one generic plan. Made while single events came, or while a
    table was empty, that plan joins a batch of a thousand row by row.
    """
    execute(session, "SET LOCAL plan_cache_mode = force_custom_plan")


@contextmanager
def unprepared(session: Session) -> Iterator[None]:
    """Use no prepared statement meanwhile: each is read and planned for its own parameters.

    `force_custom_plan` spares the reading, but makes the server also plan its own look-up again for each row that a
    foreign key checks, which costs more from some hundred rows on.
    """
    driver: Any = session.connection().connection.driver_connection
    threshold, driver.prepare_threshold = driver.prepare_threshold, None
    try:
        yield
    finally:
        driver.prepare_threshold = threshold


def set_lock_timeout(session: Session) -> None:
    """Let this transaction wait only 100 ms for a row that another one has locked."""
    execute(session, "SET LOCAL lock_timeout = '100ms'")


def unreachable(error: OperationalError) -> DatabaseUnreachableError:
    """Return the operator's error for a driver's error, without the password that its text may contain."""
    first = re.sub(r"//[^@/]*@", "//", str(error.orig)).strip().splitlines()
    return DatabaseUnreachableError(
        f"The database cannot be reached: {first[0] if first else 'no answer'}.",
        "Start it, or fix SOUSCHEF_DATABASE_URL; `souschef up` starts an embedded one where it is unset.",
    )


def is_infrastructure_error(error: Exception) -> bool:
    """Return True for failures of the database (retry), False where it rejected the data (quarantine).

    The driver counts data that is too large among the server's failures, but it will be too large again.
    """
    if isinstance(error, OperationalError):
        return not str(getattr(error.orig, "sqlstate", None)).startswith(TOO_LARGE)
    return isinstance(error, DatabaseUnreachableError | DatabaseRefusedError)


def is_lock_timeout(error: Exception) -> bool:
    """Return whether another transaction had locked a row for longer than the lock timeout."""
    return isinstance(error, OperationalError) and isinstance(error.orig, errors.LockNotAvailable)


def is_pooled(url: str) -> bool:
    """Return whether a pooler in transaction mode stands between this process and the database.

    Raises:
        DatabaseUnreachableError: there is no such server or database.
    """
    engine = engine_for(url, role="worker")
    with transaction(url=url) as session:
        execute(session, "SELECT 1")
    return bool(connectors[engine].pooled)


def close() -> None:
    """Close this process's connections; the next transaction opens new ones."""
    for engine in _engines:
        engine.dispose()
    _engines.clear()
    engine_for.cache_clear()


def after_fork() -> None:
    """Forget the parent process's connections without closing them."""
    for engine in _engines:
        engine.dispose(close=False)
    _engines.clear()
    engine_for.cache_clear()
