"""What an event costs as a district grows, one axis at a time: students, facts a student, schools, worker processes.

The cost is CPU seconds an event over API, workers and PostgreSQL, relative to the first point of its axis in the same
run. Within 20 % along an axis is the aim: what grows must not make the next event dearer. An hour of measuring sees a
shared machine grow faster and slower: beside the CPU time of an event stands that of a fixed loop which ran twice a
second meanwhile, and what is compared is the one over the other (`times_the_first`; `as_measured` is without it).

    python -m benchmarks.growth                 # up to 100,000 students, a quarter of an hour
    python -m benchmarks.growth --full          # up to 1,000,000 students
    python -m benchmarks.growth --axis facts --json
    python -m benchmarks.growth --quick
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.table import Table

from benchmarks import scale_data
from benchmarks.environment import (
    BenchmarkEnvironment,
    Meter,
    load,
    running_environment,
    send,
    vacuum_and_checkpoint,
    wait_until_applied,
)
from benchmarks.traffic import synthetic_district, traffic
from config.settings import Settings
from models.access.sources import Credential
from workers.local.supervisor import running, settings_override

CLASSES = 50
STATEMENTS_A_REQUEST = 100
ROUNDS = 5
"""Quizzes that each student hands in while it is measured; a fifth of it lets every worker meet every school."""


@dataclass(frozen=True, slots=True)
class Point:
    """One measured size."""

    axis: str
    size: int
    cpu_us: float
    """Microseconds of CPU an event, over API, workers and PostgreSQL."""
    events_per_second: float
    parts_us: dict[str, int]
    """The same by API, worker and PostgreSQL."""
    loop_us: float
    """Microseconds of CPU of the fixed loop, beside it: the machine's pace."""


SIZES = {
    "students": ((1_400, 10_000, 100_000), (1_000_000,)),
    "facts": ((10, 100, 1_000), ()),
    "schools": ((1, 10, 50), ()),
    "processes": ((1, 2), ()),
}
"""The sizes of each axis, and those that come with --full."""


