"""Options of the commands that read files: their encoding, and what their columns are called."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from lms.files.column_map import ColumnMap


class FileKind(StrEnum):
    """What a single file may be read as."""

    ORGS = "orgs"
    USERS = "users"
    CLASSES = "classes"
    ENROLLMENTS = "enrollments"
    SKILLS = "skills"
    PREREQUISITES = "prerequisites"
    TOPICS = "topics"
    MATERIALS = "materials"
    ALIGNMENTS = "alignments"
    SCOPE = "scope"


Encoding = Annotated[
    str | None,
    typer.Option("--encoding", metavar="NAME", help="Encoding of CSVs that are not UTF-8, such as windows-1252."),
]
StandsFor = Annotated[
    FileKind | None, typer.Option("--as", help="What a single file is, whatever its name.", show_choices=True)
]
Map = Annotated[
    list[str] | None,
    typer.Option(
        "--map",
        metavar="THEIRS=OURS",
        help="What a column is called here, such as 'Student ID=sourcedId'; 'Phone=' leaves it out, '*=' all others.",
    ),
]
MapFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="A text file with an entry of --map in each line; # begins a remark."),
]


def codec_of(encoding: str | None) -> str | None:
    """Return the codec of an encoding; one that is not known is a wrong argument."""
    from lms.files.csv_dialect import ENCODINGS, encoding_of

    codec = None if encoding is None else encoding_of(encoding)
    if encoding is not None and codec is None:
        raise typer.BadParameter(f"{encoding} is not a known encoding. Known are {', '.join(ENCODINGS)}.")
    return codec


def columns_of(entries: list[str] | None, file: Path | None) -> ColumnMap:
    """Return the column map of the options; what cannot be read is a wrong argument."""
    from lms.files.column_map import ColumnMapError, column_map

    try:
        return column_map([*_entries(file), *(entries or ())])
    except ColumnMapError as error:
        raise typer.BadParameter(str(error)) from None


def _entries(file: Path | None) -> list[str]:
    if file is None:
        return []
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}. Name another map file.") from None
    except UnicodeDecodeError:
        raise typer.BadParameter(f"{file} is not UTF-8. Save it as UTF-8.") from None
    return [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
