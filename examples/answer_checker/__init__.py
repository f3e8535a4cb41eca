"""Finds the answer of a task from its text alone: an independent check of what the generator computed.

Nothing here knows which numbers were drawn, or the formulas of `examples.relations`: the numbers are read back from
the finished words, and each kind of question is settled by counting, dealing out, searching or trying rather than by
the formula that made it. Only the kind of question is an argument.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from examples.answer_checker.algebra import ALGEBRA
from examples.answer_checker.counting import COUNTING
from examples.answer_checker.data import DATA
from examples.answer_checker.dealing import DEALING
from examples.answer_checker.geometry import GEOMETRY
from examples.answer_checker.reading import Solver, UnsolvedError, numbers_in

_EXAMPLE = re.compile(
    r"Here is an example\. (?P<text>.+) The answer is (?P<answer>.+?)\. Now it is your turn\. (?P<task>.+)", re.DOTALL
)
SOLVERS: Mapping[str, Solver] = MappingProxyType({**COUNTING, **DEALING, **ALGEBRA, **DATA, **GEOMETRY})


def agrees(kind: str, text: str, answer: str) -> bool:
    """Return whether the answer to a question of this kind is the one that its text asks for.

    Where a worked example stands above the question, its answer must be right as well.

    Raises:
        UnsolvedError: nothing can be concluded from the text.
    """
    if kind not in SOLVERS:
        raise UnsolvedError(kind, text)
    if example := _EXAMPLE.fullmatch(text):
        return agrees(kind, example["text"], example["answer"]) and agrees(kind, example["task"], answer)
    try:
        found = SOLVERS[kind](text)
    except (IndexError, ZeroDivisionError, ValueError, StopIteration) as error:
        raise UnsolvedError(kind, text) from error
    if isinstance(found, str):
        return found == answer
    numbers = numbers_in(answer)
    return len(numbers) == 1 and numbers[0] == found


__all__ = ["SOLVERS", "UnsolvedError", "agrees", "numbers_in"]
