"""One student's place at the table: all that a decision may know of a student, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from learning.beliefs import SkillBelief


class Liking(Protocol):
    """What a decision reads of an interest; `learning.interests.Interest` is one."""

    @property
    def value(self) -> float:
        """Interest in [0, 1]; 0.5 is indifferent."""

    @property
    def confidence(self) -> float:
        """How sure that is, in [0, 1)."""

    @property
    def vetoed(self) -> bool:
        """The student does not want it at all."""


class AssignmentState(StrEnum):
    """Where an open assignment stands."""

    PROPOSED = "proposed"
    ASSIGNED = "assigned"
    STARTED = "started"


@dataclass(frozen=True, slots=True)
class Use:
    """One attempt on a material, whenever it was assigned."""

    material: int
    skill: int
    """The skill that the material is for."""
    at: float
    """Seconds since 1970."""
    outcome: float | None = None
    """Share of the points in [0, 1]; None is unknown, and counts neither as success nor as failure."""
    context: str | None = None
    difficulty: float | None = None
    """Logits, as the material had it; None is unknown."""


@dataclass(frozen=True, slots=True)
class CurrentAssignment:
    """One open slot: a default and its alternates, as published."""

    slot: int
    skill: int
    materials: tuple[int, ...]
    """The menu: the default first (a pick made by the student comes first)."""
    state: AssignmentState
    since: float
    """Seconds since 1970 when it was assigned."""
    evidence_until: float | None = None
    """The evidence watermark when it was assigned."""
    attempted: bool = False
    """An attempt on one of its materials has been seen: the slot is done."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Of the last `asked` graded answers on a skill, `right` were right (rounded; a handful, such as 8)."""

    right: int
    asked: int


@dataclass(frozen=True, slots=True)
class Pace:
    """What the student completed within the policy's `pace_days`."""

    completed: int
    """Assignments."""
    minutes: int
    """Their materials' minutes."""
    days: float
    """For how long assignments have been offered at all, at most `pace_days`."""


@dataclass(frozen=True, slots=True)
class Carry:
    """What one decision leaves to the next: keep it with the student's state and hand it back.

    Without new evidence it comes back as it was given, so nothing new means nothing to write.
    """

    choices: int = 0
    """Choices made so far on new evidence; every eighth explores."""
    beaten: tuple[tuple[int, int], ...] = ()
    """(slot, in how many consecutive refreshes something was better by more than the hysteresis)."""
    counted_until: float | None = None
    """The evidence watermark of the last refresh that counted."""
    rested: tuple[int, ...] = ()
    """Materials that lay unattempted and were replaced, the latest last: they do not come straight back."""


@dataclass(frozen=True, slots=True)
class Place:
    """All that a decision knows of one student. No name, no group, nothing but what is listed here."""

    student: int
    """The immutable internal id: breaks ties."""
    beliefs: Mapping[int, SkillBelief]
    """By skill, for `Catalogue.relevant(scope)`, as of the decision's time; a skill without one is not chosen."""
    responses: float = 0.0
    """Graded responses of the student altogether, weak ones by their weight."""
    interests: Mapping[str, Liking] = field(default_factory=dict)
    """By topic."""
    interest_switch: bool = True
    """The school's switch, the student's and consent together; off, interests are not read at all."""
    reading_level: float | None = None
    language: str = "en"
    history: tuple[Use, ...] = ()
    """The last hundred or so attempts on materials, oldest first."""
    tallies: Mapping[int, Tally] = field(default_factory=dict)
    """By skill: what the sentence quotes."""
    current: tuple[CurrentAssignment, ...] = ()
    evidence_until: float | None = None
    """The evidence watermark: seconds since 1970 of the latest fact behind the beliefs."""
    evidence: tuple[int, ...] = ()
    """Ids of the facts to cite in the record, at most a few."""
    pace: Pace | None = None
    """None: not known yet."""
    carry: Carry = field(default_factory=Carry)
