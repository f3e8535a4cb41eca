"""What `souschef load` manages: 100,000 people and 50,000 materials, a second time, and with one in a hundred changed.

    python -m benchmarks.load            # some minutes
    python -m benchmarks.load --quick    # a tenth of it, under a minute
    python -m benchmarks.load --json

In the same run: the same rows put by COPY into empty tables, which is the limit, and some of them added object by
object with SQLModel, one transaction in all, which is what a plain loader does.
"""

from __future__ import annotations

import csv
import datetime as dt
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import psutil
import psycopg
import typer
from psycopg import sql
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table as Grid
from sqlmodel import Session, select

from benchmarks.environment import plain_url, vacuum_and_checkpoint
from config.settings import Settings
from models import admin, engine
from models.tables import Class, School
from models.tables.people import Alias, AliasKind, Enrolment, Person, Role
from workers.local.embedded import servers as embedded_servers
from workers.local.supervisor import settings_override

ROOT = Path(__file__).resolve().parents[1]
CLASS_SIZE, SKILLS, PLAIN_PEOPLE = 28, 250, 2_000
TOPICS = ("sports", "music", "animals", "space", "art", "building", "games", "helping")
TABLES = (
    "school", "person", "class", "skill", "topic", "item", "material", "alias", "enrolment", "material_skill",
    "alignment",
)  # fmt: skip
"""What a load writes, each after what it refers to."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is loaded."""

    people: int
    materials: int


