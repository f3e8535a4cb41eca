"""What the next response is expected to be: effects of the moment, learned online behind the filter.

The filter holds what is known of a student's skills. The next response also depends on the moment: practice of one
skill in a row, the last few outcomes, an item that was met before. Such effects say nothing about mastery, and inside
the filter they make beliefs worse. This head stands behind it: with the filter's `mu` and `V`, effects of value f_j,
weight W_j and variance Q_j::

    mu' = mu + sum(f_j W_j)      V' = V + sum(f_j^2 Q_j)      p' = sigmoid(kappa' mu')
    e' = kappa' (y - p')         h' = kappa'^2 p' (1 - p')
    W_j += f_j Q_j e'            Q_j /= 1 + Q_j f_j^2 h'

Behind it the calibration curve (`learning.mastery.calibration`) bends what is left. Neither touches a state, a snapshot
or a belief; all weights start at 0 in each pass.

Source: assumed-density filtering (Minka 2001) on the streaming features of knowledge tracing by logistic regression
(Gervet et al. 2020, "When is deep learning the best approach to knowledge tracing?").
"""

from __future__ import annotations

from math import copysign, exp, log, sqrt

from learning.mastery.calibration import Calibration
from learning.mastery.constants import PROBIT
from learning.mastery.shared_parameters import HALF
from learning.mastery.state import Response

Key = tuple[int, int, int]
"""Which effect, and up to two ids that it is about."""

LAST_FIVE, LAST_THREE, GAP, FIRST_TIME, FIRST_ON_SKILL = 0, 1, 2, 3, 4
BLOCKED, BLOCKED_ON_SKILL, RECENT, RECENT_ON_SKILL, SKILL_AFTER = 5, 6, 7, 8, 9
ITEM_MET, ITEM_OUTCOME, ITEM_TIMES, PREVIOUS, PREVIOUS_ON_ITEM, ITEM_AFTER = 10, 11, 12, 13, 14, 15

PRIOR_VARIANCES = (
    0.02,  # the last five outcomes, as a pattern
    0.05,  # the last three outcomes on the skill, as a pattern
    0.05,  # how many responses ago the skill was practised, in bins
    0.3,  # the first time on a skill
    0.1,  # what each skill adds to it
    0.05,  # the last response was on the same skills
    0.05,  # what each skill adds to it
    0.05,  # the last outcome on the skill
    0.05,  # what each skill adds to it
    0.1,  # the first skill of the last response, then the first skill of this one
    0.2,  # the item was met before
    0.1,  # its last outcome
    0.1,  # the logarithm of how often
    0.05,  # the last outcome on whatever item
    0.1,  # what each item adds to it
    0.2,  # the last item, then this one
)
"""By effect, in squared logits; set by hand, and changing them threefold moves AUC by less than .001."""

ITEM_PAIRS = 1 << 18
"""Pairs of items share this many weights, so that a pass over a large log needs no more memory for them."""
GAP_BINS = 15
MAX_LOGIT = 30.0
FIVE, THREE = 1 << 5, 1 << 3


class SkillTrail:
    """What the head remembers of a student on one skill."""

    __slots__ = ("last_outcome", "pattern", "seen")

    def __init__(self) -> None:
        self.pattern = 1
        self.last_outcome = 0.0
        self.seen = 0


class ItemTrail:
    """What the head remembers of a student on one item."""

    __slots__ = ("last_outcome", "times")

    def __init__(self) -> None:
        self.last_outcome = 0.0
        self.times = 0


class Trail:
    """What the head remembers of a student; it lives for one pass and is stored nowhere."""

    __slots__ = ("items", "last_item", "last_outcome", "last_skill", "pattern", "responses", "skills")

    def __init__(self) -> None:
        self.skills: dict[int, SkillTrail] = {}
        self.items: dict[int, ItemTrail] = {}
        self.pattern = 1
        self.responses = 0
        self.last_skill: int | None = None
        self.last_item: int | None = None
        self.last_outcome = 0.0

    def add(self, response: Response, outcome: float) -> None:
        """Remember a response."""
        self.responses += 1
        right = 1 if outcome >= HALF else 0
        self.pattern = shifted(self.pattern, right, FIVE)
        for skill in response.skills:
            on_skill = self.skills.get(skill)
            if on_skill is None:
                on_skill = self.skills[skill] = SkillTrail()
            on_skill.pattern = shifted(on_skill.pattern, right, THREE)
            on_skill.last_outcome = outcome
            on_skill.seen = self.responses
        item = response.item
        if item is not None:
            on_item = self.items.get(item)
            if on_item is None:
                on_item = self.items[item] = ItemTrail()
            on_item.times += 1
            on_item.last_outcome = outcome
        self.last_skill = response.skills[0] if response.skills else None
        self.last_item = item
        self.last_outcome = outcome


