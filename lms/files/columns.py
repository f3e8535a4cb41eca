"""Every CSV that is read, and every column: what it means and an example. Readers read these columns and no others.

`docs/files.md` and `souschef template` are made from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a CSV."""

    name: str
    meaning: str
    example: str = ""
    needed: bool = False


@dataclass(frozen=True, slots=True)
class FileFormat:
    """One CSV: what it holds and its columns."""

    name: str
    about: str
    columns: tuple[Column, ...]

    @property
    def needs(self) -> tuple[str, ...]:
        """The columns that must be there."""
        return tuple(column.name for column in self.columns if column.needed)

    @property
    def may(self) -> tuple[str, ...]:
        """The columns that may be there besides."""
        return tuple(column.name for column in self.columns if not column.needed)


def _must(name: str, meaning: str, example: str) -> Column:
    return Column(name, meaning, example, needed=True)


SKILLS = FileFormat(
    "skills.csv",
    "What students practise. A CASE package, `skills.json`, may stand in its place.",
    (
        _must("skill", "Its code.", "4.NF.1"),
        _must("title", "What it is.", "Equal fractions"),
        Column("grade", "The year of school, from 0 (kindergarten) to 13.", "4"),
        Column("strand", "What it is part of.", "Fractions"),
        Column("weight", "How important it is, from .01 to 100; 1 if empty.", "1"),
        Column("student_title", "What students read instead; the title if empty.", "fractions of the same size"),
        Column("names", "Its other names, such as the GUID in an outcome or a package, separated by `;`.", ""),
    ),
)
PREREQUISITES = FileFormat(
    "prerequisites.csv",
    "Which skill needs which. For a skill that stands in it, it holds all prerequisites.",
    (
        _must("skill", "The skill that comes later.", "4.NF.2"),
        _must("needs", "The skill that comes first.", "4.NF.1"),
        Column("strength", "`strong` or `weak`; strong if empty.", "strong"),
    ),
)
TOPICS = FileFormat(
    "topics.csv",
    "What students may like.",
    (
        _must("topic", "Its code.", "sports"),
        _must("title", "What it is called.", "Sports"),
        Column("phrases", "What students write of it, separated by `;`.", "soccer;running"),
    ),
)
ALIGNMENTS = FileFormat(
    "alignments.csv",
    "Which skills a question of the LMS asks for. For an item that stands in it, it holds all of them.",
    (
        _must("item", "The question's name or address, as events have it.", "https://lms.example/mod/quiz/q1"),
        _must("skill", "A skill's code.", "4.NF.1"),
        Column("source", "For the reader alone.", ""),
        Column("weight", "How much it asks for the skill, from 0 (takes the alignment away) to 1; 1 if empty.", "1"),
        Column("difficulty", "In logits from -6 (easy) to 6; empty is unknown, and is learnt.", ""),
    ),
)
MATERIALS = FileFormat(
    "materials.csv",
    "What can be assigned. A material that is left out stays as it is loaded.",
    (
        _must("material", "Its code.", "halves-1"),
        _must("title", "What students read.", "Sharing a pizza"),
        _must("url", "Where it is; begins with https:// or with a slash.", "https://lms.example/mod/page/1"),
        _must("skills", "Codes separated by `;`; the first is the one that it is for.", "4.NF.1"),
        Column(
            "difficulty",
            "In logits from -6 (easy) to 6, relative to its skills' own; empty is unknown: 0 until answers tell.",
            "-1",
        ),
        Column("context", "The topic that it is about; empty is none.", "sports"),
        Column("depth", "`structural`, `cosmetic` or `neutral`: how deep the topic goes; cosmetic with a topic.", ""),
        Column("reading_level", "The grade that its text is written for, from -5 to 20.", ""),
        Column("minutes", "How long it takes, from 1 to 600; 10 if empty.", "10"),
        Column("language", "A language tag; en if empty.", "en"),
        Column("licence", "Under which it may be used.", ""),
        Column("active_from", "The first day on which it may be assigned.", ""),
        Column("active_until", "The last day.", ""),
        Column("twin", "The material that is the same task about another topic.", ""),
        Column("items", "Names under which the LMS reports answers to its questions, separated by `;`.", ""),
        Column("text", "The task, for pages without an LMS.", ""),
        Column("answer", "The right answer, for the same.", ""),
    ),
)
SCOPE = FileFormat(
    "scope.csv",
    "What a class works on. For a class that stands in it, it holds the whole scope.",
    (
        _must("class", "The class's sourcedId or code.", "k1"),
        _must("skill", "A skill's code.", "4.NF.1"),
        Column("from", "The first day.", ""),
        Column("until", "The last day, which still counts.", ""),
        Column("due", "The day by which it should be mastered, which still counts.", ""),
    ),
)
OURS: Sequence[FileFormat] = (SKILLS, PREREQUISITES, TOPICS, MATERIALS, ALIGNMENTS, SCOPE)
"""Our own CSVs: right or refused, and a column that is not known is refused."""

