"""A snapshot: the versioned difficulties of items and skills that all students of a school are read against."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from learning.parameters import SHIPPED, Parameters
from learning.varint import read_varint, write_varint

Gaussian = tuple[float, float]
"""Mean and variance, in logits."""

Effects = tuple[float, float, float, float]
"""What one skill adds to the effects of the moment: mean and variance of blocked, mean and variance of recent."""

FORMAT = 1
_PAIR = struct.Struct("<2d")
_FOUR = struct.Struct("<4d")


class SnapshotError(ValueError):
    """These bytes are not a snapshot, or are of a newer format."""

    def __init__(self, body: bytes) -> None:
        super().__init__(f"not a snapshot: {len(body)} bytes, starting {body[:4].hex()}")
        self.body = body


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What all students share: the bias, the skills' difficulties and the items' deviations from their skills.

    An id that it does not know falls back to the prior. Version 0 is the prior itself.
    """

    version: int
    bias: Gaussian
    skills: Mapping[int, Gaussian] = field(default_factory=dict)
    items: Mapping[int, Gaussian] = field(default_factory=dict)
    blocked: Gaussian = (0.0, SHIPPED.effect_variance)
    """How much likelier a response is right if the one before was on the same skills, in logits."""
    recent: Gaussian = (0.0, SHIPPED.effect_variance)
    """How much likelier it is right if the last one on its skills was, in logits."""
    effects: Mapping[int, Effects] = field(default_factory=dict)
    """What each skill adds to both."""

    @classmethod
    def prior(cls, parameters: Parameters = SHIPPED) -> Snapshot:
        """Return what is assumed before any response."""
        effect = (0.0, parameters.effect_variance)
        return cls(0, (parameters.bias, parameters.bias_variance), blocked=effect, recent=effect)

    def to_bytes(self) -> bytes:
        """Return the snapshot as bytes, about 19 an item and 54 a skill; equal snapshots have equal bytes."""
        out = bytearray([FORMAT])
        out += write_varint(self.version) + _FOUR.pack(*self.bias, *self.blocked) + _PAIR.pack(*self.recent)
        for table in (self.skills, self.items):
            out += write_varint(len(table))
            for key, gaussian in sorted(table.items()):
                out += write_varint(key) + _PAIR.pack(*gaussian)
        out += write_varint(len(self.effects))
        for key, effects in sorted(self.effects.items()):
            out += write_varint(key) + _FOUR.pack(*effects)
        return bytes(out)

    @classmethod
    def from_bytes(cls, body: bytes) -> Snapshot:
        """Return the snapshot that `to_bytes` wrote.

        Raises:
            SnapshotError: `body` is not a snapshot.
        """
        try:
            return cls._read(body)
        except (IndexError, struct.error) as error:
            raise SnapshotError(body) from error

    @classmethod
    def _read(cls, body: bytes) -> Snapshot:
        if body[0] != FORMAT:
            raise SnapshotError(body)
        version, place = read_varint(body, 1)
        bias, bias_variance, blocked, blocked_variance = _FOUR.unpack_from(body, place)
        recent = _PAIR.unpack_from(body, place + _FOUR.size)
        place += _FOUR.size + _PAIR.size
        tables: list[dict[int, Gaussian]] = [{}, {}]
        for table in tables:
            count, place = read_varint(body, place)
            for _ in range(count):
                key, place = read_varint(body, place)
                table[key] = _PAIR.unpack_from(body, place)
                place += _PAIR.size
        effects: dict[int, Effects] = {}
        count, place = read_varint(body, place)
        for _ in range(count):
            key, place = read_varint(body, place)
            effects[key] = _FOUR.unpack_from(body, place)
            place += _FOUR.size
        if place != len(body):
            raise SnapshotError(body)
        return cls(version, (bias, bias_variance), tables[0], tables[1], (blocked, blocked_variance), recent, effects)
