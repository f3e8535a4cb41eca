"""Everything that a decision may know about one student, and nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from learning.mastery.beliefs import SkillBelief


class InterestLike(Protocol):
    """The part of an interest that a decision reads; `learning.interests.vector.Interest` has it."""

    @property
    def value(self) -> float:
        """Interest in [0, 1]; 0.5 is indifferent."""

    @property
    def confidence(self) -> float:
        """How sure the value is, in [0, 1)."""

    @property
    def vetoed(self) -> bool:
        """The student does not want the topic at all."""


class AssignmentState(StrEnum):
    """The state of an open assignment."""

    PROPOSED = "proposed"
    ASSIGNED = "assigned"
    STARTED = "started"


@dataclass(frozen=True, slots=True)
class MaterialAttempt:
    """One attempt on a material, whether or not the material is still assigned."""

    material: int
    skill: int
    """The skill that the material is for."""
    attempted_at: float
    """Seconds since 1970."""
    outcome: float | None = None
    """Share of the points in [0, 1]; None is unknown and counts neither as success nor as failure."""
    context: str | None = None
    difficulty: float | None = None
    """Logits, as of the attempt; None is unknown."""


@dataclass(frozen=True, slots=True)
class CurrentAssignment:
    """One open slot: a default and its alternates, as published."""

    slot: int
    skill: int
    materials: tuple[int, ...]
    """The menu, the default first; a material that the student has picked comes before it."""
    state: AssignmentState
    assigned_at: float
    """Seconds since 1970."""
    evidence_until: float | None = None
    """The evidence watermark when it was assigned."""
    has_attempt: bool = False
    """One of its materials was attempted, so the slot is done."""
    is_nearest: bool = False
    """It is the nearest material of a skill where none fits (`Fallback.NEAREST`): it stays until it is attempted."""


@dataclass(frozen=True, slots=True)
class AnswerCounts:
    """How many of the last `total` graded answers on a skill were correct (rounded); `total` is small, such as 8."""

    correct: int
    total: int


@dataclass(frozen=True, slots=True)
class CompletionRate:
    """What the student completed within the policy's `completion_rate_days`."""

    assignments: int
    minutes: int
    """Minutes of their materials."""
    days: float
    """Days since the first assignment, at most `completion_rate_days`."""


@dataclass(frozen=True, slots=True)
class DecisionMemory:
    """State between decisions: store it with the student's state and pass it to the next decision.

    A decision without new evidence returns it unchanged, so there is nothing to write.
    """

    choice_count: int = 0
    """Choices made so far on new evidence; every eighth explores."""
    better_counts: tuple[tuple[int, int], ...] = ()
    """(slot, number of consecutive refreshes in which something else was better by more than the hysteresis)."""
    evidence_counted_until: float | None = None
    """The evidence watermark of the last refresh that counted."""
    replaced_materials: tuple[int, ...] = ()
    """Materials that were replaced unattempted, the latest last: they do not come back at once."""
    liked_topics: tuple[str, ...] = ()
    """The topics that were surely liked, sorted: one more of them may change open work once."""

    def document(self) -> dict[str, Any]:
        """Return the memory as JSON-ready values by stored key."""
        return {
            "choices": self.choice_count,
            "beaten": self.better_counts,
            "counted_until": self.evidence_counted_until,
            "rested": self.replaced_materials,
            "liked": self.liked_topics,
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> DecisionMemory:
        """Return the memory of a document; a key that it lacks keeps its default."""
        return cls(
            choice_count=document.get("choices", 0),
            better_counts=tuple((slot, count) for slot, count in document.get("beaten", ())),
            evidence_counted_until=document.get("counted_until"),
            replaced_materials=tuple(document.get("rested", ())),
            liked_topics=tuple(document.get("liked", ())),
        )


@dataclass(frozen=True, slots=True)
class StudentContext:
    """Everything that a decision knows about one student: no name, no group, only these fields."""

    student_id: int
    """The immutable internal id; it breaks ties."""
    beliefs: Mapping[int, SkillBelief]
    """By skill, for `Catalogue.related_skills(scope)`, at the decision's time; a skill without one is not assigned."""
    responses: float = 0.0
    """Number of the student's graded responses, weak ones by their weight."""
    interests: Mapping[str, InterestLike] = field(default_factory=dict)
    """By topic."""
    interest_switch: bool = True
    """The school's switch, the student's and consent together; where it is off, no interest is read."""
    reading_level: float | None = None
    language: str = "en"
    history: tuple[MaterialAttempt, ...] = ()
    """The last attempts on materials, about a hundred, oldest first."""
    answer_counts: Mapping[int, AnswerCounts] = field(default_factory=dict)
    """By skill; the sentences quote them."""
    open_assignments: tuple[CurrentAssignment, ...] = ()
    evidence_until: float | None = None
    """The evidence watermark: seconds since 1970 of the latest fact behind the beliefs."""
    cited_facts: tuple[int, ...] = ()
    """Ids of a few facts that the record cites."""
    completion_rate: CompletionRate | None = None
    wish: int | None = None
    """The skill that the student wants to do next."""
    """None while it is not known yet."""
    memory: DecisionMemory = field(default_factory=DecisionMemory)
