"""`souschef lms-login`: the database login of a school's LMS; and the page of the contract that it reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from workers.cli.options import AsJson


def lms_login(
    school: Annotated[str, typer.Argument(help="The school's ref.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Create a school's database login, or give it a new password; its URL is shown only once.

    Example: souschef lms-login riverside
    """
    from dataclasses import asdict

    from config.settings import settings
    from models import engine
    from models.access import lms_roles

    url = settings().database_url_text()
    with engine.transaction() as session:
        credential = lms_roles.create_or_rotate(session, school, url=url)
    if as_json:
        typer.echo(json.dumps(asdict(credential)))
        return
    typer.echo(f"{credential.role} reads the schema lms of school {credential.school}, and writes lms.event_outbox.")
    typer.echo(f"Its URL is shown only once:\n  {credential.url}")
    if credential.rotated:
        typer.echo("The earlier password does not work any more.")


contract = typer.Typer(help="Print the page of the database contract.", no_args_is_help=True)
contract.command("login", hidden=True)(lms_login)
"""Its name in 0.1."""


@contract.command()
def docs(*, out: Annotated[Path | None, typer.Option(help="Write to this file instead of printing.")] = None) -> None:
    """Write the contract's page from the views and columns of the database and their comments.

    Example: souschef contract docs --out docs/contract.md
    """
    from models import engine
    from workers.cli.views.contract import document

    with engine.transaction() as session:
        page = document(session)
    if out is None:
        typer.echo(page, nl=False)
        return
    out.write_text(page, encoding="utf-8")
    typer.echo(f"{out} is written.")


@contract.command()
def views() -> None:
    """Write the SQL of every view of the database into models/views, for readers of the code.

    Example: souschef contract views
    """
    from models import engine
    from models import views as view_files

    with engine.transaction() as session:
        names = view_files.write(session)
    typer.echo(f"{len(names)} files are written: {', '.join(names)}.")
