"""Teacher overrides: must-dos and pins come first, above the hard rules; unmet ones have a reason."""

from dataclasses import replace

from learning.selection import (
    AssignmentState,
    CurrentAssignment,
    Fallback,
    MaterialAttempt,
    OverrideKind,
    Policy,
    TeacherOverride,
    TeacherOverrides,
    Trigger,
)
from tests.learning.selection.builders import materials, small_world
from tests.learning.selection.worlds import NOW, World, after


def with_overrides(*overrides: TeacherOverride, **values: object) -> World:
    return small_world(**values).but(overrides=TeacherOverrides(overrides))  # type: ignore[arg-type] # values of the builder


def test_a_pinned_material_is_assigned_and_its_broken_rules_are_named() -> None:
    slot = with_overrides(TeacherOverride(1, OverrideKind.PIN, material=11), scope=(2,)).choose().filled_slots[0]
    assert [option.material for option in slot.menu] == [11]
    assert slot.fallbacks == (Fallback.TEACHER,)
    assert "despite.H1.scope" in slot.reasons
    assert slot.state is AssignmentState.ASSIGNED


def test_a_pin_stays_until_it_is_attempted() -> None:
    world = with_overrides(TeacherOverride(1, OverrideKind.PIN, material=11, given_at=NOW - 60), scope=(2,))
    later = after(world, world.choose())
    assert [unchanged.reason for unchanged in later.choose().unchanged_slots] == ["teacher.pin"]
    done = later.but(history=(MaterialAttempt(11, 1, NOW + 1, 1.0),), as_of=NOW + 2)
    assert done.choose().withdrawals[0].trigger is Trigger.ATTEMPTED
    assert after(done, done.choose()).choose().has_changes is False


def test_must_dos_come_before_pins() -> None:
    overrides = TeacherOverride(1, OverrideKind.PIN, material=11), TeacherOverride(2, OverrideKind.MUST_DO, material=12)
    slot = with_overrides(*overrides, slots=2).choose().filled_slots
    assert [c.menu[0].material for c in slot] == [12, 11]


def test_a_must_do_skill_is_assigned_outside_the_scope() -> None:
    slot = (
        with_overrides(TeacherOverride(1, OverrideKind.MUST_DO, skill=1), scope=(2,), offsets={1: 0.0})
        .choose()
        .filled_slots[0]
    )
    assert slot.skill == 1
    assert slot.because_gap == "A teacher asked for this work on adding fractions with like denominators."
    assert len(slot.menu) == 4


def test_an_override_replaces_the_least_valuable_assignment() -> None:
    first = small_world(scope=(2,)).choose()
    full = after(small_world(scope=(2,)), first).but(
        overrides=TeacherOverrides((TeacherOverride(1, OverrideKind.MUST_DO, material=11),))
    )
    decision = full.choose()
    assert {(w.trigger, w.detail) for w in decision.withdrawals} == {(Trigger.TEACHER, "made_room")}
    assert [c.menu[0].material for c in decision.filled_slots] == [11]


def test_a_pinned_alternate_gets_its_own_slot() -> None:
    first = small_world(scope=(2,), slots=2).choose()
    menu = first.filled_slots[0].menu
    world = after(small_world(scope=(2,), slots=2), first)
    decision = world.but(
        overrides=TeacherOverrides((TeacherOverride(1, OverrideKind.PIN, material=menu[1].material),))
    ).choose()
    assert [(w.material, w.detail) for w in decision.withdrawals if w.detail == "own_slot"] == [
        (menu[1].material, "own_slot")
    ]


def test_an_unmet_override_has_a_reason() -> None:
    overrides = (
        TeacherOverride(1, OverrideKind.PIN, material=999),
        TeacherOverride(2, OverrideKind.FORBID, material=21),
        TeacherOverride(3, OverrideKind.PIN, material=21),
        TeacherOverride(4, OverrideKind.MUST_DO, skill=77),
        TeacherOverride(5, OverrideKind.PIN, skill=2),
        TeacherOverride(6, OverrideKind.FORBID, material=20),
    )
    decision = with_overrides(
        *overrides, made=materials(2, first=20, contexts=(None, "music"), difficulty=4.0)
    ).choose()
    assert {unmet.override_id: unmet.reason for unmet in decision.unmet_overrides} == {
        1: "H1.active",
        3: "H5.forbidden",
        4: "no_belief",
        5: "no_material",
    }


def test_a_pinned_skill_with_a_gap_gets_its_nearest_material_where_nothing_fits() -> None:
    """The gap has it anyway; the teacher asked for it, so it is no proposal, at once and not at the next refresh."""
    world = with_overrides(
        TeacherOverride(5, OverrideKind.PIN, skill=2),
        made=materials(2, first=20, contexts=(None, "music"), difficulty=4.0),
    )
    decision = world.but(policy=replace(world.policy, needs_approval=True)).choose()
    assert decision.unmet_overrides == ()
    [slot] = [slot for slot in decision.filled_slots if slot.skill == 2]
    assert (slot.fallbacks, slot.state) == ((Fallback.NEAREST,), AssignmentState.ASSIGNED)


def test_a_pinned_skill_is_always_open() -> None:
    world = with_overrides(TeacherOverride(1, OverrideKind.PIN, skill=2, given_at=NOW - 60))
    first = world.choose()
    assert first.filled_slots[0].skill == 2
    done = after(world, first).but(
        history=(MaterialAttempt(first.filled_slots[0].menu[0].material, 2, NOW + 1, 1.0),), as_of=NOW + 2
    )
    assert done.choose().filled_slots[0].skill == 2


def test_a_hold_on_everything_assigns_nothing_new() -> None:
    assert with_overrides(TeacherOverride(1, OverrideKind.HOLD)).choose().filled_slots == ()


def test_a_material_that_gets_its_own_slot_leaves_a_menu_that_is_filled_just_now() -> None:
    """A must-do for the skill fills a menu with all four themes; the pin is for one of them."""
    orders = (
        TeacherOverride(1, OverrideKind.MUST_DO, skill=1),
        TeacherOverride(2, OverrideKind.PIN, material=12),
    )
    decision = small_world(slots=4).but(overrides=TeacherOverrides(orders)).choose()
    menus = [[option.material for option in slot.menu] for slot in decision.filled_slots]
    assert [12] in menus
    assert sum(menu.count(12) for menu in menus) == 1


def test_a_pinned_skill_approves_one_proposal_and_no_other() -> None:
    """In approve mode the others stay proposals, in this refresh and in the next."""
    proposed = tuple(CurrentAssignment(slot, 1, (10 + slot,), AssignmentState.PROPOSED, NOW - 60) for slot in range(2))
    pin = TeacherOverrides((TeacherOverride(1, OverrideKind.PIN, skill=1),))
    policy = Policy(slots=2, explore_every=0, needs_approval=True)
    world = small_world(open_assignments=proposed).but(overrides=pin, policy=policy)
    for _ in range(2):
        decision = world.choose()
        assert [slot.state for slot in decision.unchanged_slots] == [AssignmentState.ASSIGNED, AssignmentState.PROPOSED]
        world = after(world, decision)


def test_a_pin_on_an_alternate_does_not_keep_the_menu_that_it_leaves() -> None:
    old = CurrentAssignment(0, 1, (10, 11), AssignmentState.ASSIGNED, NOW - 60)
    pin = TeacherOverrides((TeacherOverride(1, OverrideKind.PIN, material=11),))
    decision = small_world(open_assignments=(old,), slots=3).but(overrides=pin).choose()
    assert [(slot.materials, slot.reason) for slot in decision.unchanged_slots] == [((10,), "kept")]
