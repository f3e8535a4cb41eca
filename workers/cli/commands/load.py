"""`souschef load`: load rosters, skills, materials, alignments and questionnaires from files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.file_options import Encoding, Map, MapFile, StandsFor
from workers.cli.options import AsJson, DryRun, School

if TYPE_CHECKING:
    from sqlmodel import Session

    from lms.files.bundle import Bundle
    from models.imports.session import LoadReport


FileOrFolder = Annotated[str, typer.Argument(help="A file, a folder or a zip.")]
Strict = Annotated[bool, typer.Option("--strict", help="Load nothing if any row would be left out.")]
MaxBadRows = Annotated[
    int | None, typer.Option(metavar="N", min=0, help="Rows of a file that may be left out; else one in 20, or 20.")
]
NewTerm = Annotated[bool, typer.Option("--new-term", help="Let the roster end more than 30 % of the enrolments.")]
DropCycles = Annotated[
    bool, typer.Option("--drop-cycles", help="Leave out prerequisites that close a cycle, and list them.")
]
Consent = Annotated[
    str | None,
    typer.Option(
        metavar="WHO/WHEN",
        help="Who consented to survey questions in protected categories, and when; stored with the survey.",
    ),
]
TimeZone = Annotated[
    str | None,
    typer.Option(metavar="ZONE", help="The school's time zone, such as Europe/Berlin; stored with the school."),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print one line, for the mail of a scheduled job.")]


def load(  # noqa: PLR0913 - each option of the command is an argument
    path: FileOrFolder,
    *,
    school: School = None,
    dry_run: DryRun = False,
    strict: Strict = False,
    max_bad_rows: MaxBadRows = None,
    new_term: NewTerm = False,
    drop_cycles: DropCycles = False,
    consent: Consent = None,
    encoding: Encoding = None,
    stands_for: StandsFor = None,
    column: Map = None,
    map_file: MapFile = None,
    timezone: TimeZone = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Load files into a school. Only differences are written, so that the same files may be loaded every night.

    Files are recognised by name: OneRoster's manifest, orgs, academicSessions, courses, classes, roles, users and
    enrollments (.csv); skills.json (a CASE package); skills, prerequisites, topics, materials, alignments and scope
    (.csv); questionnaires/*.json or *.toml. A workbook (.xlsx) is read sheet by sheet, each as the file that it is
    named after; --as and --map read tables with other names and columns. A CSV has commas, semicolons or tabs between
    its columns. It is in UTF-8, in UTF-16 with a byte order mark, or in the encoding of --encoding. A roster names its
    school; other files need --school if there are several. Dates are days of the school, in the time zone of
    --timezone.

    A file that a person writes is right or refused. Of a roster, a row that cannot be read is left out and listed, and
    so is what names something unknown. Nothing is loaded if that is more than a twentieth of a file's rows and more
    than 20, or if the roster would end more than 30 % of the enrolments.

    Examples: souschef load examples/riverside --dry-run,
    souschef load "Our skills.xlsx" --as skills --map "Code=skill" --map "Name=title" --map "*="

    Exit codes: 0 loaded, or nothing differs; 2 the files have problems; 4 no database; 5 migrations are missing.
    """
    from models.imports.session import Limits
    from workers.cli import import_files
    from workers.cli.file_options import codec_of, columns_of

    if not path.strip():
        raise typer.BadParameter("The path is empty; the current folder is a single dot.")
    read = partial(
        import_files.read,
        Path(path),
        encoding=codec_of(encoding),
        stands_for=stands_for and f"{stands_for}.csv",
        columns=columns_of(column, map_file),
    )
    limits = Limits(strict=strict, max_bad_rows=max_bad_rows, new_term=new_term)
    how = {"consent": consent, "drop_cycles": drop_cycles, "timezone": timezone, "limits": limits}
    started = time.monotonic()
    with _problems_printed(as_json=as_json):
        report = _read_and_write(read, how, school=school, dry_run=dry_run)
    _print(report, dry_run=dry_run, seconds=time.monotonic() - started, quiet=quiet, as_json=as_json)


def _read_and_write(
    read: Callable[..., Bundle], how: dict[str, Any], *, school: str | None, dry_run: bool
) -> LoadReport:
    """Read the files and write what differs, with a bar of progress."""
    from config.settings import settings
    from models import admin
    from models.imports import load as imports
    from workers.cli.views import load as views_load

    admin.check(settings().database_url_text())
    with views_load.progress() as bar, views_load.disable_gc():
        bundle = read(progress=bar.reading, now=_local_now(school, how["timezone"]))
        return _commit(
            lambda session: imports.load(session, school, bundle, progress=bar.writing, **how), dry_run=dry_run
        )


@contextmanager
def _problems_printed(*, as_json: bool) -> Iterator[None]:
    """Print what is wrong with refused files as JSON, where JSON is wanted; the command fails in any case."""
    from models.imports.session import InvalidFilesError
    from workers.cli.views import load as views_load

    try:
        yield
    except InvalidFilesError as error:
        if as_json:
            typer.echo(json.dumps(views_load.problems(error)))
        raise


def _print(report: LoadReport, *, dry_run: bool, seconds: float, quiet: bool, as_json: bool) -> None:
    from workers.cli.views import load as views_load

    if as_json:
        typer.echo(json.dumps(views_load.summary(report, dry_run=dry_run, seconds=seconds)))
    elif quiet:
        typer.echo(views_load.line(report, dry_run=dry_run, seconds=seconds))
    else:
        typer.echo("\n".join(views_load.lines(report, dry_run=dry_run, seconds=seconds)))


def _local_now(school: str | None, timezone: str | None) -> datetime:
    """Return the school's time, by which periods of validity are judged."""
    from models import engine
    from models.access import school_time

    with engine.transaction() as session:
        return school_time.local_now(session, school, timezone)


def _commit(write: Callable[[Session], LoadReport], *, dry_run: bool) -> LoadReport:
    """Load the files in one transaction, and wake what waited for them."""
    from models import engine
    from models.imports import load as imports

    committed = False
    try:
        with engine.transaction() as session:
            report = write(session)
            if dry_run:
                session.rollback()
        committed = not dry_run
        if report.any and committed:
            report.unparked += imports.wake_late_events(report)
    except KeyboardInterrupt:
        typer.echo(f"Stopped: {'everything is loaded' if committed else 'nothing was loaded'}.", err=True)
        raise
    return report
