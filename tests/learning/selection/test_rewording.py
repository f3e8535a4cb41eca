"""Sentences are reworded when what they say has changed, and a list says nothing twice."""

import pytest

from learning.selection.rewording import another_task, another_theme, says_the_same

GAP = "This fits a likely gap in sharing: 1 of the last 4 marked answers was right."


@pytest.mark.parametrize(
    ("before", "now", "same"),
    [
        (GAP, GAP, True),
        (GAP, GAP.replace("1 of the last 4", "2 of the last 5"), False),
        (GAP, GAP.replace("a likely gap in sharing", "a likely gap in adding"), False),
        (GAP, GAP + " Dividing rests on it.", False),
        (
            GAP,
            "A second task on this skill: this fits a likely gap in sharing: 1 of the last 4 marked answers was right.",
            True,
        ),
        (
            "It is time to look at sharing again: last practised 45 days ago.",
            "It is time to look at sharing again: last practised 46 days ago.",
            True,
        ),
        (
            "It is time to look at sharing again.",
            "It is time to look at sharing again: last practised 7 days ago.",
            True,
        ),
        ("It is about music, which is well liked.", "It is about music too, which is well liked.", True),
        ("It is about music, which is well liked.", "It is about art, which is well liked.", False),
        ("It is about music, to find out if that is liked.", "It is about music, which is well liked.", False),
    ],
)
def test_only_what_is_said_counts(before: str, now: str, same: bool) -> None:  # noqa: FBT001 - a parameter
    assert says_the_same(before, now) is same


def test_each_further_task_on_a_skill_begins_otherwise() -> None:
    used: set[str] = set()
    for _ in range(11):
        used.add(another_task(GAP, used))
    assert len(used) == 11
    assert (
        "A second task on this skill: this fits a likely gap in sharing: 1 of the last 4 marked answers was right."
        in used
    )
    assert all(says_the_same(GAP, each) for each in used)


@pytest.mark.parametrize(
    "sentence",
    [
        "It is about music, which is well liked.",
        "It is about music by chance, as here only the skill decides.",
        "It has no theme, as it is not clear yet what is liked.",
        "It is about music.",
    ],
)
def test_each_further_theme_is_said_otherwise(sentence: str) -> None:
    used: set[str] = set()
    for _ in range(4):
        used.add(another_theme(sentence, used))
    assert len(used) == 4
    assert all(says_the_same(sentence, each) for each in used)


def test_other_sentences_stay_as_they_are() -> None:
    teacher = "The teacher chose this very task, so its theme was not a question."
    assert another_theme(teacher, {teacher}) == teacher
    assert another_task("", {""}) == ""
