"""The migrations make just the tables that the code declares, and the clock that all SQL asks."""

import ast
import datetime as dt
import re
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from models import admin, clock, engine
from models.engine import MigrationsMissingError
from models.tables import SCHEMA, OrmBase

ROOT = Path(__file__).parents[2]


def test_migrations_and_tables_agree(database_url: str) -> None:
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
        assert compare_metadata(context, OrmBase.metadata) == []


transaction = engine.transaction


def test_a_second_upgrade_does_nothing(database_url: str) -> None:
    assert admin.upgrade(database_url) is False
    admin.check(database_url)


def test_the_check_of_a_database_without_migrations_fails_with_one_sentence(
    servers: object, template: str, database_url: str
) -> None:
    with transaction() as session:
        session.connection().execute(text("DELETE FROM souschef.migration"))
    with pytest.raises(MigrationsMissingError, match="souschef migrate"):
        admin.check(database_url)


def test_the_clock_can_be_set_and_runs_on(database_url: str) -> None:
    term_end = dt.datetime(2026, 11, 20, 12, tzinfo=dt.UTC)
    with transaction() as session:
        clock.set_to(session, term_end)
    with transaction() as session:
        now = clock.now(session)
        assert term_end <= now < term_end + dt.timedelta(minutes=1)
        clock.use_machine_time(session)
    with transaction() as session:
        assert abs(clock.now(session) - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


def sql_of(path: Path) -> list[str]:
    """Return what a file holds of SQL: the whole file, or every string that is no documentation."""
    if path.suffix == ".sql":
        return [path.read_text()]
    nodes = list(ast.walk(ast.parse(path.read_text())))
    documentation = {node.value for node in nodes if isinstance(node, ast.Expr)}
    strings = [node for node in nodes if isinstance(node, ast.Constant) and node not in documentation]
    return [node.value for node in strings if isinstance(node.value, str)]


def test_no_sql_reads_another_clock() -> None:
    """`now()` in SQL would make a lease that no test can wait for."""
    other = re.compile(r"\b(now|clock_timestamp|current_timestamp|transaction_timestamp)\s*\(", re.IGNORECASE)
    files = [path for path in (ROOT / "models").rglob("*.*") if path.suffix in {".py", ".sql"}]
    read = {path: sql_of(path) for path in files if "migrations" not in path.parts}
    assert sum("souschef.clock()" in sql for found in read.values() for sql in found) > 20
    for path, found in read.items():
        for sql in found:
            assert not other.search(sql), f"{path.name} asks another clock: {sql[:80]}"


def test_every_table_has_the_school_in_it() -> None:
    without = {table.name for table in OrmBase.metadata.tables.values() if "school_id" not in table.columns}
    assert without == {"school", "clock_offset", "tally"}


def test_migrations_are_numbered_in_their_order() -> None:
    """An older version tells by the number that a database is newer than itself."""
    scripts = list(ScriptDirectory.from_config(admin._config()).walk_revisions())
    found = [(script.revision, Path(script.path).name[:4]) for script in reversed(scripts)]
    assert found == [(f"{n:04d}", f"{n:04d}") for n in range(1, len(scripts) + 1)]
