"""The interest window: interest chooses inside the tolerance, and its price is known."""

from dataclasses import replace

import pytest

from learning.selection import Depth, window
from tests.learning.selection.builders import kitchen, materials
from tests.learning.selection.laws import _told
from tests.learning.selection.worlds import Liked, World

MUSIC = {"music": Liked(0.9, 0.6), "football": Liked(0.2, 0.6)}


def first_context(world: World) -> str | None:
    return world.choose().chosen[0].menu[0].context


def test_what_is_liked_best_dresses_the_task() -> None:
    assert first_context(kitchen(interests=MUSIC)) == "music"
    assert first_context(kitchen(interests={"space": Liked(0.8, 0.9), "music": Liked(0.9, 0.4)})) == "space"


def test_weak_or_unsure_interest_falls_back_to_neutral() -> None:
    assert first_context(kitchen(interests={"music": Liked(0.55, 0.9)})) is None
    assert first_context(kitchen(interests={"music": Liked(0.9, 0.2)})) is None
    assert first_context(kitchen()) is None


def test_switched_off_is_neutral_and_says_so() -> None:
    chosen = kitchen(interests=MUSIC, interest_switch=False).choose().chosen[0]
    assert chosen.menu[0].context is None
    assert chosen.because_interest == "It has no theme, as interests are not used here."


def test_depth_weighs_structural_contexts_more() -> None:
    # 0.9 x 0.6 x 0.7 = 0.378 for the cosmetic one, 0.8 x 0.6 = 0.48 for the structural one.
    made = materials(2, first=20, contexts=("music", "space"))
    made[0] = replace(made[0], depth=Depth.COSMETIC)
    liked = {"music": Liked(0.9, 0.6), "space": Liked(0.8, 0.6)}
    assert first_context(kitchen(made=made, interests=liked, scope=(2,))) == "space"


def test_interest_gives_up_no_more_than_the_tolerance() -> None:
    # At success 0.75 the fit is 1; at 0.65 it is 1 - 0.3 x (0.1 / 0.15)^2 = 0.87: within 0.15. At 0.62 it is 0.77: not.
    def offered(hard: float) -> World:
        made = materials(2, first=20, contexts=(None,)) + materials(2, first=30, contexts=("music",), difficulty=hard)
        return kitchen(made=made, interests=MUSIC, scope=(2,))

    near, far = offered(-0.63).choose(), offered(-0.5).choose()
    assert near.chosen[0].menu[0].context == "music"
    assert 0.0 < near.chosen[0].price <= 0.15
    assert far.chosen[0].menu[0].context is None
    assert far.chosen[0].because_interest == "It has no theme, as nothing about music fits this skill and level."


def test_at_tolerance_zero_interest_decides_nothing() -> None:
    world = kitchen(interests=MUSIC)
    strict = world.but(policy=replace(world.policy, tolerance=0.0))
    assert strict.choose().chosen[0].menu == strict.but(interests={}).choose().chosen[0].menu


def test_every_so_many_th_choice_tries_the_least_known_context() -> None:
    world = kitchen(interests={"music": Liked(0.9, 0.6), "football": Liked(0.5, 0.1), "space": Liked(0.5, 0.2)})
    exploring = world.but(policy=replace(world.policy, explore_every=1)).choose().chosen[0]
    assert exploring.menu[0].context == "football"
    assert exploring.because_interest == "It is about football, to find out if that is liked."


def test_what_is_surely_disliked_is_explored_last_and_what_is_known_is_told_as_a_change() -> None:
    """Football is the least known of what may be, and surely disliked; space is known well enough."""
    world = kitchen(interests={"music": Liked(0.9, 0.9), "football": Liked(0.2, 0.4), "space": Liked(0.55, 0.6)})
    exploring = world.but(policy=replace(world.policy, explore_every=1)).choose().chosen[0]
    assert exploring.menu[0].context == "space"
    assert exploring.because_interest == "It is about space, for a change."


