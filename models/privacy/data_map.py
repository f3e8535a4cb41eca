"""Read the data map (`data_map.toml`): what each column holds of a person; why and for how long each table has rows.

The export finds its rows through it. A column that is in the database and not in the map fails a test.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlmodel import Session

from models.rows import execute
from models.tables import SCHEMA

UNMAPPED_TABLES = frozenset({"migration"})
"""Alembic's own table: the number of the newest migration."""


@dataclass(frozen=True, slots=True)
class TableMap:
    """What one table holds of people."""

    name: str
    why: str
    retention: str
    """For how long rows stay, as a phrase."""
    of_student: Mapping[str, str] = field(default_factory=dict)
    """Column -> what it says of a student."""
    of_staff: Mapping[str, str] = field(default_factory=dict)
    """Column -> what it says of a member of staff."""
    of_nobody: frozenset[str] = frozenset()
    """Columns that say nothing of a person."""
    where: str | None = None
    """SQL condition that finds the rows of a student; None where no row is one student's.

    It may use `:student` and `:school` (ids), `:events` and `:outgoing` (ids of raw events about the student).
    """

    @property
    def columns(self) -> frozenset[str]:
        """All columns of the map's entry."""
        return self.of_nobody.union(self.of_student, self.of_staff)


TABLES: dict[str, TableMap] = {
    name: TableMap(
        name=name,
        why=entry["why"],
        retention=entry["kept"],
        of_student=entry.get("student", {}),
        of_staff=entry.get("staff", {}),
        of_nobody=frozenset(entry.get("nobody", ())),
        where=entry.get("where"),
    )
    for name, entry in tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")).items()
}


def unaccounted(session: Session) -> list[str]:
    """Return the columns that only the database or only the map has, as `table.column`."""
    statement = """
        SELECT table_name, column_name FROM information_schema.columns
          JOIN information_schema.tables USING (table_schema, table_name)
         WHERE table_schema = :schema AND table_type = 'BASE TABLE'
    """
    rows = execute(session, statement, {"schema": SCHEMA}).all()
    stored = {f"{table}.{column}" for table, column in rows if table not in UNMAPPED_TABLES}
    mapped = {f"{table.name}.{column}" for table in TABLES.values() for column in table.columns}
    return sorted(stored ^ mapped)


def to_dict() -> dict[str, dict[str, object]]:
    """Return the map as JSON."""
    return {
        table.name: {
            "why": table.why,
            "kept": table.retention,
            "of_student": dict(table.of_student),
            "of_staff": dict(table.of_staff),
            "of_nobody": sorted(table.of_nobody),
        }
        for table in TABLES.values()
    }
