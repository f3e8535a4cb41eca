"""The demo: a recorded Moodle class goes through the real door, broker, workers and database."""

import datetime as dt
import json
import signal
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from config.celery import wake
from config.errors import Mendable
from config.settings import settings
from models import clock, database, facts, loading, reports, sources
from models.reports import ClassLine
from workers import reading, sending
from workers.class_table import console, show_class
from workers.sending import Request
from workers.supervisor import Kitchen, running

EXAMPLE = Path(__file__).parent.parent / "examples" / "riverside"
APPLY_SECONDS = 120.0
IGNORED = {
    "ignored": "logins, views and the like",
    "abandoned": "from attempts that were abandoned",
    "no_answer": "without an answer",
    "not_collected": "of a survey that nobody allowed to be read",
}
"""Why statements hold nothing to keep, in words."""


class DemoStuck(Mendable):
    """The events were accepted and are not applied within two minutes."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the demo did."""

    requests: int
    statements: int
    survey_responses: int
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
        seconds = time.monotonic() - started
        with database.transaction() as session:
            lines = reports.class_lines(session)
            summary = summarise(session, replayed, lines, seconds=seconds)
        if as_json:
            sys.stdout.write(json.dumps(summary) + "\n")
        else:
            show(console(), lines, summary, kitchen)
        if stay:
            stay_up(told)


def load(told: Console) -> None:
    """Load the example school with the reader that `souschef load` uses, and make its two sources."""
    with told.status("Loading the example school"), database.transaction() as session:
        loading.load(session, None, reading.read(EXAMPLE))
        key = settings().secret_key_bytes()
        sources.add(session, "moodle", format="moodle", secret_key=key, surveys=["FB-LIKE"])
        sources.add(session, "forms", format="typeform", secret_key=key, surveys=["interests-24"])


def quiet() -> Console:
    """Return a console that says nothing."""
    return Console(quiet=True)


