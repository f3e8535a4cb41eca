"""The interest window: among candidates within the tolerance of the best, interest chooses; its price is known."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from learning.selection.candidates import Candidate
from learning.selection.case import Case
from learning.selection.catalogue import Depth
from learning.selection.fixed import SCALE, mix, text_key


class Because(StrEnum):
    """Why the context is what it is."""

    INTEREST = "interest"
    EXPLORE = "explore"
    SKILL_ONLY = "skill_only"
    """The teacher's dial is at 0."""
    SWITCHED_OFF = "neutral_switched_off"
    NOT_ASKED = "neutral_not_asked"
    UNSURE = "neutral_unsure"
    """Something is known, and nothing surely liked."""
    NOT_SERVED = "neutral_not_served"
    """Something is liked, and no admissible material has it."""
    FALLBACK = "no_neutral"
    """Neutral was wanted and there is none."""


class Pick(NamedTuple):
    """What the window chose, and what it cost."""

    chosen: Candidate
    because: Because
    best: Candidate
    """The best by skill alone."""
    price: int
    """Share of the best value given up, at most the tolerance."""
    runner_up: Candidate | None
    runner_up_lost: str
    """Why not the runner-up: interest, value, or tie."""


def liking(case: Case, context: str | None, depth: str = Depth.STRUCTURAL) -> int:
    """Return interest x confidence x depth of a context that surely interests, above 0; else 0."""
    if context is None:
        return 0
    value, confidence = case.inputs.interests.get(context, (0, 0))
    if value < case.rules.interest_floor or confidence < case.rules.confidence_floor:
        return 0
    deep = SCALE if depth == Depth.STRUCTURAL else case.rules.cosmetic_depth
    return max(value * confidence // SCALE * deep // SCALE, 1)


def disliked(case: Case, context: str | None) -> bool:
    """Whether a context is surely not liked."""
    value, confidence = case.inputs.interests.get(context or "", (SCALE, 0))
    return value < SCALE // 2 and confidence >= case.rules.confidence_floor


def window(case: Case, pool: list[Candidate]) -> list[Candidate]:
    """Return the candidates within the tolerance of the best; the pool is sorted, best first."""
    least = pool[0].value * (SCALE - case.rules.tolerance)
    return [candidate for candidate in pool if candidate.value * SCALE >= least]


def pick(case: Case, pool: list[Candidate], *, explore: bool = False) -> Pick:
    """Return the choice from a pool that is not empty."""
    best = pool[0]
    if case.rules.tolerance == 0:
        return _settled(pool, pool, best, Because.SKILL_ONLY)
    inside = window(case, pool)
    if explore and (tried := least_known(case, inside)):
        return _settled(inside, [tried], best, Because.EXPLORE)
    liked = [(liking(case, c.entry.context, c.entry.depth), c) for c in inside]
    if any(score for score, _ in liked):
        # The sort is stable: of equal liking the more valuable comes first, then the tie's hash.
        ranked = [candidate for _, candidate in sorted(liked, key=lambda pair: -pair[0])]
        return _settled(inside, ranked, best, Because.INTEREST)
    ranked = sorted(
        inside, key=lambda c: (c.skill != best.skill, c.entry.context is not None, disliked(case, c.entry.context))
    )
    return _settled(inside, ranked, best, _why_neutral(case, ranked[0]))


def least_known(case: Case, inside: list[Candidate]) -> Candidate | None:
    """Return the best candidate in the context of which least is known; None where nothing is known of any."""
    contexts = sorted({c.entry.context for c in inside if c.entry.context is not None})
    if not case.inputs.interests or not contexts:
        return None
    student, key = case.inputs.student, case.rules.tie_key

    def known(context: str) -> tuple[int, int]:
        return case.inputs.interests.get(context, (0, 0))[1], mix(key, student, text_key(context))

    wanted = min(contexts, key=known)
    return next(c for c in inside if c.entry.context == wanted)


def _settled(inside: list[Candidate], ranked: list[Candidate], best: Candidate, because: Because) -> Pick:
    chosen = ranked[0]
    others = ranked[1:] or [c for c in inside if c.entry.id != chosen.entry.id]
    runner_up = others[0] if others else None
    price = (best.value - chosen.value) * SCALE // best.value
    return Pick(chosen, because, best, price, runner_up, _lost(chosen, runner_up, because))


def _lost(chosen: Candidate, runner_up: Candidate | None, because: Because) -> str:
    if runner_up is None:
        return ""
    if because in {Because.INTEREST, Because.EXPLORE} and runner_up.entry.context != chosen.entry.context:
        return because.value
    return "value" if runner_up.value < chosen.value else "tie" if runner_up.value == chosen.value else because.value


def _why_neutral(case: Case, chosen: Candidate) -> Because:
    if chosen.entry.context is not None:
        return Because.FALLBACK
    if case.inputs.switched_off:
        return Because.SWITCHED_OFF
    if not case.inputs.interests:
        return Because.NOT_ASKED
    if any(liking(case, topic) for topic in case.inputs.interests):
        return Because.NOT_SERVED
    return Because.UNSURE
