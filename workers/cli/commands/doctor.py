"""`souschef doctor` and `status`: what is wrong and how to fix it, and how much work is pending."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.options import AsJson, School

if TYPE_CHECKING:
    from workers.cli.doctor.findings import Finding

COLOURS = {
    "ok": typer.colors.GREEN,
    "note": typer.colors.CYAN,
    "warning": typer.colors.YELLOW,
    "error": typer.colors.RED,
}
WATCH_SECONDS = 2.0


def doctor(
    *,
    source: Annotated[str | None, typer.Option(help="Check only this source, by its own traffic.")] = None,
    school: School = None,
    as_json: AsJson = False,
) -> None:
    """Check settings, secrets, servers, pending work and the catalogue; say how to fix what is wrong.

    Exit codes, by the worst finding: 0 ok or a note, 1 a warning, 2 an error.

    Example: souschef doctor --source moodle
    """
    from workers.cli.doctor import checks
    from workers.cli.doctor.findings import finding_to_json, worst

    findings = list(checks.run_checks() if source is None else _source(source, school))
    severity = worst(findings)
    if as_json:
        typer.echo(json.dumps({"severity": severity, "findings": [finding_to_json(each) for each in findings]}))
    else:
        for each in findings:
            _show(each)
    raise typer.Exit(severity.exit_code)


def _source(name: str, school: str | None) -> Iterator[Finding]:
    from config.errors import WrongInputError
    from models import engine
    from models.reports import diagnosis
    from workers.cli.doctor import source as doctor_source

    with engine.transaction() as session:
        traffic = diagnosis.traffic(session, name, school=school)
    if traffic is None:
        raise WrongInputError(f"There is no source {name}.", "`souschef source list` lists the sources.")
    yield from doctor_source.check_source(traffic)


def _show(finding: Finding) -> None:
    mark = typer.style(f"{finding.severity:<8}", fg=COLOURS[finding.severity])
    typer.echo(f"{mark}{finding.about:<12}{finding.sentence}")
    if finding.fix:
        typer.echo(f"{'':<20}{finding.fix}")


def status(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Show it again every two seconds until Ctrl-C.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show what waits and for how long, what failed, and a line a source: rate, lag, parked and failed events.

    Examples: souschef status, souschef status --watch

    Exit codes: 0 nothing needs a person, 1 events are in quarantine or were lost on their way, or the backlog is older
    than two minutes.
    """
    from workers.cli.views import status as view

    if watch:
        _watch()
        return
    figures, now = _figures()
    if as_json:
        typer.echo(json.dumps(figures))
    else:
        from workers.cli.views.tables import console

        console().print(view.page(figures, now=now))
    raise typer.Exit(1 if view.needs_a_person(figures) else 0)


def _figures() -> tuple[dict[str, Any], dt.datetime]:
    """Return the figures JSON-ready, and the time of the database."""
    from config.settings import settings
    from models import clock, engine
    from models.reports import source_status
    from models.reports import status as status_report
    from workers.cli.views.status import up_runs

    with engine.transaction() as session:
        figures = status_report.status(session)
        sources = [asdict(row) for row in source_status.source_statuses(session)]
        now = clock.now(session)
    figures["sources"] = [{name: _plain(value) for name, value in row.items()} for row in sources]
    figures["up_runs"] = up_runs(settings().data_dir)
    return figures, now


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, dt.date) else value


def _watch() -> None:
    """Show the page again and again; Ctrl-C ends it as it ends every command."""
    from rich.live import Live

    from workers.cli.views import status as view
    from workers.cli.views.tables import console

    out = console()
    with Live(console=out, auto_refresh=False, screen=out.is_terminal) as live:
        while True:
            figures, now = _figures()
            live.update(view.page(figures, now=now), refresh=True)
            time.sleep(WATCH_SECONDS)
