"""What a child writes about likes and dislikes, read as interest in a school's topics; the text itself is not kept.

A text is cut into clauses (`text_clauses`); each says whether it likes, dislikes or neither (`text_attitude`); what it
names is looked up among the topics' own words and children's words (`text_lexicon`), and what is not found there is
compared with both by sentence embedding, above a floor (`text_senses`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from learning.text.clauses import Clause, Join, clauses, compared
from learning.text.embedding_match import Embed, Senses
from learning.text.lexicon import Lexicon
from learning.text.sentiment import Stance, attitude, without_fillers
from learning.text.spelling import lemmas, normalize
from learning.text.vocabulary import GROUPS, Group

__all__ = ["Embed", "TextReader", "TopicText"]

RULES = 2
"""The version of the rules; raised when the same text would be read otherwise."""
MAX_TEXT_LENGTH = 2000
_SHORTEST_HALF = 3


@dataclass(frozen=True, slots=True)
class TopicText:
    """A topic in the school's words."""

    ref: str
    title: str
    phrases: tuple[str, ...] = ()
    """A few words and phrases that belong to it, as children use them."""


@dataclass(frozen=True, slots=True)
class _ReadClause:
    """A clause as read."""

    stance: Stance
    topics: frozenset[str]
    instead: bool = False
    """Whether it only says what it is not ("not football"), and what it is may follow."""
    names_something: bool = False
    """Whether it names a thing, of the school's topics or not: an answer after it is about that."""


class TextReader:
    """Reads free text for one school's topics."""

    def __init__(
        self,
        embed: Embed,
        topics: Sequence[TopicText],
        *,
        is_word: Callable[[str], bool] = lambda _: False,
        groups: Sequence[Group] = GROUPS,
    ) -> None:
        """Prepare to read; `is_word` tells the words of the language from slips of the pen, where that is known."""
        self.topics = tuple(sorted(topics, key=lambda topic: topic.ref))
        texts = {topic.ref: (topic.title, *topic.phrases) for topic in self.topics}
        self._lexicon = Lexicon(texts, groups=groups, is_word=is_word)
        self._is_word = is_word
        self._senses = Senses(embed, texts, groups=groups, owners=self._lexicon.owners)
        written = "\n".join("\t".join((ref, *each)) for ref, each in texts.items())
        self._version = f"{RULES}.{hashlib.blake2s(written.encode(), digest_size=4).hexdigest()}"

    @classmethod
    def of(cls, embed: Embed, phrases: Mapping[str, Sequence[str]], **options: Any) -> TextReader:  # noqa: ANN401 - as above
        """Return a reader for topics given as ref -> (title, phrase, phrase, ...)."""
        return cls(embed, [TopicText(ref, texts[0], tuple(texts[1:])) for ref, texts in phrases.items()], **options)

    @property
    def version(self) -> str:
        """Which rules and which topics' words read: readings of different versions can be distinguished."""
        return self._version

    def read(self, text: str) -> dict[str, float]:
        """Return the interest in each topic that the text speaks of, in [0, 1]; above 0.5 is liked, below disliked."""
        clauses_read = list(self._clauses(normalize(text[:MAX_TEXT_LENGTH])))
        found: dict[str, list[float]] = {}
        for each in clauses_read:
            if each.stance.value is not None:
                for topic in each.topics:
                    found.setdefault(topic, []).append(each.stance.value)
        return {topic: _together(found[topic]) for topic in sorted(found)}

    def _clauses(self, text: str) -> list[_ReadClause]:
        for pattern, whole in self._lexicon.joined:
            text = pattern.sub(whole, text)
        clauses_read: list[_ReadClause] = []
        carried = Stance.LIKES
        for clause in clauses(text):
            carried = self._follow(clause, clauses_read, carried)
        return clauses_read

    def _follow(self, clause: Clause, clauses_read: list[_ReadClause], carried: Stance) -> Stance:
        """Read a clause after those before it, which it may speak of; return what a bare name after it would mean."""
        head, tail = compared(clause.text)
        its = attitude(head)
        topics, names_something = self._topics_in(head)
        if its.points_back and not topics and its.has_statement:
            _turn_back(clauses_read, its.stance)
            return its.stance
        stance = its.stance
        match clause.join:
            case Join.EXCEPT:
                stance = Stance.LIKES if _is_nothing(clauses_read, clause) else carried.opposite
            case Join.COMMA if not its.has_statement and clauses_read and clauses_read[-1].instead:
                pass
            case Join.LIST | Join.COMMA if not its.has_statement and not its.own_subject:
                stance = carried
            case _:
                pass
        if tail and stance is Stance.LIKES and re.match(r"(?:nothing|no ?one|nobody)\b", head):
            topics |= self._topics_in(tail)[0]
        clauses_read.append(_ReadClause(stance, topics, head.startswith("not "), names_something))
        return stance

    def _topics_in(self, text: str) -> tuple[frozenset[str], bool]:
        """Return the topics that a clause names, by its words, or by its sense where none of them is known.

        With it whether the clause names anything, of the school's topics or not. The sense of a compound that the
        language does not know is that of its pieces, and counts only where its last half says the same.
        """
        found = self._lexicon.find(without_fillers(text).replace("_", " "))
        if found.matched or not found.rest:
            return found.topics, found.matched > 0
        heads = {word: self._head_topics(word) for word in found.rest}
        spoken = [word for word, topics in heads.items() if topics is None or topics]
        nearest = self._senses.nearest(" ".join(spoken)) if spoken else frozenset()
        of_heads = [topics for word in spoken if (topics := heads[word]) is not None]
        return nearest & frozenset[str]().union(*of_heads) if of_heads else nearest, True

    def _head_topics(self, word: str) -> frozenset[str] | None:
        """Return the topics of a compound's last half: a blackhawk would be a hawk, cosplay a play: nothing.

        A compound is a word that is not known, of two halves that are. None where it is none, or where its last half is
        a word of no list (bagpipes). "Beekeeping" says by its halves what is done.
        """
        if word.endswith("ing") or self._is_known(word):
            return None
        cuts = range(_SHORTEST_HALF, len(word) - _SHORTEST_HALF + 1)
        halves = [word[n:] for n in cuts if self._is_known(word[:n]) and self._is_known(word[n:])]
        found = [self._lexicon.find(half) for half in halves]
        if all(each.rest for each in found):
            return None
        return frozenset[str]().union(*(each.topics for each in found))

    def _is_known(self, word: str) -> bool:
        return self._lexicon.has(word) or any(map(self._is_word, lemmas(word)))


def _is_nothing(clauses_read: Sequence[_ReadClause], clause: Clause) -> bool:
    return not clauses_read and not clause.text


def _turn_back(clauses_read: list[_ReadClause], stance: Stance) -> None:
    """Let "but I hate it" speak of what was named last, which need not be a topic of the school's."""
    for n in range(len(clauses_read) - 1, -1, -1):
        if clauses_read[n].names_something:
            clauses_read[n] = _ReadClause(stance, clauses_read[n].topics, names_something=True)
            return


def _together(values: Sequence[float]) -> float:
    """Return one value of several: to like one thing of a topic and not another is to like it a little less."""
    if min(values) < Stance.INDIFFERENT.value < max(values):
        return Stance.LEANS.value
    return sum(values) / len(values)
