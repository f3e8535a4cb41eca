"""Random students, catalogues and teacher overrides from a seed: all arguments of a decision."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from learning.mastery.beliefs import SkillBelief
from learning.selection import (
    AnswerCounts,
    AssignmentState,
    Catalogue,
    ClassScope,
    CompletionRate,
    CurrentAssignment,
    Decision,
    DecisionMemory,
    Depth,
    Fallback,
    Material,
    MaterialAttempt,
    OverrideKind,
    Policy,
    Prerequisite,
    Skill,
    Strength,
    StudentContext,
    TeacherOverride,
    TeacherOverrides,
    Topic,
    choose,
)

NOW = 1_760_000_000.0
DAY = 86_400.0
TOPICS = ("football", "music", "space", "animals", "cooking", "games")


@dataclass(frozen=True)
class SampleInterest:
    """An interest as a decision reads it."""

    value: float
    confidence: float
    vetoed: bool = False


@dataclass(frozen=True)
class World:
    """All arguments of one decision."""

    student: StudentContext
    catalogue: Catalogue
    policy: Policy
    scope: ClassScope | None
    overrides: TeacherOverrides
    as_of: float = NOW

    def choose(self) -> Decision:
        return choose(
            self.student,
            catalogue=self.catalogue,
            policy=self.policy,
            scope=self.scope,
            overrides=self.overrides,
            as_of=self.as_of,
        )

    def but(self, **changes: Any) -> World:
        """Return the world with other arguments, or with other values of the student."""
        own = {name: changes.pop(name) for name in list(changes) if name in self.__dataclass_fields__}
        world = replace(self, **own)
        return replace(world, student=replace(world.student, **changes)) if changes else world


def belief(skill: int, offset: float = 0.0, **values: object) -> SkillBelief:
    """Return a fairly sure belief with ability 0 and difficulty 0, so that `offset` is the logit of mastery."""
    whole = {
        "ability": 0.0,
        "ability_variance": 0.05,
        "offset_variance": 0.1,
        "difficulty": 0.0,
        "difficulty_variance": 0.0,
        "responses": 8,
        "evidence": 8.0,
        "last_at": NOW - DAY,
        "retention": 1.0,
    }
    return SkillBelief(skill=skill, offset=offset, **(whole | values))  # type: ignore[arg-type] # values of the fields


def catalogue_of(rng: random.Random, *, skills: int, per_skill: int, contexts: tuple[str, ...] = TOPICS) -> Catalogue:
    """Return skills with random prerequisites and materials of random difficulties, contexts and languages."""
    made = []
    for skill in range(1, skills + 1):
        needs = rng.sample(range(1, skill), min(skill - 1, rng.choice([0, 0, 1, 1, 2])))
        strengths = [rng.choice([Strength.STRONG, Strength.STRONG, Strength.WEAK]) for _ in needs]
        prerequisites = tuple(Prerequisite(n, s) for n, s in zip(needs, strengths, strict=True))
        made.append(Skill(skill, f"S{skill}", f"skill number {skill}", 5, rng.choice([0.5, 1, 1, 2]), prerequisites))
    materials: list[Material] = []
    for skill in range(1, skills + 1):
        for _ in range(rng.randint(0, 2 * per_skill)):
            materials.append(_material(rng, len(materials) + 1, skill, skills, contexts))
    return Catalogue.build(version=3, skills=made, materials=materials, topics=[Topic(ref, ref) for ref in contexts])


def _material(rng: random.Random, number: int, skill: int, skills: int, contexts: tuple[str, ...]) -> Material:
    context = rng.choice([None, *contexts])
    others = tuple(s for s in rng.sample(range(1, skills + 1), min(2, skills)) if s != skill)
    return Material(
        id=number,
        title=f"material {number}",
        skills=(skill, *others) if rng.random() < 0.15 else (skill,),
        difficulty=rng.choice([-2.0, -1.0, 0.0, 1.0, rng.uniform(-3, 3)]),
        context=context,
        depth=Depth.NEUTRAL if context is None else rng.choice([Depth.STRUCTURAL, Depth.COSMETIC]),
        reading_level=rng.choice([None, 3.0, 5.0, 6.2]),
        minutes=rng.choice([5, 10, 20, 45]),
        language=rng.choice(["en", "en", "en", "en", "es"]),
        licence=rng.choice([None, "CC-BY-4.0", "closed"]),
        active_from=rng.choice([None, None, NOW - DAY, NOW + DAY]),
        active_until=rng.choice([None, None, NOW - DAY, NOW + DAY]),
    )


def random_student(rng: random.Random, catalogue: Catalogue) -> StudentContext:
    """Return a student with random beliefs, interests and history in a catalogue."""
    skills = sorted(catalogue.skills)
    ability, variance = rng.gauss(0.5, 1), rng.choice([0.02, 0.3, 0.9])
    beliefs = {}
    for skill in skills:
        if rng.random() < 0.95:
            beliefs[skill] = _random_belief(rng, skill, ability, variance)
    materials = sorted(catalogue.entries)
    # Some students have had one context nearly always.
    usual = rng.choice([None, None, *TOPICS])
    often = [m for m in materials if catalogue.entries[m].context == usual] or materials
    history = tuple(
        _attempt(
            rng, catalogue, rng.choice(often if usual and rng.random() < 0.8 else materials), NOW - (40 - n) * DAY / 3
        )
        for n in range(rng.choice([0, 0, 3, 12, 30]) if materials else 0)
    )
    return StudentContext(
        student_id=rng.randrange(1, 10**9),
        beliefs=beliefs,
        responses=rng.choice([0.0, 4.0, 40.0]),
        interests={
            topic: SampleInterest(rng.random(), rng.choice([0.0, 0.2, 0.5, 0.9]), rng.random() < 0.15)
            for topic in TOPICS
            if rng.random() < 0.7
        },
        interest_switch=rng.random() < 0.85,
        reading_level=rng.choice([None, 3.0, 5.0]),
        history=history,
        answer_counts={skill: AnswerCounts(rng.randint(0, 8), 8) for skill in skills if rng.random() < 0.5},
        open_assignments=_open_assignments(rng, catalogue),
        evidence_until=rng.choice([None, NOW - DAY, NOW - 1]),
        cited_facts=(rng.randrange(10**6),),
        completion_rate=rng.choice(
            [None, CompletionRate(1, 10, 14.0), CompletionRate(3, 35, 14.0), CompletionRate(20, 300, 14.0)]
        ),
        memory=DecisionMemory(
            rng.randrange(20), ((0, 1),) if rng.random() < 0.3 else (), rng.choice([None, NOW - 2 * DAY])
        ),
    )


def _random_belief(rng: random.Random, skill: int, ability: float, variance: float) -> SkillBelief:
    responses = rng.choice([0, 2, 9])
    return SkillBelief(
        skill=skill,
        ability=ability,
        ability_variance=variance,
        offset=rng.gauss(0, 1),
        offset_variance=rng.choice([0.05, 0.3]),
        difficulty=rng.gauss(0, 0.7),
        difficulty_variance=rng.choice([0.0, 0.2]),
        responses=responses,
        evidence=float(responses),
        last_at=NOW - rng.choice([1, 30]) * DAY if responses else None,
        retention=rng.choice([1.0, 0.9, 0.6]) if responses else 1.0,
    )


def _attempt(rng: random.Random, catalogue: Catalogue, material: int, at: float) -> MaterialAttempt:
    entry = catalogue.entries[material]
    return MaterialAttempt(
        material, entry.skills[0], at, rng.choice([0.0, 0.0, 0.4, 1.0, None]), entry.context, entry.difficulty / 1e4
    )


def _open_assignments(rng: random.Random, catalogue: Catalogue) -> tuple[CurrentAssignment, ...]:
    materials = sorted(catalogue.entries)
    materials_open = rng.sample(materials, min(len(materials), rng.choice([0, 0, 1, 3])))
    return tuple(
        CurrentAssignment(
            slot=slot,
            skill=catalogue.entries[material].skills[0],
            materials=(material,),
            state=rng.choice([AssignmentState.ASSIGNED, AssignmentState.ASSIGNED, *AssignmentState]),
            assigned_at=NOW - rng.choice([0.5, 3, 20]) * DAY,
            evidence_until=rng.choice([None, NOW - 3 * DAY]),
            has_attempt=rng.random() < 0.15,
        )
        for slot, material in enumerate(materials_open)
    )


def random_overrides(rng: random.Random, catalogue: Catalogue) -> TeacherOverrides:
    """Return none to three overrides of random subjects, some of them expired."""
    overrides = []
    for number in range(rng.choice([0, 0, 0, 1, 3])):
        material = rng.choice([None, *sorted(catalogue.entries)[:40]])
        kind = rng.choice(list(OverrideKind))
        skill = None if material is not None else rng.choice(sorted(catalogue.skills))
        if kind is OverrideKind.HOLD and rng.random() < 0.3:
            material = skill = None
        expires = rng.choice([None, NOW - 1, NOW + DAY])
        overrides.append(TeacherOverride(number + 1, kind, material, skill, NOW - 2 * DAY, expires))
    return TeacherOverrides(tuple(overrides))


def after(world: World, decision: Decision) -> World:
    """Return the world once a decision is published and nothing else has happened."""
    withdrawn = {(w.slot, w.material) for w in decision.withdrawals}
    unchanged = {k.slot: k for k in decision.unchanged_slots}
    current = tuple(
        replace(
            now,
            materials=tuple(m for m in now.materials if (now.slot, m) not in withdrawn),
            state=unchanged[now.slot].state,
        )
        for now in world.student.open_assignments
        if now.slot in unchanged
    )
    new = tuple(
        CurrentAssignment(
            slot=c.slot,
            skill=c.skill,
            materials=tuple(option.material for option in c.menu),
            state=c.state,
            assigned_at=world.as_of,
            evidence_until=world.student.evidence_until,
            is_nearest=Fallback.NEAREST in c.fallbacks,
        )
        for c in decision.filled_slots
    )
    return world.but(open_assignments=current + new, memory=decision.memory)


@lru_cache(maxsize=4)
def _random_catalogue(seed: int) -> Catalogue:
    rng = random.Random(f"catalogue {seed}")
    return catalogue_of(rng, skills=rng.randint(1, 12), per_skill=rng.choice([1, 6, 20]))


def random_world(seed: int) -> World:
    """Return all arguments of one decision; ten seeds share a catalogue, and half of the students have a past."""
    rng = random.Random(seed)
    catalogue = _random_catalogue(seed // 10)
    skills = sorted(catalogue.skills)
    open_ones = rng.sample(skills, rng.randint(0, len(skills)))
    due = {skill: rng.choice([None, NOW + 3 * DAY, NOW + 90 * DAY]) for skill in open_ones}
    policy = Policy(
        version=2,
        interest_tolerance=rng.choice([0.0, 0.05, 0.15]),
        licences=rng.choice([None, ("", "CC-BY-4.0")]),
        explore_every=rng.choice([0, 1, 8]),
        needs_approval=rng.random() < 0.1,
        tie_break_key=rng.randrange(100),
        replacement_patience=rng.choice([1, 2]),
    )
    scope = None if rng.random() < 0.1 else ClassScope(due)
    world = World(random_student(rng, catalogue), catalogue, policy, scope, random_overrides(rng, catalogue))
    for _ in range(rng.choice([0, 0, 1, 2])):
        world = _later(rng, world)
    return world


def _later(rng: random.Random, world: World) -> World:
    """Return the world a few days later, with its last decision published and other evidence."""
    world = after(world, world.choose())
    as_of = world.as_of + rng.choice([0.1, 1, 15]) * DAY
    beliefs = {
        skill: belief_before._replace(offset=belief_before.offset + rng.gauss(0, 0.4))
        for skill, belief_before in world.student.beliefs.items()
    }
    history, current = world.student.history, world.student.open_assignments
    if current and rng.random() < 0.5:
        # One of the open assignments is attempted.
        material = rng.choice(rng.choice(current).materials)
        if material in world.catalogue.entries:
            history = (*history, _attempt(rng, world.catalogue, material, as_of - 60))
    return world.but(beliefs=beliefs, history=history, evidence_until=as_of - 30, as_of=as_of)
