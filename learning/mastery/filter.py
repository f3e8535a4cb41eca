"""One response through the filter: forget, predict, update, learn. The mathematics stands in `learning.mastery.model`.

Everything that writes a state runs through `update`, one scalar path in double precision, so that two ways of getting
to a state agree to the byte.
"""

# ruff: noqa: FURB136 - a call of min or max costs as much as three multiplications of the inner loop
from __future__ import annotations

import struct
from math import copysign, exp, log, sqrt

from learning.mastery.constants import PROBIT, Constants, share_of
from learning.mastery.forgetting import next_stability
from learning.mastery.shared_parameters import (
    HALF,
    MIN_SLOPE,
    Forecast,
    Shared,
    SkillTerm,
    Update,
    posterior_variance,
)
from learning.mastery.snapshot import Gaussian
from learning.mastery.state import ITEMS_KEPT, LearnerState, Response, SkillMemory

MAX_LOGIT = 30.0
"""Means are kept within this, so that no exponential overflows; nothing real comes near it."""

_PAIR, _SINGLES = struct.Struct("<2f"), struct.Struct("<4f")
_pack_pair, _unpack_pair = _PAIR.pack, _PAIR.unpack
_pack_singles, _unpack_singles = _SINGLES.pack, _SINGLES.unpack
_new_tuple = tuple.__new__


class FilterState:
    """A student's state while it changes: a working copy, whose memories are tuples that are replaced, never edited."""

    __slots__ = ("ability", "ability_variance", "form", "form_variance", "items", "responses", "skills")

    def __init__(self, state: LearnerState, constants: Constants) -> None:
        self.responses = state.responses
        self.ability, self.ability_variance = state.ability if state.responses else (0.0, constants.ability)
        self.form, self.form_variance = state.form if state.responses else (0.0, constants.form)
        self.skills = dict(state.skills)
        self.items = dict(state.items)

    def freeze(self) -> LearnerState:
        """Return the state as it stands; this working copy must not change after."""
        if not self.responses:
            return LearnerState.new()
        return LearnerState(
            self.responses,
            (self.ability, self.ability_variance),
            (self.form, self.form_variance),
            self.skills,
            self.items,
        )


def decayed(memory: SkillMemory, gap: int, elapsed: float, constants: Constants) -> Gaussian:
    """Return a skill's offset and variance, `gap` other responses and `elapsed` seconds after its practice."""
    offset, variance = memory[0], memory[1]
    if gap > 0:
        passed = log(1.0 + gap)
        offset *= exp(-constants.decay * passed)
        variance += constants.gap * passed
    if elapsed > 0.0:
        variance += constants.time * log(1.0 + elapsed / 600.0)
        if elapsed > constants.absence_seconds:
            variance += constants.absence_variance
    most = constants.max_skill_variance
    return offset, variance if variance < most else most


def forecast_of(state: FilterState, response: Response, shared: Shared, constants: Constants) -> Forecast:
    """Return what is expected before the item itself comes in."""
    skills = response.skills
    count = len(skills)
    level, variance = state.ability + state.form, state.form_variance
    terms: list[SkillTerm] = []
    if not count:
        unknown = constants.skill + constants.skill_terms[1]
        return terms, 0.0, 1.0, level, variance + state.ability_variance, 0.0, unknown
    share = constants.shares[count] if count < len(constants.shares) else share_of(count, constants)
    part = 1.0 / count
    now, seen = response.at, state.responses
    memories, shared_skills = state.skills, shared.skills
    difficulty, difficulty_variance, ability_slope = 0.0, 0.0, 0.0
    for skill in skills:
        memory = memories.get(skill)
        skill_terms = shared_skills.get(skill) or constants.skill_terms
        if memory is None:
            offset, own = 0.0, constants.skill
        else:
            offset, own = memory[0], memory[1]
            gap = seen - memory[4]
            if gap > 0 or now > memory[5]:
                offset, own = decayed(memory, gap, now - memory[5], constants)
        terms.append((skill, memory, offset, own, skill_terms))
        slope = 1.0 + skill_terms[2]
        factor = share * (slope if slope > MIN_SLOPE else MIN_SLOPE)
        level += factor * offset
        variance += factor * factor * own
        difficulty += part * skill_terms[0]
        difficulty_variance += part * part * skill_terms[1]
        ability_slope += part * skill_terms[4]
    ability_slope = 1.0 + ability_slope
    ability_slope = max(ability_slope, MIN_SLOPE)
    level += (ability_slope - 1.0) * state.ability
    variance += ability_slope * ability_slope * state.ability_variance
    return terms, share, ability_slope, level, variance, difficulty, difficulty_variance


