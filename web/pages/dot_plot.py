"""A student's skills as a dot plot: a dot a skill by its mastery, with dots of nearly the same mastery stacked."""

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup

from learning.mastery.wording import SkillStatus
from models.reports.teacher_pages import Strip

WIDTH, COLUMNS = 150, 20
"""Pixels of the plot, and columns of 5 % of mastery each."""
MARGIN = 5.0
STEP = (WIDTH - 2 * MARGIN) / COLUMNS
LOOKS = {SkillStatus.GAP: "gap", SkillStatus.SECURE: "met"}


@dataclass(frozen=True, slots=True)
class PlacedDot:
    """A dot with its center in pixels, and its class in the style sheet: `gap`, `met` or `unsure`."""

    x: float
    y: float
    look: str


@dataclass(frozen=True, slots=True)
class DotPlot:
    """The dots of a student and the goal, in pixels."""

    height: float
    goal_x: float
    dots: tuple[PlacedDot, ...]

    @property
    def circles(self) -> Markup:
        """Return the dots as SVG; a class has hundreds, for each of which a template would take longer."""
        return Markup("").join(_circle(dot.x, dot.y, dot.look) for dot in self.dots)


@lru_cache(maxsize=4_096)
def _circle(x: float, y: float, look: str) -> Markup:
    return Markup('<circle class="{}" cx="{:.1f}" cy="{:.1f}" r="2.6"/>').format(look, x, y)


def dot_plot(strip: Strip) -> DotPlot:
    """Return where each dot stands: mastery from 0 (left) to 1 (right), the first of a column at the bottom."""
    placed: list[tuple[int, int, str]] = []
    stacked: Counter[int] = Counter()
    for each in sorted(strip.skills, key=lambda dot: dot.mastery):
        column = min(int(each.mastery * COLUMNS), COLUMNS - 1)
        placed.append((column, stacked[column], LOOKS.get(each.status, "unsure")))
        stacked[column] += 1
    height = 2 * MARGIN + STEP * max(stacked.values(), default=1)
    dots = tuple(
        PlacedDot(MARGIN + STEP * (column + 0.5), height - MARGIN - STEP * (level + 0.5), look)
        for column, level, look in placed
    )
    return DotPlot(height, MARGIN + STEP * COLUMNS * strip.target, dots)
