"""`souschef privacy`: what is held of a student, handed out or erased."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Show the data map; export or erase a student's data.", no_args_is_help=True)

Student = Annotated[str, typer.Argument(help="The student's ref, or another name that a sender has for them.")]
School = Annotated[str | None, typer.Option(help="The school's ref, where there are several.")]
By = Annotated[str, typer.Option("--by", help="Who does it; kept.")]
Reason = Annotated[str, typer.Option(help="Why, without the student's name; kept.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


class Switch(StrEnum):
    """How the interest switch may stand."""

    ON = "on"
    OFF = "off"


@app.command("map")
def map_(
    *,
    out: Annotated[Path | None, typer.Option(help="Write it into this page, between its two marks.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say of every column of every table what it holds of a person; of every table why, and for how long.

    Example: souschef privacy map --out docs/privacy.md
    """
    from models import data_map

    if as_json:
        typer.echo(json.dumps(data_map.told()))
    elif out is None:
        typer.echo(data_map.document(), nl=False)
    else:
        out.write_text(data_map.written_into(out.read_text(encoding="utf-8")), encoding="utf-8")
        typer.echo(f"{out} is written.")


@app.command()
def export(
    student: Student,
    *,
    school: School = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file, readable by you alone.")] = None,
) -> None:
    """Hand out everything that is held of a student, as one JSON document: raw events too.

    Example: souschef privacy export RES-2303 --out RES-2303.json
    """
    from models import database, erasure
    from models import export as exporting
    from workers import accountable

    with database.transaction() as session:
        subject = erasure.find(session, student, school=school)
        # First, so that the export tells of itself too.
        accountable.note(session, "export", [subject.id])
        found = exporting.export(session, subject)
    said = json.dumps(found, indent=2, ensure_ascii=False)
    if out is None:
        typer.echo(said)
        return
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(said + "\n")
    rows = sum(len(table["rows"]) for table in found["tables"].values())
    typer.echo(f"{rows:,} rows of {len(found['tables'])} tables are in {out}.")


@app.command()
def erase(
    student: Student,
    *,
    by: By,
    reason: Reason,
    school: School = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Remove everything that is held of a student, for good, and keep them from coming back.

    Facts, beliefs, interests, assignments, decisions, raw events, names, classes: all in one transaction. A keyed hash
    of each of their names stays, so that late events and a reload of the roster do not bring them back. The LMS finds
    their assignments withdrawn in its feed. Backups are not touched: see docs/backup.md.

    Example: souschef privacy erase RES-2303 --by "J. Doe" --reason "request 2026-17" --dry-run
    """
    from models import database, erasure

    with database.transaction() as session:
        subject = erasure.find(session, student, school=school)
        counts = erasure.erase(session, subject, author=by, reason=reason)
        if dry_run:
            session.rollback()
    if as_json:
        typer.echo(json.dumps({"dry_run": dry_run, "school": subject.school, "rows": dict(counts)}))
        return
    for name, count in sorted(counts.items()):
        typer.echo(f"  {count:>7,} {name}")
    total = sum(count for name, count in counts.items() if name != "withdrawn")
    typer.echo(f"{total:,} rows {'would be' if dry_run else 'are'} erased; tell the LMS to drop its copies as well.")
    typer.echo("Write the list for backups anew: souschef privacy list --json (docs/backup.md).")


@app.command()
def interests(
    student: Student,
    switch: Annotated[Switch, typer.Argument(help="off or on.")],
    *,
    school: School = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="With off: delete what was taken in of their interests as well.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Switch the use of a student's interests off, at once, or on again; and say what is kept.

    Off: their interest vector is deleted, what they work on is chosen by gaps alone, and new surveys are not kept. What
    was taken in before is kept unused, so that on brings it back, unless --forget deletes it.

    Example: souschef privacy interests RES-2303 off
    """
    from workers import interest_view

    on = switch is Switch.ON
    if forget and on:
        raise typer.BadParameter("--forget goes with off: what is deleted cannot be used again.")
    told = interest_view.turned(student, school=school, on=on, forget=forget)
    typer.echo(json.dumps(told) if as_json else "\n".join(interest_view.lines(told)))


@app.command()
def retention(
    *,
    school: School = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KIND=DAYS", help="A new term: days, forever or default; may be given again."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show how long what is kept, and how much is due; the night forgets it.

    Example: souschef privacy retention --school riverside --set facts=1095
    """
    from workers import retention_view

    told = retention_view.terms(school, set_ or [])
    typer.echo(json.dumps({"schools": told}) if as_json else "\n".join(retention_view.lines(told)))


@app.command()
def reapply(
    file: Annotated[Path, typer.Argument(help="What `souschef privacy list --json` has printed.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Erase again, after a restore, who was erased since the backup was taken; before the doors open.

    Done again, it does nothing.

    Example: souschef privacy reapply backups/erased.json
    """
    from models import database, reapplying
    from workers import accountable

    listed = reapplying.read(_document(file))
    with database.transaction() as session:
        found = reapplying.reapply(session, listed, author=accountable.operator())
    if as_json:
        typer.echo(json.dumps(found.told()))
        return
    typer.echo(f"{len(listed)} erasures in the list: {found.known} were known, {found.erasures} are applied again.")
    typer.echo(f"{found.people} people were back, and are erased: {found.rows.total():,} rows.")
    for school in sorted(set(found.schools_unknown)):
        typer.echo(f"  There is no school {school}; what the list says of it was left out.")


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List who was erased: when, by whom, why, and with --json the tombstones; no name is known.

    Example: souschef privacy list --json > erased.json
    """
    from models import database, tombstones

    with database.transaction() as session:
        found = tombstones.listed(session)
    if as_json:
        typer.echo(json.dumps({"erasures": found}))
        return
    for each in found:
        names = len(each["marks"])
        typer.echo(f"{each['erased_at'][:16]}Z  {each['school']}  {names} names  by {each['by']}: {each['reason']}")
    typer.echo(f"{len(found)} erased.")


def _document(file: Path) -> object:
    from models.reapplying import NotOurList

    try:
        return json.loads(file.read_bytes())
    except OSError as error:
        raise NotOurList(f"{file} cannot be read: {error.strerror}.", "Name the list that was kept.") from None
    except ValueError:
        raise NotOurList(f"{file} is no JSON.", "Make the list with `souschef privacy list --json > FILE`.") from None
