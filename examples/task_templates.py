"""Task templates, read from `task_templates/*.toml`: one quantity relation in eight contexts and once neutrally."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from examples.relations import RELATIONS, Quantities
from examples.text_templates import ContextVariant, read_variant

HERE = Path(__file__).parent
CONTEXTS = ("sports", "animals", "music", "building", "space", "food", "games", "art")
_KEYS = {"relation", "neutral", "options", "neutral-options", "answer", "min", "max", "whole-only"}


class TaskTemplateError(ValueError):
    """A task template has no neutral form, an unknown relation, or an unknown key."""

    def __init__(self, template: str, why: str) -> None:
        super().__init__(f"task template {template}: {why}")
        self.template = template
        self.why = why


@dataclass(frozen=True, slots=True)
class TaskTemplate:
    """One quantity relation with its texts."""

    name: str
    relation: str
    neutral: ContextVariant
    variants: Mapping[str, ContextVariant]
    """By context."""
    options: tuple[str, ...] = ()
    """What is chosen from, as templates, where the answer is a choice."""
    neutral_options: tuple[str, ...] = ()
    form: str = ""
    """How the answer is written where the numbers do not say it: `fraction` is improper, not mixed."""
    low: Mapping[str, Mapping[str, float]] | None = None
    """Smallest sane quantities, by context."""
    high: Mapping[str, Mapping[str, float]] | None = None
    """Largest sane quantities, by context."""
    whole_only: frozenset[str] = frozenset()
    """Contexts whose things cannot be cut: no half goal, no 3.7 dogs."""

    def sane(self, context: str, quantities: Quantities) -> bool:
        """Return whether the numbers are believable in a context (a measure has no 40 beats)."""
        if context in self.whole_only and any(number.value.denominator != 1 for number in quantities.values()):
            return False
        low, high = (self.low or {}).get(context, {}), (self.high or {}).get(context, {})
        above = all(quantities[name].value >= Fraction(bound) for name, bound in low.items() if name in quantities)
        return above and all(
            quantities[name].value <= Fraction(bound) for name, bound in high.items() if name in quantities
        )


def read_task_templates(folder: Path = HERE / "task_templates") -> dict[str, TaskTemplate]:
    """Return all task templates by name.

    Raises:
        TaskTemplateError: a template is not complete, or defined twice.
    """
    found: dict[str, TaskTemplate] = {}
    for path in sorted(folder.glob("*.toml")):
        for name, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if name in found:
                raise TaskTemplateError(name, "defined twice")
            found[name] = _read_task_template(name, table)
    return found


def _read_task_template(name: str, table: dict[str, Any]) -> TaskTemplate:
    if unknown := set(table) - _KEYS - set(CONTEXTS):
        raise TaskTemplateError(name, f"unknown keys {sorted(unknown)}")
    if table.get("relation") not in RELATIONS:
        raise TaskTemplateError(name, f"unknown relation {table.get('relation')!r}")
    if "neutral" not in table:
        raise TaskTemplateError(name, "no neutral form")
    return TaskTemplate(
        name=name,
        relation=table["relation"],
        neutral=read_variant(table["neutral"]),
        variants={context: read_variant(table[context]) for context in CONTEXTS if context in table},
        options=tuple(table.get("options", ())),
        neutral_options=tuple(table.get("neutral-options", table.get("options", ()))),
        form=table.get("answer", ""),
        low=table.get("min"),
        high=table.get("max"),
        whole_only=frozenset(table.get("whole-only", ())),
    )
