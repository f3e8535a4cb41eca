"""The one engine of a process, and the transactions on it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from psycopg import errors
from psycopg.types.array import ListBinaryDumper
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlmodel import Session

from config.errors import Mendable
from config.settings import settings


class DatabaseUnreachable(Mendable):
    """The database does not answer."""


class MigrationsMissing(Mendable):
    """The database has an older shape than this version of Souschef needs."""

    def __init__(self) -> None:
        super().__init__("The database lacks migrations.", "Run `souschef migrate`.")


class DatabaseRefuses(Mendable):
    """The database's user may not do what Souschef does."""

    def __init__(self, error: ProgrammingError) -> None:
        first = str(error.orig).strip().splitlines()[0]
        super().__init__(
            f"The database refuses its user: {first}.",
            "Name the owner of the database and of all in it in SOUSCHEF_DATABASE_URL; docker-compose.yml makes one.",
        )


LINE = {
    "connect_timeout": 3,
    "tcp_user_timeout": 8_000,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
}
"""A network that swallows what is sent is noticed within some ten seconds, not after the kernel's quarter hour."""
ABSENT = (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction, errors.InvalidSchemaName)
"""What a database says that lacks migrations: our SQL names only what the newest of them make."""

TOO_LARGE = "54"
"""Class of the SQLSTATEs that say so: an index entry, a statement or a row beyond what PostgreSQL takes."""

_opened: list[Engine] = []


@lru_cache(maxsize=4)
def engine_for(url: str, *, role: str = "worker") -> Engine:
    """Return the process's engine for `url`, opened at the first use.

    A worker's statement may take 25 s, so that none outlives its task; the door gives up after 4 s and answers 503.
    A lost client is noticed within 2 s, so that a killed worker's locks do not live on.
    """
    sizes: dict[str, Any] = (
        {"pool_size": 8, "max_overflow": 8} if role == "door" else {"pool_size": 2, "max_overflow": 2}
    )
    statement_ms = 4_000 if role == "door" else 25_000
    options = (
        f"-c statement_timeout={statement_ms} -c lock_timeout=5000 -c client_connection_check_interval=2000 "
        "-c idle_in_transaction_session_timeout=60000 -c timezone=UTC -c search_path=public "
        # Compiling a statement that reads some hundred rows takes longer than the statement.
        "-c jit=off"
    )
    engine = create_engine(
        url,
        **sizes,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={"options": options, "application_name": f"souschef {role}", **LINE},
    )
    event.listen(engine, "connect", _send_arrays_in_binary)
    _opened.append(engine)
    return engine


def _send_arrays_in_binary(connection: Any, _record: object) -> None:  # noqa: ANN401 - SQLAlchemy's wrapper has no type
    """Send arrays as they are: in text form every quote in every payload would be escaped, one by one, in Python."""
    connection.adapters.register_dumper(list, ListBinaryDumper)


@contextmanager
def transaction(*, role: str = "worker", url: str | None = None) -> Iterator[Session]:
    """Open one transaction: commit at the end, roll back on any exception.

    Raises:
        DatabaseUnreachable: there is no server, no such database, or no way in.
        MigrationsMissing: the database lacks what the SQL names.
        DatabaseRefuses: its user may not.
    """
    engine = engine_for(url or settings().database_url_text(), role=role)
    try:
        connection = engine.connect()
    except OperationalError as error:
        raise unreachable(error) from None
    with in_words(), connection, Session(bind=connection) as session:
        yield session
        session.commit()


@contextmanager
def in_words() -> Iterator[None]:
    """Say in a sentence of ours what a database's words mean that lacks migrations, or refuses its user.

    Raises:
        MigrationsMissing: the database lacks what the SQL names.
        DatabaseRefuses: its user may not.
    """
    try:
        yield
    except ProgrammingError as error:
        if isinstance(error.orig, ABSENT):
            raise MigrationsMissing from None
        if isinstance(error.orig, errors.InsufficientPrivilege):
            raise DatabaseRefuses(error) from None
        raise


def plan_for_size(session: Session) -> None:
    """Have each statement of this transaction planned for what it is given, instead of as for a handful of rows.

    A statement that has run a few times keeps one plan for all. Made while single events came, or while a table was
    empty, that plan joins a batch of a thousand row by row.
    """
    session.connection().execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


def wait_for_nobody(session: Session) -> None:
    """Have this transaction give up at once where somebody holds a row that it needs."""
    session.connection().execute(text("SET LOCAL lock_timeout = '100ms'"))


def unreachable(error: OperationalError) -> DatabaseUnreachable:
    """Turn a driver's complaint into a sentence, without the password that its text may hold."""
    first = re.sub(r"//[^@/]*@", "//", str(error.orig)).strip().splitlines()
    return DatabaseUnreachable(
        f"The database cannot be reached: {first[0] if first else 'no answer'}.",
        "Start it, or mend SOUSCHEF_DATABASE_URL; `souschef up` starts an embedded one where it is unset.",
    )


def is_to_blame(error: Exception) -> bool:
    """Whether it is the database that failed, and not what it was asked to keep.

    The driver counts what is too large for the database among the server's failures, but that will be too large again.
    """
    if isinstance(error, OperationalError):
        return not str(getattr(error.orig, "sqlstate", None)).startswith(TOO_LARGE)
    return isinstance(error, DatabaseUnreachable | DatabaseRefuses)


def is_held(error: Exception) -> bool:
    """Whether somebody else held a row for longer than we wait."""
    return isinstance(error, OperationalError) and isinstance(error.orig, errors.LockNotAvailable)


def close() -> None:
    """Close this process's connections; the next transaction opens new ones."""
    for engine in _opened:
        engine.dispose()
    _opened.clear()
    engine_for.cache_clear()


def after_fork() -> None:
    """Forget connections that belong to the parent process, without a word on them."""
    for engine in _opened:
        engine.dispose(close=False)
    _opened.clear()
    engine_for.cache_clear()
