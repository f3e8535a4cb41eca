"""Plans: which policies run in which scenarios, with how many classes, students and days."""

from __future__ import annotations

from dataclasses import dataclass

from learning.simulation.baselines import BASELINES
from learning.simulation.run import Size
from learning.simulation.scenarios import SCENARIOS, Scenario

IN_EVERY_SCENARIO = ("own", "own_skill_only")
"""Policies that run in every scenario."""
MATTERS = "matters"
IN_MATTERS_ONLY = ("own_weakened", "oracle", "own_four")
"""Policies that run, like the baselines, only in the scenario that their criteria are about."""


@dataclass(frozen=True, slots=True)
class Task:
    """One policy with one class in one scenario."""

    policy: str
    scenario: Scenario
    seed: int
    size: Size


@dataclass(frozen=True, slots=True)
class Plan:
    """All tasks of a run."""

    name: str
    seeds: int
    size: Size
    scenarios: tuple[str, ...]

    def tasks(self) -> list[Task]:
        """Return the tasks class by class, so that an interrupted run has complete classes."""
        tasks = []
        for scenario in SCENARIOS:
            if scenario.name not in self.scenarios:
                continue
            policies = list(IN_EVERY_SCENARIO)
            if scenario.name == MATTERS:
                policies += (*IN_MATTERS_ONLY, *BASELINES)
            tasks += [Task(policy, scenario, seed, self.size) for seed in range(self.seeds) for policy in policies]
        return sorted(tasks, key=lambda task: (task.seed, task.policy in BASELINES))


QUICK = Plan(
    "quick",
    4,
    Size(students=12, days=40),
    (MATTERS, "null", "distracts", "slow", "slow_plain"),
)
FULL = Plan("full", 30, Size(students=200, days=60), tuple(w.name for w in SCENARIOS))
