"""The teacher layer: must-dos and pins first, above the machine's rules, and honest about what cannot be done."""

from learning.selection import AssignmentState, Order, OrderKind, Orders, Rung, Trigger, Use
from tests.learning.selection.builders import kitchen, materials
from tests.learning.selection.worlds import NOW, World, after


def ordered(*orders: Order, **values: object) -> World:
    return kitchen(**values).but(orders=Orders(orders))  # type: ignore[arg-type] # values of the builder


def test_a_pinned_material_is_assigned_whatever_rules_it_breaks_and_they_are_named() -> None:
    chosen = ordered(Order(1, OrderKind.PIN, material=11), scope=(2,)).choose().chosen[0]
    assert [option.material for option in chosen.menu] == [11]
    assert chosen.rungs == (Rung.TEACHER,)
    assert "despite.H1.scope" in chosen.reasons
    assert chosen.state is AssignmentState.ASSIGNED


def test_a_pin_stays_until_it_is_attempted() -> None:
    world = ordered(Order(1, OrderKind.PIN, material=11, given_at=NOW - 60), scope=(2,))
    later = after(world, world.choose())
    assert [kept.reason for kept in later.choose().kept] == ["teacher.pin"]
    done = later.but(history=(Use(11, 1, NOW + 1, 1.0),), as_of=NOW + 2)
    assert done.choose().withdrawn[0].trigger is Trigger.ATTEMPTED
    assert after(done, done.choose()).choose().changed is False


def test_must_dos_come_before_pins() -> None:
    orders = Order(1, OrderKind.PIN, material=11), Order(2, OrderKind.MUST_DO, material=12)
    chosen = ordered(*orders, slots=2).choose().chosen
    assert [c.menu[0].material for c in chosen] == [12, 11]


def test_a_must_do_skill_takes_what_fits_best_of_it_though_it_is_not_in_scope() -> None:
    chosen = ordered(Order(1, OrderKind.MUST_DO, skill=1), scope=(2,), offsets={1: 0.0}).choose().chosen[0]
    assert chosen.skill == 1
    assert chosen.because_gap == "A teacher asked for this work on adding fractions with like denominators."
    assert len(chosen.menu) == 4


def test_an_order_makes_room_by_taking_the_least_worth() -> None:
    first = kitchen(scope=(2,)).choose()
    full = after(kitchen(scope=(2,)), first).but(orders=Orders((Order(1, OrderKind.MUST_DO, material=11),)))
    decision = full.choose()
    assert {(w.trigger, w.detail) for w in decision.withdrawn} == {(Trigger.TEACHER, "made_room")}
    assert [c.menu[0].material for c in decision.chosen] == [11]


def test_a_pinned_alternate_gets_a_slot_of_its_own() -> None:
    first = kitchen(scope=(2,), slots=2).choose()
    menu = first.chosen[0].menu
    world = after(kitchen(scope=(2,), slots=2), first)
    decision = world.but(orders=Orders((Order(1, OrderKind.PIN, material=menu[1].material),))).choose()
    assert [(w.material, w.detail) for w in decision.withdrawn if w.detail == "own_slot"] == [
        (menu[1].material, "own_slot")
    ]


def test_what_cannot_be_followed_is_named() -> None:
    orders = (
        Order(1, OrderKind.PIN, material=999),
        Order(2, OrderKind.FORBID, material=21),
        Order(3, OrderKind.PIN, material=21),
        Order(4, OrderKind.MUST_DO, skill=77),
        Order(5, OrderKind.PIN, skill=2),
    )
    decision = ordered(*orders, made=materials(2, first=20, contexts=(None, "music"), difficulty=4.0)).choose()
    assert {unmet.order: unmet.why for unmet in decision.unmet} == {
        1: "H1.active",
        3: "H5.forbidden",
        4: "no_belief",
        5: "no_material",
    }


def test_a_pinned_skill_is_always_open() -> None:
    world = ordered(Order(1, OrderKind.PIN, skill=2, given_at=NOW - 60))
    first = world.choose()
    assert first.chosen[0].skill == 2
    done = after(world, first).but(history=(Use(first.chosen[0].menu[0].material, 2, NOW + 1, 1.0),), as_of=NOW + 2)
    assert done.choose().chosen[0].skill == 2


def test_a_hold_on_everything_assigns_nothing_new() -> None:
    assert ordered(Order(1, OrderKind.HOLD)).choose().chosen == ()
