"""`souschef scope`: which skills a class is at."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

app = typer.Typer(help="Open and close skills to a class; list them.", no_args_is_help=True)

Class = Annotated[str, typer.Argument(metavar="CLASS", help="The class's ref.")]
Skill = Annotated[str, typer.Argument(help="The skill's ref.")]
By = Annotated[str, typer.Option("--by", help="Who does it; kept.")]
Reason = Annotated[str, typer.Option(help="Why; kept.")]
School = Annotated[str | None, typer.Option(help="The school's ref, where there are several.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would change for whom, and why.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("open")
def open_(  # noqa: PLR0913 - one argument for each option
    class_ref: Class,
    skill: Skill,
    *,
    by: By,
    reason: Reason,
    opens: Annotated[str | None, typer.Option(metavar="WHEN", help="When: 2026-12-01, 14d; now without it.")] = None,
    due: Annotated[str | None, typer.Option(metavar="WHEN", help="When it should be mastered.")] = None,
    closes: Annotated[str | None, typer.Option(metavar="WHEN", help="When it closes by itself.")] = None,
    school: School = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Open a skill to a class, or set its times anew.

    Example: souschef scope open MATH-5A 5.NF.A.1 --due 2026-12-18 --by tmorgan --reason "next unit" --dry-run
    """
    from models import database
    from tasks import rulings
    from workers.ruling import act, school_id, tell

    with database.transaction() as session:
        ruled = rulings.open_skill(
            session,
            school_id(session, school),
            class_ref,
            skill,
            act=act(by, reason),
            opens=opens,
            due=due,
            closes=closes,
            dry_run=dry_run,
        )
    tell(ruled, dry_run=dry_run, as_json=as_json, skill=skill, **{"class": class_ref})


@app.command()
def close(
    class_ref: Class,
    skill: Skill,
    *,
    by: By,
    reason: Reason,
    closes: Annotated[str | None, typer.Option("--on", metavar="WHEN", help="When; now without it.")] = None,
    school: School = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Close a skill to a class; what lies open on it and was not started goes.

    Example: souschef scope close MATH-5A 4.NF.A.1 --by tmorgan --reason "unit is over" --dry-run
    """
    from models import database
    from tasks import rulings
    from workers.ruling import act, school_id, tell

    with database.transaction() as session:
        ruled = rulings.close_skill(
            session,
            school_id(session, school),
            class_ref,
            skill,
            act=act(by, reason),
            closes=closes,
            dry_run=dry_run,
        )
    tell(ruled, dry_run=dry_run, as_json=as_json, skill=skill, **{"class": class_ref})


@app.command("list")
def list_(
    *,
    class_ref: Annotated[str | None, typer.Option("--class", help="Of this class alone.")] = None,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """List what each class is at: since when, until when, due when, by whom and why.

    Example: souschef scope list --class MATH-5A
    """
    from rich.table import Table

    from models import database
    from tasks import rulings
    from workers.class_table import console
    from workers.ruling import school_id

    with database.transaction() as session:
        found = rulings.scope(session, school_id(session, school), class_ref)
    if as_json:
        typer.echo(json.dumps({"scope": [asdict(each) for each in found]}, default=str))
        return
    table = Table("Class", "Skill", "Title", "Standing", "Opens", "Due", "Closes", "By", "Reason")
    for each in found:
        days = ("" if at is None else f"{at:%Y-%m-%d}" for at in (each.opens_at, each.due_at, each.closes_at))
        table.add_row(each.class_ref, each.skill, each.title, each.standing, *days, each.author, each.reason)
    console().print(table)
