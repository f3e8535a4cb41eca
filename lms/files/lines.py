"""A CSV line by line, each cell read as what it should be; what is wrong is noted and read as nothing."""

from __future__ import annotations

import csv
import difflib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lms.files.bundle import LONGEST_NAME, Bundle
from lms.files.problem import Place
from lms.files.written import SEPARATORS, decoded, separator, without_hint

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_YEARS = range(1970, 2201)
LONG = 20_000
MOST_COLUMNS = 1_000


@dataclass(slots=True)
class Line:
    """One row of a CSV."""

    at: Place
    cells: Mapping[str, str]
    into: Bundle
    comma_in_numbers: bool = False
    """Whether decimals may stand after a comma: where commas do not separate columns, that is how they are written."""

    def wrong(self, column: str, wrong: str, mend: str) -> None:
        """Note a problem in a column."""
        self.into.note(self.at, column, wrong, mend)

    def text(self, column: str, *, most: int = 2_000) -> str | None:
        """Return a cell's text without the space around it, or None where it is empty."""
        found = self.cells.get(column, "").strip()
        if len(found) > most:
            self.wrong(column, f"it is longer than {most:,} characters", "Shorten it.")
            return None
        if "\x00" in found:
            self.wrong(column, "it holds a zero character, which no database keeps", "Remove it.")
            return None
        return found or None

    def ref(self, column: str) -> str | None:
        """Return the name of something; an empty one is a problem, and one that is too long to be looked up quickly."""
        return self.required(column, most=LONGEST_NAME)

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
            mend = "Write the decimals after a point, as in 0.5." if "," in found else "Correct it."
            self.wrong(column, f"{found[:50]!r} is no number from {low:g} to {high:g}", mend)
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
        """Return a cell's date or moment; what names no zone is UTC.

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
        value = value if value.tzinfo else value.replace(tzinfo=UTC)
        return value + timedelta(days=1) if whole_day and len(found) <= len("2026-09-01") else value


def lines(
    file: str, body: bytes, into: Bundle, *, needs: Sequence[str], may: Sequence[str] | None = None
) -> Iterator[Line]:
    """Yield the rows of a CSV.

    Args:
        file: its name, for problems.
        body: UTF-8 with or without a mark, UTF-16 with one, or as `into.encoding` says; any line ends.
        into: where problems are noted.
        needs: the columns that must be there.
        may: all that may be there besides; None: any may, and what is not known is left unread.
    """
    text = decoded(file, body, into)
    if text is None:
        return
    text, above = without_hint(text)
    between = separator(text, needs)
    if between != ",":
        into.tell_reading(file, f"with {SEPARATORS[between]} between the columns")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=between, strict=True)
    begin = 1 + above
    try:
        header = [name.strip() for name in next(reader, [])]
        if not _header_is_good(header, Place(file, begin), into, needs=needs, may=may):
            return
        begin = above + reader.line_num + 1
        for row in reader:
            at = Place(file, begin)
            begin = above + reader.line_num + 1
            if not "".join(row).strip():
                continue  # As spreadsheets leave behind below the last row.
            if len(row) != len(header):
                wrong = f"it has {len(row)} cells, and the header has {len(header)}"
                into.note(at, "", wrong, f"Put quotes around cells that hold {SEPARATORS[between]}.")
                continue
            yield Line(at, dict(zip(header, row, strict=True)), into, comma_in_numbers=between != ",")
    except csv.Error as error:
        into.note(
            Place(file, begin), "", f"it is not CSV ({error})", 'Check the quotes: write "" for one inside a cell.'
        )


def _header_is_good(
    header: Sequence[str], at: Place, into: Bundle, *, needs: Sequence[str], may: Sequence[str] | None
) -> bool:
    before = len(into.problems) + into.untold
    if len(header) > MOST_COLUMNS:
        mend = f"Leave out what is not to be loaded; {MOST_COLUMNS:,} may be."
        into.note(at, "", f"it has {len(header):,} columns", mend)
        return False
    for name in sorted({name for name in header if name and header.count(name) > 1}):
        into.note(at, name, "the column comes twice", "Remove one.")
    for name in needs:
        if name not in header:
            into.note(at, name, "the column is missing", "Add it to the header row.")
    known = (*needs, *(may or ()))
    for name in header if may is not None else ():
        if name and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
            mend = f"Did you mean {near[0]}?" if near else f"Known are {', '.join(known)}."
            into.note(at, name, "the column is not known", mend)
    return len(into.problems) + into.untold == before
