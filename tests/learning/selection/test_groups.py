"""Groups that a teacher can run: the laws as checks, and for each a fault that it must catch."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.selection.groups import Grouping, GroupSizeError, MenuChoice, form_groups

MENUS = st.lists(
    st.builds(
        MenuChoice,
        student=st.sampled_from("abcdefghijklmnop"),
        skill=st.sampled_from(["add", "halves", "area"]),
        context=st.sampled_from(["", "music", "space"]),
        material=st.sampled_from(["m1", "m2"]),
        mastery=st.sampled_from([0.1, 0.5, 0.9]),
        low=st.just(0.0),
        high=st.just(1.0),
        menu_position=st.integers(0, 3),
    ),
    max_size=60,
)


def choice(student: str, skill: str, context: str, *, mastery: float = 0.5, place: int = 0) -> MenuChoice:
    return MenuChoice(student, skill, context, f"{skill} {context}", mastery, 0.0, 1.0, place)


def faults(menus: list[MenuChoice], grouping: Grouping, *, min_size: int, max_size: int) -> set[str]:
    """Return which laws a grouping breaks."""
    broken = set()
    grouped = Counter(member.student for group in grouping.groups for member in group.members)
    if any(count > 1 for count in grouped.values()):
        broken.add("once")
    if {*grouped, *grouping.ungrouped} != {member.student for member in menus} or set(grouped) & set(
        grouping.ungrouped
    ):
        broken.add("everyone")
    if not all(min_size <= len(group.members) <= max_size for group in grouping.groups):
        broken.add("sizes")
    for group in grouping.groups:
        if not set(group.members) <= set(menus) or any(member.skill != group.skill for member in group.members):
            broken.add("own menu")
        if group.context is not None and any(member.context != group.context for member in group.members):
            broken.add("theme")
        if group.context == "":
            broken.add("no theme is no shared theme")
    headings = Counter((group.skill, group.context, group.part) for group in grouping.groups)
    if any(count > 1 for count in headings.values()) or any(g.part > g.parts for g in grouping.groups):
        broken.add("headings differ")
    left = {(member.student, member.skill) for member in menus if member.student in grouping.ungrouped}
    if any(count >= min_size for count in Counter(skill for _, skill in left).values()):
        broken.add("none left who could")
    return broken


@given(MENUS, st.integers(2, 4), st.integers(0, 4))
def test_every_grouping_obeys_the_laws(menus: list[MenuChoice], min_size: int, more: int) -> None:
    max_size = 2 * min_size - 1 + more
    assert (
        faults(menus, form_groups(menus, min_size=min_size, max_size=max_size), min_size=min_size, max_size=max_size)
        == set()
    )


@given(MENUS, st.randoms(use_true_random=False))
def test_the_order_of_menus_changes_nothing(menus: list[MenuChoice], rng: random.Random) -> None:
    assert form_groups(rng.sample(menus, len(menus))) == form_groups(menus)


def _twice(grouping: Grouping) -> Grouping:
    return replace(grouping, groups=(*grouping.groups, grouping.groups[0]))


def _forgets(grouping: Grouping) -> Grouping:
    return replace(grouping, ungrouped=())


def _lone(grouping: Grouping) -> Grouping:
    first = grouping.groups[0]
    return replace(
        grouping, groups=(replace(first, members=first.members[:1]), replace(first, members=first.members[1:]))
    )


def _foreign(grouping: Grouping) -> Grouping:
    return replace(grouping, groups=(replace(grouping.groups[0], skill="other"), *grouping.groups[1:]))


def _mixed(grouping: Grouping) -> Grouping:
    return replace(grouping, groups=(replace(grouping.groups[0], context="other"), *grouping.groups[1:]))


def _idle(grouping: Grouping) -> Grouping:
    return Grouping(
        (), (*(member.student for group in grouping.groups for member in group.members), *grouping.ungrouped)
    )


def _neutral(grouping: Grouping) -> Grouping:
    return replace(grouping, groups=(replace(grouping.groups[0], context=""), *grouping.groups[1:]))


def _same_heading(grouping: Grouping) -> Grouping:
    return replace(grouping, groups=(grouping.groups[0], replace(grouping.groups[0], members=())))


@pytest.mark.parametrize(
    ("law", "mutant"),
    [
        ("once", _twice),
        ("everyone", _forgets),
        ("sizes", _lone),
        ("own menu", _foreign),
        ("theme", _mixed),
        ("none left who could", _idle),
        ("no theme is no shared theme", _neutral),
        ("headings differ", _same_heading),
    ],
)
def test_each_fault_is_caught_by_its_law(law: str, mutant: Callable[[Grouping], Grouping]) -> None:
    menus = [choice("a", "add", "music"), choice("b", "add", "music"), choice("c", "area", "space")]
    grouping = form_groups(menus)
    assert faults(menus, grouping, min_size=2, max_size=6) == set()
    assert law in faults(menus, mutant(grouping), min_size=2, max_size=6)


def test_groups_share_a_theme_where_possible_and_else_a_skill() -> None:
    """Three share add in music; of the rest two share area, each in an own theme; one has nobody to sit with."""
    menus = [choice(student, "add", "music") for student in "abc"]
    menus += [choice("c", "area", "space", place=1), choice("d", "area", "space"), choice("e", "area", "")]
    menus += [choice("f", "halves", "")]
    grouping = form_groups(menus)
    groups = [(group.skill, group.context, [member.student for member in group.members]) for group in grouping.groups]
    assert groups == [("add", "music", ["a", "b", "c"]), ("area", None, ["d", "e"])]
    assert grouping.ungrouped == ("f",)


def test_of_equal_groups_the_one_with_more_defaults_is_formed() -> None:
    menus = [choice(student, "add", theme, place=theme == "art") for student in "ab" for theme in ("art", "music")]
    assert [group.context for group in form_groups(menus).groups] == ["music"]


def test_a_task_without_a_theme_is_no_shared_theme() -> None:
    """All four have the neutral task; two also like music: these two share it, and no group shares "no theme"."""
    menus = [choice(student, "add", "") for student in "abcd"]
    menus += [choice(student, "add", "music", place=1) for student in "ab"]
    menus += [choice("c", "add", "space", place=1)]
    groups = [(group.context, [member.student for member in group.members]) for group in form_groups(menus).groups]
    assert groups == [("music", ["a", "b"]), (None, ["c", "d"])]


def test_a_large_group_is_split_evenly_by_mastery() -> None:
    """Seven at six a table: four and three, the four with the lowest mastery first."""
    menus = [choice(student, "add", "", mastery=n / 10) for n, student in enumerate("gfedcba")]
    groups = [[member.student for member in group.members] for group in form_groups(menus).groups]
    assert groups == [["g", "f", "e", "d"], ["c", "b", "a"]]


@pytest.mark.parametrize(("min_size", "max_size"), [(1, 6), (3, 4), (2, 2)])
def test_impossible_sizes_are_refused(min_size: int, max_size: int) -> None:
    with pytest.raises(GroupSizeError):
        form_groups([], min_size=min_size, max_size=max_size)


def test_an_empty_class_has_no_groups() -> None:
    assert form_groups([]) == Grouping((), ())
