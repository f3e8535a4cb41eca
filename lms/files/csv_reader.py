"""A CSV line by line, each cell read as what it should be; what is wrong is noted and read as nothing.

A file that a person writes is right or refused. Of an export, which nobody can correct row by row, a row with
something wrong is left out (`CsvRow.bad`).
"""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lms.files.bundle import MAX_NAME_LENGTH, Bundle, Row
from lms.files.csv_dialect import SEPARATORS, decode, separator, without_hint
from lms.files.problem import Severity, SourceLocation
from lms.files.sheets import padded
from lms.files.spreadsheet_text import unmarked

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_YEARS = range(1970, 2201)
LONG = 20_000
MAX_COLUMNS = 1_000
TITLE_ROWS = 10
"""Among so many rows of a sheet its header is looked for."""
_ERRORS = "REF|NAME|VALUE|N/A|NUM|DIV/0|NULL|NV|BEZUG|WERT|ZAHL|N/D|VALEUR|NOM|NOMBRE|VALOR"
"""Of formulas: in English as a workbook has them, in German, French and Spanish as a CSV does."""
_REWRITTEN = re.compile(rf"[+-]?\d(?:[.,]\d+)?E[+-]\d{{2,3}}|#[¡¿]?(?:{_ERRORS})[!?]?", re.IGNORECASE)
"""A number that a spreadsheet has rewritten (2.10700E+16: its last digits are lost), or an error of its own."""
Owner = Callable[[Mapping[str, str]], tuple[str, ...]]
"""The schools that a row says it belongs to, from its cells."""


@dataclass(slots=True)
class CsvRow:
    """One row of a CSV."""

    at: SourceLocation
    cells: Mapping[str, str]
    into: Bundle
    comma_in_numbers: bool = False
    """Whether decimals may stand after a comma: where commas do not separate columns, that is how they are written."""
    severity: Severity = Severity.FATAL
    """What a problem of this row does to the load."""
    bad: bool = False
    """Whether the row has a problem, and so must be left out."""

    def wrong(self, column: str, wrong: str, hint: str) -> None:
        """Note a problem in a column."""
        self.bad = True
        self.into.note(self.at, column, wrong, hint, self.severity)

    def notice(self, column: str, wrong: str, hint: str, *, about: str = "") -> None:
        """Note what the row is read without; what several rows have in common (`about`) is said once a file."""
        self.into.notice(self.at, column, wrong, hint, about=about)

    def once(self, existing: Mapping[str, Row], ref: str, column: str) -> bool:
        """Return whether `ref` is new among the rows known; note a problem where it is not."""
        if ref in existing:
            where = self.into.first_of(existing, ref, self.at)
            self.wrong(column, f"{ref!r} already stands{where}", "Remove one of the two.")
            return False
        return True

    def text(self, column: str, *, most: int = 2_000) -> str | None:
        """Return a cell's text without the space around it, or None where it is empty."""
        found = unmarked(self.cells.get(column, "").strip())
        if len(found) > most:
            self.wrong(column, f"it is longer than {most:,} characters", "Shorten it.")
            return None
        if "\x00" in found:
            self.wrong(column, "it holds a zero character, which no database keeps", "Remove it.")
            return None
        return found or None

    def ref(self, column: str) -> str | None:
        """Return the name of something; an empty one is a problem, and one that is too long or that is damaged."""
        found = self.required(column, most=MAX_NAME_LENGTH)
        if found and _REWRITTEN.fullmatch(found):
            self.wrong(column, *_damage(found))
            return None
        return found

    def second_name(self, column: str) -> str | None:
        """Return one more name of something, or None; one that is damaged is left out with a notice."""
        return self.undamaged(column, self.text(column))

    def undamaged(self, column: str, name: str | None) -> str | None:
        """Return a name, or None with a notice where a spreadsheet has rewritten it."""
        if name and _REWRITTEN.fullmatch(name):
            self.notice(column, *_damage(name), about="rewritten")
            return None
        return name

    def required(self, column: str, *, most: int = 2_000) -> str | None:
        """Return a cell's text; an empty one is a problem."""
        found = self.text(column, most=most)
        if found is None and not self.cells.get(column, "").strip():
            self.wrong(column, "it is empty", "Fill it in.")
        return found

    def number(self, column: str, low: float, high: float) -> float | None:
        """Return a cell's number between two bounds, or None where it is empty."""
        found = self.text(column)
        if found is None:
            return None
        plain = found.replace(",", ".") if self.comma_in_numbers else found
        value = float(plain) if _NUMBER.fullmatch(plain) else None
        if value is None or not low <= value <= high:
            hint = "Write the decimals after a point, as in 0.5." if "," in found else "Correct it."
            self.wrong(column, f"{found[:50]!r} is no number from {low:g} to {high:g}", hint)
            return None
        return value

    def whole(self, column: str, low: int, high: int, *, default: int) -> int:
        """Return a cell's whole number between two bounds, or the default where it is empty."""
        value = self.number(column, low, high)
        if value is not None and value % 1:
            self.wrong(column, f"{value:g} is no whole number", "Round it.")
        return default if value is None else int(value)

    def one_of(self, column: str, allowed: Sequence[str], *, default: str) -> str:
        """Return a cell's word, one of those allowed, in small letters."""
        found = (self.text(column) or default).lower()
        if found not in allowed:
            self.wrong(
                column, f"{found[:50]!r} is not known here", f"Write {', '.join(allowed[:-1])} or {allowed[-1]}."
            )
            return default
        return found

    def several(self, column: str) -> tuple[str, ...]:
        """Return a cell's parts, which semicolons separate."""
        found = self.text(column, most=LONG) or ""
        parts = tuple(part.strip() for part in found.split(";") if part.strip())
        twice = sorted({part for part in parts if parts.count(part) > 1})
        if twice:
            self.wrong(column, f"{twice[0]!r} comes twice", "Remove one.")
        return parts

    def moment(self, column: str, *, whole_day: bool = False) -> datetime | None:
        """Return a cell's date or moment; what names no zone has none, until `Bundle.in_zone` reads it as local time.

        A date is its midnight or, where it closes something and counts as a `whole_day`, the midnight after it.
        """
        found = self.text(column)
        if found is None:
            return None
        try:
            value = datetime.fromisoformat(found)
        except ValueError:
            self.wrong(column, f"{found[:50]!r} is no date", "Write it like 2026-09-01.")
            return None
        if value.year not in _YEARS:
            self.wrong(column, f"the year {value.year} cannot be meant", "Correct it.")
            return None
        return value + timedelta(days=1) if whole_day and len(found) <= len("2026-09-01") else value


