"""Several lists of one student: the laws that hold, and the faults that these must catch."""

from __future__ import annotations

import itertools
import json
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning.selection import (
    AssignmentState,
    CurrentAssignment,
    MaterialAttempt,
    OverrideKind,
    Placement,
    Policy,
    StudentLists,
    TeacherOverride,
    TeacherOverrides,
    Trigger,
    Withdrawal,
    builder,
    context,
    lists,
    record,
    replay,
    student_decision,
)
from tests.learning.selection.builders import materials, small_world
from tests.learning.selection.list_worlds import ListsWorld, list_of, published, random_lists
from tests.learning.selection.worlds import World

SEEDS = 300
"""Number of random worlds in which a fault must be caught."""


def open_slots(decided: StudentLists) -> dict[int, tuple[int | None, tuple[int, ...]]]:
    """Return (class, materials) by slot of all that is open after a decision."""
    found = {}
    for each in decided.lists:
        for stay in each.unchanged_slots:
            found[stay.slot] = each.class_id, stay.materials
        for filled in each.filled_slots:
            found[filled.slot] = each.class_id, tuple(option.material for option in filled.menu)
    return found


def limit_is_respected(world: ListsWorld) -> None:
    """No more is open than the school allows, but for one on each list and what a teacher or a start protects."""
    decided = world.choose()
    if len(decided.lists) == 1:
        return
    counts = Counter(class_id for class_id, _ in open_slots(decided).values())
    surplus = sum(counts.values()) - max(world.max_open, len(counts))
    protected = 0
    for each in decided.lists:
        reasons = [stay.reason for stay in each.unchanged_slots] + [
            "teacher." for s in each.filled_slots if s.reasons[0].startswith("teacher")
        ]
        protected += sum(reason == "started" or reason.startswith("teacher.") for reason in reasons)
    assert surplus <= protected


def each_list_with_a_need_has_one(world: ListsWorld) -> None:
    """A list that would have something without the materials that are open on others has something beside them."""
    decided = world.choose()
    for each in decided.lists:
        own = next(own for own in world.lists if own.class_id == each.class_id)
        elsewhere = {m for class_id, menu in open_slots(decided).values() if class_id != each.class_id for m in menu}
        forbids = tuple(TeacherOverride(10**6 + m, OverrideKind.FORBID, m) for m in sorted(elsewhere))
        alone = replace(own, overrides=TeacherOverrides((*own.overrides.overrides, *forbids)))
        if open_slots(replace(world, lists=(alone,)).choose()):
            assert each.filled_slots or each.unchanged_slots


def a_material_is_open_once(world: ListsWorld) -> None:
    """Menus of different slots share no material, whichever lists they are on."""
    before = [m for each in world.lists for slot in each.open_assignments for m in slot.materials]
    if len(before) == len(set(before)):
        menus = [material for _, menu in open_slots(world.choose()).values() for material in menu]
        assert len(menus) == len(set(menus))


def numbers_are_stable(world: ListsWorld) -> None:
    """A number is in use once, and what stays open keeps its number and its list."""
    decided = world.choose()
    numbers = [slot.slot for slot in decided.filled_slots] + [slot.slot for slot in decided.unchanged_slots]
    assert len(numbers) == len(set(numbers))
    before = {slot.slot: each.class_id for each in world.lists for slot in each.open_assignments}
    for each in decided.lists:
        assert {stay.slot for stay in each.unchanged_slots} <= {s for s, c in before.items() if c == each.class_id}


def another_class_changes_no_order(world: ListsWorld) -> None:
    """Where one class is left, the other lists stay as they are, in the same order; at most they get more."""
    world = published(world, world.choose())
    order = [each.class_id for each in world.choose().lists]
    for gone in order:
        decided = world.without(gone).choose()
        assert [each.class_id for each in decided.lists] == [class_id for class_id in order if class_id != gone]
        for each in decided.lists:
            stays = {slot.slot for own in world.lists if own.class_id == each.class_id for slot in own.open_assignments}
            stay = {slot.slot for slot in each.unchanged_slots}
            excused = {w.slot for w in each.withdrawals if w.trigger is not Trigger.MAX_OPEN}
            assert stays <= stay | excused