def write_files(folder: Path, size: Size, *, seed: int, changed: bool = False) -> None:
    """Write a school's files; with `changed` one person and one material in a hundred differ from before."""
    dice = random.Random(seed)
    classes = range(size.people // CLASS_SIZE)
    _write(folder, "manifest", ("propertyName", "value"), [("manifest.version", "1.0"), ("oneroster.version", "1.1")])
    _write(folder, "orgs", ("sourcedId", "name", "type"), [("town", "Town School", "school")])
    _write(folder, "courses", ("sourcedId", "title", "orgSourcedId"), [("math", "Mathematics", "town")])
    _write(
        folder,
        "classes",
        ("sourcedId", "title", "grades", "courseSourcedId", "classType", "schoolSourcedId", "termSourcedIds"),
        ((f"c{n}", f"Class {n}", "05", "math", "scheduled", "town", "") for n in classes),
    )
    users = ("sourcedId", "enabledUser", "orgSourcedIds", "role", "username", "userIds", "givenName", "familyName")
    _write(folder, "users", users, (_person(n, changed=changed) for n in range(size.people)))
    _write(
        folder,
        "enrollments",
        ("sourcedId", "classSourcedId", "schoolSourcedId", "userSourcedId", "role", "beginDate"),
        (
            (f"e{n}", f"c{n // CLASS_SIZE}", "town", f"p{n}", _role(n), "2026-08-31")
            for n in range(len(classes) * CLASS_SIZE)
        ),
    )
    _write(folder, "skills", ("skill", "title", "grade"), ((f"k{n}", f"skill {n}", "5") for n in range(SKILLS)))
    _write(folder, "topics", ("topic", "title"), ((topic, topic) for topic in TOPICS))
    _write(
        folder,
        "materials",
        ("material", "title", "url", "skills", "difficulty", "context", "depth", "minutes", "items"),
        (_material(n, dice, changed=changed) for n in range(size.materials)),
    )


def _role(number: int) -> str:
    return "teacher" if number % CLASS_SIZE == 0 else "student"


def _person(number: int, *, changed: bool) -> tuple[object, ...]:
    name = f"Given{number}" + ("x" if changed and number % 100 == 0 else "")
    account = f"{{https://moodle.town.example:{number}}}"
    return f"p{number}", "true", "town", _role(number), f"p{number}", account, name, f"Family{number % 997}"


def _material(number: int, dice: random.Random, *, changed: bool) -> tuple[object, ...]:
    title = f"Task {number}" + ("x" if changed and number % 100 == 0 else "")
    context = dice.choice(("", *TOPICS))
    depth = "structural" if context else "neutral"
    difficulty = round(dice.gauss(0, 1.2), 2)
    url = f"https://materials.town.example/{number}"
    return f"m{number}", title, url, f"k{number % SKILLS}", difficulty, context, depth, 5, f"m{number} q1"


def _write(folder: Path, name: str, columns: Sequence[str], rows: Iterator[Any] | Sequence[Any]) -> None:
    with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


def run_load(settings: Settings, folder: Path, *options: str) -> dict[str, Any]:
    """Run the command as a school does; return what it says, with its seconds and the most memory that it held."""
    command = [sys.executable, "-m", "workers.cli.main", "load", str(folder), "--json", *options]
    with settings_override(settings), tempfile.TemporaryFile() as out:
        started, peak = time.monotonic(), 0
        process = psutil.Popen(command, cwd=ROOT, stdout=out)
        while process.poll() is None:
            peak = max(peak, process.memory_info().rss)
            time.sleep(0.05)
        seconds = time.monotonic() - started
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        out.seek(0)
        report = json.loads(out.read())
    written = sum(kind[name] for kind in report["loaded"].values() for name in ("new", "changed", "ended"))
    return {"seconds": round(seconds, 2), "rows": report["rows"], "written": written, "peak_mb": round(peak / 2**20)}


def run_copy(url: str, empty: str) -> tuple[int, float]:
    """Put the loaded rows by COPY into the tables of an empty database; return how many there are, and the seconds."""
    with psycopg.connect(plain_url(url)) as source, psycopg.connect(plain_url(empty)) as target:
        blocks, rows = {}, 0
        for table in TABLES:
            with source.cursor().copy(f"COPY souschef.{table} TO STDOUT (FORMAT binary)") as copy:
                blocks[table] = b"".join(bytes(block) for block in copy)
            counted = sql.SQL("SELECT count(*) FROM souschef.{}").format(sql.Identifier(table))
            rows += int(source.execute(counted).fetchall()[0][0])
        started = time.monotonic()
        for table, block in blocks.items():
            with target.cursor().copy(f"COPY souschef.{table} FROM STDIN (FORMAT binary)") as copy:
                copy.write(block)
        target.commit()
        return rows, time.monotonic() - started


def one_by_one(settings: Settings) -> tuple[int, float]:
    """Add people, their accounts and their places in classes as objects; return how many rows, and the seconds."""
    with settings_override(settings), engine.transaction() as session:
        started, rows = time.monotonic(), 0
        for number in range(PLAIN_PEOPLE):
            rows += _add(session, number)
        session.flush()
        return rows, time.monotonic() - started


def _add(session: Session, number: int) -> int:
    """Look whether a person is there, and add what is not."""
    school = session.exec(select(School)).one().id or 0
    ref = f"plain{number}"
    if session.exec(select(Person).where(Person.school_id == school, Person.ref == ref)).first() is not None:
        return 0
    person = Person(school_id=school, ref=ref, role=Role.STUDENT.value, given_name=ref, family_name=ref)
    session.add(person)
    session.flush()
    home = session.exec(select(Class).where(Class.ref == f"c{number // CLASS_SIZE}")).one().id or 0
    who, name = person.id or 0, f"https://plain.town.example|{number}"
    session.add(Alias(school_id=school, kind=AliasKind.PERSON.value, name=name, target_id=who))
    begun = dt.datetime(2026, 8, 31, tzinfo=dt.UTC)
    session.add(Enrolment(school_id=school, person_id=who, class_id=home, role=Role.STUDENT.value, began_at=begun))
    return 3


def measure(size: Size, *, seed: int, console: Console) -> dict[str, Any]:
    """Return all figures of one run."""
    with tempfile.TemporaryDirectory(prefix="souschef-bench-", ignore_cleanup_errors=True) as place:
        files, data = Path(place) / "files", Path(place) / "data"
        files.mkdir()
        servers = embedded_servers.start(data, broker=False)
        try:
            url, empty = (admin.recreate(servers.database_url, name=name) for name in ("loaded", "copied"))
            for each in (url, empty):
                admin.upgrade(each)
            settings = Settings(database_url=SecretStr(url), data_dir=data, log_level="WARNING")
            found: dict[str, Any] = {"people": size.people, "materials": size.materials, "seed": seed}
            write_files(files, size, seed=seed)
            for name, options in (("dry_run", ["--dry-run"]), ("first", []), ("again", [])):
                with console.status(name):
                    found[name] = run_load(settings, files, *options)
            vacuum_and_checkpoint(url)
            with console.status("copy"):
                rows, seconds = run_copy(url, empty)
            found["copy"] = {"rows": rows, "seconds": round(seconds, 2)}
            write_files(files, size, seed=seed, changed=True)
            with console.status("changed"):
                found["changed"] = run_load(settings, files)
            with console.status("one by one"):
                rows, seconds = one_by_one(settings)
            found["one_by_one"] = {"rows": rows, "seconds": round(seconds, 2)}
            return found | _ratios(found)
        finally:
            embedded_servers.stop(data)


def _ratios(found: dict[str, Any]) -> dict[str, float]:
    rate = {name: found[name]["rows"] / found[name]["seconds"] for name in ("first", "again", "copy", "one_by_one")}
    return {
        "rows_per_second": round(rate["first"]),
        "times_one_by_one": round(rate["first"] / rate["one_by_one"], 1),
        "share_of_copy": round(rate["first"] / rate["copy"], 3),
    }


def main(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the people and materials.")] = False,
    seed: Annotated[int, typer.Option(help="For the files.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object instead of a table.")] = False,
) -> None:
    """Measure loads."""
    size = Size(10_000, 5_000) if quick else Size(100_000, 50_000)
    found = measure(size, seed=seed, console=Console(stderr=True, quiet=as_json))
    if as_json:
        typer.echo(json.dumps(found))
        return
    grid = Grid("load", "rows", "written", "seconds", "rows a second", "peak MB")
    for name in ("dry_run", "first", "again", "changed", "copy", "one_by_one"):
        report = found[name]
        rate = f"{report['rows'] / report['seconds']:,.0f}"
        written, peak = (f"{report[key]:,}" if key in report else "" for key in ("written", "peak_mb"))
        grid.add_row(name.replace("_", " "), f"{report['rows']:,}", written, f"{report['seconds']:.1f}", rate, peak)
    console = Console()
    console.print(grid)
    console.print(f"{found['times_one_by_one']} times one by one; {found['share_of_copy']:.2f} of COPY.")


if __name__ == "__main__":
    typer.run(main)
