"""How much a context is liked: interest x confidence x depth, and nothing where that is weak or unsure."""

from __future__ import annotations

from learning.selection.case import Case
from learning.selection.catalogue import Depth
from learning.selection.fixed import SCALE


def liking(case: Case, context: str | None, depth: str = Depth.STRUCTURAL.value) -> int:
    """Return interest x confidence x depth of a context that surely interests, above 0; else 0."""
    return case.likings.get((context, depth), 0)


def disliked(case: Case, context: str | None) -> bool:
    """Whether a context is surely not liked."""
    if context is None or context not in case.inputs.interests:
        return False
    value, confidence = case.inputs.interests[context]
    return value < SCALE // 2 and confidence >= case.rules.confidence_floor


def leaning(case: Case, context: str | None) -> int:
    """Return how far what is known of a context, sure or not, speaks for it: below 0 against, 0 where nothing is."""
    value, confidence = case.inputs.interests.get(context or "", (0, 0))
    return (value - SCALE // 2) * confidence


def known(case: Case, context: str) -> int:
    """Return how sure the interest in a context is: what exploring looks for the least of."""
    return case.inputs.interests.get(context, (0, 0))[1]
