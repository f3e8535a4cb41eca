"""How much a student is interested in each topic, and how sure that is: one decayed mean over all evidence.

For each topic, over the evidence ``i`` of weight ``w_i`` and value ``x_i`` in [0, 1], of age ``t_i`` in days::

    d_i        = w_i * 2 ** (-t_i / half_life)
    W          = sum of d_i
    value      = (a0 * m + sum of d_i * x_i) / (a0 + W)          a0 = 1, m = 0.5
    confidence = W / (W + a0)

The prior m is the same for every topic and student: popularity is not an interest. Scores are never evidence.
The result is a pure function of the set of the evidence, to the byte, whatever the order it comes in.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from learning.interests.evidence import (
    Evidence,
    Origin,
    RatingEvidence,
    StatementEvidence,
    VetoEvidence,
    Weights,
    evidence_from,
)
from learning.interests.readings import Reading, readings, sorted_unique

__all__ = [
    "HALF_LIFE_DAYS",
    "Evidence",
    "Interest",
    "InterestError",
    "Origin",
    "RatingEvidence",
    "ReaskReason",
    "ReaskTopic",
    "StatementEvidence",
    "VetoEvidence",
    "Weights",
    "contradictions",
    "evidence_from",
    "interest_vector",
    "topics_to_reask",
]

HALF_LIFE_DAYS = 90.0
"""About a term."""
SEMESTER_DAYS = 90.0
PRIOR = 0.5
PRIOR_WEIGHT = 1.0
_DAY = 86_400.0
STATED_LEAN = 0.05
PICKED_LEAN = 0.1
PICKED_WEIGHT = 0.5
"""How far answers and choices must lean to either side of indifference, and how much must have been chosen, before the
ones contradict the others: two picks from the end of a menu of four, or one "less of this"."""
FAR_APART = 0.75
"""Two ratings so far apart on the scale contradict each other."""


@dataclass(frozen=True, slots=True)
class Interest:
    """One student's interest in one topic."""

    topic: str
    value: float
    """In [0, 1]; 0.5 is indifferent or not known."""
    confidence: float
    """In [0, 1); 0 where nothing is known."""
    asked_at: float | None
    """Seconds since 1970 of the last survey that asked, answered or not."""
    updated_at: float | None
    """Seconds since 1970 of the last evidence that counts, a veto included."""
    vetoed: bool
    """The student does not want to see it at all; the value stays what it is."""


def interest_vector(
    evidence: Iterable[Evidence],
    *,
    topics: Sequence[str],
    as_of: float,
    half_life_days: float = HALF_LIFE_DAYS,
    switch: bool = True,
) -> dict[str, Interest]:
    """Return the interest in each topic, by topic; empty where the switch is off.

    Evidence that is later than `as_of` (seconds since 1970; clocks differ) counts as if from then.

    Raises:
        InterestError: the half-life or the moment is no number that makes sense.
    """
    if not (math.isfinite(half_life_days) and half_life_days > 0.0):
        raise InterestError("half_life_days", half_life_days)
    if not math.isfinite(as_of):
        raise InterestError("as_of", as_of)
    if not switch:
        return {}
    items = sorted_unique(evidence)
    by_topic, asked, vetoes = _by_topic(readings(items)), _asked(items), _vetoes(items)
    found = {}
    for topic in topics:
        mine, veto = by_topic.get(topic, []), vetoes.get(topic)
        value, weight = _mean(mine, as_of, half_life_days)
        moments = [each.at for each in mine] + ([veto.at] if veto else [])
        found[topic] = Interest(
            topic=topic,
            value=value,
            confidence=weight / (weight + PRIOR_WEIGHT),
            asked_at=asked.get(topic),
            updated_at=max(moments, default=None),
            vetoed=veto is not None and veto.vetoed,
        )
    return found


class InterestError(ValueError):
    """An interest was asked for with a half-life or a moment that makes no sense."""

    def __init__(self, name: str, value: object) -> None:
        super().__init__(f"{name} cannot be {value!r}")
        self.name = name
        self.value = value


class ReaskReason(StrEnum):
    """Why a student should be asked about a topic again."""

    NEVER = "never asked"
    TERM = "asked a term ago"
    CHOICES = "choices contradict the answers"
    ANSWERS = "answers contradict one another"


@dataclass(frozen=True, slots=True)
class ReaskTopic:
    """A topic to ask about again."""

    topic: str
    why: ReaskReason


