"""Two invented schools with six classes, 180 students and the whole catalogue, as files."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from examples import recording
from examples.catalogue import Task, make_tasks
from examples.curriculum import Need, Skill, bridged_needs, read_skills
from examples.interests import Manner, draw_taste, fill_in, read_questions
from examples.names import draw_people
from examples.oneroster import Person, School, SchoolClass, write_roster
from examples.plans import read_plans
from examples.riverside_class import CLASS as RECORDED
from examples.riverside_class import END, HOME_PAGE, TERM, recorded_class, submissions
from examples.riverside_class import windows as recorded_windows
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

WEEKS = 14
"""Weeks of the term into which a class's own skills are spread."""
MANNERS = (
    (Manner.HONEST, 74),
    (Manner.FLAT, 7),
    (Manner.CONTRADICTORY, 5),
    (Manner.EMPTY, 4),
    (Manner.WORDS_ONLY, 5),
    (Manner.HASTY, 5),
)
SILENT, AGAIN = 0.06, 0.1
"""Shares of the students who never hand the questionnaire in, and who hand it in twice."""


@dataclass(frozen=True, slots=True)
class _Plan:
    code: str
    title: str
    grade: int
    size: int


PLANS: Mapping[str, tuple[_Plan, ...]] = {
    "riverside": (
        _Plan("MATH-3A", "Grade 3 Mathematics", 3, 31),
        _Plan("MATH-4B", "Grade 4 Mathematics", 4, 30),
    ),
    "hillcrest": (
        _Plan("MATH-2C", "Grade 2 Mathematics", 2, 28),
        _Plan("MATH-6A", "Grade 6 Mathematics", 6, 32),
        _Plan("MATH-8B", "Grade 8 Mathematics", 8, 31),
    ),
}


def schools(*, seed: int) -> tuple[School, School]:
    """Return the two schools; the recorded class is one of Riverside's."""
    found: dict[str, list[SchoolClass]] = {"riverside": [recorded_class()], "hillcrest": []}
    account = 1000
    for name, plans in PLANS.items():
        for plan in plans:
            people = draw_people(random.Random(f"people:{seed}:{plan.code}"), count=plan.size + 1)
            members = [
                Person(f"{name}-{account + n}", given, family, str(account + n), grade=plan.grade if n else 0)
                for n, (given, family) in enumerate(people)
            ]
            found[name].append(SchoolClass(plan.code, plan.title, plan.grade, members[0], members[1:]))
            account += 100
    return (
        School("riverside", "Riverside Elementary School", HOME_PAGE, found["riverside"]),
        School("hillcrest", "Hillcrest School", "https://canvas.hillcrest.example", found["hillcrest"]),
    )


def windows(group: SchoolClass, skills: Mapping[str, Skill], needs: Sequence[Need]) -> Iterator[Window]:
    """Yield a class's scope: last year's skills all term, its own week by week, none before what it needs.

    The recorded class keeps the windows in which its quizzes fell.
    """
    own = _in_order([skill for skill in skills.values() if skill.grade == group.grade], needs)
    last_year = [skill.ref for skill in skills.values() if skill.grade == group.grade - 1]
    due = (END - dt.timedelta(weeks=1)).isoformat()
    recorded = recorded_windows() if group.code == RECORDED else []
    yield from recorded
    taken = {window.skill for window in recorded}
    for ref in (ref for ref in last_year if ref not in taken):
        yield Window(group.code, ref, TERM.isoformat(), END.isoformat(), due)
    for place, ref in enumerate(own):
        if ref in taken:
            continue
        opens = TERM + dt.timedelta(weeks=place * WEEKS // len(own))
        yield Window(group.code, ref, opens.isoformat(), END.isoformat(), due)


def _in_order(skills: Sequence[Skill], needs: Sequence[Need]) -> list[str]:
    """Return the skills so that each comes after what it needs, else as they stand."""
    left = [skill.ref for skill in skills]
    before = {ref: {n.needs for n in needs if n.skill == ref} for ref in left}
    order: list[str] = []
    while left:
        ready = next(ref for ref in left if not before[ref] & set(left))
        left.remove(ready)
        order.append(ready)
    return order


def hand_ins(school: School, *, seed: int) -> list[Submission]:
    """Return the school's answers to the questionnaire, in the order in which they are handed in."""
    survey, questions = read_questions()
    found: list[Submission] = []
    for group in school.classes:
        if group.code == RECORDED:
            found.extend(submissions(group, seed=seed))
            continue
        for student in group.students:
            dice = random.Random(f"survey:{seed}:{student.ref}")
            taste, manner = draw_taste(dice), dice.choices(*zip(*MANNERS, strict=True))[0]
            days = [] if dice.random() < SILENT else [TERM + dt.timedelta(days=dice.randint(7, 18))]
            if dice.random() < AGAIN:
                days.append(TERM + dt.timedelta(days=dice.randint(50, 64)))
            for place, day in enumerate(days):
                if place:
                    taste, manner = draw_taste(dice), Manner.HONEST
                at = dt.datetime.combine(day, dt.time(13), dt.UTC) + dt.timedelta(seconds=dice.randrange(2400))
                answers = fill_in(questions, taste, manner, dice)
                found.append(Submission(survey, f"{school.home_page}|{student.account}", at, answers))
    return sorted(found, key=lambda submission: (submission.submitted_at, submission.student))


def write_district(folder: Path, *, seed: int) -> list[Task]:
    """Write both schools, each into a folder of its own, and return the catalogue that they share."""
    skills = read_skills()
    needs = bridged_needs(among=skills)
    tasks = make_tasks(skills, read_shapes(), read_plans(), seed=seed)
    for school in schools(seed=seed):
        home = folder / school.ref
        home.mkdir(parents=True, exist_ok=True)
        write_roster(home, school)
        write_curriculum(home, "Mathematics, kindergarten to grade 8", list(skills.values()), needs)
        write_materials(home, tasks, site=f"https://materials.{school.ref}.example")
        write_scope(home, [w for group in school.classes for w in windows(group, skills, needs)])
        write_lines(home / "surveys.jsonl", [survey_request(found) for found in hand_ins(school, seed=seed)])
        copy_shared(home)
        if school.ref == "riverside":
            write_alignments(home, [(name, name.split(" ")[0]) for name in recording.question_names()])
    return tasks
