"""What is in force for a class: the policy, the scope, and teacher overrides."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any


@dataclass(frozen=True, slots=True)
class Policy:
    """Settings of the decision with their defaults. Shares and probabilities are in [0, 1]."""

    version: int = 0
    mastery_target: float = 0.8
    """Mastery from which a skill counts as reached."""
    gap_confidence: float = 0.8
    """Probability from which the absence of a gap counts as certain: the skill is met."""
    readiness_threshold: float = 0.6
    """Mastery of a strong prerequisite from which a dependent skill may begin."""
    interest_tolerance: float = 0.15
    """Share of the best value that interest may cost, at most 0.15; at 0 the skill alone decides."""
    success_band: tuple[float, float] = (0.6, 0.9)
    """Lowest and highest predicted success at which a material fits."""
    low_evidence_band: tuple[float, float] = (0.7, 0.9)
    """The same while evidence is low."""
    relaxed_band: tuple[float, float] = (0.5, 0.95)
    """The same in fallbacks and for open assignments."""
    low_evidence_student: int = 10
    """Number of the student's responses below which evidence is low."""
    low_evidence_skill: int = 3
    """Number of responses on the skill below which evidence is low."""
    target_success: float = 0.75
    """Predicted success that fits best."""
    slots: int = 4
    """Maximum of open assignments on a list, which is what one class gives."""
    max_open: int = 8
    """Maximum of open assignments of a student with several lists, together; the school's, not a class's."""
    alternates: int = 3
    """Maximum of other contexts on a menu."""
    menu_spread: float = 0.05
    """Maximum difference of an alternate's predicted success from the default's."""
    reuse_window: int = 20
    """Number of attempts within which a material is not used again."""
    context_window: int = 10
    """Number of last attempts that `context_share` is about."""
    context_share: float = 0.6
    """Maximum share of one context in the last attempts."""
    min_contexts: int = 2
    """A skill at its target is still practised until it was practised in this many contexts."""
    review_threshold: float = 0.85
    """Retention below which a skill is due for review."""
    stuck_after: int = 3
    """Number of failures in a row on a skill after which only easier materials of it are used."""
    explore_every: int = 8
    """Every how-many-th choice tries the least-known context; 0 is never."""
    hysteresis: float = 0.5
    """How much better, relative to the assignment's value, a replacement of an unattempted one must be."""
    replacement_patience: int = 2
    """In how many refreshes with newer evidence in a row it must be better."""
    hold_limit_days: float = 14.0
    """Days after which an unattempted assignment is replaced."""
    completion_rate_days: float = 14.0
    """Days over which the completion rate is counted; as much as was completed may be open."""
    min_open: int = 2
    """Assignments that may be open at any completion rate."""
    max_open_minutes: int = 80
    """Maximum of open minutes; also the limit while the completion rate is not known."""
    min_open_minutes: int = 20
    """Minutes that may be open at any completion rate."""
    min_interest: float = 0.6
    """Interest from which a context counts as liked."""
    min_interest_confidence: float = 0.3
    """Confidence from which an interest counts as sure."""
    cosmetic_weight: float = 0.7
    """Weight of a cosmetic context, where a structural one has 1."""
    reading_allowance: float = 1.0
    """Grades by which a text may be above the student's reading level."""
    licences: tuple[str, ...] | None = None
    """Allowed licences; None allows all."""
    needs_approval: bool = False
    """Propose only; a teacher approves."""
    tie_break_key: int = 0
    """Key of the hash that breaks ties."""
    variance_factor: float = 2.0
    """Factor on a belief's variance in gap probabilities (`Parameters.gap_variance_factor`)."""
    readiness_doubt: float = 0.3
    """Highest probability that a strong prerequisite is below `readiness_threshold`; 1 asks for no certainty."""
    likely_gap: float = 0.7
    """Probability from which a gap counts as likely: its skill gets a task before others do."""

    def document(self) -> dict[str, Any]:
        """Return the policy as JSON-ready values by stored key."""
        return {KEY_OF[name]: value for name, value in asdict(self).items()}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Policy:
        """Return the policy of a document; a setting that it lacks keeps its default.

        Raises:
            PolicyError: a key is unknown, or a value is of the wrong type or out of its range.
        """
        for key in document:
            if key not in FIELD_OF:
                raise PolicyError(key, document[key])
        # JSON knows lists only.
        values: dict[str, Any] = {
            FIELD_OF[key]: tuple(value) if isinstance(value, list) else value for key, value in document.items()
        }
        return cls(**values)

    @classmethod
    def from_stored(cls, document: Mapping[str, Any]) -> Policy:
        """Return the policy of a stored document; a relaxed band that is too narrow is widened (`widened_band`).

        Raises:
            PolicyError: as `from_document`.
        """
        wider = widened_band(document)
        return cls.from_document(document if wider is None else {**document, KEY_OF["relaxed_band"]: wider})

    def __post_init__(self) -> None:
        """Refuse a setting that no decision could be made with."""
        for name, (low, high) in _RANGES.items():
            if not _is_number(getattr(self, name)) or not low <= getattr(self, name) <= high:
                raise self._error(name)
        for field_ in fields(self):
            if type(field_.default) is int and type(getattr(self, field_.name)) is not int:
                raise self._error(field_.name)
        self._check_bands()
        if not isinstance(self.needs_approval, bool):
            raise self._error("needs_approval")
        if self.licences is not None and not all(isinstance(licence, str) for licence in self.licences):
            raise self._error("licences")

    def _check_bands(self) -> None:
        for name in ("success_band", "low_evidence_band", "relaxed_band"):
            band = getattr(self, name)
            if not (isinstance(band, tuple) and len(band) == 2 and all(map(_is_number, band))):  # noqa: PLR2004 - a pair
                raise self._error(name)
            if not 0.0 <= band[0] <= band[1] <= 1.0:
                raise self._error(name)
        # An assignment in a band that the relaxed band lacks would be withdrawn by the next decision.
        if self.relaxed_band != _widened(self.relaxed_band, self.success_band, self.low_evidence_band):
            raise self._error("relaxed_band")

    def _error(self, name: str) -> PolicyError:
        return PolicyError(KEY_OF[name], getattr(self, name))


