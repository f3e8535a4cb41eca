"""The recorded class of Riverside Elementary: its people, skills, materials and scope, as files."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Sequence
from pathlib import Path

from examples import recording
from examples.catalogue import Task, make_tasks
from examples.curriculum import read_prerequisites, read_skills
from examples.interests import ResponseStyle, draw_profile, fill_in, read_questions
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
from examples.surveys import Submission, survey_request
from examples.task_templates import read_task_templates
from examples.writers import write_lines

HOME_PAGE = "https://moodle.riverside.example"
SITE = "https://materials.riverside.example"
CLASS = "MATH-5A"
TEACHER = 412
TAUGHT = {
    "3.OA.A.1": 1, "3.OA.B.5": 1, "3.OA.C.7": 1, "3.NF.A.1": 2, "3.NF.A.3": 2, "4.NF.B.4a": 2, "4.NBT.B.5": 3,
    "4.NBT.B.6": 3, "4.NF.A.1": 5, "4.NF.A.2": 5, "5.NBT.B.5": 6, "5.NBT.B.6": 6, "5.NF.A.1": 7, "5.NF.A.2": 7,
    "5.NF.B.5": 9, "6.RP.A.1": 9,
}  # fmt: skip
"""In which week of the semester each skill was first
 asked for; the semester begins on SEMESTER_START."""
SEMESTER_START = dt.date(2026, 9, 7)
END = dt.date(2026, 12, 18)

FAVOURITES: dict[int, Sequence[str]] = {
    413: ("sports",), 414: ("space",), 415: ("animals", "sports"), 418: ("space", "art"), 419: ("music", "games"),
    420: ("music",), 422: ("sports", "animals"), 423: ("art",), 424: ("games",), 425: ("building",), 427: ("animals",),
    428: ("space", "building"), 430: ("animals", "food"), 431: ("animals",), 432: ("games", "music"),
    433: ("building", "games"), 434: ("sports", "music"), 435: ("food",), 436: ("food", "art"),
    437: ("sports", "art"), 438: ("space", "animals"), 439: ("animals",),
}  # fmt: skip
"""By account, in tune with what the same students wrote in the recorded Moodle feedback; the rest is drawn."""
STYLES = {
    417: ResponseStyle.FLAT, 421: ResponseStyle.EMPTY, 426: ResponseStyle.FLAT, 429: ResponseStyle.CONTRADICTORY,
    434: ResponseStyle.HASTY, 439: ResponseStyle.WORDS_ONLY,
}  # fmt: skip
SILENT = (416, 440)
"""They never send the questionnaire in."""
AGAIN = {419: ("building", "games"), 424: ("games", "food"), 429: ("art",)}
"""They send it in a second time, near the end of the semester, and have changed or made up their minds."""


def recorded_class() -> SchoolClass:
    """Return the class with the names and Moodle accounts of the recording."""
    people = {account.number: account for account in recording.accounts()}
    teacher = people[TEACHER]
    students = [account for number, account in people.items() if number > TEACHER]
    return SchoolClass(
        code=CLASS,
        title="Grade 5 Mathematics",
        grade=5,
        teacher=Person("riverside-t412", teacher.given_name, teacher.family_name, str(teacher.number)),
        students=[
            Person(f"riverside-s{a.number}", a.given_name, a.family_name, str(a.number), grade=5) for a in students
        ],
    )


def windows() -> list[Window]:
    """Return the class's scope: each skill from its week on to the end of the semester, due two weeks before it."""
    found = []
    for skill, week in TAUGHT.items():
        opens = SEMESTER_START + dt.timedelta(weeks=week - 1)
        due = END - dt.timedelta(weeks=2 if week < 7 else 1)  # noqa: PLR2004 - the newest skills get a week more
        found.append(Window(CLASS, skill, opens.isoformat(), END.isoformat(), due.isoformat()))
    return found


def submissions(group: SchoolClass, *, seed: int) -> list[Submission]:
    """Return the class's answers to the questionnaire, in the order in which they were sent."""
    survey, questions = read_questions()
    found = []
    for student in group.students:
        account = int(student.account)
        dice = random.Random(f"survey:{seed}:{account}")
        profile = draw_profile(dice, favourites=FAVOURITES.get(account, ()))
        times = [SEMESTER_START + dt.timedelta(days=10)] if account not in SILENT else []
        style = STYLES.get(account, ResponseStyle.HONEST)
        for day in [*times, *([SEMESTER_START + dt.timedelta(days=58)] if account in AGAIN else [])]:
            if day != SEMESTER_START + dt.timedelta(days=10):
                profile, style = draw_profile(dice, favourites=AGAIN[account]), ResponseStyle.HONEST
            at = dt.datetime.combine(day, dt.time(13), dt.UTC) + dt.timedelta(seconds=dice.randrange(2400))
            found.append(Submission(survey, f"{HOME_PAGE}|{account}", at, fill_in(questions, profile, style, dice)))
    return sorted(found, key=lambda submission: (submission.submitted_at, submission.student))


def write_class(folder: Path, *, seed: int) -> list[Task]:
    """Write all files of the recorded class into `folder`, and return its materials."""
    all_skills = read_skills()
    skills = {ref: all_skills[ref] for ref in all_skills if ref in TAUGHT}
    tasks = make_tasks(skills, read_task_templates(), read_plans(), seed=seed)
    folder.mkdir(parents=True, exist_ok=True)
    group = recorded_class()
    write_roster(folder, School("riverside", "Riverside Elementary School", HOME_PAGE, [group]))
    write_lines(folder / "surveys.jsonl", [survey_request(found) for found in submissions(group, seed=seed)])
    write_curriculum(folder, "Mathematics of class 5A", list(skills.values()), read_prerequisites(among=skills))
    write_materials(folder, tasks, site=SITE)
    write_alignments(folder, [(name, name.split(" ")[0]) for name in recording.question_names()])
    write_scope(folder, windows())
    copy_shared(folder)
    return tasks
