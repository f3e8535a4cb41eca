"""The menu: the default and up to three alternates of the same skill, equally hard, each in another context."""

from __future__ import annotations

from learning.selection.candidates import Candidate, Search
from learning.selection.case import Case
from learning.selection.fixed import mix
from learning.selection.liking import disliked, liking


def menu(case: Case, search: Search, chosen: Candidate) -> list[Candidate]:
    """Return the menu, the chosen default first; alternates come in the order of interest, then of a hash."""
    taken = {chosen.entry.context}
    found = [chosen]
    for candidate in sorted(search.like(chosen), key=lambda c: _order(case, c)):
        if len(found) > case.rules.alternates:
            break
        if candidate.entry.context not in taken:
            taken.add(candidate.entry.context)
            found.append(candidate)
    return found


def _order(case: Case, candidate: Candidate) -> tuple[int, bool, int]:
    """Liked contexts first; with the dial at 0 interest orders nothing."""
    entry = candidate.entry
    tie = mix(case.rules.tie_key, case.inputs.student, entry.id)
    if case.rules.tolerance == 0:
        return 0, False, tie
    return -liking(case, entry.context, entry.depth), disliked(case, entry.context), tie
