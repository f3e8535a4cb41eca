"""`souschef env`, `migrate` and `secrets`: prepare the database and the containers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from workers.cli.options import AsJson


def env(*, as_json: AsJson = False) -> None:
    """Print the environment that psql, pg_dump and pg_restore need to reach the database.

    With the embedded PostgreSQL, its own programs come first on the path. The password is then in the environment, and
    not on a command line, where every user of the machine could read it.

    Example: eval "$(souschef env)" && psql
    """
    from config.settings import settings
    from workers.local import libpq

    environment = libpq.variables(settings())
    typer.echo(json.dumps(environment) if as_json else libpq.exports(environment))


def migrate() -> None:
    """Apply the missing migrations; safe at any time, and from several hosts at once.

    Example: souschef migrate
    """
    from config.settings import settings
    from models import admin

    migrated = admin.upgrade(settings().database_url_text())
    typer.echo("The database is migrated." if migrated else "The database already has all migrations.")


def secrets(
    folder: Annotated[Path, typer.Argument(help="The folder that docker-compose.yml reads.")] = Path("secrets"),
    *,
    as_json: AsJson = False,
) -> None:
    """Create the secret files that docker-compose.yml reads; existing files stay unchanged.

    Each server's password is in two files: in the server's own, and in the address that Souschef uses. PostgreSQL keeps
    the password of its first start: change it with ALTER ROLE.

    Example: souschef secrets && docker compose up --build --detach
    """
    from workers.local import secret_files

    created = secret_files.make(folder)
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "made": created}))
        return
    for name in created:
        typer.echo(f"created {folder / name}")
    typer.echo(f"{folder} is complete. Keep a copy of it, but not where the backups are.")
