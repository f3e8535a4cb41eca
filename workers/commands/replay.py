"""`souschef replay`: stored events are read again, after a parser was mended."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from models.quarantine import Chosen

SLICE = 1000
"""Events of one transaction, and of one ring."""


def replay(
    *,
    source: Annotated[str | None, typer.Option(help="Only events of this source.")] = None,
    school: Annotated[str | None, typer.Option(help="Only events of this school.")] = None,
    code: Annotated[str | None, typer.Option(help="Only events that ended with this code, such as no_score.")] = None,
    since: Annotated[str | None, typer.Option(help="Only events received since, such as 2026-11-02.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Read stored events again that were applied, dropped or parked; what is in quarantine has a command of its own.

    Nothing is counted twice, and what a parser had misread or missed is mended: the facts of an event that is read
    again become what it says now, except where a later event has revised them since. An event whose raw body was
    pruned, 14 days after it was applied, cannot be read again; what was discarded or erased is read again only where
    --code names it; and what the doors count without storing it is not there to be read.

    Example: souschef replay --source moodle --since 2026-11-02 --dry-run
    """
    from models.quarantine import Chosen

    chosen = Chosen(source=source, school=school, code=code, since=_moment(since), limit=SLICE)
    counts = _replay(chosen, dry_run=dry_run)
    told = {"again": counts["again"], "pruned": counts["pruned"], "dry_run": dry_run}
    if as_json:
        typer.echo(json.dumps(told))
        return
    typer.echo(f"{counts['again']} events {'would be' if dry_run else 'are being'} read again.")
    if counts["pruned"]:
        typer.echo(f"{counts['pruned']} cannot be: their raw bodies were pruned; the facts that they became stay.")


def _replay(chosen: Chosen, *, dry_run: bool) -> Counter[str]:
    from config.celery import wake
    from models import database, quarantine
    from tasks.events import TASK_OF

    counts: Counter[str] = Counter()
    after: int | None = 0
    while after is not None:
        with database.transaction() as session:
            found = quarantine.again(session, chosen, after=after, keep=not dry_run)
        counts += Counter(again=found.count, pruned=found.pruned)
        for kind, events in () if dry_run else found.ids.items():
            wake(TASK_OF[kind], events)
        after = found.last
    return counts


def _moment(since: str | None) -> datetime | None:
    """Return a moment in ISO 8601; one without a zone is meant in UTC."""
    if since is None:
        return None
    try:
        found = datetime.fromisoformat(since)
    except ValueError:
        raise typer.BadParameter(f"{since} is no date or time in ISO 8601, such as 2026-11-02T08:00Z.") from None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
