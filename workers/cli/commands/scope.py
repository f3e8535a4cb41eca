"""`souschef scope`: the skills that a class works on."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from typing import Annotated

import typer

from workers.cli.options import AsJson, By, Class, DryRun, Reason, School

app = typer.Typer(help="Open and close skills for a class; list them.", no_args_is_help=True)

ClassArgument = Annotated[str, typer.Argument(metavar="CLASS", help="The class, by ref or name.")]
Skill = Annotated[str, typer.Argument(help="The skill, by ref or title.")]


@app.command("open")
def open_(  # noqa: PLR0913 - one argument for each option
    class_ref: ClassArgument,
    skill: Skill,
    *,
    by: By,
    reason: Reason,
    opens: Annotated[
        str | None, typer.Option(metavar="WHEN", help="When it opens: 2026-12-01 or 14d; without it, now.")
    ] = None,
    due: Annotated[str | None, typer.Option(metavar="WHEN", help="When it should be mastered.")] = None,
    closes: Annotated[str | None, typer.Option(metavar="WHEN", help="When it closes.")] = None,
    school: School = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Open a skill for a class, or change its times.

    Example: souschef scope open MATH-5A 5.NF.A.1 --due 2026-12-18 --by tmorgan --reason "next unit" --dry-run
    """
    from models import engine
    from models.access import schools
    from models.reports.names import NameKind
    from tasks.pipeline import policies
    from workers.cli import refs
    from workers.cli.commands.policy import authorship, report

    with engine.transaction() as session:
        owner = schools.resolve(session, school)
        class_ref = refs.match(session, owner, NameKind.CLASS, class_ref).ref
        skill = refs.match(session, owner, NameKind.SKILL, skill).ref
        change = policies.open_skill(
            session,
            owner.id,
            class_ref,
            skill,
            by=authorship(by, reason),
            times=policies.ScopeTimes(opens, due, closes),
            dry_run=dry_run,
        )
    report(change, dry_run=dry_run, as_json=as_json, skill=skill, **{"class": class_ref})


@app.command()
def close(
    class_ref: ClassArgument,
    skill: Skill,
    *,
    by: By,
    reason: Reason,
    closes: Annotated[str | None, typer.Option("--on", metavar="WHEN", help="When it closes; without it, now.")] = None,
    school: School = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Close a skill for a class; open assignments on it that were not started are withdrawn.

    Example: souschef scope close MATH-5A 4.NF.A.1 --by tmorgan --reason "unit is over" --dry-run
    """
    from models import engine
    from models.access import schools
    from models.reports.names import NameKind
    from tasks.pipeline import policies
    from workers.cli import refs
    from workers.cli.commands.policy import authorship, report

    with engine.transaction() as session:
        owner = schools.resolve(session, school)
        class_ref = refs.match(session, owner, NameKind.CLASS, class_ref).ref
        skill = refs.match(session, owner, NameKind.SKILL, skill).ref
        change = policies.close_skill(
            session,
            owner.id,
            class_ref,
            skill,
            by=authorship(by, reason),
            closes=closes,
            dry_run=dry_run,
        )
    report(change, dry_run=dry_run, as_json=as_json, skill=skill, **{"class": class_ref})


@app.command("list")
def list_(
    *,
    class_ref: Class = None,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """List the skills of each class: when each opens, is due and closes, who opened it and why.

    Example: souschef scope list --class MATH-5A
    """
    from rich.table import Table

    from models import engine
    from models.access import school_time, schools
    from tasks.pipeline import policies
    from workers.cli import refs
    from workers.cli.views.tables import console

    with engine.transaction() as session:
        owner = schools.resolve(session, school)
        school_id, of = owner.id, refs.class_match(session, owner, class_ref)
        rows, zone = policies.scope(session, school_id, of and of.ref), school_time.zone_of(session, school_id)
    if as_json:
        typer.echo(json.dumps({"scope": [asdict(row) for row in rows]}, default=str))
        return
    table = Table("Class", "Skill", "Title", "Status", "Opens", "Due", "Closes", "By", "Reason")
    for row in rows:
        opens, due, closes = row.opens_at, row.due_at, row.closes_at
        days = (_day(opens, zone), _last_day(due, zone), _last_day(closes, zone))
        table.add_row(row.class_ref, row.skill, row.title, row.standing, *days, row.author, row.reason)
    console().print(table)


def _day(moment: dt.datetime | None, zone: dt.tzinfo) -> str:
    return "" if moment is None else moment.astimezone(zone).date().isoformat()


def _last_day(end: dt.datetime | None, zone: dt.tzinfo) -> str:
    """Return the last day that an end counts in: what ends at midnight ends with the day before."""
    return "" if end is None else _day(end - dt.timedelta(microseconds=1), zone)
