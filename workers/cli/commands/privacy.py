"""`souschef privacy`: show, export and erase the data of a student."""

from __future__ import annotations

import json
import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from workers.cli.options import AsJson, By, DryRun, Reason, School

app = typer.Typer(help="Show the data map; export or erase a student's data.", no_args_is_help=True)

StudentArgument = Annotated[str, typer.Argument(help="The student's ref, or the name that a sender uses for them.")]


class Switch(StrEnum):
    """The positions of the interest switch."""

    ON = "on"
    OFF = "off"


@app.command("map")
def map_(
    *,
    out: Annotated[Path | None, typer.Option(help="Write it into this page, between its two markers.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what every column of every table holds about a person; and why each table exists, and for how long.

    Example: souschef privacy map --out docs/privacy.md
    """
    from models.privacy import data_map
    from workers.cli.views.data_map import document, updated_page

    if as_json:
        typer.echo(json.dumps(data_map.to_dict()))
    elif out is None:
        typer.echo(document(), nl=False)
    else:
        out.write_text(updated_page(out.read_text(encoding="utf-8")), encoding="utf-8")
        typer.echo(f"{out} is written.")


@app.command()
def export(
    student: StudentArgument,
    *,
    school: School = None,
    out: Annotated[Path | None, typer.Option(help="Write to this file, readable by you only.")] = None,
) -> None:
    """Export everything that is stored about a student as one JSON document, including raw events.

    Example: souschef privacy export RES-2303 --out RES-2303.json
    """
    from models import engine
    from models.privacy import erasure
    from models.privacy import export as exporting
    from workers.cli import audit_trail

    with engine.transaction() as session:
        subject = erasure.find_student(session, student, school=school)
        # First, so that the export contains its own entry of the access log.
        audit_trail.log_access(session, "export", [subject.id])
        document = exporting.export(session, subject)
    text = json.dumps(document, indent=2, ensure_ascii=False)
    if out is None:
        typer.echo(text)
        return
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(text + "\n")
    rows = sum(len(table["rows"]) for table in document["tables"].values())
    typer.echo(f"{rows:,} rows of {len(document['tables'])} tables are in {out}.")


@app.command()
def erase(
    student: StudentArgument,
    *,
    by: By,
    reason: Reason,
    school: School = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Erase everything that is stored about a student for good, and keep it from coming back.

    Facts, beliefs, interests, assignments, decisions, raw events, names and enrolments are erased in one transaction. A
    keyed hash of each of the student's names stays, so that late events and a reload of the roster do not bring them
    back. The LMS reads in its feed that the assignments are withdrawn. Backups are not changed: see docs/backup.md.

    Example: souschef privacy erase RES-2303 --by "J. Doe" --reason "request 2026-17" --dry-run
    """
    from models import engine
    from models.privacy import erasure

    with engine.transaction() as session:
        subject = erasure.find_student(session, student, school=school)
        counts = erasure.erase(session, subject, author=by, reason=reason)
        if dry_run:
            session.rollback()
    if as_json:
        typer.echo(json.dumps({"dry_run": dry_run, "school": subject.school, "rows": dict(counts)}))
        return
    for name, count in sorted(counts.items()):
        typer.echo(f"  {count:>7,} {name}")
    total = sum(count for name, count in counts.items() if name != "withdrawn")
    typer.echo(f"{total:,} rows {'would be' if dry_run else 'are'} erased; delete the copies in the LMS as well.")
    typer.echo("Save the list for backups again: souschef privacy list --json (docs/backup.md).")


@app.command()
def interests(
    student: StudentArgument,
    switch: Annotated[Switch, typer.Argument(help="off or on.")],
    *,
    school: School = None,
    forget: Annotated[
        bool, typer.Option("--forget", help="With off: also delete the stored evidence of interests.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Switch the use of a student's interests off or on again, at once; and print what stays stored.

    Off deletes the interest vector, assigns by skill gaps only, and does not store new surveys. Earlier evidence stays
    stored but unused, so that `on` brings the interests back, unless --forget deletes it.

    Example: souschef privacy interests RES-2303 off
    """
    from models import engine
    from models.privacy import erasure
    from tasks.pipeline.interest_switch import switch_interests
    from workers.cli import audit_trail
    from workers.cli.views import interest_switch as view

    on = switch is Switch.ON
    if forget and on:
        raise typer.BadParameter("--forget goes with off: deleted evidence cannot be used again.")
    with engine.transaction() as session:
        subject = erasure.find_student(session, student, school=school)
        summary = switch_interests(session, subject, on=on, forget=forget).to_dict()
        audit_trail.log_access(session, f"interests {switch.value}", [subject.id], forget=forget)
    typer.echo(json.dumps(summary) if as_json else "\n".join(view.lines(summary)))


@app.command()
def retention(
    *,
    school: School = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KIND=DAYS", help="A new period: days, forever or default (repeatable)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the retention period of each kind of data, and how many rows are due for the nightly deletion.

    Example: souschef privacy retention --school riverside --set facts=1095
    """
    from workers.cli.retention_periods import retention_periods
    from workers.cli.views import retention as view

    by_school = retention_periods(school, set_ or [])
    typer.echo(json.dumps({"schools": by_school}) if as_json else "\n".join(view.lines(by_school)))


@app.command()
def reapply(
    file: Annotated[Path, typer.Argument(help="The output of `souschef privacy list --json`.")],
    *,
    as_json: AsJson = False,
) -> None:
    """After a restore, erase the students again who were erased since the backup; run it before the API starts.

    It is safe to run again.

    Example: souschef privacy reapply backups/erased.json
    """
    from models import engine
    from models.privacy import reapply as privacy_reapply
    from workers.cli import audit_trail

    erasures = privacy_reapply.read(_read_json(file))
    with engine.transaction() as session:
        result = privacy_reapply.reapply(session, erasures, author=audit_trail.operator())
    if as_json:
        typer.echo(json.dumps(result.to_dict()))
        return
    typer.echo(
        f"{len(erasures)} erasures in the list: {result.existing} were known, {result.erasures} are applied again."
    )
    typer.echo(f"{result.people} people were in the backup and are erased: {result.rows.total():,} rows.")
    for school in sorted(set(result.schools_unknown)):
        typer.echo(f"  There is no school {school}; its part of the list was left out.")


@app.command("list")
def list_(*, as_json: AsJson = False) -> None:
    """List the erasures: when, by whom and why; with --json the tombstones too. The names are not known any more.

    Example: souschef privacy list --json > erased.json
    """
    from models import engine
    from models.privacy import tombstones

    with engine.transaction() as session:
        erasures = tombstones.list_tombstones(session)
    if as_json:
        typer.echo(json.dumps({"erasures": erasures}))
        return
    for each in erasures:
        names = len(each["marks"])
        typer.echo(f"{each['erased_at'][:16]}Z  {each['school']}  {names} names  by {each['by']}: {each['reason']}")
    typer.echo(f"{len(erasures)} erased.")


def _read_json(file: Path) -> object:
    from models.privacy.reapply import InvalidErasureListError

    try:
        return json.loads(file.read_bytes())
    except OSError as error:
        raise InvalidErasureListError(
            f"{file} cannot be read: {error.strerror}.", "Name the file that holds the list."
        ) from None
    except ValueError:
        raise InvalidErasureListError(
            f"{file} is not JSON.", "Save the list with `souschef privacy list --json > FILE`."
        ) from None
