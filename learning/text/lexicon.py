"""Which words mean which of a school's topics: the topics' own words, and children's words by what they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from learning.text.spelling import (
    collapse_repeats,
    is_keyboard_mash,
    lemmas,
    nearest_spelling,
    normalize,
    singular,
    stem,
    words,
)
from learning.text.vocabulary import Group

Key = tuple[str, ...]
MAX_WORDS = 4
_SHORTEST_DROPPED = 5
"""Letters of the shortest word that is read as an -ing form without its g."""
_LEADS = frozenset(
    """
    playing play listening to making make taking take care of trying try my the a an riding ride watching watch doing
    do going go new favorite learning learn about with and in on at for some things stuff
    """.split()  # noqa: SIM905 - a list of so many words is best read as a text
)
_GENERIC = frozenset(
    """
    thing stuff new care my the a an to of and or in on at with for me i it is am are was like love hate do go play
    make take get have want really very so fun hand won match team time favorite
    """.split()  # noqa: SIM905 - a list of so many words is best read as a text
)
_COMMON = frozenset(
    """
    about after again all alone also always around away back been before best better bored boring both came cant cool
    could cute days does dont down each easy enjoy even ever every everything fast feel find first from fun gave gets
    give goes going good great guess hard hate have hear help here high home hope house idea into just keep kids kind
    kinda know last learn left less life like likes line list little live lives long look looking lots love loves made
    make makes making many maybe mean mind mine miss more most mostly much must name need never nice none nothing
    often only other over part people place play plays point pretty quit quite real really right room said same scared
    show shows side sits some soft soon sort spend stand stay still stop stuff such sure take takes talk team tell
    than thank that their them then there these they thing things think this those time told took town tried true turn
    until used very wait walk want watch water ways week weird well went were what when where which while whole will
    wish with word words work world would year years your yours because someday anything best afternoon morning night
    winter summer spring outside inside being hobby hobbies interest interested whatever bad boo sucks stupid dumb lame
    terrible awful worst worse trash cringe gross yuck obsessed awesome amazing adore annoying embarrassing disgusting
    horrible fan favorites prefer rather able allowed scared afraid allergic
    """.split()  # noqa: SIM905 - a list of so many words is best read as a text
)


@dataclass(frozen=True, slots=True)
class TopicMatch:
    """What a clause names."""

    topics: frozenset[str]
    matched: int
    """How many of its words are known to be some thing or other, whether a topic of the school's or not."""
    rest: tuple[str, ...]
    """Its other words that are neither general nor a mash."""


class Lexicon:
    """The words of one school's topics."""

    def __init__(
        self, topics: Mapping[str, Sequence[str]], *, groups: Sequence[Group], is_word: Callable[[str], bool]
    ) -> None:
        """Build it from topic ref -> (title, phrase, phrase, ...); `is_word` tells words of the language from slips."""
        self._own = {ref: frozenset(key for text in texts for key in _keys(text)) for ref, texts in topics.items()}
        self._entries: dict[Key, frozenset[str]] = {}
        for ref, keys in self._own.items():
            for key in keys:
                self._entries[key] = self._entries.get(key, frozenset()) | {ref}
        grouped: dict[Key, frozenset[str]] = {}
        for group in groups:
            owners = self.owners(group)
            for synonyms in group.members:
                same = [_key(normalize(text)) for text in synonyms]
                direct = frozenset[str]().union(*(self._entries.get(key, frozenset()) for key in same))
                for key in same:
                    grouped[key] = grouped.get(key, frozenset()) | (direct or owners)
        self._entries = grouped | self._entries
        self._stems = frozenset(part for key in self._entries for part in key)
        texts = [text for each in (*topics.values(), *(group.texts for group in groups)) for text in each]
        self._vocabulary = {
            word: stem(word) for text in texts for word in words(normalize(text)) if stem(word) in self._stems
        }
        self._is_word = is_word
        self.joined = _with_joiners(texts)

    def owners(self, group: Group) -> frozenset[str]:
        """Return the topics that have, among their own words, the first of the group's heads that any topic has."""
        for head in group.heads:
            key = _key(normalize(head))
            found = frozenset(ref for ref, keys in self._own.items() if key in keys or key == _key(normalize(ref)))
            if found:
                return found
        return frozenset()

    def has(self, word: str) -> bool:
        """Return whether a word is part of any name."""
        return stem(word) in self._stems

    def find(self, text: str) -> TopicMatch:
        """Return what an even clause names; the longest names first, misspelt words as what they are meant for."""
        raw = words(text)
        stems = [self._meant(word) for word in raw]
        topics: set[str] = set()
        matched, at = 0, 0
        rest: list[str] = []
        while at < len(stems):
            length, hit = self._longest(stems, raw, at)
            if hit is None:
                if stems[at] not in _GENERIC and raw[at] not in _COMMON and not is_keyboard_mash(raw[at]):
                    rest.append(raw[at])
                at += 1
            else:
                topics |= hit
                matched += 1
                at += length
        return TopicMatch(frozenset(topics), matched, tuple(rest))

    def _longest(self, stems: Sequence[str], raw: Sequence[str], at: int) -> tuple[int, frozenset[str] | None]:
        for length in range(min(MAX_WORDS, len(stems) - at), 0, -1):
            key = tuple(stems[at : at + length])
            if key in self._entries:
                return length, self._entries[key]
            if length == 2 and (stem("".join(raw[at : at + 2])),) in self._entries:  # noqa: PLR2004 - "basket ball"
                return length, self._entries[(stem("".join(raw[at : at + 2])),)]
        return 1, None

    def _meant(self, word: str) -> str:
        """Return the stem of the word that is meant."""
        for way in collapse_repeats(word):
            if stem(way) in self._stems:
                return stem(way)
        if word.endswith("in") and len(word) >= _SHORTEST_DROPPED and stem(f"{word}g") in self._stems:
            return stem(f"{word}g")  # "bakin", "swimmin"
        if word in _COMMON or word in _GENERIC or is_keyboard_mash(word) or any(map(self._is_word, lemmas(word))):
            return stem(word)
        for way in collapse_repeats(word):
            for form in dict.fromkeys((way, singular(way))):
                guess = nearest_spelling(form, self._vocabulary)
                if guess is not None:
                    return self._vocabulary[guess]
        return stem(word)


def _with_joiners(texts: Iterable[str]) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return how names that hold an "and" are kept in one piece: "hide and seek" is no list."""
    joined = sorted(
        {normalize(text).strip() for text in texts if re.fullmatch(r"\w+ (?:and|n) \w+", normalize(text).strip())}
    )
    return tuple((re.compile(rf"\b{text}\b"), text.replace(" ", "_")) for text in joined)


def _keys(text: str) -> set[Key]:
    """Return what a topic's title or phrase is looked up by: its parts, with and without what leads them."""
    keys = set()
    for part in re.split(r",|;|/|&|\band\b|\bor\b", normalize(text)):
        tokens = words(part)
        while tokens:
            if not set(map(stem, tokens)) <= _GENERIC and len(tokens) <= MAX_WORDS:
                keys.add(tuple(map(stem, tokens)))
            if tokens[0] not in _LEADS:
                break
            tokens = tokens[1:]
    return keys


def _key(text: str) -> Key:
    return tuple(map(stem, words(text)))
