"""Put rows that were imported into the CSVs of a folder: what a person has written stays, unless they say otherwise."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.errors import Exit, OperatorError
from lms.exports.imported import Row
from lms.files.bundle import Bundle
from lms.files.columns import OURS, ROSTERS
from lms.files.csv_dialect import decode, separator, without_hint
from workers.cli.write_files import write_all

PROPOSED_ALIGNMENTS = ("accept", "item", "skill", "sure", "because", "kind", "category", "tags", "text")
PROPOSED_MATERIALS = (
    *("accept", "material", "title", "url", "skills", "difficulty", "minutes", "language", "sure", "because"),
    *("kind", "category"),
)
COLUMNS: Mapping[str, Sequence[str]] = {
    **{each.name: [column.name for column in each.columns] for each in (*ROSTERS, *OURS)},
    "proposed_alignments.csv": PROPOSED_ALIGNMENTS,
    "proposed_materials.csv": PROPOSED_MATERIALS,
}
KEYS: Mapping[str, Sequence[str]] = {
    "users.csv": ("sourcedId",),
    "classes.csv": ("sourcedId",),
    "enrollments.csv": ("classSourcedId", "userSourcedId"),
    "skills.csv": ("skill",),
    "materials.csv": ("material",),
    "alignments.csv": ("item", "skill"),
    "scope.csv": ("class", "skill"),
    "proposed_alignments.csv": ("item", "skill"),
    "proposed_materials.csv": ("url",),
}
"""The columns that say which row it is."""
PROPOSALS: Mapping[str, str] = {"proposed_alignments.csv": "item", "proposed_materials.csv": "url"}
"""Lists of proposals, and the column of what each is for: what nobody has decided is proposed again."""


class UnreadableFileError(OperatorError):
    """A file of the folder cannot be read, so that nothing can be added to it."""

    exit_code = Exit.WRONG_INPUT


@dataclass(slots=True)
class Merged:
    """What became of the rows for one file."""

    new: int = 0
    same: int = 0
    filled: int = 0
    """Rows that were there, and got what they lacked."""
    different: list[str] = field(default_factory=list)
    """Names of rows that say something else, and stay as they are unless they are replaced."""
    gone: list[str] = field(default_factory=list)
    """Places in a class that the export describes, and does not have."""
    replaced: int = 0
    removed: int = 0

    @property
    def any(self) -> bool:
        """Whether the file is to be written."""
        return bool(self.new or self.filled or self.replaced or self.removed)


def merge(
    folder: Path, rows: Mapping[str, Sequence[Row]], *, replace: bool = False, dry_run: bool = False
) -> dict[str, Merged]:
    """Add rows to the files of a folder, and return what became of them; all files are written, or none.

    Args:
        folder: made if it is not there.
        rows: by the file that they are for.
        replace: rows that say something else are replaced, and places that the export lacks are removed.
        dry_run: write nothing.

    Raises:
        UnreadableFileError: a file of the folder is no CSV.
        FolderNotWritableError: the folder cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise UnreadableFileError(f"{folder} is a file, not a folder.", "Name a folder.")
    texts, merged = {}, {}
    for name, new in rows.items():
        header, existing = _existing(folder / name, COLUMNS[name])
        file = _File(name, existing, replace=replace)
        file.add(new)
        merged[name] = file.merged
        if file.merged.any:
            texts[name] = _text(header, file.rows.values())
    if texts and not dry_run:
        write_all(folder, texts, force=True)
    return merged


class _File:
    """One file while rows are added to it."""

    def __init__(self, name: str, existing: Sequence[dict[str, str]], *, replace: bool) -> None:
        self.name, self.replace, self.merged = name, replace, Merged()
        self.rows = {
            (*self._key(row), *([] if any(self._key(row)) else [number])): row for number, row in enumerate(existing)
        }

    def add(self, rows: Sequence[Row]) -> None:
        if self.name in PROPOSALS:
            self._forget_open(rows)
        for row in rows:
            self._add(row)
        if self.name == "enrollments.csv":
            self._remove_gone(rows)

    def _add(self, row: Row) -> None:
        there = self.rows.get((*self._key(row),))
        if there is None:
            self.rows[(*self._key(row),)] = dict(row)
            self.merged.new += 1
            return
        lacking = {name: cell for name, cell in row.items() if cell and not there.get(name)}
        other = {name: cell for name, cell in row.items() if cell and there.get(name) not in {None, "", cell}}
        other = {name: cell for name, cell in other.items() if name not in {"sure", "because"}}
        self.merged.filled += bool(lacking)
        self.merged.same += not lacking and not other
        if other and self.replace:
            there.update(other)
            self.merged.replaced += 1
        elif other:
            self.merged.different.append(" ".join(self._key(row)))
        there.update(lacking)

    def _forget_open(self, rows: Sequence[Row]) -> None:
        """Forget what is proposed and not decided for what is proposed for again."""
        about = PROPOSALS[self.name]
        again = {row[about] for row in rows}
        now = {self._key(row) for row in rows}
        for key, row in list(self.rows.items()):
            if row.get(about) in again and not row.get("accept", "").strip() and self._key(row) not in now:
                del self.rows[key]
                self.merged.removed += 1

    def _remove_gone(self, rows: Sequence[Row]) -> None:
        described = {row["classSourcedId"] for row in rows}
        now = {self._key(row) for row in rows}
        for key, row in list(self.rows.items()):
            if row.get("classSourcedId") in described and self._key(row) not in now:
                if self.replace:
                    del self.rows[key]
                    self.merged.removed += 1
                else:
                    self.merged.gone.append(" ".join(self._key(row)))

    def _key(self, row: Row) -> tuple[str, ...]:
        return tuple((row.get(name) or "").strip() for name in KEYS[self.name])


def _existing(path: Path, columns: Sequence[str]) -> tuple[list[str], list[dict[str, str]]]:
    """Return header and rows of a file as it is; where there is none, our columns."""
    rows = read_rows(path)
    header = list(rows[0]) if rows else []
    return [*header, *(name for name in columns if name not in header)], rows


def read_rows(path: Path, encoding: str | None = None) -> list[dict[str, str]]:
    """Return the rows of a CSV by their columns; none where there is no file, or no row.

    Raises:
        UnreadableFileError: it is no CSV.
    """
    try:
        bundle = Bundle(encoding=encoding)
        text = decode(path.name, path.read_bytes(), bundle)
        if text is None:
            raise UnreadableFileError(f"{path}: {bundle.problems[0].wrong}.", "Save it as CSV UTF-8.")
        text, _ = without_hint(text)
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator(text, COLUMNS[path.name]), strict=True)
        header = [name.strip() for name in next(lines, [])]
        return [dict(zip(header, cells, strict=False)) for cells in lines if any(cell.strip() for cell in cells)]
    except FileNotFoundError:
        return []
    except csv.Error as error:
        raise UnreadableFileError(
            f"{path} is not CSV ({error}).", "`souschef check` says where; correct it first."
        ) from None
    except OSError as error:
        raise UnreadableFileError(f"{path} cannot be read: {error.strerror}.", "Let this user read it.") from None


def _text(header: Sequence[str], rows: Iterable[Row]) -> str:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(
        text, [name for name in header if name], restval="", extrasaction="ignore", lineterminator="\n"
    )
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
