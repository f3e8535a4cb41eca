"""The demo: a recorded Moodle class goes through the real door, broker, workers and database."""

import datetime as dt
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from config.errors import Mendable
from config.settings import settings
from models import clock, database, facts, inbox, loading, reports, sources
from models.reports import ClassLine
from workers import reading, sending
from workers.sending import Request
from workers.class_table import class_table
from workers.supervisor import Kitchen, running

EXAMPLE = Path(__file__).parent.parent / "examples" / "riverside"
APPLY_SECONDS = 120.0


class DemoStuck(Mendable):
    """The events were accepted and are not applied within two minutes."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the demo did."""

    requests: int
    statements: int
    seconds: float


def run(*, stay: bool, as_json: bool, recording: Path | None = None) -> None:
    """Run the demo from beginning to end; tables go to standard output, progress to standard error.

    Raises:
        Mendable: something in the surroundings hinders it.
    """
    told = Console(stderr=True, quiet=as_json)
    started = time.monotonic()
    with running(fresh_database="souschef_demo", console=told) as kitchen:
        load(told)
        replayed = replay(kitchen, told, recording=recording or EXAMPLE / "moodle_class.jsonl.gz")
        wait_until_applied(told)
        seconds = time.monotonic() - started
        with database.transaction() as session:
            lines = reports.class_lines(session)
            summary = summarise(session, replayed, lines, seconds=seconds)
            ladder = reports.rung_share(session)
        if as_json:
            sys.stdout.write(json.dumps(summary) + "\n")
        else:
            show(Console(), lines, summary, ladder, kitchen)
        if stay:
            stay_up(told)


def load(told: Console) -> None:
    """Load the example school with the reader that `souschef load` uses, and make its two sources."""
    with told.status("Loading the example school"), database.transaction() as session:
        loading.load(session, None, reading.read(EXAMPLE))
        key = settings().secret_key_bytes()
        sources.add(session, "moodle", format="moodle", secret_key=key, surveys=["FB-LIKE"])
        sources.add(session, "forms", format="typeform", secret_key=key, surveys=["interests-24"])
        clock.set_to(session, recording_end())


def quiet() -> Console:
    """Return a console that says nothing."""
    return Console(quiet=True)


def recording_end() -> dt.datetime:
    """Return the moment of the recording's last statement: the demo's "now"."""
    last = max(moment for request in sending.read(EXAMPLE / "moodle_class.jsonl.gz") for moment in _moments(request))
    return dt.datetime.fromisoformat(last)


def _moments(request: Request) -> Iterator[str]:
    yield from (statement["timestamp"] for statement in orjson.loads(request.body))


def replay(kitchen: Kitchen, told: Console, *, recording: Path) -> Replayed:
    """Send the class's requests and the students' survey answers through the real doors."""
    classroom = sending.read(recording)
    surveys = sending.read(EXAMPLE / "surveys.jsonl")
    started = time.monotonic()
    with _progress(told) as bar:
        for name, requests in (("forms", surveys), ("moodle", classroom)):
            task = bar.add_task(f"Replaying {name}", total=len(requests))
            with database.transaction() as session:
                given = sources.credential(session, name, secret_key=settings().secret_key_bytes())
            sending.send(
                requests, door=kitchen.door_url, credential=given, progress=lambda _, __, task=task: bar.advance(task)
            )
    statements = sum(len(orjson.loads(request.body)) for request in classroom)
    return Replayed(len(classroom), statements, time.monotonic() - started)


def wait_until_applied(told: Console) -> None:
    """Wait until no event is pending and no student waits for a refresh.

    Raises:
        DemoStuck: it takes longer than two minutes.
    """
    deadline = time.monotonic() + APPLY_SECONDS
    with _progress(told) as bar:
        task = bar.add_task("Applying", total=None)
        most = 0
        while True:
            with database.transaction() as session:
                left = reports.waiting(session)
            most = max(most, left)
            bar.update(task, total=most or 1, completed=(most - left) if most else 1)
            if not left:
                return
            if time.monotonic() > deadline:
                raise DemoStuck(f"{left} events are still waiting.", f"See the logs in {settings().data_dir / 'logs'}.")
            time.sleep(0.1)


def summarise(session: Any, replayed: Replayed, lines: list[ClassLine], *, seconds: float) -> dict[str, Any]:  # noqa: ANN401 - a session
    """Return the demo's summary, every number read from the database."""
    doors = reports.door_counts(session)
    states = inbox.counts(session)
    ignored = {outcome: count for outcome, count in doors.items() if outcome not in {"accepted", "duplicate"}}
    return {
        "requests": replayed.requests,
        "statements": replayed.statements,
        "accepted": doors.get("accepted", 0),
        "duplicates": doors.get("duplicate", 0),
        "ignored": sum(ignored.values()) + states.get("dropped", 0),
        "ignored_by_reason": dict(sorted((ignored | reports.dropped_counts(session)).items())),
        "quarantined": states.get("quarantined", 0),
        "parked": states.get("parked", 0),
        "facts": dict(sorted(facts.counts(session).items())),
        "students": len(lines),
        "assignments": sum(line.assignment is not None for line in lines),
        "seconds": round(seconds, 1),
    }


def show(
    out: Console, lines: list[ClassLine], summary: dict[str, Any], ladder: dict[str, int], kitchen: Kitchen
) -> None:
    """Print the class as a table, what became of the events, and where to look."""
    out.print(class_table(lines, title="The class at the end of week ten"))
    share = ladder["laddered"] / ladder["slots"] if ladder["slots"] else 0.0
    answers = summary["facts"].get("item_result", 0)
    out.print(
        f"\n{summary['statements']} statements in {summary['requests']} requests: {summary['accepted']} accepted, "
        f"{summary['duplicates']} duplicates, {summary['ignored']} ignored, {summary['quarantined']} quarantined, "
        f"{summary['parked']} parked."
    )
    out.print(
        f"{answers} answers became beliefs about {summary['students']} students; {summary['assignments']} have an "
        f"assignment; {ladder['laddered']} of {ladder['slots']} ({share:.2f}) needed a wider rule. "
        f"It took {summary['seconds']} s."
    )
    out.print(f"\nFlower  {kitchen.flower_url}   (user {settings().flower_user}, password {kitchen.flower_password})")
    out.print(f"Doors   {kitchen.door_url}/docs\nHealth  {kitchen.door_url}/health")


def stay_up(told: Console) -> None:
    """Wait for Ctrl-C or a polite end."""
    told.print("\nEverything stays up until Ctrl-C.")
    with _interruptible():
        signal.pause()


@contextmanager
def _interruptible() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        pass


def _progress(told: Console) -> Progress:
    columns = (TextColumn("{task.description:<18}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=told)
