"""What the doctor says of the outbox, into which LMSs write events by SQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models import engine
from models.events import outbox
from models.events.outbox import MOST_COUNTED, OutboxFigures
from workers.cli.doctor.findings import Finding, humanize, note, ok, warning

OLD_SECONDS = 120
WAITING = "waiting"


def check() -> Iterator[Finding]:
    """Check what waits in the outbox, and what was refused."""
    with engine.transaction() as session:
        figures, unknown = outbox.figures(session), outbox.unknown_sources(session)
    yield from check_figures(figures, unknown)


def check_figures(figures: OutboxFigures, unknown: Sequence[tuple[str, str, int]]) -> Iterator[Finding]:
    """Check the counts of the outbox, and the sources that are unknown."""
    waiting = figures.counts.get(WAITING, 0)
    if figures.oldest_seconds > OLD_SECONDS:
        sentence = f"Events in lms.event_outbox: {_count(waiting)}, the oldest for {humanize(figures.oldest_seconds)}."
        yield warning("outbox", sentence, "See the worker's log for `outbox_poll_failed`; does a worker run?")
    else:
        yield ok("outbox", f"Events that wait in lms.event_outbox: {_count(waiting)}.")
    for school, source, count in unknown:
        sentence = f"{_count(count)} events of {school} name the source {source!r}, which it does not have."
        fix = f"`souschef source add {source} --format canonical --school {school}` lets them in; or correct the LMS."
        yield warning("outbox", sentence, fix)
    others = {code: n for code, n in figures.counts.items() if code not in {WAITING, "unknown_source"}}
    if others:
        each = ", ".join(f"{code} {_count(count)}" for code, count in sorted(others.items()))
        yield note("outbox", f"Refused events: {each}.", "`SELECT * FROM lms.event_outbox WHERE code IS NOT NULL`")


def _count(count: int) -> str:
    return f"{count:,}" if count < MOST_COUNTED else f"{MOST_COUNTED:,} or more"
