"""Write rows that may be there already: only what differs is written, and what was done is counted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, literal_column, or_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session

SLICE = 1_000


@dataclass(frozen=True, slots=True)
class Difference:
    """What a load does to one kind of thing."""

    new: int = 0
    changed: int = 0
    same: int = 0
    ended: int = 0

    @property
    def any(self) -> bool:
        """Return whether anything is written at all."""
        return bool(self.new or self.changed or self.ended)


def upsert(session: Session, table: Any, rows: Iterable[dict[str, Any]], *, key: Sequence[str]) -> Difference:  # noqa: ANN401 - a SQLModel class
    """Insert rows, or update those whose other columns differ; rows all name the same columns.

    Args:
        session: an open transaction.
        table: the SQLModel class.
        rows: one dictionary a row.
        key: the columns that tell rows apart; they have a unique constraint.
    """
    target: Table = table.__table__
    new = changed = total = 0
    for part in _slices(rows):
        total += len(part)
        statement = insert(target).values(part)
        others = [name for name in part[0] if name not in key]
        if others:
            differs = or_(*(target.c[name].is_distinct_from(statement.excluded[name]) for name in others))
            updates = {name: statement.excluded[name] for name in others}
            written = statement.on_conflict_do_update(index_elements=list(key), set_=updates, where=differs)
        else:
            written = statement.on_conflict_do_nothing(index_elements=list(key))
        inserted = session.connection().execute(written.returning(literal_column("xmax = 0"))).scalars().all()
        new += sum(inserted)
        changed += len(inserted) - sum(inserted)
    return Difference(new=new, changed=changed, same=total - new - changed)


def _slices(rows: Iterable[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    part: list[dict[str, Any]] = []
    for row in rows:
        part.append(row)
        if len(part) == SLICE:
            yield part
            part = []
    if part:
        yield part