def wall_time(moment: datetime) -> datetime:
    """Return what the clock showed, whatever the zone: two moments of one row are compared by it."""
    return moment.replace(tzinfo=None)


def is_rewritten(name: str) -> bool:
    """Return whether a spreadsheet has made a rounded number or an error of its own of a name."""
    return _REWRITTEN.fullmatch(name) is not None


def _damage(found: str) -> tuple[str, str]:
    wrong = f"{found!r} is what a spreadsheet made of a name"
    return wrong, "Export the file again and load it as it is, or set the column to text before opening it."


def csv_rows(
    file: str,
    body: bytes,
    into: Bundle,
    *,
    needs: Sequence[str],
    may: Sequence[str] | None = None,
    owner: Owner | None = None,
    ragged: bool = False,
) -> Iterator[CsvRow]:
    """Yield the rows of a CSV.

    Args:
        file: its name, for problems.
        body: UTF-8 with or without a mark, UTF-16 with one, or as `into.encoding` says; any line ends.
        into: where problems are noted.
        needs: the columns that must be there.
        may: all that may be there besides; None: any may, and what is not known is left unread.
        owner: the file is an export, of which bad rows are left out; it says which schools a row belongs to.
        ragged: rows may have more or fewer cells than the header.
    """
    lines = _sheet_lines(file, into, needs) if file in into.sheets else _csv_lines(file, body, into, needs)
    if lines is None:
        return
    between, rows = lines
    before = len(into.problems) + into.untold
    begin, cells = next(rows, (1, []))
    if len(into.problems) + into.untold > before:
        return  # The header itself is not CSV.
    columns = None if may is None else (*needs, *may)
    header = into.columns.renamed(file, _without_empty_end([" ".join(name.split()) for name in cells]), columns)
    if not _header_is_good(header, SourceLocation(file, begin), into, needs=needs, may=may):
        return
    table = _Table(file, header, into, between=between, owner=owner)
    for begin, cells in rows:
        row = table.row(begin, padded(cells, len(header))[: len(header)] if ragged else cells)
        if row is not None:
            yield row


