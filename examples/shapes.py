"""The shapes of tasks, read from `shapes/*.toml`: one quantity relation in eight contexts and once neutrally."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from examples.relations import RELATIONS, Quantities
from examples.wording import Dress, read_dress

HERE = Path(__file__).parent
CONTEXTS = ("sports", "animals", "music", "building", "space", "food", "games", "art")
_KEYS = {"relation", "neutral", "options", "neutral-options", "answer", "min", "max", "whole-only"}


class ShapeError(ValueError):
    """A shape has no neutral form, an unknown relation, or a key that nobody reads."""

    def __init__(self, shape: str, why: str) -> None:
        super().__init__(f"shape {shape}: {why}")
        self.shape = shape
        self.why = why


@dataclass(frozen=True, slots=True)
class Shape:
    """One quantity relation with its texts."""

    name: str
    relation: str
    neutral: Dress
    dresses: Mapping[str, Dress]
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


def read_shapes(folder: Path = HERE / "shapes") -> dict[str, Shape]:
    """Return all shapes by name.

    Raises:
        ShapeError: a shape is not complete, or named twice.
    """
    found: dict[str, Shape] = {}
    for path in sorted(folder.glob("*.toml")):
        for name, table in tomllib.loads(path.read_text(encoding="utf-8")).items():
            if name in found:
                raise ShapeError(name, "named twice")
            found[name] = _read_shape(name, table)
    return found


def _read_shape(name: str, table: dict[str, Any]) -> Shape:
    if unknown := set(table) - _KEYS - set(CONTEXTS):
        raise ShapeError(name, f"unknown keys {sorted(unknown)}")
    if table.get("relation") not in RELATIONS:
        raise ShapeError(name, f"unknown relation {table.get('relation')!r}")
    if "neutral" not in table:
        raise ShapeError(name, "no neutral form")
    return Shape(
        name=name,
        relation=table["relation"],
        neutral=read_dress(table["neutral"]),
        dresses={context: read_dress(table[context]) for context in CONTEXTS if context in table},
        options=tuple(table.get("options", ())),
        neutral_options=tuple(table.get("neutral-options", table.get("options", ()))),
        form=table.get("answer", ""),
        low=table.get("min"),
        high=table.get("max"),
        whole_only=frozenset(table.get("whole-only", ())),
    )
