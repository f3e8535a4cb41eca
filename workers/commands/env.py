"""`souschef env`: the database's address for psql, pg_dump and pg_restore."""

from __future__ import annotations

import json
from typing import Annotated

import typer


def env(*, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Print what psql, pg_dump and pg_restore need to reach the database, for a shell to evaluate.

    With the embedded PostgreSQL, its own programs come first on the path. The password stands in the environment then,
    and on no command line, where every user of the machine could read it.

    Example: eval "$(souschef env)" && psql
    """
    from config.settings import settings
    from workers import libpq

    found = libpq.variables(settings())
    typer.echo(json.dumps(found) if as_json else libpq.exports(found))