ORGS = FileFormat(
    "orgs.csv",
    "The schools.",
    (
        _must("sourcedId", "The school's id.", "elm"),
        _must("name", "What it is called.", "Elm School"),
        _must("type", "`school`; other types are left unread.", "school"),
        Column("status", "A school whose status is a word of withdrawal is left unread.", ""),
        Column("identifier", "Another name of the school for `--school`.", ""),
        Column("timezone", "Ours, not OneRoster's: its time zone, for a school that has none yet.", "Europe/Berlin"),
    ),
)
USERS = FileFormat(
    "users.csv",
    "Students, teachers and staff. Of parents nothing is read, nor any e-mail, phone or birth date of anybody.",
    (
        _must("sourcedId", "The person's id.", "s1"),
        Column("status", "`active`, or a word of withdrawal such as `tobedeleted` or `inactive`.", ""),
        Column("enabledUser", "`false`: not active.", "true"),
        Column("orgSourcedIds", "Their schools, separated by commas.", "elm"),
        Column(
            "role",
            "`student`, `teacher`, `aide`, `administrator`, ...; in version 1.2 it stands in roles.csv.",
            "student",
        ),
        Column(
            "userIds",
            "What the LMS calls them: `{https://lms.example:413}`, `{:mailto:a@b.example}`, several with commas.",
            "{https://lms.example:413}",
        ),
        Column("givenName", "For the teacher's pages.", "Ada"),
        Column("familyName", "The same.", "Lee"),
        Column("identifier", "Their number; a second name where nobody else has it.", ""),
        Column("grades", "The year of school: `KG`, `04`, ...; the first counts.", "04"),
    ),
)
CLASSES = FileFormat(
    "classes.csv",
    "The classes (sections).",
    (
        _must("sourcedId", "The class's id.", "k1"),
        _must("title", "What it is called.", "Math 4A"),
        Column("status", "As in users.csv.", ""),
        Column("grades", "As in users.csv; if empty, the course's.", "04"),
        Column("courseSourcedId", "The course, in courses.csv.", ""),
        Column("classCode", "A second name where no other class has it.", ""),
        Column("schoolSourcedId", "The school.", "elm"),
        Column("termSourcedIds", "Its terms, in academicSessions.csv, separated by commas.", ""),
    ),
)
ENROLLMENTS = FileFormat(
    "enrollments.csv",
    "Who is in which class. Who is left out of a class that is described has left it.",
    (
        _must("classSourcedId", "The class.", "k1"),
        _must("userSourcedId", "The person.", "s1"),
        _must("role", "As in users.csv; `student` for who is taught.", "student"),
        Column("status", "As in users.csv.", ""),
        Column("schoolSourcedId", "The school.", "elm"),
        Column("beginDate", "The first day; if empty, the term's, else the day of the load.", "2026-08-31"),
        Column("endDate", "The first day without the person; if empty, the term's, else none.", ""),
    ),
)
ROSTERS: Sequence[FileFormat] = (ORGS, USERS, CLASSES, ENROLLMENTS)
"""OneRoster 1.1 and 1.2, as systems export it: other columns are left unread, and bad rows are left out."""