def measure(environment: BenchmarkEnvironment, axis: str, size: int) -> Point:
    """Return the cost of the same requests at one size."""
    settings, credentials = _database_for(environment, axis, size)
    schools = len(credentials)
    url, classes = settings.database_url_text(), CLASSES // schools
    warm = traffic(classes=classes, submissions=1, statements_a_request=STATEMENTS_A_REQUEST)
    batches = traffic(classes=classes, submissions=1 + ROUNDS, skip=1, statements_a_request=STATEMENTS_A_REQUEST)
    first, rest = (
        [batch for batch in some for _ in range(schools)]
        for some in (batches[: len(batches) // 5], batches[len(batches) // 5 :])
    )
    with running(settings, processes=("worker", "api"), free_ports=True) as system:
        send([batch for batch in warm for _ in range(schools)], api_url=system.api_url, credentials=credentials)
        wait_until_applied(url, seconds=600)
    _fill(settings, axis, size)
    with running(settings, processes=("worker", "api"), free_ports=True) as system:
        pids = {name: process.popen.pid for name in ("worker", "api") if (process := system.process(name)).popen}
        with Meter({**pids, "postgres": environment.postmaster}) as meter:
            send(first, api_url=system.api_url, credentials=credentials)
            wait_until_applied(url, seconds=600)
            meter.forget_loops()
            before, started = meter.cpu_seconds(), time.monotonic()
            with _paused(system.worker_pids):
                send(rest, api_url=system.api_url, credentials=credentials)
            wait_until_applied(url, seconds=3_600)
            seconds, after = time.monotonic() - started, meter.cpu_seconds()
    events = sum(batch.events for batch in rest)
    parts = {name: 1e6 * (after[name] - before[name]) / events for name in after}
    parts_us = {name: round(used) for name, used in parts.items()}
    return Point(axis, size, sum(parts.values()), events / seconds, parts_us, meter.loop_us())


@contextmanager
def _paused(pids: Sequence[int]) -> Iterator[None]:
    """Stop the workers until everything is there: what is compared is the cost of a burst, in full batches."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _database_for(environment: BenchmarkEnvironment, axis: str, size: int) -> tuple[Settings, list[Credential]]:
    """Return settings with a district's fresh database, and the credentials of its schools."""
    settings = environment.copy("run_growth")
    if axis == "processes":
        return settings.model_copy(update={"worker_concurrency": size}), [environment.credential]
    if axis != "schools" or size == 1:
        return settings, [environment.credential]
    bundles = [synthetic_district(CLASSES // size, school=f"school-{number}") for number in range(size)]
    return settings, load(settings, bundles)


def _fill(settings: Settings, axis: str, size: int) -> None:
    url = settings.database_url_text()
    with settings_override(settings):
        if axis == "students":
            scale_data.students(url, size)
        elif axis == "facts":
            scale_data.facts(url, size)
    vacuum_and_checkpoint(url)


def main(
    *,
    axis: Annotated[list[str] | None, typer.Option(help="Only this axis (repeatable).")] = None,
    full: Annotated[bool, typer.Option("--full", help="The largest sizes too.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="The two smallest sizes of each axis.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Write a picture of the costs to this PNG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Measure what an event costs as a district grows."""
    console = Console(stderr=True, quiet=as_json)
    points: list[Point] = []
    with (
        tempfile.TemporaryDirectory(prefix="souschef-bench-", ignore_cleanup_errors=True) as folder,
        running_environment(Path(folder), classes=CLASSES) as environment,
    ):
        for name in axis or SIZES:
            sizes, more = SIZES[name]
            for size in sizes[:2] if quick else sizes + (more if full else ()):
                with console.status(f"{name}: {size:,}"):
                    points.append(measure(environment, name, size))
                console.print(
                    f"{name} {size:,}: {points[-1].cpu_us:.0f} us an event, {points[-1].parts_us}, "
                    f"loop {points[-1].loop_us:.0f} us"
                )
    if plot is not None:
        _draw(points, plot)
    if as_json:
        typer.echo(orjson.dumps({"points": [_to_json(point, points) for point in points]}).decode())
    else:
        _show(points, Console())


def _first(point: Point, points: Sequence[Point]) -> Point:
    return next(each for each in points if each.axis == point.axis)


def _ratio(point: Point, points: Sequence[Point]) -> float:
    first = _first(point, points)
    return point.cpu_us / first.cpu_us / (point.loop_us / first.loop_us)


def _to_json(point: Point, points: Sequence[Point]) -> dict[str, object]:
    return {
        "axis": point.axis,
        "size": point.size,
        "cpu_us_per_event": round(point.cpu_us, 1),
        "times_the_first": round(_ratio(point, points), 3),
        "as_measured": round(point.cpu_us / _first(point, points).cpu_us, 3),
        "loop_us": round(point.loop_us),
        "events_per_second": round(point.events_per_second, 1),
        "parts_us": point.parts_us,
    }


def _show(points: Sequence[Point], console: Console) -> None:
    table = Table(
        "axis", "size", "CPU us an event", "times the first", "as measured", "loop us", "events a second", "of which"
    )
    for point in points:
        row = _to_json(point, points)
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in row.values()))
    console.print(table)


def _draw(points: Sequence[Point], path: Path) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    names = list(dict.fromkeys(point.axis for point in points))
    figure, panels = plt.subplots(1, len(names), figsize=(4 * len(names), 3.2), sharey=True, squeeze=False)
    for name, panel in zip(names, panels[0], strict=True):
        mine = [point for point in points if point.axis == name]
        panel.plot([point.size for point in mine], [_ratio(point, points) for point in mine], marker="o")
        panel.axhspan(0.8, 1.2, alpha=0.15)
        panel.set_xscale("log")
        panel.set_ylim(0, 2)
        panel.set_xlabel(name)
    panels[0][0].set_ylabel("CPU an event, times the first")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    typer.run(main)
