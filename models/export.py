"""Everything that is held of a student, found through the data map, in one JSON document."""

from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from models import bodies, clock, data_map
from models.erasure import Subject
from models.tables import SCHEMA

NAMED = {
    "class_id": ("class", "title"),
    "item_id": ("item", "ref"),
    "skill_id": ("skill", "title"),
    "topic_id": ("topic", "title"),
    "material_id": ("material", "title"),
    "source_id": ("source", "name"),
}
"""Column -> the table that its numbers stand in, and the column that says what they mean."""


def export(session: Session, subject: Subject) -> dict[str, Any]:
    """Return what is held of a student: of each table why, for how long, what its columns mean, and the rows.

    Bytes are in hex. `names` says what the numbers in the rows mean.
    """
    inbox = bodies.in_inbox(session, subject.school_id, student_id=subject.id, names=subject.names)
    outgoing = bodies.in_outbox(session, subject.school_id, subject.names)
    parameters = {
        "student": subject.id,
        "school": subject.school_id,
        "events": [each.id for each in inbox],
        "outgoing": [each.id for each in outgoing],
    }
    tables = {
        table.name: {"why": table.why, "kept": table.kept, "columns": dict(table.of_student), "rows": rows}
        for table in data_map.TABLES.values()
        if table.where and (rows := _rows(session, table.name, table.where, parameters))
    }
    return {
        "student": subject.ref,
        "school": subject.school,
        "exported_at": clock.now(session).isoformat(),
        "tables": tables,
        "names": _names(session, tables),
    }


def _rows(session: Session, table: str, where: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
    statement = text(f"SELECT to_jsonb(t) FROM {SCHEMA}.{table} AS t WHERE {where} ORDER BY to_jsonb(t)::text")  # noqa: S608 - the map's own words
    asked = {name: value for name, value in parameters.items() if f":{name}" in where}
    return list(session.connection().execute(statement, asked).scalars())


def _names(session: Session, tables: dict[str, Any]) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for column, (table, said) in NAMED.items():
        ids = {row[column] for held in tables.values() for row in held["rows"] if row.get(column) is not None}
        statement = text(f"SELECT id, {said} FROM {SCHEMA}.{table} WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id")  # noqa: S608 - see above
        if ids:
            found[column] = dict(session.connection().execute(statement, {"ids": sorted(ids)}).all())
    return found
