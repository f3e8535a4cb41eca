"""The two sentences are plain and easy to read, without codes or percent signs."""

import datetime as dt
import re
from dataclasses import replace

import pytest

from learning.selection import AnswerCounts, AssignmentState, CurrentAssignment, MaterialAttempt, Policy
from learning.text.readability import reading_grade, syllables
from tests.learning.selection.builders import TITLES, materials, small_world
from tests.learning.selection.worlds import DAY, NOW, SampleInterest, World, belief, random_world

UNLIKE = TITLES[2]
UNCERTAIN = "that is not certain yet"
ONE_OF = "1 of the last {} marked answers was right."
BY_OTHER = "by other work (mastery 0.93, goal 0.80), but not by its own"
THREE_OF_FOUR = "3 of the last 4 marked answers were right."


def gap(world: World) -> str:
    return world.choose().filled_slots[0].because_gap


def unsure(counts: AnswerCounts, *, offset: float = 1.2, variance: float = 0.4) -> World:
    """A student of whom nothing certain is known about the second skill."""
    return small_world(
        beliefs={1: belief(1, 0.9), 2: belief(2, offset, offset_variance=variance)},
        made=materials(2, first=20, contexts=(None,), difficulty=0.0),
        answer_counts={2: counts},
        scope=(2,),
    )


@pytest.mark.parametrize(
    ("sentence", "world"),
    [
        (
            f"This fits a likely gap in {UNLIKE}: 3 of the last 8 marked answers were right.",
            small_world(answer_counts={2: AnswerCounts(3, 8)}, scope=(2,)),
        ),
        (
            f"This fits a likely gap in {UNLIKE}: 1 of the last 8 marked answers was right.",
            small_world(answer_counts={2: AnswerCounts(1, 8)}, scope=(2,)),
        ),
        (
            f"This fits a likely gap in {UNLIKE}: neither of the last 2 marked answers was right.",
            small_world(answer_counts={2: AnswerCounts(0, 2)}, scope=(2,)),
        ),
        (
            f"Both answers on {UNLIKE} were right; other work makes us less sure.",
            small_world(answer_counts={2: AnswerCounts(2, 2)}, scope=(2,)),
        ),
        (
            f"All 3 answers on {UNLIKE} were right; other work makes us less sure.",
            small_world(answer_counts={2: AnswerCounts(3, 3)}, scope=(2,)),
        ),
        (
            f"This fits a likely gap in {UNLIKE}: none of the last 4 marked answers was right.",
            small_world(answer_counts={2: AnswerCounts(0, 4)}, scope=(2,)),
        ),
        (f"This fits a likely gap in {UNLIKE}: there are 8 answers so far.", small_world(scope=(2,))),
        (
            f"4 of the last 6 marked answers on {UNLIKE} were right; other work makes us less sure.",
            small_world(answer_counts={2: AnswerCounts(4, 6)}, scope=(2,)),
        ),
        (
            f"Only 1 answer has been marked on {UNLIKE} so far, so this finds out.",
            unsure(AnswerCounts(0, 1)),
        ),
        (
            f"Only 2 answers have been marked on {UNLIKE} so far, so this finds out.",
            unsure(AnswerCounts(1, 2)),
        ),
        (f"The only marked answer on {UNLIKE} was right; other work makes us less sure.", unsure(AnswerCounts(1, 1))),
        (
            f"It looks as if {UNLIKE} is nearly there (mastery 0.75, goal 0.80): {THREE_OF_FOUR}",
            unsure(AnswerCounts(3, 4)),
        ),
        (
            f"{UNLIKE.capitalize()} looks secure (mastery 0.81, goal 0.80), but {UNCERTAIN}: {THREE_OF_FOUR}",
            unsure(AnswerCounts(3, 4), offset=1.6),
        ),
        (
            f"It is not clear yet how well {UNLIKE} goes (mastery 0.60, goal 0.80): {THREE_OF_FOUR}",
            unsure(AnswerCounts(3, 4), offset=0.6, variance=3.0),
        ),
        (
            f"There are no answers on {UNLIKE} yet, so the level is a guess from other work.",
            small_world(
                beliefs={1: belief(1, 0.9), 2: belief(2, 0.0, responses=0, evidence=0.0, last_at=None)}, scope=(2,)
            ),
        ),
        (
            f"This finds out where to start with {UNLIKE}, as there are few answers so far.",
            small_world(
                beliefs={1: belief(1, 0.9), 2: belief(2, 0.0, responses=0, evidence=0.0, last_at=None)},
                responses=2.0,
                scope=(2,),
            ),
        ),
        (
            f"It is time to look at {UNLIKE} again: last practised 24 days ago.",
            small_world(
                beliefs={1: belief(1, 0.9), 2: belief(2, 3.0, retention=0.7, last_at=NOW - 24.5 * DAY)},
                made=materials(2, first=20, contexts=(None,), difficulty=1.9),
                scope=(2,),
            ),
        ),
        (
            f"Work on {UNLIKE} goes well, so here it comes in a new setting.",
            small_world(
                beliefs={1: belief(1, 0.9), 2: belief(2, 3.0)},
                made=materials(2, first=20, contexts=(None,), difficulty=1.9),
                scope=(2,),
            ),
        ),
    ],
)
def test_the_gap_sentence_states_the_evidence(sentence: str, world: World) -> None:
    assert gap(world) == sentence


