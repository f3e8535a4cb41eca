"""What is kept of a survey answer: its standing on the scale and the topics that it speaks of, never its text.

Ratings, numbers and yes/no are kept as a point of their scale, because what one means depends on the student's other
ratings in the same response. Options are kept as shares, rankings as Borda points, text as readings of topics.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, assert_never

from learning.surveys.questions import Question, QuestionKind, TextPolarity, plain

DECIMALS = 6
"""Kept numbers are rounded so: far finer than a survey, and the same on every machine."""


class Reader(Protocol):
    """What reads free text; `learning.text.reader.TextReader` is one."""

    @property
    def version(self) -> str:
        """Which rules and weights read, so that readings of different versions can be distinguished."""

    def read(self, text: str) -> dict[str, float]:
        """Return the interest in each topic that the text speaks of, in [0, 1]."""


def score(question: Question, answer: Mapping[str, Any], *, reader: Reader | None) -> dict[str, Any]:
    """Return the small JSON that stands for an answer.

    It has `survey`, `question`, `kind`, and by kind

    * rating, number, boolean: `rating` (None where the selection is no point of the scale), `low`, `high`, `topics`
      (loadings);
    * choice, choices, ranking: `shares` (topic -> its share of what was offered of it, in [0, 1]), `mean` (the share
      over all options), `topics` (weights); no shares where the selection tells nothing apart;
    * text: `topics` (interest in [0, 1] for each topic spoken of), `reader` (its version, None where none is there).

    An answer that was not understood is kept as unknown: that the student was asked is worth knowing.
    """
    stored: dict[str, Any] = {"survey": question.survey, "question": question.ref, "kind": question.kind.value}
    answer_value = answer.get("answer")
    match question.kind:
        case QuestionKind.RATING | QuestionKind.NUMBER | QuestionKind.BOOLEAN:
            return {
                **stored,
                "rating": _point(question, answer_value, label=answer.get("label")),
                "low": question.low,
                "high": question.high,
                "topics": dict(question.topics),
            }
        case QuestionKind.CHOICE | QuestionKind.CHOICES | QuestionKind.RANKING:
            return stored | _shares(question, _selected(question, answer_value))
        case QuestionKind.TEXT:
            return stored | _readings(question, answer_value, reader=reader)
        case _:
            assert_never(question.kind)


def _point(question: Question, answer_value: object, *, label: object) -> float | None:
    """Return the point of the scale that was selected; None is unknown, never the scale's end."""
    if question.kind is QuestionKind.BOOLEAN:
        return {"yes": 1.0, "true": 1.0, "no": 0.0, "false": 0.0}.get(plain(str(answer_value)))
    for text in (label, answer_value):
        if isinstance(text, str):
            labels = [plain(each) for each in question.labels]
            if plain(text) in labels:
                return question.low + labels.index(plain(text))
    number = _number(answer_value)
    if number is None or not question.low <= number <= question.high:
        return None
    return None if question.kind is QuestionKind.RATING and number % 1 else number


def _number(answer_value: object) -> float | None:
    if isinstance(answer_value, str):
        try:
            answer_value = float(answer_value)
        except ValueError:
            return None
    if isinstance(answer_value, bool) or not isinstance(answer_value, int | float) or not math.isfinite(answer_value):
        return None
    return float(answer_value)


def _selected(question: Question, answer_value: object) -> list[str]:
    """Return the options selected, in the order given, once each; what was not offered is left out."""
    offered = {plain(option): option for option in question.options}
    several = answer_value if isinstance(answer_value, list | tuple) else ()
    texts: Sequence[object] = [answer_value] if isinstance(answer_value, str) else several
    found = [offered[plain(text)] for text in texts if isinstance(text, str) and plain(text) in offered]
    return list(dict.fromkeys(found))


def _shares(question: Question, selected: list[str]) -> dict[str, Any]:
    """Return what was selected as shares by topic; a reverse-keyed option counts where it was left out.

    To select all (or to rank nothing) tells nothing apart, as one rating for all questions does not.
    """
    points = _borda(question, selected) if question.kind is QuestionKind.RANKING else _marks(question, selected)
    mean = math.fsum(points.values()) / len(points)
    shares: dict[str, float] = {}
    weights: dict[str, float] = {}
    for topic in sorted(question.spoken_of):
        parts = [
            (points[option], loadings[topic]) for option, loadings in question.options.items() if topic in loadings
        ]
        # Reversed about the mean: to leave out what speaks against a topic tells as little as to leave out the rest.
        keyed = math.fsum(abs(w) * (p if w > 0.0 else 2.0 * mean - p) for p, w in parts)
        shares[topic] = round(min(1.0, max(0.0, keyed / math.fsum(abs(w) for _, w in parts))), DECIMALS)
        weights[topic] = max(abs(w) for _, w in parts)
    if not selected or len(set(points.values())) == 1:
        shares = {}
    return {"shares": shares, "mean": round(mean, DECIMALS), "topics": weights}


def _marks(question: Question, selected: list[str]) -> dict[str, float]:
    picked = selected[:1] if question.kind is QuestionKind.CHOICE else selected
    return {option: 1.0 if option in picked else 0.0 for option in question.options}


def _borda(question: Question, selected: list[str]) -> dict[str, float]:
    """Return Borda points in [0, 1]: first of n is 1, last 0; the unranked share what is left.

    Source: J.-C. de Borda, Memoire sur les elections au scrutin (1781).
    """
    last = len(question.options) - 1
    points = {option: (last - place) / last for place, option in enumerate(selected)}
    left = len(question.options) - len(selected)
    rest = (left - 1) / 2.0 / last
    return {option: points.get(option, rest) for option in question.options}


def _readings(question: Question, answer_value: object, *, reader: Reader | None) -> dict[str, Any]:
    if reader is None:
        return {"topics": {}, "reader": None}
    found = reader.read(answer_value) if isinstance(answer_value, str) else {}
    if question.asks is TextPolarity.DISLIKES:
        # "Football" and "I hate football" under "What do you not like?" are both a dislike.
        found = {topic: min(value, 1.0 - value) for topic, value in found.items()}
    return {"topics": {topic: round(found[topic], DECIMALS) for topic in sorted(found)}, "reader": reader.version}
