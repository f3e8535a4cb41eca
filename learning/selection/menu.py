"""The menu: the default and up to three alternates of the same skill, equally hard, each in another context."""

from __future__ import annotations

from learning.selection.candidates import Candidate, Search
from learning.selection.case import Case
from learning.selection.liking import disliked, liking
from learning.selection.shelves import Kind


def menu(case: Case, search: Search, chosen: Candidate) -> list[Candidate]:
    """Return the menu, the chosen default first; alternates come in the order of interest, then of a hash."""
    taken = {chosen.entry.context}
    found = [chosen]
    if case.rules.alternates == 0:
        return found
    for candidate in search.like(chosen, lambda kind: _order(case, kind)):
        if candidate.entry.context not in taken:
            taken.add(candidate.entry.context)
            found.append(candidate)
            if len(found) > case.rules.alternates:
                break
    return found


def _order(case: Case, kind: Kind) -> tuple[int, bool, int, str]:
    """Liked contexts first; with the dial at 0 interest orders nothing."""
    known = case.kinds_in_order.get(kind)
    if known is not None:
        return known
    context, depth = kind
    tie = case.context_tie(context)
    indifferent = case.rules.tolerance == 0
    order = (0, False) if indifferent else (-liking(case, context, depth), disliked(case, context))
    found = case.kinds_in_order[kind] = (*order, tie, depth)
    return found
