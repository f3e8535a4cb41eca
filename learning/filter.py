"""One response through the filter: forget, predict, update, learn. The mathematics stands in `learning.mastery`.

Everything that writes a state runs through `step`, one scalar path in double precision, so that two ways of getting to
a state agree to the byte.
"""

from __future__ import annotations

import struct
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import copysign, exp, log, pi, sqrt

from learning.parameters import Parameters
from learning.retention import DAY, next_stability
from learning.snapshot import Gaussian
from learning.state import ITEMS_KEPT, LearnerState, Response, SkillMemory

PROBIT = pi / 8.0
"""A logistic of slope 1 seen through a Gaussian of variance V has slope 1 / sqrt(1 + pi V / 8) (MacKay 1992)."""
HALF = 0.5
MOST_LOGITS = 30.0
"""Means are kept within this, so that no exponential overflows; nothing real comes near it."""

_PAIR = struct.Struct("<2f")
_pack, _unpack = _PAIR.pack, _PAIR.unpack


@dataclass(frozen=True, slots=True)
class Constants:
    """The parameters on their natural scale: variances in squared logits, one lookup away in the inner loop."""

    ability: float
    skill: float
    skill_most: float
    """A skill practised long ago is at most twice as uncertain as one never practised."""
    form: float
    form_kept: float
    form_renewed: float
    item_memory: float
    item: Gaussian
    difficulty: Gaussian
    gain_right: float
    gain_wrong: float
    gain_first: float
    gain_fading: float
    practice: float
    gap: float
    time: float
    decay: float
    ability_drift: float
    shares: tuple[float, ...]
    absence_seconds: float
    absence_variance: float
    stability_days: float
    noise: float
    """What a single response's logit varies by around its skill's: item, memory of it, form."""


@lru_cache(maxsize=256)
def constants(parameters: Parameters) -> Constants:
    """Return the parameters on their natural scale."""
    p = parameters
    form = exp(p.log_form)
    return Constants(
        ability=exp(p.log_ability),
        skill=exp(p.log_skill),
        skill_most=2.0 * exp(p.log_skill),
        form=form,
        form_kept=p.form_kept,
        form_renewed=form * (1.0 - p.form_kept * p.form_kept),
        item_memory=exp(p.log_item_memory),
        item=(0.0, exp(p.log_item)),
        difficulty=(0.0, p.difficulty_variance),
        gain_right=p.gain_right,
        gain_wrong=p.gain_wrong,
        gain_first=p.gain_first,
        gain_fading=p.gain_fading,
        practice=exp(p.log_practice),
        gap=exp(p.log_gap),
        time=exp(p.log_time),
        decay=1.0 / (1.0 + exp(-p.logit_decay)),
        ability_drift=exp(p.log_ability_drift),
        shares=(0.0, *(1.0 / count**p.sharing for count in range(1, 65))),
        absence_seconds=p.long_absence_days * DAY,
        absence_variance=p.long_absence_variance,
        stability_days=p.stability_days,
        noise=exp(p.log_item) + exp(p.log_item_memory) + form,
    )


class Shared:
    """The terms that all students share; the dictionaries are the caller's, and only `learn_shared` writes to them."""

    __slots__ = ("bias", "bias_variance", "items", "skills")

    def __init__(
        self, bias: Gaussian, skills: MutableMapping[int, Gaussian], items: MutableMapping[int, Gaussian]
    ) -> None:
        self.bias, self.bias_variance = bias
        self.skills = skills
        self.items = items


class Learner:
    """A student's state while it changes: a working copy, whose memories are tuples that are replaced, never edited."""

    __slots__ = ("ability", "ability_variance", "form", "form_variance", "items", "responses", "skills")

    def __init__(self, state: LearnerState, known: Constants) -> None:
        self.responses = state.responses
        self.ability, self.ability_variance = state.ability if state.responses else (0.0, known.ability)
        self.form, self.form_variance = state.form if state.responses else (0.0, known.form)
        self.skills = dict(state.skills)
        self.items = dict(state.items)

    def state(self) -> LearnerState:
        """Return the state as it stands; this learner must not change after."""
        if not self.responses:
            return LearnerState.new()
        return LearnerState(
            self.responses,
            (self.ability, self.ability_variance),
            (self.form, self.form_variance),
            self.skills,
            self.items,
        )


def forgotten(memory: SkillMemory, gap: int, elapsed: float, known: Constants) -> Gaussian:
    """Return a skill's offset and variance, `gap` other responses and `elapsed` seconds after its practice."""
    offset, variance = memory[0], memory[1]
    if gap > 0:
        passed = log(1.0 + gap)
        offset *= exp(-known.decay * passed)
        variance += known.gap * passed
    if elapsed > 0.0:
        variance += known.time * log(1.0 + elapsed / 600.0)
        if elapsed > known.absence_seconds:
            variance += known.absence_variance
    return offset, min(known.skill_most, variance)


Term = tuple[int, SkillMemory | None, float, float, Gaussian]
"""One skill of an item: its id, the memory of it, its offset and variance after forgetting, its difficulty."""


def share_of(count: int, known: Constants) -> float:
    """Return how much each of `count` skills in one item counts."""
    shares = known.shares
    return shares[count] if count < len(shares) else shares[-1] * (len(shares) - 1) / count


