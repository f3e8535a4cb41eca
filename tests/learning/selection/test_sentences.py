"""The two sentences: plain, honest, without code names or percent signs, and easy to read."""

import re

import pytest

from learning.selection import Policy, Tally, Use
from learning.selection.reading import reading_grade, syllables
from tests.learning.selection.builders import TITLES, kitchen, materials
from tests.learning.selection.worlds import DAY, NOW, Liked, World, belief, random_world

UNLIKE = TITLES[2]


def gap(world: World) -> str:
    return world.choose().chosen[0].because_gap


@pytest.mark.parametrize(
    ("sentence", "world"),
    [
        (
            f"This fits a gap in {UNLIKE}: 3 of the last 8 answers were right.",
            kitchen(tallies={2: Tally(3, 8)}, scope=(2,)),
        ),
        (
            f"This fits a gap in {UNLIKE}: 1 of the last 8 answers was right.",
            kitchen(tallies={2: Tally(1, 8)}, scope=(2,)),
        ),
        (
            f"This fits a gap in {UNLIKE}: neither of the last 2 answers was right.",
            kitchen(tallies={2: Tally(0, 2)}, scope=(2,)),
        ),
        (
            f"This fits a gap in {UNLIKE}: both of the last 2 answers were right.",
            kitchen(tallies={2: Tally(2, 2)}, scope=(2,)),
        ),
        (
            f"This fits a gap in {UNLIKE}: all of the last 3 answers were right.",
            kitchen(tallies={2: Tally(3, 3)}, scope=(2,)),
        ),
        (
            f"This fits a gap in {UNLIKE}: none of the last 4 answers was right.",
            kitchen(tallies={2: Tally(0, 4)}, scope=(2,)),
        ),
        (f"This fits a gap in {UNLIKE}: there are 8 answers so far.", kitchen(scope=(2,))),
        (
            f"Not enough is known yet about {UNLIKE}: the last answer was right.",
            kitchen(
                beliefs={1: belief(1, 0.9), 2: belief(2, 1.2, offset_variance=0.4)},
                made=materials(2, first=20, contexts=(None,), difficulty=0.0),
                tallies={2: Tally(1, 1)},
                scope=(2,),
            ),
        ),
        (
            f"There are no answers on {UNLIKE} yet, so the level is a guess from other work.",
            kitchen(
                beliefs={1: belief(1, 0.9), 2: belief(2, 0.0, responses=0, evidence=0.0, last_at=None)}, scope=(2,)
            ),
        ),
        (
            f"This finds out where to start with {UNLIKE}, as there are few answers so far.",
            kitchen(
                beliefs={1: belief(1, 0.9), 2: belief(2, 0.0, responses=0, evidence=0.0, last_at=None)},
                responses=2.0,
                scope=(2,),
            ),
        ),
        (
            f"It is time to look at {UNLIKE} again: the last answer was 24 days ago.",
            kitchen(
                beliefs={1: belief(1, 0.9), 2: belief(2, 3.0, retention=0.7, last_at=NOW - 24.5 * DAY)},
                made=materials(2, first=20, contexts=(None,), difficulty=1.9),
                scope=(2,),
            ),
        ),
        (
            f"Work on {UNLIKE} goes well, so here it comes in a new setting.",
            kitchen(
                beliefs={1: belief(1, 0.9), 2: belief(2, 3.0)},
                made=materials(2, first=20, contexts=(None,), difficulty=1.9),
                scope=(2,),
            ),
        ),
    ],
)
def test_the_gap_is_told_as_it_is(sentence: str, world: World) -> None:
    assert gap(world) == sentence


def test_a_skill_that_others_wait_for_says_so() -> None:
    world = kitchen(offsets={1: 0.3, 2: -0.5}, tallies={1: Tally(4, 8)}, scope=(1, 2))
    assert gap(world) in {
        f"{UNLIKE.capitalize()} builds on {TITLES[1]}, where 4 of the last 8 answers were right.",
        f"This fits a gap in {TITLES[1]}: 4 of the last 8 answers were right.",
    }


