"""Interest chooses the context among candidates within the tolerance of the best, and orders the menu."""

from __future__ import annotations

from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from learning.selection.candidates import Candidate, CandidateSearch
from learning.selection.catalogue import Depth
from learning.selection.context import DecisionContext
from learning.selection.fixed_point import SCALE
from learning.selection.material_index import NEUTRAL_KEY, ContextKey


class ContextReason(StrEnum):
    """Why a material has the context that it has."""

    INTEREST = "interest"
    EXPLORE = "explore"
    SKILL_ONLY = "skill_only"
    """The interest tolerance is 0."""
    SWITCHED_OFF = "neutral_switched_off"
    NOT_ASKED = "neutral_not_asked"
    UNSURE = "neutral_unsure"
    """Interests are known, but none is surely above the minimum."""
    NOT_SERVED = "neutral_not_served"
    """An interest is clear, but no admissible material has it."""
    FALLBACK = "no_neutral"
    """A neutral material was needed, but there is none."""


class ContextChoice(NamedTuple):
    """The candidate that interest chose, and what it cost."""

    candidate: Candidate
    reason: ContextReason
    best: Candidate
    """The best by skill alone."""
    price: int
    """Share of the best value given up, at most the tolerance."""
    runner_up: Candidate | None
    runner_up_reason: str
    """Why the runner-up lost: `value` (it is worth less), `tie` (the hash decided) or the reason of the choice."""


def choose_context(
    ctx: DecisionContext, search: CandidateSearch, candidates: list[Candidate], *, explore: bool = False
) -> ContextChoice:
    """Choose from candidates, at least one, best first: the best by skill alone unless interest prefers another."""
    best = candidates[0]
    near_best = wished(ctx, within_tolerance(ctx, best, candidates))
    if ctx.policy.interest_tolerance == 0:
        # The runner-up is the next of all candidates, as ever, unless a wish has chosen among equals.
        ranked = candidates if near_best[0] is best else near_best
        return _make_choice(ranked, best, ContextReason.SKILL_ONLY)
    # The best skill first: another one only where nothing liked practises it.
    of_best = [candidate for candidate in near_best if candidate.skill == near_best[0].skill]
    for pool in (of_best, near_best):
        if explore and (least_known := within_tolerance(ctx, best, least_known_candidates(ctx, search, pool))):
            return _make_choice(least_known, best, ContextReason.EXPLORE)
        if most_liked := within_tolerance(ctx, best, most_liked_candidates(ctx, search, pool)):
            return _make_choice(most_liked, best, ContextReason.INTEREST)
    neutral = within_tolerance(ctx, best, neutral_candidates(ctx, search, near_best)) or near_best
    reason = ContextReason.FALLBACK if neutral[0].entry.context is not None else neutral_reason(ctx)
    return _make_choice(neutral, best, reason)


def wished(ctx: DecisionContext, near_best: list[Candidate]) -> list[Candidate]:
    """Return the candidates of the skill that the student wants next, or all where none is as good as the best."""
    return [candidate for candidate in near_best if candidate.skill == ctx.inputs.wish] or near_best


def within_tolerance(ctx: DecisionContext, best: Candidate, candidates: list[Candidate]) -> list[Candidate]:
    """Return the candidates whose value is within the tolerance of the best."""
    minimum = best.value * (SCALE - ctx.policy.interest_tolerance)
    return [candidate for candidate in candidates if candidate.value * SCALE >= minimum]


def most_liked_candidates(ctx: DecisionContext, search: CandidateSearch, near_best: list[Candidate]) -> list[Candidate]:
    """Return the candidates within the tolerance with the highest interest x confidence x depth, best value first.

    Context keys are searched from the highest score down, so that no search is wasted.
    """
    for _, keys in groupby(ctx.interest_scores, key=ctx.interest_scores.__getitem__):
        matches = [candidate for key in keys for candidate in search.best_of_context(key, near_best)]
        if liked := within_tolerance(ctx, near_best[0], search.sort_by_value(matches)):
            return liked
    return []


def least_known_candidates(
    ctx: DecisionContext, search: CandidateSearch, near_best: list[Candidate]
) -> list[Candidate]:
    """Return the candidates within the tolerance in the least-known context, best value first.

    Surely disliked contexts come last: there is nothing to find out. Empty where no interest is known at all: then the
    menu explores.
    """
    if not ctx.inputs.interests:
        return []
    skills = {candidate.skill for candidate in near_best}
    keys = {
        key for skill in skills for skill_set, _ in search.skill_sets(skill) for key in skill_set.by_context if key[0]
    }
    by_context: dict[str, list[ContextKey]] = {}
    for context, depth in sorted(keys, key=lambda key: (key[0] or "", key[1])):
        by_context.setdefault(context or "", []).append((context, depth))
    for context in sorted(
        by_context, key=lambda c: (is_disliked(ctx, c), interest_confidence(ctx, c), ctx.context_tie_break(c))
    ):
        matches = [candidate for key in by_context[context] for candidate in search.best_of_context(key, near_best)]
        if candidates := within_tolerance(ctx, near_best[0], search.sort_by_value(matches)):
            return candidates
    return []


