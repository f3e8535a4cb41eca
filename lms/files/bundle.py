"""What a folder of files holds, as rows, and what is wrong with it."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong in a file, and how to mend it."""

    file: str
    line: int
    column: str
    message: str

    def __str__(self) -> str:
        """Return the fault as an operator reads it."""
        where = f"{self.file}, line {self.line}" if self.line else self.file
        return f"{where}, {self.column}: {self.message}" if self.column else f"{where}: {self.message}"


@dataclass(slots=True)
class Bundle:
    """Rows by kind, each a mapping of our own column names; refs are the school's, nothing is resolved yet."""

    school: dict[str, Any] | None = None
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    classes: dict[str, dict[str, Any]] = field(default_factory=dict)
    enrolments: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """By (class, person)."""
    skills: dict[str, dict[str, Any]] = field(default_factory=dict)
    prerequisites: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """By (skill, what it needs)."""
    topics: dict[str, dict[str, Any]] = field(default_factory=dict)
    alignments: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """By (item, skill)."""
    materials: dict[str, dict[str, Any]] = field(default_factory=dict)
    scope: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """By (class, skill)."""
    questionnaires: dict[str, dict[str, Any]] = field(default_factory=dict)
    aliases: dict[tuple[str, str], str] = field(default_factory=dict)
    """By (kind, name): the ref that it means."""
    faults: list[Fault] = field(default_factory=list)
    held: set[str] = field(default_factory=set)
    """The kinds for which a file was there: what such a file no longer has, has ended."""


@dataclass(slots=True)
class Line:
    """One row of a CSV, read column by column; what is wrong is noted and read as None."""

    file: str
    number: int
    cells: Mapping[str, str]
    faults: list[Fault]

    def wrong(self, column: str, message: str) -> None:
        """Note a fault in a column."""
        self.faults.append(Fault(self.file, self.number, column, message))

    def text(self, column: str, *, most: int = 2_000) -> str | None:
        """Return a cell's text, or None where it is empty."""
        found = self.cells.get(column, "").strip()
        if len(found) > most:
            self.wrong(column, f"it is longer than {most} characters; shorten it")
            return None
        if "\x00" in found:
            self.wrong(column, "it holds a zero character; remove it")
            return None
        return found or None

    def required(self, column: str, *, most: int = 2_000) -> str | None:
        """Return a cell's text; an empty one is a fault."""
        found = self.text(column, most=most)
        if found is None and not any(fault.line == self.number and fault.column == column for fault in self.faults):
            self.wrong(column, "it is empty; fill it in")
        return found

    def number_in(self, column: str, low: float, high: float, *, default: float | None = None) -> float | None:
        """Return a cell's number between two bounds, or the default where it is empty."""
        found = self.text(column)
        if found is None:
            return default
        try:
            value = float(found)
        except ValueError:
            value = math.nan
        if not low <= value <= high:
            self.wrong(column, f"{found!r} is no number from {low:g} to {high:g}")
            return default
        return value

    def one_of(self, column: str, *allowed: str, default: str) -> str:
        """Return a cell's word, one of those allowed."""
        found = (self.text(column) or default).lower()
        if found not in allowed:
            self.wrong(column, f"{found!r} is none of {', '.join(allowed)}")
            return default
        return found

    def several(self, column: str, separator: str = ";") -> list[str]:
        """Return a cell's parts."""
        found = self.text(column, most=20_000) or ""
        return [part.strip() for part in found.split(separator) if part.strip()]

    def moment(self, column: str) -> datetime | None:
        """Return a cell's date or moment; a date begins at midnight, and what names no zone is UTC."""
        found = self.text(column)
        if found is None:
            return None
        try:
            value = datetime.fromisoformat(found)
        except ValueError:
            self.wrong(column, f"{found!r} is no date; write it like 2026-09-01")
            return None
        return value if value.tzinfo else value.replace(tzinfo=UTC)


def lines(file: str, body: bytes, *, needs: tuple[str, ...], faults: list[Fault]) -> Iterator[Line]:
    """Yield the rows of a CSV: UTF-8 with or without a mark, header row, quoted as RFC 4180 has it."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = body[: error.start].count(b"\n") + 1
        faults.append(Fault(file, number, "", "it is not UTF-8; save it as UTF-8"))
        return
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in reader.fieldnames or ()]
        missing = [name for name in needs if name not in header]
        if missing:
            faults.append(
                Fault(file, 1, missing[0], f"the column is missing; the header is {', '.join(header) or 'empty'}")
            )
            return
        reader.fieldnames = header
        for row in reader:
            number = reader.line_num
            if None in row or None in row.values():
                faults.append(Fault(file, number, "", f"it has not {len(header)} columns as the header has"))
                continue
            yield Line(file, number, row, faults)
    except csv.Error as error:
        faults.append(Fault(file, reader.line_num, "", f"it is not CSV: {error}; check its quotes"))
