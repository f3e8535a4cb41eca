"""Interest chooses the context within the tolerance, at a known price, and orders the menu."""

from dataclasses import replace

import pytest

from learning.selection import Depth, MaterialAttempt, interest_choice
from tests.learning.selection.builders import materials, small_world
from tests.learning.selection.laws import recorded_slots
from tests.learning.selection.worlds import NOW, SampleInterest, World

MUSIC = {"music": SampleInterest(0.9, 0.6), "football": SampleInterest(0.2, 0.6)}


def first_context(world: World) -> str | None:
    return world.choose().filled_slots[0].menu[0].context


def test_the_best_liked_context_is_chosen() -> None:
    assert first_context(small_world(interests=MUSIC)) == "music"
    assert (
        first_context(small_world(interests={"space": SampleInterest(0.8, 0.9), "music": SampleInterest(0.9, 0.4)}))
        == "space"
    )


def test_weak_or_unsure_interest_falls_back_to_neutral() -> None:
    assert first_context(small_world(interests={"music": SampleInterest(0.55, 0.9)})) is None
    assert first_context(small_world(interests={"music": SampleInterest(0.9, 0.2)})) is None
    assert first_context(small_world()) is None


def test_with_interests_off_the_context_is_neutral_and_says_so() -> None:
    slot = small_world(interests=MUSIC, interest_switch=False).choose().filled_slots[0]
    assert slot.menu[0].context is None
    assert slot.because_interest == "It has no theme, as interests are not used here."


def test_depth_weighs_structural_contexts_more() -> None:
    # 0.9 x 0.6 x 0.7 = 0.378 for the cosmetic one, 0.8 x 0.6 = 0.48 for the structural one.
    made = materials(2, first=20, contexts=("music", "space"))
    made[0] = replace(made[0], depth=Depth.COSMETIC)
    liked = {"music": SampleInterest(0.9, 0.6), "space": SampleInterest(0.8, 0.6)}
    assert first_context(small_world(made=made, interests=liked, scope=(2,))) == "space"


def test_interest_costs_no_more_than_the_tolerance() -> None:
    # At success 0.75 the fit is 1; at 0.65 it is 1 - 0.3 x (0.1 / 0.15)^2 = 0.87: within 0.15. At 0.62 it is 0.77: not.
    def offered(hard: float) -> World:
        made = materials(2, first=20, contexts=(None,)) + materials(2, first=30, contexts=("music",), difficulty=hard)
        return small_world(made=made, interests=MUSIC, scope=(2,))

    near, far = offered(-0.63).choose(), offered(-0.5).choose()
    assert near.filled_slots[0].menu[0].context == "music"
    assert 0.0 < near.filled_slots[0].price <= 0.15
    assert far.filled_slots[0].menu[0].context is None
    assert far.filled_slots[0].because_interest == "It has no theme, as nothing about music fits this skill and level."


def test_at_tolerance_zero_interest_decides_nothing() -> None:
    world = small_world(interests=MUSIC)
    strict = world.but(policy=replace(world.policy, interest_tolerance=0.0))
    assert strict.choose().filled_slots[0].menu == strict.but(interests={}).choose().filled_slots[0].menu


def test_exploring_tries_the_least_known_context() -> None:
    world = small_world(
        interests={
            "music": SampleInterest(0.9, 0.6),
            "football": SampleInterest(0.5, 0.1),
            "space": SampleInterest(0.5, 0.2),
        }
    )
    exploring = world.but(policy=replace(world.policy, explore_every=1)).choose().filled_slots[0]
    assert exploring.menu[0].context == "football"
    assert exploring.because_interest == "It is about football, to find out if that is liked."


def test_disliked_contexts_are_explored_last_and_a_sure_one_is_a_change() -> None:
    """Football is the least known of what may be, and surely disliked; space is known well enough."""
    world = small_world(
        interests={
            "music": SampleInterest(0.9, 0.9),
            "football": SampleInterest(0.2, 0.4),
            "space": SampleInterest(0.55, 0.6),
        }
    )
    exploring = world.but(policy=replace(world.policy, explore_every=1)).choose().filled_slots[0]
    assert exploring.menu[0].context == "space"
    assert exploring.because_interest == "It is about space, for a change."


def test_nothing_is_explored_without_any_interest() -> None:
    world = small_world()
    assert first_context(world.but(policy=replace(world.policy, explore_every=1))) is None


def test_a_disliked_context_is_the_last_resort() -> None:
    made = materials(2, first=20, contexts=("football", "space"))
    liked = {"football": SampleInterest(0.1, 0.9)}
    assert first_context(small_world(made=made, interests=liked, scope=(2,))) == "space"


