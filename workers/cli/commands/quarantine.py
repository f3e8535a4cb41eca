"""`souschef quarantine`: list, retry and discard events that could not be processed."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workers.cli.options import AsJson, DryRun, Reason, School, Source

if TYPE_CHECKING:
    from sqlmodel import Session

    from models.events.quarantine import EventFilter, QuarantinedEvent

app = typer.Typer(help="List, retry and discard events that could not be processed.", no_args_is_help=True)

DECISION_LOG = "quarantine.log"
"""Who decided what about which events, and why: one JSON object per line."""

Code = Annotated[str | None, typer.Option(help="Only events with this code, such as schema or crashed.")]
Limit = Annotated[int, typer.Option(min=1, help="At most this many, the oldest first.")]
Payload = Annotated[bool, typer.Option("--payload", help="Include the event itself, which is a student's data.")]
Ids = Annotated[list[int] | None, typer.Argument(help="The events' ids, as `list` prints them.", show_default=False)]


@app.command("list")
def list_(
    *, code: Code = None, source: Source = None, school: School = None, limit: Limit = 100, as_json: AsJson = False
) -> None:
    """List the events in quarantine: id, source, kind, code, position of the error, and when each was received.

    Example: souschef quarantine list --source moodle
    """
    from models.events.quarantine import EventFilter

    events = _list_events(EventFilter(code=code, source=source, school=school, limit=limit))
    if as_json:
        typer.echo(json.dumps({"quarantine": [_event_to_json(event, payload=False) for event in events]}))
        return
    for event in events:
        pointer = f" at {event.pointer}" if event.pointer else ""
        received = f"received {event.received_at:%Y-%m-%d %H:%M}Z"
        typer.echo(f"{event.id}  {event.source}  {event.kind}  {event.code}{pointer}  {received}")
    typer.echo(f"{len(events)} in quarantine{' (--limit shows more)' if len(events) == limit else ''}.")


@app.command()
def show(
    id: Annotated[int, typer.Argument(help="The event's id, as `list` prints it.")],  # noqa: A002 - the option's name
    *,
    payload: Payload = False,
    as_json: AsJson = False,
) -> None:
    """Show one event in quarantine; its payload only with --payload.

    Example: souschef quarantine show 17
    """
    from config.errors import WrongInputError
    from models.events.quarantine import EventFilter

    events = _list_events(EventFilter(ids=(id,)), read="quarantine show" if payload else None)
    if not events:
        raise WrongInputError(
            f"There is no event {id} in quarantine.", "`souschef quarantine list` lists those in quarantine."
        )
    document = _event_to_json(events[0], payload=payload)
    if as_json:
        typer.echo(json.dumps(document))
        return
    for name, value in document.items():
        typer.echo(f"{name.replace('_', ' '):<15} {value}")


@app.command()
def retry(
    ids: Ids = None,
    *,
    reason: Reason,
    code: Code = None,
    source: Source = None,
    school: School = None,
    limit: Limit = 1000,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Let workers try events again, with the same ids and a full number of attempts.

    Example: souschef quarantine retry --code crashed --reason "Parser fixed in 0.4"

    Exit codes: 0 done, or no event has the code or source; 2 an id that was given is not in quarantine
    """
    from models import engine
    from models.events import quarantine
    from tasks.broker import enqueue
    from tasks.routing import TASK_FOR_KIND

    event_filter = _event_filter(ids, code=code, source=source, school=school, limit=limit)
    with engine.transaction() as session:
        selected = _select(session, event_filter)
        released = {} if dry_run else quarantine.retry(session, selected)
        if released:
            _log_decision("retried", selected, reason=reason)
    for kind, events in released.items():
        enqueue(TASK_FOR_KIND[kind], events)
    outcome = "would be tried again" if dry_run else "will be tried again"
    _report(outcome, selected, as_json=as_json, dry_run=dry_run)


