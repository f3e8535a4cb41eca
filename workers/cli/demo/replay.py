"""Replay a recorded Moodle class through the real API, broker, workers and database."""

import datetime as dt
import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from config.errors import OperatorError
from config.settings import settings
from models import clock, engine
from models.access import page_links, schools, sources
from models.events import facts
from models.imports import load as imports
from models.reports import classes, status
from models.reports.classes import ClassLine
from models.tables.pages import PageRole
from tasks.broker import enqueue
from workers.cli import import_files, replay_client
from workers.cli.replay_client import Request
from workers.cli.views import tables
from workers.local.shutdown import Terminated
from workers.local.supervisor import RunningSystem, running

EXAMPLE = Path(__file__).parents[3] / "examples" / "riverside"
APPLY_SECONDS = 120.0
DATABASE = "souschef_demo"
"""Created again by each demo, beside the school's own database."""
IGNORED = {
    "ignored": "logins, views and the like",
    "abandoned": "from abandoned attempts",
    "no_answer": "without an answer",
    "not_collected": "of a survey that the source may not send",
}
"""Descriptions of ignored statements, by their code."""


class DemoStuckError(OperatorError):
    """The accepted events were not applied within two minutes."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """The counts and the duration of a replay."""

    requests: int
    statements: int
    survey_responses: int
    seconds: float


def run(*, stay: bool, as_json: bool, recording: Path | None = None) -> None:
    """Run the whole demo; tables go to standard output, progress to standard error.

    Raises:
        OperatorError: the system did not start, or the replay failed.
    """
    console = Console(stderr=True, quiet=as_json, highlight=False)
    started = time.monotonic()
    embedded_database = settings().database_url is None
    with _say_when_stopped(console), running(fresh_database=DATABASE, console=console) as system:
        load(console)
        replayed = replay(system, console, recording=recording or EXAMPLE / "moodle_class.jsonl.gz")
        seconds = time.monotonic() - started
        with engine.transaction() as session:
            lines = list(classes.class_lines(session, schools.resolve(session, None).id).values())
            summary = summarise(session, replayed, lines, seconds=seconds)
        if as_json:
            sys.stdout.write(json.dumps(summary) + "\n")
        else:
            show(tables.console(), lines, summary, system)
        if stay:
            show_pages(tables.console(), page_addresses(lines, system.api_url), flower=system.flower_url)
            wait_for_interrupt(console, suggested_commands(lines, embedded_database=embedded_database))


@contextmanager
def _say_when_stopped(console: Console) -> Iterator[None]:
    """Print a line when everything has ended, also after Ctrl-C."""
    try:
        yield
    except KeyboardInterrupt:
        console.print("Everything is stopped.")
        raise
    console.print("Everything is stopped.")


def load(console: Console) -> None:
    """Load the example school as `souschef load` does, and create its two sources."""
    with console.status("Loading the example school"), engine.transaction() as session:
        imports.load(session, None, import_files.read(EXAMPLE))
        key = settings().secret_key_bytes()
        sources.add(session, "moodle", format="moodle", secret_key=key, surveys=["FB-LIKE"])
        sources.add(session, "forms", format="typeform", secret_key=key, surveys=["interests-24"])


def quiet_console() -> Console:
    """Return a console that prints nothing."""
    return Console(quiet=True)


def replay(system: RunningSystem, console: Console, *, recording: Path) -> Replayed:
    """Send the class's requests and the students' survey answers to the API, in the order of the semester.

    The database's clock is set to the time of each batch, and stays at the end of the recording. Each batch is applied
    before the next one is sent, as it was in those weeks.
    """
    classroom = replay_client.read(recording)
    surveys = replay_client.read(EXAMPLE / "surveys.jsonl")
    started = time.monotonic()
    with _progress(console) as bar:
        task = bar.add_task("Replaying ten weeks", total=len(classroom) + len(surveys))
        for batch in batches_in_order(classroom, surveys):
            _set_clock(batch.moment)
            with engine.transaction() as session:
                credential = sources.credential(session, batch.source, secret_key=settings().secret_key_bytes())
            replay_client.send(batch.requests, api_url=system.api_url, credential=credential)
            wait_until_applied()
            bar.advance(task, len(batch.requests))
            if batch.ends_week:
                run_nightly()
    statements = sum(len(orjson.loads(request.body)) for request in classroom)
    return Replayed(len(classroom), statements, len(surveys), time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests of one source that are sent at one time of the semester."""

    moment: dt.datetime
    source: str
    requests: tuple[Request, ...]
    ends_week: bool = False
    """True if it contains answers and the next batch is in another week: the nightly task runs after it."""


