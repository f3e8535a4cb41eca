"""An unattempted assignment stays unless a named trigger fires."""

from dataclasses import replace

import pytest

from learning.selection import (
    AssignmentState,
    CurrentAssignment,
    Order,
    OrderKind,
    Orders,
    ScopeWindow,
    Trigger,
    Use,
)
from tests.learning.selection.builders import kitchen, materials
from tests.learning.selection.worlds import DAY, NOW, Liked, World, after, belief


def open_slot(*menu: int, **values: object) -> CurrentAssignment:
    whole: dict[str, object] = {
        "slot": 0,
        "skill": 2,
        "materials": menu,
        "state": AssignmentState.ASSIGNED,
        "since": NOW - DAY,
    }
    return CurrentAssignment(**(whole | values))  # type: ignore[arg-type] # values of the fields


def settled(**place: object) -> World:
    """A student with one open slot and nothing new since."""
    return kitchen(scope=(2,), current=(open_slot(21, 22),), **place)


def test_it_stays_where_nothing_happened() -> None:
    decision = settled().choose()
    assert [kept.materials for kept in decision.kept] == [(21, 22)]
    assert (decision.chosen, decision.withdrawn, decision.changed) == ((), (), False)


def test_an_attempt_frees_the_slot_and_says_which_was_done() -> None:
    decision = settled(history=(Use(22, 2, NOW - 60, 1.0),)).choose()
    assert [(w.material, w.trigger, w.detail) for w in decision.withdrawn] == [
        (21, Trigger.ATTEMPTED, ""),
        (22, Trigger.ATTEMPTED, "done"),
    ]
    assert decision.chosen[0].slot == 0


def test_a_skill_that_is_met_since_is_withdrawn_by_its_rule() -> None:
    seen = (Use(90, 2, NOW - 2 * DAY, 1.0, "music"), Use(91, 2, NOW - 2 * DAY, 1.0, "space"))
    decision = kitchen(offsets={2: 1.8}, scope=(2,), current=(open_slot(21),), history=seen).choose()
    assert [(w.trigger, w.detail) for w in decision.withdrawn] == [(Trigger.RULE_BROKEN, "H4.need")]


def test_a_vetoed_alternate_leaves_alone() -> None:
    decision = settled(interests={"music": Liked(0.9, 0.9, vetoed=True)}).choose()
    assert [kept.materials for kept in decision.kept] == [(21,)]
    assert [(w.material, w.trigger, w.detail) for w in decision.withdrawn] == [(22, Trigger.RULE_BROKEN, "H5.veto")]


def test_a_level_that_drifts_a_little_is_no_reason() -> None:
    # Logit 0.3 + 1.1 is 0.80; -0.9 + 1.1 is 0.55, under the band and inside the wide one; -1.3 + 1.1 is 0.45.
    assert kitchen(offsets={2: -0.9}, scope=(2,), current=(open_slot(21),)).choose().kept[0].reason == "wider_band"
    gone = kitchen(offsets={2: -1.3}, scope=(2,), current=(open_slot(21),)).choose().withdrawn
    assert [(w.trigger, w.detail) for w in gone] == [(Trigger.RULE_BROKEN, "H3.level")]


def better_elsewhere(**place: object) -> World:
    """The open slot is poor (success near 0.6), and something of the same skill fits exactly."""
    made = materials(2, first=20, contexts=(None,)) + materials(2, first=30, contexts=("music",), difficulty=-0.45)
    world = kitchen(made=made, scope=(2,), current=(open_slot(30, evidence_until=NOW - 2 * DAY),), **place)
    return world.but(policy=replace(world.policy, hysteresis=0.15))


def test_something_better_must_be_so_in_two_refreshes_with_newer_evidence() -> None:
    first = better_elsewhere().choose()
    assert first.chosen == ()
    assert first.carry.beaten == ((0, 1),)
    same = after(better_elsewhere(), first)
    assert same.choose().carry == first.carry  # no newer evidence: it does not count
    second = same.but(evidence_until=NOW).choose()
    assert [(w.material, w.trigger) for w in second.withdrawn] == [(30, Trigger.BETTER)]
    assert second.chosen[0].menu[0].material == 20
    assert second.carry.rested == (30,)


