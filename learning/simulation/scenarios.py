"""Scenarios: how students work, and how far the data can be trusted."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario; shares are in [0, 1]."""

    name: str
    description: str
    effort: float = 0.0
    """Share by which a context of interest 1 raises learning above indifference."""
    willingness: float = 0.0
    """How much such a context raises the chance that an assignment is done on a day."""
    distraction: float = 0.0
    """Logits that a liked context costs the weaker half, and the share of learning that it costs them."""
    daily_forgetting: float = 0.002
    """Share of what was learned that is forgotten in a day."""
    wrong_prerequisite_share: float = 0.0
    """Share of the catalogue's prerequisites that are wrong."""
    misread_share: float = 0.0
    """Share of answers that reach the learner model inverted."""
    lost_share: float = 0.0
    """Share of attempts whose event never arrives."""
    late_share: float = 0.0
    """Share of attempts whose event arrives three days late."""
    duplicate_share: float = 0.0
    """Share of attempts whose event arrives twice."""
    has_flat_survey: bool = False
    """All survey answers are the same."""
    has_slow_half: bool = False
    """Half of the class learns half as fast and reads two grades lower."""
    skills_a_week: int = 0
    """How many skills open a week, in the order of the scope; 0 is all at once."""
    has_due_dates: bool = False
    """Each skill of a paced scenario has a due date."""
    max_reading_level: float = 6.0
    """Highest school grade of texts with a theme; neutral ones have grade 3, and slow readers can read grade 4."""


SCENARIOS: tuple[Scenario, ...] = (
    Scenario("matters", "interest raises effort", effort=0.5, willingness=0.2),
    Scenario("null", "interest does nothing"),
    Scenario("distracts", "interest distracts the weaker half", distraction=0.3),
    Scenario(
        "forgets",
        "interest raises effort, and forgetting is strong",
        effort=0.5,
        willingness=0.2,
        daily_forgetting=0.02,
    ),
    Scenario(
        "wrong",
        "a tenth of the edges and of the answers is wrong, and the survey says nothing",
        effort=0.5,
        willingness=0.2,
        wrong_prerequisite_share=0.1,
        misread_share=0.1,
        has_flat_survey=True,
    ),
    Scenario("slow", "half of the class is slow and reads low", effort=0.5, willingness=0.2, has_slow_half=True),
    Scenario(
        "slow_plain",
        "the same, and the texts of every theme are easy enough for all",
        effort=0.5,
        willingness=0.2,
        has_slow_half=True,
        max_reading_level=4.0,
    ),
    Scenario(
        "paced",
        "five skills open a week, each due two weeks later",
        effort=0.5,
        willingness=0.2,
        skills_a_week=5,
        has_due_dates=True,
    ),
    Scenario(
        "undated",
        "five skills open a week, without due dates",
        effort=0.5,
        willingness=0.2,
        skills_a_week=5,
    ),
    Scenario(
        "events",
        "events are lost, late and doubled",
        effort=0.5,
        willingness=0.2,
        lost_share=0.1,
        late_share=0.1,
        duplicate_share=0.1,
    ),
)
