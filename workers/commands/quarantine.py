"""`souschef quarantine`: what makes no sense, and a person's decision on it."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from models.quarantine import Chosen, Held

app = typer.Typer(help="List, retry and discard what makes no sense.", no_args_is_help=True)

KEPT = "quarantine.log"
"""Who decided what on which events, and why: one JSON object a line."""

Code = Annotated[str | None, typer.Option(help="Only those with this code, such as schema or crashed.")]
Source = Annotated[str | None, typer.Option(help="Only those of this source.")]
School = Annotated[str | None, typer.Option(help="Only those of this school.")]
Limit = Annotated[int, typer.Option(min=1, help="At most so many, the oldest first.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Payload = Annotated[bool, typer.Option("--payload", help="The event itself too: a student's data.")]
Ids = Annotated[list[int] | None, typer.Argument(help="The events' ids, as `list` prints them.", show_default=False)]
Reason = Annotated[str, typer.Option(help="Why; kept in logs/quarantine.log of the data folder.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, and change nothing.")]


@app.command("list")
def list_(
    *, code: Code = None, source: Source = None, school: School = None, limit: Limit = 100, as_json: AsJson = False
) -> None:
    """List what stands in quarantine: id, source, code, where the fault lies, attempts, since when."""
    from models.quarantine import Chosen

    held = _held(Chosen(code=code, source=source, school=school, limit=limit))
    if as_json:
        typer.echo(json.dumps({"quarantine": [_told(each, payload=False) for each in held]}))
        return
    for each in held:
        where = f" at {each.pointer}" if each.pointer else ""
        typer.echo(
            f"{each.id}  {each.source}  {each.kind}  {each.code}{where}  received {each.received_at:%Y-%m-%d %H:%M}Z"
        )
    typer.echo(f"{len(held)} in quarantine{' (--limit shows more)' if len(held) == limit else ''}.")


@app.command()
def show(
    id: Annotated[int, typer.Argument(help="The event's id, as `list` prints it.")],  # noqa: A002 - the option's name
    *,
    payload: Payload = False,
    as_json: AsJson = False,
) -> None:
    """Show one event in quarantine; the event itself only with --payload."""
    from config.errors import Mendable
    from models.quarantine import Chosen

    held = _held(Chosen(ids=(id,)), read="quarantine show" if payload else None)
    if not held:
        raise Mendable(f"There is no event {id} in quarantine.", "`souschef quarantine list` shows those that are.")
    told = _told(held[0], payload=payload)
    if as_json:
        typer.echo(json.dumps(told))
        return
    for name, value in told.items():
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
    """Let workers try events again, under the ids that they have and with all their attempts.

    Example: souschef quarantine retry --code crashed --reason "Parser mended in 0.4"
    """
    from config.celery import wake
    from models import database, quarantine
    from tasks.events import TASK_OF

    chosen = _selected(ids, code=code, source=source, school=school, limit=limit)
    with database.transaction() as session:
        held = [each.id for each in quarantine.listed(session, chosen)]
        freed = {} if dry_run else quarantine.retry(session, held)
        if freed:
            _keep_reason("retried", held, reason=reason)
    for kind, events in freed.items():
        wake(TASK_OF[kind], events)
    _say("would be tried again" if dry_run else "will be tried again", held, as_json=as_json, dry_run=dry_run)


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
    """Give events up: they count as ignored with the code `discarded`, and a resend of them stays a duplicate.

    Example: souschef quarantine discard 17 18 --reason "A test of the plugin"
    """
    from models import database, quarantine

    chosen = _selected(ids, code=code, source=source, school=school, limit=limit)
    with database.transaction() as session:
        held = [each.id for each in quarantine.listed(session, chosen)]
        if held and not dry_run:
            quarantine.discard(session, held)
            _keep_reason("discarded", held, reason=reason)
    _say("would be discarded" if dry_run else "discarded", held, as_json=as_json, dry_run=dry_run)


@app.command()
def export(
    path: Annotated[Path | None, typer.Argument(help="A file; left out, they are printed.")] = None,
    *,
    code: Code = None,
    source: Source = None,
    school: School = None,
    limit: Limit = 100_000,
    payload: Payload = False,
) -> None:
    """Write what stands in quarantine as JSON lines; a file is readable by its owner alone."""
    from models.quarantine import Chosen

    chosen = Chosen(code=code, source=source, school=school, limit=limit)
    held = _held(chosen, read="quarantine export" if payload else None)
    lines = "".join(json.dumps(_told(each, payload=payload)) + "\n" for each in held)
    if path is None:
        sys.stdout.write(lines)
        return
    _write(path, lines)
    typer.echo(f"{len(held)} events are in {path}.")


def _held(chosen: Chosen, *, read: str | None = None) -> list[Held]:
    """Return the events that are meant; where they are `read` themselves, the access log says so."""
    from models import database, quarantine
    from workers import accountable

    with database.transaction() as session:
        found = quarantine.listed(session, chosen)
        if read is not None:
            accountable.note_events(session, read, found)
        return found


def _told(each: Held, *, payload: bool) -> dict[str, Any]:
    told = {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in asdict(each).items()}
    if not payload:
        del told["payload"]
    return told


def _selected(ids: list[int] | None, *, code: str | None, source: str | None, school: str | None, limit: int) -> Chosen:
    """Return which events are meant; all of them is never meant by saying nothing."""
    from config.errors import Exit, Mendable
    from models.quarantine import Chosen

    if not ids and code is None and source is None:
        refusal = Mendable("No event is named.", "Name ids, --code or --source; `souschef quarantine list` shows them.")
        refusal.exit_code = Exit.WRONG_INPUT
        raise refusal
    return Chosen(ids=tuple(ids) if ids else None, code=code, source=source, school=school, limit=limit)


def _keep_reason(decision: str, ids: list[int], *, reason: str) -> None:
    """Append the decision to `logs/quarantine.log` in the data folder; where that fails, it is not made."""
    import getpass
    from datetime import UTC, datetime

    from config.errors import DataFolderReadOnly
    from config.settings import settings

    folder = settings().data_dir
    line = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "who": getpass.getuser(),
        "decision": decision,
        "inbox_ids": ids,
        "reason": reason,
    }
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True, mode=0o700)
        with (folder / "logs" / KEPT).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
    except OSError as error:
        raise DataFolderReadOnly(folder, error.strerror) from None


def _say(what: str, ids: list[int], *, as_json: bool, dry_run: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"ids": ids, "count": len(ids), "dry_run": dry_run}))
        return
    typer.echo(f"{len(ids)} {'event' if len(ids) == 1 else 'events'} {what}: {' '.join(map(str, ids)) or 'none fits'}")


def _write(path: Path, lines: str) -> None:
    from config.errors import Mendable

    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise Mendable(f"{path} cannot be written: {error.strerror}.", "Name a new file.") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(lines)
