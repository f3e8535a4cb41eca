"""How skills are practised, and the numbers that are drawn for it."""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from examples.number_words import draw_word
from examples.numbers import Number, draw
from examples.relations import RELATIONS, Answer, holds
from examples.task_templates import HERE, TaskTemplate

TRIES = 20_000


class NoNumbersError(ValueError):
    """No numbers within the ranges of a skill's task template fulfil its conditions."""

    def __init__(self, skill: str, template: str, level: int) -> None:
        super().__init__(f"no numbers for {skill} as {template} at level {level}")
        self.skill = skill
        self.template = template
        self.level = level


@dataclass(frozen=True, slots=True)
class Plan:
    """How a skill is practised: by which template, with which ranges and conditions at each of the three levels."""

    skill: str
    template: str
    levels: tuple[Mapping[str, str], ...]
    conditions: tuple[tuple[str, ...], ...]


def read_plans(path: Path = HERE / "practice.toml") -> list[Plan]:
    """Return the plans of all skills, in the order of the file."""
    plans = []
    for skill, templates in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for template, rows in templates.items():
            levels = tuple(_ranges(row) for row in rows)
            plans.append(Plan(skill, template, levels, tuple(_conditions(row.get("where", ())) for row in rows)))
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


def draw_quantities(
    template: TaskTemplate, plan: Plan, *, level: int, seed: int, stream: str = "numbers"
) -> tuple[dict[str, Number], Answer]:
    """Return numbers within the plan's ranges that fulfil its conditions, and the answer that follows from them.

    Another `stream` gives other numbers of the same kind.

    Raises:
        NoNumbersError: none were found in TRIES draws.
    """
    dice = random.Random(f"{stream}:{seed}:{plan.skill}:{template.name}:{level}")
    relation, ranges = RELATIONS[template.relation], plan.levels[level - 1]
    for _ in range(TRIES):
        found = {name: _draw(dice, spec) for name, spec in ranges.items()}
        found |= relation.derive(found)
        if not relation.valid(found):
            continue
        answer = relation.answer(found)
        if not all(holds(condition, found, answer) for condition in plan.conditions[level - 1]):
            continue
        if not isinstance(answer, Fraction) or answer > 0 or "any-sign" in template.form:
            return found, answer
    raise NoNumbersError(plan.skill, template.name, level)


def _draw(dice: random.Random, spec: str) -> Number:
    kind, _, choices = spec.partition(":")
    return draw_word(dice, kind, choices) or draw(dice, spec)
