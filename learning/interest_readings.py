"""Evidence as readings of topics: ratings are read beside the student's other ratings of the same response."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from learning.interest_evidence import Evidence, Origin, Rated, Told, Vetoed


@dataclass(frozen=True, slots=True)
class Reading:
    """What one piece of evidence says of one topic."""

    topic: str
    at: float
    origin: Origin
    x: float
    """Interest in [0, 1]."""
    weight: float


def readings(evidence: Sequence[Evidence]) -> list[Reading]:
    """Return all readings of the evidence, which is sorted, in an order that depends on nothing else."""
    responses: dict[str, list[Rated]] = {}
    found: list[Reading] = []
    for each in evidence:
        match each:
            case Rated():
                responses.setdefault(each.response, []).append(each)
            case Told():
                found += [Reading(topic, each.at, each.origin, x, weight) for topic, x, weight in each.says]
            case Vetoed():
                pass
    for response in sorted(responses):
        found += ipsatised(responses[response])
    return [reading for reading in found if reading.weight > 0.0]


def ipsatised(response: Sequence[Rated]) -> list[Reading]:
    """Return a response's ratings as x = clip(1/2 + (r - the student's mean) / (2 x scale range)).

    `r` is turned round where the question is reverse-keyed. One who gives every question the same rating, or rates
    every topic the same once all are turned the same way, has told nothing apart: no readings.

    Source: ipsatisation after Cattell (1944), Psychological Review 51.
    """
    known = [each for each in response if each.point is not None]
    keyed = [
        (each, topic, loading, each.point if loading > 0.0 else 1.0 - each.point)
        for each in known
        if each.point is not None
        for topic, loading in each.loadings
    ]
    if len({each.point for each in known}) < 2 or len({r for *_, r in keyed}) < 2:  # noqa: PLR2004 - no variance
        return []
    mean = math.fsum(r for *_, r in keyed) / len(keyed)
    return [
        Reading(topic, each.at, Origin.SURVEY, min(1.0, max(0.0, 0.5 + (r - mean) / 2.0)), each.weight * abs(loading))
        for each, topic, loading, r in keyed
    ]
