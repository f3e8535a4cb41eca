"""What is kept of one student, and the compact bytes that it is stored as."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from learning.mastery.encoding import read_varint, write_varint
from learning.mastery.snapshot import Gaussian

FORMAT = 2
"""The first format held the last outcome on each skill, and double precision throughout."""
MOST_WEIGHT = 10.0
ITEMS_KEPT = 256
"""Item memories kept of a student: the latest. An older item is met again as if for the first time."""

_HEAD = struct.Struct("<4d")
_SKILL = struct.Struct("<3fdf")
_ITEM = struct.Struct("<2f")


class SkillMemory(NamedTuple):
    """What is kept of one student on one skill, as it stood right after the last practice.

    `offset`, `variance`, `evidence` and `stability` are rounded to single precision whenever they change.
    """

    offset: float
    variance: float
    evidence: float
    """The practices, weak ones counted by their weight."""
    practices: int
    seen: int
    """How many responses the student had given, on whatever skill, by then."""
    at: float
    """Seconds since 1970."""
    stability: float
    """Days; 0 before the first success."""
    credit: bool
    """Whether any practice has earned anything; where not, no belief is above that of an untouched skill."""


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
    """What it needs; may be empty where only a total is known. A skill named twice counts once."""
    outcome: float | None
    """Share of the points in [0, 1]; None is unknown, never wrong, and changes nothing."""
    weight: float = 1.0
    """How much evidence it is, in [0, 10]: 1 for a response, less for a share of a total."""

    def __post_init__(self) -> None:
        if not math.isfinite(self.at):
            raise ResponseError("at", self.at)
        if self.outcome is not None and not 0.0 <= self.outcome <= 1.0:
            raise ResponseError("outcome", self.outcome)
        if not 0.0 <= self.weight <= MOST_WEIGHT:
            raise ResponseError("weight", self.weight)
        if len(self.skills) > 1 and len(set(self.skills)) < len(self.skills):
            object.__setattr__(self, "skills", tuple(dict.fromkeys(self.skills)))


class ResponseError(ValueError):
    """A response holds a value out of its range."""

    def __init__(self, name: str, value: float) -> None:
        super().__init__(f"a response's {name} cannot be {value!r}")
        self.name = name
        self.value = value


class StateError(ValueError):
    """These bytes are not a student's state, or are of a newer format."""

    def __init__(self, body: bytes) -> None:
        super().__init__(f"not a learner state: {len(body)} bytes, starting {body[:4].hex()}")
        self.body = body


@dataclass(frozen=True, slots=True)
class LearnerState:
    """All that is kept of one student: Gaussians in logits, as they stood after the last response.

    While `responses` is 0 the student is the prior of whatever parameters are asked about, and the rest is empty.
    """

    responses: int = 0
    ability: Gaussian = (0.0, 0.0)
    form: Gaussian = (0.0, 0.0)
    skills: Mapping[int, SkillMemory] = field(default_factory=dict)
    items: Mapping[int, Gaussian] = field(default_factory=dict)
    """The latest `ITEMS_KEPT` items, in the order in which they were last met; rounded to single precision."""

    @classmethod
    def new(cls) -> LearnerState:
        """Return the state of a student of whom nothing is known."""
        return cls()

    def to_bytes(self) -> bytes:
        """Return the state as bytes: about 28 a skill and 11 an item, at most 3 kB for the items.

        Equal states have equal bytes; the new student's are empty.
        """
        if not self.responses:
            return b""
        out = bytearray([FORMAT])
        out += write_varint(self.responses) + _HEAD.pack(*self.ability, *self.form)
        out += write_varint(len(self.skills))
        for skill, memory in sorted(self.skills.items()):
            offset, variance, evidence, practices, seen, at, stability, credit = memory
            out += write_varint(skill) + write_varint(-practices if credit else practices) + write_varint(seen)
            out += _SKILL.pack(offset, variance, evidence, at, stability)
        out += write_varint(len(self.items))
        for item, memory_of_item in self.items.items():
            out += write_varint(item) + _ITEM.pack(*memory_of_item)
        return bytes(out)

    @classmethod
    def from_bytes(cls, body: bytes) -> LearnerState:
        """Return the state that `to_bytes` wrote; no bytes are the new student.

        Raises:
            StateError: `body` is not a state.
        """
        if not body:
            return cls()
        try:
            return cls._read(body)
        except (IndexError, struct.error) as error:
            raise StateError(body) from error

    @classmethod
    def _read(cls, body: bytes) -> LearnerState:
        if body[0] != FORMAT:
            raise StateError(body)
        responses, place = read_varint(body, 1)
        ability, ability_variance, form, form_variance = _HEAD.unpack_from(body, place)
        skills: dict[int, SkillMemory] = {}
        count, place = read_varint(body, place + _HEAD.size)
        for _ in range(count):
            skill, place = read_varint(body, place)
            practices, place = read_varint(body, place)
            seen, place = read_varint(body, place)
            offset, variance, evidence, at, stability = _SKILL.unpack_from(body, place)
            credit = practices < 0
            skills[skill] = SkillMemory(offset, variance, evidence, abs(practices), seen, at, stability, credit)
            place += _SKILL.size
        items: dict[int, Gaussian] = {}
        count, place = read_varint(body, place)
        for _ in range(count):
            item, place = read_varint(body, place)
            items[item] = _ITEM.unpack_from(body, place)
            place += _ITEM.size
        if place != len(body):
            raise StateError(body)
        return cls(responses, (ability, ability_variance), (form, form_variance), skills, items)
