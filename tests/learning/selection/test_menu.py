"""The menu: the same skill, equally hard, each in another context."""

from dataclasses import replace

from tests.learning.selection.builders import kitchen, materials
from tests.learning.selection.worlds import Liked


def test_a_menu_offers_other_contexts_of_the_same_skill_at_the_same_level() -> None:
    chosen = kitchen(scope=(2,)).choose().chosen[0]
    assert chosen.menu[0].context is None
    assert {option.context for option in chosen.menu} == {None, "football", "music", "space"}
    success = chosen.menu[0].predicted_success
    assert all(abs(option.predicted_success - success) <= 0.05 for option in chosen.menu)


def test_what_is_much_harder_is_not_on_the_menu() -> None:
    # At logit 1.1 success is 0.75; at logit 0.6 it is 0.64, more than 0.05 away.
    made = materials(2, first=20, contexts=(None, "music")) + materials(
        2, first=30, contexts=("space",), difficulty=-0.6
    )
    menu = kitchen(made=made, scope=(2,)).choose().chosen[0].menu
    assert {option.context for option in menu} == {None, "music"}


def test_a_menu_is_never_longer_than_the_policy_says() -> None:
    world = kitchen(scope=(2,))
    for alternates in (0, 1, 2):
        shorter = world.but(policy=replace(world.policy, alternates=alternates))
        assert len(shorter.choose().chosen[0].menu) == alternates + 1


def test_liked_contexts_come_first_and_vetoed_ones_not_at_all() -> None:
    liked = {"space": Liked(0.9, 0.6), "music": Liked(0.8, 0.6), "football": Liked(0.9, 0.9, vetoed=True)}
    menu = kitchen(scope=(2,), interests=liked).choose().chosen[0].menu
    assert [option.context for option in menu] == ["space", "music", None]


def test_only_what_was_not_used_lately_is_offered() -> None:
    from learning.selection import Use
    from tests.learning.selection.worlds import NOW

    menu = kitchen(scope=(2,), history=(Use(22, 2, NOW - 60, 1.0),)).choose().chosen[0].menu
    assert 22 not in {option.material for option in menu}
