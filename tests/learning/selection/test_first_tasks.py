"""A first task's value is the one with which the decision itself would choose, were nothing open."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from learning.selection import ClassList, OverrideKind, TeacherOverride, TeacherOverrides
from learning.selection.first_tasks import first_task_values
from tests.learning.selection.builders import small_world
from tests.learning.selection.worlds import World, random_world


def values_of(world: World) -> dict[int, int]:
    student = world.student
    own = ClassList(
        class_id=1,
        policy=world.policy,
        scope=world.scope,
        beliefs=student.beliefs,
        overrides=world.overrides,
        open_assignments=student.open_assignments,
        completion_rate=student.completion_rate,
        memory=student.memory,
    )
    return first_task_values(student, own, catalogue=world.catalogue, as_of=world.as_of)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(seed=st.integers(min_value=0, max_value=10**9))
def test_the_best_value_is_that_of_the_decision_by_skill_alone(seed: int) -> None:
    world = random_world(seed)
    forbidden = tuple(each for each in world.overrides.overrides if each.kind is OverrideKind.FORBID)
    policy = replace(world.policy, interest_tolerance=0.0, explore_every=0, slots=1)
    world = world.but(policy=policy, overrides=TeacherOverrides(forbidden), open_assignments=())
    values, decision = values_of(world), world.choose()
    slots = [slot for slot in decision.filled_slots if not slot.fallbacks]
    assert bool(values) == bool(slots)
    for slot in slots:
        assert slot.value == max(values.values()) == values[slot.skill]


def test_what_is_open_changes_no_value() -> None:
    world = small_world(slots=2)
    published = world.choose()
    assert published.filled_slots
    later = random_world(7)
    for each in (world, later):
        assert values_of(each) == values_of(each.but(open_assignments=()))


def test_nothing_is_at_hand_where_a_teacher_holds_everything() -> None:
    world = small_world()
    assert values_of(world)
    hold = TeacherOverrides((TeacherOverride(1, OverrideKind.HOLD),))
    assert values_of(world.but(overrides=hold)) == {}
