"""A plan for a class's day: a few skills, a table each, that serve all who lose little by it.

A table is a skill; each student there works on it in a theme of their own. A student fits a table where a first task
of its skill is worth nearly as much as the student's best first task: nobody gives up more than the bound. Whom no
table fits works alone. The skills are found by greedy cover, then exchanged one at a time while that serves more
students, or as many at a lower cost. What a student gives up costs more the later the student's turn to give up is:
turns go round by week, from a place that a keyed hash gives, so over the weeks all give up alike.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from learning.selection.fixed_point import SCALE, hash64

MIN_AT_TABLE = 2
STEP = 382
"""How far turns move on each week, in thousandths of the class (the golden section): those of any few weeks differ."""

FirstTasks = Mapping[int, Mapping[int, int]]
"""By student and skill: the value of a first task, 0 to 10,000."""
Turns = Mapping[int, int]
"""By student: 0 gives up first where several could, the last one last."""


class TableSizeError(ValueError):
    """A plan needs a table, two at a table, and a bound in [0, 1]."""


class AloneReason(StrEnum):
    """Why a student works alone."""

    NOTHING_FITS = "nothing_fits"
    """No task is admissible for the student now, or a teacher holds everything."""
    NO_TABLE = "no_table"
    """No table's skill is within the bound."""
    NO_PLACE = "no_place"
    """The tables that fit are full, or hardly anybody else fits them."""


@dataclass(frozen=True, slots=True, order=True)
class AtTable:
    """One student at a table."""

    student: int
    value: int
    """Of a first task of the table's skill."""
    best: int
    """Of the student's best first task."""

    @property
    def given_up(self) -> float:
        """The share of the best value that the student gives up, in [0, bound]."""
        return (self.best - self.value) / self.best


@dataclass(frozen=True, slots=True)
class Table:
    """One skill, and who works on it."""

    skill: int
    students: tuple[AtTable, ...]


@dataclass(frozen=True, slots=True)
class TablePlan:
    """The tables, the largest first, and who works alone."""

    tables: tuple[Table, ...]
    alone: Mapping[int, AloneReason]

    @property
    def student_count(self) -> int:
        """How many students have a table."""
        return sum(len(table.students) for table in self.tables)


