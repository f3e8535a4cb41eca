"""`souschef policy`: the dial, approve mode, pacing and the other rules of a school or a class."""

from __future__ import annotations

import json
from typing import Annotated

import typer

app = typer.Typer(help="Show and set the rules of a school or a class.", no_args_is_help=True)

Class = Annotated[str | None, typer.Option("--class", help="Of this class; without it of the whole school.")]
School = Annotated[str | None, typer.Option(help="The school's ref, where there are several.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def show(*, class_ref: Class = None, school: School = None, as_json: AsJson = False) -> None:
    """Show every rule: its value, and whether it is as shipped, the school's or the class's own.

    Example: souschef policy show --class MATH-5A
    """
    from rich.table import Table

    from models import database
    from tasks import rulings
    from workers.class_table import console
    from workers.ruling import school_id

    with database.transaction() as session:
        found = rulings.in_force(session, school_id(session, school), class_ref)
    if as_json:
        typer.echo(json.dumps({"class": class_ref, "settings": found}))
        return
    table = Table("Setting", "Value", "From", "Until", "By", "Reason")
    for name, each in found.items():
        value = json.dumps(each["value"])
        table.add_row(name, value, *(str(each.get(key) or "") for key in ("from", "until", "by", "reason")))
    console().print(table)


@app.command("set")
def set_(
    told: Annotated[list[str], typer.Argument(metavar="NAME=VALUE...", help="NAME= takes a setting back.")],
    *,
    class_ref: Class = None,
    by: Annotated[str, typer.Option("--by", help="Who sets it; kept.")],
    reason: Annotated[str, typer.Option(help="Why; kept.")],
    until: Annotated[
        str | None, typer.Option(metavar="WHEN", help="When it ends by itself: 2026-12-01, 14d; never without it.")
    ] = None,
    school: School = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change for whom, and why.")] = False,
    as_json: AsJson = False,
) -> None:
    """Set rules. The usual ones: tolerance (0 to 0.15; 0 ignores interests), approve, slots, minutes_open, pace_days.

    Examples: souschef policy set tolerance=0 --class MATH-5A --by tmorgan --reason "exam" --until 14d --dry-run,
    souschef policy set approve=on minutes_open=60 --class MATH-5A --by tmorgan --reason "first weeks"
    """
    from models import database
    from tasks import rulings
    from workers.ruling import act, school_id, tell

    settings = dict(rulings.read(pair) for pair in told)
    with database.transaction() as session:
        ruled = rulings.set_policy(
            session,
            school_id(session, school),
            settings,
            act=act(by, reason),
            class_ref=class_ref,
            until=until,
            dry_run=dry_run,
        )
    tell(ruled, dry_run=dry_run, as_json=as_json, settings=settings, **{"class": class_ref})
