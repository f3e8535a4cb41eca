"""Which skills a question or a link may be about, with how sure that is and why. A person decides.

In this order: the GUID of a standard (.99), a skill's code in the id number (.97) or the name (.95), a tag that is a
skill (.9), a category that is one (.85), words in common with a skill's title (at most .6). A code of letters alone may
be an ordinary word and counts for less. Only the first of these that finds something is proposed.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

GUID, IN_NUMBER, IN_NAME, TAG, CATEGORY, WORDS = 0.99, 0.97, 0.95, 0.9, 0.85, 0.6
LETTERS_ONLY = 0.8
"""What a code of letters alone is worth, of what a code with a digit is."""
LEAST_WORDS = 0.3
MOST = 3
"""Skills that are proposed for one thing by words."""
_TOKEN = re.compile(r"[^\W_]+(?:[.\-:][^\W_]+)*")
_WORD = re.compile(r"[^\W\d_]{3,}")
_STOP = frozenset(
    (
        *("the", "and", "for", "with", "what", "which", "how", "are", "does", "that", "this", "from", "into", "than"),
        *(
            "use",
            "using",
            "each",
            "all",
            "its",
            "his",
            "her",
            "can",
            "you",
            "your",
            "when",
            "where",
            "who",
            "why",
            "let",
        ),
        *("find", "solve", "write", "question", "questions", "test", "quiz", "task", "der", "die", "das", "und", "mit"),
        *("von", "ein", "eine", "einer", "wie", "was", "los", "las", "con", "por", "una", "que", "les", "des", "une"),
        *("dans", "est", "pour"),
    )
)
MOST_SKILLS = 200
"""A word that more skills have finds none of them by itself."""
SHORTEST_STEM = 4
CLOSE = 0.9
"""A skill is proposed by words beside the best one if it has this share of its share."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A skill, from 0 to 1 how sure it is, and why."""

    skill: str
    sure: float
    because: str