def shifted(pattern: int, bit: int, length: int) -> int:
    """Return a pattern of outcomes with one more at its end; a leading 1 says how many there are."""
    pattern = pattern << 1 | bit
    return pattern if pattern < 2 * length else length | (pattern & (length - 1))


class NextResponseHead:
    """The head while it learns, and the calibration curve behind it."""

    __slots__ = ("_curve", "_trail", "_weights")

    def __init__(self) -> None:
        self._weights: dict[Key, tuple[float, float]] = {}
        self._curve = Calibration()
        self._trail = Trail()

    def start_student(self) -> None:
        """Forget the student before."""
        self._trail = Trail()

    def expect(self, response: Response, mean: float, variance: float) -> float:
        """Return the outcome to expect, in (0, 1), then take in the outcome.

        `mean` and `variance` are of the logit that the filter expected.

        An outcome that is unknown or weak evidence is expected like any other and teaches nothing.
        """
        trail, weights = self._trail, self._weights
        effects = effects_of(trail, response)
        learned: list[tuple[float, float]] = []
        for key, value in effects:
            weight = weights.get(key)
            if weight is None:
                weight = (0.0, PRIOR_VARIANCES[key[0]])
            learned.append(weight)
            mean += value * weight[0]
            variance += value * value * weight[1]
        slope = 1.0 / sqrt(1.0 + PROBIT * variance)
        logit = slope * mean
        if not -MAX_LOGIT < logit < MAX_LOGIT:
            logit = copysign(MAX_LOGIT, logit)
        outcome = response.outcome
        if outcome is None or response.weight < 1.0:
            return self._curve.follow(logit, None)
        expected = 1.0 / (1.0 + exp(-logit))
        surprise = slope * (outcome - expected)
        information = slope * slope * expected * (1.0 - expected)
        for (key, value), (weight_mean, weight_variance) in zip(effects, learned, strict=True):
            weights[key] = (
                weight_mean + value * weight_variance * surprise,
                weight_variance / (1.0 + weight_variance * value * value * information),
            )
        trail.add(response, outcome)
        return self._curve.follow(logit, outcome)


def effects_of(trail: Trail, response: Response) -> list[tuple[Key, float]]:
    """Return the effects that a response has after `trail`, each with its value."""
    effects: list[tuple[Key, float]] = [((LAST_FIVE, trail.pattern, 0), 1.0)]
    if response.skills:
        _add_skill_effects(effects, trail, response.skills)
    if trail.responses:
        effects.append(((PREVIOUS, 0, 0), trail.last_outcome - HALF))
    item = response.item
    if item is not None:
        _add_item_effects(effects, trail, item)
    return effects


def _add_skill_effects(effects: list[tuple[Key, float]], trail: Trail, skills: tuple[int, ...]) -> None:
    part = 1.0 / len(skills)
    seen = trail.responses
    blocked = HALF if seen else 0.0
    recent, first = 0.0, 0.0
    for skill in skills:
        on_skill = trail.skills.get(skill)
        if on_skill is None:
            effects.append(((LAST_THREE, 1, 0), part))
            effects.append(((FIRST_ON_SKILL, skill, 0), part))
            first += part
            blocked = -HALF if seen else 0.0
            continue
        gap = seen - on_skill.seen
        if gap > 0:
            blocked = -HALF
        effects.append(((LAST_THREE, on_skill.pattern, 0), part))
        effects.append(((GAP, min(GAP_BINS, int(2.0 * log(1.0 + gap))), 0), part))
        effects.append(((RECENT_ON_SKILL, skill, 0), part * (on_skill.last_outcome - HALF)))
        recent += part * (on_skill.last_outcome - HALF)
    if first > 0.0:
        effects.append(((FIRST_TIME, 0, 0), first))
    if seen:
        effects.append(((BLOCKED, 0, 0), blocked))
        effects.extend([((BLOCKED_ON_SKILL, skill, 0), part * blocked) for skill in skills])
        effects.append(((RECENT, 0, 0), recent))
    if trail.last_skill is not None:
        effects.append(((SKILL_AFTER, trail.last_skill, skills[0]), 1.0))


def _add_item_effects(effects: list[tuple[Key, float]], trail: Trail, item: int) -> None:
    on_item = trail.items.get(item)
    if on_item is not None:
        effects.append(((ITEM_MET, 0, 0), 1.0))
        effects.append(((ITEM_OUTCOME, 0, 0), on_item.last_outcome - HALF))
        effects.append(((ITEM_TIMES, 0, 0), log(on_item.times)))
    if trail.responses:
        effects.append(((PREVIOUS_ON_ITEM, item, 0), trail.last_outcome - HALF))
    if trail.last_item is not None:
        effects.append(((ITEM_AFTER, (trail.last_item * 1_000_003 + item) % ITEM_PAIRS, 0), 1.0))
