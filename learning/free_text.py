"""What a child writes about likes and dislikes, read as interest in a school's topics; the text itself is not kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Embed = Callable[[list[str]], NDArray[np.float32]]
"""Texts -> sentence embeddings, of shape `(texts, dimensions)`."""


@dataclass(frozen=True, slots=True)
class TopicText:
    """A topic in the school's words."""

    ref: str
    title: str
    phrases: tuple[str, ...] = ()
    """A few words and phrases that belong to it, as children use them."""


class TextReader:
    """Reads free text for one school's topics."""

    def __init__(self, embed: Embed, topics: Sequence[TopicText]) -> None:
        self.topics = tuple(topics)
        self._embed = embed

    @classmethod
    def of(cls, embed: Embed, phrases: Mapping[str, Sequence[str]]) -> TextReader:
        """Return a reader for topics given as ref -> (title, phrase, phrase, ...)."""
        return cls(embed, [TopicText(ref, texts[0], tuple(texts[1:])) for ref, texts in sorted(phrases.items())])

    @property
    def version(self) -> str:
        """Which rules read."""
        return "1"

    def read(self, text: str) -> dict[str, float]:
        """Return the interest in each topic that the text speaks of, in [0, 1]; above 0.5 is liked, below disliked."""
        raise NotImplementedError(text)
