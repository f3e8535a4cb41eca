"""`souschef audit`: list and verify the access log."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer

from workers.cli.options import AsJson, School, Student

app = typer.Typer(help="List and verify the access log: who has read or changed what.", no_args_is_help=True)


@app.command()
def verify(
    *,
    noted: Annotated[
        list[str] | None,
        typer.Option("--noted", metavar="SCHOOL:NUMBER:HASH", help="An entry that you noted earlier (repeatable)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check the access log of each school from end to end, and print every entry that was changed, removed or moved.

    Note the last hash outside of this database from time to time: with --noted the command detects even a log that the
    database's owner has rewritten as a whole.

    Example: souschef audit verify --noted riverside:120:9f86d081…

    Exit codes: 0 all logs are intact, 1 some are not.
    """
    from models import engine
    from models.privacy import audit

    with engine.transaction() as session:
        logs = audit.verify(session, noted=_parse_noted(noted or []))
    if as_json:
        typer.echo(json.dumps({"schools": [asdict(log) for log in logs]}))
    else:
        for log in logs:
            typer.echo(f"{log.school}: {log.entries:,} entries; the last is {log.school}:{log.last}:{log.hash}")
            for fault in log.faults:
                typer.echo(f"  {fault}")
    if any(log.faults for log in logs):
        raise typer.Exit(1)


@app.command("list")
def list_(
    *,
    student: Student = None,
    school: School = None,
    limit: Annotated[int, typer.Option(min=1, help="At most this many, the newest first.")] = 100,
    as_json: AsJson = False,
) -> None:
    """List who has read or changed what, the newest first; with --student only what concerns that student.

    Example: souschef audit list --student RES-2303
    """
    from models import engine
    from models.access import schools
    from models.privacy import audit, erasure
    from workers.cli import audit_trail

    with engine.transaction() as session:
        token = None
        if student is not None:
            subject = erasure.find_student(session, student, school=school)
            token = audit.pseudonyms(session, [subject.id])[subject.id][1]
            audit_trail.log_access(session, "audit list", [subject.id])
        owner = None if school is None else schools.resolve(session, school).id
        rows = audit.list_entries(session, school_id=owner, token=token, limit=limit)
    if as_json:
        typer.echo(json.dumps({"entries": [{**row, "at": row["at"].isoformat()} for row in rows]}))
        return
    for row in rows:
        of = f"{row['students']} student{'s' * (row['students'] != 1)}"
        detail = " ".join(f"{name}={value}" for name, value in row["detail"].items())
        time, entry = f"{row['at']:%Y-%m-%d %H:%M}Z", f"{row['school']}:{row['number']}"
        typer.echo(f"{time}  {entry}  {row['author']}  {row['action']}  {of}  {detail}".rstrip())


def _parse_noted(entries: list[str]) -> dict[str, tuple[int, str]]:
    """Return the number and hash of each noted entry, by school.

    Raises:
        BadParameter: an entry does not have the form that `souschef audit verify` prints.
    """
    noted = {}
    for entry in entries:
        school, _, rest = entry.partition(":")
        number, _, digest = rest.partition(":")
        if not number.isdecimal() or len(digest) != 64:  # noqa: PLR2004 - a SHA-256 in hex
            raise typer.BadParameter(f"{entry} is not SCHOOL:NUMBER:HASH, as `souschef audit verify` prints it.")
        noted[school] = (int(number), digest)
    return noted
