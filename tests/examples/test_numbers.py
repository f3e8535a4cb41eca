"""Numbers as tasks show them."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examples.numbers import SpecError, decimal, draw, fraction, mixed, money, whole


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (whole(9999), "9999"),
        (whole(10_000), "10,000"),
        (whole(-12), "-12"),
        (fraction(2, 4), "2/4"),
        (mixed(Fraction(7, 4)), "1 3/4"),
        (mixed(Fraction(3, 4)), "3/4"),
        (mixed(Fraction(8, 4)), "2"),
        (decimal(Fraction(1, 8)), "0.125"),
        (decimal(Fraction(5, 2), 2), "2.50"),
        (decimal(Fraction(56267, 20)), "2813.35"),  # four digits stay plain before the point, too
        (decimal(Fraction(-3, 4)), "-0.75"),
        (money(Fraction(9, 2)), "$4.50"),
        (money(Fraction(4)), "$4"),
    ],
)
def test_a_number_is_shown_as_a_schoolbook_shows_it(number: object, shown: str) -> None:
    assert getattr(number, "shown") == shown  # noqa: B009 - the parameter is any of several


def test_a_third_has_no_decimal() -> None:
    with pytest.raises(SpecError):
        decimal(Fraction(1, 3))


@pytest.mark.parametrize("spec", ["", "three", "3...9", "f:", "1..x"])
def test_what_is_no_range_is_refused(spec: str) -> None:
    with pytest.raises(SpecError):
        draw(random.Random(1), spec)


@pytest.mark.parametrize(
    ("spec", "low", "high"),
    [("3..9", 3, 9), ("20..90/10", 20, 90), ("$1..9/0.25", 1, 9), ("0.5..9.5/0.1", 0.5, 9.5), ("-9..-2", -9, -2)],
)
@given(seed=st.integers(0, 10_000))
def test_a_drawn_number_lies_in_its_range(spec: str, low: float, high: float, seed: int) -> None:
    assert low <= draw(random.Random(seed), spec).value <= high


@given(seed=st.integers(0, 10_000))
def test_a_proper_fraction_is_below_one_and_in_lowest_terms(seed: int) -> None:
    # f:2|4|8 may give 3/4 but never 2/4: its shown denominator is its value's.
    number = draw(random.Random(seed), "f:2|4|8")
    assert 0 < number.value < 1
    assert number.parts == (number.value.numerator, number.value.denominator)


def test_a_noun_is_singular_after_one_and_after_a_proper_fraction() -> None:
    assert [n.singular for n in (whole(1), fraction(3, 4), fraction(5, 4), decimal(Fraction(1, 2)), whole(0))] == [
        True,
        True,
        False,
        False,
        False,
    ]