def step(learner: Learner, response: Response, shared: Shared, known: Constants) -> tuple[float, float, float]:
    """Predict `response`, then let the learner take it in.

    Returns the expected outcome in (0, 1), and what `learn_shared` needs to let the shared terms take it in too: the
    surprise, in logits to be multiplied by each component's variance, and the information, in 1 / logits squared.
    """
    item = response.item
    terms, share, mean, variance = recall(learner, response, shared, known)
    if item is None:
        memory, deviation = known.item, known.item  # nobody's: an unknown item leaves no memory
        variance += known.item_memory + deviation[1]
    else:
        memory = learner.items.get(item) or (0.0, known.item_memory)
        deviation = shared.items.get(item) or known.item
        mean += memory[0] - deviation[0]
        variance += memory[1] + deviation[1]
    slope = 1.0 / sqrt(1.0 + PROBIT * variance)
    logit = slope * mean
    expected = 1.0 / (1.0 + exp(-logit if -MOST_LOGITS < logit < MOST_LOGITS else -copysign(MOST_LOGITS, logit)))
    outcome, weight = response.outcome, response.weight
    if outcome is None or weight == 0.0:
        return expected, 0.0, 0.0
    surprise = slope * (outcome - expected)
    information = slope * slope * expected * (1.0 - expected)
    if weight != 1.0:
        scale = (
            weight
            if weight < 1.0
            else weight * (1.0 + information * variance) / (1.0 + weight * information * variance)
        )
        surprise *= scale
        information *= scale
    _take_in(learner, surprise, information, known)
    if item is not None:
        _remember_item(learner, item, memory, surprise, information)
    _practise(learner, response, terms, share, surprise, information, known)
    return expected, surprise, information


def recall(
    learner: Learner, response: Response, shared: Shared, known: Constants
) -> tuple[Sequence[Term], float, float, float]:
    """Return the skills' terms as they stand now, their share, and the logit's mean and variance without the item."""
    skills = response.skills
    count = len(skills)
    mean = shared.bias + learner.ability + learner.form
    variance = shared.bias_variance + learner.ability_variance + learner.form_variance
    if not count:
        return (), 0.0, mean, variance + known.skill + known.difficulty[1]
    share = known.shares[count] if count < len(known.shares) else share_of(count, known)
    part = 1.0 / count
    now, seen = response.at, learner.responses
    memories, difficulties = learner.skills, shared.skills
    terms: list[Term] = []
    for skill in skills:
        memory = memories.get(skill)
        difficulty = difficulties.get(skill) or known.difficulty
        if memory is None:
            offset, own = 0.0, known.skill
        else:
            offset, own = memory[0], memory[1]
            if seen > memory[4] or now > memory[5]:
                offset, own = forgotten(memory, seen - memory[4], now - memory[5], known)
        terms.append((skill, memory, offset, own, difficulty))
        mean += share * offset - part * difficulty[0]
        variance += share * share * own + part * part * difficulty[1]
    return terms, share, mean, variance


def narrowed(variance: float, information: float) -> float:
    """Return a variance after evidence: `v - v^2 i`, and where that falls below half, a curve that never reaches 0."""
    seen = variance * information
    return variance * (1.0 - seen) if seen < HALF else 0.25 * variance / seen


def _take_in(learner: Learner, surprise: float, information: float, known: Constants) -> None:
    """Update ability and form, and let form fade."""
    variance = learner.ability_variance
    learner.ability += variance * surprise
    learner.ability_variance = min(known.ability, narrowed(variance, information) + known.ability_drift)
    variance = learner.form_variance
    kept = known.form_kept
    learner.form = kept * (learner.form + variance * surprise)
    learner.form_variance = kept * kept * narrowed(variance, information) + known.form_renewed
    learner.responses += 1


def _remember_item(learner: Learner, item: int, memory: Gaussian, surprise: float, information: float) -> None:
    """Update the memory of an item, put it last, and drop the first where there are too many."""
    items = learner.items
    items.pop(item, None)
    variance = memory[1]
    items[item] = _unpack(_pack(memory[0] + variance * surprise, narrowed(variance, information)))
    if len(items) > ITEMS_KEPT:
        del items[next(iter(items))]


def _practise(
    learner: Learner,
    response: Response,
    terms: Sequence[Term],
    share: float,
    surprise: float,
    information: float,
    known: Constants,
) -> None:
    """Update each skill, and let the practice teach it."""
    now, weight, outcome = response.at, response.weight, response.outcome or 0.0
    practice = min(1.0, weight)
    gain = practice * (outcome * known.gain_right + (1.0 - outcome) * known.gain_wrong)
    right = outcome >= HALF
    seen = learner.responses
    for skill, memory, before, variance, _ in terms:
        if memory is None:
            evidence, practices, at, stability, learned = 0.0, 0, now, 0.0, gain + known.gain_first * practice
        else:
            _, _, evidence, practices, _, at, stability = memory
            learned = gain / (1.0 + known.gain_fading * evidence)
        learner.skills[skill] = SkillMemory(
            before + share * variance * surprise + learned,
            min(known.skill_most, narrowed(variance, share * share * information) + known.practice * practice),
            evidence + weight,
            practices + 1,
            seen,
            max(now, at),
            next_stability(stability, right, now - at, known.stability_days),
        )


def learn_shared(shared: Shared, response: Response, surprise: float, information: float, known: Constants) -> None:
    """Let bias, difficulties and the item's deviation take in a response, with what `step` returned of it."""
    variance = shared.bias_variance
    shared.bias += variance * surprise
    shared.bias_variance = narrowed(variance, information)
    skills = shared.skills
    if response.skills:
        part = 1.0 / len(response.skills)
        for skill in response.skills:
            mean, variance = skills.get(skill) or known.difficulty
            skills[skill] = (mean - part * variance * surprise, narrowed(variance, part * part * information))
    if response.item is not None:
        mean, variance = shared.items.get(response.item) or known.item
        shared.items[response.item] = (mean - variance * surprise, narrowed(variance, information))
