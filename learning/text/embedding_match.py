"""What words mean that no list has: the kind of thing whose words are nearest in sense, by sentence embedding."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from learning.text.vocabulary import Group

Embed = Callable[[list[str]], NDArray[np.float32]]
"""Texts -> sentence embeddings, of shape `(texts, dimensions)`."""
NEIGHBOURS = 3
"""A kind is as near as its so many nearest words on average: one alone may be near by chance."""
FLOOR = 0.35
"""A cosine below it says nothing."""
MARGIN = 0.06
"""The nearest kind must be so much nearer than the next."""


class Senses:
    """The kinds of things that a school's topics are, and the kinds that are none of them, in the embedding's space."""

    def __init__(
        self,
        embed: Embed,
        topics: Mapping[str, Sequence[str]],
        *,
        groups: Sequence[Group],
        owners: Callable[[Group], frozenset[str]],
    ) -> None:
        """Embed the topics' texts (ref -> title, phrases) and children's words; `owners` tells whose a group is."""
        kinds: dict[tuple[str, ...], list[str]] = {(ref,): list(texts) for ref, texts in sorted(topics.items())}
        for group in groups:
            # What belongs to no topic is a kind of its own: to be near it is to be none of the school's topics.
            kind = tuple(sorted(owners(group))) or (_NONE, group.heads[0])
            kinds.setdefault(kind, []).extend(group.texts)
        texts = [text for kind in kinds.values() for text in kind]
        self._embed = embed
        self._kinds = list(kinds)
        self._vectors = self._units(texts) if texts else np.zeros((0, 1), np.float32)
        ends = np.cumsum([len(kind) for kind in kinds.values()])
        self._slices = [slice(int(end) - len(kind), int(end)) for end, kind in zip(ends, kinds.values(), strict=True)]

    def nearest(self, text: str) -> frozenset[str]:
        """Return the topics of the kind that is nearest in sense; none where none is near, or two are about as near."""
        if not self._kinds:
            return frozenset()
        near = self._vectors @ self._units([text])[0]
        scores = [float(np.sort(near[part])[-NEIGHBOURS:].mean()) for part in self._slices]
        ranked = sorted(zip(scores, self._kinds, strict=True), reverse=True)
        first, kind = ranked[0]
        second = ranked[1][0] if len(ranked) > 1 else -1.0
        if first < FLOOR or first - second < MARGIN or kind[0] == _NONE:
            return frozenset()
        return frozenset(kind)

    def _units(self, texts: list[str]) -> NDArray[np.float32]:
        vectors = self._embed(texts)
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        units: NDArray[np.float32] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
        return units


_NONE = ""
