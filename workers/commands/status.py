"""`souschef status`: how the pipeline stands."""

from __future__ import annotations

import json
from typing import Annotated

import typer

OLD_SECONDS = 120
"""An event that waits longer than this needs a person."""
SAID = {
    "oldest_seconds": "oldest waits for seconds",
    "sweep_seconds": "seconds since a worker swept",
    "visible_95_in_100_within_seconds": "95 of 100 visible within seconds",
}
"""What does not read well by its name."""


def status(*, as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False) -> None:
    """Show the backlog, its age, what is parked or in quarantine, and when the last event and refresh were.

    Exit codes: 0 nothing needs a person, 1 something is in quarantine or was lost on its way, or the backlog is older
    than two minutes.
    """
    from models import database, reports

    with database.transaction() as session:
        found = reports.status(session)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        for name, value in found.items():
            typer.echo(f"{SAID.get(name, name.replace('_', ' ')):<33} {_said(value)}")
    if found["quarantined"] or found["number_holes"] or found["oldest_seconds"] > OLD_SECONDS:
        raise typer.Exit(1)


def _said(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {count}" for name, count in sorted(value.items())) or "none"
    return "never" if value is None else f"{value:.0f}" if isinstance(value, float) and value > 1 else str(value)
