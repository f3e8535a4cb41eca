"""Wrong answers of a multiple-choice question: never right, all different, of one form, and none gives itself away."""

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from learning.answer_check import form_of, is_right
from learning.distractors import MOST, distractors

fractions = st.builds(lambda a, b: f"{a}/{b}", st.integers(1, 12), st.integers(1, 12))


def test_fractions_are_those_nearest_to_the_right_one() -> None:
    """3/4 is .75: 5/6 (.83), 2/3 (.67) and 1/2 (.5) are nearer than 1/8; 6/8 is the same number, 4/6 as 2/3."""
    others = ["1/8", "6/8", "2/3", "4/6", "5/6", "1/2", "3/4", "7", "1 1/2"]
    assert distractors("3/4", others, text="How much?") == ("2/3", "5/6", "1/2")


def test_words_are_those_that_the_task_names() -> None:
    text = "Ada ate 1/2, Ben ate 3/4 of a cake. Who ate more?"
    assert distractors("Ben", ["Ada", "Ben", "Cai", "Be"], text=text) == ("Ada",)
    assert distractors("Ben", ["Cai"], text=text) == ()


def test_too_few_are_none() -> None:
    assert distractors("3/4", ["6/8", "1/2"], text="") == ()
    assert distractors("2:3", ["3/2", "3"], text="") == ()


@given(answer=fractions, others=st.lists(fractions, max_size=12))
def test_none_is_right_and_no_two_mean_the_same(answer: str, others: list[str]) -> None:
    found = distractors(answer, others, text="")
    assert len(found) <= MOST
    assert not any(is_right(answer, each) for each in found)
    assert not any(is_right(one, other) for one, other in combinations(found, 2))
    assert {form_of(each) for each in found} <= {form_of(answer)}
