"""Materials from skills, shapes and a seed: each (skill, shape, difficulty) drawn once, written in every context."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from examples.curriculum import Skill
from examples.names import draw_names
from examples.numbers import Number, draw, fraction
from examples.reading import grade_level, words
from examples.relations import RELATIONS, Answer, Choice, Quantities, holds, like
from examples.shapes import HERE, Shape
from examples.wording import Dress, fill
from examples.words import draw_word

DIFFICULTIES = (-1.0, 0.0, 1.0)
"""Logits relative to the skill's own difficulty, as stated by the author of the numbers."""
TRIES = 20_000


class NoNumbersError(ValueError):
    """No numbers within the ranges of a skill's shape fulfil its conditions."""

    def __init__(self, skill: str, shape: str, level: int) -> None:
        super().__init__(f"no numbers for {skill} as {shape} at level {level}")
        self.skill = skill
        self.shape = shape
        self.level = level


@dataclass(frozen=True, slots=True)
class Task:
    """One material: a task as the student reads it, with what is known about it."""

    ref: str
    skill: str
    shape: str
    relation: str
    level: int
    """1, 2 or 3: the place of its difficulty in DIFFICULTIES, from 1."""
    context: str
    """The topic it is dressed in; "" is neutral."""
    depth: str
    title: str
    text: str
    answer: str
    reading_level: float
    minutes: int
    twin: str
    """The neutral task of equal numbers; "" for the neutral one itself."""
    quantities: Mapping[str, Number]

    @property
    def difficulty(self) -> float:
        """Logits relative to the skill."""
        return DIFFICULTIES[self.level - 1]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a skill is practised: by which shape, with which ranges and conditions at each of the three levels."""

    skill: str
    shape: str
    levels: tuple[Mapping[str, str], ...]
    conditions: tuple[tuple[str, ...], ...]


def read_plans(path: Path = HERE / "practice.toml") -> list[Plan]:
    """Return the plans of all skills, in the order of the file."""
    plans = []
    for skill, shapes in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for shape, rows in shapes.items():
            levels = tuple(_ranges(row) for row in rows)
            plans.append(Plan(skill, shape, levels, tuple(_conditions(row.get("where", ())) for row in rows)))
    return plans


def _ranges(row: Mapping[str, str]) -> dict[str, str]:
    """Return the ranges of a row; `d = "5x2..9"` stands for d1 to d5."""
    ranges: dict[str, str] = {}
    for name, spec in row.items():
        many = re.fullmatch(r"(\d)x(.+)", spec) if isinstance(spec, str) else None
        if many:
            ranges |= {f"{name}{n}": many[2] for n in range(1, int(many[1]) + 1)}
        elif name != "where":
            ranges[name] = spec
    return ranges


def _conditions(where: str | Iterable[str]) -> tuple[str, ...]:
    return (where,) if isinstance(where, str) else tuple(where)


def make_tasks(
    skills: Mapping[str, Skill], shapes: Mapping[str, Shape], plans: Iterable[Plan], *, seed: int
) -> list[Task]:
    """Return all tasks of the planned skills that are in `skills`.

    Raises:
        NoNumbersError: a plan cannot be fulfilled.
    """
    found: list[Task] = []
    for plan in plans:
        if plan.skill in skills:
            for level in range(1, len(plan.levels) + 1):
                found.extend(_make_set(skills[plan.skill], shapes[plan.shape], plan, level=level, seed=seed))
    return found


def reading_limit(grade: int) -> float:
    """Return the highest reading level of a grade's tasks: the grade itself, to its end.

    Below grade 2 tasks are read aloud, and held to the end of grade 1.
    """
    return max(grade, 1) + 0.9


def _make_set(skill: Skill, shape: Shape, plan: Plan, *, level: int, seed: int) -> Iterator[Task]:
    quantities, answer = draw_quantities(shape, plan, level=level, seed=seed)
    stem = f"{skill.ref}-{shape.name}-{level}"
    dressed = [("", shape.neutral, shape.neutral_options)]
    dressed += [(c, dress, shape.options) for c, dress in shape.dresses.items() if shape.sane(c, quantities)]
    for context, dress, options in dressed:
        ref = f"{stem}-{context or 'neutral'}"
        names = draw_names(random.Random(f"names:{seed}:{ref}"))
        text = fill(dress.template, quantities, names)
        reading = grade_level(text)
        if context and reading > reading_limit(skill.grade):
            continue
        yield Task(
            ref=ref,
            skill=skill.ref,
            shape=shape.name,
            relation=shape.relation,
            level=level,
            context=context,
            depth=_depth(context, dress),
            title=dress.title,
            text=text,
            answer=_show(answer, shape, quantities, tuple(fill(o, quantities, names) for o in options)),
            reading_level=reading,
            minutes=_minutes(skill.grade, level, text),
            twin=f"{stem}-neutral" if context else "",
            quantities=quantities,
        )


def draw_quantities(shape: Shape, plan: Plan, *, level: int, seed: int) -> tuple[dict[str, Number], Answer]:
    """Return numbers within the plan's ranges that fulfil its conditions, and the answer that follows from them.

    Raises:
        NoNumbersError: none were found in TRIES draws.
    """
    dice = random.Random(f"numbers:{seed}:{plan.skill}:{shape.name}:{level}")
    relation, ranges = RELATIONS[shape.relation], plan.levels[level - 1]
    for _ in range(TRIES):
        found = {name: _draw(dice, spec) for name, spec in ranges.items()}
        found |= relation.derive(found)
        if not relation.valid(found):
            continue
        answer = relation.answer(found)
        if not all(holds(condition, found, answer) for condition in plan.conditions[level - 1]):
            continue
        if not isinstance(answer, Fraction) or answer > 0 or "any-sign" in shape.form:
            return found, answer
    raise NoNumbersError(plan.skill, shape.name, level)


def _draw(dice: random.Random, spec: str) -> Number:
    kind, _, choices = spec.partition(":")
    return draw_word(dice, kind, choices) or draw(dice, spec)


def _depth(context: str, dress: Dress) -> str:
    if not context:
        return "neutral"
    return "structural" if dress.structural else "cosmetic"


def _show(answer: Answer, shape: Shape, quantities: Quantities, options: tuple[str, ...]) -> str:
    if isinstance(answer, Choice):
        return options[answer.index]
    if isinstance(answer, Number):
        return answer.shown
    if isinstance(answer, str):
        return answer
    if "fraction" in shape.form and answer.denominator > 1:
        return fraction(answer.numerator, answer.denominator).shown
    return like(answer, *quantities.values()).shown


def _minutes(grade: int, level: int, text: str) -> int:
    """Return the minutes a task takes: 3, 5 or 7 by difficulty, one more for a long text, one more from grade 6 on."""
    long = len(words(text)) > 40  # noqa: PLR2004 - about four lines of a schoolbook
    return 1 + 2 * level + int(long) + int(grade >= 6)  # noqa: PLR2004 - where tasks have more steps
