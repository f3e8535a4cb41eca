"""Children's writing as words: spelling made even, words cut to their stems, misspelt words found again."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_CONTRACTIONS = (
    (r"\b(ca)n ?not\b|\bcan not\b", "cant"),
    (r"\b(do|does|did|is|are|was|were|would|could|should|have|has) not\b", r"\1nt"),
    (r"\b(do|does|did|is|are|was|were|ca|wo|would|could|should|have|has)n ?t\b", r"\1nt"),
    (r"\bi am\b", "im"),
    (r"\bi have always\b|\bive always\b", "i always"),
    (r"\bbe?c(?:au|u)se\b|\bcuz\b|\bbc\b", "because"),
    (r"\bd ?& ?d\b|\bd and d\b", "dnd"),
    (r"\br ?& ?b\b", "rnb"),
    (r"\bk[ -]pop\b", "kpop"),
    (r"\bj[ -]pop\b", "jpop"),
    (r"\bk'?nex\b", "knex"),
    (r"\bt[ -]rex\b", "trex"),
    (r"\bya\b", "you"),
    (r"\bh8\b|\bhaet\b", "hate"),
    ("\U0001f44e|\U0001f92e", " boo "),
    (r"\b(?:luv|lov|luve|lovee|loove)\b", "love"),
    (r"\b(?:lik|liek|lyk|likee|leik)\b", "like"),
    (r"\b(?:fav|favs|fave|favorit|favourit|favrite|favourite|favret)\b", "favorite"),
    (r"\b(?:playn|plaing|playin)\b", "playing"),
    (r"\b(?:relly|realy|rly|rlly)\b", "really"),
    (r"\b(?:wanna|want too)\b", "want to"),
    (r"\bgonna\b", "going to"),
    (r"\bkind of\b|\bkindof\b", "kinda"),
    (r"\bsort of\b|\bsorta\b", "kinda"),
)
_COMPILED = tuple((re.compile(pattern), plain) for pattern, plain in _CONTRACTIONS)
_LETTERS_IN_A_ROW = 3
_SHORTEST_STEM = 3
_SHORTEST_GUESS = 5
_UNSPEAKABLE = 6
"""So many consonants in a row are no word; "strengths" has five."""
_ENOUGH_FOR = (6, 9)
_ENOUGH_ALIKE = (5, 5, 8)
_VOWELS = set("aeiouy")
_WHOLE = frozenset(
    """
    fishing boxing fencing bowling lakers warriors dodgers staring caring cater catering flower water paper summer
    number letter corner butter painful mining meeting parking friends during morning evening nothing something
    anything everything care plane stare note cute mine bare
    """.split()  # noqa: SIM905 - a list of so many words is best read as a text
)
"""Words that mean something else than what their stem means."""
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


def normalize(text: str) -> str:
    """Return a text in small letters without accents and apostrophes, with contractions and common slips made even."""
    plain_text = unicodedata.normalize("NFKD", text.replace("ß", "ss")).casefold()
    plain_text = "".join(c for c in plain_text if not unicodedata.combining(c))
    plain_text = re.sub(r"(?<=\w)['\u2019`\u02bc](?=\w)", "", plain_text)
    plain_text = re.sub(r"([a-z])\1{2,}", r"\1\1", plain_text)
    for pattern, plain in _COMPILED:
        plain_text = pattern.sub(plain, plain_text)
    return plain_text


def words(text: str) -> list[str]:
    """Return the words of an even text."""
    return re.findall(r"[^\W_]+", text)


@lru_cache(maxsize=16384)
def stem(word: str) -> str:
    """Return what is left of a word without its plural and its -ing, -er, -ed."""
    if word in _WHOLE:
        return word
    word = singular(word)
    if word in _WHOLE:
        return word
    for ending in ("ing", "er", "ed", "in"):
        rest = word.removesuffix(ending)
        if (
            rest != word
            and len(rest) >= _SHORTEST_STEM
            and _VOWELS & set(rest)
            and (ending != "in" or rest[-1] == rest[-2])
        ):
            word = rest
            break
    if len(word) > _SHORTEST_STEM and word[-1] == word[-2]:
        word = word[:-1]
    if len(word) > _SHORTEST_STEM:
        word = word.removesuffix("e")
    return word[:-1] + "i" if word.endswith("y") and len(word) > _SHORTEST_STEM else word


def singular(word: str) -> str:
    """Return a word without the ending of a plural."""
    if len(word) <= _SHORTEST_STEM or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-2]
    if word.endswith(("ches", "shes", "xes", "sses", "zes", "oes")):
        return word[:-2]
    return word.removesuffix("s")


def lemmas(word: str) -> tuple[str, ...]:
    """Return the forms in which a dictionary may hold a word: as it is, its singular, its verb."""
    one = singular(word)
    bare = one.removesuffix("ing").removesuffix("ed")
    undoubled = bare[:-1] if len(bare) > _SHORTEST_STEM and bare[-1:] == bare[-2:-1] else bare
    return tuple(dict.fromkeys((word, one, re.sub("ie$", "y", one), bare, bare + "e", undoubled)))


def collapse_repeats(word: str) -> tuple[str, ...]:
    """Return how a word may be meant whose letters were repeated for emphasis: "gaames", "horsess"."""
    once = re.sub(r"([a-z])\1+", r"\1", word)
    end = re.sub(r"([a-z])\1+$", r"\1", word)
    return tuple(dict.fromkeys((word, end, once, re.sub("z$", "s", once))))


def is_keyboard_mash(word: str) -> bool:
    """Whether a word is a hand laid on the keyboard, a number, or one letter over and over."""
    if len(word) < _SHORTEST_GUESS - 1 or not word.isascii():
        return len(set(word)) == 1 or word.isdigit()
    if word.isdigit() or len(set(word)) < _LETTERS_IN_A_ROW:
        return True
    runs = re.findall(r"[bcdfghjklmnpqrstvwxz]+", word)
    parts = {word, *(word[n : n + 5] for n in range(len(word) - 4))}
    return max(map(len, runs), default=0) >= _UNSPEAKABLE or any(
        part in row or part in row[::-1] for part in parts for row in _ROWS
    )


def nearest_spelling(word: str, candidates: Iterable[str]) -> str | None:
    """Return the one word that `word` is a misspelling of, or None where there is none.

    The word must be long enough for its slips: one in six letters, two in nine; one in five, two in five and three in
    eight where both sound alike (the same consonants). So "soker" is soccer, and a baton is no bacon.
    """
    if len(word) < _SHORTEST_GUESS:
        return None
    sound = phonetic_key(word)
    allowed = sum(len(word) >= bound for bound in _ENOUGH_FOR)
    allowed_alike = sum(len(word) >= bound for bound in _ENOUGH_ALIKE)
    if len(sound) < _SHORTEST_STEM:
        allowed_alike = min(allowed_alike, 1)
    found: list[tuple[int, bool, str]] = []
    for candidate in candidates:
        if candidate[0] != word[0] and phonetic_key(candidate)[:1] != sound[:1]:
            continue
        alike = phonetic_key(candidate) == sound
        most = max(allowed, allowed_alike) if alike else allowed
        slips = edit_distance(word, candidate, most=most)
        if slips <= most and len(candidate) >= _SHORTEST_GUESS:
            found.append((slips, not alike, candidate))
    return min(found)[2] if found else None


@lru_cache(maxsize=16384)
def phonetic_key(word: str) -> str:
    """Return the consonants of a word by sound, doubled ones once: "soker" and "soccer" are both "skr"."""
    sounds = word.replace("ph", "f").replace("ck", "k").replace("x", "ks").replace("tch", "ch").replace("cc", "k")
    sounds = re.sub(r"c(?!h)|q", "k", re.sub(r"c(?=[eiy])", "s", sounds)).replace("z", "s")
    rest = re.sub(r"[aeiouyhw]", "", sounds[1:])
    return re.sub(r"(.)\1+", r"\1", sounds[:1] + rest)


def edit_distance(one: str, other: str, *, most: int) -> int:
    """Return the slips between two words (a letter more, less, other, or two swapped), or `most + 1` where more.

    Source: Damerau (1964), "A technique for computer detection and correction of spelling errors"; optimal alignment.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        now = [i]
        for j, b in enumerate(other, 1):
            cost = min(row[j] + 1, now[j - 1] + 1, row[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            now.append(cost)
        if min(now) > most:
            return most + 1
        before, row = row, now
    return row[-1]
