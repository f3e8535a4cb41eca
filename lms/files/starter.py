"""A folder of files for a new school: what is known of it, and headers for what is to be filled in."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lms.files.columns import (
    ALIGNMENTS,
    CLASSES,
    ENROLLMENTS,
    MATERIALS,
    ORGS,
    SCOPE,
    SKILLS,
    TOPICS,
    USERS,
    FileFormat,
)

Row = Mapping[str, str]
SKILL_COUNT = 3
LEVELS = {"easy": "-1", "middling": "0", "hard": "1"}
"""Difficulties in logits of the made-up materials of a skill."""


@dataclass(frozen=True, slots=True)
class NewSchool:
    """What is known of a school on its first day."""

    name: str
    classes: tuple[str, ...]
    subject: str
    timezone: str
    grade: str = ""
    examples: bool = False
    """Whether made-up people, skills and materials stand in the files, so that they show something at once."""

    @property
    def ref(self) -> str:
        """The school's id."""
        return slug(self.name)


def slug(text: str) -> str:
    """Return a text as a short id: small letters, digits and hyphens, of other alphabets too."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return re.sub(r"[^\w]+", "-", plain.casefold()).strip("-_")[:60] or "x"


def files(school: NewSchool) -> dict[str, str]:
    """Return the text of each file by its name; together they load."""
    rows = _rows_of(school)
    formats = (ORGS, CLASSES, USERS, ENROLLMENTS, SKILLS, TOPICS, MATERIALS, ALIGNMENTS, SCOPE)
    return {each.name: table(each, rows.get(each.name, ())) for each in formats}


def table(form: FileFormat, rows: Iterable[Row]) -> str:
    """Return a CSV with all columns of a file."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, [column.name for column in form.columns], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _rows_of(school: NewSchool) -> dict[str, Sequence[Row]]:
    refs = class_refs(school.classes)
    grade = {"grades": school.grade}
    org = {"sourcedId": school.ref, "name": school.name, "type": "school", "timezone": school.timezone}
    classes = [
        {"sourcedId": ref, "title": title, "schoolSourcedId": school.ref, **grade} for ref, title in refs.items()
    ]
    rows: dict[str, Sequence[Row]] = {"orgs.csv": [org], "classes.csv": classes}
    return rows | (_examples(school, list(refs)) if school.examples else {})


def class_refs(titles: Iterable[str]) -> dict[str, str]:
    """Return titles of classes by their ids."""
    refs: dict[str, str] = {}
    for title in titles:
        ref = slug(title)
        while ref in refs:
            ref = f"{ref}-2"
        refs[ref] = title
    return refs


def _examples(school: NewSchool, classes: Sequence[str]) -> dict[str, Sequence[Row]]:
    skills = [f"{slug(school.subject).upper()}-{number}" for number in range(1, SKILL_COUNT + 1)]
    people = [("teacher", f"{ref}-teacher", ref) for ref in classes]
    people += [("student", f"{ref}-student-{number}", ref) for ref in classes for number in (1, 2)]
    return {
        "users.csv": [
            {"sourcedId": ref, "role": role, "orgSourcedIds": school.ref, "givenName": "Example", "familyName": ref}
            for role, ref, _ in people
        ],
        "enrollments.csv": [
            {"classSourcedId": of, "userSourcedId": ref, "role": role, "schoolSourcedId": school.ref}
            for role, ref, of in people
        ],
        "skills.csv": [
            {"skill": skill, "title": f"Example skill {number} of {school.subject}", "grade": school.grade}
            for number, skill in enumerate(skills, start=1)
        ],
        "materials.csv": [
            {
                "material": f"{slug(skill)}-{level}",
                "title": f"An {level} task for {skill}" if level == "easy" else f"A {level} task for {skill}",
                "url": f"https://lms.example/{slug(skill)}/{level}",
                "skills": skill,
                "difficulty": difficulty,
            }
            for skill in skills
            for level, difficulty in LEVELS.items()
        ],
        "alignments.csv": [{"item": f"{skill} question 1", "skill": skill} for skill in skills],
        "scope.csv": [{"class": ref, "skill": skill} for ref in classes for skill in skills],
    }
