"""`souschef send`: replay recorded requests to a door."""

from __future__ import annotations

import json
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import typer


def send(
    path: Annotated[Path, typer.Argument(help="JSON lines of method, path, headers, body; .gz too.")],
    *,
    source: Annotated[str, typer.Option(help="Whose requests these are; its credential is used.")],
    school: Annotated[str | None, typer.Option(help="The school's ref, where there are several.")] = None,
    door: Annotated[str | None, typer.Option(help="Base address of the doors.")] = None,
    rate: Annotated[float | None, typer.Option(min=0.001, help="At most so many requests a second.")] = None,
    shuffle: Annotated[int | None, typer.Option(help="Send in another order, by this seed.")] = None,
    duplicate: Annotated[float, typer.Option(min=0.0, max=1.0, help="Send this share of the requests twice.")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Replay recorded requests to a door, as their sender would.

    Example: souschef send examples/riverside/moodle_class.jsonl.gz --source moodle

    Exit codes: 0 all were taken, 1 some were refused, 2 the recording cannot be read.
    """
    from rich.console import Console
    from rich.progress import Progress

    from config.settings import settings
    from models import database, sources
    from workers import sending

    requests = sending.arranged(sending.read(path), shuffle=shuffle, duplicate=duplicate)
    with database.transaction() as session:
        try:
            given = sources.credential(session, source, school=school, secret_key=settings().secret_key_bytes())
        except sources.SourceUnknown as error:
            from config.errors import Mendable

            raise Mendable(str(error), "Make it: souschef source add NAME --format FORMAT.") from None
    address = door or f"http://{settings().web_host}:{settings().web_port}"
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Sending", total=len(requests))
        sent = sending.send(
            requests, door=address, credential=given, rate=rate, progress=lambda _, __: bar.advance(task)
        )
    statuses = {str(status): count for status, count in sorted(sent.statuses.items())}
    if as_json:
        typer.echo(json.dumps({"requests": sent.requests, "statuses": statuses, "seconds": round(sent.seconds, 3)}))
    else:
        told = ", ".join(f"{count} x {status}" for status, count in statuses.items())
        typer.echo(f"{sent.requests} requests in {sent.seconds:.1f} s: {told or 'none'}.")
    if any(status >= HTTPStatus.BAD_REQUEST for status in sent.statuses):
        raise typer.Exit(1)
