"""The interest window: among candidates within the tolerance of the best, interest chooses; its price is known."""

from __future__ import annotations

from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from learning.selection.candidates import Candidate, Search
from learning.selection.case import Case
from learning.selection.fixed import SCALE
from learning.selection.liking import disliked, known, leaning
from learning.selection.shelves import NEUTRAL, Kind


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
    """Why not the runner-up: it is worth less (value), the hash decided (tie), or the reason of the choice."""


def pick(case: Case, search: Search, pool: list[Candidate], *, explore: bool = False) -> Pick:
    """Return the choice from a pool that is not empty: the best by skill alone, unless interest chooses beside it."""
    best = pool[0]
    if case.rules.tolerance == 0:
        return _settled(pool, best, Because.SKILL_ONLY)
    inside = window(case, best, pool)
    if explore and (tried := least_known(case, search, inside)):
        return _settled(tried, best, Because.EXPLORE)
    if liked := most_liked(case, search, inside):
        return _settled(liked, best, Because.INTEREST)
    plain = without_theme(case, search, inside)
    return _settled(plain, best, _why_neutral(case, plain[0]))


def window(case: Case, best: Candidate, candidates: list[Candidate]) -> list[Candidate]:
    """Return the candidates whose value is within the tolerance of the best."""
    least = best.value * (SCALE - case.rules.tolerance)
    return [candidate for candidate in candidates if candidate.value * SCALE >= least]


def most_liked(case: Case, search: Search, inside: list[Candidate]) -> list[Candidate]:
    """Return the candidates within the window with the highest interest x confidence x depth, the most valuable first.

    Kinds are asked for from the most liked down, so that nothing is looked up that could not win.
    """
    for _, kinds in groupby(case.likings, key=case.likings.__getitem__):
        found = [candidate for kind in kinds for candidate in search.of_kind(kind, inside)]
        if liked := window(case, inside[0], search.in_order(found)):
            return liked
    return []


def least_known(case: Case, search: Search, inside: list[Candidate]) -> list[Candidate]:
    """Return the candidates within the window in the context of which least is known, the most valuable first.

    What is surely disliked comes last: there is nothing to find out. None where nothing is known of any context: then
    the menu finds out.
    """
    if not case.inputs.interests:
        return []
    of_skills = {candidate.skill for candidate in inside}
    kinds = {kind for skill in of_skills for group, _ in search.groups(skill) for kind in group.kinds if kind[0]}
    by_context: dict[str, list[Kind]] = {}
    for context, depth in sorted(kinds, key=lambda kind: (kind[0] or "", kind[1])):
        by_context.setdefault(context or "", []).append((context, depth))
    for context in sorted(by_context, key=lambda c: (disliked(case, c), known(case, c), case.context_tie(c))):
        found = [candidate for kind in by_context[context] for candidate in search.of_kind(kind, inside)]
        if tried := window(case, inside[0], search.in_order(found)):
            return tried
    return []


def without_theme(case: Case, search: Search, inside: list[Candidate]) -> list[Candidate]:
    """Return what comes where no interest is clear: of the best skill what is neutral, or else what is least disliked.

    An interest that is too weak or unsure to choose by is still reason enough not to hand out what is liked less.
    """
    best = inside[0]
    of_skill = [candidate for candidate in inside if candidate.skill == best.skill]
    if neutral := window(case, best, search.of_kind(NEUTRAL, of_skill)):
        return neutral
    if not any(leaning(case, context) for context in case.inputs.interests):
        return inside
    kinds: dict[int, list[Kind]] = {}
    for kind in sorted({kind for group, _ in search.groups(best.skill) for kind in group.kinds}, key=repr):
        kinds.setdefault(leaning(case, kind[0]), []).append(kind)
    for _, alike in sorted(kinds.items(), reverse=True):
        found = [candidate for kind in alike for candidate in search.of_kind(kind, of_skill)]
        if leaned := window(case, best, search.in_order(found)):
            return leaned
    return inside


def _settled(ranked: list[Candidate], best: Candidate, because: Because) -> Pick:
    chosen = ranked[0]
    runner_up = ranked[1] if ranked[1:] else best if best.entry.id != chosen.entry.id else None
    price = (best.value - chosen.value) * SCALE // best.value
    return Pick(chosen, because, best, price, runner_up, _lost(chosen, runner_up, because))


def _lost(chosen: Candidate, runner_up: Candidate | None, because: Because) -> str:
    if runner_up is None:
        return ""
    if runner_up.value > chosen.value:
        return because.value
    return "tie" if runner_up.value == chosen.value else "value"


def _why_neutral(case: Case, chosen: Candidate) -> Because:
    if chosen.entry.context is not None:
        return Because.FALLBACK
    if case.inputs.switched_off:
        return Because.SWITCHED_OFF
    if not case.inputs.interests:
        return Because.NOT_ASKED
    if case.likings:
        return Because.NOT_SERVED
    return Because.UNSURE
