"""Groups that a teacher can run: students whose menus have the same skill, and the same theme where possible.

A group changes no assignment: it is made of what was decided for each student alone, so all hard rules hold in it.
First come groups that share a skill and a theme, the largest first; then, of the other students, groups that share a
skill, each student with a theme of their own. A task without a theme stands on nearly every menu, so it counts as no
shared theme. A student is in one group at most; the rest work alone.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

MIN_SIZE = 2
MAX_SIZE = 6


class GroupSizeError(ValueError):
    """Groups of these sizes are impossible: a group of one too many could not be split in two."""


@dataclass(frozen=True, slots=True, order=True)
class MenuChoice:
    """One material on a student's menu, and so a group that the student could join."""

    student: str
    skill: str
    context: str
    """The theme; "" is none."""
    material: str
    mastery: float
    low: float
    high: float
    """The bounds of the 80 % interval around it."""
    menu_position: int = 0
    """0 is the default."""


@dataclass(frozen=True, slots=True)
class StudentGroup:
    """Students who can work on one skill together, in the order of their mastery where a larger group was split."""

    skill: str
    context: str | None
    """The theme that all share; None where each has a theme of their own, or none."""
    members: tuple[MenuChoice, ...]
    part: int = 1
    """Of a group that was too large, which part it is."""
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Grouping:
    """A class in groups, the largest first, and the students who work alone."""

    groups: tuple[StudentGroup, ...]
    ungrouped: tuple[str, ...]


def form_groups(menus: Iterable[MenuChoice], *, min_size: int = MIN_SIZE, max_size: int = MAX_SIZE) -> Grouping:
    """Form groups of `min_size` to `max_size` students from their menus.

    Raises:
        GroupSizeError: `min_size` is below 2, or `max_size` is below 2 x `min_size` - 1.
    """
    if min_size < MIN_SIZE or max_size < 2 * min_size - 1:
        raise GroupSizeError(
            f"groups of {min_size} to {max_size}: the minimum is 2 or more, the maximum twice that less one"
        )
    choices = sorted(set(menus))
    students = {choice.student for choice in choices}
    groups: list[StudentGroup] = []
    for key in (_skill_and_theme, _skill):
        # The neutral theme is nobody's own.
        while largest := _largest_group([each for each in choices if each.context or key is _skill], key):
            if len(largest) < min_size:
                break
            groups += _groups(_split(largest, max_size), has_theme=key is _skill_and_theme)
            grouped = {choice.student for choice in largest}
            choices = [choice for choice in choices if choice.student not in grouped]
            students -= grouped
    groups.sort(key=lambda group: -len(group.members))
    return Grouping(tuple(groups), tuple(sorted(students)))


def _skill_and_theme(choice: MenuChoice) -> tuple[str, str]:
    return choice.skill, choice.context


def _skill(choice: MenuChoice) -> str:
    return choice.skill


def _largest_group(menus: Sequence[MenuChoice], key: Callable[[MenuChoice], Hashable]) -> list[MenuChoice]:
    """Return a choice for each student of the largest group; of equal ones the one with most defaults, then by name."""
    groups: dict[Hashable, dict[str, MenuChoice]] = {}
    for choice in sorted(menus, key=lambda choice: (choice.menu_position, choice)):
        groups.setdefault(key(choice), {}).setdefault(choice.student, choice)
    ranked = sorted(
        groups.items(),
        key=lambda group: (-len(group[1]), sum(c.menu_position > 0 for c in group[1].values()), str(group[0])),
    )
    return list(ranked[0][1].values()) if ranked else []


def _split(choices: list[MenuChoice], max_size: int) -> list[list[MenuChoice]]:
    """Split a group that is too large into even groups, students with similar mastery together."""
    by_mastery = sorted(choices, key=lambda choice: (choice.mastery, choice.student))
    parts = -(-len(by_mastery) // max_size)
    size, larger = divmod(len(by_mastery), parts)
    starts = [part * size + min(part, larger) for part in range(parts + 1)]
    return [by_mastery[start:end] for start, end in itertools.pairwise(starts)]


def _groups(parts: list[list[MenuChoice]], *, has_theme: bool) -> list[StudentGroup]:
    return [
        StudentGroup(
            members[0].skill, members[0].context if has_theme else None, tuple(members), part=number, parts=len(parts)
        )
        for number, members in enumerate(parts, start=1)
    ]