@app.command()
def discard(
    ids: Ids = None,
    *,
    reason: Reason,
    code: Code = None,
    source: Source = None,
    school: School = None,
    limit: Limit = 1000,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Discard events: they count as ignored with the code `discarded`, and sending them again is a duplicate.

    Example: souschef quarantine discard 17 18 --reason "A test of the plugin"

    Exit codes: 0 done, or no event has the code or source; 2 an id that was given is not in quarantine
    """
    from models import engine
    from models.events import quarantine

    event_filter = _event_filter(ids, code=code, source=source, school=school, limit=limit)
    with engine.transaction() as session:
        selected = _select(session, event_filter)
        if selected and not dry_run:
            quarantine.discard(session, selected)
            _log_decision("discarded", selected, reason=reason)
    _report("would be discarded" if dry_run else "discarded", selected, as_json=as_json, dry_run=dry_run)


@app.command()
def export(
    path: Annotated[Path | None, typer.Argument(help="A new file; without it, the events are printed.")] = None,
    *,
    code: Code = None,
    source: Source = None,
    school: School = None,
    limit: Limit = 100_000,
    payload: Payload = False,
) -> None:
    """Export the events in quarantine as JSON lines; a file is readable by its owner only.

    Example: souschef quarantine export quarantine.jsonl
    """
    from models.events.quarantine import EventFilter

    event_filter = EventFilter(code=code, source=source, school=school, limit=limit)
    events = _list_events(event_filter, read="quarantine export" if payload else None)
    lines = "".join(json.dumps(_event_to_json(event, payload=payload)) + "\n" for event in events)
    if path is None:
        sys.stdout.write(lines)
        return
    _write(path, lines)
    typer.echo(f"{len(events)} events are in {path}.")


def _list_events(event_filter: EventFilter, *, read: str | None = None) -> list[QuarantinedEvent]:
    """Return the matching events; note the access under the name `read`, if their payloads are read."""
    from models import engine
    from models.events import quarantine
    from workers.cli import audit_trail

    with engine.transaction() as session:
        events = quarantine.list_events(session, event_filter)
        if read is not None:
            audit_trail.log_event_access(session, read, events)
        return events


def _event_to_json(event: QuarantinedEvent, *, payload: bool) -> dict[str, Any]:
    fields = asdict(event)
    if not payload:
        del fields["payload"]
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in fields.items()}


def _event_filter(
    ids: list[int] | None, *, code: str | None, source: str | None, school: str | None, limit: int
) -> EventFilter:
    """Return the filter of the selected events; an empty selection is refused and does not mean all events."""
    from config.errors import WrongInputError
    from models.events.quarantine import EventFilter

    if not ids and code is None and source is None:
        raise WrongInputError(
            "No event is selected.", "Give ids, --code or --source; `souschef quarantine list` prints them."
        )
    return EventFilter(ids=tuple(ids) if ids else None, code=code, source=source, school=school, limit=limit)


def _select(session: Session, event_filter: EventFilter) -> list[int]:
    """Return the ids of the matching events; an id that was given and is not among them is a mistake."""
    from config.errors import WrongInputError
    from models.events import quarantine

    selected = [event.id for event in quarantine.list_events(session, event_filter)]
    missing = [each for each in event_filter.ids or () if each not in selected][: event_filter.limit]
    if missing:
        raise WrongInputError(
            f"There is no event {missing[0]} in quarantine that matches; nothing was done.",
            "`souschef quarantine list` lists those in quarantine.",
        )
    return selected


def _log_decision(decision: str, ids: list[int], *, reason: str) -> None:
    """Append a decision to `logs/quarantine.log` in the data directory; if that fails, the decision is rolled back."""
    import getpass
    from datetime import UTC, datetime

    from config.errors import DataDirReadOnlyError
    from config.settings import settings

    data_dir = settings().data_dir
    entry = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": getpass.getuser(),
        "decision": decision,
        "inbox_ids": ids,
        "reason": reason,
    }
    try:
        (data_dir / "logs").mkdir(parents=True, exist_ok=True, mode=0o700)
        with (data_dir / "logs" / DECISION_LOG).open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
    except OSError as error:
        raise DataDirReadOnlyError(data_dir, error.strerror) from None


def _report(outcome: str, ids: list[int], *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"ids": ids, "count": len(ids), "dry_run": dry_run}))
        return
    noun = "event" if len(ids) == 1 else "events"
    typer.echo(f"{len(ids)} {noun} {outcome}: {' '.join(map(str, ids)) or 'no event matches'}")


def _write(path: Path, lines: str) -> None:
    from config.errors import WrongInputError

    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise WrongInputError(f"{path} cannot be written: {error.strerror}.", "Name a new file.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(lines)
