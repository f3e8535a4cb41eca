"""Files of responses, read with progress; what cannot be read ends the command with file, line and mend."""

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NoReturn, cast

import typer

from learning.response_log import LogError, ResponseLog, parse_log

GZIP = b"\x1f\x8b"


def read_log(path: Path, *, groups: tuple[str, ...] = (), seed: int = 0) -> ResponseLog:
    """Return the log in a CSV file, gzipped or not.

    Raises:
        typer.Exit: with code 2, after a message that says what to mend.
    """
    try:
        with path.open("rb") as raw, progress(f"Reading {path.name}", path.stat().st_size) as advance:
            read = 0

            def tell(_: int) -> None:
                nonlocal read
                advance(raw.tell() - read)
                read = raw.tell()

            with io.TextIOWrapper(_unpacked(raw), encoding="utf-8", newline="") as lines:
                return parse_log(lines, groups=groups, seed=seed, progress=tell)
    except LogError as error:
        stop(f"{path}, line {error.line}: {error.problem}. {error.mend}")
    except UnicodeDecodeError as error:
        stop(f"{path}: not UTF-8 ({error.reason}). Save it as UTF-8.")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        stop(f"{path}: a broken gzip file ({error}). Pack it again.")
    except OSError as error:
        stop(f"{path}: {error.strerror or error}. Name a file that is there and may be read.")


def _unpacked(raw: io.BufferedReader) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(raw)) if raw.peek(2)[:2] == GZIP else raw


def stop(message: str) -> NoReturn:
    """End the command with exit code 2 and a message on stderr."""
    typer.echo(message, err=True)
    raise typer.Exit(2)


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a bar on stderr, where that is a terminal, while the block runs; yield what moves it on."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda steps: bar.advance(task, steps)
