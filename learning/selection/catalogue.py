"""What can be taught and with what: skills, their prerequisites, topics and materials, indexed once."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from learning.selection.fixed import SCALE, fixed
from learning.selection.shelves import Entry, Shelves, shelve

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

MOST_DIFFICULT = 6.0
"""Logits either way; beyond it a difficulty is a slip of the pen."""
MOST_MINUTES = 600


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
    entries: Mapping[int, Entry] = field(repr=False)
    """The materials, in integers."""
    shelves: Shelves = field(repr=False)
    needs: Mapping[int, tuple[int, ...]] = field(repr=False)
    """The strong prerequisites of each skill."""
    unlocks: Mapping[int, tuple[tuple[int, int], ...]] = field(repr=False)
    """Of each skill the (dependent skill, share in 1/10,000) that it opens; a weak one counts for a third."""
    longest: int = 0
    """Minutes that the longest material takes."""

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
                are unknown or form a cycle.
        """
        known = _by(skills, "skill", lambda skill: skill.id)
        for skill in known.values():
            _check_skill(skill, known)
        needs = {
            skill.id: tuple(sorted(p.skill for p in skill.prerequisites if p.strength is Strength.STRONG))
            for skill in known.values()
        }
        _refuse_cycles({skill.id: tuple(p.skill for p in skill.prerequisites) for skill in known.values()})
        named = _by(topics, "topic", lambda topic: topic.ref)
        entries = {m.id: _entry(m, known, named) for m in _by(materials, "material", lambda m: m.id).values()}
        longest = max((entry.minutes for entry in entries.values()), default=0)
        return cls(version, known, named, entries, shelve(entries.values()), needs, _unlocks(known.values()), longest)

    def relevant(self, scope: Iterable[int] | None) -> frozenset[int]:
        """Return the skills of which `choose` wants beliefs: those in scope (None: all) and all that they rest on.

        Skills that their materials practise besides are among them.
        """
        if scope is None:
            return frozenset(self.skills)
        found: set[int] = set()
        waiting = [skill for skill in scope if skill in self.skills]
        while waiting:
            skill = waiting.pop()
            if skill not in found:
                found.add(skill)
                waiting += self.needs[skill]
        beside = {other for skill in found for group in self.shelves.get(skill, ()) for other in group.skills}
        return frozenset(found | beside | {need for other in beside for need in self.needs[other]})


def _by(values: Iterable[T], kind: str, key: Callable[[T], K]) -> dict[K, T]:
    found: dict[K, T] = {}
    for value in values:
        if key(value) in found:
            raise CatalogueError(f"{kind} twice", key(value))
        found[key(value)] = value
    return found


def _check_skill(skill: Skill, known: Mapping[int, Skill]) -> None:
    if not 0.0 < skill.weight < math.inf:
        raise CatalogueError(f"weight of skill {skill.id}", skill.weight)
    for prerequisite in skill.prerequisites:
        if prerequisite.skill not in known or prerequisite.skill == skill.id:
            raise CatalogueError(f"prerequisite of skill {skill.id}", prerequisite.skill)


def _refuse_cycles(needs: Mapping[int, tuple[int, ...]]) -> None:
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        raise CatalogueError("prerequisites form a cycle", error.args[1]) from None


def _unlocks(skills: Iterable[Skill]) -> dict[int, tuple[tuple[int, int], ...]]:
    found: dict[int, list[tuple[int, int]]] = {}
    for skill in skills:
        for prerequisite in skill.prerequisites:
            share = SCALE if prerequisite.strength is Strength.STRONG else SCALE // 3
            found.setdefault(prerequisite.skill, []).append((skill.id, share))
    return {skill: tuple(sorted(pairs)) for skill, pairs in found.items()}


def _entry(material: Material, skills: Mapping[int, Skill], topics: Mapping[str, Topic]) -> Entry:
    """Return a material in integers."""
    if not material.skills or len(set(material.skills)) < len(material.skills):
        raise CatalogueError(f"skills of material {material.id}", material.skills)
    if not skills.keys() >= set(material.skills):
        raise CatalogueError(f"skills of material {material.id}", material.skills)
    if material.context is not None and material.context not in topics:
        raise CatalogueError(f"context of material {material.id}", material.context)
    if not -MOST_DIFFICULT <= material.difficulty <= MOST_DIFFICULT:
        raise CatalogueError(f"difficulty of material {material.id}", material.difficulty)
    if not 1 <= material.minutes <= MOST_MINUTES:
        raise CatalogueError(f"minutes of material {material.id}", material.minutes)
    return Entry(
        material.id,
        material.skills,
        fixed(material.difficulty),
        material.context,
        _depth(material).value,
        None if material.reading_level is None else fixed(material.reading_level),
        material.minutes,
        material.language,
        material.licence,
        None if material.active_from is None else math.floor(material.active_from),
        None if material.active_until is None else math.floor(material.active_until),
    )


def _depth(material: Material) -> Depth:
    """Return the depth that counts: without a context there is none, and a context is at least a dress."""
    if material.context is None:
        return Depth.NEUTRAL
    return Depth.COSMETIC if material.depth is Depth.NEUTRAL else material.depth