def a_record_replays(world: ListsWorld) -> None:
    """The record of all lists gives itself again, byte for byte."""
    decided = world.choose()
    assert replay(decided.record) == decided.record


def nothing_new_changes_nothing(world: ListsWorld) -> None:
    """A refresh without news publishes nothing and leaves the same to the next."""
    first = world.choose()
    again = published(world, first).choose()
    assert not again.has_changes
    assert [each.memory for each in again.lists] == [each.memory for each in first.lists]
    assert [each.catalogue_needs for each in again.lists] == [each.catalogue_needs for each in first.lists]


def order_of_arrival(world: ListsWorld) -> None:
    """The order in which lists are loaded decides nothing."""
    shuffled = replace(world, lists=tuple(random.Random(5).sample(world.lists, len(world.lists))))
    assert shuffled.choose().record == world.choose().record


def one_list_is_as_before(world: ListsWorld) -> None:
    """A student with one list is decided for as by the decision for one list, whatever the limit on several."""
    own = world.lists[0]
    only = replace(world, lists=(own,), max_open=1).choose().lists[0]
    student = replace(world.base.student, beliefs=own.beliefs, open_assignments=own.open_assignments, memory=own.memory)
    alone = student_decision.choose(
        student, catalogue=world.base.catalogue, policy=own.policy, scope=own.scope, overrides=own.overrides,
        as_of=world.base.as_of,
    )  # fmt: skip
    assert replace(only, class_id=None, record="", digest="") == replace(alone, record="", digest="")


LAWS: dict[str, Callable[[ListsWorld], None]] = {
    "limit": limit_is_respected,
    "one each": each_list_with_a_need_has_one,
    "open once": a_material_is_open_once,
    "numbers": numbers_are_stable,
    "order": another_class_changes_no_order,
    "replay": a_record_replays,
    "nothing new": nothing_new_changes_nothing,
    "arrival": order_of_arrival,
    "one list": one_list_is_as_before,
}


@pytest.mark.parametrize("law", LAWS)
@settings(max_examples=60, deadline=None, derandomize=True)
@given(seed=st.integers(min_value=0, max_value=10**9))
def test_a_law_of_several_lists_holds_in_random_worlds(law: str, seed: int) -> None:
    LAWS[law](random_lists(seed))


TWO = {1: 0.5, 2: 0.0}
"""Both skills of the small world are below the target, and the first is ready for the second (mastery .62)."""


def wide_world() -> World:
    """Return a student with sixty materials for each of two skills."""
    made = [m for skill in (1, 2) for m in materials(skill, first=100 * skill, contexts=(None,) * 60)]
    return small_world(offsets=TWO, made=made)


def seven_lists() -> ListsWorld:
    """Return a student of seven classes with the same two skills, each list with room for four."""
    world = wide_world()
    return ListsWorld(world, tuple(list_of(world, n, [1, 2]) for n in range(1, 8)))


def ordered_elsewhere() -> ListsWorld:
    """Return two lists: material 11 is an alternate on that of class 2, and the teacher of class 1 orders it."""
    world = small_world(offsets=TWO, scope=(1,))
    menu = CurrentAssignment(3, 1, (10, 11, 12), AssignmentState.ASSIGNED, world.as_of - 60)
    order = TeacherOverrides((TeacherOverride(5, OverrideKind.MUST_DO, 11),))
    return ListsWorld(
        world, (list_of(world, 1, [1], overrides=order), list_of(world, 2, [1], open_assignments=(menu,)))
    )


class Mutant(NamedTuple):
    """One fault: `replacement` stands in for the attribute `name` of `owner`."""

    law: str
    fault: str
    owner: Any
    name: str
    replacement: Callable[..., Any]


