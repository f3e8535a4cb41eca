"""The learner model: a hierarchical logistic filter over one student's responses, strictly online.

**State of a student**: ability `g`; short-term form `m`; per skill practised `s_k`; per item seen a memory `x_i`. Each
is a Gaussian in logits. **Shared** by all (a `Snapshot`): bias `b`, skill difficulty `d_k`, item deviation `delta_i`.
An item or skill that is not known has the prior, so that there is no special case.

**Predict** an item that needs `c` skills, with `w = 1 / c ** 0.74`. Items and skills separate strong from weak students
to different degrees: an item by `1 + a_i`, a skill by `1 + u_k` on what is special about a student on it and by
`1 + r_k` on general ability, none by less than 0.3::

    T  = g * (1 + mean(r_k)) + m + w * sum(s_k * (1 + u_k))
    mu = b + (1 + a_i) * T + x_i - mean(d_k) - delta_i
    V  = the sum of the variances, each times the square of its factor in mu, and T^2 times the variance of a_i
    p  = sigmoid(kappa * mu),   kappa = 1 / sqrt(1 + pi * V / 8)

Effects of the moment (practice in a row, the last outcomes, an item met before) are not part of it: they stand in a
head behind the filter (`learning.mastery.next_response`), which no state and no belief sees.

**Update** each component j by one assumed-density step on the outcome y in [0, 1], with the derivative G_j of mu by it
(for g: `(1 + a_i) (1 + mean(r_k))`; for m: `1 + a_i`; for s_k: `(1 + a_i) w (1 + u_k)`; 1 for b and x_i; -1/c for d_k;
-1 for delta_i; T for a_i; `(1 + a_i) w s_k` for u_k; `(1 + a_i) g / c` for r_k)::

    e = kappa * (y - p)              mean_j += G_j * P_j * e
    h = kappa^2 * p * (1 - p)        P_j    -= (G_j * P_j)^2 * h     (never to 0: see `shared.posterior_variance`;
                                     P_j / (1 + P_j G_j^2 h) for slopes, whose G_j has no bound)

Partial credit is a y between 0 and 1. Weak evidence scales e and h by its weight; a weight above 1 counts as that many
responses, with the second and later ones damped by what the first has shown. Unknown correctness changes nothing.

**Learn**: a practice adds `(y * l_right + (1 - y) * l_wrong) / (1 + r * n)` to `s_k` and `q` to its variance; the first
one a bonus. What a wrong answer teaches is at most what it takes from `s_k`, so that a wrong answer is never good news
about a skill. **Forget**: `gap` responses on other skills and `dt` seconds shrink `s_k` by `(1 + gap) ** -d` and add
`q_gap * ln(1 + gap) + q_t * ln(1 + dt / 600)` to its variance; after a long absence a constant more. Form fades after
each response: `m <- rho * m`; ability drifts a little. Variances that grow stop at the prior's (a skill's at twice it):
what was once seen is never much less sure than what was not.

**A skill on which nothing has been earned yet** is never believed to be above an untouched one: where its logit, seen
through its own variance, would be, `beliefs` lowers its offset to that point.

A state is a pure function of (responses in order, snapshot, parameters): floats in, floats out, no clock, no dice.
The order is the caller's: by (occurred_at, sequence, key), so that any order of arrival gives the same bytes.

Sources: Elo ratings in education (Pelanek 2016, Computers & Education 98); assumed-density filtering (Minka 2001,
"A family of algorithms for approximate Bayesian inference"); the probit-logit constant (MacKay 1992, "The evidence
framework applied to classification networks", eq. 10); dynamic item response theory (Wang, Berger and Burdick 2013).
"""

from __future__ import annotations

from collections.abc import Iterable

from learning.mastery.beliefs import SkillBelief, bounded_by_untouched
from learning.mastery.constants import Constants, constants
from learning.mastery.filter import FilterState, decayed, update
from learning.mastery.forgetting import retention
from learning.mastery.parameters import SHIPPED, Parameters
from learning.mastery.shared_parameters import Shared, slope_of
from learning.mastery.snapshot import Snapshot
from learning.mastery.state import LearnerState, Response, ResponseError, SkillMemory, StateError

__all__ = ["LearnerState", "Response", "ResponseError", "StateError", "beliefs", "fold"]


def fold(
    state: LearnerState, responses: Iterable[Response], *, snapshot: Snapshot, parameters: Parameters = SHIPPED
) -> LearnerState:
    """Return the state after `responses`, which the caller has put in order; `state` itself stays as it was.

    Folding in two calls equals folding in one, to the byte.
    """
    constant = constants(parameters)
    working = FilterState(state, constant)
    shared = Shared(snapshot)
    for response in responses:
        update(working, response, shared, constant)
    return working.freeze()


def beliefs(
    state: LearnerState,
    skills: Iterable[int],
    *,
    snapshot: Snapshot,
    parameters: Parameters = SHIPPED,
    as_of: float,
) -> dict[int, SkillBelief]:
    """Return what is believed of each of `skills` at `as_of` (seconds since 1970), forgetting included.

    A skill never practised comes back with `responses == 0`: estimated from general ability.
    """
    constant = constants(parameters)
    working, shared = FilterState(state, constant), Shared(snapshot)
    return {
        skill: belief_of(skill, state.skills.get(skill), working, shared, constant, as_of=as_of) for skill in skills
    }


def belief_of(
    skill: int,
    memory: SkillMemory | None,
    state: FilterState,
    shared: Shared,
    constant: Constants,
    *,
    as_of: float,
) -> SkillBelief:
    """Return what is believed of one skill, of which the student has this memory; None is untouched.

    The filter's logits are of one item on one day. A belief is about the skill's items at large, so single items, the
    memories of them and form are averaged over: all logits shrink by `1 / sqrt(1 + pi (tau + v_x + v_m) / 8)`.

    The skill's slope on ability is part of its difficulty: as difficult as it is for this student.
    """
    difficulty, difficulty_variance, slope, _, ability_slope, _ = shared.skills.get(skill) or constant.skill_terms
    slope, ability_slope = slope_of(slope), slope_of(ability_slope)
    shrinkage = constant.shrinkage
    squared = shrinkage * shrinkage
    offset, variance, elapsed = 0.0, constant.skill, 0.0
    if memory is not None:
        elapsed = max(0.0, as_of - memory.at)
        offset, variance = decayed(memory, state.responses - memory.seen, elapsed, constant)
    own_variance = difficulty_variance + (ability_slope * ability_slope - 1.0) * state.ability_variance
    belief = SkillBelief(
        skill,
        shrinkage * (shared.bias + state.ability),
        squared * (shared.bias_variance + state.ability_variance),
        shrinkage * slope * offset,
        squared * slope * slope * variance,
        shrinkage * (difficulty - (ability_slope - 1.0) * state.ability),
        squared * max(0.0, own_variance),
        memory.practices if memory is not None else 0,
        memory.evidence if memory is not None else 0.0,
        memory.at if memory is not None else None,
        retention(memory.stability, elapsed) if memory is not None else 1.0,
    )
    if memory is None or memory.credit:
        return belief
    return bounded_by_untouched(belief, squared * slope * slope * constant.skill)
