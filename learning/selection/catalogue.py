"""The catalogue: skills, their prerequisites, topics and materials, indexed once."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from graphlib import CycleError, TopologicalSorter
from typing import TypeVar

from learning.selection.fixed_point import SCALE, to_fixed
from learning.selection.material_index import MaterialIndex, MaterialRow, build_index

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")

MAX_DIFFICULTY = 6.0
"""Largest difficulty in logits, positive or negative; beyond it a value is a mistake."""
MAX_MINUTES = 600


class Depth(StrEnum):
    """Whether a material's context is part of its mathematics (structural), only its setting (cosmetic), or none."""

    STRUCTURAL = "structural"
    COSMETIC = "cosmetic"
    NEUTRAL = "neutral"


class Strength(StrEnum):
    """How much a skill needs another: it waits for a strong prerequisite, and not for a weak one."""

    STRONG = "strong"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """A skill that another skill builds on."""

    skill: int
    strength: Strength = Strength.STRONG


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill of the curriculum."""

    id: int
    ref: str
    title: str
    """Plain words that fit into a sentence: "adding fractions with unlike denominators"."""
    grade: float | None = None
    weight: float = 1.0
    """Weight in the curriculum, above 0; 1 is usual."""
    prerequisites: tuple[Prerequisite, ...] = ()


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic of interest; a material's context is the `ref` of one."""

    ref: str
    title: str
    """Plain words that fit after "about": "football", "space travel"."""


@dataclass(frozen=True, slots=True)
class Material:
    """A material that can be assigned."""

    id: int
    title: str
    skills: tuple[int, ...]
    """The skills that it practises; the first is the one that it is for."""
    difficulty: float
    """Logits relative to its skills: 0 is an average item of theirs, 1 is harder."""
    context: str | None = None
    """The ref of its topic; None is neutral."""
    depth: Depth = Depth.NEUTRAL
    reading_level: float | None = None
    """School grade of its text; None is unknown and fits every student."""
    minutes: int = 10
    language: str = "en"
    licence: str | None = None
    active_from: float | None = None
    """Seconds since 1970; None is always."""
    active_until: float | None = None


class CatalogueError(ValueError):
    """A skill, topic or material is impossible, or refers to something that the catalogue lacks."""

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
    entries: Mapping[int, MaterialRow] = field(repr=False)
    """The materials as integers, by id."""
    index: MaterialIndex = field(repr=False)
    prerequisites: Mapping[int, tuple[int, ...]] = field(repr=False)
    """The strong prerequisites of each skill."""
    unlocks: Mapping[int, tuple[tuple[int, int], ...]] = field(repr=False)
    """(dependent skill, share in 1/10,000) of each skill; a weak prerequisite counts for a third."""
    max_minutes: int = 0
    """Minutes of the longest material."""

    @classmethod
    def build(
        cls,
        *,
        version: int,
        skills: Iterable[Skill],
        materials: Iterable[Material],
        topics: Iterable[Topic] = (),
    ) -> Catalogue:
        """Build a catalogue with its indexes.

        Raises:
            CatalogueError: an id is not unique, a material's skill, context or numbers are impossible, or a
                prerequisite is unknown or part of a cycle.
        """
        skills_by_id = _by_unique_key(skills, "skill", lambda skill: skill.id)
        for skill in skills_by_id.values():
            _check_skill(skill, skills_by_id)
        strong = {
            skill.id: tuple(sorted(p.skill for p in skill.prerequisites if p.strength is Strength.STRONG))
            for skill in skills_by_id.values()
        }
        _refuse_cycles({skill.id: tuple(p.skill for p in skill.prerequisites) for skill in skills_by_id.values()})
        topics_by_ref = _by_unique_key(topics, "topic", lambda topic: topic.ref)
        materials_by_id = _by_unique_key(materials, "material", lambda material: material.id)
        entries = {id_: _entry(material, skills_by_id, topics_by_ref) for id_, material in materials_by_id.items()}
        return cls(
            version,
            skills_by_id,
            topics_by_ref,
            entries,
            build_index(entries.values()),
            strong,
            _unlocks(skills_by_id.values()),
            max((entry.minutes for entry in entries.values()), default=0),
        )

    def next_grade_skills(self, scope: Iterable[int]) -> frozenset[int]:
        """Return the skills of the next grade above all of a scope that build, strongly, on a skill of it."""
        within = {skill for skill in scope if skill in self.skills}
        grades = [grade for skill in within if (grade := self.skills[skill].grade) is not None]
        if not grades:
            return frozenset()
        top = max(grades)
        above: dict[int, float] = {}
        for skill in within:
            for dependent, _ in self.unlocks.get(skill, ()):
                grade = self.skills[dependent].grade if dependent in self.skills else None
                if grade is not None and grade > top and skill in self.prerequisites.get(dependent, ()):
                    above[dependent] = grade
        return frozenset(skill for skill, grade in above.items() if grade == min(above.values()))

    def with_needs(self, skills: Iterable[int]) -> set[int]:
        """Return skills with all that they rest on, directly or not."""
        found: set[int] = set()
        pending = list(skills)
        while pending:
            skill = pending.pop()
            if skill not in found:
                found.add(skill)
                pending += self.prerequisites.get(skill, ())
        return found

    def related_skills(self, scope: Iterable[int] | None) -> frozenset[int]:
        """Return the skills whose beliefs `choose` needs: those in scope (None: all) and their prerequisites.

        Further skills of their materials, and the prerequisites of these, are included.
        """
        if scope is None:
            return frozenset(self.skills)
        related = self.with_needs(skill for skill in scope if skill in self.skills)
        further = {other for skill in related for skill_set in self.index.get(skill, ()) for other in skill_set.skills}
        return frozenset(related | further | {need for other in further for need in self.prerequisites[other]})


