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
    student_title: str = ""
    """The title in a student's own words, also as part of a sentence; "" is none."""


@dataclass(frozen=True, slots=True)
class Prerequisite:
    """`skill` requires `requires`; a strong prerequisite gates, a weak one advises."""

    skill: str
    requires: str
    strength: str


def read_skills(path: Path = HERE / "skills.csv") -> dict[str, Skill]:
    """Return all skills by their code."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        row["skill"]: Skill(
            row["skill"], row["title"], int(row["grade"]), row["strand"], float(row["weight"]), row["student_title"]
        )
        for row in rows
    }


def read_prerequisites(path: Path = HERE / "prerequisites.csv", *, among: Collection[str]) -> list[Prerequisite]:
    """Return the prerequisites whose two ends are both in `among`."""
    return [need for need in _arrows(path) if need.skill in among and need.requires in among]


def bridged_prerequisites(path: Path = HERE / "prerequisites.csv", *, among: Collection[str]) -> list[Prerequisite]:
    """Return the prerequisites among `among`, also those that lead there by way of skills that are not.

    An arrow over a skill that is left out is weak: what it stood on still advises, but nothing taught here gates.
    """
    before: dict[str, list[str]] = {}
    arrows = _arrows(path)
    for arrow in arrows:
        before.setdefault(arrow.skill, []).append(arrow.requires)
    direct = {(n.skill, n.requires): n for n in arrows if n.skill in among and n.requires in among}
    for skill in sorted(among):
        for required in sorted(_behind(skill, before, among)):
            direct.setdefault((skill, required), Prerequisite(skill, required, "weak"))
    return [direct[key] for key in sorted(direct)]


def _behind(skill: str, before: dict[str, list[str]], among: Collection[str]) -> set[str]:
    """Return the nearest skills of `among` that come before `skill` over skills that are left out."""
    found: set[str] = set()
    for required in before.get(skill, []):
        if required not in among:
            for further in (n for n in before.get(required, []) if n in among):
                found.add(further)
            found |= _behind(required, before, among)
    return found


def _arrows(path: Path) -> list[Prerequisite]:
    with path.open(encoding="utf-8", newline="") as file:
        return [Prerequisite(row["skill"], row["needs"], row["strength"]) for row in csv.DictReader(file)]
