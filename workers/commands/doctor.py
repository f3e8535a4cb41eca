"""`souschef doctor`: what is wrong, how bad it is, and how to mend it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from workers.findings import Finding

COLOURS = {
    "ok": typer.colors.GREEN,
    "note": typer.colors.CYAN,
    "warning": typer.colors.YELLOW,
    "error": typer.colors.RED,
}


def doctor(
    *,
    source: Annotated[str | None, typer.Option(help="Judge this source by its own traffic instead.")] = None,
    school: Annotated[str | None, typer.Option(help="The source's school, where there are several.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Check settings, secrets, servers, the work that waits and the catalogue; say how to mend what is wrong.

    Exit codes, by the worst that was found: 0 ok or a note, 1 a warning, 2 an error.

    Example: souschef doctor --source moodle
    """
    from workers import doctoring
    from workers.findings import worst

    found = list(doctoring.examine() if source is None else _source(source, school))
    severity = worst(found)
    if as_json:
        typer.echo(json.dumps({"severity": severity, "findings": [asdict(each) for each in found]}))
    else:
        for each in found:
            _show(each)
    raise typer.Exit(severity.exit_code)


def _source(name: str, school: str | None) -> Iterator[Finding]:
    from config.errors import Mendable
    from models import database, diagnosis
    from workers import source_check

    with database.transaction() as session:
        found = diagnosis.traffic(session, name, school=school)
    if not found:
        raise Mendable(f"There is no source {name}.", "`souschef source list` shows those that are.")
    if len(found) > 1:
        raise Mendable(f"{len(found)} schools have a source {name}.", "Name one with --school.")
    yield from source_check.examine(found[0])


def _show(each: Finding) -> None:
    mark = typer.style(f"{each.severity:<8}", fg=COLOURS[each.severity])
    typer.echo(f"{mark}{each.about:<12}{each.sentence}")
    if each.mend:
        typer.echo(f"{'':<20}{each.mend}")
