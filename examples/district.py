"""Two invented schools with nine classes, 180 students and the whole catalogue, as files."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from examples import recording
from examples.catalogue import Task, make_tasks
from examples.curriculum import Prerequisite, Skill, bridged_prerequisites, read_skills
from examples.interests import ResponseStyle, draw_profile, fill_in, read_questions
from examples.names import draw_people
from examples.oneroster import Person, School, SchoolClass, write_roster
from examples.plans import read_plans
from examples.riverside_class import CLASS as RECORDED
from examples.riverside_class import END, HOME_PAGE, SEMESTER_START, recorded_class, submissions
from examples.riverside_class import windows as recorded_windows
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

WEEKS = 14
"""Weeks of the semester into which a class's own skills are spread."""
STYLES = (
    (ResponseStyle.HONEST, 74),
    (ResponseStyle.FLAT, 7),
    (ResponseStyle.CONTRADICTORY, 5),
    (ResponseStyle.EMPTY, 4),
    (ResponseStyle.WORDS_ONLY, 5),
    (ResponseStyle.HASTY, 5),
)
SECTION, OTHER_SECTION, INTERVENTION, BAND = "MATH-6A", "MATH-6B", "HELP-6", "BAND"
"""Of Hillcrest: the two halves of grade 6, some of both once more for the skills of the grades below, and who plays."""
NEEDS_HELP = 4
"""Every so many of grade 6 are in the intervention class."""
PLAYS = 3
"""Every so many of grades 6 and 8 are in the band."""
SILENT, AGAIN = 0.06, 0.1
"""Shares of the students who never send the questionnaire in, and who send it twice."""


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
                Person(f"{name}-{account + n}", given_name, family_name, str(account + n), grade=plan.grade if n else 0)
                for n, (given_name, family_name) in enumerate(people)
            ]
            found[name].append(SchoolClass(plan.code, plan.title, plan.grade, members[0], members[1:]))
            account += 100
    found["hillcrest"] = with_second_classes(found["hillcrest"], seed=seed)
    return (
        School("riverside", "Riverside Elementary School", HOME_PAGE, found["riverside"]),
        School("hillcrest", "Hillcrest School", "https://canvas.hillcrest.example", found["hillcrest"]),
    )


def with_second_classes(classes: Sequence[SchoolClass], *, seed: int) -> list[SchoolClass]:
    """Return Hillcrest's classes with grade 6 in two sections of one teacher, an intervention class, and a band.

    So its students are in one to four classes: some in two of mathematics, some in one that has no scope at all.
    """
    sixth = next(group for group in classes if group.code == SECTION)
    half = len(sixth.students) // 2
    players = [student for group in classes if group.grade >= sixth.grade for student in group.students][::PLAYS]
    more = [
        Person(f"hillcrest-{900 + n}", given_name, family_name, str(900 + n))
        for n, (given_name, family_name) in enumerate(draw_people(random.Random(f"people:{seed}:second"), count=2))
    ]
    return [
        *(group for group in classes if group is not sixth),
        replace(sixth, students=sixth.students[:half]),
        replace(sixth, code=OTHER_SECTION, students=sixth.students[half:]),
        SchoolClass(INTERVENTION, "Mathematics Support 6", 6, more[0], sixth.students[::NEEDS_HELP]),
        SchoolClass(BAND, "Band", 6, more[1], players, subject="Music"),
    ]


def windows(group: SchoolClass, skills: Mapping[str, Skill], prerequisites: Sequence[Prerequisite]) -> Iterator[Window]:
    """Yield a class's scope: last year's skills all semester, its own week by week, none before what it needs.

    The recorded class keeps the windows in which its quizzes fell. The intervention class works on the two grades below
    its own, all semester; the band on no skill.
    """
    if group.code == BAND:
        return
    if group.code == INTERVENTION:
        for skill in skills.values():
            if group.grade - 2 <= skill.grade < group.grade:
                yield Window(group.code, skill.ref, SEMESTER_START.isoformat(), END.isoformat(), "")
        return
    own = _in_order([skill for skill in skills.values() if skill.grade == group.grade], prerequisites)
    last_year = [skill.ref for skill in skills.values() if skill.grade == group.grade - 1]
    due = (END - dt.timedelta(weeks=1)).isoformat()
    recorded = recorded_windows() if group.code == RECORDED else []
    yield from recorded
    taken = {window.skill for window in recorded}
    for ref in (ref for ref in last_year if ref not in taken):
        yield Window(group.code, ref, SEMESTER_START.isoformat(), END.isoformat(), due)
    for place, ref in enumerate(own):
        if ref in taken:
            continue
        opens = SEMESTER_START + dt.timedelta(weeks=place * WEEKS // len(own))
        yield Window(group.code, ref, opens.isoformat(), END.isoformat(), due)


def _in_order(skills: Sequence[Skill], prerequisites: Sequence[Prerequisite]) -> list[str]:
    """Return the skills so that each comes after what it needs, else as they stand."""
    left = [skill.ref for skill in skills]
    before = {ref: {n.requires for n in prerequisites if n.skill == ref} for ref in left}
    order: list[str] = []
    while left:
        ready = next(ref for ref in left if not before[ref] & set(left))
        left.remove(ready)
        order.append(ready)
    return order


def survey_submissions(school: School, *, seed: int) -> list[Submission]:
    """Return the school's answers to the questionnaire, in the order in which they were sent."""
    survey, questions = read_questions()
    found: list[Submission] = []
    asked: set[str] = set()
    for group in school.classes:
        if group.code == RECORDED:
            found.extend(submissions(group, seed=seed))
            continue
        for student in group.students:
            if student.ref in asked:
                continue
            asked.add(student.ref)
            dice = random.Random(f"survey:{seed}:{student.ref}")
            profile, style = draw_profile(dice), dice.choices(*zip(*STYLES, strict=True))[0]
            days = [] if dice.random() < SILENT else [SEMESTER_START + dt.timedelta(days=dice.randint(7, 18))]
            if dice.random() < AGAIN:
                days.append(SEMESTER_START + dt.timedelta(days=dice.randint(50, 64)))
            for place, day in enumerate(days):
                if place:
                    profile, style = draw_profile(dice), ResponseStyle.HONEST
                at = dt.datetime.combine(day, dt.time(13), dt.UTC) + dt.timedelta(seconds=dice.randrange(2400))
                answers = fill_in(questions, profile, style, dice)
                found.append(Submission(survey, f"{school.home_page}|{student.account}", at, answers))
    return sorted(found, key=lambda submission: (submission.submitted_at, submission.student))


def write_district(folder: Path, *, seed: int) -> list[Task]:
    """Write both schools, each into a folder of its own, and return the catalogue that they share."""
    skills = read_skills()
    prerequisites = bridged_prerequisites(among=skills)
    tasks = make_tasks(skills, read_task_templates(), read_plans(), seed=seed)
    for school in schools(seed=seed):
        home = folder / school.ref
        home.mkdir(parents=True, exist_ok=True)
        write_roster(home, school)
        write_curriculum(home, "Mathematics, kindergarten to grade 8", list(skills.values()), prerequisites)
        write_materials(home, tasks, site=f"https://materials.{school.ref}.example")
        write_scope(home, [w for group in school.classes for w in windows(group, skills, prerequisites)])
        write_lines(home / "surveys.jsonl", [survey_request(found) for found in survey_submissions(school, seed=seed)])
        copy_shared(home)
        if school.ref == "riverside":
            write_alignments(home, [(name, name.split(" ")[0]) for name in recording.question_names()])
    return tasks