def batches_in_order(classroom: list[Request], surveys: list[Request]) -> list[Batch]:
    """Return the requests ordered by their newest event; survey answers of one day are one batch."""
    batches: list[Batch] = []
    latest = dt.datetime.min.replace(tzinfo=dt.UTC)
    for request in classroom:
        # A request without events, or with repeated ones, keeps its place in the recording.
        timestamps = (statement["timestamp"] for statement in orjson.loads(request.body))
        latest = max([latest, *map(dt.datetime.fromisoformat, timestamps)])
        batches.append(Batch(latest, "moodle", (request,)))
    days: dict[dt.date, list[tuple[dt.datetime, Request]]] = {}
    for request in surveys:
        moment = dt.datetime.fromisoformat(orjson.loads(request.body)["form_response"]["submitted_at"])
        days.setdefault(moment.date(), []).append((moment, request))
    batches += [
        Batch(max(moment for moment, _ in day), "forms", tuple(request for _, request in day)) for day in days.values()
    ]
    ordered = sorted(batches, key=lambda batch: batch.moment)
    weeks = [batch.moment.isocalendar().week for batch in ordered]
    return [
        replace(batch, ends_week=batch.source == "moodle" and week != following)
        for batch, week, following in zip(ordered, weeks, [*weeks[1:], 0], strict=True)
    ]


def _set_clock(moment: dt.datetime) -> None:
    with engine.transaction() as session:
        clock.set_to(session, moment)


def run_nightly() -> None:
    """Run the nightly task, which estimates the difficulty of items and skills, if there are answers yet.

    Raises:
        DemoStuckError: the task does not end within two minutes.
    """
    with engine.transaction() as session:
        before = status.snapshots(session)
        if not facts.counts(session).get("item_result"):
            return
    enqueue("nightly")
    deadline = time.monotonic() + APPLY_SECONDS
    while time.monotonic() < deadline:
        with engine.transaction() as session:
            if status.snapshots(session) > before:
                break
        time.sleep(0.05)
    else:
        raise DemoStuckError("The nightly task has not ended.", f"See the logs in {settings().data_dir / 'logs'}.")
    wait_until_applied()


def wait_until_applied() -> None:
    """Wait until no event is pending and no student is due for a refresh.

    Raises:
        DemoStuckError: it takes longer than two minutes.
    """
    deadline = time.monotonic() + APPLY_SECONDS
    while True:
        with engine.transaction() as session:
            pending = status.waiting(session)
        if not pending:
            return
        if time.monotonic() > deadline:
            raise DemoStuckError(
                f"{pending} events are still pending.", f"See the logs in {settings().data_dir / 'logs'}."
            )
        time.sleep(0.02)


def summarise(session: Any, replayed: Replayed, lines: list[ClassLine], *, seconds: float) -> dict[str, Any]:  # noqa: ANN401 - a session
    """Return the demo's summary, with every number read from the database."""
    outcomes = status.outcome_counts(session, source="moodle")
    counts = {outcome: sum(reasons.values()) for outcome, reasons in outcomes.items()}
    return {
        "requests": replayed.requests,
        "statements": replayed.statements,
        "accepted": counts.get("accepted", 0),
        "duplicates": counts.get("duplicate", 0),
        "ignored": counts.get("ignored", 0),
        "ignored_by_reason": outcomes.get("ignored", {}),
        "quarantined": counts.get("quarantined", 0),
        "parked": counts.get("parked", 0),
        "survey_responses": replayed.survey_responses,
        "facts": dict(sorted(facts.counts(session).items())),
        "students": len(lines),
        "assignments": sum(line.assignment is not None for line in lines),
        **status.fallback_share(session),
        "seconds": round(seconds, 1),
    }


