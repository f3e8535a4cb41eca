"""A class from one seed: curriculum, materials, and students with true skills that nobody sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.interest_evidence import Rated
from learning.interests import Interest, vector
from learning.selection import Catalogue, Depth, Material, Prerequisite, Skill, Topic
from learning.simulation.worlds import World
from learning.snapshot import Snapshot

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GRADES = 5
"""Grades 3 to 7; the class is in the middle one."""
SKILLS_A_GRADE = 33
GRADE_STEP = 1.1
"""Logits by which the skills of a grade are harder than those of the one before."""
LEVELS = (-1.2, 0.0, 1.2)
"""Difficulties of a skill's materials in logits: easy, average, hard."""
TOPICS = ("football", "music", "space", "animals", "cooking", "games", "art", "cars")
CONTEXTS = (None, *TOPICS)
ITEMS = 4
"""Items an assignment."""
START = 1_760_000_000.0
DAY = 86_400.0
MASTERED = 1.386
"""True logit of a mastered skill: 0.8 on an average item."""


@dataclass(frozen=True)
class Classroom:
    """A class before its first day; skills count from 0 here and from 1 in the catalogue."""

    world: World
    catalogue: Catalogue
    snapshot: Snapshot
    needs: tuple[tuple[int, ...], ...]
    """The true prerequisites."""
    scope: Ints
    order: Ints
    """The scope in an order that respects the catalogue's prerequisites."""
    theta: Floats
    """True skill, (students, skills), in logits of an average item."""
    rate: Floats
    """Logits that a wholly fitting assignment adds, (students,)."""
    interest: Floats
    """True interest in [0, 1], (students, contexts); neutral first, at a half."""
    weak: NDArray[np.bool_]
    slow: NDArray[np.bool_]
    reading: Floats
    material_reading: Floats
    """Reading level by context, (contexts,)."""
    told: tuple[dict[str, Interest], ...]
    """What the survey made known of each student's interests."""

    @property
    def students(self) -> int:
        """How many there are."""
        return len(self.rate)


def material_id(skill: int, level: int, context: int) -> int:
    """Return the catalogue's id of a material."""
    return 1 + (skill * len(LEVELS) + level) * len(CONTEXTS) + context


def parts(material: int) -> tuple[int, int, int]:
    """Return (skill, level, context) of a material's id."""
    rest, context = divmod(material - 1, len(CONTEXTS))
    skill, level = divmod(rest, len(LEVELS))
    return skill, level, context


def build(world: World, *, seed: int, students: int) -> Classroom:
    """Return a class; the same seed gives the same students in every world, as far as the world lets them."""
    rng = np.random.default_rng(seed)
    grades = np.repeat(np.arange(GRADES), SKILLS_A_GRADE)
    needs = _needs(rng, grades)
    believed = _mistaken(rng, needs, grades, share=world.wrong_edges)
    reading_of = np.concatenate([[3.0], rng.uniform(3.0, world.hardest_reading, len(TOPICS))])
    catalogue = _catalogue(believed, grades, reading_of)
    middle = GRADES // 2
    scope = np.flatnonzero((grades == middle) | ((grades == middle - 1) & (np.arange(len(grades)) % 3 == 0)))
    ability = rng.normal(0.0, 0.9, students)
    theta = ability[:, None] + GRADE_STEP * (middle - grades)[None, :] + rng.normal(0.0, 0.6, (students, len(grades)))
    slow = np.arange(students) % 2 == 0 if world.slow_half else np.zeros(students, dtype=bool)
    interest = np.concatenate([np.full((students, 1), 0.5), rng.beta(1.2, 1.2, (students, len(TOPICS)))], axis=1)
    return Classroom(
        world=world,
        catalogue=catalogue,
        snapshot=_snapshot([GRADE_STEP * float(grade - middle) for grade in grades]),
        needs=needs,
        scope=scope,
        order=scope,
        theta=theta,
        rate=rng.lognormal(np.log(0.35), 0.3, students) * np.where(slow, 0.5, 1.0),
        interest=interest,
        weak=ability < np.median(ability),
        slow=slow,
        reading=np.where(slow, 3.0, 5.0),
        material_reading=reading_of,
        told=tuple(_survey(rng, row[1:], flat=world.flat_survey) for row in interest),
    )


