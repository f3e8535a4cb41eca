"""Where in a student's history a state is stored beside the newest one, so that a late fact needs no full fold.

A late fact makes the state be computed again from the last checkpoint before it. Most late facts are a little late and
some are from the beginning of the term, so checkpoints stand closer together towards the end: after a half, three
quarters and fifteen sixteenths of the facts. A fact drawn evenly from the whole history then costs two thirds of a fold
of everything, and one among the newest sixteenth a sixteenth.
"""

from __future__ import annotations

from collections.abc import Iterable

SIXTEENTHS = (8, 12, 15)
"""Where they stand, in sixteenths of the facts; as many as a student may have."""
FEWEST_FACTS = 32
"""A history shorter than this is folded from its beginning in no time."""


def checkpoint_places(existing: Iterable[int], facts: int) -> list[int]:
    """Return after how many of `facts` facts the checkpoints stand, in order, each at least 1.

    `existing` are those that hold; the state is folded on from the last of them, so that new ones can only stand
    behind it. Of both kinds the nearest to each wanted place is taken.
    """
    if facts < FEWEST_FACTS:
        return []
    there = sorted(existing)
    wanted = [facts * share // 16 for share in SIXTEENTHS]
    behind = there[-1] if there else 0
    candidates = [*there, *(place for place in wanted if place > behind)]
    return sorted({min(candidates, key=lambda place: abs(place - want)) for want in wanted})
