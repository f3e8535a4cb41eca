"""The ladder: tried in a fixed order where nothing is admissible, every rung named; and why nothing is left."""

import pytest

from learning.selection import Material, Nothing, Order, OrderKind, Orders, Rung, ScopeWindow, Use
from tests.learning.selection.builders import kitchen, materials
from tests.learning.selection.worlds import NOW, Liked, World, belief


def only(*made: Material, **place: object) -> World:
    return kitchen(made=list(made), scope=(2,), **place)


def plain(difficulty: float = -1.1, first: int = 20) -> Material:
    return materials(2, first=first, contexts=(None,), difficulty=difficulty)[0]


def test_the_first_rung_is_a_wider_band() -> None:
    # Logit 0.2 is 0.55: under 0.6, over 0.5.
    chosen = only(plain(-0.2)).choose().chosen[0]
    assert chosen.rungs == (Rung.WIDER_BAND,)


def test_the_second_is_reuse_but_not_of_the_last_five() -> None:
    used = [Use(20, 2, NOW - 1000, 1.0), *(Use(100 + n, 1, NOW - 900 + n, 1.0) for n in range(5))]
    assert only(plain(), history=tuple(used)).choose().chosen[0].rungs == (Rung.REUSE,)


def test_the_third_takes_a_neutral_one_again_whenever_it_was_used() -> None:
    decision = only(plain(), history=(Use(20, 2, NOW - 1000, 1.0),)).choose()
    assert decision.chosen[0].rungs == (Rung.NEUTRAL,)
    football = materials(2, first=20, contexts=("football",))
    assert only(*football, history=(Use(20, 2, NOW - 1000, 1.0),)).choose().nothing is Nothing.USED_UP


def test_the_fourth_goes_back_to_the_weakest_prerequisite() -> None:
    chosen = kitchen(offsets={1: 0.0}, scope=(2,)).choose().chosen[0]
    assert chosen.skill == 1
    assert chosen.rungs == (Rung.PREREQUISITE,)
    assert chosen.because_gap == (
        "Adding fractions with like denominators comes first, "
        "because adding fractions with unlike denominators builds on it."
    )


def test_the_ladder_is_for_who_would_have_nothing() -> None:
    # The first fits; the second would need the wider band, and is not added to it.
    decision = kitchen(made=[plain(), plain(-0.2, first=30)], scope=(2,), slots=4).choose()
    assert [chosen.menu[0].material for chosen in decision.chosen] == [20]


@pytest.mark.parametrize(
    ("why", "world"),
    [
        (Nothing.NOTHING_OPEN, kitchen().but(scope=ScopeWindow({}))),
        (Nothing.NO_BELIEF, kitchen().but(beliefs={})),
        (Nothing.NO_MATERIAL, only()),
        (Nothing.NO_MATERIAL, only(plain(), language="es")),
        (Nothing.NOT_READY, only(plain(), offsets={1: -1.0})),
        (Nothing.NO_LEVEL, only(plain(-5.0))),
        (Nothing.NOT_WANTED, only(plain()).but(orders=Orders((Order(1, OrderKind.FORBID, material=20),)))),
        (
            Nothing.NOT_WANTED,
            only(*materials(2, first=20, contexts=("music",)), interests={"music": Liked(0.5, 0.5, vetoed=True)}),
        ),
        (Nothing.HELD, only(plain()).but(orders=Orders((Order(1, OrderKind.HOLD),)))),
    ],
)
def test_nothing_has_a_name_and_a_sentence(why: Nothing, world: World) -> None:
    decision = world.choose()
    assert (decision.chosen, decision.nothing) == ((), why)
    assert decision.nothing_sentence.endswith(".")


def test_all_met_is_the_good_reason_for_nothing() -> None:
    seen = (Use(90, 2, NOW - 9, 1.0, "music"), Use(91, 2, NOW - 8, 1.0, "space"))
    assert only(plain(), offsets={2: 3.0}, history=seen).choose().nothing is Nothing.ALL_MET


def test_what_the_catalogue_lacks_goes_to_its_gap_report() -> None:
    (need,) = only(plain(-5.0)).choose().needs
    assert (need.skill, need.context, need.price) == (2, "", 1.0)


def test_newcomers_begin_in_the_narrow_band() -> None:
    # Logit 0.6 is 0.65: fits who is known, and is too hard for a newcomer.
    hard = plain(-0.6)
    assert only(hard).choose().chosen[0].rungs == ()
    assert only(hard, responses=3.0).choose().chosen[0].rungs == (Rung.WIDER_BAND,)
    new = belief(2, 0.0, responses=1, evidence=1.0)
    assert only(hard, beliefs={1: belief(1, 0.9), 2: new}).choose().chosen[0].rungs == (Rung.WIDER_BAND,)
