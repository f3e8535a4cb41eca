"""What a gradebook makes of the same answers, for comparison beside ours; no estimate is made from it.

Source: Canvas's calculation methods for outcomes: *decaying average*, whose last result weighs 65 % and the average of
all results before it 35 %, and *most recent score*.
"""

from __future__ import annotations

from collections.abc import Sequence

LAST_WEIGHT = 0.65


def decaying_average(outcomes: Sequence[float]) -> float | None:
    """Return Canvas's decaying average of outcomes, the latest first; None where there is none.

    Results of 1, 4, 2, 3, 5, 3, 6, the last of which is the latest, are 0.65 x 6 + 0.35 x 3 = 4.95.
    """
    if not outcomes:
        return None
    last, *before = outcomes
    return last if not before else LAST_WEIGHT * last + (1 - LAST_WEIGHT) * sum(before) / len(before)


def latest(outcomes: Sequence[float]) -> float | None:
    """Return the latest of outcomes, the latest first; None where there is none."""
    return outcomes[0] if outcomes else None
