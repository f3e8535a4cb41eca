"""Acceptance criteria: what the simulated classroom must show, each with a bootstrap interval over seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from learning.simulation.baselines import BASELINES
from learning.simulation.run import Outcome

RESAMPLES = 2_000
INTERVAL_SHARE = 0.95
MAX_LOSS = 0.05
MAX_CHURN = 0.03
OWN, SKILL_ONLY, WEAKENED, FOUR = "own", "own_skill_only", "own_weakened", "own_four"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion: its value, the bootstrap interval of the value, and whether it holds."""

    name: str
    description: str
    value: float
    interval: tuple[float, float]
    passed: bool
    known_reason: str = ""
    """Why the criterion is known not to hold; such a failure is reported and does not fail the run."""


def evaluate(outcomes: Iterable[Outcome], *, strict: bool) -> list[Criterion]:
    """Evaluate every criterion that has outcomes.

    With few seeds (`strict` off) a criterion with a limit fails only if its whole interval is beyond the limit.
    """
    by_run = {(o.scenario, o.policy, o.seed): o for o in outcomes}
    criteria = [_beats(by_run, baseline) for baseline in BASELINES]
    criteria += [_loses_little(by_run, scenario, strict=strict) for scenario in ("null", "distracts")]
    criteria += [_churns_little(by_run, OWN), _churns_little(by_run, FOUR)]
    criteria += [_fair_to_the_slow(by_run, scenario, strict=strict) for scenario in KNOWN_UNFAIR]
    criteria.append(_catches_weakened_policy(by_run))
    return [criterion for criterion in criteria if criterion is not None]


Outcomes = dict[tuple[str, str, int], Outcome]


def _paired(by_run: Outcomes, scenario: str, first: str, second: str) -> list[tuple[Outcome, Outcome]]:
    seeds = sorted({seed for name, policy, seed in by_run if (name, policy) == (scenario, first)})
    return [
        (by_run[scenario, first, seed], by_run[scenario, second, seed])
        for seed in seeds
        if (scenario, second, seed) in by_run
    ]


def interval(values: Sequence[float], weights: Sequence[float] | None = None) -> tuple[float, float]:
    """Return the bootstrap interval of a mean, or of a ratio of sums where `weights` are its denominators."""
    rng = np.random.default_rng(0)
    rows = rng.integers(0, len(values), (RESAMPLES, len(values)))
    numerators = np.asarray(values)[rows].sum(axis=1)
    divisors = np.ones(len(values)) if weights is None else np.asarray(weights)
    denominators = divisors[rows].sum(axis=1)
    found = denominators != 0  # a draw in which nothing counts has no ratio
    low, high = np.quantile(
        numerators[found] / denominators[found], [(1 - INTERVAL_SHARE) / 2, (1 + INTERVAL_SHARE) / 2]
    )
    return float(low), float(high)


def _beats(by_run: Outcomes, baseline: str) -> Criterion | None:
    pairs = _paired(by_run, "matters", OWN, baseline)
    if not pairs:
        return None
    differences = [own.net - other.net for own, other in pairs]
    bounds = interval(differences)
    description = f"masters more skills than {baseline} where interest matters"
    return Criterion(f"beats_{baseline}", description, float(np.mean(differences)), bounds, bounds[0] > 0)


def _loses_little(by_run: Outcomes, scenario: str, *, strict: bool) -> Criterion | None:
    pairs = _paired(by_run, scenario, OWN, SKILL_ONLY)
    if not pairs:
        return None
    lost = [own.net - other.net for own, other in pairs]
    base = [other.net for _, other in pairs]
    share, bounds = float(sum(lost) / sum(base)), interval(lost, base)
    description = f"loses at most a twentieth to skill alone in the scenario '{scenario}'"
    return Criterion(
        f"loses_little_{scenario}", description, share, bounds, (share if strict else bounds[1]) >= -MAX_LOSS
    )


def _churns_little(by_run: Outcomes, policy: str) -> Criterion | None:
    counts = [
        o.counts
        for (scenario, name, _), o in sorted(by_run.items())
        if (scenario, name) == ("matters", policy) and o.counts
    ]
    if not counts:
        return None
    replaced, unattempted = [c.replacements for c in counts], [max(c.unattempted, 1) for c in counts]
    share = sum(replaced) / sum(unattempted)
    description = f"replaces at most 3 in 100 unattempted assignments a day ({policy})"
    return Criterion(f"churn_{policy}", description, share, interval(replaced, unattempted), share <= MAX_CHURN)


KNOWN_UNFAIR = {
    "slow": "two of three themes are too hard to read for the slow half, so interest helps the fast half more",
    "slow_plain": "",
}


def _fair_to_the_slow(by_run: Outcomes, scenario: str, *, strict: bool) -> Criterion | None:
    pairs = _paired(by_run, scenario, OWN, SKILL_ONLY)
    if not pairs or any(other.net_fast <= 0 or own.net_fast <= 0 for own, other in pairs):
        return None
    differences = [own.net_slow / own.net_fast - other.net_slow / other.net_fast for own, other in pairs]
    difference, bounds = float(np.mean(differences)), interval(differences)
    description = f"the slow half gains no less beside the fast half than by skill alone ({scenario})"
    passed = (difference if strict else bounds[1]) >= 0
    return Criterion(f"slow_fast_ratio_{scenario}", description, difference, bounds, passed, KNOWN_UNFAIR[scenario])


def _catches_weakened_policy(by_run: Outcomes) -> Criterion | None:
    pairs = _paired(by_run, "matters", OWN, WEAKENED)
    if not pairs:
        return None
    differences = [own.net - other.net for own, other in pairs]
    bounds = interval(differences)
    description = "rules weakened on purpose are seen to master fewer skills"
    return Criterion("catches_weakened_gate", description, float(np.mean(differences)), bounds, bounds[0] > 0)
