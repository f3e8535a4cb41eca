"""`souschef demo`: ten weeks of a real Moodle class, turned into assignments before your eyes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def demo(
    *,
    leave: Annotated[bool, typer.Option("--exit", help="End when done, and leave nothing running.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print only the summary, as one JSON object.")] = False,
    recording: Annotated[Path | None, typer.Option(help="Replay this recording instead of the class's own.")] = None,
) -> None:
    """Start everything, load the example school, replay a recorded class, and show what came of it.

    Without --exit (or CI=true in the environment) it stays up until Ctrl-C, for a look at Flower and the doors.
    The data of the demo lie in a folder of their own and are made anew each time.

    Example: souschef demo --exit --json
    """
    from workers import demonstration

    demonstration.run(
        stay=not (leave or as_json or os.environ.get("CI") == "true"), as_json=as_json, recording=recording
    )
