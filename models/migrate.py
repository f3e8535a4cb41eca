"""Bring a database to the newest shape, and tell whether it has it."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from models.database import MigrationsMissing, unreachable
from models.tables import SCHEMA

MIGRATION_LOCK = 7_206_155_301
"""An advisory lock of our own, so that two starters do not migrate at once."""


def upgrade(url: str) -> bool:
    """Run the missing migrations in one transaction; return whether there were any.

    Raises:
        DatabaseUnreachable: there is no such server or database.
    """
    with _engine(url).connect() as connection:
        connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
        before = _current(connection)
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        after = _current(connection)
        connection.commit()
    return before != after


def check(url: str) -> None:
    """Do nothing where the database has the newest shape.

    Raises:
        MigrationsMissing: it has an older one, or none.
        DatabaseUnreachable: there is no such server or database.
    """
    with _engine(url).connect() as connection:
        if _current(connection) != head():
            raise MigrationsMissing


def head() -> str | None:
    """Return the newest migration that this version ships."""
    return ScriptDirectory.from_config(_config()).get_current_head()


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
