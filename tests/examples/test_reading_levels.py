"""Every task of the example catalogue reads at its grade or below."""

from __future__ import annotations

from examples.catalogue import Task, reading_limit
from examples.curriculum import Skill
from learning.text.readability import grade_level


def test_every_task_reads_at_its_grade_or_below(skills: dict[str, Skill], tasks: list[Task]) -> None:
    for task in tasks:
        assert task.reading_level == grade_level(task.text)
        assert task.reading_level <= reading_limit(skills[task.skill].grade), task.text


def test_a_text_above_the_grade_would_be_caught(skills: dict[str, Skill], tasks: list[Task]) -> None:
    # A mutant: the same tasks with school-book padding no longer pass.
    padding = " Consider the aforementioned mathematical circumstances and subsequently determine the quantity."
    over = sum(grade_level(t.text + padding) > reading_limit(skills[t.skill].grade) for t in tasks[:200])
    assert over > 150
