"""What late facts cost: as many answers of a whole term that come late, and on time, in turns.

Every student has answered all term. Then each gives one more answer in each round: on time, after all others, in one
copy of the database; in the other copy at a moment drawn evenly from the term, as where a device was offline all the
while. Students, items and outcomes are the same, and each round is its own batch, so that a state is computed again for
each late fact. Figures are CPU seconds, of the worker's code (in this process) and of PostgreSQL.

    python -m benchmarks.late_facts                      # 5,040 facts each, beside 180 a student
    python -m benchmarks.late_facts --classes 2 --rounds 9
    PYTHONPATH=.compiled python -m benchmarks.late_facts
"""

from __future__ import annotations

import argparse
import datetime as dt
import gc
import json
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.environment import BenchmarkEnvironment, Meter, running_environment, vacuum_and_checkpoint
from config.logging import configure
from config.settings import Settings
from lms import formats, strict_json
from models import engine
from models.access import sources
from models.events import inbox
from models.events.incoming import NewEvent
from tasks.events import assessment_completed
from tasks.nightly import nightly
from tasks.refresh import refresh_assignments
from workers.local.supervisor import settings_override

BEGIN, END = dt.datetime(2026, 9, 14, 8, tzinfo=dt.UTC), dt.datetime(2026, 11, 20, 15, tzinfo=dt.UTC)
SOURCE = "own"
RIGHT = 0.6
"""Share of right answers."""
PROGRESS = 10
"""Rounds between two lines on stderr."""
STATES = "SELECT md5(string_agg(state, ''::bytea ORDER BY student_id)) FROM souschef.learner_state"
Event = dict[str, Any]


def students_and_items() -> tuple[list[str], list[str]]:
    """Return the refs of all students, and the names of the school's aligned items."""
    with engine.transaction() as session:
        connection = session.connection()
        students = "SELECT ref FROM souschef.person WHERE role = 'student' ORDER BY ref"
        items = "SELECT ref FROM souschef.item WHERE id IN (SELECT item_id FROM souschef.alignment) ORDER BY ref"
        return list(connection.execute(text(students)).scalars()), list(connection.execute(text(items)).scalars())


def answer(dice: random.Random, student: str, item: str, at: dt.datetime, number: int) -> Event:
    """Return one answer as our own format has it."""
    outcome = float(dice.random() < RIGHT)
    fields = {"id": f"{student} {number}", "student": student, "at": at.isoformat(), "subject": item}
    return {"type": "item_result", **fields, "outcome": outcome, "attempt": f"{student} {number}"}


def deliver(events: Sequence[Event]) -> None:
    """Record events as the API does and apply them as a worker does."""
    with engine.transaction() as session:
        key = Settings().secret_key_bytes()
        credential = sources.credential(session, SOURCE, secret_key=key)
        sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
        if sender is None:
            raise ValueError(SOURCE)
        incoming = []
        for event in events:
            envelope = formats.envelope(sender.format, event, rules=sender.rules)
            if envelope.kind is None:
                raise ValueError(event)
            incoming.append(NewEvent(envelope.kind, envelope.key, envelope.student, strict_json.write(event)))
        ids = [number for found in inbox.record(session, sender, incoming).accepted.values() for number in found]
    assessment_completed(ids)


def fill(environment: BenchmarkEnvironment, *, facts: int) -> None:
    """Let every student answer all term, and train and refresh as each night does."""
    with settings_override(environment.settings):
        configure()
        with engine.transaction() as session:
            key = environment.settings.secret_key_bytes()
            sources.add(session, SOURCE, format="canonical", secret_key=key, surveys=[])
        students, items = students_and_items()
        dice, step = random.Random(1), (END - BEGIN) / (facts + 1)
        for number in range(facts):
            at = BEGIN + step * (number + 1)
            deliver([answer(dice, student, dice.choice(items), at, number) for student in students])
        nightly()
        with engine.transaction() as session:
            due = session.connection().execute(text("SELECT student_id FROM souschef.learner_state ORDER BY 1"))
            ids = list(due.scalars())
        refresh_assignments(ids)
    vacuum_and_checkpoint(environment.settings.database_url_text())


