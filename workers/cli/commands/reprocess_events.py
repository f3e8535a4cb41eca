"""`souschef reprocess-events`: parse stored events again after a parser was fixed."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.options import AsJson, DryRun, School, Source

if TYPE_CHECKING:
    from models.events.quarantine import EventFilter

SLICE = 1000
"""Events of one transaction and of one message."""


def reprocess_events(
    *,
    source: Source = None,
    school: School = None,
    code: Annotated[str | None, typer.Option(help="Only events that ended with this code, such as no_score.")] = None,
    since: Annotated[str | None, typer.Option(help="Only events received since, such as 2026-11-02.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Parse stored events again that were applied, dropped or parked; for quarantined ones see `souschef quarantine`.

    Nothing is counted twice. The facts of an event become what the parser reads now, unless a later event has revised
    them. An event cannot be parsed again if its payload was pruned, 14 days after it was applied. Discarded and erased
    events are parsed again only if --code names them. Events that the API counts and does not store are not included.

    Example: souschef reprocess-events --source moodle --since 2026-11-02 --dry-run
    """
    from models.events.quarantine import EventFilter

    events = EventFilter(source=source, school=school, code=code, since=_parse_time(since), limit=SLICE)
    counts = _reprocess(events, dry_run=dry_run)
    if as_json:
        typer.echo(json.dumps({"again": counts["again"], "pruned": counts["pruned"], "dry_run": dry_run}))
        return
    typer.echo(f"{counts['again']} events {'would be' if dry_run else 'are being'} parsed again.")
    if counts["pruned"]:
        typer.echo(f"{counts['pruned']} cannot be: their payloads were pruned. Their facts stay.")


def _reprocess(events: EventFilter, *, dry_run: bool) -> Counter[str]:
    from models import engine
    from models.events import quarantine
    from tasks.broker import enqueue
    from tasks.routing import TASK_FOR_KIND

    counts: Counter[str] = Counter()
    after: int | None = 0
    while after is not None:
        with engine.transaction() as session:
            batch = quarantine.reprocess(session, events, after=after, dry_run=dry_run)
        counts += Counter(again=batch.count, pruned=batch.pruned)
        for kind, ids in () if dry_run else batch.ids.items():
            enqueue(TASK_FOR_KIND[kind], ids)
        after = batch.last
    return counts


def _parse_time(since: str | None) -> datetime | None:
    """Parse a time in ISO 8601; without a zone it is in UTC."""
    if since is None:
        return None
    try:
        time = datetime.fromisoformat(since)
    except ValueError:
        raise typer.BadParameter(f"{since} is not a date or time in ISO 8601, such as 2026-11-02T08:00Z.") from None
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
