"""When the sentences of work that stays are reworded, and how the same is not used twice in one list."""

from __future__ import annotations

import re
from collections.abc import Collection

_ORDINALS = ("second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_AGAIN = (" too", " as well", " once more")
_NEXT_TASK = re.compile(r"^(?:a \w+|one more) task on this skill: ", re.IGNORECASE)
_AGES = re.compile(r": last practised \d+ days ago|: the last answer was \d+ days ago")
_THEME = re.compile(r"^(It is about [^,.]*?|It has no theme)(?: too| as well| once more)*(, .*|\.| by chance.*)$")


def says_the_same(before: str, now: str) -> bool:
    """Return whether two explanations of one assignment differ in nothing but the days gone by and how they begin."""
    return before == now or _facts(before) == _facts(now)


def _facts(sentences: str) -> str:
    plain = _AGES.sub("", _NEXT_TASK.sub("", sentences)).casefold()
    found = _THEME.match(sentences)
    return f"{found[1]}{found[2]}".casefold() if found else plain


def another_task(sentences: str, used: Collection[str]) -> str:
    """Return the sentences for one more task on a skill, where the list has `used` them already."""
    base = _NEXT_TASK.sub("", sentences)
    if not base or sentences not in used:
        return sentences
    plain = base[:1].lower() + base[1:]
    variants = (f"{start} task on this skill: {plain}" for start in (*(f"A {each}" for each in _ORDINALS), "One more"))
    return next((each for each in variants if each not in used), sentences)


def another_theme(sentence: str, used: Collection[str]) -> str:
    """Return the sentence for one more task with a theme, or without one, where the list has `used` it already."""
    found = _THEME.match(sentence)
    if found is None or sentence not in used:
        return sentence
    return next((each for each in (f"{found[1]}{again}{found[2]}" for again in _AGAIN) if each not in used), sentence)
