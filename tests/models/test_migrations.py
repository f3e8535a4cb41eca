"""The migrations make just the tables that the code declares, and the clock that all SQL asks."""

import datetime as dt
import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from models import clock, database, migrate
from models.tables import SCHEMA, Table

ROOT = Path(__file__).parents[2]


def test_migrations_and_tables_agree(database: str) -> None:
    with transaction() as session:
        context = MigrationContext.configure(
            session.connection(),
            opts={
                "include_schemas": True,
                "version_table": "migration",
                "version_table_schema": SCHEMA,
                "include_name": lambda name, kind, _: kind != "schema" or name == SCHEMA,
                "compare_type": True,
            },
        )
        assert compare_metadata(context, Table.metadata) == []


transaction = database.transaction


def test_a_second_upgrade_does_nothing(database: str) -> None:
    assert migrate.upgrade(database) is False
    migrate.check(database)


def test_a_database_without_migrations_is_told_in_one_sentence(servers: object, template: str, database: str) -> None:
    with transaction() as session:
        session.connection().execute(text("DELETE FROM souschef.migration"))
    with pytest.raises(migrate.MigrationsMissing, match="souschef migrate"):
        migrate.check(database)


def test_the_clock_can_be_set_and_runs_on(database: str) -> None:
    term_end = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    with transaction() as session:
        clock.set_to(session, term_end)
    with transaction() as session:
        now = clock.now(session)
        assert term_end <= now < term_end + dt.timedelta(minutes=1)
        clock.reset(session)
    with transaction() as session:
        assert abs(clock.now(session) - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


def test_no_sql_reads_another_clock() -> None:
    """`now()` in SQL would make a lease that no test can wait for."""
    other = re.compile(r"\b(now|clock_timestamp|current_timestamp|transaction_timestamp)\s*\(", re.IGNORECASE)
    for path in sorted((ROOT / "models").glob("*.py")):
        for block in re.findall(r'text\(\s*"{1,3}(.*?)"{1,3}\s*\)', path.read_text(), flags=re.DOTALL):
            assert not other.search(block), f"{path.name} asks another clock: {block[:80]}"


def test_every_table_has_the_school_in_it() -> None:
    without = {table.name for table in Table.metadata.tables.values() if "school_id" not in table.columns}
    assert without == {"school", "clock_offset", "tally"}


def test_migrations_are_numbered_in_their_order() -> None:
    """An older version tells by the number that a database is newer than itself."""
    scripts = list(ScriptDirectory.from_config(migrate._config()).walk_revisions())
    found = [(script.revision, Path(script.path).name[:4]) for script in reversed(scripts)]
    assert found == [(f"{n:04d}", f"{n:04d}") for n in range(1, len(scripts) + 1)]
