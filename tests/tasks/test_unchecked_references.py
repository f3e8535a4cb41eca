"""Columns that reference rows without a foreign key: a referenced row cannot be deleted, an unreferenced one can."""

import pytest
from sqlalchemy.exc import IntegrityError

from models.tables import OrmBase
from tests.parameters import first_of
from tests.tasks.conftest import Ask, School

REFERENCES = sorted(
    (column.info["names"], table.name, column.name)
    for table in OrmBase.metadata.sorted_tables
    for column in table.columns
    if "names" in column.info
)


def test_every_unchecked_reference_has_a_trigger(school: School, ask: Ask) -> None:
    """Without a trigger, a row that such a column references could be deleted."""
    protected = ask("""
        SELECT relname, encode(tgargs, 'escape') FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
         WHERE tgname = 'keep_named'
    """)
    found = [(parent, *place.split(".")) for parent, places in protected for place in places.split("\\000") if place]
    assert sorted(found) == REFERENCES


@pytest.mark.parametrize(("parent", "table", "column"), first_of(REFERENCES, quick=3))
def test_a_referenced_row_cannot_be_deleted(
    school: School, ask: Ask, student: str, parent: str, table: str, column: str
) -> None:
    """All other references to the row are deleted first, so that only this one can protect it."""
    if not ask(f"SELECT FROM souschef.{table} WHERE {column} IS NOT NULL LIMIT 1"):
        ask(f"UPDATE souschef.{table} SET {column} = (SELECT min(id) FROM souschef.{parent}) RETURNING 1")
    ((value,),) = ask(f"SELECT {column} FROM souschef.{table} WHERE {column} IS NOT NULL LIMIT 1")
    for _, other, name in (each for each in REFERENCES if each[0] == parent and each[1:] != (table, column)):
        ask(f"DELETE FROM souschef.{other} WHERE {name} = :id RETURNING 1", id=value)
    with pytest.raises(IntegrityError, match=rf"is still named in souschef\.{table}\.{column}"):
        ask(f"DELETE FROM souschef.{parent} WHERE id = :id RETURNING 1", id=value)
    ask(f"DELETE FROM souschef.{table} WHERE {column} = :id RETURNING 1", id=value)
    assert len(ask(f"DELETE FROM souschef.{parent} WHERE id = :id RETURNING 1", id=value)) == 1
