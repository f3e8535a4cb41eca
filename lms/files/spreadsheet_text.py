"""Text that a spreadsheet would run as a formula: marked as text in a CSV that we write, and read without the mark."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
"""With what a cell begins that a spreadsheet would run, in narrow and in wide characters."""
_SEPARATOR = re.compile(r"""[,;\t'"]\s*[=+\-@]""")
"""How a cell would go on as a formula where a spreadsheet splits it elsewhere than we do."""
_MARK = "'"


def marked(value: str) -> str:
    """Return a cell's text so that no spreadsheet runs it, for people to read; most text is returned as it is."""
    plain = value.strip(" ")
    return _MARK + value if _FORMULA.match(plain) or _SEPARATOR.search(plain) else value


def marked_to_load(value: str) -> str:
    """Return a cell's text so that no spreadsheet that reads our commas runs it, and `unmarked` gives it back."""
    return _MARK + value if _begins_as_formula(value) else value


def unmarked(cell: str) -> str:
    """Return the text of which `marked_to_load` has made the cell."""
    return cell[1:] if cell.startswith(_MARK) and _begins_as_formula(cell) else cell


def _begins_as_formula(text: str) -> bool:
    return bool(_FORMULA.match(text.lstrip(f"{_MARK} ")))
