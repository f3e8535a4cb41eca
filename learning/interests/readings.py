"""What evidence says of topics: newer answers in place of older ones, ratings beside the student's own mean."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter

from learning.interests.evidence import (
    DISLIKED,
    LIKED,
    Evidence,
    Origin,
    RatingEvidence,
    StatementEvidence,
    VetoEvidence,
    liked,
)

DAY_SECONDS = 86_400.0
UNDECIDED = 0.09
"""How far to either side of indifference a topic lies that is neither liked nor disliked."""
FAR = 2.0
"""Spreads from the student's mean at which a topic says the most that it can."""
_MOMENT = attrgetter("at", "key")
_SurveyEvidence = RatingEvidence | StatementEvidence


@dataclass(frozen=True, slots=True)
class Reading:
    """What evidence says of one topic."""

    topic: str
    at: float
    origin: Origin
    x: float
    """Interest in [0, 1]."""
    weight: float


def sorted_unique(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Return the evidence by (at, key), each piece once, in an order that does not depend on the one given."""
    once = sorted(set(evidence), key=_MOMENT)
    if any(_MOMENT(one) == _MOMENT(next_one) for one, next_one in pairwise(once)):
        # Keys are unique, so this is rare; then all that the evidence says decides.
        once.sort(key=lambda each: (each.at, each.key, repr(each)))
    return once


def readings(evidence: Sequence[Evidence]) -> list[Reading]:
    """Return all readings of the evidence, which is sorted, in an order that depends on nothing else."""
    responses: dict[str, list[RatingEvidence]] = {}
    found: list[Reading] = []
    for each in latest_answers(latest_feedback(evidence)):
        match each:
            case RatingEvidence():
                responses.setdefault(each.response, []).append(each)
            case StatementEvidence():
                found += [Reading(topic, each.at, each.origin, x, weight) for topic, x, weight in each.says]
            case VetoEvidence():
                pass
    for response in sorted(responses):
        found += ipsatised(responses[response])
    return [reading for reading in found if reading.weight > 0.0]


def latest_feedback(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Leave out feedback on a topic that was given again on the same day (of UTC): five clicks are one wish."""
    last = {(topics, day): each for each in evidence if (topics := _feedback_on(each)) for day in (_day(each),)}
    return [each for each in evidence if not (topics := _feedback_on(each)) or last[topics, _day(each)] is each]


def _feedback_on(each: Evidence) -> tuple[str, ...]:
    if isinstance(each, StatementEvidence) and each.origin is Origin.FEEDBACK:
        return tuple(topic for topic, _, _ in each.says)
    return ()


def _day(each: Evidence) -> int:
    return math.floor(each.at / DAY_SECONDS)


def latest_answers(evidence: Sequence[Evidence]) -> list[Evidence]:
    """Leave out what a newer response to the same questionnaire replaces.

    A response that tells nothing (all the same, nothing picked) replaces nothing. Where a sender names no responses, a
    newer answer replaces the answer to the same question.
    """
    responses: dict[tuple[str, str], list[_SurveyEvidence]] = {}
    newest: dict[tuple[str, str], tuple[float, str]] = {}
    for each in evidence:
        if isinstance(each, VetoEvidence) or not each.survey:
            continue
        if each.question:
            newest[each.survey, each.question] = _MOMENT(each)
        else:
            responses.setdefault((each.survey, each.response), []).append(each)
    latest_response: dict[str, tuple[float, str, str]] = {}
    for (survey, response), answers in responses.items():
        if _tells(answers):
            moment = (*max(map(_MOMENT, answers)), response)
            latest_response[survey] = max(moment, latest_response.get(survey, moment))

    def stands(each: Evidence) -> bool:
        if isinstance(each, VetoEvidence) or not each.survey:
            return True
        latest = latest_response.get(each.survey)
        if each.question:
            return newest[each.survey, each.question] == _MOMENT(each) and (
                latest is None or _MOMENT(each) > latest[:2]
            )
        return latest is None or latest[2] == each.response

    return [each for each in evidence if stands(each)]


def _tells(answers: Sequence[_SurveyEvidence]) -> bool:
    ratings = [each for each in answers if isinstance(each, RatingEvidence)]
    return bool(ipsatised(ratings)) or any(each.says for each in answers if isinstance(each, StatementEvidence))


@dataclass(slots=True)
class _TopicRatings:
    """A topic's ratings of one response, turned round where the question is reverse-keyed."""

    at: float = 0.0
    points: float = 0.0
    loading: float = 0.0
    weight: float = 0.0

    @property
    def mean(self) -> float:
        return self.points / self.loading


def ipsatised(response: Sequence[RatingEvidence]) -> list[Reading]:
    """Return a response's ratings as one reading a topic, beside the student's own mean over topics.

    The two highest topics above that mean are liked (ties all): x from .85 on. Below it and in the lower half of the
    scale a topic is disliked: x up to .15. All others are undecided: .41 to .59. Within each the distance from the mean
    counts in the student's own spreads, of at least one point of the scale.

    One who gives every question the same rating, or rates every topic the same once all are turned the same way,
    distinguishes nothing: no readings.

    Source: ipsatisation after Cattell (1944), Psychological Review 51.
    Why ranks: `docs/decisions/0082-liked-by-rank.md`.
    """
    topics = _by_topic(response)
    means = [each.mean for each in topics.values()]
    points = {each.point for each in response if each.point is not None}
    keyed = {
        round(_keyed(each, loading), 9) for each in response if each.point is not None for _, loading in each.loadings
    }
    if min(len(points), len(keyed)) < 2:  # noqa: PLR2004 - no variance
        return []
    middle = math.fsum(means) / len(means)
    spread = math.sqrt(math.fsum((each - middle) ** 2 for each in means) / len(means))
    point = math.fsum(each.step for each in response) / len(response)
    likes = liked(means, middle)
    return [
        Reading(
            topic, each.at, Origin.SURVEY, _x(each.mean, middle, likes=likes, spread=max(spread, point)), each.weight
        )
        for topic, each in topics.items()
    ]


def _by_topic(response: Sequence[RatingEvidence]) -> dict[str, _TopicRatings]:
    topics: dict[str, _TopicRatings] = {}
    for each in response:
        for topic, loading in each.loadings if each.point is not None else ():
            if loading == 0.0:
                continue
            found = topics.setdefault(topic, _TopicRatings())
            found.at = max(found.at, each.at)
            found.points += abs(loading) * _keyed(each, loading)
            found.loading += abs(loading)
            found.weight += each.weight * abs(loading)
    return topics


def _keyed(rating: RatingEvidence, loading: float) -> float:
    point = rating.point or 0.0
    return point if loading > 0.0 else 1.0 - point


def _x(mean: float, middle: float, *, likes: float, spread: float) -> float:
    far = max(-1.0, min(1.0, (mean - middle) / spread / FAR))
    if mean >= likes:
        return LIKED + (1.0 - LIKED) * far
    if far < 0.0 and mean < 0.5:  # noqa: PLR2004 - the middle of the scale
        return DISLIKED * (1.0 + far)
    return 0.5 + UNDECIDED * far
