"""The catalogue refuses impossible values, and its index finds what a scan finds."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning.selection import Catalogue, CatalogueError, Depth, Material, Prerequisite, Skill, Topic
from learning.selection.fixed_point import logit
from learning.selection.material_index import SuccessModel, build_index
from tests.learning.selection.worlds import catalogue_of

ONE = Material(id=1, title="one", skills=(1,), difficulty=0.0)


def catalogue(*materials: Material, skills: tuple[Skill, ...] = (Skill(1, "a", "a"), Skill(2, "b", "b"))) -> Catalogue:
    return Catalogue.build(version=1, skills=skills, materials=materials, topics=[Topic("art", "art")])


@pytest.mark.parametrize(
    "wrong",
    [
        replace(ONE, skills=()),
        replace(ONE, skills=(3,)),
        replace(ONE, skills=(1, 1)),
        replace(ONE, context="nowhere"),
        replace(ONE, difficulty=float("nan")),
        replace(ONE, difficulty=7.0),
        replace(ONE, minutes=0),
    ],
)
def test_an_impossible_material_is_refused(wrong: Material) -> None:
    with pytest.raises(CatalogueError):
        catalogue(wrong)


def test_a_repeated_id_is_refused() -> None:
    with pytest.raises(CatalogueError, match="material twice"):
        catalogue(ONE, ONE)


def test_a_cycle_is_refused_with_its_members() -> None:
    skills = (
        Skill(1, "a", "a", prerequisites=(Prerequisite(2),)),
        Skill(2, "b", "b", prerequisites=(Prerequisite(1),)),
    )
    with pytest.raises(CatalogueError, match="cycle") as caught:
        catalogue(skills=skills)
    assert {1, 2} <= set(caught.value.value)  # type: ignore[call-overload] # a list of ids


def test_a_context_is_cosmetic_at_least_and_no_context_is_neutral() -> None:
    made = catalogue(replace(ONE, context="art"), replace(ONE, id=2, depth=Depth.STRUCTURAL))
    assert (made.entries[1].depth, made.entries[2].depth) == ("cosmetic", "neutral")


def test_related_skills_are_the_scope_with_its_prerequisites() -> None:
    skills = (
        Skill(1, "a", "a"),
        Skill(2, "b", "b", prerequisites=(Prerequisite(1),)),
        Skill(3, "c", "c", prerequisites=(Prerequisite(2),)),
        Skill(4, "d", "d"),
        Skill(5, "e", "e"),
    )
    beside = Material(id=9, title="", skills=(3, 4), difficulty=0.0)
    made = catalogue(beside, skills=skills)
    assert made.related_skills([3]) == {1, 2, 3, 4}
    assert made.related_skills(None) == {1, 2, 3, 4, 5}
    assert made.related_skills([77]) == frozenset()


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6), mean=st.integers(-30_000, 30_000), shrinkage=st.integers(500_000, 1_000_000))
def test_the_index_finds_what_a_scan_finds(seed: int, mean: int, shrinkage: int) -> None:
    rng = random.Random(seed)
    made = catalogue_of(rng, skills=3, per_skill=12)
    success_model, banned = SuccessModel(mean, shrinkage), {rng.randrange(30) for _ in range(8)}
    low, high = 6_000, 9_000
    for skill_sets in build_index(made.entries.values()).values():
        for skill_set in skill_sets:
            nearest = skill_set.all_materials.find_nearest(
                success_model,
                target=7_500,
                target_logit=logit(7_500),
                band=(low, high),
                accept=lambda e: e.id not in banned,
            )
            scan = [
                (abs(success_model.success_at(e.difficulty) - 7_500), success_model.success_at(e.difficulty))
                for e in made.entries.values()
                if e.skills == skill_set.skills
                and e.id not in banned
                and low <= success_model.success_at(e.difficulty) <= high
            ]
            assert (nearest is None) == (not scan)
            if nearest:
                assert abs(nearest[1] - 7_500) == min(scan)[0]
