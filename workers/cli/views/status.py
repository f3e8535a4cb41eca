"""Show the state of the pipeline: a sentence on each part of it, and a line a source."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

OLD_SECONDS = 120
"""An event that waits longer than this needs a person."""
MINUTE, HOUR, DAY = 60, 3600, 86_400


def needs_a_person(figures: Mapping[str, Any]) -> bool:
    """Whether events failed, were lost on their way, or wait for too long."""
    waits_long = figures["oldest_seconds"] > OLD_SECONDS
    return bool(figures["quarantined"] or figures["number_holes"] or waits_long)


def page(figures: Mapping[str, Any], *, now: dt.datetime) -> RenderableType:
    """Return the whole page."""
    lines = Text("\n").join(_lines(figures, now))
    sources = _sources(figures["sources"], now) if figures["sources"] else Text("No source yet: souschef source add.")
    return Group(lines, Text(), sources)


def _lines(figures: Mapping[str, Any], now: dt.datetime) -> Iterator[Text]:
    backlog, oldest = figures["backlog"], figures["oldest_seconds"]
    waits = f", the oldest for {duration(oldest)}" if backlog else ""
    yield _line("Backlog", f"{_events(backlog)} to apply{waits}", bad=oldest > OLD_SECONDS)
    yield _line("Failed", _failed(figures), bad=bool(figures["quarantined"]))
    yield _line("Parked", _parked(figures), bad=False)
    if figures["number_holes"]:
        lost = f"{figures['number_holes']} numbers of events never came: souschef doctor"
        yield _line("Lost", lost, bad=True)
    visible = figures["visible_95_in_100_within_seconds"]
    speed = f"; 95 of 100 events are visible within {visible:g} s" if visible is not None else ""
    yield _line("Workers", f"{_swept(figures)}{speed}", bad=False)
    stale = figures["stale_students"]
    due = f", {stale:,} due for a refresh" if stale else ""
    yield _line("Students", f"{figures['students']:,}{due}; {figures['open_slots']:,} tasks open", bad=False)
    yield _line("Last event", ago(figures["last_event_at"], now), bad=False)
    yield _line("Last refresh", ago(figures["last_refresh_at"], now), bad=False)


def _line(name: str, sentence: str, *, bad: bool) -> Text:
    return Text.assemble((f"{name:<13}", "bold"), (sentence, "red" if bad else ""))


def _events(count: int) -> str:
    return f"{count:,} event" if count == 1 else f"{count:,} events"


def _failed(figures: Mapping[str, Any]) -> str:
    if not figures["quarantined"]:
        return "none in quarantine"
    return (
        f"{_events(figures['quarantined'])} in quarantine ({_codes(figures, 'quarantined')}): souschef quarantine list"
    )


def _parked(figures: Mapping[str, Any]) -> str:
    if not figures["parked"]:
        return "none waits for a load"
    verb = "waits" if figures["parked"] == 1 else "wait"
    return f"{_events(figures['parked'])} {verb} for a load ({_codes(figures, 'parked')}): souschef parked list"


def _codes(figures: Mapping[str, Any], state: str) -> str:
    return ", ".join(f"{code} {count}" for code, count in sorted(figures[f"{state}_by_code"].items()))


def _swept(figures: Mapping[str, Any]) -> str:
    seconds = figures["sweep_seconds"]
    if seconds is not None:
        return f"one looked for work {duration(seconds)} ago"
    if figures["up_runs"]:
        return "none has looked for work yet; souschef up runs, and starts them"
    return "none has looked for work yet: souschef up"


def up_runs(data_dir: Path) -> bool:
    """Whether `souschef up` runs in a data directory, as far as this user may see."""
    from config.errors import DataDirNotOwnedError
    from workers.preflight import supervisor_pid

    try:
        return supervisor_pid(data_dir) is not None
    except DataDirNotOwnedError:
        return False


def _sources(rows: list[dict[str, Any]], now: dt.datetime) -> Table:
    """Return a line a source; the school's column only where there are several schools."""
    several = len({row["school"] for row in rows}) > 1
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in (*(("School",) if several else ()), "Source", "Format"):
        table.add_column(name)
    for name in ("Last event", "A minute", "Today", "Waiting", "Waits for", "Parked", "Failed"):
        table.add_column(name, justify="right")
    for row in rows:
        last = ago(row["last_event_at"], now) if row["last_event_at"] else str(row["last_day"] or "never")
        late = row["waits_seconds"] > OLD_SECONDS
        waits = Text(duration(row["waits_seconds"]) if row["waiting"] else "", style="red" if late else "")
        failed = Text(f"{row['failed']:,}", style="red" if row["failed"] else "")
        name = f"{row['source']} (revoked)" if row["revoked"] else row["source"]
        rate = f"{row['per_minute']:,.1f}{'+' if row['at_least'] else ''}"
        counts = (rate, f"{row['today']:,}", f"{row['waiting']:,}")
        head = ((row["school"],) if several else ()) + (name, row["format"], last)
        table.add_row(*head, *counts, waits, f"{row['parked']:,}", failed)
    return table


def ago(moment: str | None, now: dt.datetime) -> str:
    """Return how long ago an ISO 8601 time was."""
    if moment is None:
        return "never"
    seconds = (now - dt.datetime.fromisoformat(moment)).total_seconds()
    return f"{duration(max(0.0, seconds))} ago"


def duration(seconds: float) -> str:
    """Return a duration in its largest unit that is not 0."""
    for unit, size in (("day", DAY), ("h", HOUR), ("min", MINUTE)):
        if seconds >= size:
            count = int(seconds // size)
            return f"{count} {unit}{'s' if unit == 'day' and count > 1 else ''}"
    return f"{seconds:.0f} s"
