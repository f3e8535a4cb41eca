"""Names stand apart from contexts."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterable

from examples.answer_checker.reading import names_in
from examples.catalogue import Task
from examples.names import FIRST, draw_names, draw_people
from examples.task_templates import CONTEXTS


def surprise(pairs: Iterable[tuple[str, str]]) -> float:
    """Return how many standard deviations a table of (name, context) pairs lies from independence (chi-square)."""
    cells = Counter(pairs)
    total = sum(cells.values())
    names: Counter[str] = Counter()
    contexts: Counter[str] = Counter()
    for (name, context), count in cells.items():
        names[name] += count
        contexts[context] += count
    chi = 0.0
    for name, of_name in names.items():
        for context, of_context in contexts.items():
            due = of_name * of_context / total
            chi += (cells[name, context] - due) ** 2 / due
    freedom = (len(names) - 1) * (len(contexts) - 1)
    return (chi - freedom) / math.sqrt(2 * freedom)


def seen(tasks: Iterable[Task]) -> list[tuple[str, str]]:
    return [(name, task.context) for task in tasks if task.context for name in names_in(task.text)]


def blocks(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs with ten neighbouring names as one, which makes a small preference show."""
    return [(str(FIRST.index(name) // 10), context) for name, context in pairs]


def test_no_name_prefers_a_context(tasks: list[Task]) -> None:
    # About 6,000 sightings of 140 names in 8 contexts; independence gives 0, a standard deviation is 1.
    pairs = seen(tasks)
    assert len(pairs) > 3000
    assert abs(surprise(pairs)) < 4
    assert abs(surprise(blocks(pairs))) < 4


def test_a_preference_would_be_caught(tasks: list[Task]) -> None:
    # The mutant: one in five of the animal tasks goes to a name of the first ten.
    dice = random.Random(1)
    biased = [
        (dice.choice(FIRST[:10]) if context == "animals" and dice.random() < 0.2 else name, context)
        for name, context in seen(tasks)
    ]
    assert surprise(blocks(biased)) > 4


def test_every_context_is_dressed_with_many_names(tasks: list[Task]) -> None:
    for context in CONTEXTS:
        assert len({name for name, other in seen(tasks) if other == context}) > 100


def test_three_people_of_a_task_are_three() -> None:
    for seed in range(200):
        assert len(set(draw_names(random.Random(seed)).values())) == 3


def test_no_two_people_of_a_class_have_one_name() -> None:
    people = draw_people(random.Random(3), count=180)
    assert len(set(people)) == 180


def test_names_come_without_twins() -> None:
    assert len(set(FIRST)) == len(FIRST) >= 120