def _needs(rng: np.random.Generator, grades: Ints) -> tuple[tuple[int, ...], ...]:
    """Return prerequisites: mostly of the same grade or the one below, about 1.7 a skill; numbers only look down."""
    needs = []
    for skill in range(len(grades)):
        near = np.arange(max(0, skill - SKILLS_A_GRADE), skill)
        count = min(len(near), int(rng.choice([0, 1, 2, 3], p=[0.08, 0.34, 0.38, 0.20])))
        needs.append(tuple(sorted(int(n) for n in rng.choice(near, count, replace=False))) if count else ())
    return tuple(needs)


def _mistaken(
    rng: np.random.Generator, needs: tuple[tuple[int, ...], ...], grades: Ints, *, share: float
) -> tuple[tuple[int, ...], ...]:
    """Return the prerequisites as the catalogue has them: some point to another skill."""
    believed = []
    for skill, found in enumerate(needs):
        lowest = max(0, skill - SKILLS_A_GRADE)
        wrong = rng.random(len(found)) < share
        others = rng.integers(lowest, max(skill, lowest + 1), len(found))
        pairs = zip(found, others, wrong, strict=True)
        believed.append(tuple(sorted({int(o) if w else n for n, o, w in pairs} - {skill})))
    assert len(believed) == len(grades)  # noqa: S101 - one row a skill
    return tuple(believed)


def _catalogue(needs: tuple[tuple[int, ...], ...], grades: Ints, reading: Floats) -> Catalogue:
    skills = [
        Skill(
            skill + 1,
            f"S{skill}",
            f"skill {skill}",
            float(grades[skill]) + 3,
            1.0,
            tuple(Prerequisite(n + 1) for n in found),
        )
        for skill, found in enumerate(needs)
    ]
    materials = [
        Material(
            id=material_id(skill, level, context),
            title="",
            skills=(skill + 1,),
            difficulty=LEVELS[level],
            context=name,
            depth=Depth.NEUTRAL if name is None else Depth.STRUCTURAL,
            reading_level=float(reading[context]),
            minutes=10,
        )
        for skill in range(len(needs))
        for level in range(len(LEVELS))
        for context, name in enumerate(CONTEXTS)
    ]
    return Catalogue.of(version=1, skills=skills, materials=materials, topics=[Topic(t, t) for t in TOPICS])


def item_id(material: int, number: int) -> int:
    """Return the id of one of a material's items."""
    return material * ITEMS + number


def _snapshot(difficulties: Sequence[float]) -> Snapshot:
    """Return the difficulties of all skills and items, as a school's snapshot has learned them from earlier classes."""
    skills = len(difficulties)
    items = {
        item_id(material_id(skill, level, context), number): (LEVELS[level], 0.05)
        for skill in range(skills)
        for level in range(len(LEVELS))
        for context in range(len(CONTEXTS))
        for number in range(ITEMS)
    }
    prior = Snapshot.prior()
    known = {skill + 1: (difficulty, 0.1) for skill, difficulty in enumerate(difficulties)}
    return Snapshot(1, (0.0, 0.3), known, items, prior.blocked, prior.recent)


def _survey(rng: np.random.Generator, interest: Floats, *, flat: bool) -> dict[str, Interest]:
    """Return what one answer a topic, on a scale of five and with some noise, makes known."""
    points = np.clip(np.round(4 * (interest + rng.normal(0.0, 0.12, len(interest)))), 0, 4) / 4
    if flat:
        points[:] = 0.75
    evidence = [
        Rated(at=START, key=topic, response="survey", point=float(point), loadings=((topic, 1.0),))
        for topic, point in zip(TOPICS, points, strict=True)
    ]
    return vector(evidence, topics=TOPICS, as_of=START)
