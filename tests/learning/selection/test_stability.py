"""An unattempted assignment stays unless a named trigger fires."""

from dataclasses import replace
from typing import Any

import pytest

from learning.selection import (
    AssignmentState,
    ClassScope,
    CompletionRate,
    CurrentAssignment,
    MaterialAttempt,
    OverrideKind,
    TeacherOverride,
    TeacherOverrides,
    Trigger,
)
from tests.learning.selection.builders import materials, small_world
from tests.learning.selection.worlds import DAY, NOW, SampleInterest, World, after, belief


def open_slot(*menu: int, **values: object) -> CurrentAssignment:
    whole: dict[str, object] = {
        "slot": 0,
        "skill": 2,
        "materials": menu,
        "state": AssignmentState.ASSIGNED,
        "assigned_at": NOW - DAY,
    }
    return CurrentAssignment(**(whole | values))  # type: ignore[arg-type] # values of the fields


def settled(**values: Any) -> World:
    """Return a student with one open slot and no new evidence."""
    return small_world(scope=(2,), open_assignments=(open_slot(21, 22),), **values)


def test_an_assignment_stays_without_a_trigger() -> None:
    decision = settled().choose()
    assert [unchanged.materials for unchanged in decision.unchanged_slots] == [(21, 22)]
    assert (decision.filled_slots, decision.withdrawals, decision.has_changes) == ((), (), False)


def test_an_attempt_frees_the_slot_and_marks_the_attempted_material() -> None:
    decision = settled(history=(MaterialAttempt(22, 2, NOW - 60, 1.0),)).choose()
    assert [(w.material, w.trigger, w.detail) for w in decision.withdrawals] == [
        (21, Trigger.ATTEMPTED, ""),
        (22, Trigger.ATTEMPTED, "done"),
    ]
    assert decision.filled_slots[0].slot == 0


def test_an_assignment_of_a_skill_now_at_its_target_is_withdrawn() -> None:
    seen = (MaterialAttempt(90, 2, NOW - 2 * DAY, 1.0, "music"), MaterialAttempt(91, 2, NOW - 2 * DAY, 1.0, "space"))
    decision = small_world(offsets={2: 1.9}, scope=(2,), open_assignments=(open_slot(21),), history=seen).choose()
    assert [(w.trigger, w.detail) for w in decision.withdrawals] == [(Trigger.RULE_BROKEN, "H4.need")]


def test_only_the_vetoed_alternate_is_withdrawn() -> None:
    decision = settled(interests={"music": SampleInterest(0.9, 0.9, vetoed=True)}).choose()
    assert [unchanged.materials for unchanged in decision.unchanged_slots] == [(21,)]
    assert [(w.material, w.trigger, w.detail) for w in decision.withdrawals] == [(22, Trigger.RULE_BROKEN, "H5.veto")]


def test_an_assignment_stays_in_the_relaxed_band() -> None:
    # Logit 0.3 + 1.1 is 0.80; -0.9 + 1.1 is 0.55, under the band and inside the wide one; -1.3 + 1.1 is 0.45.
    assert (
        small_world(offsets={2: -0.9}, scope=(2,), open_assignments=(open_slot(21),)).choose().unchanged_slots[0].reason
        == "wider_band"
    )
    gone = small_world(offsets={2: -1.3}, scope=(2,), open_assignments=(open_slot(21),)).choose().withdrawals
    assert [(w.trigger, w.detail) for w in gone] == [(Trigger.RULE_BROKEN, "H3.level")]


def better_elsewhere(**values: Any) -> World:
    """Return a student whose open slot fits poorly (success near 0.6), while another material fits exactly."""
    made = materials(2, first=20, contexts=(None,)) + materials(2, first=30, contexts=("music",), difficulty=-0.45)
    world = small_world(
        made=made, scope=(2,), open_assignments=(open_slot(30, evidence_until=NOW - 2 * DAY),), **values
    )
    return world.but(policy=replace(world.policy, hysteresis=0.15))


def test_a_replacement_must_be_better_in_two_refreshes_with_newer_evidence() -> None:
    first = better_elsewhere().choose()
    assert first.filled_slots == ()
    assert first.memory.better_counts == ((0, 1),)
    same = after(better_elsewhere(), first)
    assert same.choose().memory == first.memory  # no newer evidence: it does not count
    second = same.but(evidence_until=NOW).choose()
    assert [(w.material, w.trigger) for w in second.withdrawals] == [(30, Trigger.BETTER)]
    assert second.filled_slots[0].menu[0].material == 20
    assert second.memory.replaced_materials == (30,)


def test_the_count_ends_when_nothing_is_better() -> None:
    first = better_elsewhere().choose()
    relieved = after(better_elsewhere(), first).but(evidence_until=NOW, beliefs={1: belief(1, 0.9), 2: belief(2, 0.4)})
    assert relieved.choose().memory.better_counts == ()


