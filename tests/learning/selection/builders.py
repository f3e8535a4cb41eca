"""Small worlds for examples: a few skills, a few materials, one student."""

from __future__ import annotations

from learning.mastery.beliefs import SkillBelief
from learning.selection import (
    Catalogue,
    ClassScope,
    Depth,
    Material,
    Policy,
    Prerequisite,
    Skill,
    StudentContext,
    TeacherOverrides,
    Topic,
)
from tests.learning.selection.worlds import NOW, SampleInterest, World, belief

TITLES = {1: "adding fractions with like denominators", 2: "adding fractions with unlike denominators"}


def materials(skill: int, *, first: int, contexts: tuple[str | None, ...], difficulty: float = -1.1) -> list[Material]:
    """Return a material for each context; at difficulty -1.1 a student with logit 0 succeeds in three of four."""
    return [
        Material(
            id=first + n,
            title=f"{context or 'plain'} {skill}",
            skills=(skill,),
            difficulty=difficulty,
            context=context,
            depth=Depth.NEUTRAL if context is None else Depth.STRUCTURAL,
        )
        for n, context in enumerate(contexts)
    ]


def small_world(
    *,
    offsets: dict[int, float] | None = None,
    made: list[Material] | None = None,
    interests: dict[str, SampleInterest] | None = None,
    scope: tuple[int, ...] = (1, 2),
    slots: int = 1,
    **values: object,
) -> World:
    """Return two skills, of which the second needs the first, in four contexts each, and a student with logit 0."""
    skills = [
        Skill(1, "4.NF.3", TITLES[1], 4),
        Skill(2, "5.NF.1", TITLES[2], 5, prerequisites=(Prerequisite(1),)),
    ]
    if made is None:
        contexts = (None, "football", "music", "space")
        made = materials(1, first=10, contexts=contexts) + materials(2, first=20, contexts=contexts)
    beliefs: dict[int, SkillBelief] = {
        s: belief(s, offset) for s, offset in ({1: 0.9, 2: 0.0} | (offsets or {})).items()
    }
    student = StudentContext(
        student_id=7, beliefs=beliefs, responses=40.0, interests=interests or {}, evidence_until=NOW - 60
    )
    catalogue = Catalogue.build(
        version=1, skills=skills, materials=made, topics=[Topic(t, t) for t in ("football", "music", "space", "art")]
    )
    window = ClassScope(dict.fromkeys(scope))
    return World(student, catalogue, Policy(slots=slots, explore_every=0), window, TeacherOverrides()).but(**values)
