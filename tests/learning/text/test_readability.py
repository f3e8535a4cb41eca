"""How hard a text is to read."""

from __future__ import annotations

import pytest

from learning.text.readability import grade_level, sentences, syllables, words


@pytest.mark.parametrize(
    ("word", "beats"),
    [
        ("dog", 1), ("puppy", 2), ("measure", 2), ("apples", 2), ("makes", 1), ("boxes", 2), ("fraction", 2),
        ("planted", 2), ("jumped", 1), ("table", 2), ("satellite", 3), ("video", 3), ("area", 3), ("people", 2),
        ("Ana's", 2), ("batches", 2), ("telescope", 3), ("orange", 2), ("strawberry", 3),
    ],
)  # fmt: skip
def test_syllables_are_counted_as_they_are_spoken(word: str, beats: int) -> None:
    assert syllables(word) == beats


def test_the_grade_is_the_published_formula() -> None:
    # 10 words, 2 sentences, 12 syllables (Ad-a, man-y; a number is one): 0.39 * 5 + 11.8 * 1.2 - 15.59 = 0.52.
    assert grade_level("Ada has 3 red dots. How many dots is that?") == pytest.approx(0.5)


def test_a_decimal_point_ends_no_sentence_and_a_number_is_a_word() -> None:
    assert sentences("A cat weighs 3.5 pounds. How much is that?") == 2
    assert words("It costs $4.50, or 3/4 of it.") == ["It", "costs", "$4.50,", "or", "3/4", "of", "it"]


def test_longer_words_and_sentences_read_harder() -> None:
    easy = "The dog ran. It was fun."
    hard = "The enthusiastic animal participated in an exceptionally demanding competition of considerable duration."
    assert grade_level(easy) < 1
    assert grade_level(hard) > 12
