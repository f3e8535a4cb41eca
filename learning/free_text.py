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

from learning.childrens_words import GROUPS, Group
from learning.text_attitude import Stance, attitude, without_fillers
from learning.text_clauses import Clause, Join, clauses, compared
from learning.text_lexicon import Lexicon
from learning.text_senses import Embed, Senses
from learning.text_words import even

__all__ = ["Embed", "TextReader", "TopicText"]

RULES = 1
"""The version of the rules; raised when the same text would be read otherwise."""
LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True)
class TopicText:
    """A topic in the school's words."""

    ref: str
    title: str
    phrases: tuple[str, ...] = ()
    """A few words and phrases that belong to it, as children use them."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A clause as read."""

    stance: Stance
    topics: frozenset[str]
    instead: bool = False
    """Whether it only says what it is not ("not football"), and what it is may follow."""


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
        self._senses = Senses(embed, texts, groups=groups, owners=self._lexicon.owners)
        written = "\n".join("\t".join((ref, *each)) for ref, each in texts.items())
        self._version = f"{RULES}.{hashlib.blake2s(written.encode(), digest_size=4).hexdigest()}"

    @classmethod
    def of(cls, embed: Embed, phrases: Mapping[str, Sequence[str]], **known: Any) -> TextReader:  # noqa: ANN401 - as above
        """Return a reader for topics given as ref -> (title, phrase, phrase, ...)."""
        return cls(embed, [TopicText(ref, texts[0], tuple(texts[1:])) for ref, texts in phrases.items()], **known)

    @property
    def version(self) -> str:
        """Which rules and which topics' words read: readings of one version can be told from another's."""
        return self._version

    def read(self, text: str) -> dict[str, float]:
        """Return the interest in each topic that the text speaks of, in [0, 1]; above 0.5 is liked, below disliked."""
        said = list(self._said(even(text[:LONGEST_TEXT])))
        found: dict[str, list[float]] = {}
        for each in said:
            if each.stance.value is not None:
                for topic in each.topics:
                    found.setdefault(topic, []).append(each.stance.value)
        return {topic: _together(found[topic]) for topic in sorted(found)}

    def _said(self, text: str) -> list[_Said]:
        for pattern, whole in self._lexicon.joined:
            text = pattern.sub(whole, text)
        said: list[_Said] = []
        carried = Stance.LIKES
        for clause in clauses(text):
            carried = self._follow(clause, said, carried)
        return said

    def _follow(self, clause: Clause, said: list[_Said], carried: Stance) -> Stance:
        """Read a clause after those before it, which it may speak of; return what a bare name after it would mean."""
        head, tail = compared(clause.text)
        its = attitude(head)
        topics = self._named(head)
        if its.points_back and not topics and its.said:
            _turn_back(said, its.stance)
            return its.stance
        stance = its.stance
        match clause.join:
            case Join.EXCEPT:
                stance = Stance.LIKES if _is_nothing(said, clause) else carried.opposite
            case Join.COMMA if not its.said and said and said[-1].instead:
                pass
            case Join.LIST | Join.COMMA if not its.said and not its.own_subject:
                stance = carried
            case _:
                pass
        if tail and stance is Stance.LIKES and re.match(r"(?:nothing|no ?one|nobody)\b", head):
            topics |= self._named(tail)
        said.append(_Said(stance, topics, instead=head.startswith("not ")))
        return stance

    def _named(self, text: str) -> frozenset[str]:
        """Return the topics that a clause names, by its words, or by its sense where none of them is known."""
        found = self._lexicon.find(without_fillers(text).replace("_", " "))
        if found.known or not found.rest:
            return found.topics
        return self._senses.nearest(" ".join(found.rest))


def _is_nothing(said: Sequence[_Said], clause: Clause) -> bool:
    return not said and not clause.text


def _turn_back(said: list[_Said], stance: Stance) -> None:
    """Let "but I hate it" speak of what was named last."""
    for n in range(len(said) - 1, -1, -1):
        if said[n].topics:
            said[n] = _Said(stance, said[n].topics)
            return


def _together(values: Sequence[float]) -> float:
    """Return one value of several: to like one thing of a topic and not another is to like it a little less."""
    if min(values) < Stance.INDIFFERENT.value < max(values):
        return Stance.LEANS.value
    return sum(values) / len(values)