def show(out: Console, lines: list[ClassLine], summary: dict[str, Any], system: RunningSystem) -> None:
    """Print the class as a table, the outcomes of the events, and the addresses of the API and Flower."""
    tables.show_class(out, lines, title="The class at the end of week ten")
    out.print(
        f"\n{summary['statements']:,} statements in {summary['requests']} requests: {summary['accepted']:,} accepted, "
        f"{summary['duplicates']} duplicates, {summary['ignored']:,} ignored, {summary['quarantined']} quarantined, "
        f"{summary['parked']} parked; and {summary['survey_responses']} survey responses."
    )
    reasons = summary["ignored_by_reason"].items()
    out.print("Ignored: " + ", ".join(f"{count:,} {IGNORED.get(why, why)}" for why, count in reasons) + ".")
    answers = summary["facts"].get("item_result", 0)
    out.print(
        f"{answers:,} answers of {summary['students']} students; {summary['assignments']} of them have "
        f"an assignment. {summary['laddered']} of {summary['slots']} open assignments needed a fallback rule. "
        f"It took {summary['seconds']} s."
    )
    out.print(f"\nAPI     {system.api_url}/docs\nHealth  {system.api_url}/health")
    out.print(f"Flower  {system.flower_url}   (user {system.flower_user}, password {system.flower_password})")


def page_addresses(lines: list[ClassLine], api_url: str) -> dict[str, str]:
    """Return links to the pages of a teacher and of the first student in the table who has an assignment."""
    student = next((line.student for line in lines if line.assignment is not None), None)
    key = settings().secret_key_bytes()
    with engine.transaction() as session:
        school = schools.resolve(session, None).id
        people = [(PageRole.STUDENT, student)] if student else []
        people += [(PageRole.TEACHER, ref) for ref in page_links.teachers(session, school)[:1]]
        return {
            role.value: f"{api_url}/link/"
            + page_links.make(session, school, ref, role=role, hours=8, author="demo", secret_key=key)[1]
            for role, ref in people
        }


def show_pages(out: Console, addresses: dict[str, str], *, flower: str) -> None:
    """Print three links to open: a student's page, a teacher's, and Flower."""
    out.print("\nTo see it in a browser:")
    for name, address in {**addresses, "flower": flower}.items():
        out.print(f"{name.capitalize():<8}{address}", soft_wrap=True)


def suggested_commands(lines: list[ClassLine], *, embedded_database: bool) -> list[str]:
    """Return three commands for a second terminal, about the first student of the table who has an assignment."""
    example = next((line for line in lines if line.assignment is not None), None)
    if example is None:
        return []
    address = f"Set SOUSCHEF_DATABASE_URL to the database {DATABASE} of the same server, then:"
    return [
        *([] if embedded_database else [address]),
        "bin/souschef status",
        f"bin/souschef student {example.student}",
        f"bin/souschef explain {example.assignment}",
    ]


def wait_for_interrupt(console: Console, commands: list[str]) -> None:
    """Print commands to try, and wait for Ctrl-C or SIGTERM."""
    if commands:
        console.print("\nTo try in a second terminal:")
    for command in commands:
        console.print(f"  {command}", soft_wrap=True, highlight=False)
    console.print("\nEverything stays up until Ctrl-C.")
    with suppress(Terminated):
        while True:
            signal.pause()


def _progress(console: Console) -> Progress:
    columns = (TextColumn("{task.description:<18}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)
