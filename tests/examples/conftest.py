"""The whole catalogue, made once for all tests of the examples."""

from __future__ import annotations

import pytest

from examples.catalogue import Task
from examples.curriculum import Skill
from examples.sample_report import catalogue


@pytest.fixture(scope="session")
def made() -> tuple[dict[str, Skill], list[Task]]:
    return catalogue()


@pytest.fixture(scope="session")
def skills(made: tuple[dict[str, Skill], list[Task]]) -> dict[str, Skill]:
    return made[0]


@pytest.fixture(scope="session")
def tasks(made: tuple[dict[str, Skill], list[Task]]) -> list[Task]:
    return made[1]
