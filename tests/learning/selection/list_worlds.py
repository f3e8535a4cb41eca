"""Random students with several lists, and what their decisions publish."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from learning.selection import (
    ClassList,
    ClassScope,
    CurrentAssignment,
    Decision,
    Fallback,
    MaterialAttempt,
    OverrideKind,
    Policy,
    StudentLists,
    TeacherOverride,
    TeacherOverrides,
    choose_lists,
)
from tests.learning.selection.worlds import DAY, NOW, World, random_world


@dataclass(frozen=True)
class ListsWorld:
    """All arguments of one decision for several lists."""

    base: World
    """Student and catalogue; its own policy and scope are not read."""
    lists: tuple[ClassList, ...]
    max_open: int = 8

    def choose(self, *, record_unchanged: bool = True) -> StudentLists:
        return choose_lists(
            self.base.student,
            self.lists,
            catalogue=self.base.catalogue,
            max_open=self.max_open,
            tie_break_key=3,
            as_of=self.base.as_of,
            record_unchanged=record_unchanged,
        )

    def without(self, class_id: int | None) -> ListsWorld:
        """Return the world without one of the lists."""
        return replace(self, lists=tuple(each for each in self.lists if each.class_id != class_id))


def list_of(world: World, class_id: int, skills: list[int], **values: object) -> ClassList:
    """Return a list whose scope has these skills."""
    related = world.catalogue.related_skills(skills)
    beliefs = {skill: belief for skill, belief in world.student.beliefs.items() if skill in related}
    made = ClassList(class_id, Policy(explore_every=0), ClassScope(dict.fromkeys(skills)), beliefs)
    return replace(made, **values)  # type: ignore[arg-type] # values of the fields


def random_lists(seed: int, *, steps: int | None = None) -> ListsWorld:
    """Return a student with one to seven lists, of whose decisions some were published before."""
    rng = random.Random(f"lists {seed}")
    base = random_world(seed)
    base = base.but(open_assignments=(), completion_rate=None)
    lists = tuple(_random_list(rng, base, number) for number in rng.sample(range(1, 50), rng.randint(1, 7)))
    world = ListsWorld(base, lists, max_open=rng.choice([3, 8, 8, 20]))
    for _ in range(rng.choice([0, 1, 2]) if steps is None else steps):
        world = later(rng, world)
    return world


def _random_list(rng: random.Random, base: World, class_id: int) -> ClassList:
    skills = sorted(base.catalogue.skills)
    scope = rng.sample(skills, rng.randint(0, len(skills)))
    policy = Policy(
        slots=rng.choice([1, 2, 4, 4]),
        interest_tolerance=rng.choice([0.0, 0.15]),
        explore_every=rng.choice([0, 8]),
        replacement_patience=rng.choice([1, 2]),
        mastery_target=rng.choice([0.7, 0.8, 0.9]),
        needs_approval=rng.random() < 0.1,
    )
    return list_of(base, class_id, scope, policy=policy, overrides=_random_orders(rng, base, class_id))


def _random_orders(rng: random.Random, base: World, class_id: int) -> TeacherOverrides:
    orders = []
    for number in range(rng.choice([0, 0, 0, 1, 2])):
        material = rng.choice(sorted(base.catalogue.entries)) if base.catalogue.entries else None
        kind = rng.choice([OverrideKind.MUST_DO, OverrideKind.PIN, OverrideKind.FORBID])
        if material is not None:
            orders.append(TeacherOverride(10 * class_id + number, kind, material, None, NOW - DAY))
    return TeacherOverrides(tuple(orders))


def published(world: ListsWorld, decided: StudentLists) -> ListsWorld:
    """Return the world once a decision is published and nothing else has happened."""
    by_class = {each.class_id: each for each in decided.lists}
    return replace(world, lists=tuple(_published_list(world, each, by_class[each.class_id]) for each in world.lists))


def _published_list(world: ListsWorld, each: ClassList, decision: Decision) -> ClassList:
    left = {(w.slot, w.material) for w in decision.withdrawals}
    states = {slot.slot: slot.state for slot in decision.unchanged_slots}
    unchanged = tuple(
        replace(now, materials=tuple(m for m in now.materials if (now.slot, m) not in left), state=states[now.slot])
        for now in each.open_assignments
        if now.slot in states
    )
    new = tuple(
        CurrentAssignment(
            slot=slot.slot,
            skill=slot.skill,
            materials=tuple(option.material for option in slot.menu),
            state=slot.state,
            assigned_at=world.base.as_of,
            evidence_until=world.base.student.evidence_until,
            is_nearest=Fallback.NEAREST in slot.fallbacks,
        )
        for slot in decision.filled_slots
    )
    return replace(each, open_assignments=unchanged + new, memory=decision.memory)


def later(rng: random.Random, world: ListsWorld) -> ListsWorld:
    """Return the world some days later: published, with other evidence, and perhaps with another class."""
    world = published(world, world.choose())
    base, lists = world.base, list(world.lists)
    as_of = base.as_of + rng.choice([0.1, 1, 15]) * DAY
    slots = [slot for each in lists for slot in each.open_assignments]
    history = base.student.history
    for slot in rng.sample(slots, min(len(slots), rng.choice([0, 1, 3]))):
        material = rng.choice(slot.materials)
        if material in base.catalogue.entries:
            entry = base.catalogue.entries[material]
            history = (*history, MaterialAttempt(material, slot.skill, as_of - 60, 1.0, entry.context))
    base = base.but(history=history, evidence_until=as_of - 30, as_of=as_of)
    if len(lists) > 1 and rng.random() < 0.3:
        lists.pop(rng.randrange(len(lists)))
    if rng.random() < 0.4:
        lists.append(_random_list(rng, base, 50 + rng.randrange(50)))
    return replace(world, base=base, lists=tuple({each.class_id: each for each in lists}.values()))
