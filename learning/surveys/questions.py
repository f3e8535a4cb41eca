"""A survey question as a value: its scale or options, and the topics that they speak of."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class QuestionKind(StrEnum):
    """What is asked for."""

    RATING = "rating"
    CHOICE = "choice"
    CHOICES = "choices"
    RANKING = "ranking"
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"


class TextPolarity(StrEnum):
    """What a text question asks for."""

    LIKES = "likes"
    DISLIKES = "dislikes"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a survey."""

    survey: str
    """The survey's ref."""
    ref: str
    """As the form tool or the LMS names the question."""
    kind: QuestionKind
    aliases: tuple[str, ...] = ()
    prompt: str = ""
    """The wording that students see; only for reading and linting."""
    low: float = 0.0
    high: float = 1.0
    """The ends of a rating's or number's scale."""
    labels: tuple[str, ...] = ()
    """The points of a scale in words, from `low` to `high`."""
    topics: Mapping[str, float] = field(default_factory=dict)
    """Topic ref -> loading in [-1, 1], not 0; negative is reverse-keyed: to agree is to dislike."""
    options: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """The text of an option -> topic ref -> loading, in the order shown."""
    asks: TextPolarity = TextPolarity.LIKES

    @property
    def names(self) -> tuple[str, ...]:
        """All names that an answer may give for this question."""
        return (self.ref, *self.aliases)

    @property
    def spoken_of(self) -> frozenset[str]:
        """The topics that an answer can tell of by itself; free text can tell of any."""
        return frozenset(self.topics) | {topic for loadings in self.options.values() for topic in loadings}


def plain(text: str) -> str:
    """Return a text as names and labels are compared: small letters, compatible forms, one space, no closing marks."""
    lowered = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"\s+", " ", lowered).strip(" .:;!?*")
