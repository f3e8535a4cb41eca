"""How hard a text reads: the Flesch-Kincaid grade."""

from __future__ import annotations

import re

_WORD = re.compile(r"[A-Za-z]+(?:'[A-Za-z]+)?|\d+")
_VOWELS = re.compile(r"[aeiou]*y(?=[aeiou])|[aeou]*i(?=o(?![nu]))|(?<![tcg])i(?=a)|[aeiouy]+")
"""A group of vowels; one ends within ply-ing, ra-ti-o and tri-an-gle."""
_SILENT = re.compile(r"(?:[^laeiouy]e|[^td]ed|[^sxz]es)$")


def reading_grade(text: str) -> float:
    """Return the school grade that reading English text takes: 0.39 words/sentence + 11.8 syllables/word - 15.59.

    Source: Kincaid, Fishburne, Rogers and Chissom 1975. A number counts as a word of one syllable.
    """
    words = _WORD.findall(text)
    sentences = len(re.findall(r"[.!?]+(?:\s|$)", text)) or 1
    if not words:
        return 0.0
    return 0.39 * len(words) / sentences + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def syllables(word: str) -> int:
    """Return how many syllables an English word has, by its groups of vowels; never none."""
    plain = word.lower().replace("'", "")
    groups = len(_VOWELS.findall(plain.removeprefix("y")))
    return max(groups - bool(_SILENT.search(plain)), 1)