_STORED_KEYS = {
    "mastery_target": "target",
    "gap_confidence": "sure",
    "likely_gap": "likely",
    "readiness_threshold": "ready",
    "readiness_doubt": "ready_doubt",
    "interest_tolerance": "tolerance",
    "success_band": "band",
    "low_evidence_band": "thin_band",
    "relaxed_band": "wide_band",
    "low_evidence_student": "thin_student",
    "low_evidence_skill": "thin_skill",
    "target_success": "ideal",
    "min_contexts": "contexts_wanted",
    "review_threshold": "review_below",
    "replacement_patience": "patience",
    "completion_rate_days": "pace_days",
    "min_open": "least_open",
    "max_open_minutes": "minutes_open",
    "min_open_minutes": "least_minutes",
    "min_interest": "interest_floor",
    "min_interest_confidence": "confidence_floor",
    "cosmetic_weight": "cosmetic_depth",
    "needs_approval": "approve",
    "tie_break_key": "tie_key",
}
KEY_OF = {f.name: _STORED_KEYS.get(f.name, f.name) for f in fields(Policy)}
"""The key under which a setting is stored, and that teachers use, by its attribute; a stored key never changes."""
FIELD_OF = {key: name for name, key in KEY_OF.items()}
"""The attribute of a setting by its stored key."""

