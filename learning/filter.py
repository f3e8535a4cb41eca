"""One response through the filter: forget, predict, update, learn. The mathematics stands in `learning.mastery`.

Everything that writes a state runs through `step`, one scalar path in double precision, so that two ways of getting to
a state agree to the byte.
"""

# ruff: noqa: FURB136 - a call of min or max costs as much as three multiplications of the inner loop
from __future__ import annotations

import struct
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from math import copysign, exp, log, pi, sqrt
from typing import cast

from learning.parameters import Parameters
from learning.retention import DAY, next_stability
from learning.snapshot import Effects, Gaussian, Snapshot
from learning.state import ITEMS_KEPT, LAST_STEPS, LearnerState, Response, SkillMemory

PROBIT = pi / 8.0
"""A logistic of slope 1 seen through a Gaussian of variance V has slope 1 / sqrt(1 + pi V / 8) (MacKay 1992)."""
HALF = 0.5
MOST_LOGITS = 30.0
"""Means are kept within this, so that no exponential overflows; nothing real comes near it."""

_PAIR = struct.Struct("<2f")
_pack, _unpack = _PAIR.pack, _PAIR.unpack
_memory = tuple.__new__


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
    effects: Effects
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
    flatness: float
    """By how much that noise flattens a logit."""


@lru_cache(maxsize=256)
def constants(parameters: Parameters) -> Constants:
    """Return the parameters on their natural scale."""
    p = parameters
    form = exp(p.log_form)
    noise = exp(p.log_item) + exp(p.log_item_memory) + form
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
        effects=(0.0, p.skill_effect_variance, 0.0, p.skill_effect_variance),
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
        noise=noise,
        flatness=1.0 / sqrt(1.0 + PROBIT * noise),
    )


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


def share_of(count: int, known: Constants) -> float:
    """Return how much each of `count` skills in one item counts."""
    shares = known.shares
    return shares[count] if count < len(shares) else shares[-1] * (len(shares) - 1) / count


def step(learner: Learner, response: Response, shared: Shared, known: Constants) -> Seen:
    """Predict `response`, then let the learner take it in; return what `learn_shared` needs."""
    item, outcome, weight = response.item, response.outcome, response.weight
    terms, share, side, mean, variance = recall(learner, response, shared, known)
    memory = deviation = known.item  # nobody's: an unknown item leaves no memory
    if item is None:
        variance += known.item_memory + deviation[1]
    else:
        memory = learner.items.get(item) or (0.0, known.item_memory)
        deviation = shared.items.get(item) or known.item
        mean += memory[0] - deviation[0]
        variance += memory[1] + deviation[1]
    slope = 1.0 / sqrt(1.0 + PROBIT * variance)
    logit = slope * mean
    if not -MOST_LOGITS < logit < MOST_LOGITS:
        logit = copysign(MOST_LOGITS, logit)
    if outcome is None or weight == 0.0:
        return logit, 0.0, 0.0, side, terms
    expected = 1.0 / (1.0 + exp(-logit))
    surprise = slope * (outcome - expected)
    information = slope * slope * expected * (1.0 - expected)
    if weight != 1.0:
        told = information * variance
        scale = weight if weight < 1.0 else weight * (1.0 + told) / (1.0 + weight * told)
        surprise *= scale
        information *= scale
    _take_in(learner, surprise, information, known)
    if item is not None:
        _remember_item(learner, item, memory, surprise, information)
    _practise(learner, response, terms, share, surprise, information, known)
    return logit, surprise, information, side, terms


def recall(
    learner: Learner, response: Response, shared: Shared, known: Constants
) -> tuple[list[Term], float, float, float, float]:
    """Return what is expected before the item itself comes in.

    That is: the skills' terms as they stand now; each one's share; the side, 0.5 where the last response was on the
    same skills and else -0.5, 0 where there was none; the logit's mean and variance.
    """
    skills = response.skills
    count = len(skills)
    mean = shared.bias + learner.ability + learner.form
    variance = shared.bias_variance + learner.ability_variance + learner.form_variance
    terms: list[Term] = []
    if not count:
        return terms, 0.0, 0.0, mean, variance + known.skill + known.difficulty[1]
    share = known.shares[count] if count < len(known.shares) else share_of(count, known)
    part = 1.0 / count
    now, seen = response.at, learner.responses
    memories, difficulties, effects = learner.skills, shared.skills, shared.effects
    side, lately, block, block_variance = (0.5 if seen else 0.0), 0.0, shared.blocked, 0.0
    for skill in skills:
        memory = memories.get(skill)
        difficulty = difficulties.get(skill) or known.difficulty
        effect = effects.get(skill) or known.effects
        if memory is None:
            offset, own, recent, side = 0.0, known.skill, 0.0, -0.5 if seen else 0.0
        else:
            offset, own, recent = memory[0], memory[1], memory[7] / LAST_STEPS - 0.5
            gap = seen - memory[4]
            if gap > 0:
                side = -0.5
            if gap > 0 or now > memory[5]:
                offset, own = forgotten(memory, gap, now - memory[5], known)
            mean += part * recent * (shared.recent + effect[2])
            variance += part * part * recent * recent * effect[3]
            lately += part * recent
        terms.append((skill, memory, offset, own, difficulty, effect, recent))
        mean += share * offset - part * difficulty[0]
        variance += share * share * own + part * part * difficulty[1]
        block += part * effect[0]
        block_variance += part * part * effect[1]
    mean += side * block
    variance += side * side * (shared.blocked_variance + block_variance) + lately * lately * shared.recent_variance
    return terms, share, side, mean, variance


def narrowed(variance: float, information: float) -> float:
    """Return a variance after evidence: `v - v^2 i`, and where that falls below half, a curve that never reaches 0."""
    seen = variance * information
    return variance * (1.0 - seen) if seen < HALF else 0.25 * variance / seen


def _take_in(learner: Learner, surprise: float, information: float, known: Constants) -> None:
    """Update ability and form, and let form fade."""
    variance = learner.ability_variance
    learner.ability += variance * surprise
    variance = narrowed(variance, information) + known.ability_drift
    learner.ability_variance = variance if variance < known.ability else known.ability
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
    terms: list[Term],
    share: float,
    surprise: float,
    information: float,
    known: Constants,
) -> None:
    """Update each skill, and let the practice teach it."""
    now, weight, outcome = response.at, response.weight, response.outcome or 0.0
    practice = weight if weight < 1.0 else 1.0
    gain = practice * (outcome * known.gain_right + (1.0 - outcome) * known.gain_wrong)
    right = outcome >= HALF
    last = int(outcome * LAST_STEPS + HALF)
    seen = learner.responses
    told = share * share * information
    doubt = known.practice * practice
    most = known.skill_most
    for skill, memory, before, variance, _, _, _ in terms:
        if memory is None:
            evidence, practices, at, stability, learned = 0.0, 0, now, 0.0, gain + known.gain_first * practice
        else:
            _, _, evidence, practices, _, at, stability, _ = memory
            learned = gain / (1.0 + known.gain_fading * evidence)
        after = narrowed(variance, told) + doubt
        learner.skills[skill] = _memory(
            SkillMemory,
            (
                before + share * variance * surprise + learned,
                after if after < most else most,
                evidence + weight,
                practices + 1,
                seen,
                now if now > at else at,
                next_stability(stability, right, now - at, known.stability_days),
                last,
            ),
        )


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
