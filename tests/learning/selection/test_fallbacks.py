"""Fallbacks in a fixed order where nothing is admissible, and the reason for no assignment."""

from typing import Any

import pytest

from learning.selection import (
    ClassScope,
    Fallback,
    Material,
    MaterialAttempt,
    NoAssignmentReason,
    OverrideKind,
    TeacherOverride,
    TeacherOverrides,
)
from tests.learning.selection.builders import materials, small_world
from tests.learning.selection.worlds import NOW, SampleInterest, World, belief


def only(*made: Material, **values: Any) -> World:
    return small_world(made=list(made), scope=(2,), **values)


def plain(difficulty: float = -1.1, first: int = 20) -> Material:
    return materials(2, first=first, contexts=(None,), difficulty=difficulty)[0]


def test_the_first_fallback_is_a_wider_band() -> None:
    # Logit 0.2 is 0.55: under 0.6, over 0.5.
    slot = only(plain(-0.2)).choose().filled_slots[0]
    assert slot.fallbacks == (Fallback.WIDER_BAND,)


def test_the_second_fallback_is_reuse_but_not_of_the_last_five() -> None:
    used = [
        MaterialAttempt(20, 2, NOW - 1000, 1.0),
        *(MaterialAttempt(100 + n, 1, NOW - 900 + n, 1.0) for n in range(5)),
    ]
    assert only(plain(), history=tuple(used)).choose().filled_slots[0].fallbacks == (Fallback.REUSE,)


def test_the_third_fallback_is_a_neutral_material_whenever_it_was_used() -> None:
    decision = only(plain(), history=(MaterialAttempt(20, 2, NOW - 1000, 1.0),)).choose()
    assert decision.filled_slots[0].fallbacks == (Fallback.NEUTRAL,)
    # With mastery at its target nothing else is relaxed, and a theme that was just used does not come again.
    football = materials(2, first=20, contexts=("football",), difficulty=0.9)
    used_up = only(*football, offsets={2: 2.0}, history=(MaterialAttempt(20, 2, NOW - 1000, 1.0),))
    assert used_up.choose().no_assignment_reason is NoAssignmentReason.USED_UP


def test_the_fourth_fallback_is_the_weakest_prerequisite() -> None:
    slot = small_world(offsets={1: 0.0}, scope=(2,)).choose().filled_slots[0]
    assert slot.skill == 1
    assert slot.fallbacks == (Fallback.PREREQUISITE,)
    assert slot.because_gap == (
        "Adding fractions with like denominators comes first, "
        "because adding fractions with unlike denominators rests on it: there are 8 answers so far."
    )


def test_fallbacks_are_for_students_who_would_have_nothing() -> None:
    # The first fits; the second would need the wider band, and is not assigned.
    decision = small_world(made=[plain(), plain(-0.2, first=30)], scope=(2,), slots=4).choose()
    assert [slot.menu[0].material for slot in decision.filled_slots] == [20]


@pytest.mark.parametrize(
    ("why", "world"),
    [
        (NoAssignmentReason.NOTHING_OPEN, small_world().but(scope=ClassScope({}))),
        (NoAssignmentReason.NO_BELIEF, small_world().but(beliefs={})),
        (NoAssignmentReason.NO_MATERIAL, only()),
        (NoAssignmentReason.NO_MATERIAL, only(plain(), language="es")),
        (NoAssignmentReason.NOT_READY, only(plain(), offsets={1: -1.0})),
        (NoAssignmentReason.NO_LEVEL, only(plain(-5.0), offsets={2: 3.0})),
        (
            NoAssignmentReason.NOT_WANTED,
            only(plain()).but(overrides=TeacherOverrides((TeacherOverride(1, OverrideKind.FORBID, material=20),))),
        ),
        (
            NoAssignmentReason.NOT_WANTED,
            only(
                *materials(2, first=20, contexts=("music",)), interests={"music": SampleInterest(0.5, 0.5, vetoed=True)}
            ),
        ),
        (
            NoAssignmentReason.ON_HOLD,
            only(plain()).but(overrides=TeacherOverrides((TeacherOverride(1, OverrideKind.HOLD),))),
        ),
    ],
)
def test_no_assignment_has_a_reason_and_a_sentence(why: NoAssignmentReason, world: World) -> None:
    decision = world.choose()
    assert (decision.filled_slots, decision.no_assignment_reason) == ((), why)
    assert decision.no_assignment_sentence.endswith(".")


def test_the_reason_for_no_assignment_looks_at_every_material() -> None:
    """The easiest and the hardest are forbidden; the one between gets further, for it is only too easy."""
    made = [plain(-6.0, first=20), plain(-5.0, first=30), plain(-4.0, first=40)]
    forbidden = TeacherOverrides(
        tuple(TeacherOverride(material, OverrideKind.FORBID, material=material) for material in (20, 40))
    )
    decision = only(*made, offsets={2: 3.0}).but(overrides=forbidden).choose()
    assert decision.no_assignment_reason is NoAssignmentReason.NO_LEVEL


def test_no_assignment_where_every_skill_is_at_its_target() -> None:
    seen = (MaterialAttempt(90, 2, NOW - 9, 1.0, "music"), MaterialAttempt(91, 2, NOW - 8, 1.0, "space"))
    assert only(plain(), offsets={2: 3.0}, history=seen).choose().no_assignment_reason is NoAssignmentReason.ALL_MET


def test_a_missing_material_is_reported_as_a_catalogue_need() -> None:
    (need,) = only(plain(-5.0), offsets={2: 3.0}).choose().catalogue_needs
    assert (need.skill, need.context, need.price) == (2, "", 1.0)


def test_students_with_low_evidence_have_a_narrower_band() -> None:
    # Logit 0.6 is 0.65: it fits with enough evidence, and is too hard with little.
    hard = plain(-0.6)
    assert only(hard).choose().filled_slots[0].fallbacks == ()
    assert only(hard, responses=3.0).choose().filled_slots[0].fallbacks == (Fallback.WIDER_BAND,)
    new = belief(2, 0.0, responses=1, evidence=1.0)
    assert only(hard, beliefs={1: belief(1, 0.9), 2: new}).choose().filled_slots[0].fallbacks == (Fallback.WIDER_BAND,)