@pytest.mark.parametrize(
    ("sentence", "world"),
    [
        ("It is about music, which is well liked.", kitchen(interests={"music": Liked(0.9, 0.6)})),
        ("It has no theme, as nothing is known yet about what is liked.", kitchen()),
        ("It has no theme, as it is not clear yet what is liked.", kitchen(interests={"music": Liked(0.5, 0.6)})),
        (
            "It has no theme, as nothing about art fits this skill and level.",
            kitchen(interests={"art": Liked(0.9, 0.6)}),
        ),
        (
            "It is about music, as no task without a theme fits.",
            kitchen(made=materials(2, first=20, contexts=("music",)), scope=(2,)),
        ),
        (
            "It is about music by chance, as here only the skill decides.",
            kitchen(made=materials(2, first=20, contexts=("music",)), scope=(2,)).but(
                policy=Policy(slots=1, tolerance=0.0)
            ),
        ),
    ],
)
def test_the_theme_is_told_as_it_is(sentence: str, world: World) -> None:
    assert world.choose().chosen[0].because_interest == sentence


def test_sentences_hold_no_code_names_and_no_percent_signs() -> None:
    for seed in range(400):
        for chosen in random_world(seed).choose().chosen:
            for sentence in (chosen.because_gap, chosen.because_interest):
                assert not re.search(r"[_%{}]|H\d|None", sentence), sentence
                assert sentence.endswith(".")
                assert sentence[0].isupper() or sentence[0].isdigit()


CURRICULUM = (
    "adding fractions with unlike denominators",
    "multiplying whole numbers by fractions",
    "finding the volume of a box",
    "dividing with remainders",
    "comparing decimals to thousandths",
    "plotting points on a grid",
    "equivalent ratios",
    "the area of a triangle",
)


@pytest.mark.parametrize("title", CURRICULUM)
def test_both_sentences_together_read_at_grade_8_or_below(title: str) -> None:
    """Flesch-Kincaid over the two, as they stand side by side; the school's titles are part of them."""
    worlds = [
        kitchen(tallies={2: Tally(3, 8)}, scope=(2,)),
        kitchen(interests={"music": Liked(0.9, 0.6)}, tallies={2: Tally(3, 8)}, scope=(2,)),
        kitchen(interests={"art": Liked(0.9, 0.6)}, scope=(2,), history=(Use(90, 2, NOW - 9, 1.0, "music"),)),
        kitchen(beliefs={1: belief(1, 0.9), 2: belief(2, 0.0, responses=0, evidence=0.0, last_at=None)}, scope=(2,)),
    ]
    for world in worlds:
        chosen = world.choose().chosen[0]
        told = f"{chosen.because_gap} {chosen.because_interest}".replace(UNLIKE, title)
        assert reading_grade(told) <= 8.0, (told, reading_grade(told))


def test_the_formula_on_a_worked_example() -> None:
    # 6 words, 1 sentence, 6 syllables: 0.39 x 6 + 11.8 x 1 - 15.59 = -1.45.
    assert reading_grade("The cat sat on the mat.") == pytest.approx(-1.45)


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("task", 1),
        ("answers", 2),
        ("fractions", 2),
        ("denominators", 5),
        ("liked", 1),
        ("asked", 1),
        ("table", 2),
        ("8", 1),
        ("music", 2),
        ("animals", 3),
        ("theme", 1),
        ("multiplying", 4),
        ("dividing", 3),
        ("teacher", 2),
        ("games", 1),
        ("ratio", 3),
        ("triangle", 3),
        ("years", 1),
        ("playing", 2),
        ("special", 2),
        ("equal", 2),
        ("numbers", 2),
        ("question", 2),
        ("precious", 2),
    ],
)
def test_syllables_are_groups_of_vowels(word: str, count: int) -> None:
    assert syllables(word) == count
