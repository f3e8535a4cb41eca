"""What is simulated: which policies in which worlds, with how many classes, students and days."""

from __future__ import annotations

from dataclasses import dataclass

from learning.simulation.baselines import BASELINES
from learning.simulation.run import Size
from learning.simulation.worlds import WORLDS, World

OURS = ("own", "own_skill_only")
"""Simulated in every world."""
MATTERS = "matters"
ONLY_WHERE_IT_MATTERS = ("own_weakened", "oracle", "own_four")
"""Simulated, like the baselines, only in the world that their gates are about."""


@dataclass(frozen=True, slots=True)
class Task:
    """One policy with one class in one world."""

    policy: str
    world: World
    seed: int
    size: Size


@dataclass(frozen=True, slots=True)
class Plan:
    """All tasks of a run."""

    name: str
    seeds: int
    size: Size
    worlds: tuple[str, ...]

    def tasks(self) -> list[Task]:
        """Return the tasks, class by class: of a run that is cut short, every class that it has reached is whole."""
        found = []
        for world in WORLDS:
            if world.name not in self.worlds:
                continue
            policies = list(OURS)
            if world.name == MATTERS:
                policies += (*ONLY_WHERE_IT_MATTERS, *BASELINES)
            found += [Task(policy, world, seed, self.size) for seed in range(self.seeds) for policy in policies]
        return sorted(found, key=lambda task: (task.seed, task.policy in BASELINES))


QUICK = Plan(
    "quick",
    4,
    Size(students=12, days=40),
    (MATTERS, "null", "distracts", "slow", "slow_plain"),
)
FULL = Plan("full", 30, Size(students=200, days=60), tuple(w.name for w in WORLDS))
