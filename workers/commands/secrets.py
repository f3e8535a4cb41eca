"""`souschef secrets`: the secret files of the containers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def secrets(
    folder: Annotated[Path, typer.Argument(help="Where docker-compose.yml looks for them.")] = Path("secrets"),
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make the secret files that docker-compose.yml reads; those that are there stay as they are.

    The servers' passwords stand twice, in the server's file and in the address that we use; both are made alike.
    PostgreSQL keeps the password that it was first started with: change that one with ALTER ROLE.

    Example: souschef secrets && docker compose up --build --detach
    """
    from workers import secret_files

    made = secret_files.make(folder)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "made": made}))
        return
    for name in made:
        typer.echo(f"made {folder / name}")
    typer.echo(f"{folder} is complete. Keep a copy of it where the backups are not.")
