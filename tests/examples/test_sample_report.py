"""The pages that show the catalogue are those of today's catalogue."""

from __future__ import annotations

from pathlib import Path

import pytest

from examples.catalogue import Task
from examples.curriculum import Skill
from examples.riverside_class import TAUGHT
from examples.sample_report import figures, plot, samples

DOCS = Path(__file__).parents[2] / "docs"


def test_the_samples_are_those_of_today(skills: dict[str, Skill], tasks: list[Task]) -> None:
    page = samples(skills, tasks)
    assert (DOCS / "samples.md").read_text(encoding="utf-8") == page, "run python -m examples.sample_report"
    assert page.count("\n| ") >= 40 + 9


def test_the_figures_are_those_of_today(skills: dict[str, Skill], tasks: list[Task]) -> None:
    page = figures(skills, tasks)
    assert (DOCS / "results" / "example-texts.md").read_text(encoding="utf-8") == page, (
        "run python -m examples.sample_report"
    )
    assert "answers that the solver finds otherwise: 0\n" in page


@pytest.mark.full
def test_the_picture_is_drawn(skills: dict[str, Skill], tasks: list[Task], tmp_path: Path) -> None:
    plot(skills, tasks, tmp_path / "texts.png")
    assert (tmp_path / "texts.png").read_bytes().startswith(b"\x89PNG")
    assert (DOCS / "results" / "example-texts.png").stat().st_size > 10_000


def test_the_readme_has_the_true_numbers(skills: dict[str, Skill], tasks: list[Task]) -> None:
    page = (DOCS.parent / "examples" / "README.md").read_text(encoding="utf-8")
    of_class = [task for task in tasks if task.skill in TAUGHT]
    assert f"{len(TAUGHT)} skills, {len(of_class)} materials" in page
    assert f"{len(skills)} skills, {len(tasks):,} materials" in page
    assert f"| {len({task.template for task in tasks})} task templates" in page
