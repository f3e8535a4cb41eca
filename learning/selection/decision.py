"""What a decision says: what is assigned anew, what stays, what goes and why, or why there is nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from learning.selection.place import AssignmentState, Carry


class Rung(StrEnum):
    """A step of the ladder, in its order: what was waived because nothing else was left."""

    WIDER_BAND = "wider_band"
    REUSE = "reuse"
    NEUTRAL = "neutral_context"
    PREREQUISITE = "weakest_prerequisite"
    TEACHER = "teacher"
    """Not a step: a teacher's order stands above the rules."""


class Trigger(StrEnum):
    """Why an open assignment goes."""

    ATTEMPTED = "attempted"
    TEACHER = "teacher"
    RULE_BROKEN = "rule_broken"
    BETTER = "better"
    HOLD_LIMIT = "hold_limit"


class Nothing(StrEnum):
    """Why a student has no assignment."""

    NOTHING_OPEN = "nothing_open"
    """The class has no skill open."""
    ALL_MET = "all_met"
    """Every skill in scope is met, seen in enough contexts and not due for review."""
    NO_BELIEF = "no_belief"
    """Nothing is believed of any skill in scope."""
    NOT_READY = "not_ready"
    """What is open waits for prerequisites, and nothing teaches them."""
    NO_MATERIAL = "no_material"
    """The catalogue holds nothing active and allowed for the skills that are open."""
    NO_LEVEL = "no_level"
    """What there is, is too easy or too hard."""
    USED_UP = "used_up"
    """What fits was used a short while ago."""
    NOT_WANTED = "not_wanted"
    """What fits is forbidden or vetoed, or too hard to read."""
    HELD = "held"
    """A teacher holds the student where they are."""


@dataclass(frozen=True, slots=True)
class Option:
    """One material on a menu."""

    material: int
    context: str | None
    predicted_success: float
    """In [0, 1]."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One slot filled anew."""

    slot: int
    skill: int
    state: AssignmentState
    menu: tuple[Option, ...]
    """The default, then up to three alternates of the same skill in other contexts."""
    reasons: tuple[str, ...]
    """Reason codes, the weightiest first."""
    rungs: tuple[Rung, ...]
    because_gap: str
    because_interest: str
    value: int
    """Skill value after fit, 0 to 10,000."""
    price: float
    """Share of the best value given up for interest, in [0, tolerance]."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One slot that stays."""

    slot: int
    materials: tuple[int, ...]
    """Those of its menu that stay; never none."""
    state: AssignmentState
    """The state from now on: what was proposed for want of a scope is assigned once there is one."""
    reason: str
    """`kept`, or what keeps it: `started`, `teacher.hold`, `teacher.pin`, `teacher.must_do`, `wider_band`."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """One material that leaves its slot: a slot's default with its whole menu, or an alternate alone."""

    slot: int
    material: int
    trigger: Trigger
    detail: str
    """The rule that it breaks, as `H5.veto`; "" for other triggers."""


@dataclass(frozen=True, slots=True)
class Need:
    """A context that the student would like for a skill and the catalogue does not serve."""

    skill: int
    context: str
    """"" where no material of the skill fits at all."""
    price: float
    """Interest forgone, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Unmet:
    """A teacher's order that cannot be followed."""

    order: int
    why: str
    """The rule or the lack, as `H1.active`, `H5.forbidden`, `no_material`."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The outcome for one student."""

    student: int
    chosen: tuple[Chosen, ...]
    kept: tuple[Kept, ...]
    withdrawn: tuple[Withdrawn, ...]
    nothing: Nothing | None
    """Named where the student has no open assignment after this decision."""
    nothing_sentence: str
    needs: tuple[Need, ...]
    unmet: tuple[Unmet, ...]
    carry: Carry
    changed: bool
    """Whether anything is to be published: an assignment chosen, withdrawn, or in another state."""
    record: str
    """Canonical JSON of the inputs, compact, and of the outcome: `replay(record) == record`."""
    digest: str
    """Hexadecimal digest of the record's inputs."""
