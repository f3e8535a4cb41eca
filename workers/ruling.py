"""What the commands that set rules share: the school, the refresh that follows, and the table of a dry run."""

from __future__ import annotations

import json
from typing import Any

import typer
from sqlmodel import Session

from config.errors import Mendable
from models import sources
from tasks.refresh import SLICE, refresh_assignments
from tasks.rulings import Act, Ruled
from tasks.told import would_as_told
from workers import accountable
from workers.orders_view import show_would


def school_id(session: Session, ref: str | None) -> int:
    """Return the id of a school by its ref, or of the only one.

    Raises:
        Mendable: there is none, or several and none is named.
    """
    try:
        return int(sources.school_of(session, ref).id or 0)
    except sources.SourceUnknown as error:
        raise Mendable(str(error)) from None


def act(by: str, reason: str) -> Act:
    """Return who sets something and why, through the login that runs the command."""
    return Act(by, reason, f"login {accountable.operator()}")


def tell(ruled: Ruled, *, dry_run: bool, as_json: bool, **said: Any) -> None:  # noqa: ANN401 - JSON
    """Show what would change; or decide anew for all whom it concerns, and say so."""
    if dry_run:
        if as_json:
            typer.echo(json.dumps({**said, "dry_run": True, "students": would_as_told(ruled.would)}))
        else:
            show_would(ruled.would, dry_run=True)
        return
    refresh(list(ruled.students), quiet=as_json)
    if as_json:
        typer.echo(json.dumps({**said, "dry_run": False, "students": len(ruled.students)}))
    else:
        typer.echo(f"Done; {len(ruled.students)} students were decided for anew.")


def refresh(students: list[int], *, quiet: bool) -> None:
    """Decide anew, a hundred students a transaction; the workers do the rest where this is stopped."""
    from rich.console import Console
    from rich.progress import track

    slices = [students[start : start + SLICE] for start in range(0, len(students), SLICE)]
    for each in track(slices, "Deciding", console=Console(stderr=True), disable=quiet, transient=True):
        refresh_assignments(each)
