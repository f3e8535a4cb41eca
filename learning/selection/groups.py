"""Groups that a teacher can run: students whose menus already hold the same skill, in the same theme where that goes.

A group changes no assignment: it is read off what was decided for each student alone, so all the hard rules hold in it.
First those who can share a skill and a theme sit together, the largest group first; then of those who are left, those
who share a skill, each in an own theme. Who is left then works alone. Every student sits in one group at most.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

LEAST = 2
MOST = 6


class GroupSizeError(ValueError):
    """The sizes asked for cannot be kept: a group of one too many could not be split in two."""


@dataclass(frozen=True, slots=True, order=True)
class Seat:
    """One material on a student's menu: a place in a group that the student could take."""

    student: str
    skill: str
    context: str
    """The theme; "" is none."""
    material: str
    mastery: float
    place: int = 0
    """On the menu; 0 is the default."""


@dataclass(frozen=True, slots=True)
class Group:
    """Students who can work on one skill together, those nearest in mastery side by side."""

    skill: str
    context: str | None
    """The theme that all share, "" is none; None where each has an own theme."""
    seats: tuple[Seat, ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """A class in groups, the largest first, and who works alone."""

    groups: tuple[Group, ...]
    alone: tuple[str, ...]


def group(seats: Iterable[Seat], *, least: int = LEAST, most: int = MOST) -> Grouping:
    """Return the groups of `least` to `most` students that these menus allow.

    Raises:
        GroupSizeError: `least` is below 2, or `most` below twice `least` less one.
    """
    if least < LEAST or most < 2 * least - 1:
        raise GroupSizeError(f"groups of {least} to {most}: the least is 2 or more, the most twice that less one")
    left = sorted(set(seats))
    students = {seat.student for seat in left}
    found: list[Group] = []
    for shared in (_skill_and_theme, _skill):
        while table := _largest(left, shared):
            if len(table) < least:
                break
            found += [_group(part, themed=shared is _skill_and_theme) for part in _split(table, most)]
            seated = {seat.student for seat in table}
            left = [seat for seat in left if seat.student not in seated]
            students -= seated
    found.sort(key=lambda one: -len(one.seats))
    return Grouping(tuple(found), tuple(sorted(students)))


def _skill_and_theme(seat: Seat) -> tuple[str, str]:
    return seat.skill, seat.context


def _skill(seat: Seat) -> str:
    return seat.skill


def _largest(seats: Sequence[Seat], shared: Callable[[Seat], Hashable]) -> list[Seat]:
    """Return a seat a student of those who share most; of equals those whose defaults it is, then by name."""
    tables: dict[Hashable, dict[str, Seat]] = {}
    for seat in sorted(seats, key=lambda seat: (seat.place, seat)):
        tables.setdefault(shared(seat), {}).setdefault(seat.student, seat)
    ranked = sorted(
        tables.items(), key=lambda table: (-len(table[1]), sum(s.place > 0 for s in table[1].values()), str(table[0]))
    )
    return list(ranked[0][1].values()) if ranked else []


def _split(table: list[Seat], most: int) -> list[list[Seat]]:
    """Part a table that is too large into even groups, those nearest in mastery together."""
    ordered = sorted(table, key=lambda seat: (seat.mastery, seat.student))
    parts = -(-len(ordered) // most)
    size, larger = divmod(len(ordered), parts)
    starts = [part * size + min(part, larger) for part in range(parts + 1)]
    return [ordered[start:end] for start, end in itertools.pairwise(starts)]


def _group(seats: list[Seat], *, themed: bool) -> Group:
    return Group(seats[0].skill, seats[0].context if themed else None, tuple(seats))