def topics_to_reask(
    evidence: Iterable[Evidence],
    *,
    topics: Sequence[str],
    as_of: float,
    half_life_days: float = HALF_LIFE_DAYS,
    term_days: float = SEMESTER_DAYS,
) -> tuple[ReaskTopic, ...]:
    """Return what to ask about again: never asked, asked a term ago, or contradicted since. Not what is vetoed."""
    items = sorted_unique(evidence)
    asked, vetoes = _asked(items), _vetoes(items)
    against = contradictions(items, topics=topics, as_of=as_of, half_life_days=half_life_days)
    found = []
    for topic in topics:
        asked_at = asked.get(topic)
        if topic in vetoes and vetoes[topic].vetoed:
            continue
        if asked_at is None:
            found.append(ReaskTopic(topic, ReaskReason.NEVER))
        elif topic in against:
            found.append(ReaskTopic(topic, against[topic]))
        elif as_of - asked_at >= term_days * _DAY:
            found.append(ReaskTopic(topic, ReaskReason.TERM))
    return tuple(found)


def contradictions(
    evidence: Iterable[Evidence],
    *,
    topics: Sequence[str],
    as_of: float,
    half_life_days: float = HALF_LIFE_DAYS,
) -> dict[str, ReaskReason]:
    """Return the topics in which a student contradicts what was answered last.

    Choices contradict where what was chosen since then leans clearly the other way; answers do where two ratings of
    one response, turned the same way, lie at the two ends of the scale ("I love sports", "sports bore me").
    """
    items = sorted_unique(evidence)
    by_topic, asked = _by_topic(readings(items)), _asked(items)
    against: dict[str, ReaskReason] = {}
    for topic in topics:
        if topic not in asked:
            continue
        mine, asked_at = by_topic.get(topic, []), asked[topic]
        stated, _ = _mean([each for each in mine if each.origin is Origin.SURVEY], as_of, half_life_days)
        picked, weight = _mean(
            [each for each in mine if each.origin is not Origin.SURVEY and each.at >= asked_at], as_of, half_life_days
        )
        leaning = (stated - PRIOR) * (picked - PRIOR) < 0.0
        if (
            leaning
            and abs(stated - PRIOR) >= STATED_LEAN
            and abs(picked - PRIOR) >= PICKED_LEAN
            and weight >= PICKED_WEIGHT
        ):
            against[topic] = ReaskReason.CHOICES
        elif _answers_contradict(topic, items, asked_at):
            against[topic] = ReaskReason.ANSWERS
    return against


def _answers_contradict(topic: str, items: Sequence[Evidence], asked_at: float) -> bool:
    points: dict[str, list[float]] = {}
    for each in items:
        if isinstance(each, RatingEvidence) and each.point is not None and each.at == asked_at:
            for name, loading in each.loadings:
                if name == topic:
                    points.setdefault(each.response, []).append(each.point if loading > 0.0 else 1.0 - each.point)
    return any(max(each) - min(each) >= FAR_APART for each in points.values())


def _mean(mine: Sequence[Reading], as_of: float, half_life_days: float) -> tuple[float, float]:
    """Return the decayed mean, drawn to the prior, and the sum of the decayed weights."""
    decayed = [each.weight * 2.0 ** (-max(0.0, as_of - each.at) / _DAY / half_life_days) for each in mine]
    weight = math.fsum(decayed)
    stated = math.fsum(d * each.x for d, each in zip(decayed, mine, strict=True))
    return (PRIOR_WEIGHT * PRIOR + stated) / (PRIOR_WEIGHT + weight), weight


def _by_topic(found: Iterable[Reading]) -> dict[str, list[Reading]]:
    grouped: dict[str, list[Reading]] = {}
    for each in found:
        grouped.setdefault(each.topic, []).append(each)
    return grouped


def _asked(items: Iterable[Evidence]) -> dict[str, float]:
    """Return when each topic was asked about last; the evidence is sorted, so a later one overwrites."""
    asked: dict[str, float] = {}
    for each in items:
        match each:
            case RatingEvidence():
                asked.update(dict.fromkeys((topic for topic, _ in each.loadings), each.at))
            case StatementEvidence():
                asked.update(dict.fromkeys(each.asked, each.at))
            case VetoEvidence():
                pass
    return asked


def _vetoes(items: Iterable[Evidence]) -> dict[str, VetoEvidence]:
    """Return the latest veto of each topic, be it given or taken back."""
    return {each.topic: each for each in items if isinstance(each, VetoEvidence)}
