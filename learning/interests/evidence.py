"""Evidence of a student's interests, as values made from stored facts.

What it says of topics, read beside the rest of the evidence, is in `learning.interests.readings`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeGuard


class Origin(StrEnum):
    """Where a statement comes from: what the student was asked, or what the student chose."""

    SURVEY = "survey"
    FEEDBACK = "feedback"
    PICK = "pick"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Weights:
    """What one piece of evidence of each kind weighs, beside a prior of weight 1."""

    survey: float = 1.0
    feedback: float = 1.0
    pick: float = 0.3
    done: float = 0.1


SHIPPED = Weights()
UNKNOWN_MENU = 2
"""A pick from a menu that is not known, or of the only alternate, is read as one of so many equal options."""
POINT = 0.25
"""One point of a five-point scale as a share of it; a free number is read as if on such a scale."""
LIKED, DISLIKED = 0.85, 0.15
"""What a topic says that is liked, or not liked, as free text does: at least, and at most."""


@dataclass(frozen=True, slots=True)
class RatingEvidence:
    """One point on a scale, to be read beside the student's other ratings of the same response."""

    at: float
    """Seconds since 1970."""
    key: str
    """Unique; it orders evidence of one moment."""
    response: str
    """The survey response that it is part of."""
    point: float | None
    """Share of the scale in [0, 1]; None is unknown."""
    loadings: tuple[tuple[str, float], ...]
    """(topic, loading in [-1, 1]); negative is reverse-keyed."""
    weight: float = SHIPPED.survey
    step: float = POINT
    """One point of the scale, as a share of it."""
    survey: str = ""
    """The questionnaire; a newer response to it replaces this one. "": nothing does."""
    question: str = ""
    """Set where the sender names no response: then a newer answer to the question replaces this one."""


@dataclass(frozen=True, slots=True)
class StatementEvidence:
    """A direct statement of interest in topics."""

    at: float
    key: str
    origin: Origin
    says: tuple[tuple[str, float, float], ...]
    """(topic, interest in [0, 1], weight >= 0)."""
    asked: tuple[str, ...] = ()
    """The topics that the student was asked about, whatever the answer."""
    response: str = ""
    """The survey response that it is part of."""
    survey: str = ""
    """As for a rating."""
    question: str = ""


@dataclass(frozen=True, slots=True)
class VetoEvidence:
    """The student does not want to see a topic, or wants it again; the latest stands."""

    at: float
    key: str
    topic: str
    vetoed: bool


Evidence = RatingEvidence | StatementEvidence | VetoEvidence


def evidence_from(
    kind: str,
    *,
    at: float,
    key: str,
    attempt: str | None,
    value: Mapping[str, Any],
    weights: Weights = SHIPPED,
) -> Evidence | None:
    """Return the evidence that a stored fact is, or None where it says nothing of interests.

    What `value` holds, by `kind`:

    * survey_answer: what `questionnaire.score` returned;
    * interest_feedback: `topic`, and `direction` (more | less);
    * interest_veto: `topic`, and `vetoed` (False takes a veto back; True where it is absent);
    * assignment_picked: `context` (a topic, or None for neutral), and where known `position` (in the menu, from 0) and
      `shown` (the contexts of the whole menu in its order, None for neutral);
    * assignment_done: `context`, and `completed` (True where it is absent).

    Results are no evidence: neither a score nor `assignment_started` speaks of interest. Nor does it speak of interest
    to take, or to complete, what the menu had as its default: most students take whatever comes first.
    """
    topic = _text(value.get("topic")) or _text(value.get("context"))
    match kind:
        case "survey_answer":
            return _answer(at, key, attempt, value, weight=weights.survey)
        case "interest_feedback" if topic and value.get("direction") in ("more", "less"):
            wanted = 1.0 if value["direction"] == "more" else 0.0
            return StatementEvidence(at, key, Origin.FEEDBACK, ((topic, wanted, weights.feedback),))
        case "interest_veto" if topic:
            return VetoEvidence(at, key, topic, value.get("vetoed", True) is not False)
        case "assignment_picked":
            return _pick(at, key, value, weight=weights.pick)
        case "assignment_done" if topic and value.get("completed", True) is not False and value.get("position") != 0:
            return StatementEvidence(at, key, Origin.DONE, ((topic, 1.0, weights.done),))
        case _:
            return None


