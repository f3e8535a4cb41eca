"""Build a class from a seed: curriculum, materials, and students with hidden true skills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from learning.interests.evidence import RatingEvidence
from learning.interests.vector import Interest, interest_vector
from learning.mastery.parameters import SHIPPED
from learning.mastery.snapshot import Snapshot
from learning.selection import Catalogue, Depth, Material, Prerequisite, Skill, Topic
from learning.simulation.scenarios import Scenario

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GRADES = 5
"""Grades 3 to 7; the class is in the middle one."""
SKILLS_A_GRADE = 33
GRADE_STEP = 1.1
"""Logits by which the skills of a grade are harder than those of the grade below."""
LEVELS = (-1.2, 0.0, 1.2)
"""Difficulties of a skill's materials in logits: easy, average, hard."""
TOPICS = ("football", "music", "space", "animals", "cooking", "games", "art", "cars")
CONTEXTS = (None, *TOPICS)
DUE_AFTER_DAYS = 14
"""In a paced scenario with due dates: days from when a skill opens to when it is due."""
ITEMS = 4
"""Number of items in an assignment."""
START = 1_760_000_000.0
DAY = 86_400.0
MASTERY_LOGIT = 1.386
"""True logit of a mastered skill: 0.8 on an average item."""


@dataclass(frozen=True)
class Classroom:
    """A class before its first day; skills count from 0 here and from 1 in the catalogue."""

    scenario: Scenario
    catalogue: Catalogue
    snapshot: Snapshot
    prerequisites: tuple[tuple[int, ...], ...]
    """The true prerequisites."""
    scope: Ints
    """All skills that the class works on, in the order in which they open."""
    this_year: Ints
    """The skills of the class's own grade."""
    skill_order: Ints
    """The scope in an order that respects the catalogue's prerequisites."""
    true_skill: Floats
    """True skill, (students, skills), in logits of an average item."""
    learning_rate: Floats
    """Logits of true skill that an ideally difficult assignment adds, (students,)."""
    true_interest: Floats
    """True interest in [0, 1], (students, contexts); neutral is first and 0.5."""
    weak: NDArray[np.bool_]
    slow: NDArray[np.bool_]
    reading_level: Floats
    context_reading_level: Floats
    """Reading level of the materials by context, (contexts,)."""
    survey_interests: tuple[dict[str, Interest], ...]
    """Each student's interest vector after the survey, by topic."""

    @property
    def student_count(self) -> int:
        """Number of students."""
        return len(self.learning_rate)

    def open_skills(self, day: int) -> Ints:
        """Return the skills in scope that are open on a day: all of them, or in a paced scenario the first ones."""
        if not self.scenario.skills_a_week:
            return self.scope
        return self.scope[: self.scenario.skills_a_week * (day // 7 + 1)]

    def times(self, skill_position: int) -> tuple[float, float | None]:
        """Return when a skill in scope opens and when it is due, if ever, in seconds since 1970."""
        if not self.scenario.skills_a_week:
            return START, None
        opens = START + (skill_position // self.scenario.skills_a_week) * 7 * DAY
        return opens, opens + DUE_AFTER_DAYS * DAY if self.scenario.has_due_dates else None


def material_id(skill: int, level: int, context: int) -> int:
    """Return the catalogue's id of a material."""
    return 1 + (skill * len(LEVELS) + level) * len(CONTEXTS) + context


def decode_material_id(material: int) -> tuple[int, int, int]:
    """Return (skill, level, context) of a material's id."""
    rest, context = divmod(material - 1, len(CONTEXTS))
    skill, level = divmod(rest, len(LEVELS))
    return skill, level, context


def build(scenario: Scenario, *, seed: int, students: int) -> Classroom:
    """Build a class; a seed gives the same students in every scenario, except for what the scenario is about."""
    rng = np.random.default_rng(seed)
    grades = np.repeat(np.arange(GRADES), SKILLS_A_GRADE)
    needs = _true_prerequisites(rng, grades)
    believed = _catalogue_prerequisites(rng, needs, grades, share=scenario.wrong_prerequisite_share)
    reading_of = np.concatenate([[3.0], rng.uniform(3.0, scenario.max_reading_level, len(TOPICS))])
    catalogue = _catalogue(believed, grades, reading_of)
    middle = GRADES // 2
    scope = np.flatnonzero((grades == middle) | ((grades == middle - 1) & (np.arange(len(grades)) % 3 == 0)))
    ability = rng.normal(0.0, 0.9, students)
    theta = ability[:, None] + GRADE_STEP * (middle - grades)[None, :] + rng.normal(0.0, 0.6, (students, len(grades)))
    slow = np.arange(students) % 2 == 0 if scenario.has_slow_half else np.zeros(students, dtype=bool)
    interest = np.concatenate([np.full((students, 1), 0.5), rng.beta(1.2, 1.2, (students, len(TOPICS)))], axis=1)
    return Classroom(
        scenario=scenario,
        catalogue=catalogue,
        snapshot=_snapshot([GRADE_STEP * float(grade - middle) for grade in grades]),
        prerequisites=needs,
        scope=scope,
        this_year=np.flatnonzero(grades == middle),
        skill_order=scope,
        true_skill=theta,
        learning_rate=rng.lognormal(np.log(0.35), 0.3, students) * np.where(slow, 0.5, 1.0),
        true_interest=interest,
        weak=ability < np.median(ability),
        slow=slow,
        reading_level=np.where(slow, 3.0, 5.0),
        context_reading_level=reading_of,
        survey_interests=tuple(_survey(rng, row[1:], flat=scenario.has_flat_survey) for row in interest),
    )


def _true_prerequisites(rng: np.random.Generator, grades: Ints) -> tuple[tuple[int, ...], ...]:
    """Return about 1.7 prerequisites for each skill, of the same grade or the one below, always with lower numbers."""
    needs = []
    for skill in range(len(grades)):
        near = np.arange(max(0, skill - SKILLS_A_GRADE), skill)
        count = min(len(near), int(rng.choice([0, 1, 2, 3], p=[0.08, 0.34, 0.38, 0.20])))
        needs.append(tuple(sorted(int(n) for n in rng.choice(near, count, replace=False))) if count else ())
    return tuple(needs)


def _catalogue_prerequisites(
    rng: np.random.Generator, needs: tuple[tuple[int, ...], ...], grades: Ints, *, share: float
) -> tuple[tuple[int, ...], ...]:
    """Return the prerequisites of the catalogue, some of which point to a wrong skill."""
    believed = []
    for skill, of_skill in enumerate(needs):
        lowest = max(0, skill - SKILLS_A_GRADE)
        wrong = rng.random(len(of_skill)) < share
        others = rng.integers(lowest, max(skill, lowest + 1), len(of_skill))
        pairs = zip(of_skill, others, wrong, strict=True)
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
            tuple(Prerequisite(n + 1) for n in of_skill),
        )
        for skill, of_skill in enumerate(needs)
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
    return Catalogue.build(version=1, skills=skills, materials=materials, topics=[Topic(t, t) for t in TOPICS])


def item_id(material: int, number: int) -> int:
    """Return the id of one of a material's items."""
    return material * ITEMS + number


def _snapshot(difficulties: Sequence[float]) -> Snapshot:
    """Return a snapshot with the difficulties of all skills and items, as if learned from earlier classes."""
    skills = len(difficulties)
    items = {
        item_id(material_id(skill, level, context), number): (LEVELS[level], 0.05, 0.0, SHIPPED.item_slope_variance)
        for skill in range(skills)
        for level in range(len(LEVELS))
        for context in range(len(CONTEXTS))
        for number in range(ITEMS)
    }
    slopes = (0.0, SHIPPED.skill_slope_variance, 0.0, SHIPPED.ability_slope_variance)
    difficulty_terms = {skill + 1: (difficulty, 0.1, *slopes) for skill, difficulty in enumerate(difficulties)}
    return Snapshot(1, (0.0, 0.3), difficulty_terms, items)


def _survey(rng: np.random.Generator, interest: Floats, *, flat: bool) -> dict[str, Interest]:
    """Return the interest vector after one noisy answer for each topic, on a scale of five."""
    points = np.clip(np.round(4 * (interest + rng.normal(0.0, 0.12, len(interest)))), 0, 4) / 4
    if flat:
        points[:] = 0.75
    evidence = [
        RatingEvidence(at=START, key=topic, response="survey", point=float(point), loadings=((topic, 1.0),))
        for topic, point in zip(TOPICS, points, strict=True)
    ]
    return interest_vector(evidence, topics=TOPICS, as_of=START)
