"""One load under way: the ids of what is there, the problems of what is not, and how rows are written."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlmodel import Session, select

from lms.files.bundle import Bundle
from lms.files.problem import Place
from models.load_report import LoadReport
from models.tables import Class, Item, Material, Person, Skill, Topic
from models.upserting import Labelled, Written, upsert

Progress = Callable[[str, int, int], None]
"""Told the kind of rows, how many of them are done and how many there are."""

TABLES: Mapping[str, Any] = {
    "person": Person,
    "class": Class,
    "skill": Skill,
    "item": Item,
    "topic": Topic,
    "material": Material,
}
"""What has refs."""


class Underway:
    """One load of one school, inside its transaction."""

    def __init__(
        self, session: Session, school_id: int, bundle: Bundle, *, report: LoadReport, progress: Progress
    ) -> None:
        self.session, self.school_id, self.bundle = session, school_id, bundle
        self.report, self.progress = report, progress
        self._ids: dict[str, dict[str, int]] = {}
        self._aliases: dict[str, dict[str, int]] = {}

    def ids(self, kind: str) -> dict[str, int]:
        """Return the ids of all that the school has of a kind, by ref; read once after each write."""
        if kind not in self._ids:
            table = TABLES[kind]
            rows = self.session.exec(select(table.ref, table.id).where(table.school_id == self.school_id)).all()
            self._ids[kind] = {row[0]: row[1] for row in rows}
        return self._ids[kind]

    def refs(self, kind: str) -> dict[int, str]:
        """Return the refs of all that the school has of a kind, by id."""
        return {number: ref for ref, number in self.ids(kind).items()}

    def find(self, kind: str, name: str, at: Place, column: str) -> int | None:
        """Return the id that a ref or another name means; note a problem where it means nothing."""
        found = self.ids(kind).get(name)
        if found is None:
            found = self._by_alias(kind, name)
        if found is None:
            self.bundle.note(at, column, f"there is no {kind} {name!r}", "Add it to the files, or correct the name.")
        return found

    def write(
        self,
        kind: str,
        table: Any,  # noqa: ANN401 - a SQLModel class
        rows: Iterable[tuple[str, Mapping[str, Any]]],
        *,
        key: Sequence[str] = ("school_id", "ref"),
        ended: Collection[str] = (),
    ) -> Written:
        """Write rows of one school, each with the name that the report calls it by; tell the report.

        All rows name the same columns; the school is added to each.
        """
        listed = list(rows)
        columns = ("school_id", *(listed[0][1] if listed else ()))
        labelled = [Labelled(label, (self.school_id, *row.values())) for label, row in listed]
        self.progress(kind, 0, len(labelled))
        written = upsert(
            self.session,
            table,
            labelled,
            columns=columns,
            key=key,
            progress=lambda done: self.progress(kind, done, len(labelled)),
        )
        self.progress(kind, len(labelled), len(labelled))
        self.report.tell(kind, written, ended=ended)
        self._ids.pop(kind, None)
        return written

    def execute(self, statement: str, **parameters: Any) -> Any:  # noqa: ANN401 - a result of any shape
        """Run one statement, which may name `:school`."""
        return self.session.connection().execute(text(statement), {"school": self.school_id, **parameters})

    def _by_alias(self, kind: str, name: str) -> int | None:
        here = self.bundle.aliases.get((kind, name))
        if here is not None and here.ref in self.ids(kind):
            return self.ids(kind)[here.ref]
        if kind not in self._aliases:
            statement = "SELECT name, target_id FROM souschef.alias WHERE school_id = :school AND kind = :kind"
            self._aliases[kind] = {row[0]: row[1] for row in self.execute(statement, kind=kind)}
        return self._aliases[kind].get(name)
