"""Take proposals that a person has accepted, or that are sure enough, into the files that are loaded."""

from __future__ import annotations

from pathlib import Path

from lms.exports.imported import Imported
from lms.files.problem import SourceLocation
from lms.files.sheets import WorkbookError, padded, sheets
from workers.cli import merge_files

YES = frozenset({"yes", "y", "x", "1", "true", "ja", "j", "si", "sí", "oui", "o", "ok"})
NO = frozenset({"no", "n", "0", "false", "nein", "non", "-"})
FILES = {"proposed_alignments.csv": "alignments.csv", "proposed_materials.csv": "materials.csv"}
"""Where each list of proposals goes."""
_COLUMNS = {
    "alignments.csv": ("item", "skill"),
    "materials.csv": ("material", "title", "url", "skills", "difficulty", "minutes", "language"),
}
_SKILL = {"alignments.csv": "skill", "materials.csv": "skills"}


def accepted(folder: Path, *, at_least: float | None, encoding: str | None = None) -> Imported:
    """Return the accepted rows of a folder's proposals, for the files that are loaded.

    Args:
        folder: with proposed_alignments.csv, proposed_materials.csv, or both.
        at_least: how sure a proposal must be that nobody has decided on; None: these are not taken.
        encoding: how lists that are not UTF-8 are saved.

    Raises:
        UnreadableFileError: a list is no CSV.
    """
    found = Imported()
    for name, target in FILES.items():
        for number, row in enumerate(_rows(folder / name, found, encoding), start=1):
            found.read["proposals"] += 1
            at = SourceLocation(name)
            verdict, sure = (row.get("accept") or "").strip().casefold(), _number(row.get("sure"))
            if verdict and verdict not in YES | NO:
                wrong = f"row {number}: {verdict[:20]!r} is neither yes nor no"
                found.leave_out("say neither yes nor no", at, wrong, "Write yes or no under accept.")
            elif verdict in NO:
                found.left_out["are refused"] += 1
            elif not (verdict or (at_least is not None and sure >= at_least)):
                found.left_out["are not decided on"] += 1
            elif not (row.get(_SKILL[target]) or "").strip():
                wrong = f"row {number} has no skill"
                found.leave_out("have no skill", at, wrong, "Write its code beside the yes.")
            else:
                found.read["accepted"] += 1
                found.add(target, {each: row.get(each) or "" for each in _COLUMNS[target]})
    return found


def _rows(path: Path, found: Imported, encoding: str | None) -> list[dict[str, str]]:
    """Return the rows of a list, or of the workbook of its name, as which somebody has saved it."""
    book = path.with_suffix(".xlsx")
    if not book.exists():
        return merge_files.read_rows(path, encoding)
    try:
        rows = [list(cells) for _, cells in sheets(book.read_bytes())[0].rows]
    except (WorkbookError, IndexError, OSError) as error:
        raise merge_files.UnreadableFileError(f"{book} cannot be read: {error}.", "Save it again, or as CSV.") from None
    found.notes.append(f"{book.name} was read in the place of {path.name}: remove it when you go on with the CSV.")
    header = rows[0] if rows else []
    return [dict(zip(header, padded(cells, len(header)), strict=False)) for cells in rows[1:]]


def _number(text: str | None) -> float:
    try:
        return float((text or "0").replace(",", "."))
    except ValueError:
        return 0.0
