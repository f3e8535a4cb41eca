"""Logs of responses for evaluating and fitting: from a file, or from a school's own facts."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn, cast

from config.errors import WrongInputError
from learning.fitting.response_log import LogError, ResponseLog, log_of, parse_log

if TYPE_CHECKING:
    from learning.mastery.parameters import Parameters
    from learning.mastery.state import Response

GZIP = b"\x1f\x8b"
SLICE = 500
"""Students whose facts are read at once."""


def read_log(path: Path, *, groups: tuple[str, ...] = (), seed: int = 0) -> ResponseLog:
    """Return the log in a CSV file, gzipped or not.

    Raises:
        WrongInputError: the message says what to fix.
    """
    try:
        with path.open("rb") as raw, progress(f"Reading {path.name}", path.stat().st_size) as advance:
            read = 0

            def report(_: int) -> None:
                nonlocal read
                advance(raw.tell() - read)
                read = raw.tell()

            with io.TextIOWrapper(_decompress(raw), encoding="utf-8", newline="") as lines:
                return parse_log(lines, groups=groups, seed=seed, progress=report)
    except LogError as error:
        stop(f"{path}, line {error.line}: {error.problem}. {error.hint}")
    except UnicodeDecodeError as error:
        stop(f"{path}: not UTF-8 ({error.reason}). Save it as UTF-8.")
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        stop(f"{path}: a broken gzip file ({error}). Compress it again.")
    except OSError as error:
        stop(f"{path}: {error.strerror or error}. Name a file that exists and is readable.")


def _decompress(raw: io.BufferedReader) -> IO[bytes]:
    return cast("IO[bytes]", gzip.open(raw)) if raw.peek(2)[:2] == GZIP else raw


def read_school(ref: str | None, *, seed: int) -> tuple[ResponseLog, Parameters]:
    """Return a school's log, with a seeded fifth of its students held out, and its current parameters.

    Raises:
        UnresolvedSchoolError: there is no such school, or there are several and `ref` is None.
    """
    from models import engine
    from models.access import schools
    from models.events import facts
    from models.events.facts import BEGINNING
    from models.students import model_versions, people
    from tasks.pipeline.update_states import responses_of

    with engine.transaction() as session:
        school_id = schools.resolve(session, ref).id
        names = model_versions.skill_refs(session, school_id)
        students = people.students_of(session, school_id)
        with progress("Reading facts", len(students)) as advance:

            def rows() -> Iterator[tuple[str, list[Response]]]:
                for start in range(0, len(students), SLICE):
                    evidence = facts.load_evidence(session, dict.fromkeys(students[start : start + SLICE], BEGINNING))
                    for student in sorted(evidence):
                        yield str(student), responses_of(evidence[student])
                        advance(1)

            log = log_of(rows(), names=names, seed=seed)
        return log, model_versions.in_force(session, school_id).parameters


def activate(ref: str | None, parameters: Parameters) -> int:
    """Make fitted parameters the school's current ones, mark every student for a refresh, and return their version."""
    from models import engine
    from models.access import schools
    from models.students import model_versions, states

    with engine.transaction() as session:
        school_id = schools.resolve(session, ref).id
        saved = model_versions.save_parameters(session, school_id, parameters)
        states.mark_due(session, school_id=school_id)
        return saved.version


def deactivate(ref: str | None) -> int | None:
    """Go back to the previous parameters; return the version that was left, None if it is the shipped one."""
    from models import engine
    from models.access import schools
    from models.students import model_versions, states

    with engine.transaction() as session:
        school_id = schools.resolve(session, ref).id
        version = model_versions.rollback_parameters(session, school_id)
        if version is not None:
            states.mark_due(session, school_id=school_id)
        return version


def stop(message: str) -> NoReturn:
    """End the command with a message.

    Raises:
        WrongInputError: always.
    """
    raise WrongInputError(message)


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """Show a progress bar on stderr, if that is a terminal; yield the function that advances it."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(title, total=total)
        yield lambda steps: bar.advance(task, steps)
