"""Retention: a published forgetting curve, apart from the filter.

`R = 1 / (1 + dt / (9 S))` with the stability `S` in days. Both the curve and the rule by which stability moves are
assumptions until a log with time stamps says better: the filter's own time terms were fitted on logs without them.
Source: the power-law forgetting curve of spaced-repetition schedulers (FSRS, Ye 2022; Wixted and Ebbesen 1991).
"""

from __future__ import annotations

DAY = 86_400.0
LEAST_DAYS = 1.0
MOST_DAYS = 365.0


def retention(stability_days: float, elapsed_seconds: float) -> float:
    """Return the probability, in [0, 1], that what was known `elapsed_seconds` ago is still there."""
    days = max(0.0, elapsed_seconds) / DAY
    return 1.0 / (1.0 + days / (9.0 * max(LEAST_DAYS, stability_days)))


def next_stability(stability_days: float, right: bool, elapsed_seconds: float, first_days: float) -> float:  # noqa: FBT001 - called in the filter's inner loop
    """Return the stability after a practice: `first_days` at the first success, then doubled by a spaced success.

    A success counts as spaced more than a day after the last practice; a failure halves. 0 means no success yet.
    """
    if stability_days <= 0.0:
        return min(MOST_DAYS, max(LEAST_DAYS, first_days)) if right else 0.0
    if not right:
        return max(LEAST_DAYS, stability_days / 2.0)
    return min(MOST_DAYS, stability_days * 2.0) if elapsed_seconds > DAY else stability_days
