"""`souschef contract`: what an LMS reads, and the login with which it does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Give a school's LMS its login; print the contract's page.", no_args_is_help=True)


@app.command()
def login(
    school: Annotated[str, typer.Argument(help="The school's ref.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Make a school's login to the contract, or give it a new password; its URL is shown only now.

    Example: souschef contract login riverside
    """
    from dataclasses import asdict

    from config.settings import settings
    from models import database, logins

    url = settings().database_url_text()
    with database.transaction() as session:
        given = logins.give(session, school, url=url)
    if as_json:
        typer.echo(json.dumps(asdict(given)))
        return
    typer.echo(f"{given.role} reads the schema lms of school {given.school}, and writes lms.event_outbox.")
    typer.echo(f"Its URL is shown only now:\n  {given.url}")
    if given.rotated:
        typer.echo("The password before it is void.")


@app.command()
def docs(
    *, out: Annotated[Path | None, typer.Option(help="Write to this file; without it, to the screen.")] = None
) -> None:
    """Write the contract's page from the views, columns and sentences of the database.

    Example: souschef contract docs --out docs/contract.md
    """
    from models import contract, database

    with database.transaction() as session:
        page = contract.document(session)
    if out is None:
        typer.echo(page, nl=False)
        return
    out.write_text(page, encoding="utf-8")
    typer.echo(f"{out} is written.")
