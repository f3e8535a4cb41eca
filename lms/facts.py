"""What every format becomes: facts about a student, and the ways in which a payload can yield none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from typing import Any, TypeAlias

from lms.values import immutable


class EventKind(StrEnum):
    """Which task an event belongs to; read from its verb or type alone."""

    ASSESSMENT = "assessment"
    SURVEY = "survey"
    CHOICE = "choice"
    ORDER = "order"


class FactKind(StrEnum):
    """What a fact says."""

    ITEM_RESULT = "item_result"
    ATTEMPT_GRADED = "attempt_graded"
    SKILL_RESULT = "skill_result"
    SURVEY_ANSWER = "survey_answer"
    CONSENT = "consent"
    ASSIGNMENT_PICKED = "assignment_picked"
    ASSIGNMENT_STARTED = "assignment_started"
    ASSIGNMENT_DONE = "assignment_done"
    INTEREST_FEEDBACK = "interest_feedback"
    INTEREST_VETO = "interest_veto"
    HELP_REQUESTED = "help_requested"
    ASSIGNMENT_DECLINED = "assignment_declined"
    WISH = "wish"


@immutable
class Envelope:
    """What the door needs to know of one event, read without thought: where it goes and whether it is new."""

    kind: EventKind | None
    """None: noise, counted and not stored."""
    key: bytes
    """16 bytes; two copies of one event have the same key, whatever else differs (a resend's registration)."""
    student: str
    """The student as the source names them ("" where that is not known without parsing): spreads the work."""
    reason: str = ""
    """Why `kind` is None: `ignored` (a type that holds nothing for us) or `not_collected` (a survey not allowed)."""
    number: int | None = None
    """The sender's own consecutive number of the event, where it numbers them: a hole is an event that was lost."""


@immutable
class Fact:
    """One thing that happened to one student, in the words of its source.

    The tuple (`occurred_at`, `sequence`, `key`) orders a student's facts for good, whatever the order of arrival.
    """

    kind: FactKind
    key: str
    """Unique within the source; the same fact sent again has the same key, a regrade too."""
    student: str
    """As the source names the student: `homePage|account name` in xAPI, the actor's IRI in Caliper."""
    occurred_at: datetime
    sequence: str = ""
    """Sorts ties of time as plain text: attempt, then item, zero-padded."""
    class_ref: str | None = None
    """As the source names the course or class."""
    subject: tuple[str, ...] = ()
    """The item, skill, question or topic that it is about: its names, the most precise first."""
    attempt: str | None = None
    """The attempt, or the survey response, that it is part of."""
    outcome: float | None = None
    """Share of the points in [0, 1]; None is unknown, never wrong."""
    weight: float = 1.0
    """How much evidence it is: 1 for a response, less for a share of a total."""
    revised_at: datetime | None = None
    """When this version was made; of two facts with one key the later one stands."""
    statement: str | None = None
    """The id of the xAPI statement that says it, by which its sender may void it."""
    value: Mapping[str, Any] = field(default_factory=dict)
    """What is peculiar to the kind: small, allow-listed, JSON.

    attempt_graded: `scope` (attempt: its own; gradebook: never evidence), `raw`, `max`.
    item_result: `assessment`, the test that it is part of. consent: `survey`, `given`.
    assignment_picked | started | done: `assignment` (our id), `position` in the menu where sent.
    assignment_declined: `assignment`, `why` (too_hard | too_easy | theme | other). wish: `wished` (false: taken back).
    interest_feedback: `topic`, `direction` (more | less). interest_veto: `topic`, `vetoed`.
    survey_answer: `survey` (as the school allowed it), `kind` (rating | choice | choices | ranking | text | number |
    boolean), `answer` (a number, a text, a list of texts or a boolean), and where known `label` (the text of a rating),
    `position` (of the answer among the options, from 0) and `options` (how many there are).
    """


@dataclass(frozen=True, slots=True)
class Retraction:
    """What a source has withdrawn: one fact by its key, or every fact of one xAPI statement.

    It holds whether it comes after what it withdraws or before.
    """

    key: str | None = None
    """The fact's key."""
    statement: str | None = None
    """The statement's id; one of the two is there."""
    student: str = ""
    """As the source names the student; "" where it does not say."""
    revised_at: datetime | None = None
    """Versions of the fact that were made later stand; None: none stands."""


class OrderVerb(StrEnum):
    """What a teacher orders; the last takes an order back."""

    PIN = "pin"
    FORBID = "forbid"
    MUST_DO = "must_do"
    HOLD = "hold"
    APPROVE = "approve"
    REVOKE = "revoke"


@dataclass(frozen=True, slots=True)
class Order:
    """A teacher's order for one student or for a class, in the words of its source."""

    verb: OrderVerb
    key: str
    """Unique within the source; REVOKE carries the key of the order that it takes back."""
    author: str
    given_at: datetime
    student: str | None
    class_ref: str | None
    material: str | None
    skill: str | None
    reason: str
    expires_at: datetime | None


class PayloadError(ValueError):
    """The event cannot be understood: final, quarantined with its code."""

    def __init__(self, code: str, pointer: str = "", detail: str = "") -> None:
        super().__init__(f"{code} at {pointer or '/'}: {detail}" if detail else f"{code} at {pointer or '/'}")
        self.code = code
        self.pointer = pointer
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Ignored:
    """The event is understood and holds nothing to keep; `reason` is counted."""

    reason: str


Parsed: TypeAlias = tuple[Fact, ...] | Retraction | Ignored
"""What an event says."""


@immutable
class SourceRules:
    """What a source allows to be read."""

    surveys: frozenset[str] = frozenset()
    """Survey ids (the source's own) that may be read as interest surveys; all others are not stored."""
    zone: tzinfo = UTC
    """The time zone of times that name none."""
    received_at: datetime | None = None
    """When the event came: a time that names no zone is not later than this, whatever the zone was."""