def update(state: FilterState, response: Response, shared: Shared, constants: Constants) -> Update:
    """Predict `response`, then let the state take it in; return what the head and `learn_shared` need."""
    item, outcome, weight = response.item, response.outcome, response.weight
    forecast = forecast_of(state, response, shared, constants)
    _, _, ability_slope, level, level_variance, difficulty, difficulty_variance = forecast
    memory: Gaussian = (0.0, constants.item_memory)
    item_terms = constants.item_terms  # an unknown item is like one that was never seen, and leaves no memory
    if item is not None:
        memory = state.items.get(item) or memory
        item_terms = shared.items.get(item) or item_terms
    item_slope = 1.0 + item_terms[2]
    item_slope = max(item_slope, MIN_SLOPE)
    mean = shared.bias + item_slope * level + memory[0] - difficulty - item_terms[0]
    variance = shared.bias_variance + item_slope * item_slope * level_variance + level * level * item_terms[3]
    variance += difficulty_variance + memory[1] + item_terms[1]
    slope = 1.0 / sqrt(1.0 + PROBIT * variance)
    logit = slope * mean
    if not -MAX_LOGIT < logit < MAX_LOGIT:
        logit = copysign(MAX_LOGIT, logit)
    ability = state.ability
    if outcome is None or weight == 0.0:
        return mean, variance, logit, 0.0, 0.0, forecast, item_slope, ability
    expected = 1.0 / (1.0 + exp(-logit))
    information = slope * slope * expected * (1.0 - expected)
    scale = weight
    if weight > 1.0:
        gained = information * variance
        scale = weight * (1.0 + gained) / (1.0 + weight * gained)
    surprise = scale * slope * (outcome - expected)
    information *= scale
    _move_level(state, item_slope * ability_slope, item_slope, surprise, information, constants)
    if item is not None:
        _remember_item(state, item, memory, surprise, information)
    _practise(state, response, forecast, item_slope, surprise, scale * slope * expected, information, constants)
    return mean, variance, logit, surprise, information, forecast, item_slope, ability


def _move_level(
    state: FilterState,
    by_ability: float,
    by_form: float,
    surprise: float,
    information: float,
    constants: Constants,
) -> None:
    """Update ability and form, which enter the logit with these factors, and let form fade."""
    variance = state.ability_variance
    state.ability += by_ability * variance * surprise
    variance = posterior_variance(variance, by_ability * by_ability * information) + constants.ability_drift
    state.ability_variance = variance if variance < constants.ability else constants.ability
    variance = state.form_variance
    form_share = constants.form_kept
    state.form = form_share * (state.form + by_form * variance * surprise)
    left = posterior_variance(variance, by_form * by_form * information)
    state.form_variance = form_share * form_share * left + constants.form_renewed
    state.responses += 1


def _remember_item(state: FilterState, item: int, memory: Gaussian, surprise: float, information: float) -> None:
    """Update the memory of an item, put it last, and drop the first where there are too many."""
    items = state.items
    items.pop(item, None)
    variance = memory[1]
    after = posterior_variance(variance, information)
    items[item] = _unpack_pair(_pack_pair(memory[0] + variance * surprise, after))
    if len(items) > ITEMS_KEPT:
        del items[next(iter(items))]


def _practise(
    state: FilterState,
    response: Response,
    forecast: Forecast,
    item_slope: float,
    surprise: float,
    wrong_surprise: float,
    information: float,
    constants: Constants,
) -> None:
    """Update each skill, and let the practice teach it.

    `wrong_surprise` is that of a wrong answer: what a wrong answer teaches is at most what it takes away.
    """
    terms, by_share = forecast[0], forecast[1] * item_slope
    now, weight, outcome = response.at, response.weight, response.outcome or 0.0
    practice = weight if weight < 1.0 else 1.0
    right = outcome >= HALF
    seen = state.responses
    added, most = constants.practice * practice, constants.max_skill_variance
    for skill, memory, before, variance, skill_terms in terms:
        if memory is None:
            evidence, practices, at, stability, credit = 0.0, 0, now, 0.0, False
            fading, first = practice, constants.gain_first * practice
        else:
            _, _, evidence, practices, _, at, stability, credit = memory
            fading, first = practice / (1.0 + constants.gain_fading * evidence), 0.0
        if not right or now != at or stability <= 0.0:
            stability = next_stability(stability, right, now - at, constants.stability_days)
        slope = 1.0 + skill_terms[2]
        factor = by_share * (slope if slope > MIN_SLOPE else MIN_SLOPE)
        wrong_gain = constants.gain_wrong * fading + first
        limit = factor * variance * wrong_surprise
        wrong_gain = wrong_gain if wrong_gain < limit else limit
        gain = outcome * (constants.gain_right * fading + first) + (1.0 - outcome) * wrong_gain
        after = posterior_variance(variance, factor * factor * information) + added
        offset, after, evidence, stability = _unpack_singles(
            _pack_singles(
                before + factor * variance * surprise + gain,
                after if after < most else most,
                evidence + weight,
                stability,
            )
        )
        credit = credit or outcome > 0.0
        at = now if now > at else at
        state.skills[skill] = _new_tuple(
            SkillMemory, (offset, after, evidence, practices + 1, seen, at, stability, credit)
        )
