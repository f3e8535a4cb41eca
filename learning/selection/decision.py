"""The result of a decision: filled slots, unchanged slots and withdrawals, or the reason for no assignment."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from learning.selection.student import AssignmentState, DecisionMemory

NOT_ENROLLED_SENTENCE = "The student is no longer at the school."


class Fallback(StrEnum):
    """A rule that was relaxed because nothing else was admissible, in the order in which they are tried."""

    WIDER_BAND = "wider_band"
    REUSE = "reuse"
    NEUTRAL = "neutral_context"
    PREREQUISITE = "weakest_prerequisite"
    NEAREST = "nearest_material"
    """No material of a skill with a gap fits: it gets the nearest one, or after failures the easiest."""
    TEACHER = "teacher"
    """A teacher override, which is above the rules; it is never tried as a fallback."""


class Trigger(StrEnum):
    """Why an open assignment is withdrawn."""

    ATTEMPTED = "attempted"
    TEACHER = "teacher"
    RULE_BROKEN = "rule_broken"
    BETTER = "better"
    HOLD_LIMIT = "hold_limit"
    MAX_OPEN = "max_open"
    """The student's lists together had more open than the school allows."""
    ENROLMENT = "enrolment"
    """The student is no longer in the class, or the class has no scope any more."""
    GAP_FIRST = "gap_first"
    """Its skill is at the target, and another skill has a gap and no slot."""
    INTEREST_KNOWN = "interest_known"
    """A topic has become known as liked, and a material about it fits as well."""


class NoAssignmentReason(StrEnum):
    """Why a student has no assignment."""

    NOTHING_OPEN = "nothing_open"
    """The class has no skill in scope."""
    ALL_MET = "all_met"
    """Every skill in scope is at its target, practised in enough contexts and not due for review."""
    NO_BELIEF = "no_belief"
    """No skill in scope has a belief."""
    NOT_READY = "not_ready"
    """The skills in scope wait for prerequisites, and no material teaches these."""
    NO_MATERIAL = "no_material"
    """The catalogue has no active and allowed material for the skills in scope."""
    NO_LEVEL = "no_level"
    """The materials are too easy or too hard."""
    USED_UP = "used_up"
    """The materials that fit were used recently."""
    NOT_WANTED = "not_wanted"
    """The materials that fit are forbidden, vetoed or too hard to read."""
    OPEN_ELSEWHERE = "open_elsewhere"
    """The materials that fit are open on another list of the student."""
    ON_HOLD = "held"
    """A teacher holds everything as it is."""
    NOT_ENROLLED = "not_enrolled"
    """The student is no longer at the school."""


@dataclass(frozen=True, slots=True)
class MenuOption:
    """One material on a menu."""

    material: int
    context: str | None
    predicted_success: float
    """In [0, 1]."""


@dataclass(frozen=True, slots=True)
class FilledSlot:
    """A slot with a new menu."""

    slot: int
    skill: int
    state: AssignmentState
    menu: tuple[MenuOption, ...]
    """The default, then up to three alternates of the same skill in other contexts."""
    reasons: tuple[str, ...]
    """Reason codes, the weightiest first."""
    fallbacks: tuple[Fallback, ...]
    because_gap: str
    because_interest: str
    value: int
    """Skill value x difficulty fit, 0 to 10,000."""
    price: float
    """The price of interest: the share of the best value given up, in [0, interest tolerance]."""


