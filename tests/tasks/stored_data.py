"""What the database holds of somebody, found without the data map: every row of every table, as text."""

import json
import re

from sqlalchemy import text

from models import engine
from models.privacy import erasure

transaction = engine.transaction
ANSWER = "zebrafish-and-comets"
"""A word that stands in no catalogue: what the student wrote in a survey, and in events that came to nothing."""


def rows() -> dict[str, list[str]]:
    """Return every row of every table as text, by table."""
    with transaction() as session:
        connection = session.connection()
        names = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'souschef' ORDER BY 1"))
        return {
            name: sorted(connection.execute(text(f"SELECT to_jsonb(t)::text FROM souschef.{name} AS t")).scalars())
            for name in names.scalars().all()
        }


def traces(words: set[str]) -> dict[str, list[str]]:
    """Return the tables that hold any of the words, in plain text or as bytes."""
    forms = {each.casefold() for word in words for each in (word, json.dumps(word)[1:-1], word.encode().hex())}
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in sorted(forms, key=len, reverse=True)))
    found = {
        table: [word for row in stored for word in pattern.findall(row.casefold())]
        for table, stored in rows().items()
        if table != "material"  # The tasks of the catalogue are about children, some of whom are called as ours are.
    }
    return {table: sorted(set(words)) for table, words in found.items() if words}


def at(day: int) -> str:
    return f"2026-10-{day:02d}T10:00:00Z"


def words_of(ref: str) -> set[str]:
    with transaction() as session:
        return {*erasure.find_student(session, ref).all_names(), ANSWER}