def replay(kitchen: Kitchen, told: Console, *, recording: Path) -> Replayed:
    """Send the class's requests and the students' survey answers through the real doors, in the order of the term.

    The clock goes along: it says the time of what is sent and, at the end, that of the recording's end. Each batch is
    applied before the next one comes, as it was in those weeks.
    """
    classroom = sending.read(recording)
    surveys = sending.read(EXAMPLE / "surveys.jsonl")
    started = time.monotonic()
    with _progress(told) as bar:
        task = bar.add_task("Replaying ten weeks", total=len(classroom) + len(surveys))
        for batch in in_order(classroom, surveys):
            _set_clock(batch.moment)
            with database.transaction() as session:
                given = sources.credential(session, batch.source, secret_key=settings().secret_key_bytes())
            sending.send(batch.requests, door=kitchen.door_url, credential=given)
            wait_until_applied()
            bar.advance(task, len(batch.requests))
            if batch.ends_week:
                night()
    statements = sum(len(orjson.loads(request.body)) for request in classroom)
    return Replayed(len(classroom), statements, len(surveys), time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class Batch:
    """Requests of one source that are sent at one moment of the term."""

    moment: dt.datetime
    source: str
    requests: tuple[Request, ...]
    ends_week: bool = False
    """It holds answers, and the next batch comes in another week: a night lies between."""


def in_order(classroom: list[Request], surveys: list[Request]) -> list[Batch]:
    """Return the requests by the time of the last thing that each tells; survey answers of one day go together."""
    found: list[Batch] = []
    latest = dt.datetime.min.replace(tzinfo=dt.UTC)
    for request in classroom:
        # An idle request tells nothing, and a resend what was told before: they come when they came.
        latest = max([latest, *map(_moment, (each["timestamp"] for each in orjson.loads(request.body)))])
        found.append(Batch(latest, "moodle", (request,)))
    days: dict[dt.date, list[tuple[dt.datetime, Request]]] = {}
    for request in surveys:
        moment = _moment(orjson.loads(request.body)["form_response"]["submitted_at"])
        days.setdefault(moment.date(), []).append((moment, request))
    found += [
        Batch(max(moment for moment, _ in day), "forms", tuple(request for _, request in day)) for day in days.values()
    ]
    ordered = sorted(found, key=lambda batch: batch.moment)
    weeks = [batch.moment.isocalendar().week for batch in ordered]
    return [
        replace(batch, ends_week=batch.source == "moodle" and week != following)
        for batch, week, following in zip(ordered, weeks, [*weeks[1:], 0], strict=True)
    ]


def _moment(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


def _set_clock(moment: dt.datetime) -> None:
    with database.transaction() as session:
        clock.set_to(session, moment)


def night() -> None:
    """Let a night pass, once there are answers to learn from: the worker learns how hard items and skills are.

    Raises:
        DemoStuck: the night does not end within two minutes.
    """
    with database.transaction() as session:
        before = reports.snapshots(session)
        if not facts.counts(session).get("item_result"):
            return
    wake("nightly")
    deadline = time.monotonic() + APPLY_SECONDS
    while time.monotonic() < deadline:
        with database.transaction() as session:
            if reports.snapshots(session) > before:
                break
        time.sleep(0.05)
    else:
        raise DemoStuck("The nightly task does not end.", f"See the logs in {settings().data_dir / 'logs'}.")
    wait_until_applied()


def wait_until_applied() -> None:
    """Wait until no event is pending and no student waits for a refresh.

    Raises:
        DemoStuck: it takes longer than two minutes.
    """
    deadline = time.monotonic() + APPLY_SECONDS
    while True:
        with database.transaction() as session:
            left = reports.waiting(session)
        if not left:
            return
        if time.monotonic() > deadline:
            raise DemoStuck(f"{left} events are still waiting.", f"See the logs in {settings().data_dir / 'logs'}.")
        time.sleep(0.02)


def summarise(session: Any, replayed: Replayed, lines: list[ClassLine], *, seconds: float) -> dict[str, Any]:  # noqa: ANN401 - a session
    """Return the demo's summary, every number read from the database."""
    fates = reports.fates(session, source="moodle")
    counts = {fate: sum(reasons.values()) for fate, reasons in fates.items()}
    return {
        "requests": replayed.requests,
        "statements": replayed.statements,
        "accepted": counts.get("accepted", 0),
        "duplicates": counts.get("duplicate", 0),
        "ignored": counts.get("ignored", 0),
        "ignored_by_reason": fates.get("ignored", {}),
        "quarantined": counts.get("quarantined", 0),
        "parked": counts.get("parked", 0),
        "survey_responses": replayed.survey_responses,
        "facts": dict(sorted(facts.counts(session).items())),
        "students": len(lines),
        "assignments": sum(line.assignment is not None for line in lines),
        **reports.rung_share(session),
        "seconds": round(seconds, 1),
    }


def show(out: Console, lines: list[ClassLine], summary: dict[str, Any], kitchen: Kitchen) -> None:
    """Print the class as a table, what became of the events, and where to look."""
    show_class(out, lines, title="The class at the end of week ten")
    out.print(
        f"\n{summary['statements']:,} statements in {summary['requests']} requests: {summary['accepted']:,} accepted, "
        f"{summary['duplicates']} duplicates, {summary['ignored']:,} ignored, {summary['quarantined']} quarantined, "
        f"{summary['parked']} parked; and {summary['survey_responses']} survey responses."
    )
    reasons = summary["ignored_by_reason"].items()
    out.print("Ignored were " + ", ".join(f"{count:,} {IGNORED.get(why, why)}" for why, count in reasons) + ".")
    answers = summary["facts"].get("item_result", 0)
    out.print(
        f"{answers:,} answers tell what {summary['students']} students can do; {summary['assignments']} of them have "
        f"an assignment. {summary['laddered']} of {summary['slots']} open assignments needed a wider rule. "
        f"It took {summary['seconds']} s."
    )
    out.print(f"\nFlower  {kitchen.flower_url}   user {kitchen.flower_user}, password {kitchen.flower_password}")
    out.print(f"Doors   {kitchen.door_url}/docs\nHealth  {kitchen.door_url}/health")


def stay_up(told: Console) -> None:
    """Wait for Ctrl-C or a polite end."""
    told.print("\nEverything stays up until Ctrl-C.")
    with suppress(KeyboardInterrupt):
        signal.pause()


def _progress(told: Console) -> Progress:
    columns = (TextColumn("{task.description:<18}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=told)