_RANGES: dict[str, tuple[float, float]] = {
    "mastery_target": (0.05, 0.98),
    "gap_confidence": (0.5, 1.0),
    "likely_gap": (0.5, 1.0),
    "readiness_threshold": (0.0, 1.0),
    "readiness_doubt": (0.0, 1.0),
    "interest_tolerance": (0.0, 0.15),
    "target_success": (0.05, 0.95),
    "low_evidence_student": (0, 1000),
    "low_evidence_skill": (0, 1000),
    "slots": (1, 20),
    "max_open": (1, 100),
    "alternates": (0, 9),
    "menu_spread": (0.0, 1.0),
    "reuse_window": (0, 1000),
    "context_window": (1, 100),
    "context_share": (0.0, 1.0),
    "min_contexts": (0, 20),
    "review_threshold": (0.0, 1.0),
    "stuck_after": (1, 100),
    "explore_every": (0, 1_000_000),
    "hysteresis": (0.0, 10.0),
    "replacement_patience": (1, 100),
    "hold_limit_days": (0.0, 10_000.0),
    "completion_rate_days": (0.0, 1000.0),
    "min_open": (1, 20),
    "max_open_minutes": (1, 6000),
    "min_open_minutes": (1, 6000),
    "min_interest": (0.5, 1.0),
    "min_interest_confidence": (0.0, 1.0),
    "cosmetic_weight": (0.0, 1.0),
    "reading_allowance": (0.0, 20.0),
    "variance_factor": (0.1, 10.0),
    "version": (0, 2**62),
    "tie_break_key": (-(2**63), 2**63),
}


def range_of(key: str) -> tuple[float, float] | None:
    """Return the lowest and the highest value of a setting by its stored key; None for one that is not one number."""
    return _RANGES.get(FIELD_OF[key])


def widened_band(document: Mapping[str, Any]) -> tuple[float, float] | None:
    """Return the relaxed band that a stored document counts as, where its own does not contain the others; else None.

    Earlier versions stored such documents.
    """
    defaults = Policy()
    names = "relaxed_band", "success_band", "low_evidence_band"
    bands = [tuple(document.get(KEY_OF[name], getattr(defaults, name))) for name in names]
    wider = _widened(*bands)
    return None if wider == bands[0] else wider


def _widened(*bands: tuple[float, ...]) -> tuple[float, float]:
    return min(band[0] for band in bands), max(band[1] for band in bands)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


class PolicyError(ValueError):
    """A setting of the policy is unknown or out of its range; `name` is its stored key."""

    def __init__(self, name: str, value: object) -> None:
        super().__init__(f"policy {name!r} cannot be {value!r}")
        self.name = name
        self.value = value


@dataclass(frozen=True, slots=True)
class ClassScope:
    """The skills that are open to a class now, and when each is due (seconds since 1970, or None).

    The caller passes only skills that are open at the decision's time.
    """

    due: Mapping[int, float | None] = field(default_factory=dict)
    opened: Mapping[int, float | None] = field(default_factory=dict)
    """When each skill opened, or None; a skill may be missing. Where no skill is due, the newest count as due."""


class OverrideKind(StrEnum):
    """What a teacher override does."""

    PIN = "pin"
    """Assign this material, or always have this skill open, until the override ends."""
    FORBID = "forbid"
    """Never assign this material, or any material of this skill."""
    MUST_DO = "must_do"
    """Assign this material, or a material of this skill, first, until it is attempted."""
    HOLD = "hold"
    """Leave the assignment of this material, of this skill, or with neither every assignment, as it is."""


@dataclass(frozen=True, slots=True)
class TeacherOverride:
    """A teacher override that is in force for a student, for the whole class or for the student alone."""

    id: int
    kind: OverrideKind
    material: int | None = None
    skill: int | None = None
    given_at: float = 0.0
    """Seconds since 1970."""
    expires_at: float | None = None


@dataclass(frozen=True, slots=True)
class TeacherOverrides:
    """The overrides for one student; the caller leaves out revoked ones, the decision expired ones."""

    overrides: tuple[TeacherOverride, ...] = ()
