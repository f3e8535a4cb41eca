"""The terms that all students share, and what they learn from one response."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import cast

from learning.mastery.constants import Constants
from learning.mastery.snapshot import ItemTerms, SkillTerms, Snapshot
from learning.mastery.state import Response, SkillMemory

HALF = 0.5
MIN_SLOPE = 0.3
"""No item or skill turns a stronger student into a weaker one: slopes stop here."""

SkillTerm = tuple[int, SkillMemory | None, float, float, SkillTerms]
"""One skill of an item: its id, the memory of it, offset and variance after forgetting, and its shared terms.

Plain tuples here and below: named ones would cost the inner loop a fifth.
"""


Forecast = tuple[list[SkillTerm], float, float, float, float, float, float]
"""What is expected before a response, from ability, form and skills; the item itself comes in later.

The skills' terms; how much each skill counts; the slope on general ability; the student's logit on these skills
(ability, form and offsets, without bias and difficulty), mean and variance; the difficulty, mean and variance.
"""

Update = tuple[float, float, float, float, float, Forecast, float, float]
"""What a response changed, as the head and the shared terms read it.

Mean and variance of the logit that was expected; the mean flattened by the variance, the sigmoid of which is the
expected outcome; the surprise, in logits to be multiplied by each component's variance; the information, in 1 / logits
squared, 0 where nothing was learned; the forecast; the item's slope; general ability before the response.
"""


class Shared:
    """The terms that all students share; the dictionaries are the snapshot's, only `learn_shared` writes to them."""

    __slots__ = ("bias", "bias_variance", "items", "skills")

    def __init__(self, snapshot: Snapshot) -> None:
        self.bias, self.bias_variance = snapshot.bias
        self.skills = cast("MutableMapping[int, SkillTerms]", snapshot.skills)
        self.items = cast("MutableMapping[int, ItemTerms]", snapshot.items)

    def snapshot(self, *, version: int, variance_factor: float | None = None) -> Snapshot:
        """Return the terms as they stand, apart from what is learned after."""
        bias = (self.bias, self.bias_variance)
        return Snapshot(version, bias, dict(self.skills), dict(self.items), variance_factor)


def posterior_variance(variance: float, information: float) -> float:
    """Return a variance after evidence: `v - v^2 i`, and where that falls below half, a curve that never reaches 0."""
    seen = variance * information
    return variance * (1.0 - seen) if seen < HALF else 0.25 * variance / seen


def slope_of(relative: float) -> float:
    """Return a slope from its deviation from 1."""
    slope = 1.0 + relative
    return max(MIN_SLOPE, slope)


def learn_shared(shared: Shared, response: Response, update: Update, constants: Constants) -> None:
    """Let bias, difficulties, deviations and slopes take in a response, as the filter saw it."""
    _, _, _, surprise, information, forecast, item_slope, ability = update
    variance = shared.bias_variance
    shared.bias += variance * surprise
    shared.bias_variance = posterior_variance(variance, information)
    terms = forecast[0]
    if terms:
        _learn_skills(shared.skills, terms, forecast[1], item_slope, ability, surprise, information)
    if response.item is not None:
        items, level = shared.items, forecast[3]
        deviation, variance, slope, slope_variance = items.get(response.item) or constants.item_terms
        items[response.item] = (
            deviation - variance * surprise,
            posterior_variance(variance, information),
            slope + level * slope_variance * surprise,
            slope_variance / (1.0 + slope_variance * level * level * information),
        )


def _learn_skills(
    skills: MutableMapping[int, SkillTerms],
    terms: list[SkillTerm],
    share: float,
    item_slope: float,
    ability: float,
    surprise: float,
    information: float,
) -> None:
    part = 1.0 / len(terms)
    difficulty_information = part * part * information
    by_ability = item_slope * ability * part
    by_share = item_slope * share
    for skill, _, before, _, (difficulty, variance, slope, slope_variance, ability_slope, ability_variance) in terms:
        by_offset = by_share * before
        skills[skill] = (
            difficulty - part * variance * surprise,
            posterior_variance(variance, difficulty_information),
            slope + by_offset * slope_variance * surprise,
            slope_variance / (1.0 + slope_variance * by_offset * by_offset * information),
            ability_slope + by_ability * ability_variance * surprise,
            ability_variance / (1.0 + ability_variance * by_ability * by_ability * information),
        )
