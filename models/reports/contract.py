"""Read the contract from the database: each view of the schema `lms`, its columns, their types and comments."""

from dataclasses import dataclass

from sqlmodel import Session

from models.rows import execute


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
    statement = "SELECT coalesce(obj_description(CAST('lms' AS regnamespace), 'pg_namespace'), '')"
    return str(execute(session, statement).scalar_one())


def views(session: Session) -> tuple[View, ...]:
    """Return what the schema `lms` holds, by name."""
    statement = """
        SELECT c.relname, coalesce(obj_description(c.oid, 'pg_class'), ''), a.attname,
               format_type(a.atttypid, a.atttypmod), coalesce(col_description(c.oid, a.attnum), '')
          FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE c.relnamespace = CAST('lms' AS regnamespace) AND c.relkind IN ('v', 'r', 'm', 'p', 'f')
           AND a.attnum > 0 AND NOT a.attisdropped
         ORDER BY c.relname COLLATE "C", a.attnum
    """
    found: dict[tuple[str, str], list[Column]] = {}
    for view, sentence, *column in execute(session, statement):
        found.setdefault((view, sentence), []).append(Column(*column))
    return tuple(View(name, sentence, tuple(columns)) for (name, sentence), columns in found.items())
