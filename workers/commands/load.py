"""`souschef load`: rosters, skills, materials, alignments and questionnaires, from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer


def load(
    path: Annotated[Path, typer.Argument(help="A file, a folder or a zip.")],
    *,
    school: Annotated[str | None, typer.Option(help="The school's ref, where the files do not say.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    consent: Annotated[
        bool, typer.Option("--consent", help="Consent to survey questions in protected categories is on record.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Load files into a school: all of them or, where there is one fault, nothing.

    Known by name: OneRoster's orgs, users, classes, enrollments; skills, prerequisites, topics, alignments, materials,
    scope (.csv); questionnaires/*.json.

    Example: souschef load examples/riverside --dry-run

    Exit codes: 0 loaded, 2 the files have faults.
    """
    from dataclasses import asdict

    from rich.console import Console

    from models import database, loading
    from workers import reading

    told = Console(stderr=True)
    with told.status("Reading") as status, database.transaction() as session:
        bundle = reading.read(path)
        report = loading.load(
            session,
            school,
            bundle,
            consent=consent,
            progress=lambda kind, rows: status.update(f"Writing {rows:,} of {kind}"),
        )
        if dry_run:
            session.rollback()
    if as_json:
        kinds = {kind: asdict(difference) for kind, difference in report.differences.items()}
        typer.echo(
            json.dumps({"school": report.school, "dry_run": dry_run, "loaded": kinds, "unparked": report.unparked})
        )
        return
    typer.echo(f"School {report.school}{', dry run: nothing is written' if dry_run else ''}")
    for kind, each in report.differences.items():
        typer.echo(
            f"  {kind:<15} {each.new:>7,} new {each.changed:>7,} changed {each.same:>7,} as before"
            + (f" {each.ended:>7,} ended" if each.ended else "")
        )
    if report.unparked:
        typer.echo(f"  {report.unparked:,} events that waited for this are applied now.")
    if not report.any:
        typer.echo("  Nothing differs from what is loaded.")
