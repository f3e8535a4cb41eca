"""`souschef load`: rosters, skills, materials, alignments and questionnaires, from files."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Annotated

import typer


def load(
    path: Annotated[str, typer.Argument(help="A file, a folder or a zip.")],
    *,
    school: Annotated[str | None, typer.Option(help="The school's ref, where the files do not say.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, and change nothing.")] = False,
    drop_cycles: Annotated[
        bool, typer.Option("--drop-cycles", help="Leave out prerequisites that close a circle, and list them.")
    ] = False,
    consent: Annotated[
        str | None,
        typer.Option(
            metavar="WHO/WHEN",
            help="Who consented to survey questions in protected categories, and when; kept with the survey.",
        ),
    ] = None,
    encoding: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="How CSVs that are not UTF-8 are saved, such as windows-1252."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Load files into a school: all of them or, where there is one problem, nothing. Only what differs is written.

    Known by name: OneRoster's manifest, orgs, academicSessions, courses, classes, roles, users, enrollments (.csv);
    skills.json (a CASE package); skills, prerequisites, topics, materials, alignments, scope (.csv);
    questionnaires/*.json or *.toml. A CSV has commas, semicolons or tabs between its columns, and is in UTF-8, in
    UTF-16 with a mark, or in what --encoding says.

    Example: souschef load examples/riverside --dry-run

    Exit codes: 0 loaded, or nothing differs; 2 the files have problems; 4 no database; 5 migrations are missing.
    """
    from config.settings import settings
    from lms.files.written import ENCODINGS, encoding_named
    from models import database, loading, migrate
    from workers import load_view, reading

    if not path.strip():
        raise typer.BadParameter("The path is empty; the folder that you are in is a single dot.")
    said = None if encoding is None else encoding_named(encoding)
    if encoding is not None and said is None:
        raise typer.BadParameter(f"{encoding} is not known. Known are {', '.join(ENCODINGS)}.")
    migrate.check(settings().database_url_text())
    started, committed = time.monotonic(), False
    try:
        with load_view.progress() as bar, load_view.uncollected():
            bundle = reading.read(Path(path), progress=bar.reading, encoding=said)
            with database.transaction() as session:
                report = loading.load(
                    session, school, bundle, consent=consent, drop_cycles=drop_cycles, progress=bar.writing
                )
                if dry_run:
                    session.rollback()
            committed = not dry_run
            if report.any and committed:
                report.unparked += loading.wake_late(report)
    except loading.FilesWrong as wrong:
        if as_json:
            typer.echo(json.dumps(load_view.problems(wrong)))
        raise
    except KeyboardInterrupt:
        typer.echo(f"Stopped: {'everything is loaded' if committed else 'nothing was loaded'}.", err=True)
        raise
    seconds = time.monotonic() - started
    if as_json:
        typer.echo(json.dumps(load_view.summary(report, dry_run=dry_run, seconds=seconds)))
    else:
        typer.echo("\n".join(load_view.lines(report, dry_run=dry_run, seconds=seconds)))
