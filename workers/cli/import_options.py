"""Options of the commands that import, each with one name and one help text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ToFolder = Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder of files; made if it is not there.")]
Several = Annotated[list[Path], typer.Argument(metavar="FILE", help="The files as they were exported.")]
One = Annotated[Path, typer.Argument(metavar="FILE", help="The file as it was exported.")]
Force = Annotated[bool, typer.Option("--force", help="Replace rows that say something else, and remove who has left.")]
Home = Annotated[
    str | None, typer.Option(metavar="URL", help="The address of the LMS, such as https://moodle.example.")
]
