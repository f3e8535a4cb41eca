"""An answer is right when it means the expected one, however it is typed."""

import csv
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.answer_check import Form, form_of, is_readable, is_right

MATERIALS = Path(__file__).parents[2] / "examples" / "riverside" / "materials.csv"


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        ("3/4", "3/4"), ("3/4", "6/8"), ("3/4", "0.75"), ("3/4", ".75"), ("3/4", " 3 / 4 "), ("3/4", "¾"),
        ("3/4", "3⁄4"), ("1 1/2", "1 1/2"), ("1 1/2", "1½"), ("1 1/2", "3/2"), ("1 1/2", "1.5"), ("12", "12.0"),
        ("12", "24/2"), ("-3", "−3"), ("1200", "1,200"), ("2:3", "4:6"), ("2:3", "2 : 3"), ("3,4", "(3, 4)"),
        ("3,4", "3;4"), ("longer", " Longer. "), ("Zoé", "zoe\u0301"), ("1 1/2", "1\u00a01/2"),
    ],
)  # fmt: skip
def test_the_same_value_in_another_form_is_right(expected: str, answer: str) -> None:
    assert is_right(expected, answer)


@pytest.mark.parametrize(
    ("expected", "answer"),
    [
        ("3/4", "4/3"), ("3/4", "0.7499999999999999999"), ("3/4", "3/0"), ("3/4", ""), ("3/4", "0,75"),
        ("12", "twelve"), ("12", "1 2"), ("12", "1e1"), ("12", "١٢"), ("1 1/2", "11/2"), ("3,4", "4,3"), ("3,4", "3"),
        ("longer", "long"),
        ("longer", ""), ("2:3", "3:2"), ("12", "9" * 40), ("12", "12" + " " * 300), ("12", "nan"), ("12", "inf"),
    ],
)  # fmt: skip
def test_another_value_is_wrong(expected: str, answer: str) -> None:
    assert not is_right(expected, answer)


@pytest.mark.parametrize(
    ("expected", "answer", "readable"),
    [
        ("3/4", "4/3", True), ("3/4", "7", True), ("12", "-1 1/2", True), ("2:3", "3:2", True), ("3,4", "4;3", True),
        ("longer", "shorter", True), ("longer", "12", True), ("3/4", "", False), ("12", "twelve", False),
        ("12", "12 apples", False), ("3/4", "3/0", False), ("3/4", "0,75", False), ("3,4", "3", False),
        ("longer", " ? ", False), ("12", "1" * 201, False), ("12", "🦊", False),
    ],
)  # fmt: skip
def test_a_wrong_answer_is_another_thing_than_none(expected: str, answer: str, *, readable: bool) -> None:
    assert is_readable(expected, answer) is readable


@given(expected=st.sampled_from(["3/4", "12", "1 1/2", "2:3", "3,4", "longer"]), answer=st.text(), comma=st.booleans())
def test_what_is_right_is_readable(expected: str, answer: str, *, comma: bool) -> None:
    for written in (answer, expected):
        right = is_right(expected, written, decimal_comma=comma)
        assert not right or is_readable(expected, written, decimal_comma=comma)


def test_a_comma_is_a_decimal_point_where_the_language_writes_it_so() -> None:
    assert is_right("3/4", "0,75", decimal_comma=True)
    assert is_right("3,4", "3,4", decimal_comma=True)
    assert not is_right("1200", "1,200", decimal_comma=True)


@pytest.mark.parametrize(
    ("expected", "form"),
    [("12", Form.NUMBER), ("3/4", Form.FRACTION), ("1 1/2", Form.MIXED), ("2:3", Form.RATIO), ("3,4", Form.POINT),
     ("longer", Form.WORD), ("1,200", Form.NUMBER)],
)  # fmt: skip
def test_the_form_is_read_from_the_expected_answer(expected: str, form: Form) -> None:
    assert form_of(expected) is form


def test_every_answer_of_the_example_school_is_its_own() -> None:
    with MATERIALS.open(encoding="utf-8") as file:
        answers = {row["answer"] for row in csv.DictReader(file)}
    assert len(answers) > 100
    assert [each for each in answers if not is_right(each, each)] == []


FRACTIONS = st.fractions(min_value=-(10**9), max_value=10**9, max_denominator=999)
"""With fewer digits than an answer may have."""


@given(FRACTIONS, FRACTIONS, st.integers(1, 50))
def test_two_numbers_are_the_same_answer_just_when_they_are_equal(a: Fraction, b: Fraction, times: int) -> None:
    """However the fraction was expanded."""
    written = f"{b.numerator * times}/{b.denominator * times}"
    assert is_right(f"{a.numerator}/{a.denominator}", written) == (a == b)


@given(st.text(max_size=250), st.text(max_size=250))
def test_whatever_is_typed_gets_an_answer(expected: str, answer: str) -> None:
    assert isinstance(is_right(expected, answer), bool)
