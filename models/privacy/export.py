"""Export everything that is stored of a student, found through the data map, as one JSON document."""

from typing import Any

from sqlmodel import Session

from models import clock
from models.events import payloads
from models.privacy import data_map
from models.privacy.erasure import Subject
from models.rows import execute, fetch_dict
from models.tables import SCHEMA

NAMES = {
    "class_id": ("class", "title"),
    "item_id": ("item", "ref"),
    "skill_id": ("skill", "title"),
    "topic_id": ("topic", "title"),
    "material_id": ("material", "title"),
    "source_id": ("source", "name"),
}
"""Column of ids -> the table that they reference, and its column with a name for people."""


def export(session: Session, subject: Subject) -> dict[str, Any]:
    """Return what is stored of a student: of each table why, for how long, what its columns mean, and the rows.

    Bytes are in hex. `names` resolves the ids in the rows.
    """
    inbox = payloads.in_inbox(session, subject.school_id, student_id=subject.id, names=subject.names, everywhere=True)
    outgoing = payloads.in_outbox(session, subject.school_id, subject.names)
    parameters = {
        "student": subject.id,
        "school": subject.school_id,
        "events": [each.id for each in inbox],
        "outgoing": [each.id for each in outgoing],
    }
    tables = {
        table.name: {"why": table.why, "kept": table.retention, "columns": dict(table.of_student), "rows": rows}
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
    statement = f"SELECT to_jsonb(t) FROM {SCHEMA}.{table} AS t WHERE {where} ORDER BY to_jsonb(t)::text"  # noqa: S608 - conditions of the data map
    asked = {name: value for name, value in parameters.items() if f":{name}" in where}
    return list(execute(session, statement, asked).scalars())


def _names(session: Session, tables: dict[str, Any]) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = {}
    for column, (table, name) in NAMES.items():
        ids = {row[column] for entry in tables.values() for row in entry["rows"] if row.get(column) is not None}
        statement = f"SELECT id, {name} FROM {SCHEMA}.{table} WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id"  # noqa: S608 - names of the constant above
        if ids:
            found[column] = fetch_dict(session, statement, {"ids": sorted(ids)})
    return found
