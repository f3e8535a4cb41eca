"""Bring a database to the newest shape, and tell whether it has it."""

import logging
import random
import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from config.errors import Mendable
from models.database import MigrationsMissing, in_words, unreachable
from models.tables import SCHEMA

MIGRATION_LOCK = 7_206_155_301
"""An advisory lock of our own, so that two starters do not migrate at once."""
LOCK_MILLISECONDS = 800
"""A migration gives way after this long: before PostgreSQL looks for deadlocks, which might hit a worker's work."""
TRIES = 300
IN_THE_WAY = ("55P03", "40P01")
"""SQLSTATEs of a lock that could not be had in time, and of a deadlock."""

log = logging.getLogger(__name__)


def upgrade(url: str) -> bool:
    """Run the missing migrations in one transaction; return whether there were any.

    Workers may be at work: where they hold what a migration needs, it lets go of everything and tries again. A database
    that a newer version has migrated is left as it is.

    Raises:
        DatabaseUnreachable: there is no such server or database.
        DatabaseRefuses: its user may not make a schema or change a table.
        Mendable: somebody held a lock through all tries.
    """
    for tried in range(1, TRIES + 1):
        try:
            with in_words():
                return _try_to_upgrade(url)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in IN_THE_WAY:
                raise
        if tried % 10 == 1:
            log.warning("migration_waits: the database is busy, trying again (%d)", tried)
        time.sleep(random.uniform(0.05, 0.5))  # spreads the tries
    raise Mendable(
        "The database is too busy to be migrated: somebody always holds a table.",
        "Stop the workers and doors, run souschef migrate, and start them again.",
    )


def _try_to_upgrade(url: str) -> bool:
    with _engine(url).connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        before = _current(connection)
        if _is_newer(before):
            return False
        connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_MILLISECONDS}"))
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        after = _current(connection)
        connection.commit()
    return before != after


def check(url: str) -> None:
    """Do nothing where the database has the newest shape, or that of a newer version.

    A migration only adds (docs/backup.md), so that workers of the old version go on, and may start again, until the
    last of them has been exchanged.

    Raises:
        MigrationsMissing: it has an older one, or none.
        DatabaseUnreachable: there is no such server or database.
        DatabaseRefuses: its user may not even look.
    """
    with in_words(), _engine(url).connect() as connection:
        current = _current(connection)
        if current != head() and not _is_newer(current):
            raise MigrationsMissing


def reach(url: str) -> None:
    """Do nothing where the database answers, whatever its shape.

    Raises:
        DatabaseUnreachable: there is no such server or database.
    """
    _engine(url).dispose()


def head() -> str | None:
    """Return the newest migration that this version ships."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _is_newer(revision: str | None) -> bool:
    """Tell whether a migration is of a later version: their names are numbers that rise."""
    newest = head()
    return revision is not None and newest is not None and revision.isdecimal() and int(revision) > int(newest)


def _engine(url: str) -> Engine:
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True, connect_args={"connect_timeout": 3})
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
