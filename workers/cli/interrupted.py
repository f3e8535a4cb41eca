"""Say how far a command came when Ctrl-C ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import typer


@contextmanager
def say_how_far(sentence: Callable[[], str]) -> Iterator[None]:
    """Print `sentence()` to standard error if Ctrl-C comes within the block, and let it end the command."""
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(f"Stopped: {sentence()}", err=True)
        raise