def test_who_said_nothing_at_all_is_not_explored() -> None:
    world = kitchen()
    assert first_context(world.but(policy=replace(world.policy, explore_every=1))) is None


def test_a_disliked_context_is_the_last_resort() -> None:
    made = materials(2, first=20, contexts=("football", "space"))
    liked = {"football": Liked(0.1, 0.9)}
    assert first_context(kitchen(made=made, interests=liked, scope=(2,))) == "space"


@pytest.mark.parametrize("liked", ["football", "music", "space"])
def test_where_nothing_is_neutral_the_default_is_what_is_disliked_least_however_unsure(liked: str) -> None:
    """Too weak (0.47) or too unsure (0.2) to choose by: still 0.47 before 0.36; unknown topics count as 0.5."""
    themes = ("football", "music", "space")
    made = materials(2, first=20, contexts=themes)
    for confidence in (0.2, 0.9):
        interests = {topic: Liked(0.47 if topic == liked else 0.36, confidence) for topic in themes}
        chosen = kitchen(made=made, interests=interests, scope=(2,)).choose().chosen[0]
        assert chosen.menu[0].context == liked
        assert chosen.because_interest == f"It is about {liked}, as no task without a theme fits."
        del interests[liked]
        assert first_context(kitchen(made=made, interests=interests, scope=(2,))) == liked


def test_a_default_drawn_by_lot_alone_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant beside the test above: without the leaning the hash alone decides."""
    monkeypatch.setattr(window, "leaning", lambda *_: 0)
    themes = ("football", "music", "space")
    made = materials(2, first=20, contexts=themes)
    interests = {topic: {other: Liked(0.47 if other == topic else 0.36, 0.9) for other in themes} for topic in themes}
    given = {first_context(kitchen(made=made, interests=interests[topic], scope=(2,))) for topic in themes}
    assert len(given) == 1


def test_being_disliked_less_is_no_reason_to_leave_the_window() -> None:
    """At success 0.62 the fit is 0.77, more than the tolerance of 0.15 below the best."""
    made = materials(2, first=20, contexts=("football",)) + materials(2, first=30, contexts=("music",), difficulty=-0.5)
    disliked = {"football": Liked(0.1, 0.9), "music": Liked(0.4, 0.9)}
    assert first_context(kitchen(made=made, interests=disliked, scope=(2,))) == "football"


def test_the_record_names_the_best_by_skill_and_why_not_the_runner_up() -> None:
    made = materials(2, first=20, contexts=(None,)) + materials(2, first=30, contexts=("music",), difficulty=-0.63)
    told = _told(kitchen(made=made, interests=MUSIC, scope=(2,)).choose())[0]
    assert told["skill_only"][0] == 20
    assert told["runner_up"][0] == 20
    assert told["runner_up_lost"] == "interest"


def test_the_catalogue_gap_is_named_where_a_liked_topic_is_not_served() -> None:
    decision = kitchen(interests={"art": Liked(0.9, 0.6)}, scope=(2,)).choose()
    (need,) = decision.needs
    assert (need.skill, need.context) == (2, "art")
    assert need.price == 0.54  # 0.9 x 0.6


def test_a_theme_that_reads_too_hard_is_named_as_lacking() -> None:
    """The school learns where a liked theme is missing in words that this student can read: at grade 4 and not at 6."""
    contexts = (None, "music")
    made = materials(1, first=10, contexts=contexts) + materials(2, first=20, contexts=contexts)
    hard = [replace(material, reading_level=6.0 if material.context else 3.0) for material in made]
    low = kitchen(made=hard, interests=MUSIC, reading_level=3.0).choose()
    assert low.chosen[0].menu[0].context is None
    assert [(need.skill, need.context) for need in low.needs] == [(low.chosen[0].skill, "music")]
    assert kitchen(made=hard, interests=MUSIC, reading_level=5.0).choose().needs == ()
