"""The recorded class of Riverside Elementary: its people, skills, materials and scope, as files."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from pathlib import Path

from examples import recording
from examples.catalogue import Task, make_tasks
from examples.curriculum import read_needs, read_skills
from examples.interests import Manner, draw_taste, fill_in, read_questions
from examples.oneroster import Person, School, SchoolClass, write_roster
from examples.plans import read_plans
from examples.school_files import (
    Window,
    copy_shared,
    write_alignments,
    write_curriculum,
    write_materials,
    write_scope,
)
from examples.shapes import read_shapes
from examples.surveys import Submission, survey_request
from examples.tables import write_lines

HOME_PAGE = "https://moodle.riverside.example"
SITE = "https://materials.riverside.example"
CLASS = "MATH-5A"
TEACHER = 412
TAUGHT = {
    "3.OA.A.1": 1, "3.OA.B.5": 1, "3.OA.C.7": 1, "3.NF.A.1": 2, "3.NF.A.3": 2, "4.NF.B.4a": 2, "4.NBT.B.5": 3,
    "4.NBT.B.6": 3, "4.NF.A.1": 5, "4.NF.A.2": 5, "5.NBT.B.5": 6, "5.NBT.B.6": 6, "5.NF.A.1": 7, "5.NF.A.2": 7,
    "5.NF.B.5": 9, "6.RP.A.1": 9,
}  # fmt: skip
"""In which week of the term each skill was first asked for; the term begins on TERM."""
TERM = dt.date(2026, 9, 7)
END = dt.date(2026, 12, 18)

FAVOURITES: dict[int, Sequence[str]] = {
    413: ("sports",), 414: ("space",), 415: ("animals", "sports"), 418: ("space", "art"), 419: ("music", "games"),
    420: ("music",), 422: ("sports", "animals"), 423: ("art",), 424: ("games",), 425: ("building",), 427: ("animals",),
    428: ("space", "building"), 430: ("animals", "food"), 431: ("animals",), 432: ("games", "music"),
    433: ("building", "games"), 434: ("sports", "music"), 435: ("food",), 436: ("food", "art"),
    437: ("sports", "art"), 438: ("space", "animals"), 439: ("animals",),
}  # fmt: skip
"""By account, in tune with what the same students wrote in the recorded Moodle feedback; the rest is drawn."""
MANNERS = {
    417: Manner.FLAT, 421: Manner.EMPTY, 426: Manner.FLAT, 429: Manner.CONTRADICTORY, 434: Manner.HASTY,
    439: Manner.WORDS_ONLY,
}  # fmt: skip
SILENT = (416, 440)
"""They never hand in the questionnaire."""
AGAIN = {419: ("building", "games"), 424: ("games", "food"), 429: ("art",)}
"""They hand it in a second time, near the end of the term, and have changed or made up their minds."""


def recorded_class() -> SchoolClass:
    """Return the class with the names and Moodle accounts of the recording."""
    people = {account.number: account for account in recording.accounts()}
    teacher = people[TEACHER]
    students = [account for number, account in people.items() if number > TEACHER]
    return SchoolClass(
        code=CLASS,
        title="Grade 5 Mathematics",
        grade=5,
        teacher=Person("riverside-t412", teacher.given, teacher.family, str(teacher.number)),
        students=[Person(f"riverside-s{a.number}", a.given, a.family, str(a.number), grade=5) for a in students],
    )


def windows() -> list[Window]:
    """Return the class's scope: each skill from its week on to the end of the term, due two weeks before it."""
    found = []
    for skill, week in TAUGHT.items():
        opens = TERM + dt.timedelta(weeks=week - 1)
        due = END - dt.timedelta(weeks=2 if week < 7 else 1)  # noqa: PLR2004 - the newest skills get a week more
        found.append(Window(CLASS, skill, opens.isoformat(), END.isoformat(), due.isoformat()))
    return found


def submissions(group: SchoolClass, *, seed: int) -> list[Submission]:
    """Return the class's answers to the questionnaire, in the order in which they are handed in."""
    survey, questions = read_questions()
    found = []
    for student in group.students:
        account = int(student.account)
        dice = random.Random(f"survey:{seed}:{account}")
        taste = draw_taste(dice, favourites=FAVOURITES.get(account, ()))
        times = [TERM + dt.timedelta(days=10)] if account not in SILENT else []
        manner = MANNERS.get(account, Manner.HONEST)
        for day in [*times, *([TERM + dt.timedelta(days=58)] if account in AGAIN else [])]:
            if day != TERM + dt.timedelta(days=10):
                taste, manner = draw_taste(dice, favourites=AGAIN[account]), Manner.HONEST
            at = dt.datetime.combine(day, dt.time(13), dt.UTC) + dt.timedelta(seconds=dice.randrange(2400))
            found.append(Submission(survey, f"{HOME_PAGE}|{account}", at, fill_in(questions, taste, manner, dice)))
    return sorted(found, key=lambda submission: (submission.submitted_at, submission.student))


def write_class(folder: Path, *, seed: int) -> list[Task]:
    """Write all files of the recorded class into `folder`, and return its materials."""
    known = read_skills()
    skills = {ref: known[ref] for ref in known if ref in TAUGHT}
    tasks = make_tasks(skills, read_shapes(), read_plans(), seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    group = recorded_class()
    write_roster(folder, School("riverside", "Riverside Elementary School", HOME_PAGE, [group]))
    write_lines(folder / "surveys.jsonl", [survey_request(found) for found in submissions(group, seed=seed)])
    write_curriculum(folder, "Mathematics of class 5A", list(skills.values()), read_needs(among=skills))
    write_materials(folder, tasks, site=SITE)
    write_alignments(folder, [(name, name.split(" ")[0]) for name in recording.question_names()])
    write_scope(folder, windows())
    copy_shared(folder)
    return tasks
