"""Poison for a worker: a preload that makes it die, or loop, at events whose id asks for it. Each run leaves a line."""

import os
import signal
from pathlib import Path
from typing import Any

import orjson

RUNS = os.environ.get("CHAOS_RUNS")
"""The file that takes a line for each run; without it nothing is changed."""


class Poisoned:
    """Stands where `tasks.pipeline.apply_events` looks for orjson."""

    @staticmethod
    def loads(payload: bytes | str) -> Any:
        """Read a payload, and do what its id asks for."""
        found = orjson.loads(payload)
        name = str(found.get("id", "")) if isinstance(found, dict) else ""
        if name.startswith("poison"):
            with Path(str(RUNS)).open("a") as file:
                file.write(f"{name}\n")
            poison(name)
        return found


def poison(name: str) -> None:
    """Die by the kernel, by memory, or never."""
    match name.removeprefix("poison-"):
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "memory":
            raise MemoryError
        case "loop":
            while True:
                pass


if RUNS:
    from tasks.pipeline import apply_events

    apply_events.orjson = Poisoned  # type: ignore[assignment, attr-defined]
