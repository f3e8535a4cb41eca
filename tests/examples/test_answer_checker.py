"""The solver: it reads, it disagrees when it must, and it knows nothing of the generator."""

from __future__ import annotations

import ast
import re
from fractions import Fraction
from pathlib import Path

import pytest

from examples import answer_checker
from examples.answer_checker import SOLVERS, UnsolvedError, agrees
from examples.answer_checker.reading import numbers_in
from examples.catalogue import Task
from examples.relations import RELATIONS


def test_numbers_are_read_as_they_are_written() -> None:
    text = "From 3:15 to 4:05, 1 1/2 cups, 3/4 of 12,500 and 0.25, $4.50, -7 and 2x, (3, -4)."
    halves = Fraction(3, 2)
    read = [195, 245, halves, Fraction(3, 4), 12_500, Fraction(1, 4), Fraction(9, 2), -7, 2, 3, -4]
    assert numbers_in(text) == read


@pytest.mark.parametrize(
    ("kind", "text", "answer"),
    [
        ("product", "Each of 23 boxes holds 18 cards. How many?", "414"),
        ("quotient", "There are 1173 cards in 17 piles. How many in each?", "69"),
        ("sum", "2/3 cup and 1/4 cup. How much?", "11/12"),
        ("rest-of-one", "Ann eats 1/3, Ben 1/4. What is left?", "5/12"),
        ("part-lowest", "Of 18 dots 6 are red.", "1/3"),
        ("ratio", "12 red and 20 blue beads.", "3:5"),
        ("greater", "Ada ran 4/7 of it, Wei 4/5. Who ran more?", "Wei"),
        ("clock-later", "It is 11:40. What time is it 35 minutes later?", "12:15"),
        ("two-unknowns", "Solve x + y = 7 and 2x + 3y = 17. What is x?", "4"),
        ("hypotenuse", "The short sides are 5 and 12 inches.", "13"),
        ("words", "three hundred forty-two thousand sixteen", "342,016"),
        ("scientific", "Write 6.5 × 10⁷ as a plain number.", "65,000,000"),
        ("mirror", "The point (-3, 5) is mirrored in the y-axis.", "(3, 5)"),
        ("median", "What is the median of 9, 2, 7, 7, 30?", "7"),
    ],
)
def test_worked_examples(kind: str, text: str, answer: str) -> None:
    assert agrees(kind, text, answer)


def test_no_answer_of_the_catalogue_is_wrong(tasks: list[Task]) -> None:
    assert [task.ref for task in tasks if not agrees(task.relation, task.text, task.answer)] == []


def test_an_answer_that_is_off_by_one_is_always_caught(tasks: list[Task]) -> None:
    # The mutant that the law above must not let pass: every plain number made one larger.
    plain = [task for task in tasks if re.fullmatch(r"\d+", task.answer)]
    assert len(plain) > 8000
    assert [t.ref for t in plain if agrees(t.relation, t.text, str(int(t.answer) + 1))] == []


def test_the_other_name_or_word_is_always_caught(tasks: list[Task]) -> None:
    swapped = {"yes": "no", "no": "yes", "longer": "shorter", "shorter": "longer", "even": "odd", "odd": "even"}
    selected = [task for task in tasks if task.answer in swapped]
    assert len(selected) > 250
    assert [t.ref for t in selected if agrees(t.relation, t.text, swapped[t.answer])] == []


def test_a_changed_number_in_the_text_is_caught(tasks: list[Task]) -> None:
    # 6 boxes of 8 become 7 boxes of 8: the old answer must no longer do. Only sums and products, where each counts.
    selected = [t for t in tasks if t.relation in ("sum", "product") and re.search(r"\b6\b(?![/.])", t.text)]
    assert len(selected) > 200
    changed = [(t, re.sub(r"(?<![\d/.,])6\b(?![/.,])", "7", t.text, count=1)) for t in selected]
    assert [t.ref for t, text in changed if text != t.text and agrees(t.relation, text, t.answer)] == []


@pytest.mark.parametrize(("kind", "text"), [("no-such-kind", "1 and 2"), ("product-of", ""), ("difference", "none")])
def test_what_cannot_be_solved_is_said(kind: str, text: str) -> None:
    with pytest.raises(UnsolvedError):
        agrees(kind, text, "1")


def test_each_relation_has_a_solver_and_no_solver_is_idle() -> None:
    assert set(SOLVERS) == set(RELATIONS)


def test_the_solver_imports_nothing_of_the_generator() -> None:
    """Its independence: names are the only thing they share, since who is a person must be known to read."""
    allowed = {"examples.names"}
    for path in Path(answer_checker.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("examples"):
                assert node.module in allowed or str(node.module).startswith("examples.answer_checker"), path
