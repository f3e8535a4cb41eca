"""The filter over arrays, for passes over a whole log: machine code where Numba is installed (the extra `fast`).

The mathematics, its order and its rounding are those of `learning.mastery.filter` and `learning.mastery.model`, which
explain them; a test compares every figure to the last bit. Students come one after another, and nothing is allocated on
the way. Without Numba it is slower than the filter itself, and only the tests run it.
"""

# ruff: noqa: PLR0913, PLR0915, PLR0917 - Numba takes no keywords, and calls of many small functions are slow to compile
from __future__ import annotations

from math import copysign, exp, log, sqrt

import numpy as np

from learning.fitting.arrays import Ints, Numbers, Responses, SharedArrays, StudentArrays
from learning.fitting.machine_code import machine_code
from learning.fitting.metrics import Floats
from learning.mastery.constants import PROBIT
from learning.mastery.filter import MAX_LOGIT
from learning.mastery.forgetting import DAY, LEAST_DAYS, MOST_DAYS
from learning.mastery.shared_parameters import HALF, MIN_SLOPE
from learning.mastery.state import ITEMS_KEPT


@machine_code
def start_student(student: StudentArrays, c: Numbers) -> None:
    """Forget the student before."""
    student.level[0], student.level[1] = 0.0, c.ability
    student.level[2], student.level[3] = 0.0, c.form
    student.counts[0] += 1
    student.counts[1] = 0
    student.counts[2] = 0


@machine_code
def posterior_variance(variance: float, information: float) -> float:
    """Return a variance after evidence."""
    seen = variance * information
    return variance * (1.0 - seen) if seen < HALF else 0.25 * variance / seen


@machine_code
def slope_of(relative: float) -> float:
    """Return a slope from its deviation from 1."""
    slope = 1.0 + relative
    return max(slope, MIN_SLOPE)


@machine_code
def next_stability(stability: float, right: bool, elapsed: float, first: float) -> float:  # noqa: FBT001 - as the filter's own
    """Return the stability after a practice, in days."""
    if stability <= 0.0:
        return min(MOST_DAYS, max(LEAST_DAYS, first)) if right else 0.0
    if not right:
        return max(LEAST_DAYS, stability / 2.0)
    return min(MOST_DAYS, stability * 2.0) if elapsed > DAY else stability


@machine_code
def decay_skill(student: StudentArrays, skill: int, now: float, place: int, c: Numbers) -> None:
    """Write a skill's offset and variance at `now` to `before[place]`."""
    if student.skill_counts[skill, 0] != student.counts[0]:
        student.before[place, 0], student.before[place, 1] = 0.0, c.skill
        return
    offset, variance = student.skills[skill, 0], student.skills[skill, 1]
    gap, elapsed = student.counts[1] - student.skill_counts[skill, 2], now - student.skills[skill, 3]
    if gap > 0 or elapsed > 0.0:
        if gap > 0:
            passed = log(1.0 + gap)
            offset *= exp(-c.decay * passed)
            variance += c.gap * passed
        if elapsed > 0.0:
            variance += c.time * log(1.0 + elapsed / 600.0)
            if elapsed > c.absence_seconds:
                variance += c.absence_variance
        variance = min(variance, c.max_skill_variance)
    student.before[place, 0], student.before[place, 1] = offset, variance


@machine_code
def remember_item(student: StudentArrays, item: int, mean: float, variance: float) -> None:
    """Store the memory of an item as the latest, and forget the oldest where there are too many."""
    counts = student.counts
    if student.item_counts[item, 0] != counts[0]:
        student.item_counts[item, 0] = counts[0]
        student.latest[counts[2]] = item
        counts[2] += 1
    student.item_counts[item, 1] = counts[1]
    student.items[item, 0], student.items[item, 1] = np.float32(mean), np.float32(variance)
    if counts[2] > ITEMS_KEPT:
        oldest = 0
        for place in range(counts[2]):
            if student.item_counts[student.latest[place], 1] < student.item_counts[student.latest[oldest], 1]:
                oldest = place
        student.item_counts[student.latest[oldest], 0] = -1
        counts[2] -= 1
        student.latest[oldest] = student.latest[counts[2]]


