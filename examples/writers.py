"""Writes the files that a school loads: CSV as RFC 4180 has it, always the same bytes for the same rows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path


def write_csv(path: Path, header: str, rows: Iterable[Sequence[object]]) -> None:
    """Write rows below the columns that `header` names; UTF-8, comma, CRLF."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(header.split(","))
    writer.writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue().encode())


def write_json(path: Path, document: object) -> None:
    """Write indented JSON with a last newline."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode())


def write_lines(path: Path, documents: Iterable[object]) -> None:
    """Write one JSON document a line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(json.dumps(d, ensure_ascii=False) + "\n" for d in documents).encode())