def test_what_is_no_longer_beaten_is_forgotten() -> None:
    first = better_elsewhere().choose()
    relieved = after(better_elsewhere(), first).but(evidence_until=NOW, beliefs={1: belief(1, 0.9), 2: belief(2, 0.4)})
    assert relieved.choose().carry.beaten == ()


def test_what_lies_too_long_is_replaced_and_does_not_come_straight_back() -> None:
    old = settled().but(current=(open_slot(21, since=NOW - 15 * DAY),))
    decision = old.choose()
    assert [(w.material, w.trigger) for w in decision.withdrawn] == [(21, Trigger.HOLD_LIMIT)]
    assert 21 not in {option.material for option in decision.chosen[0].menu}
    assert after(old, decision).choose().changed is False


def test_what_lies_too_long_stays_where_there_is_nothing_else() -> None:
    (only,) = materials(2, first=21, contexts=(None,))
    old = kitchen(made=[only], scope=(2,), current=(open_slot(21, since=NOW - 15 * DAY),))
    assert old.choose().kept[0].materials == (21,)


def test_what_is_started_is_never_touched_but_by_the_teacher() -> None:
    started = open_slot(21, state=AssignmentState.STARTED, since=NOW - 50 * DAY)
    assert kitchen(offsets={2: 4.0}, scope=(1,), current=(started,)).choose().kept[0].reason == "started"
    forbid = Orders((Order(1, OrderKind.FORBID, material=21),))
    gone = kitchen(scope=(2,), current=(started,)).but(orders=forbid).choose().withdrawn
    assert [(w.trigger, w.detail) for w in gone] == [(Trigger.TEACHER, "forbid")]


@pytest.mark.parametrize(
    "hold", [Order(1, OrderKind.HOLD, material=21), Order(1, OrderKind.HOLD, skill=2), Order(1, OrderKind.HOLD)]
)
def test_a_hold_keeps_what_would_go(hold: Order) -> None:
    world = kitchen(offsets={2: 4.0}, scope=(1,), current=(open_slot(21, since=NOW - 50 * DAY),))
    assert [kept.reason for kept in world.but(orders=Orders((hold,))).choose().kept] == ["teacher.hold"]


def test_what_was_proposed_for_want_of_a_scope_is_assigned_once_there_is_one() -> None:
    proposed = settled().but(current=(open_slot(21, state=AssignmentState.PROPOSED),))
    decision = proposed.choose()
    assert decision.kept[0].state is AssignmentState.ASSIGNED
    assert decision.changed
    approving = proposed.but(policy=replace(proposed.policy, approve=True))
    assert approving.choose().kept[0].state is AssignmentState.PROPOSED


def test_a_prerequisite_from_the_ladder_stays_while_something_waits_for_it() -> None:
    blocked = kitchen(offsets={1: 0.0}, scope=(2,))
    first = blocked.choose()
    assert first.chosen[0].skill == 1
    assert after(blocked, first).choose().changed is False


def test_a_material_that_left_the_catalogue_leaves_the_slot() -> None:
    gone = settled().but(current=(open_slot(999),)).choose().withdrawn
    assert [(w.trigger, w.detail) for w in gone] == [(Trigger.RULE_BROKEN, "H1.active")]


def test_a_scope_that_moves_on_takes_its_assignments_along() -> None:
    moved = settled().but(scope=ScopeWindow({1: None})).choose()
    assert {w.detail for w in moved.withdrawn} == {"H1.scope"}


def test_a_material_that_is_gone_but_started_is_kept_without_harm() -> None:
    started = open_slot(999, state=AssignmentState.STARTED)
    assert kitchen(scope=(2,), slots=2, current=(started,)).choose().kept[0].materials == (999,)


def test_beaten_counts_begin_after_the_assignments_own_evidence() -> None:
    fresh = better_elsewhere().but(current=(open_slot(30, evidence_until=NOW),))
    assert fresh.choose().carry.beaten == ()
