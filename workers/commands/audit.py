"""`souschef audit`: who has looked at what, and whether that log is whole."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

app = typer.Typer(help="Verify the log of who has looked at what.", no_args_is_help=True)

School = Annotated[str | None, typer.Option(help="The school's ref, where there are several.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def verify(
    *,
    noted: Annotated[
        list[str] | None,
        typer.Option("--noted", metavar="SCHOOL:NUMBER:HASH", help="An entry as it was noted; may be given again."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Follow the access log of each school from end to end, and name every entry that was changed, removed or moved.

    Note the last hash outside of this database now and then: with --noted it shows whether somebody who owns the
    database has written the whole log anew.

    Example: souschef audit verify --noted riverside:120:9f86d081…

    Exit codes: 0 all logs are whole, 1 some are not.
    """
    from models import audit, database

    with database.transaction() as session:
        found = audit.verify(session, noted=_noted(noted or []))
    if as_json:
        typer.echo(json.dumps({"schools": [asdict(each) for each in found]}))
    else:
        for each in found:
            typer.echo(f"{each.school}: {each.entries:,} entries; the last is {each.school}:{each.last}:{each.hash}")
            for fault in each.faults:
                typer.echo(f"  {fault}")
    if any(each.faults for each in found):
        raise typer.Exit(1)


@app.command("list")
def list_(
    *,
    student: Annotated[str | None, typer.Option(help="Only what concerns this student.")] = None,
    school: School = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List who has read or changed what, the newest first.

    Example: souschef audit list --student RES-2303
    """
    from models import audit, audit_reading, database, erasure
    from workers import accountable

    with database.transaction() as session:
        token = None
        if student is not None:
            subject = erasure.find(session, student, school=school)
            token = audit.tokens(session, [subject.id])[subject.id][1]
            accountable.note(session, "audit list", [subject.id])
        rows = audit_reading.listed(session, school=school, token=token, limit=limit)
    if as_json:
        typer.echo(json.dumps({"entries": [{**row, "at": row["at"].isoformat()} for row in rows]}))
        return
    for row in rows:
        of = f"{row['students']} student{'s' * (row['students'] != 1)}"
        detail = " ".join(f"{name}={value}" for name, value in row["detail"].items())
        when, entry = f"{row['at']:%Y-%m-%d %H:%M}Z", f"{row['school']}:{row['number']}"
        typer.echo(f"{when}  {entry}  {row['author']}  {row['action']}  {of}  {detail}".rstrip())


def _noted(given: list[str]) -> dict[str, tuple[int, str]]:
    """Return what was noted, by school.

    Raises:
        BadParameter: it is none of ours.
    """
    found = {}
    for each in given:
        school, _, rest = each.partition(":")
        number, _, digest = rest.partition(":")
        if not number.isdecimal() or len(digest) != 64:  # noqa: PLR2004 - a SHA-256 in hex
            raise typer.BadParameter(f"{each} is not SCHOOL:NUMBER:HASH, as `souschef audit verify` prints it.")
        found[school] = (int(number), digest)
    return found
