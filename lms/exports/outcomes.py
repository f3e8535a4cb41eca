"""Skills as Canvas exports outcomes and Moodle exports a competency framework, as skills.csv.

Source: Canvas Outcomes CSV Format; Moodle's tool_lpimportcsv. A group, and what others stand below, is a strand.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from lms.exports.imported import ExportError, Imported
from lms.exports.safe_xml import plain
from lms.files.bundle import Bundle
from lms.files.column_map import ColumnMap
from lms.files.csv_reader import CsvRow, csv_rows
from lms.files.problem import SourceLocation

_CODE = re.compile(r"[\w.\-:]{2,30}")
_MOODLE = {"parent id number": "parent", "id number": "id", "short name": "title", "is framework": "framework"}
_CANVAS = ("vendor_guid", "object_type", "title")


def canvas(file: str, body: bytes, *, encoding: str | None = None) -> Imported:
    """Read outcomes; a display name or a title that is a code names the skill, and the GUID is its other name.

    Raises:
        ExportError: it is no export of outcomes.
    """
    found = Imported()
    rows = [(row.at, dict(row.cells)) for row in _rows(file, body, {}, found, needs=_CANVAS, encoding=encoding)]
    titles = {cells["vendor_guid"].strip(): cells["title"].strip() for _, cells in rows}
    outcomes = []
    for at, cells in rows:
        if cells["object_type"].strip() == "group":
            found.left_out["are groups, which are strands here"] += 1
        elif (cells.get("workflow_state") or "active").strip() == "deleted":
            found.left_out["are deleted"] += 1
        else:
            outcomes.append((at, cells))
    seen: set[str] = set()
    codes = Counter(_code(cells) for _, cells in outcomes)
    for at, cells in outcomes:
        guid, code = cells["vendor_guid"].strip(), _code(cells)
        ref = code if code and codes[code] == 1 else guid
        parents = [titles.get(each, "") for each in (cells.get("parent_guids") or "").split()]
        title = plain(cells.get("description") or "", most=200) if _code(cells) == cells["title"].strip() else ""
        row = _skill(ref, title or cells["title"], next(filter(None, parents), ""), {guid} - {ref})
        _add(found, row, at, seen)
    _check_any(found, file)
    return found


def moodle(file: str, body: bytes, *, encoding: str | None = None) -> Imported:
    """Read competencies.

    Raises:
        ExportError: it is no export of a competency framework.
    """
    found = Imported()
    needs = ("parent", "id", "title")
    rows = [(row.at, dict(row.cells)) for row in _rows(file, body, _MOODLE, found, needs=needs, encoding=encoding)]
    parents = {cells["parent"].strip() for _, cells in rows}
    titles = {cells["id"].strip(): cells["title"].strip() for _, cells in rows}
    seen: set[str] = set()
    for at, cells in rows:
        ref = cells["id"].strip()
        if (cells.get("framework") or "").strip().casefold() in {"1", "true", "yes"}:
            found.left_out["are the framework itself"] += 1
        elif ref in parents:
            found.left_out["have others below them, and are strands here"] += 1
        else:
            _add(found, _skill(ref, cells["title"], titles.get(cells["parent"].strip(), ""), ()), at, seen)
    _check_any(found, file)
    return found


def _rows(  # what is read, and how
    file: str, body: bytes, names: Mapping[str, str], found: Imported, *, needs: tuple[str, ...], encoding: str | None
) -> Iterator[CsvRow]:
    columns = ColumnMap({("", theirs): ours for theirs, ours in names.items()}, lenient=True)
    bundle = Bundle(encoding=encoding, columns=columns)
    # Ratings stand behind the last column that has a name: as many cells as there are ratings.
    yield from csv_rows(file, body, bundle, needs=needs, owner=lambda _: (), ragged=True)
    found.take_problems(bundle)


def _code(cells: Mapping[str, str]) -> str:
    """Return the code of an outcome: its display name or title, where one looks like a code."""
    for name in ("display_name", "title"):
        text = (cells.get(name) or "").strip()
        if _CODE.fullmatch(text) and re.search(r"\d", text):
            return text
    return ""


def _skill(ref: str, title: str, strand: str, names: Iterable[str]) -> dict[str, str]:
    return {"skill": ref, "title": plain(title, most=200), "strand": strand, "names": ";".join(filter(None, names))}


def _add(found: Imported, row: dict[str, str], at: SourceLocation, seen: set[str]) -> None:
    if not row["skill"] or not row["title"]:
        found.leave_out("have no id or title", at, "it has no id or no title", "Fill it in where it was exported.")
    elif row["skill"] in seen:
        found.leave_out("stand there already", at, f"{row['skill']!r} stands there already", "Nothing to do.")
    else:
        seen.add(row["skill"])
        found.read["skills"] += 1
        found.add("skills.csv", row)


def _check_any(found: Imported, file: str) -> None:
    """Refuse an export without any skill.

    Raises:
        ExportError: there is none.
    """
    if not found.rows and not found.problems:
        raise ExportError(file, "it has no skill", "Export the outcomes or competencies, not the groups alone.")