@pytest.mark.parametrize("liked", ["football", "music", "space"])
def test_without_a_neutral_material_the_least_disliked_context_is_chosen(liked: str) -> None:
    """Too weak (0.47) or too unsure (0.2) to choose by: still 0.47 before 0.36; unknown topics count as 0.5."""
    themes = ("football", "music", "space")
    made = materials(2, first=20, contexts=themes)
    for confidence in (0.2, 0.9):
        interests = {topic: SampleInterest(0.47 if topic == liked else 0.36, confidence) for topic in themes}
        slot = small_world(made=made, interests=interests, scope=(2,)).choose().filled_slots[0]
        assert slot.menu[0].context == liked
        assert slot.because_interest == f"It is about {liked}, as no task without a theme fits."
        del interests[liked]
        assert first_context(small_world(made=made, interests=interests, scope=(2,))) == liked


def test_a_default_by_hash_alone_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant for the test above: without the tendency the hash alone decides."""
    monkeypatch.setattr(interest_choice, "tendency", lambda *_: 0)
    themes = ("football", "music", "space")
    made = materials(2, first=20, contexts=themes)
    interests = {
        topic: {other: SampleInterest(0.47 if other == topic else 0.36, 0.9) for other in themes} for topic in themes
    }
    contexts = {first_context(small_world(made=made, interests=interests[topic], scope=(2,))) for topic in themes}
    assert len(contexts) == 1


def test_a_less_disliked_context_stays_within_the_tolerance() -> None:
    """At success 0.62 the fit is 0.77, more than the tolerance of 0.15 below the best."""
    made = materials(2, first=20, contexts=("football",)) + materials(2, first=30, contexts=("music",), difficulty=-0.5)
    disliked = {"football": SampleInterest(0.1, 0.9), "music": SampleInterest(0.4, 0.9)}
    assert first_context(small_world(made=made, interests=disliked, scope=(2,))) == "football"


def test_the_record_has_the_best_by_skill_and_why_the_runner_up_lost() -> None:
    made = materials(2, first=20, contexts=(None,)) + materials(2, first=30, contexts=("music",), difficulty=-0.63)
    slot = recorded_slots(small_world(made=made, interests=MUSIC, scope=(2,)).choose())[0]
    assert slot["skill_only"][0] == 20
    assert slot["runner_up"][0] == 20
    assert slot["runner_up_lost"] == "interest"


def test_a_liked_topic_without_materials_is_a_catalogue_need() -> None:
    decision = small_world(interests={"art": SampleInterest(0.9, 0.6)}, scope=(2,)).choose()
    (need,) = decision.catalogue_needs
    assert (need.skill, need.context) == (2, "art")
    assert need.price == 0.54  # 0.9 x 0.6


def test_a_liked_theme_that_is_too_hard_to_read_is_a_catalogue_need() -> None:
    """The school learns where a liked theme is missing in words that this student can read: at grade 4 and not at 6."""
    contexts = (None, "music")
    made = materials(1, first=10, contexts=contexts) + materials(2, first=20, contexts=contexts)
    hard = [replace(material, reading_level=6.0 if material.context else 3.0) for material in made]
    low = small_world(made=hard, interests=MUSIC, reading_level=3.0).choose()
    assert low.filled_slots[0].menu[0].context is None
    assert [(need.skill, need.context) for need in low.catalogue_needs] == [(low.filled_slots[0].skill, "music")]
    assert small_world(made=hard, interests=MUSIC, reading_level=5.0).choose().catalogue_needs == ()


def test_a_menu_offers_other_contexts_of_the_same_skill_at_the_same_level() -> None:
    slot = small_world(scope=(2,)).choose().filled_slots[0]
    assert slot.menu[0].context is None
    assert {option.context for option in slot.menu} == {None, "football", "music", "space"}
    success = slot.menu[0].predicted_success
    assert all(abs(option.predicted_success - success) <= 0.05 for option in slot.menu)


def test_a_much_harder_material_is_not_on_the_menu() -> None:
    # At logit 1.1 success is 0.75; at logit 0.6 it is 0.64, more than 0.05 away.
    made = materials(2, first=20, contexts=(None, "music")) + materials(
        2, first=30, contexts=("space",), difficulty=-0.6
    )
    menu = small_world(made=made, scope=(2,)).choose().filled_slots[0].menu
    assert {option.context for option in menu} == {None, "music"}


def test_a_menu_is_never_longer_than_the_policy_says() -> None:
    world = small_world(scope=(2,))
    for alternates in (0, 1, 2):
        shorter = world.but(policy=replace(world.policy, alternates=alternates))
        assert len(shorter.choose().filled_slots[0].menu) == alternates + 1


def test_liked_contexts_come_first_and_vetoed_ones_not_at_all() -> None:
    liked = {
        "space": SampleInterest(0.9, 0.6),
        "music": SampleInterest(0.8, 0.6),
        "football": SampleInterest(0.9, 0.9, vetoed=True),
    }
    menu = small_world(scope=(2,), interests=liked).choose().filled_slots[0].menu
    assert [option.context for option in menu] == ["space", "music", None]


def test_a_recently_used_material_is_not_on_the_menu() -> None:
    menu = small_world(scope=(2,), history=(MaterialAttempt(22, 2, NOW - 60, 1.0),)).choose().filled_slots[0].menu
    assert 22 not in {option.material for option in menu}