def _answer(at: float, key: str, attempt: str | None, value: Mapping[str, Any], *, weight: float) -> Evidence | None:
    topics = _numbers(value.get("topics"), -1.0, 1.0)
    survey = _text(value.get("survey")) or ""
    response = attempt or f"{survey}@{at!r}"
    question = "" if attempt else _text(value.get("question")) or ""
    match value.get("kind"):
        case "rating" | "number" | "boolean" as kind:
            low, high = value.get("low"), value.get("high")
            point = _share_of_scale(value.get("rating"), low, high)
            step = POINT if kind == "number" else _share_of_scale(1, 0, _difference(low, high)) or POINT
            return RatingEvidence(at, key, response, point, topics, weight, step, survey, question)
        case "choice" | "choices" | "ranking":
            says, asked = _choices(value, weights=dict(topics), weight=weight)
        case "text":
            says = tuple((topic, x, weight) for topic, x in topics if x >= 0.0)
            asked = tuple(topic for topic, _ in topics)
        case _:
            return None
    return StatementEvidence(at, key, Origin.SURVEY, says, asked, response, survey, question)


def _choices(
    value: Mapping[str, Any], *, weights: Mapping[str, float], weight: float
) -> tuple[tuple[tuple[str, float, float], ...], tuple[str, ...]]:
    """Read shares beside the share of all options: to pick one of ten says more than to pick nine.

    The two highest above it (ties all) are liked, as with ratings. To leave out an option is no dislike by itself: only
    what nearly all others were preferred to is disliked.
    """
    mean = value.get("mean")
    middle = float(mean) if _is_number(mean) else 0.5
    shares = _numbers(value.get("shares"), 0.0, 1.0)
    likes = liked([share for _, share in shares], middle)
    says = tuple(
        (topic, max(0.5 + (share - middle) / 2.0, LIKED if share >= likes else 0.0), weight * weights.get(topic, 1.0))
        for topic, share in shares
    )
    return says, tuple(sorted(weights))


MOST_LIKED = 2
_SAME = 1e-9
"""Two shares that are nearer than this are equal."""


def liked(points: Sequence[float], middle: float) -> float:
    """Return from which point on a topic is liked: the two highest above the student's own middle, ties all."""
    above = sorted((point for point in points if point > middle + _SAME), reverse=True)
    return above[:MOST_LIKED][-1] - _SAME if above else math.inf


def _pick(at: float, key: str, value: Mapping[str, Any], *, weight: float) -> StatementEvidence | None:
    """Read a pick beside what a student who left the default without any preference would have picked.

    To take the default is no evidence. Of the others such a student takes position k with the chance
    q_k ~ 1 / (k + 1). What was picked is evidence of 1 - q_k for its topic, each other one beside the default of q_k
    against it. So a topic gains by being picked more often than its places and showings explain; a menu of one says
    nothing, and the only alternate counts as one of two.

    Source: the position-based model of Joachims, Swaminathan and Schnabel (2017), "Unbiased learning-to-rank with
    biased feedback", section 4.
    """
    context = _text(value.get("context"))
    shown, position = value.get("shown"), value.get("position")
    alone = 1.0 - 1.0 / UNKNOWN_MENU
    if not isinstance(shown, Sequence) or isinstance(shown, str):
        known_default = position == 0
        return _picked(at, key, {context: (1.0, weight * alone)}) if context and not known_default else None
    menu = [_text(each) for each in shown]
    if not isinstance(position, int) or not 0 <= position < len(menu) or menu[position] != context:
        position = menu.index(context) if context in menu else 0
    if position == 0:
        return None
    chances: dict[str | None, float] = {}
    total = math.fsum(1.0 / (k + 1) for k in range(1, len(menu)))
    for k, each in enumerate(menu[1:], start=1):
        chances[each] = chances.get(each, 0.0) + 1.0 / (k + 1) / total
    if len(chances) == 1:
        return _picked(at, key, {context: (1.0, weight * alone)})
    return _picked(
        at,
        key,
        {
            each: (1.0, weight * max(0.0, 1.0 - chance)) if each == context else (0.0, weight * chance)
            for each, chance in chances.items()
        },
    )


def _picked(at: float, key: str, found: Mapping[str | None, tuple[float, float]]) -> StatementEvidence | None:
    says = sorted((topic, *reading) for topic, reading in found.items() if topic is not None)
    return StatementEvidence(at, key, Origin.PICK, tuple(says)) if says else None


def _difference(low: object, high: object) -> float | None:
    return high - low if _is_number(low) and _is_number(high) else None


def _share_of_scale(rating: object, low: object, high: object) -> float | None:
    if not (_is_number(rating) and _is_number(low) and _is_number(high)):
        return None
    return (rating - low) / (high - low) if low <= rating <= high and low < high else None


def _numbers(found: object, low: float, high: float) -> tuple[tuple[str, float], ...]:
    """Return the finite numbers within bounds of a mapping by name, sorted by name."""
    if not isinstance(found, Mapping):
        return ()
    return tuple(
        sorted((str(name), float(each)) for name, each in found.items() if _is_number(each) and low <= each <= high)
    )


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
