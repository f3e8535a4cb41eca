"""The learner model: a hierarchical logistic filter over one student's responses, strictly online."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from learning.beliefs import SkillBelief
from learning.parameters import SHIPPED, Parameters
from learning.snapshot import Gaussian, Snapshot


@dataclass(frozen=True, slots=True)
class Response:
    """One piece of evidence on a student's skills.

    Raises:
        ResponseError: a value is out of its range.
    """

    at: float
    """Seconds since 1970."""
    item: int | None
    """None: a result on the skills themselves, or on an item that is not known."""
    skills: tuple[int, ...]
    """What it needs; may be empty where only a total is known."""
    outcome: float | None
    """Share of the points in [0, 1]; None is unknown, never wrong, and changes nothing."""
    weight: float = 1.0
    """How much evidence it is, in [0, 1]: 1 for a response, less for a share of a total."""


@dataclass(frozen=True, slots=True)
class LearnerState:
    """All that is kept of one student: a few Gaussians, in logits."""

    responses: int = 0
    ability: Gaussian = (0.0, 0.0)
    form: Gaussian = (0.0, 0.0)
    skills: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    items: Mapping[int, Gaussian] = field(default_factory=dict)

    @classmethod
    def new(cls) -> LearnerState:
        """Return the state of a student of whom nothing is known."""
        return cls()

    def to_bytes(self) -> bytes:
        """Return the state as bytes; equal states have equal bytes; the new student's are empty."""
        raise NotImplementedError

    @classmethod
    def from_bytes(cls, body: bytes) -> LearnerState:
        """Return the state that `to_bytes` wrote; no bytes are the new student.

        Raises:
            StateError: `body` is not a state.
        """
        raise NotImplementedError


def fold(
    state: LearnerState, responses: Iterable[Response], *, snapshot: Snapshot, parameters: Parameters = SHIPPED
) -> LearnerState:
    """Return the state after `responses`, which the caller has put in order; `state` itself stays as it was.

    Folding in two calls equals folding in one, to the byte.
    """
    raise NotImplementedError


def beliefs(
    state: LearnerState,
    skills: Iterable[int],
    *,
    snapshot: Snapshot,
    parameters: Parameters = SHIPPED,
    as_of: float,
) -> dict[int, SkillBelief]:
    """Return what is believed of each of `skills` at `as_of` (seconds since 1970), forgetting included.

    A skill never practised comes back with `responses == 0`: estimated from general ability.
    """
    raise NotImplementedError
