"""A snapshot: the versioned difficulties of items and skills that all students of a school are read against."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from learning.parameters import SHIPPED, Parameters
from learning.varint import read_varint, write_varint

Gaussian = tuple[float, float]
"""Mean and variance, in logits."""

FORMAT = 1
_PAIR = struct.Struct("<2d")


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

    @classmethod
    def prior(cls, parameters: Parameters = SHIPPED) -> Snapshot:
        """Return what is assumed before any response."""
        return cls(version=0, bias=(parameters.bias, parameters.bias_variance))

    def to_bytes(self) -> bytes:
        """Return the snapshot as bytes, about 19 a skill and an item; equal snapshots have equal bytes."""
        out = bytearray([FORMAT])
        out += write_varint(self.version) + _PAIR.pack(*self.bias)
        for table in (self.skills, self.items):
            out += write_varint(len(table))
            for key, gaussian in sorted(table.items()):
                out += write_varint(key) + _PAIR.pack(*gaussian)
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
        bias = _PAIR.unpack_from(body, place)
        place += _PAIR.size
        tables: list[dict[int, Gaussian]] = [{}, {}]
        for table in tables:
            count, place = read_varint(body, place)
            for _ in range(count):
                key, place = read_varint(body, place)
                table[key] = _PAIR.unpack_from(body, place)
                place += _PAIR.size
        if place != len(body):
            raise SnapshotError(body)
        return cls(version, bias, tables[0], tables[1])
