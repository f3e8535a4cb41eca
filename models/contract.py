"""The contract as the database itself tells it: each view of the schema `lms`, each column, its type, its sentence."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text
from sqlmodel import Session

PROSE = Path(__file__).with_name("contract_prose.md")
PLACE = "<!-- views -->\n"
VERSION = "<!-- version -->"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a view; the sentence is the comment on it in the database."""

    name: str
    type: str
    sentence: str


@dataclass(frozen=True, slots=True)
class View:
    """One view of the contract with its columns in their order."""

    name: str
    sentence: str
    columns: tuple[Column, ...]


def version(session: Session) -> str:
    """Return the contract's version, which is the comment on the schema `lms`."""
    statement = text("SELECT coalesce(obj_description(CAST('lms' AS regnamespace), 'pg_namespace'), '')")
    return str(session.connection().execute(statement).scalar_one())


def views(session: Session) -> tuple[View, ...]:
    """Return what the schema `lms` holds, by name."""
    statement = text("""
        SELECT c.relname, coalesce(obj_description(c.oid, 'pg_class'), ''), a.attname,
               format_type(a.atttypid, a.atttypmod), coalesce(col_description(c.oid, a.attnum), '')
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = CAST('lms' AS regnamespace) AND c.relkind IN ('v', 'r', 'm', 'p', 'f')
           AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY c.relname COLLATE "C", a.attnum
    """)
    found: dict[tuple[str, str], list[Column]] = {}
    for view, sentence, *column in session.connection().execute(statement):
        found.setdefault((view, sentence), []).append(Column(*column))
    return tuple(View(name, sentence, tuple(columns)) for (name, sentence), columns in found.items())


def document(session: Session) -> str:
    """Return `docs/contract.md`."""
    tables = "\n".join(_section(view) for view in views(session))
    return PROSE.read_text(encoding="utf-8").replace(VERSION, version(session)).replace(PLACE, tables)


def _section(view: View) -> str:
    rows = "".join(f"| `{each.name}` | {each.type} | {each.sentence} |\n" for each in view.columns)
    return f"### lms.{view.name}\n\n{view.sentence}\n\n| column | type | what it holds |\n|---|---|---|\n{rows}"
