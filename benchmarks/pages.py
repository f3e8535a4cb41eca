"""How fast the pages of students and teachers are, beside static pages of the same size in the same run.

    python -m benchmarks.pages            # 36 classes of the recorded class, about 4 minutes
    python -m benchmarks.pages --quick    # 4 classes, about a minute
    python -m benchmarks.pages --json

Every student has the answers of ten weeks and a list, each class its teacher. Views come at an even rate over all
sessions, one in ten of them a teacher's page of the class; a view lasts from when it was due. Then many students answer
within a second, and each looks at the page until it shows the next task; it may be of the list from before, so when a
worker has applied the answers is a figure of its own. API, worker, broker and database are real processes of one
machine, and so is the client.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import httpx
import psutil
import typer
from rich.console import Console
from rich.table import Table as Grid

from benchmarks.environment import (
    BenchmarkEnvironment,
    Meter,
    running_environment,
    vacuum_and_checkpoint,
    wait_until_applied,
)
from benchmarks.page_client import (
    REFUSED,
    Due,
    Reader,
    Started,
    View,
    answer_within,
    decided_seconds,
    open_sessions,
    share,
    start_tasks,
    view_at,
)
from benchmarks.refresh import command, fill
from config.settings import Settings
from models.tables.pages import PageRole
from workers.local.embedded.process import server_port
from workers.local.supervisor import running, settings_override

ROOT = Path(__file__).resolve().parents[1]
TEACHERS_SHARE = 0.1
SHARES = {"p50_ms": 0.50, "p95_ms": 0.95, "longest_ms": 1.0}
SOON_SECONDS = 1.0


async def static_page(scope: dict[str, Any], _: object, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """Answer a page of so many bytes as `/SIZE` says: what the same server costs with nothing to do."""
    if scope["type"] != "http":
        return
    body = b"x" * int(scope["path"].strip("/") or 0)
    headers = [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def serving_static(port: int) -> Iterator[str]:
    """Run the static pages in a uvicorn of their own."""
    command_ = [sys.executable, "-m", "uvicorn", "benchmarks.pages:static_page", "--port", str(port),
                "--no-access-log", "--log-level", "warning", "--lifespan", "off"]  # fmt: skip
    process = subprocess.Popen(command_, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                httpx.get(f"{url}/1", trust_env=False).raise_for_status()
            except httpx.TransportError:
                time.sleep(0.1)
            else:
                break
        yield url
    finally:
        process.terminate()
        process.wait(timeout=20)


def wanted(students: Sequence[Reader], teachers: Sequence[Reader], *, count: int, dice: random.Random) -> list[Due]:
    """Draw page views: of a student, or now and then of a teacher's class."""
    found = []
    for _ in range(count):
        if dice.random() < TEACHERS_SHARE:
            reader = dice.choice(teachers)
            found.append(Due("class", f"{reader.path}class", reader))
        else:
            reader = dice.choice(students)
            found.append(Due("student", reader.path, reader))
    return found