@machine_code
def practise(
    student: StudentArrays,
    shared: SharedArrays,
    log_of: Responses,
    number: int,
    by_share: float,
    surprise: float,
    wrong_surprise: float,
    information: float,
    c: Numbers,
) -> None:
    """Update each skill of a response, and let the practice teach it."""
    first, last = log_of.first_skill[number], log_of.first_skill[number + 1]
    now, weight, outcome = log_of.at[number], log_of.weight[number], log_of.outcome[number]
    practice = min(weight, 1.0)
    right = outcome >= HALF
    added = c.practice * practice
    for place in range(first, last):
        skill = log_of.skill[place]
        offset, variance = student.before[place - first, 0], student.before[place - first, 1]
        if student.skill_counts[skill, 0] != student.counts[0]:
            student.skill_counts[skill, 0] = student.counts[0]
            student.skill_counts[skill, 1], student.skill_counts[skill, 3] = 0, 0
            evidence, at, stability = 0.0, now, 0.0
            fading, bonus = practice, c.gain_first * practice
        else:
            evidence, at, stability = student.skills[skill, 2], student.skills[skill, 3], student.skills[skill, 4]
            fading, bonus = practice / (1.0 + c.gain_fading * evidence), 0.0
        if not right or now != at or stability <= 0.0:
            stability = next_stability(stability, right, now - at, c.stability_days)
        factor = by_share * slope_of(shared.skills[skill, 2])
        wrong_gain = c.gain_wrong * fading + bonus
        limit = factor * variance * wrong_surprise
        wrong_gain = min(wrong_gain, limit)
        gain = outcome * (c.gain_right * fading + bonus) + (1.0 - outcome) * wrong_gain
        after = posterior_variance(variance, factor * factor * information) + added
        student.skills[skill, 0] = np.float32(offset + factor * variance * surprise + gain)
        student.skills[skill, 1] = np.float32(min(after, c.max_skill_variance))
        student.skills[skill, 2] = np.float32(evidence + weight)
        student.skills[skill, 3] = max(now, at)
        student.skills[skill, 4] = np.float32(stability)
        student.skill_counts[skill, 1] += 1
        student.skill_counts[skill, 2] = student.counts[1]
        if outcome > 0.0:
            student.skill_counts[skill, 3] = 1


@machine_code
def learn_shared(
    student: StudentArrays,
    shared: SharedArrays,
    log_of: Responses,
    number: int,
    level: float,
    ability: float,
    item_slope: float,
    share: float,
    surprise: float,
    information: float,
) -> None:
    """Let bias, difficulties, deviations and slopes take in a response."""
    shared.learned[0] += 1
    variance = shared.bias[1]
    shared.bias[0] += variance * surprise
    shared.bias[1] = posterior_variance(variance, information)
    first, last = log_of.first_skill[number], log_of.first_skill[number + 1]
    if last > first:
        part = 1.0 / (last - first)
        by_ability = item_slope * ability * part
        by_share = item_slope * share
        for place in range(first, last):
            row = shared.skills[log_of.skill[place]]
            shared.skill_met[log_of.skill[place]] = True
            by_offset = by_share * student.before[place - first, 0]
            row[0] -= part * row[1] * surprise
            row[1] = posterior_variance(row[1], part * part * information)
            row[2] += by_offset * row[3] * surprise
            row[3] = row[3] / (1.0 + row[3] * by_offset * by_offset * information)
            row[4] += by_ability * row[5] * surprise
            row[5] = row[5] / (1.0 + row[5] * by_ability * by_ability * information)
    if log_of.item[number] >= 0:
        row = shared.items[log_of.item[number]]
        shared.item_met[log_of.item[number]] = True
        row[0] -= row[1] * surprise
        row[1] = posterior_variance(row[1], information)
        row[2] += level * row[3] * surprise
        row[3] = row[3] / (1.0 + row[3] * level * level * information)


@machine_code
def update(
    student: StudentArrays, shared: SharedArrays, log_of: Responses, number: int, shares: Floats, c: Numbers
) -> tuple[float, float, float]:
    """Predict a response and take it in; return mean, variance and logit as the filter expected them."""
    first, last = log_of.first_skill[number], log_of.first_skill[number + 1]
    now, item, outcome, weight = log_of.at[number], log_of.item[number], log_of.outcome[number], log_of.weight[number]
    count = last - first
    state = student.level
    ability, level, level_variance = state[0], state[0] + state[2], state[3]
    share, ability_slope, difficulty, difficulty_variance = 0.0, 1.0, 0.0, 0.0
    if count == 0:
        level_variance, difficulty_variance = level_variance + state[1], c.skill + c.skill_variance
    else:
        share = shares[count] if count < len(shares) else shares[-1] * (len(shares) - 1) / count
        part = 1.0 / count
        slopes = 0.0
        for place in range(first, last):
            row = shared.skills[log_of.skill[place]]
            decay_skill(student, log_of.skill[place], now, place - first, c)
            factor = share * slope_of(row[2])
            level += factor * student.before[place - first, 0]
            level_variance += factor * factor * student.before[place - first, 1]
            difficulty += part * row[0]
            difficulty_variance += part * part * row[1]
            slopes += part * row[4]
        ability_slope = slope_of(slopes)
        level += (ability_slope - 1.0) * state[0]
        level_variance += ability_slope * ability_slope * state[1]
    memory, memory_variance = 0.0, c.item_memory
    deviation, deviation_variance, slope, slope_variance = 0.0, c.item_variance, 0.0, c.item_slope_variance
    if item >= 0:
        if student.item_counts[item, 0] == student.counts[0]:
            memory, memory_variance = student.items[item, 0], student.items[item, 1]
        deviation, deviation_variance = shared.items[item, 0], shared.items[item, 1]
        slope, slope_variance = shared.items[item, 2], shared.items[item, 3]
    item_slope = slope_of(slope)
    mean = shared.bias[0] + item_slope * level + memory - difficulty - deviation
    variance = shared.bias[1] + item_slope * item_slope * level_variance + level * level * slope_variance
    variance += difficulty_variance + memory_variance + deviation_variance
    flat = 1.0 / sqrt(1.0 + PROBIT * variance)
    logit = flat * mean
    if not -MAX_LOGIT < logit < MAX_LOGIT:
        logit = copysign(MAX_LOGIT, logit)
    if np.isnan(outcome) or weight == 0.0:
        return mean, variance, logit
    expected = 1.0 / (1.0 + exp(-logit))
    information = flat * flat * expected * (1.0 - expected)
    scale = weight
    if weight > 1.0:
        gained = information * variance
        scale = weight * (1.0 + gained) / (1.0 + weight * gained)
    surprise = scale * flat * (outcome - expected)
    information *= scale
    move_level(student, item_slope * ability_slope, item_slope, surprise, information, c)
    if item >= 0:
        after = posterior_variance(memory_variance, information)
        remember_item(student, item, memory + memory_variance * surprise, after)
    wrong = scale * flat * expected
    practise(student, shared, log_of, number, share * item_slope, surprise, wrong, information, c)
    if information != 0.0:
        learn_shared(student, shared, log_of, number, level, ability, item_slope, share, surprise, information)
    return mean, variance, logit


