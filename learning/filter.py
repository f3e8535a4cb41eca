"""One response through the filter: forget, predict, update, learn. The mathematics stands in `learning.mastery`.

Everything that writes a state runs through `step`, one scalar path in double precision, so that two ways of getting to
a state agree to the byte.
"""

# ruff: noqa: FURB136 - a call of min or max costs as much as three multiplications of the inner loop
from __future__ import annotations

import struct
from math import copysign, exp, log, sqrt

from learning.constants import PROBIT, Constants, share_of
from learning.retention import next_stability
from learning.shared import HALF, Seen, Shared, Term, narrowed
from learning.snapshot import Gaussian
from learning.state import ITEMS_KEPT, LAST_STEPS, LearnerState, Response, SkillMemory

MOST_LOGITS = 30.0
"""Means are kept within this, so that no exponential overflows; nothing real comes near it."""

_PAIR = struct.Struct("<2f")
_pack, _unpack = _PAIR.pack, _PAIR.unpack
_memory = tuple.__new__


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
        if not right or now != at or stability <= 0.0:
            stability = next_stability(stability, right, now - at, known.stability_days)
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
                stability,
                last,
            ),
        )
