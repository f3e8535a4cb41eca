"""What rows written by the thousand name without a foreign key: it stays while it is named, and goes when it is not."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from models.tables import Table

Ask = Callable[..., list[tuple[Any, ...]]]
NAMED = sorted(
    (column.info["names"], table.name, column.name)
    for table in Table.metadata.sorted_tables
    for column in table.columns
    if "names" in column.info
)


def test_the_tables_name_what_the_triggers_keep(school: Any, ask: Ask) -> None:
    """A column that is marked as naming something, and no trigger for it, would let what it names be deleted."""
    kept = ask("""
        SELECT relname, encode(tgargs, 'escape') FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
         WHERE tgname = 'keep_named'
    """)
    found = [(parent, *place.split(".")) for parent, told in kept for place in told.split("\\000") if place]
    assert sorted(found) == NAMED


@pytest.mark.parametrize(("parent", "table", "column"), NAMED)
def test_what_is_named_stays(school: Any, ask: Ask, student: str, parent: str, table: str, column: str) -> None:
    """Every other thing that names the row is taken away first, so that nothing else can be what keeps it."""
    if not ask(f"SELECT FROM souschef.{table} WHERE {column} IS NOT NULL LIMIT 1"):
        ask(f"UPDATE souschef.{table} SET {column} = (SELECT min(id) FROM souschef.{parent}) RETURNING 1")
    ((named,),) = ask(f"SELECT {column} FROM souschef.{table} WHERE {column} IS NOT NULL LIMIT 1")
    for _, other, name in (each for each in NAMED if each[0] == parent and each[1:] != (table, column)):
        ask(f"DELETE FROM souschef.{other} WHERE {name} = :id RETURNING 1", id=named)
    with pytest.raises(IntegrityError, match=rf"is still named in souschef\.{table}\.{column}"):
        ask(f"DELETE FROM souschef.{parent} WHERE id = :id RETURNING 1", id=named)
    ask(f"DELETE FROM souschef.{table} WHERE {column} = :id RETURNING 1", id=named)
    assert len(ask(f"DELETE FROM souschef.{parent} WHERE id = :id RETURNING 1", id=named)) == 1
