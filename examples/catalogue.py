"""Materials from skills, templates and a seed: each (skill, template, difficulty) drawn once, in every context."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from examples.curriculum import Skill
from examples.names import draw_names
from examples.numbers import Number, fraction
from examples.plans import Plan, draw_quantities
from examples.relations import Answer, Choice, Quantities, like
from examples.task_templates import TaskTemplate
from examples.text_templates import ContextVariant, fill
from learning.text.readability import grade_level, words

DIFFICULTIES: Mapping[int, float] = MappingProxyType({0: -2.0, 1: -1.0, 2: 0.0, 3: 1.0})
"""By level, logits relative to the skill's own difficulty, as stated by the author of the numbers.

Levels 1 to 3 are plain tasks; level 0 is an easy task under a worked example of its kind.
"""
MINUTES: Mapping[int, int] = MappingProxyType({0: 4, 1: 3, 2: 5, 3: 7})
ATTEMPTS = 40


@dataclass(frozen=True, slots=True)
class Task:
    """One material: a task as the student reads it, with what is known about it."""

    ref: str
    skill: str
    template: str
    relation: str
    level: int
    """The key of its difficulty in DIFFICULTIES, 0 to 3."""
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
        return DIFFICULTIES[self.level]


def make_tasks(
    skills: Mapping[str, Skill], templates: Mapping[str, TaskTemplate], plans: Iterable[Plan], *, seed: int
) -> list[Task]:
    """Return all tasks of the planned skills that are in `skills`.

    Raises:
        NoNumbersError: a plan cannot be fulfilled.
    """
    found: list[Task] = []
    supported: set[str] = set()
    for plan in (plan for plan in plans if plan.skill in skills):
        skill, template = skills[plan.skill], templates[plan.template]
        if plan.skill not in supported and (example := _worked_example(template, plan, seed=seed)):
            supported.add(plan.skill)
            found.extend(_make_set(skill, template, plan, level=0, seed=seed, before=example))
        for level in range(1, len(plan.levels) + 1):
            found.extend(_make_set(skill, template, plan, level=level, seed=seed))
    return found


def reading_limit(grade: int) -> float:
    """Return the highest reading level of a grade's tasks: the grade itself, to its end.

    Below grade 2 tasks are read aloud, and held to the end of grade 1.
    """
    return max(grade, 1) + 0.9


def _worked_example(template: TaskTemplate, plan: Plan, *, seed: int) -> str:
    """Return an easy neutral task with its answer, other than the one that it stands above; "" where there is none."""
    task, found = _supported(template, plan, seed=seed)
    for attempt in range(ATTEMPTS):
        quantities, answer = draw_quantities(template, plan, level=1, seed=seed, stream=f"example {attempt}")
        if quantities != task and (answer != found or isinstance(answer, Choice)):
            names = draw_names(random.Random(f"example:{seed}:{plan.skill}:{plan.template}"))
            options = tuple(fill(option, quantities, names) for option in template.neutral_options)
            shown = _show(answer, template, quantities, options)
            text = fill(template.neutral.text, quantities, names)
            return f"Here is an example. {text} The answer is {shown}. Now it is your turn. "
    return ""


def _supported(template: TaskTemplate, plan: Plan, *, seed: int) -> tuple[dict[str, Number], Answer]:
    return draw_quantities(template, plan, level=1, seed=seed, stream="supported")


def _make_set(
    skill: Skill, template: TaskTemplate, plan: Plan, *, level: int, seed: int, before: str = ""
) -> Iterator[Task]:
    """Yield one task in every context whose numbers are sane and whose text is not too hard to read."""
    if level:
        quantities, answer = draw_quantities(template, plan, level=level, seed=seed)
    else:
        quantities, answer = _supported(template, plan, seed=seed)
    stem = f"{skill.ref}-{template.name}-{level}"
    variants = [("", template.neutral, template.neutral_options)]
    variants += [
        (c, variant, template.options) for c, variant in template.variants.items() if template.sane(c, quantities)
    ]
    for context, variant, options in variants:
        ref = f"{stem}-{context or 'neutral'}"
        names = draw_names(random.Random(f"names:{seed}:{ref}"))
        text = before + fill(variant.text, quantities, names)
        reading = grade_level(text)
        if context and reading > reading_limit(skill.grade):
            continue
        yield Task(
            ref=ref,
            skill=skill.ref,
            template=template.name,
            relation=template.relation,
            level=level,
            context=context,
            depth=_depth(context, variant),
            title=variant.title if level else f"{variant.title}, with an example",
            text=text,
            answer=_show(answer, template, quantities, tuple(fill(o, quantities, names) for o in options)),
            reading_level=reading,
            minutes=_minutes(skill.grade, level, text),
            twin=f"{stem}-neutral" if context else "",
            quantities=quantities,
        )


def _depth(context: str, variant: ContextVariant) -> str:
    if not context:
        return "neutral"
    return "structural" if variant.structural else "cosmetic"


def _show(answer: Answer, template: TaskTemplate, quantities: Quantities, options: tuple[str, ...]) -> str:
    if isinstance(answer, Choice):
        return options[answer.index]
    if isinstance(answer, Number):
        return answer.shown
    if isinstance(answer, str):
        return answer
    if "fraction" in template.form and answer.denominator > 1:
        return fraction(answer.numerator, answer.denominator).shown
    return like(answer, *quantities.values()).shown


def _minutes(grade: int, level: int, text: str) -> int:
    """Return the minutes a task takes: by difficulty, one more for a long text, one more from grade 6 on."""
    long = len(words(text)) > 40  # noqa: PLR2004 - about four lines of a schoolbook
    return MINUTES[level] + int(long and level > 0) + int(grade >= 6)  # noqa: PLR2004 - where tasks have more steps
