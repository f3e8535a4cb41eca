"""Make databases, bring them to the newest migration, and check that they have it."""

import random
import time
from pathlib import Path

import psycopg
import structlog
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.pool import NullPool

from config.errors import OperatorError
from models import locks
from models.access import public_rights
from models.engine import DatabaseUnreachableError, MigrationsMissingError, translate_db_errors, unreachable
from models.pooler import UNPREPARED
from models.tables import SCHEMA

LOCK_MILLISECONDS = 800
"""How long a migration waits for a lock: less than PostgreSQL waits before it looks for deadlocks and ends one side."""
MAX_TRIES = 300
BLOCKED_ERRORS = ("55P03", "40P01")
"""SQLSTATEs of a lock that could not be had in time, and of a deadlock."""

log = structlog.get_logger(__name__)


def upgrade(url: str) -> bool:
    """Run the missing migrations in one transaction; return whether there were any.

    Workers may be running: where they lock what a migration needs, the migration rolls back and tries again. A database
    that a newer version has migrated is left as it is.

    Raises:
        DatabaseUnreachableError: there is no such server or database.
        DatabaseRefusedError: its user may not create a schema or change a table.
        OperatorError: a table stayed locked through all tries.
    """
    for attempt in range(1, MAX_TRIES + 1):
        try:
            with translate_db_errors():
                return _try_to_upgrade(url)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in BLOCKED_ERRORS:
                raise
        if attempt % 10 == 1:
            log.warning("migration_waiting", attempt=attempt)
        time.sleep(random.uniform(0.05, 0.5))  # spreads the tries
    raise OperatorError(
        "The database cannot be migrated: another process holds the lock of migrations, or always locks a table.",
        "Stop the workers and API processes, run souschef migrate, and start them again.",
    )


def _try_to_upgrade(url: str) -> bool:
    with _engine(url).connect() as connection:
        connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}"))
        locks.wait_for_migrations(connection)
        before = _current(connection)
        if _is_newer(before):
            return False
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        after = _current(connection)
        public_rights.revoke_where_superuser(connection)
        connection.commit()
    return before != after


def check(url: str) -> None:
    """Raise unless the database has the newest migration of this version, or one of a newer version.

    A migration only adds (docs/backup.md), so that workers of the old version go on, and may start again, until the
    last of them has been replaced.

    Raises:
        MigrationsMissingError: it has an older migration, or none.
        DatabaseUnreachableError: there is no such server or database.
        DatabaseRefusedError: its user may not read it.
    """
    with translate_db_errors(), _engine(url).connect() as connection:
        current = _current(connection)
        if current != head() and not _is_newer(current):
            raise MigrationsMissingError


def check_connection(url: str) -> None:
    """Raise unless the database answers; its migrations do not matter.

    Raises:
        DatabaseUnreachableError: there is no such server or database.
    """
    _engine(url).dispose()


def head() -> str | None:
    """Return the newest migration that this version ships."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _is_newer(revision: str | None) -> bool:
    """Return whether a migration is of a later version: their names are rising numbers."""
    newest = head()
    return revision is not None and newest is not None and revision.isdecimal() and int(revision) > int(newest)


def _engine(url: str) -> Engine:
    engine = create_engine(
        url, poolclass=NullPool, hide_parameters=True, connect_args={"connect_timeout": 3, **UNPREPARED}
    )
    try:
        engine.connect().close()
    except OperationalError as error:
        raise unreachable(error) from None
    return engine


def _current(connection: Connection) -> str | None:
    context = MigrationContext.configure(
        connection, opts={"version_table": "migration", "version_table_schema": SCHEMA}
    )
    return context.get_current_revision()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def recreate(url: str, *, name: str) -> str:
    """Create the database `name` on the server of `url`, empty, and return its address; an existing one is dropped.

    Raises:
        DatabaseUnreachableError: the server does not answer, or the login may not create databases.
    """
    hint = "Give SOUSCHEF_DATABASE_URL a login that may create databases, or unset it for an embedded server."
    try:
        here = make_url(url)
        plain = here.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True, connect_timeout=3) as connection:
            target = sql.Identifier(name)
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(target))
            connection.execute(sql.SQL("CREATE DATABASE {} ENCODING 'UTF8' TEMPLATE template0").format(target))
    except (psycopg.Error, ArgumentError) as error:
        why = str(error).strip().splitlines()[0] if str(error) else type(error).__name__
        raise DatabaseUnreachableError(f"The database {name} cannot be created: {why}.", hint) from None
    return here.set(database=name).render_as_string(hide_password=False)