def test_the_deepest_gap_is_named_where_it_rests_on_the_skill() -> None:
    """The second skill is lower and rests on the first, which is not ready: so the first comes first."""
    world = small_world(offsets={1: 0.3, 2: -0.5}, answer_counts={1: AnswerCounts(4, 8)}, scope=(1, 2))
    assert gap(world) == (
        f"This fits a likely gap in {TITLES[1]}: 4 of the last 8 marked answers were right. "
        f"It comes first, because {UNLIKE} rests on it."
    )


def test_what_rests_on_a_skill_is_named_with_its_day_also_where_the_skill_itself_is_lowest() -> None:
    world = small_world(offsets={1: -1.0, 2: 0.8}, answer_counts={1: AnswerCounts(1, 8)}, scope=(1, 2))
    assert gap(world).endswith(f"was right. {UNLIKE.capitalize()} rests on it.")
    assert world.scope is not None
    due = {1: None, 2: NOW + 3 * DAY}
    when = dt.datetime.fromtimestamp(due[2] or 0.0, tz=dt.UTC)
    dated = world.but(scope=replace(world.scope, due=due))
    assert gap(dated).endswith(f"{UNLIKE.capitalize()}, due on {when.day} {when:%B}, rests on it.")
    past = world.but(scope=replace(world.scope, due={1: None, 2: NOW - 3 * DAY}))
    assert gap(past).endswith(f"{UNLIKE.capitalize()} rests on it.")


def test_a_prerequisite_outside_the_scope_says_what_waits_for_it() -> None:
    world = small_world(
        offsets={1: -1.0, 2: -0.5},
        made=[*materials(1, first=10, contexts=(None,), difficulty=-1.9), *materials(2, first=20, contexts=(None,))],
        answer_counts={1: AnswerCounts(1, 4)},
        scope=(2,),
    )
    assert gap(world) == (
        f"{TITLES[1].capitalize()} comes first, because {UNLIKE} rests on it: 1 of the last 4 marked answers was right."
    )


def test_what_stays_open_says_what_is_true_now() -> None:
    world = small_world(answer_counts={2: AnswerCounts(1, 4)}, scope=(2,))
    slot = world.choose().filled_slots[0]
    opened = CurrentAssignment(0, 2, tuple(o.material for o in slot.menu), AssignmentState.ASSIGNED, NOW - 60.0)
    later = world.but(
        student=replace(
            world.student,
            open_assignments=(opened,),
            answer_counts={2: AnswerCounts(2, 5)},
            interests={"art": SampleInterest(0.9, 0.6)},
        )
    )
    unchanged = later.choose().unchanged_slots[0]
    assert unchanged.because_gap == f"This fits a likely gap in {UNLIKE}: 2 of the last 5 marked answers were right."
    assert unchanged.because_interest == "It has no theme, as nothing about art fits this skill and level."


