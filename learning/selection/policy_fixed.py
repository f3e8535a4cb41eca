"""A policy as integers, for the decision and its record."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from learning.selection.fixed_point import SCALE, logit, to_fixed
from learning.selection.policy import Policy

DAY_SECONDS = 86_400


class FixedPolicy(NamedTuple):
    """A `Policy` as integers: shares, probabilities and logits in 1/10,000, times in seconds.

    Records store it by position: fields keep their order.
    """

    version: int
    mastery_target: int
    mastery_target_logit: int
    gap_confidence: int
    readiness_threshold: int
    interest_tolerance: int
    success_band: tuple[int, int]
    low_evidence_band: tuple[int, int]
    relaxed_band: tuple[int, int]
    low_evidence_student: int
    low_evidence_skill: int
    target_success: int
    target_success_logit: int
    slots: int
    alternates: int
    menu_spread: int
    reuse_window: int
    context_window: int
    max_context_uses: int
    """Maximum of uses of one context among the last `context_window` attempts."""
    min_contexts: int
    review_threshold: int
    stuck_after: int
    explore_every: int
    hysteresis: int
    replacement_patience: int
    hold_limit_seconds: int
    completion_rate_days: int
    """In 1/100 days."""
    min_open: int
    max_open_minutes: int
    min_open_minutes: int
    min_interest: int
    min_interest_confidence: int
    cosmetic_weight: int
    reading_allowance: int
    licences: tuple[str, ...] | None
    needs_approval: bool
    tie_break_key: int
    variance_factor: int
    readiness_logit: int
    readiness_doubt: int
    likely_gap: int


@lru_cache(maxsize=256)
def fixed_policy(policy: Policy) -> FixedPolicy:
    """Convert a policy to integers."""
    return FixedPolicy(
        version=policy.version,
        mastery_target=to_fixed(policy.mastery_target),
        mastery_target_logit=logit(to_fixed(policy.mastery_target)),
        gap_confidence=to_fixed(policy.gap_confidence),
        readiness_threshold=to_fixed(policy.readiness_threshold),
        interest_tolerance=to_fixed(policy.interest_tolerance),
        success_band=_band(policy.success_band),
        low_evidence_band=_band(policy.low_evidence_band),
        relaxed_band=_band(policy.relaxed_band),
        low_evidence_student=100 * policy.low_evidence_student,
        low_evidence_skill=100 * policy.low_evidence_skill,
        target_success=to_fixed(policy.target_success),
        target_success_logit=logit(to_fixed(policy.target_success)),
        slots=policy.slots,
        alternates=policy.alternates,
        menu_spread=to_fixed(policy.menu_spread),
        reuse_window=policy.reuse_window,
        context_window=policy.context_window,
        max_context_uses=int(to_fixed(policy.context_share) * policy.context_window // 10_000),
        min_contexts=policy.min_contexts,
        review_threshold=to_fixed(policy.review_threshold),
        stuck_after=policy.stuck_after,
        explore_every=policy.explore_every,
        hysteresis=to_fixed(policy.hysteresis),
        replacement_patience=policy.replacement_patience,
        hold_limit_seconds=round(policy.hold_limit_days * DAY_SECONDS),
        completion_rate_days=round(policy.completion_rate_days * 100),
        min_open=policy.min_open,
        max_open_minutes=policy.max_open_minutes,
        min_open_minutes=policy.min_open_minutes,
        min_interest=to_fixed(policy.min_interest),
        min_interest_confidence=to_fixed(policy.min_interest_confidence),
        cosmetic_weight=to_fixed(policy.cosmetic_weight),
        reading_allowance=to_fixed(policy.reading_allowance),
        licences=policy.licences,
        needs_approval=policy.needs_approval,
        tie_break_key=policy.tie_break_key,
        variance_factor=to_fixed(policy.variance_factor),
        readiness_logit=logit(min(max(to_fixed(policy.readiness_threshold), 1), SCALE - 1)),
        readiness_doubt=to_fixed(policy.readiness_doubt),
        likely_gap=to_fixed(policy.likely_gap),
    )


def _band(band: tuple[float, float]) -> tuple[int, int]:
    return to_fixed(band[0]), to_fixed(band[1])
