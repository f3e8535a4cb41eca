"""The catalogue as a whole: enough of everything, and the same again from the same seed."""

from __future__ import annotations

import csv
import gzip
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from examples.answer_checker import agrees
from examples.catalogue import Task, make_tasks
from examples.curriculum import HERE, Skill, bridged_prerequisites, read_prerequisites, read_skills
from examples.plans import NoNumbersError, Plan, draw_quantities, read_plans
from examples.sample_report import catalogue
from examples.task_templates import CONTEXTS, TaskTemplateError, read_task_templates
from tests.parameters import first_of

EDGES = Path(__file__).parents[1] / "samples" / "ccss_math_edges_2015.csv.gz"


def test_there_are_two_hundred_skills_and_five_thousand_materials(skills: dict[str, Skill], tasks: list[Task]) -> None:
    assert len(skills) >= 200
    assert len(tasks) >= 5_000
    assert {task.skill for task in tasks} == set(skills)


def test_every_skill_has_two_templates_four_difficulties_and_five_contexts_at_each(tasks: list[Task]) -> None:
    templates = Counter(skill for skill, _ in {(t.skill, t.template) for t in tasks})
    contexts = Counter((s, level) for s, level, _ in {(t.skill, t.level, t.context) for t in tasks if t.context})
    assert min(templates.values()) >= 2
    # Three plain difficulties for each; a worked example needs a second set of easy numbers, which 2 skills have not.
    assert Counter(level for _, level in contexts) == {0: len(templates) - 2, 1: 220, 2: 220, 3: 220}
    assert min(count for (_, level), count in contexts.items() if level) >= 5
    assert min(contexts.values()) >= 3
    # A menu never runs dry: all eight contexts at seven of eight skills and difficulties.
    assert sum(n == len(CONTEXTS) for n in contexts.values()) >= 7 / 8 * len(contexts)


def test_a_neutral_twin_has_equal_numbers(tasks: list[Task]) -> None:
    by_ref = {task.ref: task for task in tasks}
    for task in tasks:
        if task.context:
            twin = by_ref[task.twin]
            assert not twin.context
            assert twin.depth == "neutral"
            assert (twin.skill, twin.level, twin.quantities) == (task.skill, task.level, task.quantities)
        else:
            assert task.twin == ""


def test_refs_are_unique_and_texts_are_not_repeated_within_a_context(tasks: list[Task]) -> None:
    assert len({task.ref for task in tasks}) == len(tasks)


def test_the_numbers_grow_with_the_difficulty(tasks: list[Task]) -> None:
    # Where an answer is a whole number, hard tasks have larger ones than easy ones in nine of ten templates.
    plain = [t for t in tasks if not t.context and t.answer.isdigit() and t.relation in ("sum", "product")]
    easy = {(t.skill, t.template): int(t.answer) for t in plain if t.level == 1}
    hard = {(t.skill, t.template): int(t.answer) for t in plain if t.level == 3}
    both = easy.keys() & hard.keys()
    assert sum(hard[key] > easy[key] for key in both) >= 0.9 * len(both)


def test_the_same_seed_makes_the_same_tasks(tasks: list[Task]) -> None:
    assert catalogue()[1] == tasks


@pytest.mark.parametrize("seed", first_of([1, 2, 3]))
def test_another_seed_makes_other_tasks_that_are_as_right(seed: int, tasks: list[Task]) -> None:
    others = catalogue(seed)[1]
    assert sum(a.text == b.text for a, b in zip(tasks, others, strict=False)) < len(tasks) / 4
    assert [task.ref for task in others if not agrees(task.relation, task.text, task.answer)] == []


def test_numbers_are_believable_in_their_context(tasks: list[Task]) -> None:
    templates = read_task_templates()
    assert all(templates[t.template].sane(t.context, t.quantities) for t in tasks if t.context)
    # A runner at 400 km/h, a measure of 40 beats and half a goal are not.
    speedy = next(t for t in tasks if t.template == "rate-time" and t.context == "sports")
    fast = {**speedy.quantities, "r": replace(speedy.quantities["r"], value=speedy.quantities["r"].value * 40)}
    assert not templates["rate-time"].sane("sports", fast)
    assert not templates["spread"].sane(
        "sports", {"d1": next(n for t in tasks for n in t.quantities.values() if "/" in n.shown)}
    )


