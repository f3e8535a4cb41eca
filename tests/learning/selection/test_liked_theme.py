"""When a topic becomes known as liked, an unattempted default gives way to it, once, at the same skill and level."""

import pytest

from learning.selection import (
    AssignmentState,
    CurrentAssignment,
    Decision,
    DecisionMemory,
    MaterialAttempt,
    OverrideKind,
    Policy,
    TeacherOverride,
    TeacherOverrides,
    Trigger,
    replay,
)
from tests.learning.selection.builders import materials, small_world
from tests.learning.selection.worlds import DAY, NOW, SampleInterest, World

PLAIN, FOOTBALL, MUSIC, SPACE = 20, 21, 22, 23
LIKES_MUSIC = {"music": SampleInterest(0.8, 0.5)}


def settled(*menu: int, liked_before: tuple[str, ...] = (), **values: object) -> World:
    """Return a student with one open slot of the second skill, whose interests are known by now."""
    opened = CurrentAssignment(0, 2, menu or (PLAIN,), AssignmentState.ASSIGNED, NOW - DAY, NOW - 60)
    whole: dict[str, object] = {"interests": LIKES_MUSIC, "open_assignments": (opened,)} | values
    return small_world(scope=(2,), memory=DecisionMemory(liked_topics=liked_before), **whole)  # type: ignore[arg-type]


def withdrawn(decision: Decision) -> set[tuple[int, Trigger]]:
    return {(each.material, each.trigger) for each in decision.withdrawals}


def test_a_default_without_a_theme_gives_way_to_a_liked_one_of_the_same_skill() -> None:
    decision = settled().choose()
    assert withdrawn(decision) == {(PLAIN, Trigger.INTEREST_KNOWN)}
    slot = decision.filled_slots[0]
    assert (slot.slot, slot.skill, slot.menu[0].material) == (0, 2, MUSIC)
    assert slot.because_interest == "It is about music, which is well liked."
    assert slot.price == 0.0
    assert "context.interest" in slot.reasons
    assert replay(decision.record) == decision.record


def test_an_alternate_of_its_own_menu_may_become_the_default() -> None:
    decision = settled(PLAIN, MUSIC, SPACE).choose()
    slot = decision.filled_slots[0]
    assert slot.menu[0].material == MUSIC
    assert PLAIN in {option.material for option in slot.menu}, "what was the default is still a choice"
    assert MUSIC not in decision.memory.replaced_materials


def test_it_happens_once() -> None:
    """The memory knows what was liked, so that the next refresh changes nothing."""
    first = settled().choose()
    assert first.memory.liked_topics == ("music",)
    again = settled(liked_before=first.memory.liked_topics).choose()
    assert (again.withdrawals, again.filled_slots, again.has_changes) == ((), (), False)


def test_another_topic_that_becomes_liked_is_news_again() -> None:
    both = LIKES_MUSIC | {"space": SampleInterest(0.9, 0.6)}
    decision = settled(liked_before=("music",), interests=both).choose()
    assert decision.filled_slots[0].menu[0].material == SPACE


def test_a_default_with_a_liked_theme_stays() -> None:
    both = LIKES_MUSIC | {"space": SampleInterest(0.9, 0.6)}
    assert settled(MUSIC, liked_before=("music",), interests=both).choose().withdrawals == ()


@pytest.mark.parametrize(
    ("why", "world"),
    [
        ("nothing is surely liked", settled(interests={"music": SampleInterest(0.8, 0.2)})),
        ("interests are switched off", settled(interest_switch=False)),
        ("it is vetoed", settled(interests={"music": SampleInterest(0.8, 0.5, vetoed=True)})),
        ("nothing about it is as hard", settled(made=[*materials(2, first=20, contexts=(None,)),
                                                     *materials(2, first=22, contexts=("music",), difficulty=-0.6)])),
        ("the skill alone decides", settled().but(policy=Policy(slots=1, explore_every=0, interest_tolerance=0.0))),
        ("a teacher holds it", settled().but(overrides=TeacherOverrides((TeacherOverride(1, OverrideKind.HOLD),)))),
        ("a teacher pinned it", settled().but(
            overrides=TeacherOverrides((TeacherOverride(1, OverrideKind.PIN, material=PLAIN),)))),
        ("a teacher forbids it", settled().but(
            overrides=TeacherOverrides((TeacherOverride(1, OverrideKind.FORBID, material=MUSIC),)))),
        ("it was used a short while ago", settled(history=(MaterialAttempt(MUSIC, 2, NOW - 9 * DAY, 1.0, "music"),))),
    ],
)  # fmt: skip
def test_nothing_gives_way(why: str, world: World) -> None:
    decision = world.choose()
    assert not [w for w in decision.withdrawals if w.trigger is Trigger.INTEREST_KNOWN], why
    assert [each.materials[0] for each in decision.unchanged_slots] == [PLAIN], why


def test_a_hold_only_puts_it_off() -> None:
    on_hold = settled().but(overrides=TeacherOverrides((TeacherOverride(1, OverrideKind.HOLD),))).choose()
    assert on_hold.memory.liked_topics == ()
    assert settled(liked_before=on_hold.memory.liked_topics).choose().filled_slots[0].menu[0].material == MUSIC


def test_started_work_stays() -> None:
    started = CurrentAssignment(0, 2, (PLAIN, MUSIC), AssignmentState.STARTED, NOW - DAY)
    assert settled(open_assignments=(started,)).choose().withdrawals == ()


def test_a_proposal_gives_way_to_a_proposal() -> None:
    proposed = CurrentAssignment(0, 2, (PLAIN,), AssignmentState.PROPOSED, NOW - DAY)
    policy = Policy(slots=1, explore_every=0, needs_approval=True)
    decision = settled(open_assignments=(proposed,)).but(policy=policy).choose()
    assert [slot.state for slot in decision.filled_slots] == [AssignmentState.PROPOSED]
