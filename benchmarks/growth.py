"""What an event costs as a town grows, one axis at a time: students, facts a student, schools, worker processes.

The cost is CPU seconds an event over door, workers and PostgreSQL, relative to the first point of its axis in the same
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

from benchmarks import growth_filling
from benchmarks.pipeline_ground import Ground, Meter, in_force, load, prepared, send, settle, wait_until_applied
from benchmarks.pipeline_traffic import town, traffic
from config.settings import Settings
from models.sources import Credential
from workers.supervisor import running

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
    """Microseconds of CPU an event, over door, workers and PostgreSQL."""
    events_per_second: float
    parts_us: dict[str, int]
    """The same told apart by door, worker and PostgreSQL."""
    loop_us: float
    """Microseconds of CPU of the fixed loop, beside it: the machine's pace."""


SIZES = {
    "students": ((1_400, 10_000, 100_000), (1_000_000,)),
    "facts": ((10, 100, 1_000), ()),
    "schools": ((1, 10, 50), ()),
    "processes": ((1, 2), ()),
}
"""The sizes of each axis, and those that come with --full."""


def measure(ground: Ground, axis: str, size: int) -> Point:
    """Return the cost of the same requests at one size."""
    chosen, credentials = _scene(ground, axis, size)
    schools = len(credentials)
    url, classes = chosen.database_url_text(), CLASSES // schools
    warm = traffic(classes=classes, submissions=1, statements_a_request=STATEMENTS_A_REQUEST)
    batches = traffic(classes=classes, submissions=1 + ROUNDS, skip=1, statements_a_request=STATEMENTS_A_REQUEST)
    first, rest = (
        [batch for batch in some for _ in range(schools)]
        for some in (batches[: len(batches) // 5], batches[len(batches) // 5 :])
    )
    with running(chosen, processes=("worker", "door"), free_ports=True) as kitchen:
        send([batch for batch in warm for _ in range(schools)], door=kitchen.door_url, credentials=credentials)
        wait_until_applied(url, seconds=600)
    _fill(chosen, axis, size)
    with running(chosen, processes=("worker", "door"), free_ports=True) as kitchen:
        pids = {name: process.popen.pid for name in ("worker", "door") if (process := kitchen.process(name)).popen}
        with Meter({**pids, "postgres": ground.postmaster}) as meter:
            send(first, door=kitchen.door_url, credentials=credentials)
            wait_until_applied(url, seconds=600)
            meter.forget_loops()
            before, started = meter.cpu_seconds(), time.monotonic()
            with _held_back(kitchen.worker_pids):
                send(rest, door=kitchen.door_url, credentials=credentials)
            wait_until_applied(url, seconds=3_600)
            seconds, after = time.monotonic() - started, meter.cpu_seconds()
    events = sum(batch.events for batch in rest)
    parts = {name: 1e6 * (after[name] - before[name]) / events for name in after}
    told = {name: round(used) for name, used in parts.items()}
    return Point(axis, size, sum(parts.values()), events / seconds, told, meter.loop_us())


@contextmanager
def _held_back(pids: Sequence[int]) -> Iterator[None]:
    """Let workers stand still until everything is there: what is compared is the cost of a burst, in full batches."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _scene(ground: Ground, axis: str, size: int) -> tuple[Settings, list[Credential]]:
    """Return settings with a town's fresh database, and the credentials of its schools."""
    chosen = ground.copy("run_growth")
    if axis == "processes":
        return chosen.model_copy(update={"worker_concurrency": size}), [ground.credential]
    if axis != "schools" or size == 1:
        return chosen, [ground.credential]
    bundles = [town(CLASSES // size, school=f"school-{number}") for number in range(size)]
    return chosen, load(chosen, bundles)


def _fill(chosen: Settings, axis: str, size: int) -> None:
    url = chosen.database_url_text()
    with in_force(chosen):
        if axis == "students":
            growth_filling.students(url, size)
        elif axis == "facts":
            growth_filling.facts(url, size)
    settle(url)


def main(
    *,
    axis: Annotated[list[str] | None, typer.Option(help="Only this axis (repeatable).")] = None,
    full: Annotated[bool, typer.Option("--full", help="The largest sizes too.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="The two smallest sizes of each axis.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Write a picture of the costs to this PNG.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Measure what an event costs as a town grows."""
    console = Console(stderr=True, quiet=as_json)
    points: list[Point] = []
    with (
        tempfile.TemporaryDirectory(prefix="souschef-bench-", ignore_cleanup_errors=True) as folder,
        prepared(Path(folder), classes=CLASSES) as ground,
    ):
        for name in axis or SIZES:
            sizes, more = SIZES[name]
            for size in sizes[:2] if quick else sizes + (more if full else ()):
                with console.status(f"{name}: {size:,}"):
                    points.append(measure(ground, name, size))
                console.print(
                    f"{name} {size:,}: {points[-1].cpu_us:.0f} us an event, {points[-1].parts_us}, "
                    f"loop {points[-1].loop_us:.0f} us"
                )
    if plot is not None:
        _draw(points, plot)
    if as_json:
        typer.echo(orjson.dumps({"points": [_told(point, points) for point in points]}).decode())
    else:
        _show(points, Console())


def _first(point: Point, points: Sequence[Point]) -> Point:
    return next(each for each in points if each.axis == point.axis)


def _ratio(point: Point, points: Sequence[Point]) -> float:
    first = _first(point, points)
    return point.cpu_us / first.cpu_us / (point.loop_us / first.loop_us)


def _told(point: Point, points: Sequence[Point]) -> dict[str, object]:
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
        told = _told(point, points)
        table.add_row(*(f"{value:,}" if isinstance(value, int) else str(value) for value in told.values()))
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
