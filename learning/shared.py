"""The terms that all students share, and what they learn from one response."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import cast

from learning.constants import Constants
from learning.snapshot import Effects, Gaussian, Snapshot
from learning.state import Response, SkillMemory

HALF = 0.5

Term = tuple[int, SkillMemory | None, float, float, Gaussian, Effects, float]
"""One skill of an item: its id, the memory of it, offset and variance after forgetting, its difficulty, its effects,
and the last outcome on it from -0.5 (wrong) to 0.5 (right), 0 where there was none.

Plain tuples here and below: named ones would cost the inner loop a tenth.
"""

Seen = tuple[float, float, float, float, list[Term]]
"""What `step` made of a response: the logit of the outcome that was expected before; the surprise, in logits to be
multiplied by each component's variance; the information, in 1 / logits squared, 0 where nothing was learned; the side
(see `recall`); the terms.
"""


class Shared:
    """The terms that all students share; the dictionaries are the snapshot's, only `learn_shared` writes to them."""

    __slots__ = (
        "bias",
        "bias_variance",
        "blocked",
        "blocked_variance",
        "effects",
        "items",
        "recent",
        "recent_variance",
        "skills",
    )

    def __init__(self, snapshot: Snapshot) -> None:
        self.bias, self.bias_variance = snapshot.bias
        self.blocked, self.blocked_variance = snapshot.blocked
        self.recent, self.recent_variance = snapshot.recent
        self.skills = cast("MutableMapping[int, Gaussian]", snapshot.skills)
        self.items = cast("MutableMapping[int, Gaussian]", snapshot.items)
        self.effects = cast("MutableMapping[int, Effects]", snapshot.effects)

    def snapshot(self, *, version: int) -> Snapshot:
        """Return the terms as they stand, apart from what is learned after."""
        return Snapshot(
            version,
            (self.bias, self.bias_variance),
            dict(self.skills),
            dict(self.items),
            (self.blocked, self.blocked_variance),
            (self.recent, self.recent_variance),
            dict(self.effects),
        )


def narrowed(variance: float, information: float) -> float:
    """Return a variance after evidence: `v - v^2 i`, and where that falls below half, a curve that never reaches 0."""
    seen = variance * information
    return variance * (1.0 - seen) if seen < HALF else 0.25 * variance / seen


def learn_shared(shared: Shared, response: Response, seen: Seen, known: Constants) -> None:
    """Let bias, difficulties, effects and the item's deviation take in a response, as `step` saw it."""
    _, surprise, information, side, terms = seen
    variance = shared.bias_variance
    shared.bias += variance * surprise
    shared.bias_variance = narrowed(variance, information)
    if terms:
        _learn_skills(shared, surprise, information, side, terms)
    if response.item is not None:
        mean, variance = shared.items.get(response.item) or known.item
        shared.items[response.item] = (mean - variance * surprise, narrowed(variance, information))


def _learn_skills(shared: Shared, surprise: float, information: float, side: float, terms: list[Term]) -> None:
    part = 1.0 / len(terms)
    told = part * part * information
    sided = side * side * told
    skills, all_effects = shared.skills, shared.effects
    lately = 0.0
    for skill, _, _, _, (mean, variance), (block, block_variance, last, last_variance), recent in terms:
        skills[skill] = (mean - part * variance * surprise, narrowed(variance, told))
        all_effects[skill] = (
            block + side * part * block_variance * surprise,
            block_variance / (1.0 + block_variance * sided),
            last + recent * part * last_variance * surprise,
            last_variance / (1.0 + last_variance * recent * recent * told),
        )
        lately += part * recent
    variance = shared.blocked_variance
    shared.blocked += side * variance * surprise
    shared.blocked_variance = variance / (1.0 + variance * side * side * information)
    variance = shared.recent_variance
    shared.recent += lately * variance * surprise
    shared.recent_variance = variance / (1.0 + variance * lately * lately * information)