def rounds_of(count: int, *, late: bool) -> list[list[Event]]:
    """Return so many rounds of one answer of each student."""
    students, items = students_and_items()
    dice, when = random.Random(2), random.Random(3)
    rounds = []
    for number in range(count):
        moments = [BEGIN + (END - BEGIN) * when.random() for _ in students]
        on_time = END + dt.timedelta(minutes=number + 1)
        rounds.append(
            [
                answer(dice, student, dice.choice(items), moment if late else on_time, 10_000 + number)
                for student, moment in zip(students, moments, strict=True)
            ]
        )
    return rounds


def measure(environment: BenchmarkEnvironment, *, facts: int, rounds: int) -> dict[str, Any]:
    """Return what both kinds cost, round by round in turns, and whether a refold agrees with what came late."""
    fill(environment, facts=facts)
    copies = {"on_time": environment.copy("on_time"), "late": environment.copy("late")}
    waiting = {}
    for kind, copy in copies.items():
        with settings_override(copy):
            waiting[kind] = rounds_of(rounds, late=kind == "late")
    gc.freeze()
    meter = Meter({"postgres": environment.postmaster})
    spent = {kind: {"python": 0.0, "postgres": 0.0} for kind in copies}
    for number in range(rounds):
        for kind in sorted(copies, reverse=bool(number % 2)):
            with settings_override(copies[kind]):
                _one_round(waiting[kind][number], meter, spent[kind])
        if number % PROGRESS == PROGRESS - 1:
            print(f"{number + 1} rounds: {_ratio(spent):.2f}", file=sys.stderr, flush=True)
    count = sum(map(len, waiting["late"]))
    per_fact = {
        kind: {part: round(1e6 * seconds / count) for part, seconds in parts.items()} for kind, parts in spent.items()
    }
    with settings_override(copies["late"]):
        same = _states_agree()
    return {
        "facts": count,
        "beside_facts_a_student": facts,
        "cpu_microseconds_a_fact": per_fact,
        "late_to_on_time": round(_ratio(spent), 2),
        "states_equal_those_computed_from_the_beginning": same,
    }


def _one_round(events: Sequence[Event], meter: Meter, spent: dict[str, float]) -> None:
    deliver([])  # connect
    server, begun = meter.cpu_seconds()["postgres"], time.process_time()
    deliver(events)
    spent["python"] += time.process_time() - begun
    spent["postgres"] += meter.cpu_seconds()["postgres"] - server


def _ratio(spent: dict[str, dict[str, float]]) -> float:
    return sum(spent["late"].values()) / sum(spent["on_time"].values())


def _states_agree() -> bool:
    """Compute all states again from the first fact on; return whether a byte differs."""
    with engine.transaction() as session:
        before = session.connection().execute(text(STATES)).scalar_one()
        session.connection().execute(text("UPDATE souschef.learner_state SET refresh_due = true"))
        ids = list(session.connection().execute(text("SELECT student_id FROM souschef.learner_state")).scalars())
    refresh_assignments(ids)
    with engine.transaction() as session:
        return bool(before == session.connection().execute(text(STATES)).scalar_one())


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--classes", type=int, default=4, help="of 28 students each")
    parser.add_argument("--facts", type=int, default=180, help="that each student has before")
    parser.add_argument("--rounds", type=int, default=45, help="of one more fact of each student")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory(prefix="souschef-", ignore_cleanup_errors=True) as folder,
        running_environment(Path(folder), classes=options.classes) as environment,
    ):
        print(json.dumps(measure(environment, facts=options.facts, rounds=options.rounds), indent=1))


if __name__ == "__main__":
    main()
