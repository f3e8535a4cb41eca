"""What the last load of each file left out, stored for `souschef doctor`."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlmodel import Session

from lms.files.bundle import Bundle
from models.rows import execute, fetch

KEPT_DAYS = 90
"""A file that is not loaded again for so long is not spoken of any more."""
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
    names = ("file", "line", "place", "severity", "wrong", "hint", "rows")
    columns = ", ".join(names)
    stored = f"SELECT id, {columns} FROM souschef.file_finding WHERE school_id = :school AND file = ANY(:files)"  # noqa: S608 - column names from above
    before = execute(session, stored, {"school": school_id, "files": bundle.files}).all()
    existing = {tuple(row[1:]) for row in before}
    gone = [row[0] for row in before if tuple(row[1:]) not in found]
    if gone:
        execute(session, "DELETE FROM souschef.file_finding WHERE id = ANY(CAST(:ids AS bigint[]))", {"ids": gone})
    new = sorted(found - existing)
    if new:
        statement = f"""
            INSERT INTO souschef.file_finding (school_id, {columns})
            SELECT :school, * FROM unnest(CAST(:file AS text[]), CAST(:line AS integer[]), CAST(:place AS text[]),
              CAST(:severity AS text[]), CAST(:wrong AS text[]), CAST(:hint AS text[]), CAST(:rows AS integer[]))
        """  # noqa: S608 - column names from above
        values = {name: [row[number] for row in new] for number, name in enumerate(names)}
        execute(session, statement, {"school": school_id, **values})


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
    statement = """
        DELETE FROM souschef.file_finding
         WHERE school_id = :school AND found_at < (SELECT souschef.clock()) - make_interval(days => :days)
    """
    return execute(session, statement, {"school": school_id, "days": KEPT_DAYS}).rowcount


def forget_names(session: Session, school_id: int, names: Collection[str]) -> int:
    """Delete the findings that speak of a person; return how many."""
    statement = """
        DELETE FROM souschef.file_finding USING unnest(CAST(:names AS text[])) AS name
         WHERE school_id = :school AND strpos(wrong || ' ' || hint, name) > 0
    """
    return execute(session, statement, {"school": school_id, "names": sorted(names)}).rowcount
