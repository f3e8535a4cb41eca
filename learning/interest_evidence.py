"""What tells of a student's interests, as values, made from stored facts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from operator import attrgetter
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
"""A pick from a menu that is not known is read as one of so many equal options."""


@dataclass(frozen=True, slots=True)
class Rated:
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


@dataclass(frozen=True, slots=True)
class Told:
    """A direct statement of interest in topics."""

    at: float
    key: str
    origin: Origin
    says: tuple[tuple[str, float, float], ...]
    """(topic, interest in [0, 1], weight >= 0)."""
    asked: tuple[str, ...] = ()
    """The topics that the student was asked about, whatever the answer."""


@dataclass(frozen=True, slots=True)
class Vetoed:
    """The student does not want to see a topic, or wants it again; the latest stands."""

    at: float
    key: str
    topic: str
    vetoed: bool


Evidence = Rated | Told | Vetoed
_MOMENT = attrgetter("at", "key")


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

    Results are no evidence: neither a score nor `assignment_started` speaks of interest.
    """
    topic = _text(value.get("topic")) or _text(value.get("context"))
    match kind:
        case "survey_answer":
            return _answer(at, key, attempt, value, weight=weights.survey)
        case "interest_feedback" if topic and value.get("direction") in ("more", "less"):
            wanted = 1.0 if value["direction"] == "more" else 0.0
            return Told(at, key, Origin.FEEDBACK, ((topic, wanted, weights.feedback),))
        case "interest_veto" if topic:
            return Vetoed(at, key, topic, value.get("vetoed", True) is not False)
        case "assignment_picked":
            return _pick(at, key, value, weight=weights.pick)
        case "assignment_done" if topic and value.get("completed", True) is not False:
            return Told(at, key, Origin.DONE, ((topic, 1.0, weights.done),))
        case _:
            return None


def sorted_once(evidence: Iterable[Evidence]) -> list[Evidence]:
    """Return the evidence by (at, key), each piece once, in an order that does not depend on the one given."""
    once = sorted(set(evidence), key=_MOMENT)
    if any(_MOMENT(one) == _MOMENT(next_one) for one, next_one in pairwise(once)):
        # Keys are unique, so this is rare; then all that the evidence says decides.
        once.sort(key=lambda each: (each.at, each.key, repr(each)))
    return once


def _answer(at: float, key: str, attempt: str | None, value: Mapping[str, Any], *, weight: float) -> Evidence | None:
    topics = _numbers(value.get("topics"), -1.0, 1.0)
    match value.get("kind"):
        case "rating" | "number" | "boolean":
            response = attempt or f"{value.get('survey')}@{at!r}"
            point = _share_of_scale(value.get("rating"), value.get("low"), value.get("high"))
            return Rated(at, key, response, point, topics, weight)
        case "choice" | "choices" | "ranking":
            return _choices(at, key, value, weights=dict(topics), weight=weight)
        case "text":
            says = tuple((topic, x, weight) for topic, x in topics if x >= 0.0)
            return Told(at, key, Origin.SURVEY, says, asked=tuple(topic for topic, _ in topics))
        case _:
            return None


def _choices(at: float, key: str, value: Mapping[str, Any], *, weights: Mapping[str, float], weight: float) -> Told:
    """Read shares beside the share of all options: to pick one of ten says more than to pick nine."""
    mean = value.get("mean")
    middle = float(mean) if _is_number(mean) else 0.5
    says = tuple(
        (topic, 0.5 + (share - middle) / 2.0, weight * weights.get(topic, 1.0))
        for topic, share in _numbers(value.get("shares"), 0.0, 1.0)
    )
    return Told(at, key, Origin.SURVEY, says, asked=tuple(sorted(weights)))


def _pick(at: float, key: str, value: Mapping[str, Any], *, weight: float) -> Told | None:
    """Read a pick beside what a student without any preference would have picked.

    Such a student takes position k with the chance q_k ~ 1 / (k + 1): the default most often. What was picked is
    evidence of 1 - q_k for its topic, each other topic shown of q_k against it. So a topic gains by being picked more
    often than its places and showings explain; a menu of one says nothing.

    Source: the position-based model of Joachims, Swaminathan and Schnabel (2017), "Unbiased learning-to-rank with
    biased feedback", section 4.
    """
    context = _text(value.get("context"))
    shown, position = value.get("shown"), value.get("position")
    if not isinstance(shown, Sequence) or isinstance(shown, str):
        share = 1.0 / UNKNOWN_MENU
        return Told(at, key, Origin.PICK, ((context, 1.0, weight * (1.0 - share)),)) if context else None
    menu = [_text(each) for each in shown]
    if not isinstance(position, int) or not 0 <= position < len(menu) or menu[position] != context:
        if context not in menu:
            return None
        position = menu.index(context)
    chances: dict[str | None, float] = {}
    total = math.fsum(1.0 / (k + 1) for k in range(len(menu)))
    for k, each in enumerate(menu):
        chances[each] = chances.get(each, 0.0) + 1.0 / (k + 1) / total
    says = [
        (topic, 1.0, weight * max(0.0, 1.0 - chance)) if topic == context else (topic, 0.0, weight * chance)
        for topic, chance in sorted((topic, chance) for topic, chance in chances.items() if topic is not None)
    ]
    return Told(at, key, Origin.PICK, tuple(says)) if len(chances) > 1 else None


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
