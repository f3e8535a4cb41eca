"""Wrong answers for a multiple-choice question: right answers to other tasks of the same skill, which look alike."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction

from learning.answer_check import Form, form_of, is_right, value_of

FEWEST, MOST = 2, 3
"""How many wrong answers a question has; two words that a text names are a choice, too."""
FEWEST_WORDS = 1


def distractors(answer: str, others: Iterable[str], *, text: str) -> tuple[str, ...]:
    """Return wrong answers in the form of the right one, or () where too few are known to ask a fair question.

    Numbers are those nearest to the right one; words are those that the task's own text names, so that none gives
    itself away. No two mean the same.

    Args:
        answer: the right answer, as the catalogue has it.
        others: right answers to other tasks of the skill.
        text: the task.
    """
    form = form_of(answer)
    alike = sorted({other for other in others if form_of(other) is form and not is_right(answer, other)})
    if form is Form.WORD:
        in_text = [word for word in alike if re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text)]
        return tuple(in_text[:MOST]) if len(in_text) >= FEWEST_WORDS else ()
    found: list[str] = []
    for other in sorted(alike, key=lambda each: (_distance(answer, each), each)):
        if len(found) < MOST and not any(is_right(one, other) for one in found):
            found.append(other)
    return tuple(found) if len(found) >= FEWEST else ()


def _distance(first: str, second: str) -> Fraction:
    left, right = value_of(first), value_of(second)
    return abs(left - right) if left is not None and right is not None else Fraction(0)
