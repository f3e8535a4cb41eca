"""The learner model: a hierarchical logistic filter over one student's responses, strictly online.

**State of a student**: ability `g`; short-term form `m`; per skill practised `s_k`; per item seen a memory `x_i`. Each
is a Gaussian in logits. **Shared** by all (a `Snapshot`): bias `b`, skill difficulty `d_k`, item deviation `delta_i`.
An item or skill that is not known has the prior, so that there is no special case.

**Predict** an item that needs `c` skills, with `w = 1 / c ** 0.74`::

    mu = b + g + m + w * sum(s_k) + x_i - mean(d_k) - delta_i
         + f1 * (B1 + mean(beta1_k)) + mean(f2_k * (B2 + beta2_k))
    V  = the sum of the variances, w^2 on the skills', 1 / c^2 on the difficulties'
    p  = sigmoid(kappa * mu),   kappa = 1 / sqrt(1 + pi * V / 8)

The last line holds two effects of the moment, which the pass learns for all skills (B) and for each (beta), from 0 on:
`f1` is 0.5 where the last response was on the same skills too and else -0.5 (blocked practice flatters), `f2_k` is the
last outcome on the skill less 0.5; both are 0 where there was none. Like form they are no mastery, and no belief holds
them (`docs/decisions/0021-effects-of-the-moment.md`).

**Update** each component j, which enters mu with the factor G_j (1; w for a skill; -1/c for a difficulty; -1 for an
item's deviation), by one assumed-density step on the outcome y in [0, 1]::

    e = kappa * (y - p)              mean_j += G_j * P_j * e
    h = kappa^2 * p * (1 - p)        P_j    -= (G_j * P_j)^2 * h     (never to 0: see `filter.narrowed`)

Partial credit is a y between 0 and 1. Weak evidence scales e and h by its weight; a weight above 1 counts as that many
responses, with the second and later ones damped by what the first has told. Unknown correctness changes nothing.

**Learn**: a practice adds `(y * l_right + (1 - y) * l_wrong) / (1 + r * n)` to `s_k` and `q` to its variance; the first
one a bonus. **Forget**: `gap` responses on other skills and `dt` seconds shrink `s_k` by `(1 + gap) ** -d` and add
`q_gap * ln(1 + gap) + q_t * ln(1 + dt / 600)` to its variance; after a long absence a constant more. Form fades after
each response: `m <- rho * m`; ability drifts a little. Variances that grow stop at the prior's (a skill's at twice it):
what was once seen is never much less sure than what was not.

A state is a pure function of (responses in order, snapshot, parameters): floats in, floats out, no clock, no dice.
The order is the caller's: by (occurred_at, sequence, key), so that any order of arrival gives the same bytes.

Sources: Elo ratings in education (Pelanek 2016, Computers & Education 98); assumed-density filtering (Minka 2001,
"A family of algorithms for approximate Bayesian inference"); the probit-logit constant (MacKay 1992, "The evidence
framework applied to classification networks", eq. 10); dynamic item response theory (Wang, Berger and Burdick 2013).
"""

from __future__ import annotations

from collections.abc import Iterable

from learning.beliefs import SkillBelief
from learning.constants import constants
from learning.filter import Learner, forgotten, step
from learning.parameters import SHIPPED, Parameters
from learning.retention import retention
from learning.shared import Shared
from learning.snapshot import Snapshot
from learning.state import LearnerState, Response, ResponseError, StateError

__all__ = ["LearnerState", "Response", "ResponseError", "StateError", "beliefs", "fold"]


def fold(
    state: LearnerState, responses: Iterable[Response], *, snapshot: Snapshot, parameters: Parameters = SHIPPED
) -> LearnerState:
    """Return the state after `responses`, which the caller has put in order; `state` itself stays as it was.

    Folding in two calls equals folding in one, to the byte.
    """
    known = constants(parameters)
    learner = Learner(state, known)
    shared = Shared(snapshot)
    for response in responses:
        step(learner, response, shared, known)
    return learner.state()


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

    The filter's logits are of one item on one day. A belief is about the skill's items at large, so single items, the
    memories of them and form are averaged over: all logits shrink by `1 / sqrt(1 + pi (tau + v_x + v_m) / 8)`.
    """
    known = constants(parameters)
    learner = Learner(state, known)
    flat = known.flatness
    level = flat * (snapshot.bias[0] + learner.ability)
    spread = flat * flat * (snapshot.bias[1] + learner.ability_variance)
    found = {}
    for skill in skills:
        memory = learner.skills.get(skill)
        difficulty, doubt = snapshot.skills.get(skill) or known.difficulty
        offset, variance, elapsed = 0.0, known.skill, 0.0
        if memory is not None:
            elapsed = max(0.0, as_of - memory.at)
            offset, variance = forgotten(memory, learner.responses - memory.seen, elapsed, known)
        found[skill] = SkillBelief(
            skill=skill,
            ability=level,
            ability_variance=spread,
            offset=flat * offset,
            offset_variance=flat * flat * variance,
            difficulty=flat * difficulty,
            difficulty_variance=flat * flat * doubt,
            responses=memory.practices if memory else 0,
            evidence=memory.evidence if memory else 0.0,
            last_at=memory.at if memory else None,
            retention=retention(memory.stability, elapsed) if memory else 1.0,
        )
    return found
