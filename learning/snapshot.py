"""A snapshot: the versioned difficulties of items and skills that all students of a school are read against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from learning.parameters import SHIPPED, Parameters

Gaussian = tuple[float, float]
"""Mean and variance, in logits."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What all students share: the bias, the skills' difficulties and the items' deviations from their skills.

    An id that it does not know falls back to the prior. Version 0 is the prior itself.
    """

    version: int
    bias: Gaussian
    skills: Mapping[int, Gaussian] = field(default_factory=dict)
    items: Mapping[int, Gaussian] = field(default_factory=dict)

    @classmethod
    def prior(cls, parameters: Parameters = SHIPPED) -> Snapshot:
        """Return what is assumed before any response."""
        return cls(version=0, bias=(parameters.bias, parameters.bias_variance))

    def to_bytes(self) -> bytes:
        """Return the snapshot as bytes: 12 + 12 bytes a skill and an item, the same for equal snapshots."""
        raise NotImplementedError

    @classmethod
    def from_bytes(cls, body: bytes) -> Snapshot:
        """Return the snapshot that `to_bytes` wrote.

        Raises:
            SnapshotError: `body` is not a snapshot.
        """
        raise NotImplementedError