def _elsewhere(**values: Any) -> Callable[..., Any]:
    """Return how a list sees the others, with some of it wrong."""
    return lambda self, place, share, *, must_fit: _others(self, place, share, must_fit=must_fit)._replace(**values)


def _one_list_only(inputs: Any, catalogue: Any, *, max_open: int) -> Any:
    """Give the first list all that there is, and the rest of them nothing."""
    return _decide_lists(
        [*inputs[:1], *(replace(each, is_closing=True) for each in inputs[1:])], catalogue, max_open=max_open
    )


def _always_several(inputs: Any, catalogue: Any, *, max_open: int) -> Any:
    decided = lists._Lists(inputs, catalogue, max_open=max_open)
    decided.decide(0, decided.share_of(0))
    decided.withdraw_surplus()
    return decided.builders


_decide_lists = lists.decide_lists
_others = lists._Lists._others
_list_only = record._list_only
_drift = itertools.count()
MUTANTS = (
    Mutant("limit", "the limit is ignored", lists._Lists, "_others", _elsewhere(max_open=None)),
    Mutant("limit", "a joined class comes on top", lists._Lists, "withdraw_surplus", lambda _: None),
    Mutant("one each", "the first list takes all", student_decision, "decide_lists", _one_list_only),
    Mutant("open once", "lists do not see each other's materials", lists._Lists, "_others", _elsewhere(materials=())),
    Mutant("open once", "an ordered material stays an alternate elsewhere", builder, "without_ordered_elsewhere",
           lambda _, status: status),
    Mutant("numbers", "numbers are the list's own", lists._Lists, "_others", _elsewhere(slots=())),
    Mutant("order", "the order of the lists turns", student_decision, "list_order",
           lambda *_, **__: (next(_drift) * 7919 % 101, 0)),
    Mutant("arrival", "the lists are decided as they arrive", student_decision, "list_order", lambda *_, **__: (0, 0)),
    Mutant("replay", "a record lacks what was open elsewhere", record, "_list_only",
           lambda ctx, used: _list_only(ctx, used) | {"others": ()}),
    Mutant("nothing new", "lists do not see what the ones before them chose", lists, "open_after",
           lambda made: lists.open_now(made.ctx.inputs)),
    Mutant("one list", "the limit binds one list too", student_decision, "decide_lists", _always_several),
)  # fmt: skip


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: f"{mutant.law}: {mutant.fault}")
def test_a_fault_of_several_lists_is_caught(mutant: Mutant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutant.owner, mutant.name, mutant.replacement)
    random_ones = map(random_lists, range(SEEDS))
    assert any(_is_broken(mutant.law, world) for world in chain([seven_lists(), ordered_elsewhere()], random_ones))


def _is_broken(law: str, world: ListsWorld) -> bool:
    try:
        LAWS[law](world)
    except (AssertionError, KeyError):
        return True
    return False


def two_lists(*, only: int = 1) -> ListsWorld:
    """Return a student of two classes of one slot: the first has one skill in scope, the second both."""
    world, policy = wide_world(), Policy(slots=1, explore_every=0, readiness_doubt=1.0)
    return ListsWorld(world, (list_of(world, 1, [only], policy=policy), list_of(world, 2, [1, 2], policy=policy)))


def by_class(decided: StudentLists) -> dict[int | None, list[int]]:
    """Return the skills that are open on each list."""
    return {
        each.class_id: [slot.skill for slot in each.filled_slots]
        for each in sorted(decided.lists, key=lambda d: str(d.class_id))
    }


def test_a_skill_that_is_open_on_one_list_comes_last_on_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """Class 1 has one skill only, that which class 2 alone would begin with; class 2 has another too."""
    first = two_lists().without(1).choose().filled_slots[0].skill
    world = two_lists(only=first)
    # Class 1 is decided first, so that class 2 sees its skill.
    monkeypatch.setattr(student_decision, "list_order", lambda _, class_id, **__: (class_id, 0))
    assert by_class(world.choose()) == {1: [first], 2: [3 - first]}
    monkeypatch.setattr(context.DecisionContext, "scope_apart", lambda ctx, _=None: ctx.scope)
    assert by_class(world.choose()) == {1: [first], 2: [first]}