def neutral_candidates(ctx: DecisionContext, search: CandidateSearch, near_best: list[Candidate]) -> list[Candidate]:
    """Return the candidates for where no interest is clear: of the best skill neutral ones, else the least disliked.

    An interest too weak or too unsure to choose by is still a reason against a context that is liked less.
    """
    best = near_best[0]
    of_skill = [candidate for candidate in near_best if candidate.skill == best.skill]
    if neutral := within_tolerance(ctx, best, search.best_of_context(NEUTRAL_KEY, of_skill)):
        return neutral
    if not any(tendency(ctx, context) for context in ctx.inputs.interests):
        return near_best
    by_tendency: dict[int, list[ContextKey]] = {}
    available = {key for skill_set, _ in search.skill_sets(best.skill) for key in skill_set.by_context}
    for key in sorted(available, key=repr):
        by_tendency.setdefault(tendency(ctx, key[0]), []).append(key)
    for _, keys in sorted(by_tendency.items(), reverse=True):
        matches = [candidate for key in keys for candidate in search.best_of_context(key, of_skill)]
        if candidates := within_tolerance(ctx, best, search.sort_by_value(matches)):
            return candidates
    return near_best


def _make_choice(ranked: list[Candidate], best: Candidate, reason: ContextReason) -> ContextChoice:
    first = ranked[0]
    runner_up = ranked[1] if ranked[1:] else best if best.entry.id != first.entry.id else None
    price = (best.value - first.value) * SCALE // best.value
    return ContextChoice(first, reason, best, price, runner_up, _runner_up_reason(first, runner_up, reason))


def _runner_up_reason(first: Candidate, runner_up: Candidate | None, reason: ContextReason) -> str:
    if runner_up is None:
        return ""
    if runner_up.value > first.value:
        return reason.value
    return "tie" if runner_up.value == first.value else "value"


def neutral_reason(ctx: DecisionContext) -> ContextReason:
    """Return why a material without a context is assigned where the tolerance allows one."""
    if ctx.inputs.interests_off:
        return ContextReason.SWITCHED_OFF
    if not ctx.inputs.interests:
        return ContextReason.NOT_ASKED
    if ctx.interest_scores:
        return ContextReason.NOT_SERVED
    return ContextReason.UNSURE


def build_menu(ctx: DecisionContext, search: CandidateSearch, default: Candidate) -> list[Candidate]:
    """Return the default and up to `alternates` equally hard materials of its skill, each in another context.

    Alternates are in the order of interest, then of a hash.
    """
    contexts = {default.entry.context}
    menu = [default]
    if ctx.policy.alternates == 0:
        return menu
    for candidate in search.alternates(default, lambda key: _menu_rank(ctx, key)):
        if candidate.entry.context not in contexts:
            contexts.add(candidate.entry.context)
            menu.append(candidate)
            if len(menu) > ctx.policy.alternates:
                break
    return menu


def _menu_rank(ctx: DecisionContext, key: ContextKey) -> tuple[int, bool, int, str]:
    """Rank liked contexts first; at an interest tolerance of 0 by the hash alone."""
    cached = ctx.menu_ranks.get(key)
    if cached is not None:
        return cached
    context, depth = key
    tie_break = ctx.context_tie_break(context)
    by_hash = ctx.policy.interest_tolerance == 0
    interest = (0, False) if by_hash else (-interest_score(ctx, context, depth), is_disliked(ctx, context))
    rank = ctx.menu_ranks[key] = (*interest, tie_break, depth)
    return rank


def interest_score(ctx: DecisionContext, context: str | None, depth: str = Depth.STRUCTURAL.value) -> int:
    """Return interest x confidence x depth of a context that is surely liked, above 0; else 0."""
    return ctx.interest_scores.get((context, depth), 0)


def is_disliked(ctx: DecisionContext, context: str | None) -> bool:
    """Whether a context is surely not liked: as far below indifference as a liked one is above."""
    if context is None or context not in ctx.inputs.interests:
        return False
    value, confidence = ctx.inputs.interests[context]
    return value <= SCALE - ctx.policy.min_interest and confidence >= ctx.policy.min_interest_confidence


def tendency(ctx: DecisionContext, context: str | None) -> int:
    """Return how far the evidence, sure or not, speaks for a context: below 0 against it, 0 without evidence."""
    value, confidence = ctx.inputs.interests.get(context or "", (0, 0))
    return (value - SCALE // 2) * confidence


def interest_confidence(ctx: DecisionContext, context: str) -> int:
    """Return the confidence of the interest in a context; exploring tries the lowest."""
    return ctx.inputs.interests.get(context, (0, 0))[1]
