"""A district's nightly export, loaded twice and then with moves: `python -m benchmarks.district [--people N]`.

Three schools, 3,000 people, 9,000 enrolments, students in up to seven classes, 2 % of the rows wrong in the ways of
`SPOILT`. Each school is loaded from the same files. Work is given to every student; then 400 enrolments move to another
class of the school, and what was open in the class that was left must follow. Seconds are of this process's processor.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from benchmarks.environment import running_environment
from lms.files.registry import parse
from models import clock, engine
from models.imports import load as imports
from models.students import states
from tasks.refresh import refresh_assignments
from workers.local.supervisor import settings_override

SCHOOLS = ("north", "south", "west")
SKILLS = tuple(f"k{number}" for number in range(12))
SPOILT = ("person", "class", "date", "role", "rewritten")
"""What is wrong with a row: an unknown person or class, a date that is none, an unknown role, a number as E+16."""
BAD_SHARE = 0.02
MOST_CLASSES = 7
PEOPLE_A_CLASS = 20
Row = list[str]


@dataclass(frozen=True, slots=True)
class Size:
    """How large a district is."""

    people: int
    enrolments: int
    moves: int


@dataclass(frozen=True, slots=True)
class Export:
    """What a student information system writes in a night."""

    users: list[Row]
    classes: list[Row]
    enrolments: list[Row]
    bad: int
    """How many rows are wrong."""

    def files(self) -> dict[str, bytes]:
        """Return the files of the district, with a small catalogue."""
        skills = [[skill, f"skill {skill}"] for skill in SKILLS]
        scope = [[row[0], skill] for n, row in enumerate(self.classes) for skill in _of_class(n)]
        materials = [
            [f"m-{skill}-{number}", f"Task {number}", f"https://m.example/{skill}/{number}", skill, str(number - 2)]
            for skill in SKILLS
            for number in range(5)
        ]
        return {
            "orgs.csv": _csv("sourcedId,name,type", [[ref, f"{ref.title()} School", "school"] for ref in SCHOOLS]),
            "users.csv": _csv("sourcedId,orgSourcedIds,role,givenName,familyName,userIds,grades", self.users),
            "classes.csv": _csv("sourcedId,title,schoolSourcedId,classCode", self.classes),
            "enrollments.csv": _csv("classSourcedId,schoolSourcedId,userSourcedId,role,beginDate", self.enrolments),
            "skills.csv": _csv("skill,title", skills),
            "materials.csv": _csv("material,title,url,skills,difficulty", materials),
            "scope.csv": _csv("class,skill", scope),
        }


def export(size: Size, *, seed: int = 1) -> Export:
    """Make a district at random; the same seed gives the same one."""
    dice = random.Random(seed)
    students, classes = _people(size), _classes(size)
    places = _places(students, classes, size.enrolments, dice)
    users = [_user(ref, school) for ref, school in students]
    rows = [[class_ref, school, ref, "student", "2026-08-31"] for ref, school, class_ref in places]
    bad = _spoil(rows, 2, dice) + _spoil(users, 0, dice)
    return Export(users, [[ref, f"Class {ref}", school, "ALGEBRA"] for ref, school in classes], rows, bad)


def moved(before: Export, moves: int, *, seed: int = 2) -> tuple[Export, set[tuple[str, str]]]:
    """Move enrolments to other classes of their school; return the export after, and (person, class) that were left."""
    dice = random.Random(seed)
    by_school = {school: [row[0] for row in before.classes if row[2] == school] for school in SCHOOLS}
    taken = {(row[2], row[0]) for row in before.enrolments}
    people = {row[0] for row in before.users if row[2] == "student"}
    rows = [list(row) for row in before.enrolments]
    sound = [row for row in rows if row[2] in people and row[0] in by_school[row[1]] and row[4][:4] == "2026"]
    left: set[tuple[str, str]] = set()
    for row in dice.sample([row for row in sound if row[3] == "student"], moves):
        target = next(
            ref for ref in dice.sample(by_school[row[1]], len(by_school[row[1]])) if (row[2], ref) not in taken
        )
        left.add((row[2], row[0]))
        taken.add((row[2], target))
        row[0] = target
    return Export(before.users, before.classes, rows, before.bad), left


def _people(size: Size) -> list[tuple[str, str]]:
    return [(f"p{number}", SCHOOLS[number % len(SCHOOLS)]) for number in range(size.people)]


def _classes(size: Size) -> list[tuple[str, str]]:
    count = max(size.enrolments // PEOPLE_A_CLASS, len(SCHOOLS) * (MOST_CLASSES + 5))
    return [(f"c{number}", SCHOOLS[number % len(SCHOOLS)]) for number in range(count)]


def _places(
    people: Sequence[tuple[str, str]], classes: Sequence[tuple[str, str]], count: int, dice: random.Random
) -> list[tuple[str, str, str]]:
    """Return (person, school, class), nobody in more than seven classes nor twice in one."""
    by_school = {school: [ref for ref, of in classes if of == school] for school in SCHOOLS}
    wanted = {person: 1 for person, _ in people}
    while sum(wanted.values()) < count:
        person, _ = dice.choice(people)
        wanted[person] += wanted[person] < MOST_CLASSES
    return [
        (person, school, ref) for person, school in people for ref in dice.sample(by_school[school], wanted[person])
    ]


def _user(ref: str, school: str) -> Row:
    number = int(ref[1:])
    names = [f"Given{number}", f"Family{number % 997}"]
    return [ref, school, "student", *names, f"{{https://lms.example:{number}}}", f"{5 + number % 4:02}"]


def _spoil(rows: list[Row], person: int, dice: random.Random) -> int:
    """Spoil one row in fifty; return how many. Of a row of users only the id and the role can be wrong."""
    places = dice.sample(range(len(rows)), round(BAD_SHARE * len(rows)))
    for number, place in enumerate(places):
        row, kind = rows[place], SPOILT[number % len(SPOILT)]
        if person == 0 or kind == "role":
            row[3 if person else 2] = "wizard"
        elif kind == "date":
            row[4] = "08/31/2026"
        elif kind == "class":
            row[0] = f"gone{number}"
        else:
            row[person] = "2.10700E+16" if kind == "rewritten" else f"gone{number}"
    return len(places)


def _of_class(number: int) -> tuple[str, str]:
    return SKILLS[number % len(SKILLS)], SKILLS[(number + 5) % len(SKILLS)]


def _csv(header: str, rows: Iterable[Sequence[str]]) -> bytes:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return file.getvalue().encode()


def load_all(files: dict[str, bytes]) -> dict[str, Any]:
    """Load every school from the files; return what the reports say, with the seconds of the processor."""
    began, reports = time.process_time(), []
    for school in SCHOOLS:
        with engine.transaction() as session:
            bundle = parse(files.items(), now=clock.now(session))
            reports.append(imports.load(session, school, bundle))
    differences = [difference for report in reports for difference in report.differences.values()]
    figures: dict[str, Any] = {
        name: sum(getattr(each, name) for each in differences) for name in ("new", "changed", "ended", "same")
    }
    figures |= {"left_out": sum(report.rows_left_out for report in reports), "cpu_seconds": time.process_time() - began}
    return figures | {"refreshed": sum(report.refreshed for report in reports)}


def decide_all() -> int:
    """Decide for every student who has no decision or waits for one; return how many."""
    with engine.transaction() as session:
        fresh = """
            SELECT id FROM souschef.person WHERE role = 'student' AND active
               AND NOT EXISTS (SELECT FROM souschef.learner_state WHERE student_id = person.id)
        """
        ids = list(session.connection().execute(text(fresh)).scalars())
    with engine.transaction() as session:
        waiting = [student for school in _school_ids() for student in states.due(session, school_id=school)]
    refresh_assignments(sorted({*ids, *waiting}))
    return len({*ids, *waiting})


def _school_ids() -> list[int]:
    with engine.transaction() as session:
        return list(session.connection().execute(text("SELECT id FROM souschef.school ORDER BY id")).scalars())


def open_work(left: Iterable[tuple[str, str]] | None = None) -> int:
    """Return how many assignments are open: all, or those of (person, class) pairs."""
    statement = """
        SELECT count(*) FROM souschef.assignment JOIN souschef.person ON person.id = student_id
          LEFT JOIN souschef.class ON class.id = class_id WHERE state IN ('proposed', 'assigned', 'started')
    """
    pairs = sorted(left or ())
    if left is not None:
        statement += (
            " AND (person.ref, class.ref) IN (SELECT * FROM unnest(CAST(:people AS text[]), CAST(:refs AS text[])))"
        )
    parameters = {"people": [person for person, _ in pairs], "refs": [ref for _, ref in pairs]}
    with engine.transaction() as session:
        found = session.connection().execute(text(statement), parameters if left is not None else {})
        return int(found.scalar_one())


def measure(size: Size) -> dict[str, Any]:
    """Load a district twice and then with moves, and return what was counted."""
    before = export(size)
    after, left = moved(before, size.moves)
    figures: dict[str, Any] = {"bad_rows": before.bad, "first": load_all(before.files())}
    figures["decided"] = decide_all()
    figures["again"] = load_all(before.files())
    figures["open"] = open_work()
    figures["open_where_they_leave"] = open_work(left)
    figures["moves"] = load_all(after.files())
    figures["decided_again"] = decide_all()
    figures["open_after"] = open_work()
    figures["open_where_they_left"] = open_work(left)
    return figures


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=3_000)
    options = parser.parse_args()
    size = Size(options.people, options.people * 3, max(1, options.people * 400 // 3_000))
    with (
        tempfile.TemporaryDirectory(prefix="souschef-") as folder,
        running_environment(Path(folder), classes=1) as environment,
        settings_override(environment.settings),
    ):
        print(json.dumps(measure(size), indent=1))


if __name__ == "__main__":
    main()
