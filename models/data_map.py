"""The data map: of every column of every table, what it holds of a person; of every table, why and for how long.

Export and erasure find their rows through it. A column that is in the database and not here fails a test, so nobody can
add one without saying what it is for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import text
from sqlmodel import Session

from config.errors import Mendable
from models.data_map_people import PEOPLE
from models.data_map_school import SCHOOL
from models.tables import SCHEMA

NOT_OURS = frozenset({"migration"})
"""Alembic's own table: the number of the newest migration."""


BEGIN = "<!-- map -->\n"
END = "<!-- end of map -->"


@dataclass(frozen=True, slots=True)
class Table:
    """What one table holds of people."""

    name: str
    why: str
    kept: str
    """For how long."""
    of_student: Mapping[str, str] = field(default_factory=dict)
    """Column -> what it says of a student."""
    of_staff: Mapping[str, str] = field(default_factory=dict)
    """Column -> what it says of somebody who works there."""
    of_nobody: frozenset[str] = frozenset()
    """Columns that say nothing of a person, beyond the row that they stand in."""
    where: str | None = None
    """SQL that finds the rows of a student; None where no row is one student's.

    It may name `:student` and `:school` (ids), `:events` and `:outgoing` (ids of raw events that speak of them).
    """

    @property
    def columns(self) -> frozenset[str]:
        """All columns that are accounted for."""
        return self.of_nobody.union(self.of_student, self.of_staff)


TABLES: dict[str, Table] = {
    name: Table(
        name=name,
        why=str(said["why"]),
        kept=str(said["kept"]),
        of_student=dict(said.get("student", {})),
        of_staff=dict(said.get("staff", {})),
        of_nobody=frozenset(str(said.get("nobody", "")).split()),
        where=said.get("where"),
    )
    for name, said in (PEOPLE | SCHOOL).items()
}


def unaccounted(session: Session) -> list[str]:
    """Return what the database has and the map has not, or the other way round, as `table.column`."""
    statement = text("""
        SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = :schema
    """)
    rows = session.connection().execute(statement, {"schema": SCHEMA}).all()
    there = {f"{table}.{column}" for table, column in rows if table not in NOT_OURS}
    mapped = {f"{table.name}.{column}" for table in TABLES.values() for column in table.columns}
    return sorted(there ^ mapped)


def told() -> dict[str, dict[str, object]]:
    """Return the map as JSON."""
    return {
        table.name: {
            "why": table.why,
            "kept": table.kept,
            "of_student": dict(table.of_student),
            "of_staff": dict(table.of_staff),
            "of_nobody": sorted(table.of_nobody),
        }
        for table in TABLES.values()
    }


def written_into(page: str) -> str:
    """Return a page with the map between its two marks.

    Raises:
        Mendable: it lacks them.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise Mendable(f"The page lacks the marks {BEGIN.strip()} and {END.strip()}.", "Write them where it belongs.")
    return before + begin + "\n" + document() + END + after


def document() -> str:
    """Return the map as tables of Markdown."""
    return "\n".join(line for table in sorted(TABLES.values(), key=_weight) for line in _section(table)) + "\n"


def _weight(table: Table) -> tuple[bool, bool, str]:
    return (not table.of_student, not table.of_staff, table.name)


def _section(table: Table) -> Iterator[str]:
    yield f"### {table.name}\n"
    yield f"{table.why} Kept {table.kept}.\n"
    if table.of_student or table.of_staff:
        yield "| column | of | what it holds |\n|---|---|---|"
        yield from (f"| `{name}` | a student | {holds} |" for name, holds in table.of_student.items())
        yield from (f"| `{name}` | staff | {holds} |" for name, holds in table.of_staff.items())
        yield ""
    if table.of_nobody:
        yield f"Nothing of a person: {', '.join(f'`{name}`' for name in sorted(table.of_nobody))}.\n"
