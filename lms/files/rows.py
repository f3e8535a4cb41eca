"""What files hold, row by row: refs are the school's own names, nothing is resolved yet.

A moment without a zone is a local time of the school, whose zone is known when the rows are loaded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime, tzinfo
from typing import Any, TypeVar

from lms.files.problem import SourceLocation
from lms.local_time import as_utc


@dataclass(frozen=True, slots=True)
class SchoolRow:
    """One school."""

    ref: str
    name: str
    identifier: str | None
    at: SourceLocation
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A term: since when and until when (exclusive) its classes meet."""

    began_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One student or one of the staff."""

    ref: str
    role: str
    """student, teacher or staff."""
    given_name: str | None
    family_name: str | None
    grade: float | None
    active: bool
    deleted: bool
    schools: tuple[str, ...]
    """The schools that they belong to; empty where the file does not say."""
    at: SourceLocation
    identifier: str | None = None
    """Their number at the school, where the file has one."""
    accounts: tuple[str, ...] = ()
    """What their LMS calls them."""


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class; `usual` is the time of its terms, which stands in for dates that an enrolment leaves out."""

    ref: str
    title: str
    grade: float | None
    usual: SessionRow
    deleted: bool
    school: str | None
    at: SourceLocation


@dataclass(frozen=True, slots=True)
class EnrolmentRow:
    """One person in one class from a day on, up to a day (exclusive)."""

    class_ref: str
    person: str
    role: str
    began_at: datetime | None
    ended_at: datetime | None
    deleted: bool
    at: SourceLocation


@dataclass(frozen=True, slots=True)
class SkillRow:
    """One skill."""

    ref: str
    title: str
    grade: float | None
    strand: str | None
    weight: float
    at: SourceLocation
    student_title: str | None = None


@dataclass(frozen=True, slots=True)
class PrerequisiteRow:
    """`skill` needs `needs`."""

    skill: str
    needs: str
    strength: str
    """strong or weak."""
    at: SourceLocation


@dataclass(frozen=True, slots=True)
class TopicRow:
    """One topic of interest with the phrases that free text is compared with."""

    ref: str
    title: str
    phrases: tuple[str, ...]
    at: SourceLocation


@dataclass(frozen=True, slots=True)
class AlignmentRow:
    """One item asks for one skill."""

    item: str
    skill: str
    weight: float
    difficulty: float | None
    """In logits; None is unknown."""
    at: SourceLocation


@dataclass(frozen=True, slots=True)
class MaterialRow:
    """One thing that can be assigned."""

    ref: str
    title: str
    url: str
    skills: tuple[str, ...]
    """The first is the one that it is for."""
    difficulty: float
    """In logits relative to its skills' own; 0 where it is not known."""
    difficulty_known: bool
    context: str | None
    """The topic that it is dressed in; None is neutral."""
    depth: str
    """structural, cosmetic or neutral."""
    reading_level: float | None
    minutes: int
    language: str
    licence: str | None
    active_from: datetime | None
    active_until: datetime | None
    twin: str | None
    """The material that is the same task in another context."""
    text: str | None
    answer: str | None
    at: SourceLocation


@dataclass(frozen=True, slots=True)
class ScopeRow:
    """One skill that a class is at, and when."""

    class_ref: str
    skill: str
    opens_at: datetime | None
    closes_at: datetime | None
    due_at: datetime | None
    at: SourceLocation


@dataclass(frozen=True, slots=True)
class SurveyRow:
    """One questionnaire as it was written; what it must look like is checked where questionnaires are known."""

    ref: str
    document: Mapping[str, Any]
    at: SourceLocation


@dataclass(frozen=True, slots=True)
class AliasRow:
    """One name by which senders call something."""

    ref: str
    at: SourceLocation
    active: bool = True
    """False: of somebody who has left, who keeps it only where nobody else claims it."""


Dated = TypeVar("Dated", SessionRow, ClassRow, EnrolmentRow, MaterialRow, ScopeRow)


def in_zone(row: Dated, zone: tzinfo) -> Dated:
    """Return a row with its local times as moments in UTC."""
    moments: dict[str, Any] = {}
    for field in fields(row):
        match getattr(row, field.name):
            case datetime() as moment:
                moments[field.name] = as_utc(moment, zone)
            case SessionRow() as usual:
                moments[field.name] = in_zone(usual, zone)
    return replace(row, **moments) if moments else row
