"""`souschef template`: a folder with a template of every file that can be loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def template(folder: Annotated[Path, typer.Argument(help="A folder; made if it is not there.")]) -> None:
    """Write every file with its header and an example row, and a README.md that explains each column.

    The folder loads as it is. A file that is there already is never overwritten.

    Example: souschef template my-school

    Exit codes: 0 written; 2 a file is there already.
    """
    from workers.cli.views import files
    from workers.cli.write_files import write_all

    texts = {**files.templates(), "README.md": files.page()}
    write_all(folder, texts)
    typer.echo(f"{len(texts)} files are in {folder}. Next: souschef load {folder} --dry-run")
