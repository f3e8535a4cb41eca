"""Stretch: the next grade's skill for a student with nothing below target, and never before a gap."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from learning.mastery.beliefs import mastery
from learning.selection import (
    AssignmentState,
    Catalogue,
    ClassScope,
    CurrentAssignment,
    Decision,
    Policy,
    Prerequisite,
    Skill,
    Strength,
    replay,
    stretch,
)
from learning.selection.student import AnswerCounts
from tests.learning.selection.builders import materials, small_world
from tests.learning.selection.worlds import NOW, World, after, random_world

SEEDS = range(600)
EDGE = 2e-4
SURE, BELOW = 2.6, 0.4
"""Offsets: 1.1 above and below the logit of the target, .8, is 1.39."""


def graded_world(seed: int) -> World:
    """Return a random world whose lower skills are of grade 4 and in scope, the others above, and mostly mastered."""
    rng = random.Random(seed)
    world = random_world(seed)
    ids = sorted(world.catalogue.skills)
    grades = {skill: 4.0 if place < len(ids) // 2 else rng.choice([5.0, 5.0, 6.0]) for place, skill in enumerate(ids)}
    skills = {skill: replace(world.catalogue.skills[skill], grade=grades[skill]) for skill in ids}
    scope = [skill for skill in ids if grades[skill] == 4]
    weak = set(rng.sample(scope, 1)) if scope and rng.random() < 0.3 else set()
    beliefs = {
        skill: each._replace(
            ability=0.0, ability_variance=0.02, offset=BELOW if skill in weak else SURE, offset_variance=0.05,
            difficulty=0.0, difficulty_variance=0.02,
        ) if skill in scope else each._replace(ability=0.0, ability_variance=0.02)
        for skill, each in world.student.beliefs.items()
    }  # fmt: skip
    return world.but(
        catalogue=replace(world.catalogue, skills=skills),
        scope=ClassScope(dict.fromkeys(scope)),
        beliefs=beliefs,
        policy=replace(world.policy, slots=rng.choice([1, 2, 4]), licences=None),
        open_assignments=(),
    )


def of_stretch(decision: Decision) -> list[int]:
    return [slot.skill for slot in decision.filled_slots if "stretch" in slot.reasons]


def faults(world: World, decision: Decision) -> set[str]:
    """Return which laws of stretch a decision breaks, read again from the world in floats."""
    target, skills, scope = world.policy.mastery_target, world.catalogue.skills, (world.scope or ClassScope()).due
    own = world.student.beliefs
    believed = {skill: mastery(own[skill]) for skill in own if skill in skills}
    broken = set()
    slots = of_stretch(decision)
    if len(slots) > 1:
        broken.add("one slot")
    if slots and any(believed[skill] < target - EDGE for skill in scope if skill in believed):
        broken.add("never before a gap")
    for skill in slots:
        needs = world.catalogue.prerequisites.get(skill, ())
        if any(believed.get(need, 0.0) < target - EDGE for need in needs):
            broken.add("prerequisites at target")
        if not set(needs) & set(scope) or (skills[skill].grade or 0) <= max(skills[s].grade or 0 for s in scope):
            broken.add("next grade")
    for each in decision.filled_slots:
        outside = each.skill not in scope and not each.fallbacks
        if outside and each.skill not in slots and not each.reasons[0].startswith("teacher."):
            broken.add("own code")
    return broken


def test_the_laws_of_stretch_hold_in_random_worlds_and_it_happens() -> None:
    found = 0
    for seed in SEEDS:
        world = graded_world(seed)
        decision = world.choose()
        assert faults(world, decision) == set(), seed
        found += bool(of_stretch(decision))
        if of_stretch(decision):
            assert replay(decision.record) == decision.record, seed
            again = after(world, decision).choose()
            assert not again.filled_slots, seed
            assert not again.withdrawals, seed
    assert found > 40


def _never_below(_: Any) -> bool:
    return False


def _always_at_target(_: Any, __: int) -> bool:
    return True


def _any_grade(self: Catalogue, scope: Any) -> frozenset[int]:
    return frozenset(self.skills) - frozenset(scope)


@pytest.mark.parametrize(
    ("law", "owner", "name", "mutant"),
    [
        ("never before a gap", stretch, "has_skill_below_target", _never_below),
        ("prerequisites at target", stretch, "_is_next", _always_at_target),
        ("next grade", Catalogue, "next_grade_skills", _any_grade),
    ],
)
def test_a_fault_is_caught_by_its_law(
    law: str, owner: object, name: str, mutant: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, mutant)
    worlds = ((world, world.choose()) for world in map(graded_world, SEEDS))
    assert any(law in faults(world, decision) for world, decision in worlds)


def ahead(**values: object) -> World:
    """Return skill 2 (grade 5, scope 4) that builds on 1: a step ahead for who has mastered 1 in two contexts."""
    world = small_world(offsets={1: 3.0, 2: 0.0}, scope=(1,), slots=2)
    return world.but(policy=replace(Policy(), slots=2, explore_every=0), **values)


def test_its_sentence_says_that_all_is_well_and_on_what_it_builds() -> None:
    decision = ahead().choose()
    [slot] = [each for each in decision.filled_slots if "stretch" in each.reasons]
    assert slot.skill == 2
    assert slot.reasons[0] == "stretch"
    assert slot.fallbacks == ()
    assert slot.because_gap == (
        "Nothing that is open is below its goal, so this looks ahead to adding fractions with unlike denominators, "
        "which builds on adding fractions with like denominators."
    )


def test_a_gap_takes_an_unattempted_step_ahead_away_and_a_started_one_stays() -> None:
    world = after(ahead(), ahead().choose())
    below = {1: world.student.beliefs[1]._replace(offset=-0.5), 2: world.student.beliefs[2]}
    fallen = world.but(beliefs=below, answer_counts={1: AnswerCounts(1, 4)}, evidence_until=NOW)
    decision = fallen.choose()
    assert [(w.detail, w.trigger.value) for w in decision.withdrawals if w.slot == _slot_of(world, 2)][:1] == [
        ("H1.scope", "rule_broken")
    ]
    started = tuple(
        replace(each, state=AssignmentState.STARTED) if each.skill == 2 else each
        for each in world.student.open_assignments
    )
    unchanged = fallen.but(open_assignments=started).choose()
    assert _slot_of(world, 2) in {each.slot for each in unchanged.unchanged_slots}


def _slot_of(world: World, skill: int) -> int:
    found: list[CurrentAssignment] = [each for each in world.student.open_assignments if each.skill == skill]
    return found[0].slot


def test_a_class_without_a_next_grade_has_none() -> None:
    """A weak link is not enough, nor the same grade, nor a grade that is not known."""
    made = materials(1, first=10, contexts=(None,)) + materials(2, first=20, contexts=(None,))
    for strength, grade in ((Strength.WEAK, 5.0), (Strength.STRONG, 4.0), (Strength.STRONG, None)):
        skills = [Skill(1, "a", "a", 4), Skill(2, "b", "b", grade, prerequisites=(Prerequisite(1, strength),))]
        catalogue = Catalogue.build(version=1, skills=skills, materials=made, topics=[])
        assert catalogue.next_grade_skills([1]) == frozenset()
        decision = ahead(catalogue=catalogue).choose()
        assert not of_stretch(decision)
        assert '"stretch"' not in decision.record