def test_a_skill_that_is_open_elsewhere_is_given_where_there_is_no_other() -> None:
    world = two_lists()
    same = replace(world, lists=tuple(replace(each, scope=world.lists[0].scope) for each in world.lists))
    assert by_class(same.choose()) == {1: [1], 2: [1]}


def test_a_student_with_seven_lists_has_eight_assignments_at_most() -> None:
    """Seven lists of four slots each: one each, and the eighth for the first list in the order."""
    decided = seven_lists().choose()
    assert [len(each.filled_slots) for each in decided.lists] == [2, 1, 1, 1, 1, 1, 1]
    assert sorted(slot.slot for slot in decided.filled_slots) == list(range(8))


def test_a_class_that_is_joined_gets_one_and_the_last_list_gives_it_up() -> None:
    """Four and four are open; a third class has a need, so the last of the lists gives up what is worth least."""
    world = wide_world()
    two = ListsWorld(world, tuple(list_of(world, n, [1, 2]) for n in (1, 2)))
    full = published(two, two.choose())
    assert sum(len(each.open_assignments) for each in full.lists) == 8
    decided = replace(full, lists=(*full.lists, list_of(world, 3, [1, 2]))).choose()
    counts = {each.class_id: len(each.filled_slots) + len(each.unchanged_slots) for each in decided.lists}
    assert counts[3] == 1
    assert sum(counts.values()) == 8
    assert [w.trigger for w in decided.withdrawals] == [Trigger.MAX_OPEN] * len(decided.withdrawals) != []


def test_what_is_ordered_on_one_list_leaves_the_menus_of_the_others() -> None:
    """Material 11 is an alternate on the list of class 2; the teacher of class 1 orders it."""
    found = open_slots(ordered_elsewhere().choose())
    assert found[3] == (2, (10, 12))
    assert (1, (11,)) in found.values()


def test_a_list_that_closes_keeps_what_is_open_and_gets_nothing() -> None:
    world = small_world(offsets=TWO)
    menu = CurrentAssignment(0, 1, (10,), AssignmentState.ASSIGNED, world.as_of - 60)
    closing = list_of(world, 1, [1, 2], open_assignments=(menu,), is_closing=True)
    decided = ListsWorld(world, (closing,)).choose()
    assert (len(decided.filled_slots), len(decided.unchanged_slots)) == (0, 1)
    done = world.but(history=(MaterialAttempt(10, 1, world.as_of - 30, 1.0),))
    assert ListsWorld(done, (closing,)).choose().withdrawals[0].trigger is Trigger.ATTEMPTED


def test_a_student_without_a_list_has_a_record_of_what_was_left() -> None:
    world = small_world()
    left = Placement(withdrawals=(Withdrawal(0, 10, Trigger.ENROLMENT, "school_left"),))
    decided = student_decision.choose_lists(
        world.student, (), catalogue=world.catalogue, max_open=8, tie_break_key=0, as_of=world.as_of, placement=left
    )
    assert decided.has_changes
    assert decided.withdrawals == left.withdrawals
    assert replay(decided.record) == decided.record
    assert decided.nothing is not None


def test_a_record_of_seven_lists_is_not_seven_records() -> None:
    """What all lists share is stored once: beliefs, interests and materials."""
    world = small_world(offsets=TWO)
    one = len(ListsWorld(world, (list_of(world, 1, [1, 2]),)).choose().record)
    seven = ListsWorld(world, tuple(list_of(world, n, [1, 2]) for n in range(1, 8))).choose().record
    assert len(seven) < 3 * one
    assert {"class", "others"} <= set(json.loads(seven)["inputs"]["lists"][0])
