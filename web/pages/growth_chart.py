"""A chart of mastery over time as the numbers of an SVG: a line, and a band that is its 80 % interval."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from learning.mastery.growth import GrowthPoint
from learning.mastery.wording import is_known

WIDTH, HEIGHT = 320.0, 96.0
"""Of the SVG's view box; mastery 0 is at the bottom and 1 at the top."""
FEWEST_POINTS = 2
"""One point is no growth."""


@dataclass(frozen=True, slots=True)
class GrowthRow:
    """One line of the table that says what the chart shows."""

    until: dt.date
    mastery: float
    low: float
    high: float
    responses: int


@dataclass(frozen=True, slots=True)
class GrowthChart:
    """The chart of one skill."""

    line: str
    """Points of a polyline: mastery."""
    band: str
    """Points of a polygon: the upper bounds from left to right, the lower ones back."""
    goal: float
    """The height at which the goal lies."""
    rows: tuple[GrowthRow, ...]
    """What the chart shows, as a table."""

    @property
    def sentence(self) -> str:
        """Return what the chart shows in a sentence."""
        return f"From {_status(self.rows[0])} to {_status(self.rows[-1])}".rstrip(",") + "."


def growth_chart(points: Sequence[GrowthPoint], *, target: float, zone: dt.tzinfo) -> GrowthChart | None:
    """Return the chart of a skill's points, its days those of `zone`.

    None where fewer than two points come after an answer on the skill.
    """
    shown = [point for point in points if point.responses]
    if len(shown) < FEWEST_POINTS:
        return None
    span = shown[-1].at - shown[0].at
    across = [WIDTH * (point.at - shown[0].at) / span for point in shown]
    upper = [(x, _height(point.high)) for x, point in zip(across, shown, strict=True)]
    lower = [(x, _height(point.low)) for x, point in zip(across, shown, strict=True)]
    line = [(x, _height(point.mastery)) for x, point in zip(across, shown, strict=True)]
    rows = [
        GrowthRow(dt.datetime.fromtimestamp(point.at, zone).date(), *point[1:4], point.responses) for point in shown
    ]
    return GrowthChart(_written(line), _written([*upper, *reversed(lower)]), _height(target), tuple(rows))


def _height(share: float) -> float:
    return round(HEIGHT * (1.0 - share), 1)


def _written(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _status(row: GrowthRow) -> str:
    day = f"{row.until.day} {row.until:%B}"
    if not is_known(row.low, row.high):
        return f"not known yet on {day}"
    return f"{row.mastery:.0%} on {day}, most likely between {row.low:.0%} and {row.high:.0%},"
