"""Builders of random students, catalogues, orders: everything that `choose` may be handed, sampled with one seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from learning.beliefs import SkillBelief
from learning.selection import (
    AssignmentState,
    Carry,
    Catalogue,
    CurrentAssignment,
    Decision,
    Depth,
    Material,
    Order,
    OrderKind,
    Orders,
    Pace,
    Place,
    Policy,
    Prerequisite,
    ScopeWindow,
    Skill,
    Strength,
    Tally,
    Topic,
    Use,
    choose,
)

NOW = 1_760_000_000.0
DAY = 86_400.0
TOPICS = ("football", "music", "space", "animals", "cooking", "games")


@dataclass(frozen=True)
class Liked:
    """An interest, as the decision reads one."""

    value: float
    confidence: float
    vetoed: bool = False


@dataclass(frozen=True)
class World:
    """All arguments of one decision."""

    place: Place
    catalogue: Catalogue
    policy: Policy
    scope: ScopeWindow | None
    orders: Orders
    as_of: float = NOW

    def choose(self) -> Decision:
        return choose(
            self.place,
            catalogue=self.catalogue,
            policy=self.policy,
            scope=self.scope,
            orders=self.orders,
            as_of=self.as_of,
        )

    def but(self, **changes: Any) -> World:
        """Return the world with other arguments, or other values of the place."""
        own = {name: changes.pop(name) for name in list(changes) if name in self.__dataclass_fields__}
        world = replace(self, **own)
        return replace(world, place=replace(world.place, **changes)) if changes else world


def belief(skill: int, offset: float = 0.0, **values: object) -> SkillBelief:
    """Return a belief that is fairly sure; ability 0 and difficulty 0, so `offset` is the logit of mastery."""
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
    """Return skills in a random order of need, each with materials of random levels, contexts, languages and ages."""
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
    return Catalogue.of(version=3, skills=made, materials=materials, topics=[Topic(ref, ref) for ref in contexts])


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


def random_place(rng: random.Random, catalogue: Catalogue) -> Place:
    """Return a student with random beliefs, interests and history in a catalogue."""
    skills = sorted(catalogue.skills)
    ability, variance = rng.gauss(0.5, 1), rng.choice([0.02, 0.3, 0.9])
    beliefs = {}
    for skill in skills:
        if rng.random() < 0.95:
            beliefs[skill] = _random_belief(rng, skill, ability, variance)
    materials = sorted(catalogue.entries)
    # Some students have met one context nearly always.
    usual = rng.choice([None, None, *TOPICS])
    often = [m for m in materials if catalogue.entries[m].context == usual] or materials
    history = tuple(
        _use(rng, catalogue, rng.choice(often if usual and rng.random() < 0.8 else materials), NOW - (40 - n) * DAY / 3)
        for n in range(rng.choice([0, 0, 3, 12, 30]) if materials else 0)
    )
    return Place(
        student=rng.randrange(1, 10**9),
        beliefs=beliefs,
        responses=rng.choice([0.0, 4.0, 40.0]),
        interests={
            topic: Liked(rng.random(), rng.choice([0.0, 0.2, 0.5, 0.9]), rng.random() < 0.15)
            for topic in TOPICS
            if rng.random() < 0.7
        },
        interest_switch=rng.random() < 0.85,
        reading_level=rng.choice([None, 3.0, 5.0]),
        history=history,
        tallies={skill: Tally(rng.randint(0, 8), 8) for skill in skills if rng.random() < 0.5},
        current=_currents(rng, catalogue),
        evidence_until=rng.choice([None, NOW - DAY, NOW - 1]),
        evidence=(rng.randrange(10**6),),
        pace=rng.choice([None, Pace(1, 10, 14.0), Pace(3, 35, 14.0), Pace(20, 300, 14.0)]),
        carry=Carry(rng.randrange(20), ((0, 1),) if rng.random() < 0.3 else (), rng.choice([None, NOW - 2 * DAY])),
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


def _use(rng: random.Random, catalogue: Catalogue, material: int, at: float) -> Use:
    entry = catalogue.entries[material]
    return Use(
        material, entry.skills[0], at, rng.choice([0.0, 0.0, 0.4, 1.0, None]), entry.context, entry.difficulty / 1e4
    )


def _currents(rng: random.Random, catalogue: Catalogue) -> tuple[CurrentAssignment, ...]:
    materials = sorted(catalogue.entries)
    chosen = rng.sample(materials, min(len(materials), rng.choice([0, 0, 1, 3])))
    return tuple(
        CurrentAssignment(
            slot=slot,
            skill=catalogue.entries[material].skills[0],
            materials=(material,),
            state=rng.choice([AssignmentState.ASSIGNED, AssignmentState.ASSIGNED, *AssignmentState]),
            since=NOW - rng.choice([0.5, 3, 20]) * DAY,
            evidence_until=rng.choice([None, NOW - 3 * DAY]),
            attempted=rng.random() < 0.15,
        )
        for slot, material in enumerate(chosen)
    )


def random_orders(rng: random.Random, catalogue: Catalogue) -> Orders:
    """Return none to three orders on random subjects, some of them expired."""
    orders = []
    for number in range(rng.choice([0, 0, 0, 1, 3])):
        material = rng.choice([None, *sorted(catalogue.entries)[:40]])
        kind = rng.choice(list(OrderKind))
        skill = None if material is not None else rng.choice(sorted(catalogue.skills))
        if kind is OrderKind.HOLD and rng.random() < 0.3:
            material = skill = None
        expires = rng.choice([None, NOW - 1, NOW + DAY])
        orders.append(Order(number + 1, kind, material, skill, NOW - 2 * DAY, expires))
    return Orders(tuple(orders))


def after(world: World, decision: Decision) -> World:
    """Return the world once a decision is published and nothing else has happened."""
    gone = {(w.slot, w.material) for w in decision.withdrawn}
    kept = {k.slot: k for k in decision.kept}
    current = tuple(
        replace(
            now,
            materials=tuple(m for m in now.materials if (now.slot, m) not in gone),
            state=kept[now.slot].state,
        )
        for now in world.place.current
        if now.slot in kept
    )
    new = tuple(
        CurrentAssignment(
            slot=c.slot,
            skill=c.skill,
            materials=tuple(option.material for option in c.menu),
            state=c.state,
            since=world.as_of,
            evidence_until=world.place.evidence_until,
        )
        for c in decision.chosen
    )
    return world.but(current=current + new, carry=decision.carry)


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
        tolerance=rng.choice([0.0, 0.05, 0.15]),
        licences=rng.choice([None, ("", "CC-BY-4.0")]),
        explore_every=rng.choice([0, 1, 8]),
        approve=rng.random() < 0.1,
        tie_key=rng.randrange(100),
        patience=rng.choice([1, 2]),
    )
    scope = None if rng.random() < 0.1 else ScopeWindow(due)
    world = World(random_place(rng, catalogue), catalogue, policy, scope, random_orders(rng, catalogue))
    for _ in range(rng.choice([0, 0, 1, 2])):
        world = _later(rng, world)
    return world


def _later(rng: random.Random, world: World) -> World:
    """Return the world a few days on, with its last decision published and other evidence."""
    world = after(world, world.choose())
    as_of = world.as_of + rng.choice([0.1, 1, 15]) * DAY
    beliefs = {
        skill: believed._replace(offset=believed.offset + rng.gauss(0, 0.4))
        for skill, believed in world.place.beliefs.items()
    }
    history, current = world.place.history, world.place.current
    if current and rng.random() < 0.5:
        # One of the open assignments is attempted.
        material = rng.choice(rng.choice(current).materials)
        if material in world.catalogue.entries:
            history = (*history, _use(rng, world.catalogue, material, as_of - 60))
    return world.but(beliefs=beliefs, history=history, evidence_until=as_of - 30, as_of=as_of)
