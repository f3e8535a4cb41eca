"""What an event costs in CPU, part by part, and digests of what came of it: for turns of two versions.

The API takes all requests over one connection while nobody drains; then one process drains them in batches as large as
a claim allows. So the batches are the same in each run, and CPU time depends little on what else the machine does.

    python -m benchmarks.event_cost             # eight classes, half a minute
    python -m benchmarks.event_cost --json
    python -m benchmarks.event_cost --statements    # what each statement of the worker costs the server
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated

import orjson
import psycopg
import typer
from rich.console import Console

from benchmarks import environment as bench
from benchmarks.environment import BenchmarkEnvironment, Meter, plain_url
from benchmarks.pipeline import show
from benchmarks.statement_cost import server_cpu
from benchmarks.traffic import Batch, traffic
from config import logging as our_logging
from lms.facts import EventKind
from tasks.pipeline.drain import drain
from workers import gc_tuning
from workers.local.supervisor import running, settings_override

SUBMISSIONS = 4
STATEMENTS_A_REQUEST = 100
STATEMENTS_SHOWN = 12
PUBLISHED = {
    "gaps": """student_id, skill_id, mastery, low, high, target, gap, retention, level, standing, responses, version
               FROM souschef.skill_gap""",
    "assignments": """student_id, class_id, slot, menu_position, material_id, skill_id, state, because_gap,
                      because_interest, predicted_success, reason, version FROM souschef.assignment""",
    "states": "student_id, state, facts, last_at, version, carry, nothing FROM souschef.learner_state",
}
"""What two versions must agree on, column by column; ids and times of the run are left out."""

DIGEST = "SELECT left(md5(string_agg(t::text, ',' ORDER BY t::text)), 12) FROM (SELECT {what}) AS t"


def measure(
    environment: BenchmarkEnvironment, warm: Sequence[Batch], batches: Sequence[Batch], *, statements: bool = False
) -> dict[str, object]:
    """Return microseconds of CPU an event by part, and the digests of what was published.

    With `statements` also those of the worker's statements that cost the server most, for which the worker has to ask.
    """
    settings = environment.copy("run_event_cost")
    url, events = settings.database_url_text(), sum(batch.events for batch in batches)
    with (
        running(settings, processes=("api",), free_ports=True) as system,
        settings_override(settings),
        # A process of its own, as the worker is: started after the settings are in force, which it reads.
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as worker,
    ):
        api = system.process("api").popen
        assert api is not None, "the API runs"  # noqa: S101 - for the type
        with Meter({"api": api.pid, "postgres": environment.postmaster}) as meter:
            _send(environment, system.api_url, warm)
            worker.submit(drain_all).result()
            before = meter.cpu_seconds()
            _send(environment, system.api_url, batches)
            sent = meter.cpu_seconds()
            if statements:
                drained, spent = worker.submit(drain_by_statement).result()
            else:
                drained, spent = worker.submit(drain_all).result(), Counter()
            after = meter.cpu_seconds()
    parts = {
        "api": sent["api"] - before["api"],
        "worker": drained,
        "postgres for the API": sent["postgres"] - before["postgres"],
        "postgres for the worker": after["postgres"] - sent["postgres"],
    }
    return {
        "events": events,
        "cpu us an event": round(1e6 * sum(parts.values()) / events),
        "of it": {name: round(1e6 * seconds / events) for name, seconds in parts.items()},
        "loop us": round(meter.loop_us()),
        "statements": _largest(spent, events),
        "digests": _digests(url),
    }


def drain_all() -> float:
    """Apply everything that waits; return the CPU seconds of this process."""
    our_logging.configure()
    gc_tuning.tune_gc()
    began = time.process_time()
    for kind in EventKind:
        while drain(kind, [])[1]:
            pass
    return time.process_time() - began


def drain_by_statement() -> tuple[float, Counter[str]]:
    """Do the same; return the server's nanoseconds by statement too."""
    with server_cpu() as spent:
        return drain_all(), spent


def _largest(spent: Counter[str], events: int) -> dict[str, float]:
    return {statement: round(each / 1e3 / events, 1) for statement, each in spent.most_common(STATEMENTS_SHOWN)}


def _send(environment: BenchmarkEnvironment, api_url: str, batches: Sequence[Batch]) -> None:
    bench.send(batches, api_url=api_url, credentials=[environment.credential], senders=1)


def _digests(url: str) -> dict[str, str]:
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        rows = {name: connection.execute(DIGEST.format(what=what)).fetchall() for name, what in PUBLISHED.items()}
    return {name: found for name, ((found,),) in rows.items()}


def main(
    *,
    classes: Annotated[int, typer.Option(help="How many classes of 28 hand in four quizzes.")] = 8,
    statements: Annotated[bool, typer.Option("--statements", help="Also the server's CPU by statement.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Measure what an event costs the API, a worker and PostgreSQL."""
    batches = traffic(classes=classes, submissions=SUBMISSIONS, statements_a_request=STATEMENTS_A_REQUEST)
    warm = traffic(classes=2, submissions=SUBMISSIONS + 1, statements_a_request=50, skip=SUBMISSIONS, seed=1)
    with (
        tempfile.TemporaryDirectory(prefix="souschef-") as folder,
        bench.running_environment(Path(folder), classes=classes) as environment,
    ):
        figures = measure(environment, warm, batches, statements=statements)
    if as_json:
        typer.echo(orjson.dumps(figures).decode())
    else:
        show(figures, Console(), title="CPU of an event")


if __name__ == "__main__":
    typer.run(main)
