"""The rules in force for a class: a school's settings, the class's window of skills, and the teacher's orders."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Policy:
    """How decisions are made; the defaults are what ships. Shares and probabilities are in [0, 1]."""

    version: int = 0
    target: float = 0.8
    """Mastery that counts as reached."""
    sure: float = 0.8
    """How probable a gap, or its absence, must be to be called one."""
    ready: float = 0.6
    """Mastery from which a strong prerequisite lets the next skill begin."""
    tolerance: float = 0.15
    """How much of the best value interest may cost; 0 is individualized only. At most 0.15."""
    band: tuple[float, float] = (0.6, 0.9)
    """Predicted success between which a material fits."""
    thin_band: tuple[float, float] = (0.7, 0.9)
    """The same while evidence is thin."""
    wide_band: tuple[float, float] = (0.5, 0.95)
    """The same on the ladder, and for what is already assigned."""
    thin_student: int = 10
    """Evidence is thin below so many responses of the student."""
    thin_skill: int = 3
    """Evidence is thin below so many responses on the skill."""
    ideal: float = 0.75
    """Predicted success that fits best."""
    slots: int = 4
    """Open assignments at most."""
    alternates: int = 3
    """Other contexts on a menu at most."""
    menu_spread: float = 0.05
    """How far an alternate's predicted success may lie from the default's."""
    reuse_window: int = 20
    """A material does not come again within so many attempts."""
    context_window: int = 10
    context_share: float = 0.6
    """One context is at most this share of the last `context_window`."""
    contexts_wanted: int = 2
    """A skill that is met still comes until it was seen in so many contexts."""
    review_below: float = 0.85
    """Retention below which a skill is due for review."""
    stuck_after: int = 3
    """After so many failures in a row on a skill nothing of it at that difficulty or above."""
    explore_every: int = 8
    """Every so-many-th choice tries the least-known context; 0 is never."""
    hysteresis: float = 0.15
    """How much better, relative to its own value, something else must be to replace an unattempted assignment."""
    patience: int = 2
    """In how many consecutive refreshes with newer evidence it must be so."""
    hold_limit_days: float = 14.0
    """An assignment unattempted for so long is replaced."""
    pace_days: float = 14.0
    """The student's own pace is what was completed within so many days: so much may lie open."""
    least_open: int = 2
    minutes_open: int = 60
    """Minutes that may lie open at most; also while the pace is not known yet."""
    least_minutes: int = 20
    interest_floor: float = 0.6
    """An interest below it does not count as one."""
    confidence_floor: float = 0.3
    """An interest less sure than this does not count as one."""
    cosmetic_depth: float = 0.7
    """What a cosmetic context is worth beside a structural one."""
    reading_allowance: float = 1.0
    """Grades by which a material may read harder than the student."""
    licences: tuple[str, ...] | None = None
    """Licences that may be assigned; None allows all."""
    approve: bool = False
    """Propose only; a teacher assigns."""
    tie_key: int = 0
    """Keys the hash that breaks ties."""

    def document(self) -> dict[str, Any]:
        """Return the policy as JSON-ready values by name."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Policy:
        """Return the policy that `document` made; what it lacks is as shipped.

        Raises:
            PolicyError: a name is unknown, or a value is of the wrong kind or out of its range.
        """
        raise NotImplementedError


class PolicyError(ValueError):
    """A setting of the policy is unknown or out of its range."""

    def __init__(self, name: str, value: object) -> None:
        super().__init__(f"policy {name!r} cannot be {value!r}")
        self.name = name
        self.value = value


@dataclass(frozen=True, slots=True)
class ScopeWindow:
    """The skills that a class is at now, and when each is due (seconds since 1970, or None).

    Only skills that are open at the decision's time belong in it; closing and opening is the caller's.
    """

    due: Mapping[int, float | None] = field(default_factory=dict)


class OrderKind(StrEnum):
    """What a teacher ordered."""

    PIN = "pin"
    """Assign this material, or always have this skill open, until the order ends."""
    FORBID = "forbid"
    """Never this material, or nothing of this skill."""
    MUST_DO = "must_do"
    """This material, or something of this skill, first, until it is attempted."""
    HOLD = "hold"
    """Leave this material's (this skill's, or with neither, every) assignment as it is."""


@dataclass(frozen=True, slots=True)
class Order:
    """One teacher's order that is in force for a student, from the class or for the student alone."""

    id: int
    kind: OrderKind
    material: int | None = None
    skill: int | None = None
    given_at: float = 0.0
    """Seconds since 1970."""
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class Orders:
    """The orders for one student; revoked ones are left out by the caller, expired ones by the decision."""

    orders: tuple[Order, ...] = ()
