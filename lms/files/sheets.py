"""Workbooks (.xlsx) as the rows of a CSV: a sheet is read as the file that it is named after.

Only values are read, no formulas and no macros. A workbook is a zip of XML: its size is judged before it is unpacked,
and openpyxl parses it by defusedxml, which refuses entities.
"""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

MAX_UNPACKED = 128 * 1024 * 1024
"""Bytes of a workbook, unpacked: some 300,000 rows of a roster."""
MAX_ROWS = 200_000
MAX_COLUMNS = 1_000
_EXACT = 10**15
"""A spreadsheet keeps 15 digits of a number: an id with more has lost its last ones."""
_MARKS = ("xl/workbook.xml", "[Content_Types].xml")


class WorkbookError(ValueError):
    """A workbook cannot be read: what is wrong, and how to fix it."""

    def __init__(self, wrong: str, hint: str) -> None:
        super().__init__(f"{wrong}. {hint}")
        self.wrong, self.hint = wrong, hint


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, and its rows with their numbers in the workbook, empty ones left out."""

    name: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def is_workbook(name: str) -> bool:
    """Return whether a file is a workbook by its name."""
    return PurePosixPath(name.lower()).suffix == ".xlsx"


def sheets(body: bytes) -> list[Sheet]:
    """Return the visible sheets of a workbook.

    Raises:
        WorkbookError: it is none, it has a password, or it is too large.
    """
    _judge(body)
    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(body), read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # noqa: BLE001 - openpyxl raises whatever its parts raise on broken files
        raise WorkbookError(
            f"it is a broken workbook ({type(error).__name__})", "Save it again, or save it as CSV."
        ) from None
    try:
        found = [Sheet(each.title, tuple(_rows(each))) for each in book.worksheets if each.sheet_state == "visible"]
    except WorkbookError:
        raise
    except Exception as error:  # noqa: BLE001 - see above: sheets are parsed while they are read
        raise WorkbookError(
            f"it is a broken workbook ({type(error).__name__})", "Save it again, or save it as CSV."
        ) from None
    finally:
        book.close()
    return found


def _judge(body: bytes) -> None:
    if body.startswith(b"\xd0\xcf\x11\xe0"):
        raise WorkbookError(
            "it is an old workbook (.xls), or one with a password", "Save it as .xlsx without a password, or as CSV."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = archive.infolist()
    except Exception:  # noqa: BLE001 - zipfile raises whatever its parts raise on broken files
        raise WorkbookError("it is no workbook, or is cut off", "Save it again, or save it as CSV.") from None
    if not {entry.filename for entry in entries}.issuperset(_MARKS):
        raise WorkbookError("it is a zip, but no workbook", "Save it as .xlsx or as CSV.")
    size = sum(entry.file_size for entry in entries)
    if size > MAX_UNPACKED:
        limit = MAX_UNPACKED // 2**20
        raise WorkbookError(f"it unpacks to {size // 2**20:,} MiB; {limit} are allowed", "Save its sheets as CSV.")


def _rows(sheet: Any) -> Iterator[tuple[int, tuple[str, ...]]]:  # noqa: ANN401 - openpyxl has two classes for one thing
    count = 0
    for number, cells in enumerate(sheet.iter_rows(values_only=True, max_col=MAX_COLUMNS + 1), start=1):
        texts = [_text(cell) for cell in cells]
        while texts and not texts[-1]:
            texts.pop()
        if not texts:
            continue
        count += 1
        if count > MAX_ROWS:
            raise WorkbookError(f"a sheet has more than {MAX_ROWS:,} rows", "Save its sheets as CSV.")
        yield number, tuple(texts)


def _text(cell: object) -> str:
    """Return a cell as a CSV has it: whole numbers without a point, days as 2026-08-31."""
    match cell:
        case None | bool():
            return {None: "", True: "true", False: "false"}[cell]
        case float() if cell.is_integer() and abs(cell) < _EXACT:
            return str(int(cell))
        case int() | float() if abs(cell) >= _EXACT:
            return f"{cell:.10E}"  # as a spreadsheet shows it: readers refuse a name whose digits are lost
        case dt.datetime() if cell.time() == dt.time():
            return cell.date().isoformat()
        case dt.datetime():
            return cell.isoformat(sep=" ", timespec="seconds")
        case _:
            return str(cell).strip("\r\n")


def padded(cells: Sequence[str], width: int) -> list[str]:
    """Return a row as wide as its header: a workbook has no cells after the last that is filled."""
    return [*cells, *[""] * (width - len(cells))]