Lines = tuple[str, Iterator[tuple[int, list[str]]]]
"""What separates the columns, and the rows with their lines, the header first."""


def _csv_lines(file: str, body: bytes, into: Bundle, needs: Sequence[str]) -> Lines | None:
    text = decode(file, body, into)
    if text is None:
        return None
    text, above = without_hint(text)
    between = separator(text, needs, into.columns.sources(file))
    if between != ",":
        into.tell_reading(file, f"with {SEPARATORS[between]} between the columns")
    return between, _csv_rows(file, text, into, between=between, above=above)


def _csv_rows(file: str, text: str, into: Bundle, *, between: str, above: int) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=True)
    begin = 1 + above
    try:
        for cells in reader:
            yield begin, cells
            begin = above + reader.line_num + 1
    except csv.Error as error:
        into.note(
            SourceLocation(file, begin),
            "",
            f"it is not CSV ({error})",
            'Check the quotes: write "" for one inside a cell.',
        )


def _sheet_lines(file: str, into: Bundle, needs: Sequence[str]) -> Lines:
    """Return the rows of a sheet from its header on: the first of ten rows with two names of columns, else the first.

    Schools write a title above their tables.
    """
    rows = into.sheets[file].rows
    names = {*needs, *(name for name in into.columns.sources(file))}
    wanted = {name.casefold() for name in names}
    sizes = [len(wanted & {cell.strip().casefold() for cell in cells}) for _, cells in rows[:TITLE_ROWS]]
    first = next((place for place, size in enumerate(sizes) if size >= min(2, len(wanted))), 0)
    width = len(rows[first][1]) if rows else 0
    return ",", ((line, padded(cells, width)) for line, cells in rows[first:])


class _Table:
    """One CSV while it is read: its header, and which rows it has had."""

    def __init__(self, file: str, header: Sequence[str], into: Bundle, *, between: str, owner: Owner | None) -> None:
        self.file, self.header, self.into, self.between, self.owner = file, header, into, between, owner
        self.severity = Severity.FATAL if owner is None else Severity.ROW
        self.seen: dict[tuple[str, ...], int] = {}

    def row(self, line: int, cells: list[str]) -> CsvRow | None:
        """Return one row; None where it is empty, equals an earlier one, or has too few or too many cells."""
        if not "".join(cells).strip():
            return None  # As spreadsheets leave behind below the last row.
        while len(cells) > len(self.header) and not cells[-1].strip():
            cells.pop()
        by_name = dict(zip(self.header, cells, strict=False))
        at = SourceLocation(self.file, line, () if self.owner is None else self.owner(by_name))
        self.into.findings.rows[SourceLocation(self.file, schools=at.schools)] += 1
        if len(cells) != len(self.header):
            wrong = f"it has {len(cells)} cells, and the header has {len(self.header)}"
            self.into.note(
                at, "", wrong, f"Put quotes around cells that hold {SEPARATORS[self.between]}.", self.severity
            )
            return None
        first = self.seen.setdefault(tuple(cells), line)
        if first != line:
            self.into.notice(at, "", f"it equals line {first}", "Equal rows are read as one.", about="equal")
            return None
        comma = self.between != "," or self.file in self.into.sheets
        return CsvRow(at, by_name, self.into, comma_in_numbers=comma, severity=self.severity)


def _without_empty_end(header: list[str]) -> list[str]:
    """Return a header without the empty names at its end, under which no row needs a cell."""
    while header and not header[-1]:
        header.pop()
    return header


def _header_is_good(
    header: Sequence[str], at: SourceLocation, into: Bundle, *, needs: Sequence[str], may: Sequence[str] | None
) -> bool:
    before = len(into.problems) + into.untold
    if len(header) > MAX_COLUMNS:
        hint = f"Leave out what is not to be loaded; {MAX_COLUMNS:,} may be."
        into.note(at, "", f"it has {len(header):,} columns", hint)
        return False
    for name in sorted({name for name in header if name and header.count(name) > 1}):
        into.note(at, name, "the column comes twice", "Remove one.")
    for name in needs:
        if name not in header:
            into.note(at, name, "the column is missing", "Add it to the header row.")
    columns = (*needs, *(may or ()))
    for name in header if may is not None else ():
        if name and name not in columns:
            near = difflib.get_close_matches(name, columns, n=1, cutoff=0.6)
            hint = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(columns)}."
            into.note(at, name, "the column is not known", hint)
    return len(into.problems) + into.untold == before
