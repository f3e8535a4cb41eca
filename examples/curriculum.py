"""The skills and what each needs: codes and arrows are facts, titles and weights our own."""

from __future__ import annotations

import csv
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Skill:
    """One skill; the title reads as part of a sentence."""

    ref: str
    title: str
    grade: int
    """0 is kindergarten."""
    strand: str
    weight: float
    """How much the curriculum asks for it; 1 is usual."""


@dataclass(frozen=True, slots=True)
class Need:
    """`skill` needs `needs`; a strong need gates, a weak one advises."""

    skill: str
    needs: str
    strength: str


def read_skills(path: Path = HERE / "skills.csv") -> dict[str, Skill]:
    """Return all skills by their code."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["skill"]: Skill(row["skill"], row["title"], int(row["grade"]), row["strand"], float(row["weight"]))
        for row in rows
    }


def read_needs(path: Path = HERE / "prerequisites.csv", *, among: Collection[str]) -> list[Need]:
    """Return the prerequisites whose two ends are both in `among`."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    needs = [Need(row["skill"], row["needs"], row["strength"]) for row in rows]
    return [need for need in needs if need.skill in among and need.needs in among]
