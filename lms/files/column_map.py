"""What the columns of a file are called here: `Student ID=sourcedId`, for all files or for one (`users:Name=title`)."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lms.files.columns import OURS, ROSTERS

FILES = tuple(PurePosixPath(each.name).stem for each in (*ROSTERS, *OURS))
"""The files whose columns are described, without `.csv`."""
_COLUMNS = {column.name for each in (*ROSTERS, *OURS) for column in each.columns}
OTHERS = "*"
"""Stands for every column that is not known: `*=` leaves them out."""


class ColumnMapError(ValueError):
    """An entry of a column map cannot be read: what is wrong, and how to fix it."""


@dataclass(slots=True)
class ColumnMap:
    """Names by (file or "", name in small letters); an empty name leaves a column out."""

    names: Mapping[tuple[str, str], str] = field(default_factory=dict)
    used: set[tuple[str, str]] = field(default_factory=set)
    """Entries for which a column was there."""
    lenient: bool = False
    """Of two columns that mean the same the first is read, instead of refusing both."""

    def renamed(self, file: str, header: Sequence[str], columns: Sequence[str] | None) -> list[str]:
        """Return a header with our names.

        Args:
            file: the file's name.
            header: its columns.
            columns: all that the file may have; None: any.
        """
        stem = stem_of(file)
        found = [self._name(stem, each, columns) for each in header]
        if self.lenient:
            found = [name if name not in found[:place] else "" for place, name in enumerate(found)]
        return found

    def sources(self, file: str) -> set[str]:
        """Return the names, in small letters, that columns of a file have before they are renamed."""
        return {name for of, name in self.names if of in {"", stem_of(file)}}

    def unused(self) -> list[str]:
        """Return the names of columns that no file has."""
        return sorted(name for _, name in self.names.keys() - self.used if name != OTHERS)

    def _name(self, stem: str, name: str, columns: Sequence[str] | None) -> str:
        for key in ((stem, name.casefold()), ("", name.casefold())):
            if key in self.names:
                self.used.add(key)
                return self.names[key]
        if columns is not None and name not in columns:
            for key in ((stem, OTHERS), ("", OTHERS)):
                if key in self.names:
                    self.used.add(key)
                    return ""
        return name


def stem_of(file: str) -> str:
    """Return the name by which a file is known: `users` of `users.csv`, and of the sheet `book.xlsx/users`."""
    return PurePosixPath(file.lower()).stem


def column_map(entries: Iterable[str]) -> ColumnMap:
    """Return the map that entries such as `Student ID=sourcedId` make.

    Raises:
        ColumnMapError: an entry is no pair, or names a column that no file has.
    """
    names: dict[tuple[str, str], str] = {}
    for entry in entries:
        source, equals, target = (part.strip() for part in entry.rpartition("="))
        if not equals or not source:
            raise ColumnMapError(f"{entry!r} is no pair of columns. Write it like 'Student ID=sourcedId'.")
        if target and target not in _COLUMNS:
            near = difflib.get_close_matches(target, sorted(_COLUMNS), n=1, cutoff=0.5)
            hint = f"Did you mean {near[0]}?" if near else "docs/files.md lists the columns."
            raise ColumnMapError(f"{entry!r}: no file has a column {target!r}. {hint}")
        prefix, colon, rest = source.partition(":")
        file = prefix.strip().lower().removesuffix(".csv")
        key = (file, rest.strip().casefold()) if colon and file in FILES else ("", source.casefold())
        if names.get(key, target) != target:
            raise ColumnMapError(
                f"{source!r} is mapped twice. Remove one, or name the file: 'users:{source}={target}'."
            )
        names[key] = target
    return ColumnMap(names)
