"""`souschef demo`: replay ten weeks of a recorded Moodle class and show the assignments."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from workers.cli.options import AsJson


def demo(
    *,
    exit_when_done: Annotated[bool, typer.Option("--exit", help="Stop everything when done.")] = False,
    as_json: AsJson = False,
    recording: Annotated[Path | None, typer.Option(help="Replay this recording instead of the example's.")] = None,
) -> None:
    """Start everything, load the example school, replay a recorded class, and show the results.

    Without --exit (or CI=true in the environment) everything stays up until Ctrl-C, so that you can look at Flower and
    the API. With --json only the summary is printed. The demo has its own database, which is created again each time.
    While it runs, `souschef class`, `student`, `status` and `explain` in a second terminal read that database.

    Example: souschef demo --exit --json
    """
    from workers.cli.demo import replay

    replay.run(
        stay=not (exit_when_done or as_json or os.environ.get("CI") == "true"), as_json=as_json, recording=recording
    )