def _by_unique_key(values: Iterable[T], kind: str, key: Callable[[T], K]) -> dict[K, T]:
    unique: dict[K, T] = {}
    for value in values:
        if key(value) in unique:
            raise CatalogueError(f"{kind} twice", key(value))
        unique[key(value)] = value
    return unique


def _check_skill(skill: Skill, skills: Mapping[int, Skill]) -> None:
    if not 0.0 < skill.weight < math.inf:
        raise CatalogueError(f"weight of skill {skill.id}", skill.weight)
    for prerequisite in skill.prerequisites:
        if prerequisite.skill not in skills or prerequisite.skill == skill.id:
            raise CatalogueError(f"prerequisite of skill {skill.id}", prerequisite.skill)


def _refuse_cycles(prerequisites: Mapping[int, tuple[int, ...]]) -> None:
    try:
        TopologicalSorter(prerequisites).prepare()
    except CycleError as error:
        raise CatalogueError("prerequisites form a cycle", error.args[1]) from None


def _unlocks(skills: Iterable[Skill]) -> dict[int, tuple[tuple[int, int], ...]]:
    unlocks: dict[int, list[tuple[int, int]]] = {}
    for skill in skills:
        for prerequisite in skill.prerequisites:
            share = SCALE if prerequisite.strength is Strength.STRONG else SCALE // 3
            unlocks.setdefault(prerequisite.skill, []).append((skill.id, share))
    return {skill: tuple(sorted(pairs)) for skill, pairs in unlocks.items()}


def _entry(material: Material, skills: Mapping[int, Skill], topics: Mapping[str, Topic]) -> MaterialRow:
    """Check a material and convert it to integers."""
    if not material.skills or len(set(material.skills)) < len(material.skills):
        raise CatalogueError(f"skills of material {material.id}", material.skills)
    if not skills.keys() >= set(material.skills):
        raise CatalogueError(f"skills of material {material.id}", material.skills)
    if material.context is not None and material.context not in topics:
        raise CatalogueError(f"context of material {material.id}", material.context)
    if not -MAX_DIFFICULTY <= material.difficulty <= MAX_DIFFICULTY:
        raise CatalogueError(f"difficulty of material {material.id}", material.difficulty)
    if not 1 <= material.minutes <= MAX_MINUTES:
        raise CatalogueError(f"minutes of material {material.id}", material.minutes)
    return MaterialRow(
        material.id,
        material.skills,
        to_fixed(material.difficulty),
        material.context,
        _depth(material).value,
        None if material.reading_level is None else to_fixed(material.reading_level),
        material.minutes,
        material.language,
        material.licence,
        None if material.active_from is None else math.floor(material.active_from),
        None if material.active_until is None else math.floor(material.active_until),
    )


def _depth(material: Material) -> Depth:
    """Return the depth that counts: neutral without a context, and at least cosmetic with one."""
    if material.context is None:
        return Depth.NEUTRAL
    return Depth.COSMETIC if material.depth is Depth.NEUTRAL else material.depth
