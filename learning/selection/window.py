"""The interest window: among candidates within the tolerance of the best, interest chooses; its price is known."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from learning.selection.candidates import Candidate, Search
from learning.selection.case import Case
from learning.selection.fixed import SCALE, mix, text_key
from learning.selection.liking import disliked, known, liking


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


def window(case: Case, pool: list[Candidate]) -> list[Candidate]:
    """Return the candidates within the tolerance of the best; the pool is sorted, best first."""
    return [candidate for candidate in pool if _within(case, pool[0], candidate)]


def _within(case: Case, best: Candidate, candidate: Candidate) -> bool:
    return candidate.value * SCALE >= best.value * (SCALE - case.rules.tolerance)


def pick(case: Case, search: Search, pool: list[Candidate], *, explore: bool = False) -> Pick:
    """Return the choice from a pool that is not empty."""
    best = pool[0]
    if case.rules.tolerance == 0:
        return _settled(pool, pool, best, Because.SKILL_ONLY)
    inside = window(case, pool)
    if explore and (tried := least_known(case, search, inside)):
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


def least_known(case: Case, search: Search, pool: list[Candidate]) -> Candidate | None:
    """Return the best candidate within the tolerance in the context of which least is known.

    None where nothing is known of any context: then the menu finds out.
    """
    if not case.inputs.interests:
        return None
    student, key = case.inputs.student, case.rules.tie_key
    contexts = {
        kind[0]
        for skill in {candidate.skill for candidate in pool}
        for group, _ in search.groups(skill)
        for kind in group.kinds
        if kind[0] is not None
    }
    for context in sorted(contexts, key=lambda c: (known(case, c), mix(key, student, text_key(c)))):
        tried = [c for c in search.in_context(context, pool) if _within(case, pool[0], c)]
        if tried:
            return tried[0]
    return None


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
