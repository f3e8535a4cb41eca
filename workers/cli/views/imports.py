"""Show what an export became: what was read, what was written, what was left out and why, and what comes next."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lms.exports.imported import Imported
from workers.cli.merge_files import PROPOSALS, Merged

MAX_LISTED = 20
"""Rows that are listed; `--json` has a thousand."""
MAX_NAMES = 5


@contextmanager
def progress() -> Iterator[Callable[[str, int], object]]:
    """Show on standard error what is read and how many are done, if that is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:<34}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bars:
        task = bars.add_task("Reading", total=None)
        yield lambda what, done: bars.update(task, description=f"Reading {what}", completed=done)


def lines(found: Imported, merged: Mapping[str, Merged], folder: Path, *, dry_run: bool) -> Iterator[str]:
    """Yield the report as text."""
    yield f"Read: {', '.join(_count(count, what) for what, count in found.read.items() if count) or 'nothing'}."
    for why, count in sorted(found.left_out.items()):
        yield f"Left out, as they {why}: {count:,}."
    yield from (f"  {each}" for each in found.problems[:MAX_LISTED])
    if len(found.problems) > MAX_LISTED:
        yield f"  and {len(found.problems) - MAX_LISTED:,} more; --json lists them."
    for name, each in merged.items():
        yield _sentence(folder / name, each, dry_run=dry_run)
        yield from _hints(each)
    yield from found.notes
    if dry_run:
        yield "Nothing was written."
    else:
        yield from next_steps(merged, folder)


def _count(count: int, what: str) -> str:
    """Return a count with its noun, which is in the plural."""
    one = {"classes": "class"}.get(what, what.removesuffix("s"))
    return f"{count:,} {one if count == 1 else what}"


def _sentence(path: Path, each: Merged, *, dry_run: bool) -> str:
    counts = {
        "new": each.new,
        "filled in": each.filled,
        "replaced": each.replaced,
        "removed": each.removed,
        "as before": each.same,
        "different, and left as they are": len(each.different),
    }
    text = ", ".join(f"{count:,} {what}" for what, count in counts.items() if count) or "nothing"
    return f"{path}{' would get' if dry_run else ''}: {text}."


def _hints(each: Merged) -> Iterator[str]:
    if each.different:
        yield f"  The export says something else of {_names(each.different)}: --force takes what it says."
    if each.gone:
        yield f"  Not in the export any more: {_names(each.gone)}: --force removes them."


def _names(names: list[str]) -> str:
    more = f" and {len(names) - MAX_NAMES:,} more" if len(names) > MAX_NAMES else ""
    return f"{', '.join(names[:MAX_NAMES])}{more}"


def next_steps(merged: Mapping[str, Merged], folder: Path) -> Iterator[str]:
    """Yield what to do now."""
    name = shlex.quote(str(folder))
    proposals = [each for each in merged if each in PROPOSALS]
    if proposals:
        yield (
            f"Next: nothing of it is in force. Write yes or no under accept in {' and '.join(proposals)}, then "
            f"souschef import accept {name}; or take all that are sure: souschef import accept {name} --at-least .95"
        )
    elif merged:
        yield f"Next: souschef check {name}"


def summary(found: Imported, merged: Mapping[str, Merged], *, dry_run: bool) -> dict[str, Any]:
    """Return the report as JSON."""
    return {
        "dry_run": dry_run,
        "read": dict(found.read),
        "left_out": dict(found.left_out),
        "problems": [asdict(each) for each in found.problems],
        "notes": found.notes,
        "written": {name: asdict(each) for name, each in merged.items()},
    }