def figures(views: Sequence[View], kind: str) -> dict[str, float]:
    """Return how long the views of a kind took."""
    found = [view for view in views if view.kind == kind]
    if not found:
        raise RuntimeError(f"no view of a {kind}'s page was answered: is the machine busy?")
    took = [view.seconds for view in found]
    sizes = sorted(view.size for view in found)
    return {
        "views": len(found),
        "bytes": sizes[len(sizes) // 2],
        **{name: share(took, p) for name, p in SHARES.items()},
    }


def measure_views(
    api_url: str,
    static_url: str,
    students: Sequence[Reader],
    teachers: Sequence[Reader],
    *,
    rate: float,
    seconds: float,
) -> dict[str, Any]:
    """Return the figures of views at a rate; half of the static ones come before, half after."""
    dice = random.Random(1)
    plan = wanted(students, teachers, count=int(rate * seconds), dice=dice)
    asyncio.run(view_at(api_url, plan[: int(rate)], per_second=rate))  # compiles templates, opens connections
    sample = asyncio.run(view_at(api_url, wanted(students, teachers, count=60, dice=dice), per_second=rate))
    sizes = {kind: int(figures(sample, kind)["bytes"]) for kind in ("student", "class")}
    plain = [Due(each.kind, f"/{sizes[each.kind]}") for each in plan]
    half = len(plain) // 2
    static = asyncio.run(view_at(static_url, plain[:half], per_second=rate))
    views = asyncio.run(view_at(api_url, plan, per_second=rate))
    static += asyncio.run(view_at(static_url, plain[half:], per_second=rate))
    refused = sum(view.kind == REFUSED for view in views)
    found: dict[str, Any] = {"asked": int(rate) + len(sample) + len(views), "refused": refused}
    for kind in sizes:
        found[kind], found[f"static_{kind}"] = figures(views, kind), figures(static, kind)
        found[f"{kind}_times_static_p95"] = round(found[kind]["p95_ms"] / found[f"static_{kind}"]["p95_ms"], 1)
    return found


def measure_answers(api_url: str, url: str, started: Sequence[Started]) -> dict[str, Any]:
    """Return how long students who all answer within a second wait for their next task, and for the new decision.

    The next task may be of the list from before: so the decision, which a slow worker delays, is a figure of its own.
    """
    found = asyncio.run(answer_within(api_url, started, seconds=1.0))
    wait_until_applied(url, seconds=600)
    waited, decided = [each.next_seconds for each in found], decided_seconds(found)
    return {
        "answers": len(found),
        "checked": {name: share([each.checked_seconds for each in found], part) for name, part in SHARES.items()},
        "next_task": {name: share(waited, part) for name, part in SHARES.items()},
        "within_a_second": sum(each <= SOON_SECONDS for each in waited),
        "next_is_of_new_decision": sum(each.is_renewed for each in found),
        "decided": {name: share(decided, part) for name, part in SHARES.items()},
    }


def measure(
    environment: BenchmarkEnvironment, console: Console, *, rate: float, seconds: float, answers: int
) -> dict[str, Any]:
    """Return all figures of one run."""
    with console.status("Ten weeks of answers, and a list for everybody"):
        fill(environment)
        settings: Settings = environment.copy("pages")
        with settings_override(settings):
            command()
        vacuum_and_checkpoint(settings.database_url_text())
    with running(settings, processes=("worker", "api"), free_ports=True) as system:
        students = open_sessions(PageRole.STUDENT, 1_000)
        teachers = open_sessions(PageRole.TEACHER, 1_000)
        pids = {name: process.popen.pid for name in ("worker", "api") if (process := system.process(name)).popen}
        with Meter({**pids, "postgres": environment.postmaster}) as meter, serving_static(server_port(0)) as static_url:
            before = meter.cpu_seconds()
            with console.status(f"{rate:g} views a second for {seconds:g} s"):
                views = measure_views(system.api_url, static_url, students, teachers, rate=rate, seconds=seconds)
            after = meter.cpu_seconds()
            with console.status(f"{answers} answers within a second"):
                started = asyncio.run(start_tasks(system.api_url, students, most=answers))
                between = meter.cpu_seconds()
                answered = measure_answers(system.api_url, settings.database_url_text(), started)
                last = meter.cpu_seconds()
        return {
            "sessions": len(students) + len(teachers),
            "views_a_second": rate,
            **views,
            "cpu_ms_a_view": _each(before, after, views["asked"]),
            "cpu_ms_an_answer": _each(between, last, answered["answers"]),
            "answered": answered,
            "cores": psutil.cpu_count(),
            "load": [round(each, 1) for each in psutil.getloadavg()],
        }


def _each(before: dict[str, float], after: dict[str, float], count: int) -> dict[str, float]:
    """Return the milliseconds of processors that each of so many cost, by part."""
    return {name: round(1_000 * (after[name] - before[name]) / count, 1) for name in after}


def show(found: dict[str, Any], console: Console) -> None:
    """Print the figures as a table."""
    grid = Grid("page", "views", "bytes", "p50 ms", "p95 ms", "longest ms", "p95, times static")
    for kind in ("student", "static_student", "class", "static_class"):
        row = found[kind]
        times = found.get(f"{kind}_times_static_p95", "")
        cells = [f"{row[name]:,}" for name in ("views", "bytes", "p50_ms", "p95_ms", "longest_ms")]
        grid.add_row(kind.replace("_", ", as long as a "), *cells, str(times))
    console.print(grid)
    answered = found["answered"]
    steps = {
        "checked": "the answer is checked",
        "next_task": "the next task is there",
        "decided": "a worker has applied the answer, and decided",
    }
    for name, what in steps.items():
        took = answered[name]
        console.print(f"{what}: p50 {took['p50_ms']} ms, p95 {took['p95_ms']} ms, longest {took['longest_ms']} ms")
    console.print(f"{answered['within_a_second']} of {answered['answers']} see the next task within a second.")
    console.print(f"{answered['next_is_of_new_decision']} see one that was decided after their answer.")
    console.print(f"{found['refused']} views were refused, as the server was too busy.")
    console.print(f"{found['sessions']:,} sessions, {found['cores']} cores, load {found['load'][0]}")
    for name, what in (
        ("cpu_ms_a_view", "a view"),
        ("cpu_ms_an_answer", "an answer until it is applied and the next task is seen"),
    ):
        parts = ", ".join(f"{part} {took}" for part, took in found[name].items())
        console.print(f"ms of processors for {what}: {parts}")


def main(
    *,
    classes: Annotated[int, typer.Option(min=1, help="Of 28 students each.")] = 36,
    rate: Annotated[float, typer.Option(min=1, help="Page views a second.")] = 50.0,
    seconds: Annotated[float, typer.Option(min=1, help="How long.")] = 30.0,
    answers: Annotated[int, typer.Option(min=1, help="How many answer within one second.")] = 200,
    quick: Annotated[bool, typer.Option("--quick", help="4 classes, 10 seconds, 50 answers.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Measure the pages of students and teachers.

    Example: python -m benchmarks.pages --classes 8 --rate 20 --json
    """
    console = Console(stderr=True, quiet=as_json)
    if quick:
        classes, seconds, answers = 4, 10.0, 50
    with (
        tempfile.TemporaryDirectory(prefix="souschef-bench-", ignore_cleanup_errors=True) as folder,
        running_environment(Path(folder), classes=classes) as environment,
    ):
        found = measure(environment, console, rate=rate, seconds=seconds, answers=answers)
    if as_json:
        typer.echo(json.dumps(found))
    else:
        show(found, Console())


if __name__ == "__main__":
    typer.run(main)
