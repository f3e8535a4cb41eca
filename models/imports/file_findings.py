"""What the last load of each file left out, stored for `souschef doctor`."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, insert
from sqlmodel import Session, col, select

from lms.files.bundle import Bundle
from models import clock
from models.rows import among, change, execute, fetch
from models.tables import FileFinding

KEPT_DAYS = 90
"""A file that is not loaded again for so long is not spoken of any more."""
COLUMNS = ("file", "line", "place", "severity", "wrong", "hint", "rows")
Row = tuple[str, int, str, str, str, str, int]
"""(file, line, column, severity, wrong, hint, rows)."""


@dataclass(frozen=True, slots=True)
class FileReport:
    """What a school's file has had left out since it was last loaded otherwise."""

    school: str
    file: str
    severity: str
    rows: int
    first: str
    """The first of them, as a sentence."""
    hint: str


def save(session: Session, school_id: int, bundle: Bundle) -> None:
    """Replace the findings of the files that were read; equal findings are not written."""
    found: set[Row] = {
        (each.file, each.line, each.column, each.severity.value, each.wrong, each.hint, each.rows)
        for each in (*bundle.problems, *bundle.notices)
    }
    of_files = FileFinding.school_id == school_id, among(FileFinding.file, bundle.files)
    stored = session.connection().execute(
        select(FileFinding.id, *(getattr(FileFinding, name) for name in COLUMNS)).where(*of_files)
    )
    before = {number: tuple(row) for number, *row in stored}
    gone = [number for number, row in before.items() if row not in found]
    if gone:
        change(session, delete(FileFinding).where(among(FileFinding.id, gone)))
    new = sorted(found - set(before.values()))
    if new:
        rows = [{"school_id": school_id, **dict(zip(COLUMNS, row, strict=True))} for row in new]
        session.connection().execute(insert(FileFinding), rows)


def reports(session: Session) -> list[FileReport]:
    """Return what was left out, by school, file and severity."""
    statement = """
        SELECT school.ref AS school, file, severity, sum(rows)::integer AS rows,
               (array_agg(concat_ws(': ', 'line ' || nullif(line, 0), wrong) ORDER BY line, f.id))[1] AS first,
               (array_agg(hint ORDER BY line, f.id))[1] AS hint
          FROM souschef.file_finding AS f JOIN souschef.school ON school.id = f.school_id
         GROUP BY school.ref, file, severity ORDER BY school.ref, file, severity DESC
    """
    return fetch(session, FileReport, statement, {})


def forget_old(session: Session, school_id: int) -> int:
    """Delete findings of files that were not loaded for `KEPT_DAYS`; return how many."""
    old = col(FileFinding.found_at) < clock.NOW - dt.timedelta(days=KEPT_DAYS)
    return change(session, delete(FileFinding).where(col(FileFinding.school_id) == school_id, old))


def forget_names(session: Session, school_id: int, names: Collection[str]) -> int:
    """Delete the findings that speak of a person; return how many."""
    statement = """
        DELETE FROM souschef.file_finding USING unnest(CAST(:names AS text[])) AS name
         WHERE school_id = :school AND strpos(wrong || ' ' || hint, name) > 0
    """
    return execute(session, statement, {"school": school_id, "names": sorted(names)}).rowcount
