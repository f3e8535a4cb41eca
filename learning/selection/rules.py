"""A policy in integers, as the decision and its record read it."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from learning.selection.fixed import fixed, logit
from learning.selection.policy import Policy

DAY = 86_400


class Rules(NamedTuple):
    """A policy in integers: shares, probabilities and logits in 1/10,000, times in seconds. See `Policy`."""

    version: int
    target: int
    target_logit: int
    sure: int
    ready: int
    tolerance: int
    band: tuple[int, int]
    thin_band: tuple[int, int]
    wide_band: tuple[int, int]
    thin_student: int
    thin_skill: int
    ideal: int
    ideal_logit: int
    slots: int
    alternates: int
    menu_spread: int
    reuse_window: int
    context_window: int
    context_most: int
    """Uses of one context among the last `context_window`."""
    contexts_wanted: int
    review_below: int
    stuck_after: int
    explore_every: int
    hysteresis: int
    patience: int
    hold_limit: int
    pace_days: int
    """In 1/100 days."""
    least_open: int
    minutes_open: int
    least_minutes: int
    interest_floor: int
    confidence_floor: int
    cosmetic_depth: int
    reading_allowance: int
    licences: tuple[str, ...] | None
    approve: bool
    tie_key: int
    variance_factor: int


@lru_cache(maxsize=256)
def rules_of(policy: Policy) -> Rules:
    """Return a policy in integers."""
    return Rules(
        version=policy.version,
        target=fixed(policy.target),
        target_logit=logit(fixed(policy.target)),
        sure=fixed(policy.sure),
        ready=fixed(policy.ready),
        tolerance=fixed(policy.tolerance),
        band=_band(policy.band),
        thin_band=_band(policy.thin_band),
        wide_band=_band(policy.wide_band),
        thin_student=100 * policy.thin_student,
        thin_skill=100 * policy.thin_skill,
        ideal=fixed(policy.ideal),
        ideal_logit=logit(fixed(policy.ideal)),
        slots=policy.slots,
        alternates=policy.alternates,
        menu_spread=fixed(policy.menu_spread),
        reuse_window=policy.reuse_window,
        context_window=policy.context_window,
        context_most=int(fixed(policy.context_share) * policy.context_window // 10_000),
        contexts_wanted=policy.contexts_wanted,
        review_below=fixed(policy.review_below),
        stuck_after=policy.stuck_after,
        explore_every=policy.explore_every,
        hysteresis=fixed(policy.hysteresis),
        patience=policy.patience,
        hold_limit=round(policy.hold_limit_days * DAY),
        pace_days=round(policy.pace_days * 100),
        least_open=policy.least_open,
        minutes_open=policy.minutes_open,
        least_minutes=policy.least_minutes,
        interest_floor=fixed(policy.interest_floor),
        confidence_floor=fixed(policy.confidence_floor),
        cosmetic_depth=fixed(policy.cosmetic_depth),
        reading_allowance=fixed(policy.reading_allowance),
        licences=policy.licences,
        approve=policy.approve,
        tie_key=policy.tie_key,
        variance_factor=fixed(policy.variance_factor),
    )


def _band(band: tuple[float, float]) -> tuple[int, int]:
    return fixed(band[0]), fixed(band[1])
