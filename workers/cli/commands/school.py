"""`souschef school`: what is set for a school as a whole."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from workers.cli.options import AsJson, School

app = typer.Typer(help="Show and set a school's time zone.", no_args_is_help=True)


@app.command()
def show(*, school: School = None, as_json: AsJson = False) -> None:
    """Show a school's time zone, and the day that it is there.

    Example: souschef school show --school hillside
    Exit codes: 0 shown; 2 no such school; 4 no database.
    """
    from models import engine
    from models.access import school_time, schools

    with engine.transaction() as session:
        found = schools.resolve(session, school)
        is_set = found.ref not in school_time.schools_without_zone(session)
        zone, today = school_time.zone_of(session, found.id), school_time.today(session, found.id)
    if as_json:
        name = str(zone) if is_set else None
        typer.echo(json.dumps({"school": found.ref, "timezone": name, "today": today.isoformat()}))
        return
    typer.echo(f"{found.ref}: {zone}{'' if is_set else ' (not set)'}, where it is {today.isoformat()}.")


@app.command("set")
def set_(
    *,
    timezone: Annotated[str, typer.Option(metavar="ZONE", help="Its time zone, such as America/Los_Angeles.")],
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """Set a school's time zone. Its dates stay the same days: they begin and end at its own midnight from now on.

    Students are marked for a refresh if it differs, as what is open and due to them may differ.

    Example: souschef school set --timezone Europe/Berlin --school hillside
    Exit codes: 0 set, or nothing differs; 2 no such school or zone; 4 no database.
    """
    from models import engine
    from models.access import school_time, schools
    from models.locks import lock_school

    with engine.transaction() as session:
        found = schools.resolve(session, school)
        lock_school(session, found.id, found.ref)
        changed = school_time.set_zone(session, found.id, timezone)
        refreshed = school_time.mark_changed(session, found.id) if changed else 0
    if as_json:
        document = {"school": found.ref, "timezone": timezone, "changed": changed, "refreshed": refreshed}
        typer.echo(json.dumps(document))
    elif changed:
        typer.echo(f"{found.ref} is in {timezone} now; {refreshed} students are marked for a refresh.")
    else:
        typer.echo(f"{found.ref} was in {timezone} already.")
