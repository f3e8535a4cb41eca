"""Whom does the system serve less? Figures by a group of students; a flag where chance explains no difference.

The unit is the student: each has one value a figure, and a group's value is the mean of its students'. A difference
from the others is flagged where a bootstrap interval around it leaves out 0; the interval is wide enough for all
figures and groups of a report together. A flag is a question, no verdict: it stands beside what the catalogue lacks.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

MIN_GROUP = 10
"""A smaller group is hidden: its figures would be those of children whom everybody knows."""
CONFIDENCE = 0.95
"""Of all intervals of one report together."""
RESAMPLES = 5_000
MOST_NEEDS = 3


class Figure(StrEnum):
    """What is compared; each is a mean of a student's slots, or of what the student may read."""

    IN_BAND = "in_band"
    """Share of slots after which 60 to 90 % of the next answers on the skill were right."""
    LIKED_THEME = "liked_theme"
    """Share of slots with a theme that is surely liked."""
    LADDER = "ladder"
    """Share of slots for which a rule was relaxed, as nothing else fit."""
    PRICE = "price"
    """Mean price of interest: the share of skill value given up for a theme."""
    DAYS_UNCHANGED = "days_unchanged"
    """Mean days that a slot stayed as it was."""
    READING_BLOCKED = "reading_blocked"
    """Share of the materials of the class's open skills that read too hard."""


HIGHER_IS_BETTER = frozenset({Figure.IN_BAND, Figure.LIKED_THEME})
StudentFigures = Mapping[Figure, float]
"""A student's values; a figure of which nothing is known is missing."""
Need = tuple[str, str]
"""(skill, theme; "" is any) that the catalogue lacks for a student."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One figure of a group, beside all other shown students."""

    figure: Figure
    students: int
    """Of the group, with a value."""
    mean: float
    others: float
    low: float
    high: float
    """The interval around the difference, group less others."""

    @property
    def is_flagged(self) -> bool:
        """Whether chance does not explain the difference."""
        return self.low > 0 or self.high < 0

    @property
    def is_worse(self) -> bool:
        """Whether the group is served less by this figure than the others."""
        return (self.mean < self.others) == (self.figure in HIGHER_IS_BETTER)


@dataclass(frozen=True, slots=True)
class NeedOfGroup:
    """Something that the catalogue lacks for more students of a group than of the others."""

    need: Need
    students: int
    of_students: int
    others: int
    of_others: int


@dataclass(frozen=True, slots=True)
class GroupReport:
    """One group; a hidden one has no figures."""

    group: str
    is_hidden: bool
    students: int
    """0 where it is hidden."""
    comparisons: tuple[Comparison, ...] = ()
    needs: tuple[NeedOfGroup, ...] = ()
    """What the catalogue lacks for the group first of all, where anything is flagged."""


def compare_groups(
    group_by_student: Mapping[int, str],
    figures: Mapping[int, StudentFigures],
    *,
    needs: Mapping[int, Collection[Need]],
    seed: int,
) -> list[GroupReport]:
    """Return a report for each group, by name: beside the students of all other groups that are shown.

    Args:
        group_by_student: of the students who are compared.
        figures: of the same students.
        needs: what the catalogue lacks for each.
        seed: of the bootstrap: the same arguments give the same report.
    """
    names = sorted(set(group_by_student.values()))
    members = {name: sorted(s for s, group in group_by_student.items() if group == name) for name in names}
    shown = [name for name in names if len(members[name]) >= MIN_GROUP]
    # Two groups are one comparison, seen from both sides.
    tests = len(Figure) * (len(shown) if len(shown) > 2 else 1)  # noqa: PLR2004 - see above
    reports = []
    for name in names:
        if name not in shown:
            reports.append(GroupReport(name, is_hidden=True, students=0))
            continue
        others = [student for other in shown if other != name for student in members[other]]
        found = [_compared(each, members[name], others, figures, tests=tests, seed=seed) for each in Figure]
        comparisons = tuple(each for each in found if each is not None)
        is_flagged = any(each.is_flagged for each in comparisons)
        gaps = _needs(members[name], others, needs) if is_flagged else ()
        reports.append(GroupReport(name, False, len(members[name]), comparisons, gaps))
    return reports


def _compared(
    figure: Figure,
    students: Sequence[int],
    others: Sequence[int],
    figures: Mapping[int, StudentFigures],
    *,
    tests: int,
    seed: int,
) -> Comparison | None:
    """Return a comparison, or None where either side has too few students with a value."""
    own, rest = (
        np.array([figures[each][figure] for each in side if figure in figures.get(each, {})])
        for side in (students, others)
    )
    if min(len(own), len(rest)) < MIN_GROUP:
        return None
    low, high = _interval(own, rest, confidence=1 - (1 - CONFIDENCE) / tests, seed=seed)
    return Comparison(figure, len(own), float(own.mean()), float(rest.mean()), low, high)


def _interval(
    own: npt.NDArray[np.float64], rest: npt.NDArray[np.float64], *, confidence: float, seed: int
) -> tuple[float, float]:
    """Return a percentile bootstrap interval around the difference of two means.

    Deviations are widened as in an expanded percentile interval, as the bootstrap of a small sample is too narrow: by
    sqrt(n / (n - 1)), and by how much Student's t of the smaller side is beyond the normal.
    Source: Hesterberg 2015, "What Teachers Should Know About the Bootstrap".
    """
    tail = (1 - confidence) / 2
    wider = _beyond_normal(tail, freedom=min(len(own), len(rest)) - 1)
    rng = np.random.default_rng(seed)
    means = []
    for side in (own, rest):
        drawn = side[rng.integers(0, len(side), (RESAMPLES, len(side)))].mean(axis=1)
        means.append(side.mean() + (drawn - side.mean()) * wider * (len(side) / (len(side) - 1)) ** 0.5)
    low, high = np.quantile(means[0] - means[1], [tail, 1 - tail])
    return float(low), float(high)


def _beyond_normal(tail: float, *, freedom: int) -> float:
    """Return the quantile of Student's t by that of the normal (the Cornish-Fisher expansion, to the second order)."""
    z = -NormalDist().inv_cdf(tail)
    first = (z**3 + z) / (4 * freedom)
    second = (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    return (z + first + second) / z


def _needs(
    students: Sequence[int], others: Sequence[int], needs: Mapping[int, Collection[Need]]
) -> tuple[NeedOfGroup, ...]:
    """Return what is lacked by more students of a group than of the others, in share, the largest excess first."""
    found = []
    for need in sorted({need for student in students for need in needs.get(student, ())}):
        own, rest = (sum(need in needs.get(student, ()) for student in side) for side in (students, others))
        if own * len(others) > rest * len(students):
            found.append(NeedOfGroup(need, own, len(students), rest, len(others)))
    found.sort(key=lambda each: (each.others / each.of_others - each.students / each.of_students, each.need))
    return tuple(found[:MOST_NEEDS])
