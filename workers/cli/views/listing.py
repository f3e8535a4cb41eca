"""Rows with names of columns: as a table, as CSV, and those that hold a text."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Sequence
from typing import Any

from rich.table import Table

from lms.files.spreadsheet_text import marked
from workers.cli.views.tables import console

Row = dict[str, Any]
NEVER_CUT = ("ref",)
"""Columns that a person copies from: they are never folded."""


def matching(rows: Sequence[Row], text: str | None) -> list[Row]:
    """Return the rows one of whose values holds a text, whatever its capital letters."""
    if text is None:
        return list(rows)
    wanted = text.casefold()
    return [row for row in rows if any(wanted in _text(value).casefold() for value in row.values())]


def as_csv(rows: Sequence[Row]) -> str:
    """Return rows as CSV with a header, of which a spreadsheet runs nothing; "" if there are none."""
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(rows[0])
    writer.writerows([_cell(value) for value in row.values()] for row in rows)
    return out.getvalue()


def show(kind: str, rows: Sequence[Row]) -> None:
    """Print rows as a table, and how many they are."""
    out = console()
    if rows:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in rows[0]:
            table.add_column(name.replace("_", " "), no_wrap=name in NEVER_CUT, overflow="fold")
        for row in rows:
            table.add_row(*(_text(value) for value in row.values()))
        out.print(table, markup=False)
    out.print(f"{len(rows)} {kind if len(rows) != 1 else _one(kind)}.")


def _cell(value: object) -> str:
    return _text(value) if isinstance(value, int | float) else marked(_text(value))


def _one(kind: str) -> str:
    return kind.removesuffix("es") if kind == "classes" else kind.removesuffix("s")


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:g}"
        case dt.datetime():
            return f"{value.astimezone(dt.UTC):%Y-%m-%d %H:%M}Z"
        case list():
            return " ".join(map(str, value))
        case _:
            return str(value)
