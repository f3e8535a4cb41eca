"""How fast events become visible assignments: Souschef, a plain Celery pipeline, and the storage alone.

One run, one server, the same events, the same outputs:

(a) Souschef: from the HTTP API to visible assignments, the very processes that `souschef up` starts;
(b) a plain pipeline, one Celery task an event (`baseline_pipeline.py`);
(c) the rows that (a) wrote, written by COPY alone: no Celery, no computing;
(d) the same, with the steps of an event's row: accepted, claimed before the work, done with its effect.

    python -m benchmarks.pipeline            # ten minutes
    python -m benchmarks.pipeline --quick    # under a minute
    python -m benchmarks.pipeline --json
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import orjson
import psutil
import psycopg
import typer
from rich.console import Console
from rich.table import Table

from benchmarks import copy_baseline
from benchmarks.environment import (
    BenchmarkEnvironment,
    Meter,
    latencies,
    plain_url,
    running_environment,
    send,
    wait_until_applied,
)
from benchmarks.traffic import Batch, traffic
from config.settings import Settings
from workers.local.supervisor import running, settings_override

PLAIN_PROCESSES = {
    "worker": ("celery", "-A", "benchmarks.baseline_pipeline", "worker", "--loglevel", "WARNING"),
    "api": ("uvicorn", "benchmarks.baseline_pipeline:api", "--no-access-log", "--log-level", "warning", "--port"),
}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is sent."""

    classes: int
    submissions: int
    plain_classes: int
    """The plain pipeline gets the first so many classes: its rate does not depend on how long it runs."""
    quiet_seconds: float
    statements_a_request: int = 100


FULL = Size(classes=120, submissions=4, plain_classes=10, quiet_seconds=60)
QUICK = Size(classes=16, submissions=2, plain_classes=1, quiet_seconds=5)
QUIET_EVENTS_A_SECOND = 20.0


@dataclass(frozen=True, slots=True)
class Figures:
    """What one pipeline did."""

    events: int
    seconds: float
    cpu_seconds: dict[str, float]
    """Of worker, API and PostgreSQL; and of the sender, who needs the same two cores."""
    peak_bytes: dict[str, int]
    bytes_an_event: float
    students: dict[str, str]
    """Digest of what is published of each student's skills."""
    quiet: list[float]
    """Seconds from 200 to visible at twenty events a second, sorted."""

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.events / self.seconds


def measure_souschef(environment: BenchmarkEnvironment, batches: Sequence[Batch], quiet: Sequence[Batch]) -> Figures:
    """Return the figures of Souschef."""
    settings = environment.copy("run_souschef")
    with running(settings, processes=("worker", "api"), free_ports=True) as system:
        pids = {name: process.popen.pid for name in ("worker", "api") if (process := system.process(name)).popen}
        return _measure(environment, settings, system.api_url, pids, batches, quiet)


def measure_plain(environment: BenchmarkEnvironment, batches: Sequence[Batch], quiet: Sequence[Batch]) -> Figures:
    """Return the figures of the plain pipeline."""
    settings = environment.copy("run_plain")
    with _plain(settings) as (api_url, pids):
        return _measure(environment, settings, api_url, pids, batches, quiet)


def _measure(
    environment: BenchmarkEnvironment,
    settings: Settings,
    api_url: str,
    pids: dict[str, int],
    batches: Sequence[Batch],
    quiet: Sequence[Batch],
) -> Figures:
    url = settings.database_url_text()
    events = sum(batch.events for batch in batches)
    with settings_override(settings), Meter({**pids, "postgres": environment.postmaster}) as meter:
        _post_one_by_one(quiet[:20], api_url, environment)  # warm: catalogue loaded, plans made
        wait_until_applied(url, seconds=60)
        before, size, started = meter.cpu_seconds(), _bytes(url), time.monotonic()
        sending = time.process_time()
        send(batches, api_url=api_url, credentials=[environment.credential])
        sending = time.process_time() - sending
        wait_until_applied(url, seconds=3_600)
        seconds, after = time.monotonic() - started, meter.cpu_seconds()
        grown = _bytes(url) - size
        students = _published(url)
        sent = send(quiet[20:], api_url=api_url, credentials=[environment.credential], rate=QUIET_EVENTS_A_SECOND)
        wait_until_applied(url, seconds=600)
        return Figures(
            events=events,
            seconds=seconds,
            cpu_seconds={name: after[name] - before[name] for name in after} | {"sender": sending},
            peak_bytes=meter.peak_bytes,
            bytes_an_event=grown / events,
            students=students,
            quiet=latencies(url, sent),
        )


def _post_one_by_one(batches: Sequence[Batch], api_url: str, environment: BenchmarkEnvironment) -> None:
    send(batches, api_url=api_url, credentials=[environment.credential])


def _bytes(url: str) -> int:
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0]) if row else 0


def _published(url: str) -> dict[str, str]:
    """Return a digest of each student's published gaps, versions left out: they count the steps taken."""
    question = """
        SELECT person.ref,
               md5(string_agg(concat_ws(' ', skill_id, mastery, low, high, responses), ',' ORDER BY skill_id))
          FROM souschef.skill_gap JOIN souschef.person ON person.id = student_id GROUP BY person.ref
    """
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        return dict(connection.execute(question).fetchall())


