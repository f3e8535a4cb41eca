"""All that a set of files holds, as rows by kind, and all that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sized
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from typing import TypeVar

from lms.files.column_map import ColumnMap
from lms.files.findings import Findings
from lms.files.names import Names
from lms.files.problem import Problem, Severity, SourceLocation
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
    in_zone,
)
from lms.files.sheets import Sheet

MAX_NAME_LENGTH = 500
"""In characters of at most four bytes: names are looked up by an index, which takes 2,700 bytes."""
Row = TypeVar("Row")


@dataclass(slots=True)
class Bundle:
    """Rows by kind and ref. The parsers fill it; a load only reads it."""

    schools: dict[str, SchoolRow] = field(default_factory=dict)
    sessions: dict[str, SessionRow] = field(default_factory=dict)
    course_grades: dict[str, float] = field(default_factory=dict)
    roles: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    """OneRoster 1.2: (role, schools) by person."""
    without_role: set[str] = field(default_factory=set)
    """Refs of people whose roles are all over, or still to come."""
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
    names: Names = field(default_factory=Names)
    files: list[str] = field(default_factory=list)
    """The names of the files that were read, in order."""
    deltas: set[str] = field(default_factory=set)
    """Roster files that the manifest calls a delta: what they leave out has not ended."""
    spoken: set[str] = field(default_factory=set)
    """Kinds of links for which a file was there: of the skill, item or class that it names, it tells all of them."""
    encoding: str | None = None
    """How files that are not UTF-8 are saved, as the person who loads them says."""
    read_as: dict[str, str] = field(default_factory=dict)
    """How files were read that are written otherwise than in UTF-8 with commas, by name."""
    unread_enrolments: set[tuple[str, str]] = field(default_factory=set)
    """(class, person) of rows that are left out: what is stored of them stays as it is."""
    findings: Findings = field(default_factory=Findings)
    columns: ColumnMap = field(default_factory=ColumnMap)
    """What the columns of the files are called here."""
    sheets: dict[str, Sheet] = field(default_factory=dict)
    """Sheets of workbooks by the file that each stands for; readers find their rows here."""
    now: datetime | None = None
    """The school's time, by which periods of validity are judged; None: all are valid."""

    @property
    def problems(self) -> list[Problem]:
        """What is wrong, fatal or with a row that is left out."""
        return self.findings.problems

    @property
    def untold(self) -> int:
        """How many problems there are that are not listed."""
        return self.findings.untold

    @property
    def notices(self) -> list[Problem]:
        """What rows are loaded without."""
        return [*self.findings.notices(), *self.names.notices()]

    @property
    def aliases(self) -> Mapping[tuple[str, str], AliasRow]:
        """What each name means, by (kind, name)."""
        return self.names.settled

    def note(self, at: SourceLocation, column: str, wrong: str, hint: str, severity: Severity = Severity.FATAL) -> None:
        """Note a problem."""
        self.findings.note(at, column, wrong, hint, severity)

    def notice(self, at: SourceLocation, column: str, wrong: str, hint: str, *, about: str = "") -> None:
        """Note what a row is loaded without; what several rows of a file have in common (`about`) is said once."""
        self.findings.notice(at, column, wrong, hint, about=about)

    def tell_reading(self, file: str, how: str) -> None:
        """Note that a file is written in another way than usual, and was read so."""
        self.read_as[file] = f"{self.read_as[file]}, {how}" if file in self.read_as else how

    def first_of(self, existing: Mapping[str, Row], ref: str, at: SourceLocation) -> str:
        """Return where the row of a ref stands that is there already, for a sentence."""
        first: SourceLocation | None = getattr(existing[ref], "at", None)
        return "" if first is None else f" in {first.seen_from(at)}"

    def call(self, kind: str, name: str | None, ref: str, at: SourceLocation, *, active: bool = True) -> None:
        """Note that senders may call `ref` by `name`; a name that is not unique in its kind will mean nothing."""
        if not name:
            return
        if len(name) > MAX_NAME_LENGTH:
            wrong = f"a name of {ref[:50]!r} is longer than {MAX_NAME_LENGTH} characters"
            self.notice(at, "", wrong, "Shorten it; until then it is left out.", about="length")
            return
        self.names.claim(kind, name, AliasRow(ref, at, active=active))

    @property
    def rows(self) -> int:
        """How many rows it holds, aliases left out."""
        kinds: tuple[Sized, ...] = (self.people, self.classes, self.enrolments, self.skills, self.prerequisites)
        more: tuple[Sized, ...] = (self.topics, self.alignments, self.materials, self.scope, self.surveys)
        return sum(len(kind) for kind in kinds + more)

    def in_zone(self, zone: tzinfo) -> Bundle:
        """Return the rows with the school's local times as moments in UTC."""
        return replace(
            self,
            classes={ref: in_zone(row, zone) for ref, row in self.classes.items()},
            enrolments=[in_zone(row, zone) for row in self.enrolments],
            materials={ref: in_zone(row, zone) for ref, row in self.materials.items()},
            scope={key: in_zone(row, zone) for key, row in self.scope.items()},
        )

    def of_school(self, ref: str) -> Bundle:
        """Return what concerns one school, of a district's files: its people, its classes, and who is in them."""
        people = {name: row for name, row in self.people.items() if not row.schools or ref in row.schools}
        classes = {name: row for name, row in self.classes.items() if row.school in {None, ref}}
        return replace(
            self,
            schools={name: row for name, row in self.schools.items() if name == ref},
            people=people,
            classes=classes,
            enrolments=[
                row
                for row in self.enrolments
                # Whom no file describes is looked for in the database, and so stays.
                if row.at.concerns(ref)
                and not _elsewhere(row.class_ref, self.classes, classes)
                and not _elsewhere(row.person, self.people, people)
            ],
            scope={key: row for key, row in self.scope.items() if not _elsewhere(row.class_ref, self.classes, classes)},
            names=self.names.narrowed({"person": people, "class": classes}),
            findings=self.findings.of_school(ref),
        )


def _elsewhere(ref: str, described: Mapping[str, Row], scope: Mapping[str, Row]) -> bool:
    return ref in described and ref not in scope
