"""`souschef parked`: the names that events carry and that the school has not loaded."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from workers.cli.options import AsJson, School, Source

app = typer.Typer(help="List the names that events wait for: students, items, skills and others.", no_args_is_help=True)


class Fill(StrEnum):
    """The file that `--csv` begins."""

    ALIGNMENTS = "alignments"
    USERS = "users"
    NAMES = "names"


@app.command("list")
def list_(
    *,
    source: Source = None,
    school: School = None,
    csv: Annotated[
        Fill | None,
        typer.Option(
            "--csv",
            help="Print CSV: a half-filled alignments.csv of the unknown items, a half-filled users.csv of the unknown "
            "students, or the names as they are listed.",
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the names that parked events wait for: how many events name each, and since when.

    A load that brings a name releases its events.

    Examples: souschef parked list --source moodle, souschef parked list --csv alignments > alignments.csv

    Exit codes: 0 listed, also if nothing waits; 2 no such source or school.
    """
    from models import engine
    from models.access import schools, sources
    from workers.cli.views import parked as view

    with engine.transaction() as session:
        owner = schools.resolve(session, school)
        if source is not None:
            sources.find_source(session, source, school=owner.ref)
        names = view.count_names(session, owner.id, source=source)
    match csv:
        case Fill.ALIGNMENTS:
            typer.echo(view.alignments_csv(names), nl=False)
        case Fill.USERS:
            typer.echo(view.users_csv(names, school=owner.ref), nl=False)
        case Fill.NAMES:
            typer.echo(view.names_csv(names), nl=False)
        case None if as_json:
            typer.echo(json.dumps({"parked": view.rows(names)}, default=str))
        case None:
            view.show(names)