@dataclass(slots=True)
class Matcher:
    """The skills of a folder, prepared for comparing."""

    titles: Mapping[str, str]
    """Titles by code."""
    names: Mapping[str, str]
    """Codes by every name of a skill, GUIDs and addresses among them."""
    by_name: dict[str, str] = field(init=False)
    by_title: dict[str, str] = field(init=False)
    codes: dict[str, str] = field(init=False)
    """Skills by their codes in small letters; one character alone is no code."""
    code: re.Pattern[str] | None = field(init=False)
    """Codes with other characters than letters, digits, points and hyphens, which are looked for one by one."""
    words: dict[str, dict[str, float]] = field(init=False)
    """Weights by skill, by word: rare words weigh more."""
    skills_of_word: dict[str, list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.by_name = {name.casefold(): skill for name, skill in self.names.items()}
        self.by_name |= {_last(name): skill for name, skill in self.names.items() if "/" in name}
        self.codes = {code.casefold(): code for code in self.titles if len(code) > 1}
        self.by_name |= {code.casefold(): code for code in self.titles}
        counts = Counter(title.casefold() for title in self.titles.values())
        self.by_title = {title.casefold(): code for code, title in self.titles.items() if counts[title.casefold()] == 1}
        odd = sorted((re.escape(code) for code in self.titles if not _TOKEN.fullmatch(code)), key=len, reverse=True)
        pattern = rf"(?<![^\W_])(?:{'|'.join(odd)})(?![^\W_])"
        self.code = re.compile(pattern, re.IGNORECASE) if odd else None
        self.words = _weights(self.titles)
        self.skills_of_word = defaultdict(list)
        for skill, weights in self.words.items():
            for word in weights:
                self.skills_of_word[word].append(skill)

    def of(
        self,
        guids: Iterable[str],
        texts: Iterable[tuple[str, float, str]],
        tags: Iterable[str],
        category: Sequence[str],
        *,
        words: str,
    ) -> list[Proposal]:
        """Return the skills that something may be about, the surest first.

        Args:
            guids: of standards, as it names them.
            texts: (what it is, how sure a code in it is, the text).
            tags: its tags.
            category: the path of its category, the outermost first.
            words: what it is about, in words.
        """
        found = [Proposal(self.by_name[key], GUID, "the GUID of the standard") for key in _keys(guids, self.by_name)]
        for what, sure, text in texts:
            found = found or list(self._codes(text, sure, f"the code in {what}"))
        found = found or [each for tag in tags for each in self._whole(tag, TAG, f"the tag {tag!r}")]
        for part in reversed(category):
            found = found or list(self._whole(part, CATEGORY, f"the category {part!r}"))
        found = found or self._by_words(words)
        return list({each.skill: each for each in found}.values())

    def _codes(self, text: str, sure: float, because: str) -> Iterator[Proposal]:
        for skill in self._skills_in(text):
            yield Proposal(skill, sure if re.search(r"\d", skill) else round(sure * LETTERS_ONLY, 2), because)

    def _skills_in(self, text: str) -> Iterator[str]:
        """Yield the skills whose codes stand in a text.

        A longer code begins like a shorter one: neither 4.NF.1a nor 4.NF.1.2 nor 1-4.NF.1 is 4.NF.1. But a prefix of
        letters (CCSS.4.NF.1) and a suffix behind a hyphen that begins with a letter (4.NF.1-q7) are none of the code's.
        """
        for token in _TOKEN.findall(text):
            parts = re.split(r"([.\-:])", token.casefold())
            found = next((name for name in _inner(parts) if name in self.codes), None)
            if found is not None:
                yield self.codes[found]
        for match in self.code.finditer(text) if self.code else ():
            yield self.by_name[match[0].casefold()]

    def _whole(self, text: str, sure: float, because: str) -> Iterator[Proposal]:
        """Yield the skill whose name or title a text is; else those whose code stands in it."""
        name = text.strip().casefold()
        skill = self.by_name.get(name) or self.by_title.get(name)
        if skill is not None:
            yield Proposal(skill, sure, because)
        else:
            yield from self._codes(text, sure, because)

    def _by_words(self, text: str) -> list[Proposal]:
        """Return the skills with the most words in common: the share of a title's weight that is in the text."""
        seen = set(_words(text))
        rare = (self.skills_of_word.get(word, ()) for word in seen)
        candidates = {skill for skills in rare if len(skills) <= MOST_SKILLS for skill in skills}
        shares = {}
        for skill in candidates:
            weights = self.words[skill]
            shares[skill] = sum(weights[word] for word in weights.keys() & seen) / sum(weights.values())
        best = sorted(shares.items(), key=lambda each: (-each[1], each[0]))[:MOST]
        return [
            Proposal(skill, round(WORDS * share, 2), f"words of its title ({self.titles[skill][:60]})")
            for skill, share in best
            if WORDS * share >= LEAST_WORDS and share >= best[0][1] * CLOSE
        ]


def _inner(parts: Sequence[str]) -> Iterator[str]:
    """Yield what may be a code in a token that is taken apart at its separators, the longest first."""
    places = range(0, len(parts), 2)
    for size in range(len(parts), 0, -2):
        for start in places:
            end = start + size
            if end > len(parts) or (start and parts[start - 2].isdecimal()):
                continue
            if end < len(parts) and (parts[end] != "-" or not parts[end + 1][:1].isalpha()):
                continue
            yield "".join(parts[start:end])


def _keys(guids: Iterable[str], by_name: Mapping[str, str]) -> Iterator[str]:
    for guid in guids:
        for key in (guid.strip().casefold(), _last(guid)):
            if key in by_name:
                yield key
                break


def _last(name: str) -> str:
    return name.strip().rstrip("/").replace("\\", "/").rpartition("/")[2].casefold()


def _words(text: str) -> list[str]:
    return [_stem(word) for word in _WORD.findall(text.casefold()) if word not in _STOP]


def _stem(word: str) -> str:
    """Return a word without the ending of a plural or of an -ing form, crudely."""
    for ending in ("ing", "es", "s", "en"):
        if word.endswith(ending) and len(word) - len(ending) >= SHORTEST_STEM:
            return word.removesuffix(ending)
    return word


def _weights(titles: Mapping[str, str]) -> dict[str, dict[str, float]]:
    words = {skill: set(_words(title)) for skill, title in titles.items()}
    count = Counter(word for each in words.values() for word in each)
    total = max(len(words), 1)
    return {skill: {word: math.log(1 + total / count[word]) for word in each} for skill, each in words.items() if each}
