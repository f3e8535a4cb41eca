"""All that a set of files holds, as rows by kind, and all that is wrong with it."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sized
from dataclasses import dataclass, field, replace
from typing import TypeVar

from lms.files.problem import Place, Problem
from lms.files.rows import (
    AliasRow,
    AlignmentRow,
    ClassRow,
    EnrolmentRow,
    MaterialRow,
    PersonRow,
    PrerequisiteRow,
    SchoolRow,
    ScopeRow,
    SessionRow,
    SkillRow,
    SurveyRow,
    TopicRow,
)

LONGEST_NAME = 500
"""In characters of at most four bytes: names are looked up by an index, which takes 2,700 bytes."""
MOST_PROBLEMS = 1_000
"""More are counted and not told: whoever mends a thousand reads on after the next try."""

Row = TypeVar("Row")


@dataclass(slots=True)
class Bundle:
    """Rows by kind and ref. The parsers fill it; a load only reads it."""

    schools: dict[str, SchoolRow] = field(default_factory=dict)
    sessions: dict[str, SessionRow] = field(default_factory=dict)
    course_grades: dict[str, float] = field(default_factory=dict)
    roles: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """OneRoster 1.2: (role, schools) by person."""
    people: dict[str, PersonRow] = field(default_factory=dict)
    relatives: set[str] = field(default_factory=set)
    """Refs of people whom nothing is kept of: parents and other relatives."""
    classes: dict[str, ClassRow] = field(default_factory=dict)
    enrolments: list[EnrolmentRow] = field(default_factory=list)
    skills: dict[str, SkillRow] = field(default_factory=dict)
    prerequisites: dict[tuple[str, str], PrerequisiteRow] = field(default_factory=dict)
    """By (skill, what it needs)."""
    topics: dict[str, TopicRow] = field(default_factory=dict)
    alignments: dict[tuple[str, str], AlignmentRow] = field(default_factory=dict)
    """By (item, skill)."""
    materials: dict[str, MaterialRow] = field(default_factory=dict)
    scope: dict[tuple[str, str], ScopeRow] = field(default_factory=dict)
    """By (class, skill)."""
    surveys: dict[str, SurveyRow] = field(default_factory=dict)
    aliases: dict[tuple[str, str], AliasRow] = field(default_factory=dict)
    """By (kind, name)."""
    files: list[str] = field(default_factory=list)
    """The names of the files that were read, in order."""
    deltas: set[str] = field(default_factory=set)
    """Roster files that the manifest calls a delta: what they leave out has not ended."""
    spoken: set[str] = field(default_factory=set)
    """Kinds of links for which a file was there: of the skill, item or class that it names, it tells all of them."""
    encoding: str | None = None
    """How files that are not UTF-8 are saved, as whoever loads them says."""
    read_as: dict[str, str] = field(default_factory=dict)
    """How files were read that are written otherwise than in UTF-8 with commas, by name."""
    problems: list[Problem] = field(default_factory=list)
    untold: int = 0
    """How many problems there are beyond the first thousand."""

    def note(self, at: Place, column: str, wrong: str, mend: str) -> None:
        """Note a problem."""
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(Problem(at.file, at.line, column, wrong, mend))
        else:
            self.untold += 1

    def tell_reading(self, file: str, how: str) -> None:
        """Note that a file is written in another way than usual, and was read so."""
        self.read_as[file] = f"{self.read_as[file]}, {how}" if file in self.read_as else how

    def once(self, known: Mapping[str, Row], ref: str, at: Place, column: str) -> bool:
        """Return whether `ref` is new among the rows known; note a problem where it is not."""
        if ref in known:
            first: Place | None = getattr(known[ref], "at", None)
            where = "" if first is None else f" in {first.seen_from(at)}"
            self.note(at, column, f"{ref!r} already stands{where}", "Remove one of the two.")
            return False
        return True

    def call(self, kind: str, name: str | None, ref: str, at: Place) -> None:
        """Note that senders may call `ref` by `name`; a name of a kind means one thing."""
        if not name:
            return
        if len(name) > LONGEST_NAME:
            self.note(at, "", f"a name of {ref[:50]!r} is longer than {LONGEST_NAME} characters", "Shorten it.")
            return
        other = self.aliases.setdefault((kind, name), AliasRow(ref, at))
        if other.ref != ref:
            wrong = f"{name!r} already means the {kind.replace('_', ' ')} {other.ref!r}"
            self.note(at, "", wrong, "Give one of them another name: a name means one thing.")

    @property
    def rows(self) -> int:
        """How many rows it holds, aliases left out."""
        kinds: tuple[Sized, ...] = (self.people, self.classes, self.enrolments, self.skills, self.prerequisites)
        more: tuple[Sized, ...] = (self.topics, self.alignments, self.materials, self.scope, self.surveys)
        return sum(len(kind) for kind in kinds + more)

    def of_school(self, ref: str) -> Bundle:
        """Return what concerns one school, of a district's files: its people, its classes, and who is in them."""
        people = {name: row for name, row in self.people.items() if not row.schools or ref in row.schools}
        classes = {name: row for name, row in self.classes.items() if row.school in {None, ref}}
        kept: dict[str, Container[str]] = {"person": people, "class": classes}
        return replace(
            self,
            schools={name: row for name, row in self.schools.items() if name == ref},
            people=people,
            classes=classes,
            enrolments=[
                row
                for row in self.enrolments
                # Whom no file describes is looked for in the database, and so stays.
                if not _elsewhere(row.class_ref, self.classes, classes)
                and not _elsewhere(row.person, self.people, people)
            ],
            aliases={key: row for key, row in self.aliases.items() if key[0] not in kept or row.ref in kept[key[0]]},
        )


def _elsewhere(ref: str, described: Mapping[str, Row], kept: Mapping[str, Row]) -> bool:
    return ref in described and ref not in kept
