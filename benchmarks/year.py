"""A school year by a simulated clock, in slices: what grows, what the night takes, what a backup weighs.

Every school day each student answers questions, real workers apply them, and at 03:10 the nightly task runs; each
second Friday the roster changes, after half of the days a new term begins, and every twentieth night is backed up. A
slice ends after `--days`; the next run with the same folder goes on where it ended, also after Ctrl-C.

    python -m benchmarks.year --folder /var/tmp/year --students 100 --days 10   # a few minutes
    python -m benchmarks.year --folder /var/tmp/year --students 500 --days 180  # the year: hours, in any number of runs
    python -m benchmarks.year --folder /var/tmp/year --report --plot year.png   # what has been measured so far
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import random
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import psycopg

from benchmarks.environment import plain_url
from benchmarks.traffic import synthetic_district
from benchmarks.year_report import draw, show
from config.settings import Settings
from lms.files.bundle import Bundle
from models import admin, clock, engine
from models.access import sources
from models.imports import load as imports
from tasks.broker import enqueue
from tasks.nightly import nightly
from tasks.pipeline.record_events import record
from tasks.routing import TASK_FOR_KIND
from workers.local.embedded.program_files import programs
from workers.local.supervisor import running, settings_override

SCHOOL = "riverside"
FIRST_DAY = dt.datetime(2026, 8, 31, tzinfo=dt.UTC)
CLASS_SIZE = 28
ANSWERS_A_DAY = 20
RIGHT = 0.65
YEAR = 180
TERM_CHANGES_ON = 90
ROSTER_EVERY, BACKUP_EVERY = 10, 20
"""School days."""
CHUNK = 2_000
QUIET_SECONDS = 3_600.0
DEEPEST_CHANGE = 0.01
"""Share of the students who change class at a change of the roster."""
SIZES = """
    SELECT relname, pg_total_relation_size(oid), greatest(reltuples, 0)::bigint FROM pg_class
     WHERE relnamespace = 'souschef'::regnamespace AND relkind = 'r' AND pg_total_relation_size(oid) > 200000
"""
ASIDE = "SELECT count(*) FROM souschef.quarantine"
WAITS = """
    SELECT (SELECT count(*) FROM souschef.inbox WHERE state = 'pending')
         + (SELECT count(*) FROM souschef.learner_state WHERE refresh_due)
"""


@dataclass(frozen=True, slots=True)
class Day:
    """What one school day and its night came to."""

    number: int
    events: int
    day_seconds: float
    """From the first event until all is visible."""
    night_seconds: float
    """Of the nightly task: training, pruning, marking students."""
    refresh_seconds: float
    """From its end until every student has been decided for again."""
    roster_seconds: float
    backup_seconds: float
    backup_bytes: int
    counts: dict[str, int | str]
    """What the nightly task said."""
    sizes: dict[str, tuple[int, int]]
    """Bytes with indexes, and rows, by table."""


def main() -> None:
    """Run a slice of the year, or show what has been measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, required=True, help="where the servers' data and the measurements stay")
    parser.add_argument("--students", type=int, default=500, help="only at the first run (default: %(default)s)")
    parser.add_argument("--days", type=int, default=10, help="school days of this slice (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", action="store_true", help="run nothing; show what is there")
    parser.add_argument("--plot", type=Path, help="draw sizes and nights to this PNG")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    if not asked.report:
        run_slice(asked.folder, students=asked.students, days=asked.days, seed=asked.seed)
    days = measured(asked.folder)
    show(days)
    if asked.plot is not None:
        draw(days, asked.plot)