@contextmanager
def _plain(settings: Settings) -> Iterator[tuple[str, dict[str, int]]]:
    """Run the plain pipeline's API and worker; yield the API's address and the processes."""
    port = _free_port()
    root = Path(__file__).parent.parent
    with settings_override(settings):
        environment = {**os.environ, "PYTHONPATH": str(root)}
        commands = {name: list(command) for name, command in PLAIN_PROCESSES.items()}
        commands["api"].append(str(port))
        processes = {
            name: subprocess.Popen(
                [str(Path(sys.executable).parent / program), *rest], cwd=root, env=environment, stdout=sys.stderr
            )
            for name, (program, *rest) in commands.items()
        }
        try:
            _await_health(f"http://127.0.0.1:{port}/health")
            yield f"http://127.0.0.1:{port}", {name: process.pid for name, process in processes.items()}
        finally:
            for process in processes.values():
                process.terminate()
            for process in processes.values():
                process.wait(timeout=60)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_health(url: str) -> None:
    for _ in range(300):
        try:
            httpx.get(url, timeout=2).raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"{url} does not answer")


def run(size: Size, console: Console) -> dict[str, object]:
    """Measure all three and return the figures."""
    batches = traffic(
        classes=size.classes, submissions=size.submissions, statements_a_request=size.statements_a_request
    )
    few = traffic(
        classes=size.plain_classes, submissions=size.submissions, statements_a_request=size.statements_a_request
    )
    later = traffic(
        classes=size.plain_classes, submissions=size.submissions + 1, statements_a_request=1, skip=size.submissions
    )
    quiet = [batch for batch in later if batch.events][: 20 + int(QUIET_EVENTS_A_SECOND * size.quiet_seconds)]
    with (
        tempfile.TemporaryDirectory(prefix="souschef-bench-", ignore_cleanup_errors=True) as folder,
        running_environment(Path(folder), classes=size.classes) as environment,
    ):
        with console.status(f"(a) Souschef: {sum(b.events for b in batches):,} events"):
            ours = measure_souschef(environment, batches, quiet)
        with console.status(f"(b) plain Celery: {sum(b.events for b in few):,} events"):
            plain = measure_plain(environment, few, quiet[: 20 + 20 * 5])
        with console.status("(c) storage alone"):
            storage = copy_baseline.measure(environment, events=ours.events + 20)
        with console.status("(d) storage with an event's steps"):
            stepped = copy_baseline.measure(environment, events=ours.events + 20, steps=True)
    same = [ours.students.get(student) == digest for student, digest in plain.students.items()]
    return _to_json(size, ours, plain, storage_rates=(storage, stepped), agree=sum(same), compared=len(same))


def _to_json(
    size: Size, ours: Figures, plain: Figures, *, storage_rates: tuple[float, float], agree: int, compared: int
) -> dict[str, object]:
    storage, stepped = storage_rates
    return {
        "students": size.classes * 28,
        "events": {"souschef": ours.events, "plain": plain.events},
        "events_per_second": {
            "souschef": round(ours.rate, 1),
            "plain": round(plain.rate, 1),
            "storage": round(storage, 1),
            "storage_with_steps": round(stepped, 1),
        },
        "a_over_b": round(ours.rate / plain.rate, 2),
        "a_over_c": round(ours.rate / storage, 3),
        "a_over_d": round(ours.rate / stepped, 3),
        "p50_ms": _percentile(ours.quiet, 0.50),
        "p95_ms": _percentile(ours.quiet, 0.95),
        "p99_ms": _percentile(ours.quiet, 0.99),
        "plain_p95_ms": _percentile(plain.quiet, 0.95),
        "cpu_us_per_event": {
            "souschef": {name: round(1e6 * used / ours.events) for name, used in ours.cpu_seconds.items()},
            "plain": {name: round(1e6 * used / plain.events) for name, used in plain.cpu_seconds.items()},
        },
        "bytes_per_event": {"souschef": round(ours.bytes_an_event), "plain": round(plain.bytes_an_event)},
        "peak_mb": {
            "souschef": {name: used // 2**20 for name, used in ours.peak_bytes.items()},
            "plain": {name: used // 2**20 for name, used in plain.peak_bytes.items()},
        },
        "students_with_the_same_gaps": {"agree": agree, "compared": compared},
        "cores": psutil.cpu_count(),
    }


def _percentile(values: Sequence[float], share: float) -> float | None:
    return round(1_000 * values[min(len(values) - 1, int(share * len(values)))], 1) if values else None


def show(figures: dict[str, object], console: Console, *, title: str = "From the API to visible assignments") -> None:
    """Print the figures as a table."""
    table = Table("", "", title=title)
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), orjson.dumps(value).decode() if isinstance(value, dict) else str(value))
    console.print(table)


def main(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Under a minute.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Measure Souschef, a plain Celery pipeline and the storage alone in one run."""
    figures = run(QUICK if quick else FULL, Console(stderr=True, quiet=as_json))
    if as_json:
        typer.echo(orjson.dumps(figures).decode())
    else:
        show(figures, Console())


if __name__ == "__main__":
    typer.run(main)
