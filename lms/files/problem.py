"""What is wrong in a file that a school wants to load, where, how bad it is, and how to fix it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """What a problem does to the load."""

    FATAL = "fatal"
    """Nothing is loaded."""
    ROW = "row"
    """The row is left out, and the rest is loaded."""
    NOTICE = "notice"
    """The row is loaded, without what the sentence names."""


@dataclass(frozen=True, slots=True)
class SourceLocation:
    """Where a row stands; line 0 means the whole file."""

    file: str
    line: int = 0
    schools: tuple[str, ...] = ()
    """The schools that the row says it belongs to; empty where it does not say."""

    def seen_from(self, other: SourceLocation) -> str:
        """Return where it is, seen from another place: its line, its file, or both."""
        if self.file == other.file and self.line:
            return f"line {self.line}"
        return f"{self.file}, line {self.line}" if self.line else self.file

    def concerns(self, school: str) -> bool:
        """Return whether it may be a row of this school."""
        return not self.schools or school in self.schools


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and how to fix it."""

    file: str
    line: int
    """From 1, as an editor counts; a quoted cell over several lines counts from where its row begins. 0: the file."""
    column: str
    """A column's name, or a JSON pointer; empty where the whole line or file is meant."""
    wrong: str
    hint: str
    severity: Severity = Severity.FATAL
    rows: int = 1
    """How many rows a notice is about; `line` is the first."""

    def __str__(self) -> str:
        """Return the problem as an operator reads it."""
        where = f"{self.file}, line {self.line}" if self.line else self.file
        where = f"{where}, {self.column}" if self.column else where
        more = f" ({self.rows:,} rows)" if self.rows > 1 else ""
        return f"{where}: {self.wrong}{more}. {self.hint}"