def turns_of_week(students: Collection[int], *, key: int, week: int) -> dict[int, int]:
    """Return whose turn it is to give up in a week; each student has each turn once in as many weeks as students."""
    count = len(students)
    order = sorted(students, key=lambda student: (hash64(key, student), student))
    step = next((n for n in range(max(count * STEP // 1000, 1), count) if math.gcd(n, count) == 1), 1)
    return {student: (place + week * step) % count for place, student in enumerate(order)}


def plan_tables(
    values: FirstTasks,
    *,
    tables: int,
    give_up: float,
    turns: Turns,
    min_size: int = MIN_AT_TABLE,
    max_size: int | None = None,
) -> TablePlan:
    """Plan at most `tables` tables of `min_size` to `max_size` students (None: any number).

    Args:
        values: of all students of the class; a student without a value works alone.
        tables: how many skills at most.
        give_up: the share of the best first task's value that a student may give up, in [0, 1].
        turns: of the same students, as `turns_of_week` returns them.
        min_size: a smaller table is none.
        max_size: places at a table.

    Raises:
        TableSizeError: one of them is impossible.
    """
    if tables < 1 or min_size < MIN_AT_TABLE or not 0 <= give_up <= 1 or (max_size or min_size) < min_size:
        raise TableSizeError(f"{tables} tables of {min_size} to {max_size or 'any number'}, giving up {give_up}")
    planner = _Planner(values, round(give_up * SCALE), turns, min_size=min_size, max_size=max_size)
    return planner.plan(planner.cover(tables))


@dataclass(frozen=True, slots=True)
class _Score:
    """How good a choice of skills is."""

    student_count: int
    cost: int
    skills: tuple[int, ...]

    def is_better_than(self, other: _Score) -> bool:
        """Whether it serves more students, or as many at a lower cost."""
        return (-self.student_count, self.cost) < (-other.student_count, other.cost)


class _Planner:
    """One class, one bound and one week."""

    def __init__(self, values: FirstTasks, bound: int, turns: Turns, *, min_size: int, max_size: int | None) -> None:
        self._best_value = {student: max(of.values()) for student, of in values.items() if of}
        self._fitting = {
            student: {s: v for s, v in values[student].items() if v * SCALE >= best * (SCALE - bound)}
            for student, best in self._best_value.items()
        }
        self._all = sorted(values)
        self._turns = turns
        self._sizes = min_size, max_size
        self._skills = sorted({skill for fitting in self._fitting.values() for skill in fitting})

    def cover(self, tables: int) -> tuple[int, ...]:
        """Return skills: each added where it serves most with those before, which are then exchanged while it helps.

        So one table more never serves fewer.
        """
        current = self._score(())
        for _ in range(tables):
            added = self._best((*current.skills, skill) for skill in self._skills if skill not in current.skills)
            if added is None:
                break
            # On its own a skill may bring nobody: its table has company only where another skill is exchanged.
            added = self._exchanged(added)
            if not added.is_better_than(current):
                break
            current = added
        return current.skills

    def _exchanged(self, current: _Score) -> _Score:
        while True:
            best = self._best(
                (*(each for each in current.skills if each != out), skill)
                for out in current.skills
                for skill in self._skills
                if skill not in current.skills
            )
            if best is None or not best.is_better_than(current):
                return current
            current = best

    def _best(self, choices: Iterable[tuple[int, ...]]) -> _Score | None:
        return min(
            map(self._score, choices), key=lambda score: (-score.student_count, score.cost, score.skills), default=None
        )

    def plan(self, skills: Sequence[int]) -> TablePlan:
        """Return who is at which table."""
        seated = self._seated(skills)
        tables = [
            Table(skill, tuple(sorted(AtTable(s, self._fitting[s][skill], self._best_value[s]) for s in students)))
            for skill, students in seated.items()
        ]
        at_table = {each.student for table in tables for each in table.students}
        alone = {student: self._why_alone(student, skills) for student in self._all if student not in at_table}
        return TablePlan(tuple(sorted(tables, key=lambda table: (-len(table.students), table.skill))), alone)

    def _why_alone(self, student: int, skills: Sequence[int]) -> AloneReason:
        if student not in self._best_value:
            return AloneReason.NOTHING_FITS
        fits = any(skill in self._fitting[student] for skill in skills)
        return AloneReason.NO_PLACE if fits else AloneReason.NO_TABLE

    def _score(self, skills: tuple[int, ...]) -> _Score:
        seated = self._seated(skills)
        cost = sum(self._cost(student, skill) for skill, students in seated.items() for student in students)
        return _Score(sum(map(len, seated.values())), cost, tuple(sorted(skills)))

    def _cost(self, student: int, skill: int) -> int:
        best = self._best_value[student]
        return (best - self._fitting[student][skill]) * SCALE // best * (1 + self._turns[student])

    def _seated(self, skills: Collection[int]) -> dict[int, list[int]]:
        """Return the students of each table; one with too few is given up, the smallest first."""
        min_size, max_size = self._sizes
        skills = list(skills)
        while True:
            seated: dict[int, list[int]] = {skill: [] for skill in skills}
            # Whose turn it is to give up chooses last.
            for student in sorted(self._fitting, key=lambda s: (-self._turns[s], s)):
                _seat(student, seated, self._wishes(skills).__getitem__, max_size=max_size)
            few = min(skills, key=lambda skill: (len(seated[skill]), skill), default=None)
            if few is None or len(seated[few]) >= min_size:
                return seated
            skills.remove(few)

    def _wishes(self, skills: Collection[int]) -> dict[int, list[int]]:
        """Return by student the skills that fit, the most valuable first."""
        return {
            student: sorted((s for s in skills if s in fitting), key=lambda skill: (-fitting[skill], skill))
            for student, fitting in self._fitting.items()
        }


def _seat(
    student: int, seated: dict[int, list[int]], wishes: Callable[[int], list[int]], *, max_size: int | None
) -> bool:
    """Give a student the best table with a free place; where all are full, let another student move on."""
    for skill in wishes(student):
        if max_size is None or len(seated[skill]) < max_size:
            seated[skill].append(student)
            return True
    return _move_on(student, seated, wishes, max_size=max_size, tried=set())


def _move_on(
    student: int,
    seated: dict[int, list[int]],
    wishes: Callable[[int], list[int]],
    *,
    max_size: int | None,
    tried: set[int],
) -> bool:
    for skill in wishes(student):
        if skill in tried:
            continue
        tried.add(skill)
        if max_size is None or len(seated[skill]) < max_size:
            seated[skill].append(student)
            return True
        for other in reversed(seated[skill]):
            if _move_on(other, seated, wishes, max_size=max_size, tried=tried):
                seated[skill][seated[skill].index(other)] = student
                return True
    return False
