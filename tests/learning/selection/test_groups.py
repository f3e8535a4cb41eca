"""Groups that a teacher can run: each law as a check, and beside each a fault that it must catch."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.selection.groups import Grouping, GroupSizeError, Seat, group

SEATS = st.lists(
    st.builds(
        Seat,
        student=st.sampled_from("abcdefghijklmnop"),
        skill=st.sampled_from(["add", "halves", "area"]),
        context=st.sampled_from(["", "music", "space"]),
        material=st.sampled_from(["m1", "m2"]),
        mastery=st.sampled_from([0.1, 0.5, 0.9]),
        place=st.integers(0, 3),
    ),
    max_size=60,
)


def seat(student: str, skill: str, context: str, *, mastery: float = 0.5, place: int = 0) -> Seat:
    return Seat(student, skill, context, f"{skill} {context}", mastery, place)


def faults(seats: list[Seat], found: Grouping, *, least: int, most: int) -> set[str]:
    """Return which laws a grouping breaks."""
    broken = set()
    seated = Counter(one.student for each in found.groups for one in each.seats)
    if any(count > 1 for count in seated.values()):
        broken.add("once")
    if {*seated, *found.alone} != {one.student for one in seats} or set(seated) & set(found.alone):
        broken.add("everyone")
    if not all(least <= len(each.seats) <= most for each in found.groups):
        broken.add("sizes")
    for each in found.groups:
        if not set(each.seats) <= set(seats) or any(one.skill != each.skill for one in each.seats):
            broken.add("own menu")
        if each.context is not None and any(one.context != each.context for one in each.seats):
            broken.add("theme")
    left = {(one.student, one.skill) for one in seats if one.student in found.alone}
    if any(count >= least for count in Counter(skill for _, skill in left).values()):
        broken.add("none left who could")
    return broken


@given(SEATS, st.integers(2, 4), st.integers(0, 4))
def test_every_grouping_keeps_the_laws(seats: list[Seat], least: int, more: int) -> None:
    most = 2 * least - 1 + more
    assert faults(seats, group(seats, least=least, most=most), least=least, most=most) == set()


@given(SEATS, st.randoms(use_true_random=False))
def test_the_order_in_which_menus_come_changes_nothing(seats: list[Seat], dice: random.Random) -> None:
    assert group(dice.sample(seats, len(seats))) == group(seats)


def _twice(found: Grouping) -> Grouping:
    return replace(found, groups=(*found.groups, found.groups[0]))


def _forgets(found: Grouping) -> Grouping:
    return replace(found, alone=())


def _lone(found: Grouping) -> Grouping:
    first = found.groups[0]
    return replace(found, groups=(replace(first, seats=first.seats[:1]), replace(first, seats=first.seats[1:])))


def _foreign(found: Grouping) -> Grouping:
    return replace(found, groups=(replace(found.groups[0], skill="other"), *found.groups[1:]))


def _mixed(found: Grouping) -> Grouping:
    return replace(found, groups=(replace(found.groups[0], context="other"), *found.groups[1:]))


def _idle(found: Grouping) -> Grouping:
    return Grouping((), (*(one.student for each in found.groups for one in each.seats), *found.alone))


@pytest.mark.parametrize(
    ("law", "mutant"),
    [
        ("once", _twice),
        ("everyone", _forgets),
        ("sizes", _lone),
        ("own menu", _foreign),
        ("theme", _mixed),
        ("none left who could", _idle),
    ],
)
def test_each_fault_is_caught_by_its_law(law: str, mutant: Callable[[Grouping], Grouping]) -> None:
    seats = [seat("a", "add", "music"), seat("b", "add", "music"), seat("c", "area", "space")]
    found = group(seats)
    assert faults(seats, found, least=2, most=6) == set()
    assert law in faults(seats, mutant(found), least=2, most=6)


def test_who_shares_a_theme_sits_together_and_the_rest_by_skill_alone() -> None:
    """Three share add in music; of the rest two share area, each in an own theme; one has nobody to sit with."""
    menus = [seat(student, "add", "music") for student in "abc"]
    menus += [seat("c", "area", "space", place=1), seat("d", "area", "space"), seat("e", "area", "")]
    menus += [seat("f", "halves", "")]
    found = group(menus)
    together = [(each.skill, each.context, [one.student for one in each.seats]) for each in found.groups]
    assert together == [("add", "music", ["a", "b", "c"]), ("area", None, ["d", "e"])]
    assert found.alone == ("f",)


def test_of_equal_tables_the_one_that_is_the_default_of_more_is_set() -> None:
    menus = [seat(student, "add", theme, place=theme == "art") for student in "ab" for theme in ("art", "music")]
    assert [each.context for each in group(menus).groups] == ["music"]


def test_too_many_are_parted_evenly_with_those_nearest_in_mastery_together() -> None:
    """Seven at six a table: four and three, the four with the lowest mastery first."""
    menus = [seat(student, "add", "", mastery=n / 10) for n, student in enumerate("gfedcba")]
    parts = [[one.student for one in each.seats] for each in group(menus).groups]
    assert parts == [["g", "f", "e", "d"], ["c", "b", "a"]]


@pytest.mark.parametrize(("least", "most"), [(1, 6), (3, 4), (2, 2)])
def test_sizes_that_cannot_be_kept_are_refused(least: int, most: int) -> None:
    with pytest.raises(GroupSizeError):
        group([], least=least, most=most)


def test_an_empty_class_has_no_groups() -> None:
    assert group([]) == Grouping((), ())