@dataclass(frozen=True, slots=True)
class UnchangedSlot:
    """A slot that stays as it is."""

    slot: int
    materials: tuple[int, ...]
    """The materials of its menu that stay, at least one."""
    state: AssignmentState
    """The new state: what was proposed while there was no scope is assigned once there is one."""
    reason: str
    """`kept`, or why it stays: `started`, `teacher.hold`, `teacher.pin`, `teacher.must_do`, `wider_band`."""
    because_gap: str = ""
    """What is true now of its skill, for work that no teacher asked for; "" where nothing is believed of it."""
    because_interest: str = ""
    """What is true now of the first material's theme; "" where what was said stays true."""


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A material that leaves its slot: each material of a whole menu, or a single alternate."""

    slot: int
    material: int
    trigger: Trigger
    detail: str
    """The code of the broken rule, such as `H5.veto`, or another code of the trigger; may be ""."""


@dataclass(frozen=True, slots=True)
class CatalogueNeed:
    """A context that the student likes and that the catalogue lacks for a skill."""

    skill: int
    context: str
    """"" where no material of the skill fits at all."""
    price: float
    """The interest score given up, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class UnmetOverride:
    """A teacher override that cannot be met."""

    override_id: int
    reason: str
    """A code: the rule or what is missing, such as `H1.active`, `H5.forbidden`, `no_material`."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The decision for one list of a student; the record is that of all lists."""

    student_id: int
    filled_slots: tuple[FilledSlot, ...]
    unchanged_slots: tuple[UnchangedSlot, ...]
    withdrawals: tuple[Withdrawal, ...]
    no_assignment_reason: NoAssignmentReason | None
    """Set where the list has no open assignment after this decision."""
    no_assignment_sentence: str
    catalogue_needs: tuple[CatalogueNeed, ...]
    unmet_overrides: tuple[UnmetOverride, ...]
    memory: DecisionMemory
    has_changes: bool
    """Whether there is anything to publish: a filled slot, a withdrawal, or another state."""
    class_id: int | None = None
    """The class whose list it is; None: of a student without a class."""
    record: str = ""
    """Canonical JSON of the inputs and the outcome: `replay(record) == record`; "" where none was asked for."""
    digest: str = ""
    """Hexadecimal digest of the record's inputs."""


@dataclass(frozen=True, slots=True)
class Placement:
    """What enrolment did to a student's open slots before anything was decided."""

    moved: tuple[tuple[int, int | None, int | None], ...] = ()
    """(slot, class before, class now): open work that the student takes along to another class."""
    withdrawals: tuple[Withdrawal, ...] = ()
    """Open work of classes that the student is no longer in, or that have no scope any more."""


@dataclass(frozen=True, slots=True)
class StudentLists:
    """The decision for a student: one for each list, in the order of the lists, with one record."""

    student_id: int
    lists: tuple[Decision, ...]
    """Empty where the student is no longer at the school."""
    placement: Placement
    record: str
    digest: str

    @property
    def has_changes(self) -> bool:
        """Whether there is anything to publish."""
        placed = self.placement.moved or self.placement.withdrawals
        return bool(placed) or any(decision.has_changes for decision in self.lists)

    @property
    def withdrawals(self) -> tuple[Withdrawal, ...]:
        """All that is withdrawn, by enrolment or by a decision."""
        return (*self.placement.withdrawals, *(each for decision in self.lists for each in decision.withdrawals))

    @property
    def filled_slots(self) -> tuple[FilledSlot, ...]:
        """The filled slots of all lists."""
        return tuple(slot for decision in self.lists for slot in decision.filled_slots)

    @property
    def unchanged_slots(self) -> tuple[UnchangedSlot, ...]:
        """The unchanged slots of all lists."""
        return tuple(slot for decision in self.lists for slot in decision.unchanged_slots)

    @property
    def catalogue_needs(self) -> tuple[CatalogueNeed, ...]:
        """What the catalogue lacks, on any list."""
        return tuple(need for decision in self.lists for need in decision.catalogue_needs)

    @property
    def unmet_overrides(self) -> tuple[UnmetOverride, ...]:
        """The teacher overrides that cannot be met on their list."""
        return tuple(unmet for decision in self.lists for unmet in decision.unmet_overrides)

    @property
    def nothing(self) -> tuple[NoAssignmentReason, str] | None:
        """The reason for no assignment and its sentence, where no list has any."""
        if self.filled_slots or self.unchanged_slots:
            return None
        reasons = [(each.no_assignment_reason, each.no_assignment_sentence) for each in self.lists]
        found = next(((reason, sentence) for reason, sentence in reasons if reason is not None), None)
        return found or (NoAssignmentReason.NOT_ENROLLED, NOT_ENROLLED_SENTENCE)