def test_ranges_that_cannot_be_met_are_named() -> None:
    plan = Plan("1.OA.A.1", "join", ({"a": "2..3", "b": "2..3"},), (("answer>100",),))
    with pytest.raises(NoNumbersError) as caught:
        draw_quantities(read_task_templates()["join"], plan, level=1, seed=1)
    assert (caught.value.skill, caught.value.template, caught.value.level) == ("1.OA.A.1", "join", 1)


@pytest.mark.parametrize(
    "text",
    [
        '[a]\nrelation = "sum"\n',
        '[a]\nrelation = "no-such"\nneutral = "T | x"\n',
        '[a]\nrelation = "sum"\nneutral = "T | x"\nsport = "T | x"\n',
    ],
)
def test_a_broken_template_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "broken.toml").write_text(text, encoding="utf-8")
    with pytest.raises(TaskTemplateError):
        read_task_templates(tmp_path)


def test_every_planned_skill_and_template_is_known() -> None:
    templates, skills = read_task_templates(), read_skills()
    plans = read_plans()
    assert {plan.skill for plan in plans} == set(skills)
    assert {plan.template for plan in plans} == set(templates)
    assert all(len(plan.levels) == 3 for plan in plans)


def test_without_a_skill_its_tasks_are_not_made(skills: dict[str, Skill]) -> None:
    few = {"5.NF.A.1": skills["5.NF.A.1"]}
    assert {task.skill for task in make_tasks(few, read_task_templates(), read_plans(), seed=1)} == set(few)


def test_codes_and_arrows_are_those_of_the_published_graph(skills: dict[str, Skill]) -> None:
    with gzip.open(EDGES, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    codes = {row[end] for row in rows for end in ("from", "to")}
    arrows = {(row["to"], row["from"]) for row in rows if row["type"] == "Arrow"}
    with (HERE / "left_out.csv").open(encoding="utf-8", newline="") as file:
        left_out = {row["skill"] for row in csv.DictReader(file)}
    ours = {(n.skill, n.requires) for n in read_prerequisites(among=codes)}
    assert set(skills) | left_out == codes
    assert not set(skills) & left_out
    assert ours == arrows


def test_what_a_left_out_skill_stood_on_still_advises(skills: dict[str, Skill]) -> None:
    # 4.G.A.2 <- 4.G.A.1 <- 3.G.A.1 <- 2.G.A.1: all three on the right of 2.G.A.1 are left out, so nothing hangs there;
    # 3.MD.C.5 needs 1.G.A.2 (left out), which needs K.G.B.6 (left out), which needs K.G.A.2.
    prerequisites = {(n.skill, n.requires): n.strength for n in bridged_prerequisites(among=skills)}
    assert prerequisites["3.MD.C.5", "K.G.A.2"] == "weak"
    assert prerequisites["5.NF.A.2", "5.NF.A.1"] == "strong"


def test_prerequisites_have_no_circle(skills: dict[str, Skill]) -> None:
    prerequisites = bridged_prerequisites(among=skills)
    left = set(skills)
    while left:
        ready = {s for s in left if not any(n.skill == s and n.requires in left for n in prerequisites)}
        assert ready
        left -= ready


def test_a_worked_example_is_of_the_same_kind_and_gives_nothing_away(tasks: list[Task]) -> None:
    supported = [task for task in tasks if task.level == 0]
    pattern = re.compile(r"Here is an example\. (.+) The answer is (.+?)\. Now it is your turn\. (.+)")
    given_away = 0
    for task in supported:
        found = pattern.fullmatch(task.text)
        assert found, task.text
        assert agrees(task.relation, found[1], found[2])
        assert found[1] != found[3]
        given_away += found[2] == task.answer
    # Of two or three words to choose from, the same one is right now and then; a number never is.
    assert given_away < 0.06 * len(supported)


def test_a_wrong_example_is_caught(tasks: list[Task]) -> None:
    # The mutant: an example whose answer is one too large condemns the whole task.
    pattern = re.compile(r"The answer is (\d+)\. Now")
    spoilt = [(t, pattern.sub(lambda m: f"The answer is {int(m[1]) + 1}. Now", t.text)) for t in tasks if t.level == 0]
    changed = [(task, text) for task, text in spoilt if text != task.text]
    assert len(changed) > 1000
    assert [task.ref for task, text in changed if agrees(task.relation, text, task.answer)] == []
