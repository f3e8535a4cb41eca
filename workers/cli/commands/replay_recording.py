"""`souschef replay-recording`: send recorded requests to the API."""

from __future__ import annotations

import json
from collections import Counter
from http import HTTPStatus
from pathlib import Path
from typing import Annotated

import typer

from workers.cli.interrupted import say_how_far
from workers.cli.options import AsJson, School


def replay_recording(
    path: Annotated[Path, typer.Argument(help="JSON lines of method, path, headers, body; also as .gz.")],
    *,
    source: Annotated[str, typer.Option(help="The source whose requests these are; its credential is used.")],
    school: School = None,
    api: Annotated[str | None, typer.Option("--api", "--door", help="Base address of the API.")] = None,
    rate: Annotated[float | None, typer.Option(min=0.001, help="At most this many requests a second.")] = None,
    shuffle: Annotated[int | None, typer.Option(help="Shuffle the requests with this seed.")] = None,
    duplicate: Annotated[float, typer.Option(min=0.0, max=1.0, help="Send this share of the requests twice.")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Send recorded requests to the API as their sender would.

    Example: souschef replay-recording examples/riverside/moodle_class.jsonl.gz --source moodle

    Exit codes: 0 all were accepted, 1 some were refused, 2 the recording cannot be read.
    """
    from rich.console import Console
    from rich.progress import Progress

    from config.errors import WrongInputError
    from config.settings import settings
    from models import engine
    from models.access import sources
    from workers.cli import replay_client

    requests = replay_client.arrange(replay_client.read(path), shuffle=shuffle, duplicate=duplicate)
    with engine.transaction() as session:
        try:
            credential = sources.credential(session, source, school=school, secret_key=settings().secret_key_bytes())
        except sources.SourceNotFoundError as error:
            raise WrongInputError(str(error), "Create it: souschef source add NAME --format FORMAT.") from None
    address = api or f"http://{settings().web_host}:{settings().web_port}"
    answered: Counter[int] = Counter()
    with (
        Progress(console=Console(stderr=True), transient=True) as bar,
        say_how_far(
            lambda: f"{answered.total():,} of {len(requests):,} requests are sent; sending them again is safe."
        ),
    ):
        task = bar.add_task("Sending", total=len(requests))

        def note(_: replay_client.Request, status: int) -> None:
            answered[status] += 1
            bar.advance(task)

        sent = replay_client.send(requests, api_url=address, credential=credential, rate=rate, progress=note)
    statuses = {str(status): count for status, count in sorted(sent.statuses.items())}
    if as_json:
        typer.echo(json.dumps({"requests": sent.requests, "statuses": statuses, "seconds": round(sent.seconds, 3)}))
    else:
        counts = ", ".join(f"{count} x {status}" for status, count in statuses.items())
        typer.echo(f"{sent.requests} requests in {sent.seconds:.1f} s: {counts or 'none'}.")
    if any(status >= HTTPStatus.BAD_REQUEST for status in sent.statuses):
        raise typer.Exit(1)
