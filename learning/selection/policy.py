"""The rules in force for a class: a school's settings, the class's window of skills, and the teacher's orders."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
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
    hysteresis: float = 0.5
    """How much better, relative to its own value, something else must be to replace an unattempted assignment."""
    patience: int = 2
    """In how many consecutive refreshes with newer evidence it must be so."""
    hold_limit_days: float = 14.0
    """An assignment unattempted for so long is replaced."""
    pace_days: float = 14.0
    """The student's own pace is what was completed within so many days: so much may lie open."""
    least_open: int = 2
    minutes_open: int = 80
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
    variance_factor: float = 1.3
    """The factor on a belief's variance in gap probabilities (`Parameters.gap_variance_factor`)."""

    def document(self) -> dict[str, Any]:
        """Return the policy as JSON-ready values by name."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Policy:
        """Return the policy that `document` made; what it lacks is as shipped.

        Raises:
            PolicyError: a name is unknown, or a value is of the wrong kind or out of its range.
        """
        known = {f.name for f in fields(cls)}
        for name in document:
            if name not in known:
                raise PolicyError(name, document[name])
        # JSON knows lists only.
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in document.items()
        }
        return cls(**values)

    def __post_init__(self) -> None:
        """Refuse what no decision could be made with."""
        for name, (low, high) in _RANGES.items():
            if not _is_number(getattr(self, name)) or not low <= getattr(self, name) <= high:
                raise PolicyError(name, getattr(self, name))
        for f in fields(self):
            if type(f.default) is int and type(getattr(self, f.name)) is not int:
                raise PolicyError(f.name, getattr(self, f.name))
        for name in ("band", "thin_band", "wide_band"):
            band = getattr(self, name)
            if not (isinstance(band, tuple) and len(band) == 2 and all(map(_is_number, band))):  # noqa: PLR2004 - a pair
                raise PolicyError(name, band)
            if not 0.0 <= band[0] <= band[1] <= 1.0:
                raise PolicyError(name, band)
        if not isinstance(self.approve, bool):
            raise PolicyError("approve", self.approve)
        if self.licences is not None and not all(isinstance(licence, str) for licence in self.licences):
            raise PolicyError("licences", self.licences)


_RANGES: dict[str, tuple[float, float]] = {
    "target": (0.05, 0.98),
    "sure": (0.5, 1.0),
    "ready": (0.0, 1.0),
    "tolerance": (0.0, 0.15),
    "ideal": (0.05, 0.95),
    "thin_student": (0, 1000),
    "thin_skill": (0, 1000),
    "slots": (1, 20),
    "alternates": (0, 9),
    "menu_spread": (0.0, 1.0),
    "reuse_window": (0, 1000),
    "context_window": (1, 100),
    "context_share": (0.0, 1.0),
    "contexts_wanted": (0, 20),
    "review_below": (0.0, 1.0),
    "stuck_after": (1, 100),
    "explore_every": (0, 1_000_000),
    "hysteresis": (0.0, 10.0),
    "patience": (1, 100),
    "hold_limit_days": (0.0, 10_000.0),
    "pace_days": (0.0, 1000.0),
    "least_open": (1, 20),
    "minutes_open": (1, 6000),
    "least_minutes": (1, 6000),
    "interest_floor": (0.5, 1.0),
    "confidence_floor": (0.0, 1.0),
    "cosmetic_depth": (0.0, 1.0),
    "reading_allowance": (0.0, 20.0),
    "variance_factor": (0.1, 10.0),
    "version": (0, 2**62),
    "tie_key": (-(2**63), 2**63),
}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


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
