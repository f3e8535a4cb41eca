"""What can be taught and with what: skills, their prerequisites, topics and materials, indexed once."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Depth(StrEnum):
    """Whether a material's context carries the mathematics (structural), dresses it (cosmetic), or is none."""

    STRUCTURAL = "structural"
    COSMETIC = "cosmetic"
    NEUTRAL = "neutral"


class Strength(StrEnum):
    """How much a skill needs another: a strong prerequisite gates, a weak one advises."""

    STRONG = "strong"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """A skill that another one needs."""

    skill: int
    strength: Strength = Strength.STRONG


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill of the curriculum."""

    id: int
    ref: str
    title: str
    """Plain words that read as part of a sentence: "adding fractions with unlike denominators"."""
    grade: float | None = None
    weight: float = 1.0
    """How much the curriculum cares, above 0; 1 is the ordinary."""
    prerequisites: tuple[Prerequisite, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of interest; a material's context names it by `ref`."""

    ref: str
    title: str
    """Plain words that read after "about": "football", "space travel"."""


@dataclass(frozen=True, slots=True)
class Material:
    """Something that can be assigned."""

    id: int
    title: str
    skills: tuple[int, ...]
    """What it practises; the first is the one that it is for."""
    difficulty: float
    """Logits relative to its skills: 0 is an average item of theirs, 1 is harder."""
    context: str | None = None
    """The topic that it is dressed in; None is neutral."""
    depth: Depth = Depth.NEUTRAL
    reading_level: float | None = None
    """School grade that reading it takes; None is unknown, and hinders nobody."""
    minutes: int = 10
    language: str = "en"
    licence: str | None = None
    active_from: float | None = None
    """Seconds since 1970; None is always."""
    active_until: float | None = None


class CatalogueError(ValueError):
    """A skill, topic or material of the catalogue is impossible, or names something that is not in it."""

    def __init__(self, subject: str, value: object) -> None:
        super().__init__(f"{subject}: {value!r}")
        self.subject = subject
        self.value = value


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All of a school's skills, topics and materials; build it once with `Catalogue.of` and share it."""

    version: int
    skills: Mapping[int, Skill]
    topics: Mapping[str, Topic]
    materials: Mapping[int, Material]
    needs: Mapping[int, tuple[int, ...]] = field(repr=False)
    """The strong prerequisites of each skill."""
    unlocks: Mapping[int, tuple[tuple[int, int], ...]] = field(repr=False)
    """Of each skill the (dependent skill, share in 1/10,000) that it opens; a weak one counts for a third."""

    @classmethod
    def of(
        cls,
        *,
        version: int,
        skills: Iterable[Skill],
        materials: Iterable[Material],
        topics: Iterable[Topic] = (),
    ) -> Catalogue:
        """Return the catalogue with its indexes.

        Raises:
            CatalogueError: an id comes twice, a material's skill, context or numbers are impossible, or prerequisites
                form a cycle.
        """
        raise NotImplementedError

    def relevant(self, scope: Iterable[int] | None) -> frozenset[int]:
        """Return the skills of which `choose` wants beliefs: those in scope (None: all) and all that they rest on."""
        raise NotImplementedError


_ = math
