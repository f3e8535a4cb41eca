"""A snapshot: the versioned terms of items and skills that all students of a school are read against."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from learning.mastery.encoding import read_varint, write_varint
from learning.mastery.parameters import SHIPPED, Parameters

Gaussian = tuple[float, float]
"""Mean and variance, in logits."""

ItemTerms = tuple[float, float, float, float]
"""An item's deviation from its skills (mean, variance), and its slope on the student's level (mean, variance)."""

SkillTerms = tuple[float, float, float, float, float, float]
"""A skill's difficulty (mean, variance), its slope on the student's offset (mean, variance), its slope on general
ability (mean, variance). All slopes are relative: 0 is the slope of 1 of an average skill.
"""

FORMAT = 2
FORMAT_WITHOUT_SLOPES = 1
_PAIR = struct.Struct("<2d")
_HEAD = struct.Struct("<3d")
_FOUR = struct.Struct("<4d")
_SIX = struct.Struct("<6d")


class SnapshotError(ValueError):
    """These bytes are not a snapshot, or are of a newer format."""

    def __init__(self, body: bytes) -> None:
        super().__init__(f"not a snapshot: {len(body)} bytes, starting {body[:4].hex()}")
        self.body = body


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What all students share: the bias, the skills' and the items' terms.

    An id that it does not know falls back to the prior. Version 0 is the prior itself.
    """

    version: int
    bias: Gaussian
    skills: Mapping[int, SkillTerms] = field(default_factory=dict)
    items: Mapping[int, ItemTerms] = field(default_factory=dict)
    variance_factor: float | None = None
    """The factor on beliefs' variances that the school's own log asks for; None is `gap_variance_factor`."""

    @classmethod
    def prior(cls, parameters: Parameters = SHIPPED) -> Snapshot:
        """Return what is assumed before any response."""
        return cls(0, (parameters.bias, parameters.bias_variance))

    def to_bytes(self) -> bytes:
        """Return the snapshot as bytes, about 35 an item and 50 a skill; equal snapshots have equal bytes."""
        out = bytearray([FORMAT])
        out += write_varint(self.version) + _HEAD.pack(*self.bias, self.variance_factor or 0.0)
        out += write_varint(len(self.skills))
        for skill, skill_terms in sorted(self.skills.items()):
            out += write_varint(skill) + _SIX.pack(*skill_terms)
        out += write_varint(len(self.items))
        for item, item_terms in sorted(self.items.items()):
            out += write_varint(item) + _FOUR.pack(*item_terms)
        return bytes(out)

    @classmethod
    def from_bytes(cls, body: bytes) -> Snapshot:
        """Return the snapshot that `to_bytes` wrote, now or in an older version.

        Raises:
            SnapshotError: `body` is not a snapshot.
        """
        try:
            if body[0] == FORMAT:
                return _read(body)
            if body[0] == FORMAT_WITHOUT_SLOPES:
                return _read_without_slopes(body)
        except (IndexError, struct.error) as error:
            raise SnapshotError(body) from error
        raise SnapshotError(body)


def _read(body: bytes) -> Snapshot:
    version, place = read_varint(body, 1)
    bias, bias_variance, factor = _HEAD.unpack_from(body, place)
    skills: dict[int, SkillTerms] = {}
    items: dict[int, ItemTerms] = {}
    count, place = read_varint(body, place + _HEAD.size)
    for _ in range(count):
        skill, place = read_varint(body, place)
        skills[skill] = _SIX.unpack_from(body, place)
        place += _SIX.size
    count, place = read_varint(body, place)
    for _ in range(count):
        item, place = read_varint(body, place)
        items[item] = _FOUR.unpack_from(body, place)
        place += _FOUR.size
    if place != len(body):
        raise SnapshotError(body)
    return Snapshot(version, (bias, bias_variance), skills, items, factor or None)


def _read_without_slopes(body: bytes) -> Snapshot:
    """Read a snapshot of the first format: its difficulties stand, slopes are the prior's, its effects are dropped."""
    version, place = read_varint(body, 1)
    bias, bias_variance, *_ = _SIX.unpack_from(body, place)
    place += _SIX.size
    tables: list[dict[int, Gaussian]] = [{}, {}]
    for table in tables:
        count, place = read_varint(body, place)
        for _ in range(count):
            key, place = read_varint(body, place)
            table[key] = _PAIR.unpack_from(body, place)
            place += _PAIR.size
    count, place = read_varint(body, place)
    for _ in range(count):
        _, place = read_varint(body, place)
        place += _FOUR.size
    if place != len(body):
        raise SnapshotError(body)
    prior = SHIPPED
    slopes = (0.0, prior.skill_slope_variance, 0.0, prior.ability_slope_variance)
    skills = {skill: (*difficulty, *slopes) for skill, difficulty in tables[0].items()}
    items = {item: (*deviation, 0.0, prior.item_slope_variance) for item, deviation in tables[1].items()}
    return Snapshot(version, (bias, bias_variance), skills, items)
