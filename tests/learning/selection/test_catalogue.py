"""The catalogue refuses what is impossible, and its shelves answer as a scan would."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning.selection import Catalogue, CatalogueError, Depth, Material, Prerequisite, Skill, Topic
from learning.selection.fixed import logit
from learning.selection.shelves import Outlook, shelve
from tests.learning.selection.worlds import catalogue_of

ONE = Material(id=1, title="one", skills=(1,), difficulty=0.0)


def catalogue(*materials: Material, skills: tuple[Skill, ...] = (Skill(1, "a", "a"), Skill(2, "b", "b"))) -> Catalogue:
    return Catalogue.of(version=1, skills=skills, materials=materials, topics=[Topic("art", "art")])


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


def test_an_id_comes_once() -> None:
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


def test_a_context_without_a_depth_is_a_dress_and_depth_without_a_context_is_none() -> None:
    made = catalogue(replace(ONE, context="art"), replace(ONE, id=2, depth=Depth.STRUCTURAL))
    assert (made.entries[1].depth, made.entries[2].depth) == ("cosmetic", "neutral")


def test_relevant_is_the_scope_with_all_that_it_rests_on() -> None:
    skills = (
        Skill(1, "a", "a"),
        Skill(2, "b", "b", prerequisites=(Prerequisite(1),)),
        Skill(3, "c", "c", prerequisites=(Prerequisite(2),)),
        Skill(4, "d", "d"),
        Skill(5, "e", "e"),
    )
    beside = Material(id=9, title="", skills=(3, 4), difficulty=0.0)
    made = catalogue(beside, skills=skills)
    assert made.relevant([3]) == {1, 2, 3, 4}
    assert made.relevant(None) == {1, 2, 3, 4, 5}
    assert made.relevant([77]) == frozenset()


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 10**6), mean=st.integers(-30_000, 30_000), kappa=st.integers(500_000, 1_000_000))
def test_the_nearest_on_a_shelf_is_what_a_scan_finds(seed: int, mean: int, kappa: int) -> None:
    rng = random.Random(seed)
    made = catalogue_of(rng, skills=3, per_skill=12)
    outlook, banned = Outlook(mean, kappa), {rng.randrange(30) for _ in range(8)}
    low, high = 6_000, 9_000
    for groups in shelve(made.entries.values()).values():
        for group in groups:
            found = group.whole.nearest(
                outlook, ideal=7_500, ideal_logit=logit(7_500), band=(low, high), accept=lambda e: e.id not in banned
            )
            scan = [
                (abs(outlook.success(e.difficulty) - 7_500), outlook.success(e.difficulty))
                for e in made.entries.values()
                if e.skills == group.skills and e.id not in banned and low <= outlook.success(e.difficulty) <= high
            ]
            assert (found is None) == (not scan)
            if found:
                assert abs(found[1] - 7_500) == min(scan)[0]
