"""A burst: fifty thousand students submit a quiz within five minutes, and each waits for what comes of it.

The requests of one school's Moodle come evenly over the minutes, each with the statements of many students mixed. What
is measured is the time from the 200 that a sender got to the commit that made the event's whole effect visible.

    python -m benchmarks.burst                                  # a quarter of an hour, most of it to load the district
    python -m benchmarks.burst --students 2800 --minutes 0.5
    python -m benchmarks.burst --json
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Annotated

import orjson
import psutil
import typer
from rich.console import Console

from benchmarks.environment import BenchmarkEnvironment, Meter, latencies, running_environment, send, wait_until_applied
from benchmarks.pipeline import show
from benchmarks.traffic import traffic
from workers.local.supervisor import running, settings_override

STUDENTS_A_CLASS = 28
STATEMENTS_A_REQUEST = 100
SHARES = {"p50_ms": 0.50, "p95_ms": 0.95, "p99_ms": 0.99, "longest_ms": 1.0}
MEGABYTE = 2**20


def measure(environment: BenchmarkEnvironment, *, classes: int, seconds: float) -> dict[str, object]:
    """Return the figures of a district's sitting of one quiz, its requests spread over so many seconds."""
    batches = traffic(classes=classes, submissions=1, statements_a_request=STATEMENTS_A_REQUEST)
    settings = environment.copy("run_burst")
    url = settings.database_url_text()
    with running(settings, processes=("worker", "api"), free_ports=True) as system, settings_override(settings):
        pids = {name: process.popen.pid for name in ("worker", "api") if (process := system.process(name)).popen}
        with Meter({**pids, "postgres": environment.postmaster}) as meter:
            before, started = meter.cpu_seconds(), time.monotonic()
            sent = send(
                batches, api_url=system.api_url, credentials=[environment.credential], rate=len(batches) / seconds
            )
            sending = time.monotonic() - started
            wait_until_applied(url, seconds=3_600)
            done, after = time.monotonic() - started, meter.cpu_seconds()
        took = latencies(url, sent)
    events = sum(batch.events for batch in batches)
    return {
        "students": classes * STUDENTS_A_CLASS,
        "events": events,
        "seconds_sending": round(sending, 1),
        "seconds_until_all_is_visible": round(done, 1),
        "events_per_second": round(events / sending, 1),
        "refused_with_retry_after": sent.refused,
        **{name: round(1_000 * took[min(len(took) - 1, int(share * len(took)))], 1) for name, share in SHARES.items()},
        "cpu_us_per_event": {name: round(1e6 * (after[name] - before[name]) / events) for name in after},
        "peak_mb": {name: used // MEGABYTE for name, used in meter.peak_bytes.items()},
        "cores": psutil.cpu_count(),
    }


def main(
    *,
    students: Annotated[int, typer.Option(min=STUDENTS_A_CLASS, help="How many hand a quiz in.")] = 50_000,
    minutes: Annotated[float, typer.Option(min=0.1, help="Within how long.")] = 5.0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Measure a district that hands in a quiz at once."""
    console, classes = Console(stderr=True, quiet=as_json), -(-students // STUDENTS_A_CLASS)
    with (
        tempfile.TemporaryDirectory(prefix="souschef-bench-", ignore_cleanup_errors=True) as folder,
        console.status(f"Loading {classes:,} classes, then {minutes:g} minutes of traffic"),
        running_environment(Path(folder), classes=classes) as environment,
    ):
        figures = measure(environment, classes=classes, seconds=60 * minutes)
    if as_json:
        typer.echo(orjson.dumps(figures).decode())
    else:
        show(figures, Console(), title="A district hands in a quiz at once")


if __name__ == "__main__":
    typer.run(main)