@machine_code
def move_level(
    student: StudentArrays, by_ability: float, by_form: float, surprise: float, information: float, c: Numbers
) -> None:
    """Update ability and form, and let form fade."""
    level = student.level
    variance = level[1]
    level[0] += by_ability * variance * surprise
    variance = posterior_variance(variance, by_ability * by_ability * information) + c.ability_drift
    level[1] = min(variance, c.ability)
    variance = level[3]
    level[2] = c.form_kept * (level[2] + by_form * variance * surprise)
    left = posterior_variance(variance, by_form * by_form * information)
    level[3] = c.form_kept * c.form_kept * left + c.form_renewed
    student.counts[1] += 1


@machine_code
def believe(
    student: StudentArrays,
    shared: SharedArrays,
    log_of: Responses,
    number: int,
    beliefs: Floats,
    untouched: Floats,
    c: Numbers,
) -> None:
    """Write what is believed of each skill of a response, and of the same untouched, before the response.

    Each row of `beliefs` and `untouched` is a `SkillBelief` from `ability` to `evidence`, then when it was last
    practised and its stability.
    """
    first = log_of.first_skill[number]
    now, s2 = log_of.at[number], c.shrinkage * c.shrinkage
    state, owner = student.level, student.counts[0]
    for place in range(first, log_of.first_skill[number + 1]):
        skill = log_of.skill[place]
        terms = shared.skills[skill]
        slope, ability_slope = slope_of(terms[2]), slope_of(terms[4])
        own = terms[1] + (ability_slope * ability_slope - 1.0) * state[1]
        row = untouched[place]
        row[0] = c.shrinkage * (shared.bias[0] + state[0])
        row[1] = s2 * (shared.bias[1] + state[1])
        row[2] = c.shrinkage * slope * 0.0
        row[3] = s2 * slope * slope * c.skill
        row[4] = c.shrinkage * (terms[0] - (ability_slope - 1.0) * state[0])
        row[5] = s2 * max(0.0, own)
        row[6], row[7], row[8], row[9] = 0.0, 0.0, 0.0, 0.0
        beliefs[place, :] = row
        if student.skill_counts[skill, 0] != owner:
            continue
        decay_skill(student, skill, now, 0, c)
        row = beliefs[place]
        row[2] = c.shrinkage * slope * student.before[0, 0]
        row[3] = s2 * slope * slope * min(student.before[0, 1], c.max_skill_variance)
        row[6], row[7] = float(student.skill_counts[skill, 1]), student.skills[skill, 2]
        row[8], row[9] = student.skills[skill, 3], student.skills[skill, 4]
        if student.skill_counts[skill, 3] == 0:
            level, rest = row[0] - row[4], row[1] + row[5]
            spread = sqrt(1.0 + PROBIT * (rest + row[3]))
            before = sqrt(1.0 + PROBIT * (rest + s2 * slope * slope * c.skill))
            row[2] = min(row[2], level * (spread / before - 1.0))


@machine_code
def run(
    student: StudentArrays,
    shared: SharedArrays,
    log_of: Responses,
    students: Ints,
    shares: Floats,
    expected: Floats,
    beliefs: Floats,
    untouched: Floats,
    c: Numbers,
) -> None:
    """Let students pass: `students` holds where each one's responses begin, and behind the last where they end.

    `expected` takes mean, variance and logit of each response, shape `(responses, 3)`. `beliefs` and `untouched`
    take a row for each skill of each response; where they have no row, beliefs are left out.
    """
    for which in range(len(students) - 1):
        start_student(student, c)
        for number in range(students[which], students[which + 1]):
            if len(beliefs):
                believe(student, shared, log_of, number, beliefs, untouched, c)
            expected[number, 0], expected[number, 1], expected[number, 2] = update(
                student, shared, log_of, number, shares, c
            )
