"""What an export becomes: rows of our files, what was read, and what was left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from lms.files.bundle import Bundle
from lms.files.problem import Problem, Severity, SourceLocation

Row = Mapping[str, str]
MAX_LISTED = 1_000


class ExportError(ValueError):
    """An export cannot be read at all: what is wrong, and how to fix it."""

    def __init__(self, file: str, wrong: str, hint: str) -> None:
        super().__init__(f"{file}: {wrong}. {hint}")
        self.file, self.wrong, self.hint = file, wrong, hint


@dataclass(slots=True)
class Imported:
    """Rows by the file that they are for, in order; and a report."""

    rows: dict[str, list[Row]] = field(default_factory=dict)
    read: Counter[str] = field(default_factory=Counter)
    """How many of what were read, such as students."""
    left_out: Counter[str] = field(default_factory=Counter)
    """How many were left out, by the reason as a clause."""
    problems: list[Problem] = field(default_factory=list)
    """What is left out, row by row, as far as it is listed."""
    notes: list[str] = field(default_factory=list)
    """Sentences on what to do or to know."""

    def add(self, file: str, row: Row) -> None:
        """Add a row to a file."""
        self.rows.setdefault(file, []).append(row)

    def leave_out(self, why: str, at: SourceLocation, wrong: str, hint: str) -> None:
        """Note something that is left out: counted by its reason, and listed."""
        self.left_out[why] += 1
        if len(self.problems) < MAX_LISTED:
            self.problems.append(Problem(at.file, at.line, "", wrong, hint, Severity.ROW))

    def take_problems(self, bundle: Bundle) -> None:
        """Take over what the reader of a table left out, and the notices.

        Raises:
            ExportError: the file cannot be read at all.
        """
        fatal = bundle.findings.fatal
        if fatal:
            first = fatal[0]
            where = f"{first.file}, line {first.line}" if first.line else first.file
            wrong = f"{first.column}: {first.wrong}" if first.column else first.wrong
            raise ExportError(where, wrong, first.hint)
        for each in bundle.problems:
            self.left_out["cannot be read"] += 1
            self.problems.append(each)
        self.notes += [str(each) for each in bundle.notices]