@pytest.mark.parametrize(
    ("sentence", "world"),
    [
        ("It is about music, which is well liked.", small_world(interests={"music": SampleInterest(0.9, 0.6)})),
        ("It has no theme, as nothing is known yet about what is liked.", small_world()),
        (
            "It has no theme, as it is not clear yet what is liked.",
            small_world(interests={"music": SampleInterest(0.5, 0.6)}),
        ),
        (
            "It has no theme, as nothing about art fits this skill and level.",
            small_world(interests={"art": SampleInterest(0.9, 0.6)}),
        ),
        (
            "It is about music, as no task without a theme fits.",
            small_world(made=materials(2, first=20, contexts=("music",)), scope=(2,)),
        ),
        (
            "It is about music by chance, as here only the skill decides.",
            small_world(made=materials(2, first=20, contexts=("music",)), scope=(2,)).but(
                policy=Policy(slots=1, interest_tolerance=0.0)
            ),
        ),
    ],
)
def test_the_interest_sentence_states_the_reason_of_the_theme(sentence: str, world: World) -> None:
    assert world.choose().filled_slots[0].because_interest == sentence


def test_sentences_contain_no_codes_and_no_percent_signs() -> None:
    for seed in range(400):
        for slot in random_world(seed).choose().filled_slots:
            for sentence in (slot.because_gap, slot.because_interest):
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
    """By Flesch-Kincaid over both sentences together, with the school's titles."""
    worlds = [
        small_world(answer_counts={2: AnswerCounts(3, 8)}, scope=(2,)),
        small_world(interests={"music": SampleInterest(0.9, 0.6)}, answer_counts={2: AnswerCounts(3, 8)}, scope=(2,)),
        small_world(
            interests={"art": SampleInterest(0.9, 0.6)},
            scope=(2,),
            history=(MaterialAttempt(90, 2, NOW - 9, 1.0, "music"),),
        ),
        small_world(
            beliefs={1: belief(1, 0.9), 2: belief(2, 0.0, responses=0, evidence=0.0, last_at=None)}, scope=(2,)
        ),
    ]
    for world in worlds:
        slot = world.choose().filled_slots[0]
        both = f"{slot.because_gap} {slot.because_interest}".replace(UNLIKE, title)
        assert reading_grade(both) <= 8.0, (both, reading_grade(both))


def test_the_reading_grade_of_a_worked_example() -> None:
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
        ("special", 2),
        ("equal", 2),
        ("numbers", 2),
        ("question", 2),
        ("precious", 2),
    ],
)
def test_syllables_are_groups_of_vowels(word: str, count: int) -> None:
    assert syllables(word) == count


def test_what_the_class_works_on_is_said_where_there_are_no_due_dates() -> None:
    world = small_world(answer_counts={2: AnswerCounts(1, 4)}, scope=(2,))
    answers = f"This fits a likely gap in {UNLIKE}: 1 of the last 4 marked answers was right."
    assert world.scope is not None
    opened = world.but(scope=replace(world.scope, opened={2: NOW - 3 * DAY}))
    assert gap(opened) == f"{answers} The class works on it now."
    assert "unit" in opened.choose().filled_slots[0].reasons
    long_ago = world.but(scope=replace(world.scope, opened={2: NOW - 15 * DAY}))
    assert gap(long_ago) == answers


def test_the_day_by_which_a_skill_itself_is_due_is_said_in_the_week_before() -> None:
    world = small_world(answer_counts={2: AnswerCounts(1, 4)}, scope=(2,))
    assert world.scope is not None
    for days, words in ((3, "It is due on"), (-3, "It was due on"), (30, "")):
        dated = world.but(scope=replace(world.scope, due={2: NOW + days * DAY}))
        assert words in gap(dated)
        assert words or gap(dated).endswith("was right.")


@pytest.mark.parametrize(
    ("sentence", "world"),
    [
        (
            f"It is not clear yet how well {UNLIKE} goes (mastery 0.75, goal 0.80): {ONE_OF.format(3)}",
            unsure(AnswerCounts(1, 3)),
        ),
        (
            f"{UNLIKE.capitalize()} looks secure {BY_OTHER}: {ONE_OF.format(4)}",
            small_world(
                beliefs={1: belief(1, 0.9), 2: belief(2, 2.6)},
                made=materials(2, first=20, contexts=(None,), difficulty=1.5),
                answer_counts={2: AnswerCounts(1, 4)},
                scope=(2,),
            ),
        ),
    ],
)
def test_wrong_answers_are_never_called_nearly_there_or_going_well(sentence: str, world: World) -> None:
    assert gap(world) == sentence
