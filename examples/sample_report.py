"""Shows the catalogue to human eyes: `docs/samples.md`, and how long and how hard to read its tasks are."""

from __future__ import annotations

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from examples.answer_checker import agrees
from examples.catalogue import Task, make_tasks, reading_limit
from examples.curriculum import Skill, read_skills
from examples.generate import SEED
from examples.plans import read_plans
from examples.task_templates import CONTEXTS, read_task_templates
from learning.text.readability import words

ROOT = Path(__file__).parent.parent
SAMPLES = 40
GRADES = ("K", "1", "2", "3", "4", "5", "6", "7", "8")


def catalogue(seed: int = SEED) -> tuple[dict[str, Skill], list[Task]]:
    """Return all skills and all tasks."""
    skills = read_skills()
    return skills, make_tasks(skills, read_task_templates(), read_plans(), seed=seed)


def samples(skills: dict[str, Skill], tasks: Sequence[Task], *, seed: int = SEED, count: int = SAMPLES) -> str:
    """Return a page of tasks drawn by lot, easiest grade first, and one menu in full."""
    dice = random.Random(f"samples:{seed}")
    drawn = sorted(dice.sample(list(tasks), count), key=lambda task: (skills[task.skill].grade, task.skill, task.ref))
    menu = dice.choice([task for task in tasks if task.skill == "5.NF.A.2" and not task.context])
    lines = [
        "# Forty tasks of the example school",
        "",
        f"Drawn at random (seed {seed}) from {len(tasks):,} tasks, none left out. `python -m examples.sample_report`",
        "writes this page; the tests compare it with what the generator makes today. Every answer was found a second",
        "time by a solver that reads nothing but the text.",
        "",
        "| skill | context | logits | reads at | task | answer |",
        "|---|---|---|---|---|---|",
        *(_row(task) for task in drawn),
        "",
        f"## One menu: {skills[menu.skill].title}, {menu.difficulty:+.0f} logits",
        "",
        "The same numbers in every context; the first row is the neutral twin of all others.",
        "",
        "| context | depth | title | task | answer |",
        "|---|---|---|---|---|",
        *(_menu_row(task) for task in tasks if menu.ref in (task.twin, task.ref)),
        "",
    ]
    return "\n".join(lines)


def _row(task: Task) -> str:
    level = f"{task.reading_level:.1f}"
    return f"| {task.skill} | {_context(task)} | {task.difficulty:+.0f} | {level} | {task.text} | {task.answer} |"


def _menu_row(task: Task) -> str:
    return f"| {task.context or 'neutral'} | {task.depth} | {task.title} | {task.text} | {task.answer} |"


def _context(task: Task) -> str:
    return f"{task.context} ({task.depth})" if task.context else "neutral"


def figures(skills: dict[str, Skill], tasks: Sequence[Task]) -> str:
    """Return what is in the catalogue, as a page of tables."""
    wrong = sum(not agrees(task.relation, task.text, task.answer) for task in tasks)
    contexts = Counter(
        (skill, level) for skill, level, _ in {(t.skill, t.level, t.context) for t in tasks if t.context}
    )
    least, full = min(contexts.values()), sum(n == len(CONTEXTS) for n in contexts.values())
    depths = Counter(task.depth for task in tasks)
    lines = [
        "# The example catalogue in figures",
        "",
        "Made by `python -m examples.sample_report`; the picture is `example-texts.png`.",
        "",
        f"- {len(tasks):,} tasks on {len(skills)} skills in {len({task.template for task in tasks})} task templates",
        f"- answers that the solver finds otherwise: {wrong}",
        f"- structural {depths['structural']:,}, cosmetic {depths['cosmetic']:,}, neutral {depths['neutral']:,}",
        f"- contexts for a skill at a difficulty: at least {least}, all eight for {full} of {len(contexts)}",
        "",
        "| grade | tasks | reading level: median | highest | limit | words: median | highest |",
        "|---|---|---|---|---|---|---|",
    ]
    for grade, name in enumerate(GRADES):
        of_grade = [task for task in tasks if skills[task.skill].grade == grade]
        levels = sorted(task.reading_level for task in of_grade)
        lengths = sorted(len(words(task.text)) for task in of_grade)
        middle = len(of_grade) // 2
        row = [name, len(of_grade), levels[middle], levels[-1], reading_limit(grade), lengths[middle], lengths[-1]]
        lines.append("| " + " | ".join(str(cell) for cell in row) + " |")
    return "\n".join([*lines, ""])


def plot(skills: dict[str, Skill], tasks: Sequence[Task], path: Path) -> None:
    """Draw reading level and length of the tasks by grade."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(11, 4.2), layout="constrained")
    by_grade = [[task for task in tasks if skills[task.skill].grade == grade] for grade in range(len(GRADES))]
    _boxes(axes[0], [[task.reading_level for task in of_grade] for of_grade in by_grade], "Flesch-Kincaid grade")
    axes[0].step(
        [0.5, *(grade + 1.5 for grade in range(len(GRADES)))],
        [reading_limit(0), *(reading_limit(grade) for grade in range(len(GRADES)))],
        color="tab:red",
        label="highest allowed",
    )
    axes[0].legend(loc="upper left")
    _boxes(axes[1], [[len(words(task.text)) for task in of_grade] for of_grade in by_grade], "words in a task")
    figure.suptitle(f"{len(tasks):,} tasks of the example school, by the grade of their skill")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Without the software's name in it the same picture is the same bytes.
    figure.savefig(path, dpi=110, metadata={"Software": None})
    plt.close(figure)


def _boxes(axis: Any, values: Sequence[Sequence[float]], label: str) -> None:  # noqa: ANN401 - matplotlib has no types
    axis.violinplot(values, showmedians=True, widths=0.85)
    axis.set_xticks(range(1, len(GRADES) + 1), GRADES)
    axis.set_xlabel("grade")
    axis.set_ylabel(label)
    axis.grid(axis="y", alpha=0.3)


def main() -> None:
    """Write the page of samples, the figures and the picture."""
    parser = argparse.ArgumentParser(prog="python -m examples.sample_report", description=__doc__)
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="the folder of the documents")
    docs = parser.parse_args().docs
    skills, tasks = catalogue()
    (docs / "results").mkdir(parents=True, exist_ok=True)
    (docs / "samples.md").write_text(samples(skills, tasks), encoding="utf-8")
    (docs / "results" / "example-texts.md").write_text(figures(skills, tasks), encoding="utf-8")
    plot(skills, tasks, docs / "results" / "example-texts.png")
    print(f"{docs / 'samples.md'}, {docs / 'results' / 'example-texts.md'}, example-texts.png")


if __name__ == "__main__":
    main()