def test_an_expired_assignment_is_replaced_and_does_not_come_back_at_once() -> None:
    old = settled().but(open_assignments=(open_slot(21, assigned_at=NOW - 15 * DAY),))
    decision = old.choose()
    assert [(w.material, w.trigger) for w in decision.withdrawals] == [(21, Trigger.HOLD_LIMIT)]
    assert 21 not in {option.material for option in decision.filled_slots[0].menu}
    assert after(old, decision).choose().has_changes is False


def test_an_expired_assignment_stays_without_an_alternative() -> None:
    (only,) = materials(2, first=21, contexts=(None,))
    old = small_world(made=[only], scope=(2,), open_assignments=(open_slot(21, assigned_at=NOW - 15 * DAY),))
    assert old.choose().unchanged_slots[0].materials == (21,)


def test_only_a_teacher_can_withdraw_a_started_assignment() -> None:
    started = open_slot(21, state=AssignmentState.STARTED, assigned_at=NOW - 50 * DAY)
    assert (
        small_world(offsets={2: 4.0}, scope=(1,), open_assignments=(started,)).choose().unchanged_slots[0].reason
        == "started"
    )
    forbid = TeacherOverrides((TeacherOverride(1, OverrideKind.FORBID, material=21),))
    gone = small_world(scope=(2,), open_assignments=(started,)).but(overrides=forbid).choose().withdrawals
    assert [(w.trigger, w.detail) for w in gone] == [(Trigger.TEACHER, "forbid")]


@pytest.mark.parametrize(
    "hold",
    [
        TeacherOverride(1, OverrideKind.HOLD, material=21),
        TeacherOverride(1, OverrideKind.HOLD, skill=2),
        TeacherOverride(1, OverrideKind.HOLD),
    ],
)
def test_a_hold_protects_an_assignment(hold: TeacherOverride) -> None:
    world = small_world(offsets={2: 4.0}, scope=(1,), open_assignments=(open_slot(21, assigned_at=NOW - 50 * DAY),))
    assert [
        unchanged.reason for unchanged in world.but(overrides=TeacherOverrides((hold,))).choose().unchanged_slots
    ] == ["teacher.hold"]


def test_a_proposal_is_assigned_once_there_is_a_scope() -> None:
    proposed = settled().but(open_assignments=(open_slot(21, state=AssignmentState.PROPOSED),))
    decision = proposed.choose()
    assert decision.unchanged_slots[0].state is AssignmentState.ASSIGNED
    assert decision.has_changes
    approving = proposed.but(policy=replace(proposed.policy, needs_approval=True))
    assert approving.choose().unchanged_slots[0].state is AssignmentState.PROPOSED


def test_a_fallback_prerequisite_stays_while_a_skill_waits_for_it() -> None:
    blocked = small_world(offsets={1: 0.0}, scope=(2,))
    first = blocked.choose()
    assert first.filled_slots[0].skill == 1
    assert after(blocked, first).choose().has_changes is False


def test_a_material_that_left_the_catalogue_is_withdrawn() -> None:
    gone = settled().but(open_assignments=(open_slot(999),)).choose().withdrawals
    assert [(w.trigger, w.detail) for w in gone] == [(Trigger.RULE_BROKEN, "H1.active")]


def test_assignments_outside_a_new_scope_are_withdrawn() -> None:
    moved = settled().but(scope=ClassScope({1: None})).choose()
    assert {w.detail for w in moved.withdrawals} == {"H1.scope"}


def test_a_started_material_stays_after_it_left_the_catalogue() -> None:
    started = open_slot(999, state=AssignmentState.STARTED)
    assert small_world(scope=(2,), slots=2, open_assignments=(started,)).choose().unchanged_slots[0].materials == (999,)


def test_a_replacement_needs_evidence_newer_than_the_assignment() -> None:
    fresh = better_elsewhere().but(open_assignments=(open_slot(30, evidence_until=NOW),))
    assert fresh.choose().memory.better_counts == ()


def test_what_lay_too_long_gives_way_to_something_as_long() -> None:
    """A student who has done nothing may have 20 minutes open; two tasks of ten take them, and neither fits a third."""
    old = tuple(CurrentAssignment(slot, 1, (10 + slot,), AssignmentState.ASSIGNED, NOW - 20 * DAY) for slot in range(2))
    world = small_world(open_assignments=old, slots=4).but(completion_rate=CompletionRate(0, 0, 14.0))
    decision = world.choose()
    assert {each.trigger for each in decision.withdrawals} == {Trigger.HOLD_LIMIT}
    assert len(decision.filled_slots) >= 1