def run_slice(folder: Path, *, students: int, days: int, seed: int) -> None:
    """Go on with the year of a folder for some school days."""
    plan = folder / "plan.json"
    if not plan.exists():
        plan.write_text(json.dumps({"students": students, "seed": seed}))
    asked = json.loads(plan.read_text())
    district = synthetic_district(-(-asked["students"] // CLASS_SIZE))
    with running_system(folder) as settings:
        for number in range(len(measured(folder)), min(len(measured(folder)) + days, YEAR)):
            day = simulate(settings, folder, roster(district, day=number, seed=asked["seed"]), number, asked["seed"])
            with (folder / "days.jsonl").open("a") as file:
                file.write(json.dumps(asdict(day)) + "\n")
            print(
                f"day {number + 1}: {day.events:,} events in {day.day_seconds:.0f} s, night {day.night_seconds:.1f} s"
            )


@contextmanager
def running_system(folder: Path) -> Iterator[Settings]:
    """Run embedded servers and a worker on the folder's data; this process speaks to the same servers."""
    with running(Settings(data_dir=folder / "data", log_level="WARNING"), processes=("worker",)) as system:
        settings = Settings(
            data_dir=folder / "data",
            database_url=system.database_url,
            broker_url=system.broker_url,
            log_level="WARNING",
        )
        with settings_override(settings):
            admin.upgrade(settings.database_url_text())
            yield settings


def simulate(settings: Settings, folder: Path, bundle: Bundle, number: int, seed: int) -> Day:
    """Simulate one school day and the night after it."""
    date = date_of(number)
    set_clock(date + dt.timedelta(hours=8))
    url = settings.database_url_text()
    began = time.monotonic()
    changes = number % ROSTER_EVERY == 0 or number == TERM_CHANGES_ON
    if changes:
        with engine.transaction() as session:
            imports.load(session, SCHOOL, bundle)
            if number == 0:
                key = settings.secret_key_bytes()
                sources.add(session, "own", format="canonical", secret_key=key, school=SCHOOL)
    roster_seconds = time.monotonic() - began if changes else 0.0
    wait_until_quiet(url)
    set_clock(date + dt.timedelta(hours=16))  # before the answers of the day come: one of the future is put aside
    began = time.monotonic()
    sent = send(settings, events_of(bundle, date, number, seed))
    wait_until_quiet(url)
    day_seconds = time.monotonic() - began
    set_clock(date_of(number + 1).replace(hour=3, minute=10))
    began = time.monotonic()
    counts = nightly()
    night_seconds = time.monotonic() - began
    wait_until_quiet(url)
    refresh_seconds = time.monotonic() - began - night_seconds
    backup = back_up(url, folder) if number % BACKUP_EVERY == BACKUP_EVERY - 1 or number == 0 else (0.0, 0)
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        if (aside := connection.execute(ASIDE).fetchone()) != (0,):
            raise RuntimeError(f"events put aside until {date:%Y-%m-%d}: {aside}; see `souschef quarantine list`")
        connection.execute("ANALYZE")
        sizes = {name: (int(size), int(rows)) for name, size, rows in connection.execute(SIZES)}
    return Day(number, sent, day_seconds, night_seconds, refresh_seconds, roster_seconds, *backup, dict(counts), sizes)


def date_of(number: int) -> dt.datetime:
    """Return the date of a school day: Monday to Friday, with two weeks off after every 60 days."""
    weeks, weekday = divmod(number, 5)
    return FIRST_DAY + dt.timedelta(days=7 * weeks + weekday + 14 * (number // 60))


def roster(district: Bundle, *, day: int, seed: int) -> Bundle:
    """Return the district as it is on a day: terms of a half year each, and students who have changed class."""
    begin = date_of(0 if day < TERM_CHANGES_ON else TERM_CHANGES_ON)
    end = date_of(TERM_CHANGES_ON if day < TERM_CHANGES_ON else YEAR)
    dice = random.Random(seed)
    classes = sorted(district.classes)
    homes = {row.person: row.class_ref for row in district.enrolments if row.role == "student"}
    for _ in range(day // ROSTER_EVERY):
        for person in dice.sample(sorted(homes), max(1, round(DEEPEST_CHANGE * len(homes)))):
            homes[person] = dice.choice(classes)
    # Where a class goes on to other skills, it takes those of the second half of its list.
    skills = sorted({skill for _, skill in district.scope})
    half = set(skills[: len(skills) // 2] if day < TERM_CHANGES_ON else skills[len(skills) // 2 :])
    enrolments = [
        replace(row, class_ref=homes.get(row.person, row.class_ref), began_at=FIRST_DAY, ended_at=date_of(YEAR))
        for row in district.enrolments
    ]
    usual = {
        ref: replace(row, usual=replace(row.usual, began_at=FIRST_DAY, ended_at=date_of(YEAR)))
        for ref, row in district.classes.items()
    }
    scope = {
        key: replace(row, opens_at=begin, closes_at=end, due_at=end)
        for key, row in district.scope.items()
        if key[1] in half
    }
    return replace(district, classes=usual, enrolments=enrolments, scope=scope)


def events_of(bundle: Bundle, date: dt.datetime, number: int, seed: int) -> list[dict[str, object]]:
    """Return a day's answers; the same day gives the same ids, so that a day that is begun again counts once."""
    dice = random.Random(seed * 1_000_003 + number)
    skills = {skill for _, skill in bundle.scope}
    items = sorted({item for item, skill in bundle.alignments if skill in skills})
    students = sorted({row.person for row in bundle.enrolments if row.role == "student"})
    found: list[dict[str, object]] = []
    for student in students:
        for answer in range(ANSWERS_A_DAY):
            at = date + dt.timedelta(hours=8, seconds=dice.randrange(7 * 3600))
            found.append({
                "type": "item_result", "id": f"d{number} {student} {answer}", "student": student, "at": at.isoformat(),
                "subject": dice.choice(items), "outcome": float(dice.random() < RIGHT), "attempt": f"d{number}",
            })  # fmt: skip
    found.sort(key=lambda each: str(each["at"]))
    return found


def send(settings: Settings, events: list[dict[str, object]]) -> int:
    """Record events as the API does, in requests of `CHUNK`, and notify the workers."""
    key = settings.secret_key_bytes()
    for start in range(0, len(events), CHUNK):
        with engine.transaction() as session:
            credential = sources.credential(session, "own", secret_key=key, school=SCHOOL)
            sender = sources.authenticate(session, key=credential.key, secret=credential.secret, secret_key=key)
            if sender is None:
                raise LookupError("own")
            _, recorded = record(session, sender, events[start : start + CHUNK])
        for kind, ids in recorded.accepted.items():
            enqueue(TASK_FOR_KIND[kind], ids)
    return len(events)


def set_clock(moment: dt.datetime) -> None:
    """Set the simulated clock."""
    with engine.transaction() as session:
        clock.set_to(session, moment)


def wait_until_quiet(url: str) -> None:
    """Return when nothing is pending and no student waits for a refresh.

    Raises:
        TimeoutError: after an hour.
    """
    deadline = time.monotonic() + QUIET_SECONDS
    with psycopg.connect(plain_url(url), autocommit=True) as connection:
        while connection.execute(WAITS).fetchone() != (0,):
            if time.monotonic() > deadline:
                raise TimeoutError("events or students still wait after an hour")
            time.sleep(0.2)


def back_up(url: str, folder: Path) -> tuple[float, int]:
    """Back the database up with pg_dump; return the seconds and the bytes."""
    file, began = folder / "backup.dump", time.monotonic()
    command: list[str | Path] = [
        programs() / "pg_dump",
        "--format=custom",
        f"--file={file}",
        f"--dbname={plain_url(url)}",
    ]
    subprocess.run(command, check=True, env={**os.environ, "LC_ALL": "C"})
    return time.monotonic() - began, file.stat().st_size


def measured(folder: Path) -> list[Day]:
    """Return the days that are done."""
    file = folder / "days.jsonl"
    lines = file.read_text().splitlines() if file.exists() else []
    return [Day(**json.loads(line)) for line in lines]


if __name__ == "__main__":
    main()
