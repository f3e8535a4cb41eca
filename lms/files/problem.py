"""What is wrong in a file that a school wants to load, where, and how to mend it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands; line 0 means the whole file."""

    file: str
    line: int = 0

    def seen_from(self, other: Place) -> str:
        """Return where it is, for whoever looks at another place: its line, its file, or both."""
        if self.file == other.file and self.line:
            return f"line {self.line}"
        return f"{self.file}, line {self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and its mend."""

    file: str
    line: int
    """From 1, as an editor counts; a quoted cell over several lines counts from where its row begins. 0: the file."""
    column: str
    """A column's name, or a JSON pointer; empty where the whole line or file is meant."""
    wrong: str
    mend: str

    def __str__(self) -> str:
        """Return the problem as an operator reads it."""
        where = f"{self.file}, line {self.line}" if self.line else self.file
        where = f"{where}, {self.column}" if self.column else where
        return f"{where}: {self.wrong}. {self.mend}"
