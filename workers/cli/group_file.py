"""Read a file that says which group each student is in; it stays in memory and is forgotten with the command."""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from pathlib import Path

from config.errors import Exit, OperatorError

STUDENT = "student"
MOST_BYTES = 16 * 1024 * 1024


class GroupFileError(OperatorError):
    """The file cannot be read as one group a student."""

    exit_code = Exit.WRONG_INPUT


@dataclass(frozen=True, slots=True)
class GroupFile:
    """The group of each student, by the ref in the file."""

    groups: dict[str, str]


def read_groups(path: Path, *, column: str | None) -> GroupFile:
    """Read a CSV with a header: the column `student`, and the group in `column`, or in the only other one.

    Raises:
        GroupFileError: it cannot be read, lacks a column, or gives a student two groups.
    """
    lines = _text(path).splitlines()
    separator = max(",;\t", key=lines[0].count) if lines else ","
    rows = csv.DictReader(lines, delimiter=separator, strict=True)
    try:
        header = [name.strip() for name in rows.fieldnames or []]
        rows.fieldnames = header
        wanted = _column(header, column)
        return GroupFile(_groups(rows, wanted))
    except csv.Error as error:
        raise GroupFileError(f"{path} is no CSV: {error}.", "Write a header, then one student a line.") from None


def _text(path: Path) -> str:
    try:
        if str(path) == "-":
            body = sys.stdin.buffer.read(MOST_BYTES + 1)
        else:
            with path.open("rb") as file:
                body = file.read(MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise GroupFileError(f"{path} is larger than 16 MB.", "It needs two columns only.")
        return body.decode("utf-8-sig")
    except OSError as error:
        raise GroupFileError(f"{path} cannot be read: {error.strerror}.", "Give a CSV file, or - .") from None
    except UnicodeDecodeError:
        raise GroupFileError(f"{path} is not UTF-8.", "Save it as CSV UTF-8.") from None


def _column(header: list[str], column: str | None) -> str:
    if STUDENT not in header:
        raise GroupFileError(f"The file has no column {STUDENT}.", "Its first line names the columns: student,group.")
    others = [name for name in header if name != STUDENT]
    if column is None and len(others) != 1:
        raise GroupFileError(f"Which column is the group: {', '.join(others) or 'there is none'}?", "Give --column.")
    if column is not None and column not in others:
        raise GroupFileError(f"The file has no column {column}.", f"It has {', '.join(others) or 'none'}.")
    return column or others[0]


def _groups(rows: csv.DictReader[str], column: str) -> dict[str, str]:
    groups: dict[str, str] = {}
    for row in rows:
        student, group = (row.get(STUDENT) or "").strip(), (row.get(column) or "").strip()
        if not student or not group:
            continue
        if groups.setdefault(student, group) != group:
            raise GroupFileError(f"Line {rows.line_num} gives a student a second group.", "One line a student.")
    return groups
